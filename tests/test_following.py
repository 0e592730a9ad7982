"""The line that waits: what is pushed is delivered at once, what is polled too, and a new configuration is taken up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from alerts import app as app_
from alerts import doors, following, pushing
from alerts.adapters.memory import MemoryNews
from tests.servers import say, serving
from tests.shop import RULE, Shop, open_shop, rss

SOON = 20.0
STORIES = (
    ("Iran opens a railway", "The line joins Mashhad and the harbour at Chabahar."),
    ("Wrestlers of Iran win gold", "Twelve medals were taken at the games in Astana."),
    ("Drought empties lakes in Iran", "Farmers leave their orchards, and salt storms blow over Urmia."),
)
PUSHED = {"title": "Iran opens talks", "text": "Envoys met in Tehran.", "outlet": "Wire"}


class Receiver:
    """A webhook that remembers when it was called, and with what."""

    def __init__(self) -> None:
        self.got: list[tuple[float, bytes]] = []
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.got.append((time.monotonic(), body))
        say(handler, 204)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with serving(made.answer) as made.url:
        yield made


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        opened.serves("wire", rss())
        opened.write("channels.yaml", "allow_hosts: [127.0.0.1]\nchannels:\n  - {id: hook, kind: webhook}\n")
        opened.write(
            "subscriptions.yaml",
            "subscriptions:\n  - {id: desk, title: Desk, rules: all, channel: hook, when: instant}\n",
        )
        yield opened


def settings(shop: Shop, receiver: Receiver, valkey_url: str) -> app_.Lookup:
    return {**shop.environ, "ALERTS_WEBHOOK": receiver.url, "ALERTS_REDIS": valkey_url}.get


@contextmanager
def following_(lookup: app_.Lookup, sweep: float) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=following.follow, args=(lookup, stop), kwargs={"sweep": sweep})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        with doors.open_door(lookup) as door:
            door.news.ring()
        thread.join(SOON)
        assert not thread.is_alive()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)


def push(lookup: app_.Lookup, **said: str) -> None:
    with doors.open_door(lookup) as door:
        assert pushing.receive(json.dumps(PUSHED | said).encode(), door).said["new"] == 1


def test_what_is_pushed_is_delivered_at_once(shop: Shop, receiver: Receiver, valkey_url: str) -> None:
    """The next look by the clock is ten minutes away: only the ring can have done it."""
    lookup = settings(shop, receiver, valkey_url)
    with following_(lookup, sweep=600):
        for n, (title, text) in enumerate(STORIES):
            push(lookup, id=f"n{n}", title=title, text=text)
            until(lambda: len(receiver.got) > n)  # noqa: B023
    assert STORIES[2][0].encode() in receiver.got[2][1]


def test_what_is_polled_is_delivered_without_a_ring_from_outside(
    shop: Shop, receiver: Receiver, valkey_url: str
) -> None:
    lookup = settings(shop, receiver, valkey_url)
    shop.serves("wire", rss(("Iran cuts internet", "https://wire.example/1", "Tehran said so.")))
    with following_(lookup, sweep=600):
        until(lambda: receiver.got)


def test_a_lost_ring_is_made_good_by_the_clock(shop: Shop, receiver: Receiver, valkey_url: str) -> None:
    lookup = settings(shop, receiver, valkey_url)
    with following_(lookup, sweep=0.2):
        with doors.open_door(lookup) as door:
            mute = pushing.Door(door.seen, door.articles, MemoryNews(), door.clock)
            pushing.receive(json.dumps(PUSHED | {"id": "n1"}).encode(), mute)
        until(lambda: receiver.got)


def test_a_new_rule_is_taken_up(shop: Shop, receiver: Receiver, valkey_url: str) -> None:
    lookup = settings(shop, receiver, valkey_url)
    with following_(lookup, sweep=0.2):
        push(lookup, id="n1", title="Copper is dear", text="Miners said so.")
        time.sleep(0.5)
        assert receiver.got == []
        shop.write("rules/iran.yaml", RULE + "  - {id: copper, title: Copper, any: [copper]}\n")
        time.sleep(0.5)
        push(lookup, id="n2", title="Copper is dearer", text="Others said so too.")
        until(lambda: receiver.got)
