"""Signed webhooks, by Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks.

``webhook-id`` is the id of the delivery and the body is the message: both are the same on every retry, so that a
receiver that remembers the id receives once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import Webhook

from alerts import channels, text
from alerts.adapters import http
from alerts.model import Delivery, Receipt

TIMEOUT = timedelta(seconds=30)

_KEY = re.compile("(?:whsec_)?[A-Za-z0-9+/]{22,}={0,2}")
_REASONS = {410: "410 gone: the receiver wants no more of this"}


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """A receiver of signed webhooks.  ``allow_hosts`` are those that may have an address that is not public.

    ``secret`` is ``whsec_`` and base64; while it is being changed it may be two, new and old, with a blank between.
    Raises ``ValueError`` if it is not.
    """

    url: str = field(repr=False)
    secret: str = field(repr=False)
    timeout: timedelta = TIMEOUT
    allow_hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _keys(self.secret)

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Make one attempt.  Only 2xx is success; a redirect is not followed, for it would take our signature along."""
        headers, body = to_request(delivery, self.secret, now)
        allowed = self.allow_hosts
        posted = http.post(self.url, headers=headers, body=body, timeout=self.timeout, now=now, allow_hosts=allowed)
        wait = now + posted.retry_after if posted.retry_after else None
        reason = text.cut(_reason(posted.status, posted.reason).replace(self.url, "(url)"), 200)
        outcome, blame = channels.meaning(posted.status, barred=posted.barred)
        return Receipt(delivery.id, attempt, outcome, reason, now, wait, blame)


def to_request(delivery: Delivery, secret: str, now: datetime) -> tuple[dict[str, str], bytes]:
    """Make the headers and the body of the POST, signed with every key at the time ``now``."""
    moment = now.astimezone(UTC)
    signed = [key.sign(delivery.id, moment, delivery.message.body) for key in _keys(secret)]
    headers = {
        "content-type": "application/json",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signed),
    }
    return headers, delivery.message.body.encode()


def _keys(secret: str) -> list[Webhook]:
    """Read the secret; the message of the error does not repeat it.

    The library drops what is not base64 and signs with the rest: a password would become a weak key.
    """
    keys = secret.split()
    if not keys or not all(map(_KEY.fullmatch, keys)):
        raise ValueError('the secret of a webhook must be "whsec_" and a key of 16 bytes or more in base64')
    return [Webhook(key) for key in keys]


def _reason(status: int, words: str) -> str:
    """Put the answer into words."""
    if 300 <= status < 400:
        return f"{status}: redirects are not followed; put the new address into the setting"
    return _REASONS.get(status) or f"{status or ''} {text.one_line(words)}".strip()
