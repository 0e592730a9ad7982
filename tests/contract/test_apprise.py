"""Apprise against a server on loopback: one attempt is one request, and a failure is never called a success."""

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic, sleep

import pytest
from apprise.plugins.discord import NotifyDiscord

from alerts import deliveries, render
from alerts.adapters.apprise import AppriseChannel
from alerts.adapters.inbox import InboxChannel
from alerts.model import Delivery, Receipt
from tests import newsroom
from tests.servers import say, serving

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
HERE = frozenset({"127.0.0.1"})


class Service:
    """Counts what it is asked, and answers as it was told to."""

    def __init__(self) -> None:
        self.server_port = 0
        self.begin()

    def begin(self) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        self.status, self.slow = 200, 0.0

    def take(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.asked.append((handler.command, handler.path, body))
        sleep(self.slow)
        status = self.status if handler.path != "/elsewhere" else 200
        say(handler, status, b"{}", location="/elsewhere", retry_after="1")


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    made = Service()
    with serving(made.take, wait=False) as url:
        made.server_port = int(url.rpartition(":")[2])
        yield made


@pytest.fixture
def service(running: Service) -> Service:
    running.begin()
    return running


PLACES = {
    "json": "json://127.0.0.1:{port}/s3cret",
    "form": "form://127.0.0.1:{port}/s3cret?redirect=yes",
    "ntfy": "ntfy://127.0.0.1:{port}/s3cret",
    "gotify": "gotify://127.0.0.1:{port}/s3cret",
    "mattermost": "mmost://127.0.0.1:{port}/3ccdd113474722377935511fc85d3dd4",
}


def delivery() -> Delivery:
    alert = newsroom.alert("apprise")
    return deliveries.for_alert(alert, newsroom.NIGHT[2], render.alert(alert), NOW)[0]


def send(url: str, timeout: timedelta = timedelta(seconds=20)) -> Receipt:
    receipt = AppriseChannel(url, timeout, HERE).send(delivery(), attempt=2, now=NOW)
    assert (receipt.delivery, receipt.attempt, receipt.at) == (delivery().id, 2, NOW)
    assert "s3cret" not in receipt.reason
    assert "127.0.0.1" not in receipt.reason
    return receipt


ANSWERS = [
    (200, "delivered", "", "taken"),
    (302, "deferred", "login", "302: redirects are not followed"),
    (400, "refused", "message", "400"),
    (401, "deferred", "login", "401"),
    (404, "deferred", "gone", "404"),
    (410, "deferred", "gone", "410"),
    (408, "deferred", "", "408"),
    (429, "deferred", "", "429"),
    (500, "deferred", "", "500"),
    (503, "deferred", "", "503"),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("status", "outcome", "blame", "reason"), ANSWERS)
def test_what_a_service_answers(
    service: Service, place: str, status: int, outcome: str, blame: str, reason: str
) -> None:
    service.status = status
    receipt = send(PLACES[place].format(port=service.server_port))
    assert (receipt.outcome, receipt.blame, receipt.reason.partition(": ")[2]) == (outcome, blame, reason)
    assert len(service.asked) == 1, "one attempt is one request: no redirect, no second try"


def test_a_service_that_apprise_would_ask_again_is_asked_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apprise's plugin for Discord tries again by itself after a 429."""
    monkeypatch.setattr(NotifyDiscord, "notify_url", f"http://127.0.0.1:{service.server_port}/api/webhooks")
    service.status = 429
    receipt = send(f"discord://{'4' * 18}/{'s3cret' * 10}")
    assert (receipt.outcome, receipt.reason) == ("deferred", "Discord: 429")
    assert len(service.asked) == 1
    service.status = 200
    assert send(f"discord://{'4' * 18}/{'s3cret' * 10}").outcome == "delivered"
    assert b"US announces 25% tariff" in service.asked[-1][2]


def test_a_service_that_holds_the_line_or_is_not_there_is_tried_again(service: Service) -> None:
    service.slow = 1.5
    began = monotonic()
    receipt = send(PLACES["json"].format(port=service.server_port), timedelta(seconds=0.3))
    assert (receipt.outcome, receipt.reason) == ("deferred", "JSON: no answer in time")
    assert monotonic() - began < 1.4
    assert send("json://127.0.0.1:9/s3cret").outcome == "deferred"


WRONG = [
    ("no service", "pigeon://s3cret", "is no URL that Apprise knows"),
    ("a plain address", "s3cret", "is no URL that Apprise knows"),
    ("two places", "json://a.example/s3cret json://b.example/s3cret", "must be one URL"),
    ("two places in one URL", "tgram://123456789:s3cretabcdefghijklmnopqrstuvw/1/2", "names several places"),
]


@pytest.mark.parametrize(("why", "url", "words"), WRONG, ids=[case[0] for case in WRONG])
def test_what_is_not_one_place_is_refused_at_once_and_not_repeated(why: str, url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        AppriseChannel(url)
    assert "s3cret" not in str(caught.value)


def test_the_credential_is_neither_shown_nor_logged(service: Service) -> None:
    service.status = 500
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    root, listener = logging.getLogger(), Listener(logging.DEBUG)
    root.addHandler(listener)
    try:
        channel = AppriseChannel(PLACES["ntfy"].format(port=service.server_port), allow_hosts=HERE)
        channel.send(delivery(), attempt=1, now=NOW)
    finally:
        root.removeHandler(listener)
    assert "s3cret" not in "".join(heard) + repr(channel)


def test_two_at_once_hear_their_own_answers(service: Service) -> None:
    found: list[Receipt] = []
    good = PLACES["json"].format(port=service.server_port)
    threads = [
        threading.Thread(target=lambda url=url: found.append(send(url)))  # type: ignore[misc]
        for url in (good, "json://127.0.0.1:9/s3cret") * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.outcome for receipt in found) == ["deferred"] * 3 + ["delivered"] * 3


def test_without_a_place_it_is_written_to_the_inbox(tmp_path: Path) -> None:
    channel = InboxChannel(tmp_path, "apprise", sender="", secret="")
    assert channel.send(delivery(), attempt=1, now=NOW).outcome == "delivered"
    (path,) = tmp_path.iterdir()
    assert path.read_text().startswith("[flash]")
