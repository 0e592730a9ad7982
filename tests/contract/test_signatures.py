"""Standard Webhooks by the letter: our calls are believed by two receivers, and every forgery of one by neither.

One receiver is the library; the other is what the specification says, written down here once more.
"""

import base64
import hashlib
import hmac
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import time

import pytest
from standardwebhooks.webhooks import Webhook

from alerts import deliveries, render
from alerts.adapters import webhook
from alerts.adapters.webhook import WebhookChannel
from alerts.model import Message
from tests import newsroom

VECTORS = Path(__file__).parents[3] / "shared/data/webhooks_standard.tar.gz"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_" + base64.b64encode(b"the key that comes after it").decode()
FAR = 360
"""Seconds by which a call is too old, or too new."""

Headers = Mapping[str, str]


def call(secret: str = SECRET, *, late: int = 0) -> tuple[dict[str, str], bytes]:
    """What goes out for an alert now, which is what the library holds it against, or so many seconds ago."""
    at = datetime.fromtimestamp(int(time()) - late, tz=UTC)
    alert = newsroom.alert("webhook")
    news = newsroom.NIGHT[2]
    made = deliveries.for_alert(alert, news, render.alert(alert), at)[0]
    return webhook.to_request(made, secret, at)


def by_the_library(headers: Headers, body: bytes, secret: str = SECRET) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers))
    except Exception:  # noqa: BLE001 - it raises what it likes at what is malformed
        return False
    return True


def by_hand(headers: Headers, body: bytes, secret: str = SECRET, now: float = 0) -> bool:
    """The specification: three headers, five minutes either way, HMAC-SHA256 over id.timestamp.body, any one of v1."""
    try:
        id_, at, signed = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        if abs(int(at) - (now or time())) > 300:
            return False
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (KeyError, ValueError):
        return False
    right = base64.b64encode(hmac.new(key, f"{id_}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
    return bool(key) and any(hmac.compare_digest(f"v1,{right}", one) for one in signed.split())


RECEIVERS = [by_the_library, by_hand]


def changed(name: str, value: str | None) -> Headers:
    headers, _ = call()
    return {k: v for k, v in (headers | {name: value}).items() if v is not None}  # type: ignore[dict-item]


def right() -> str:
    return call()[0]["webhook-signature"]


FORGED: dict[str, Callable[[], tuple[Headers, str]]] = {
    "empty secret": lambda: (call()[0], ""),
    'secret "whsec_" only': lambda: (call()[0], "whsec_"),
    "missing webhook-id": lambda: (changed("webhook-id", None), SECRET),
    "missing webhook-timestamp": lambda: (changed("webhook-timestamp", None), SECRET),
    'webhook-timestamp "hello"': lambda: (changed("webhook-timestamp", "hello"), SECRET),
    "missing webhook-signature": lambda: (changed("webhook-signature", None), SECRET),
    "signature v1,...1OA= (last character changed)": lambda: (
        changed("webhook-signature", right()[:-2] + "A="),
        SECRET,
    ),
    'signature "v1," without value (partial)': lambda: (changed("webhook-signature", "v1,"), SECRET),
    "version v2,<right value>": lambda: (changed("webhook-signature", right().replace("v1", "v2")), SECRET),
    "timestamp older than 5 min": lambda: (call(late=FAR)[0], SECRET),
    "timestamp newer than 5 min": lambda: (call(late=-FAR)[0], SECRET),
}


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_what_we_send_is_believed(receiver: object) -> None:
    headers, body = call()
    assert receiver(headers, body)  # type: ignore[operator]
    assert receiver(headers, body, SECRET.removeprefix("whsec_"))  # type: ignore[operator]
    assert {name for name in headers if name.startswith("webhook-")} == {
        f"webhook-{n}" for n in ("id", "timestamp", "signature")
    }
    assert not receiver(headers, body + b" ")  # type: ignore[operator]


@pytest.mark.parametrize("case", FORGED)
@pytest.mark.parametrize("receiver", RECEIVERS)
def test_a_forgery_is_not_believed(receiver: object, case: str) -> None:
    headers, secret = FORGED[case]()
    assert not receiver(headers, call()[1], secret)  # type: ignore[operator]


def test_the_cases_are_those_of_the_libraries() -> None:
    if not VECTORS.exists():
        pytest.skip("the vectors are not here")
    with tarfile.open(VECTORS) as folder:
        file = folder.extractfile("webhooks_standard/vectors.json")
        assert file is not None
        data = json.load(file)
    assert list(FORGED) == data["negative"]
    vector = data["vector"]
    made = replace(
        deliveries.for_alert(
            newsroom.alert("webhook"),
            newsroom.NIGHT[2],
            Message("webhook", "", ""),
            datetime.fromtimestamp(vector["timestamp"], tz=UTC),
        )[0],
        id=vector["id"],
        message=Message("webhook", "", "", body=vector["payload"]),
    )
    headers, body = webhook.to_request(made, vector["secret"], datetime.fromtimestamp(vector["timestamp"], tz=UTC))
    assert headers["webhook-signature"] == vector["signature"]
    assert by_hand(headers, body, vector["secret"], now=vector["timestamp"])


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_while_the_key_changes_both_are_right_and_afterwards_the_old_one_is_not(receiver: object) -> None:
    both, body = call(f"{NEW} {SECRET}")
    assert receiver(both, body, NEW)  # type: ignore[operator]
    assert receiver(both, body, SECRET)  # type: ignore[operator]
    assert len(both["webhook-signature"].split()) == 2
    after, body = call(NEW)
    assert receiver(after, body, NEW)  # type: ignore[operator]
    assert not receiver(after, body, SECRET)  # type: ignore[operator]


@pytest.mark.parametrize("secret", ["", "whsec_"])
def test_no_channel_signs_with_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match="the secret of a webhook"):
        WebhookChannel("https://example.org/", secret)
