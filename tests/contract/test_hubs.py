"""WebSub against a hub on loopback that does what the specification lets it do, and more.

The cases are those of websub.rocks for subscribers, and what a hub or a stranger may try.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from structlog.testing import capture_logs

from alerts import app as app_
from alerts import doors, serving, subscribing
from alerts.adapters import http as http_
from alerts.adapters.memory import MemoryFingerprints, MemoryLog, MemoryNews, MemoryParse, MemoryTable
from alerts.errors import AlertsError, StoreError
from alerts.model import Feed, FeedState, Hints, HubState
from alerts.pushing import Door
from alerts.subscribing import Callback, Calls
from tests import servers
from tests.shop import Shop, open_shop, rss

CASES = Path(__file__).parents[3] / "shared" / "data" / "http_websub.tar.gz"
NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
LOCAL = frozenset({"127.0.0.1"})
KEY = "k" * 32
NEWS = rss(("Oil rises", "https://wire.example/oil", "Tankers wait."))


class Hub:
    """A hub: it remembers what it was asked, and answers each path as it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, tuple[int, str]] = {}
        self.then: Callable[[dict[str, str]], None] = lambda _: None
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        status, location = self.answers.get(handler.path, (202, ""))
        if location:
            servers.say(handler, status, Location=location)
            return
        self.asked.append((handler.path, said))
        self.then(said)
        servers.say(handler, status)


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    with servers.serving(made.answer) as made.url:
        yield made


@dataclass
class World:
    """A subscriber with one feed, and a clock that can be set."""

    hub: Hub
    url: str = ""
    now: datetime = NOW
    feeds: dict[str, Feed] = field(
        default_factory=lambda: {"wire": Feed("wire", "https://wire.example/rss", "The Wire")}
    )
    states: MemoryTable[FeedState] = field(default_factory=MemoryTable)
    hubs: MemoryTable[HubState] = field(default_factory=MemoryTable)
    said: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.door = Door(MemoryFingerprints(), MemoryLog(), MemoryNews(), lambda: self.now)
        self.calls = Calls(KEY, self.hubs, lambda: self.feeds, MemoryParse(), self.door)
        self.names("https://wire.example/self")

    def names(self, topic: str, path: str = "/") -> None:
        """Let the feed name this hub, and itself so."""
        hints = Hints(hub=f"{self.hub.url}{path}" if path else "", topic=topic)
        state = FeedState("wire", self.now + timedelta(hours=1), last_poll=self.now, hints=hints)
        self.states.put({"wire": state}, at=self.now)

    def subscribe(self) -> None:
        def ask(hub: str, body: bytes) -> tuple[int, str]:
            posted = http_.ask(hub, body=body, contact="", allow_hosts=LOCAL, timeout=timedelta(seconds=5))
            return posted.status, posted.reason

        callback = Callback(self.url, KEY, ask, LOCAL)
        self.said = subscribing.subscribe(
            self.feeds.values(), callback, states=self.states, hubs=self.hubs, now=self.now
        )

    def known(self) -> HubState:
        found = self.hubs.get("wire")
        assert found is not None
        return found

    def granted(self) -> dict[str, str]:
        """Subscribe, and let the hub ask back; what the hub was told."""
        self.subscribe()
        _, told = self.hub.asked[-1]
        assert self.confirms(told) == (200, "challenge <b>")
        return told

    def confirms(self, told: dict[str, str], **other: str) -> tuple[int, str]:
        """Let the hub ask whether it was meant."""
        said = {"hub.mode": told["hub.mode"], "hub.topic": told["hub.topic"], "hub.challenge": "challenge <b>"}
        said |= {"hub.lease_seconds": told.get("hub.lease_seconds", "")} | {f"hub.{k}": v for k, v in other.items()}
        return request("GET", f"{told['hub.callback']}?{urlencode(said)}")

    def delivers(
        self,
        told: dict[str, str],
        body: bytes = NEWS,
        *,
        name: str = "sha256",
        secret: str | None = None,
        **headers: str,
    ) -> int:
        """Let the hub deliver."""
        key = told["hub.secret"] if secret is None else secret
        signature = {"X-Hub-Signature": f"{name}={hmac.new(key.encode(), body, name).hexdigest()}"} if key else {}
        return request("POST", told["hub.callback"], body, **signature, **headers)[0]

    def titles(self) -> list[str]:
        return [article.title for article in self.door.articles.read("test").values]


def request(method: str, url: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request(method, f"{parts.path}?{parts.query}", body, headers)
    answer = connection.getresponse()
    said = answer.read().decode()
    if answer.status == 200:
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    connection.close()
    return answer.status, said


@pytest.fixture
def world(hub: Hub) -> Iterator[World]:
    made = World(hub)
    with serving.serving(made.door, (), calls=made.calls, port=0) as url:
        made.url = url
        yield made


# ── the cases of websub.rocks ────────────────────────────────────────────────────────────────────────────────────────

COVERED = {
    **dict.fromkeys(
        (100, 102, 103, 104), "tests/test_websub.py: NAMED; and test_a_feed_that_is_polled_is_subscribed_to"
    ),
    101: "none: a topic of ours is a feed, and a page has no feed's entries",
    **dict.fromkeys((200, 201, 202), "test_the_topic_is_what_the_feed_calls_itself"),
    **dict.fromkeys((203, 204), "test_a_hub_that_has_moved_is_asked_where_it_is"),
    205: "test_a_topic_that_we_did_not_ask_for_is_not_confirmed",
    300: "test_what_is_delivered_is_an_article_at_once",
    **dict.fromkeys((301, 302), "test_what_is_not_signed_is_passed_over"),
}


@pytest.mark.skipif(not CASES.exists(), reason="the cases are not in the repository")
def test_every_case_of_the_list_is_covered() -> None:
    with tarfile.open(CASES) as archive:
        file = archive.extractfile("http_websub/subscriber_tests.json")
        assert file is not None
        assert {case["test"] for case in json.load(file)} == set(COVERED)
    here = globals()
    assert [said for said in COVERED.values() if said.startswith("test_") and said not in here] == []


@pytest.mark.parametrize("topic", ["https://wire.example/self", "https://moved.example/?a=1&b=ü"])
def test_the_topic_is_what_the_feed_calls_itself(world: World, topic: str) -> None:
    """Also where the feed was redirected: ``self``, or else the address that answered, is the topic."""
    world.names(topic)
    assert world.granted()["hub.topic"] == topic
    assert (world.known().lease, world.known().until) == ("active", NOW + timedelta(days=10))


@pytest.mark.parametrize("status", [307, 308])
def test_a_hub_that_has_moved_is_asked_where_it_is(world: World, status: int) -> None:
    world.hub.answers["/"] = (status, f"{world.hub.url}/new")
    assert world.granted()["hub.mode"] == "subscribe"
    assert [path for path, _ in world.hub.asked] == ["/new"]


def test_a_topic_that_we_did_not_ask_for_is_not_confirmed(world: World) -> None:
    world.subscribe()
    _, told = world.hub.asked[-1]
    assert world.confirms(told, topic="https://evil.example/") == (404, "")
    assert world.known().lease == "asked"


@pytest.mark.parametrize("name", ["sha1", "sha256", "sha384", "sha512"])
def test_what_is_delivered_is_an_article_at_once(world: World, name: str) -> None:
    told = world.granted()
    assert world.delivers(told, name=name) == 202
    assert world.delivers(told, name=name) == 202
    assert world.titles() == ["Oil rises"], "once"
    assert world.door.news.wait(0)
    (article,) = world.door.articles.read("test").values
    assert (article.feed, article.outlet, article.quiet) == ("wire", "The Wire", "")


def test_what_is_not_signed_is_passed_over(world: World) -> None:
    """The answer is the same, so that nobody learns from it what a good signature is."""
    told = world.granted()
    with capture_logs() as logged:
        for secret in ("", "another", "x" * 64):
            assert world.delivers(told, secret=secret) == 202
        assert world.delivers(told, name="md5") == 202
    assert {line["reason"] for line in logged} == {"not signed, or not with our secret"}
    assert told["hub.secret"] not in str(logged)
    assert told["hub.callback"] not in str(logged)
    assert world.titles() == []
    assert not world.door.news.wait(0)


# ── what else may be ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_challenge_may_come_before_the_answer(world: World) -> None:
    """Hubs that verify at once ask back while our request is still open."""
    world.hub.then = lambda told: replies.append(world.confirms(told))
    replies: list[tuple[int, str]] = []
    world.subscribe()
    assert replies == [(200, "challenge <b>")]
    assert (world.known().lease, world.said) == ("active", ())


def test_a_lease_is_renewed_before_it_ends(world: World) -> None:
    world.granted()
    for day in (1, 5, 8):
        world.now = NOW + timedelta(days=day)
        world.subscribe()
    assert len(world.hub.asked) == 2
    assert world.known().lease == "active", "what holds goes on to hold while we ask"
    assert world.confirms(world.hub.asked[-1][1])[0] == 200
    assert world.known().until == NOW + timedelta(days=18)


def test_a_feed_that_is_not_polled_any_more_is_left(world: World) -> None:
    told = world.granted()
    world.feeds.clear()
    world.now += timedelta(hours=2)
    world.subscribe()
    _, leave = world.hub.asked[-1]
    assert (leave["hub.mode"], leave["hub.callback"]) == ("unsubscribe", told["hub.callback"])
    assert world.delivers(told) == 410
    assert world.confirms(leave)[0] == 200
    world.now += timedelta(days=30)
    world.subscribe()
    assert len(world.hub.asked) == 2, "and that is all"


def test_a_stranger_is_answered_nothing(world: World) -> None:
    told = world.granted()
    elsewhere = [told["hub.callback"][:-1] + "x", f"{world.url}/websub/other/x", f"{world.url}/websub/wire/"]
    assert [request("POST", url, NEWS)[0] for url in elsewhere] == [404, 404, 404]
    assert [request("GET", f"{url}?hub.mode=subscribe&hub.challenge=c")[0] for url in elsewhere] == [404, 404, 404]
    assert world.titles() == []


def test_what_is_no_feed_is_passed_over(world: World) -> None:
    told = world.granted()
    assert world.delivers(told, b"<html>") == 202
    assert world.delivers(told, b"") == 202
    assert world.delivers(told, **{"Content-Encoding": "gzip"}) == 415
    assert world.titles() == []


class Down:
    """A table and a log whose database is away."""

    def get(self, key: str) -> HubState:
        raise StoreError("the store cannot be used: sqlite:///alerts.db: database is locked")

    def append(self, values: object) -> int:
        raise StoreError("the store cannot be used: sqlite:///alerts.db: database or disk is full")


DOWN: list[tuple[str, str, Callable[[Calls], Calls]]] = [
    ("it asks, and nobody knows whether we meant it", "GET", lambda calls: replace(calls, hubs=Down())),
    ("it delivers, and nobody knows whether it may", "POST", lambda calls: replace(calls, hubs=Down())),
    (
        "it delivers, and what it brings cannot be kept",
        "POST",
        lambda calls: replace(calls, door=replace(calls.door, articles=Down())),
    ),
]


@pytest.mark.parametrize(("what", "method", "broken"), DOWN, ids=[case[0] for case in DOWN])
def test_a_hub_that_calls_while_the_store_fails_is_asked_to_come_again(
    world: World, what: str, method: str, broken: Callable[[Calls], Calls]
) -> None:
    """A hub that is answered 500 may give up; what it brought would be lost until the next poll."""
    told = world.granted()
    path = urlsplit(told["hub.callback"]).path
    calls = broken(world.calls)
    signature = {"X-Hub-Signature": f"sha256={hmac.new(told['hub.secret'].encode(), NEWS, 'sha256').hexdigest()}"}
    with capture_logs() as logged, serving.serving(calls.door, (), calls=calls, port=0) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        connection.request(method, f"{path}?hub.mode=subscribe&hub.challenge=c", NEWS, signature)
        answer = connection.getresponse()
        answer.read()
        connection.close()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert [line["path"] for line in logged] == ["/websub/{feed}/{mark}"]
    assert path.rpartition("/")[2] not in str(logged), "the address is a secret"
    assert world.titles() == []
    assert world.delivers(told) == 202, "and when the store is there again, it is taken"
    assert world.titles() == ["Oil rises"]


def test_a_hub_that_denies_is_left_alone(world: World) -> None:
    world.subscribe()
    _, told = world.hub.asked[-1]
    assert world.confirms({**told, "hub.mode": "denied"}, reason="not\nyou")[0] == 200
    assert (world.known().lease, world.known().reason) == ("denied", "not you")
    world.now += timedelta(days=3)
    world.subscribe()
    assert len(world.hub.asked) == 1


def test_a_hub_that_fails_is_told_without_a_secret(world: World) -> None:
    world.hub.answers["/"] = (500, "")
    world.subscribe()
    assert world.said == (
        'feed "wire": its hub did not subscribe us: 500 Internal Server Error; it is polled as before',
    )
    assert world.known().lease == "asked"


def test_a_hub_is_asked_only_where_a_feed_may_be(world: World, hub: Hub) -> None:
    """The guard of the feeds stands before hubs as well, and before where they redirect to."""
    asked = http_.ask(f"{hub.url}/", body=b"", contact="", allow_hosts=frozenset(), timeout=timedelta(seconds=5))
    assert (asked.status, hub.asked) == (0, [])
    assert asked.reason.startswith("refused: 127.0.0.1 is not a public address")
    hub.answers["/"] = (307, f"http://localhost:{urlsplit(hub.url).port}/inside")
    asked = http_.ask(f"{hub.url}/", body=b"", contact="", allow_hosts=LOCAL, timeout=timedelta(seconds=5))
    assert (asked.status, hub.asked) == (0, [])
    hub.answers["/"] = (307, f"{hub.url}/")
    asked = http_.ask(f"{hub.url}/", body=b"", contact="", allow_hosts=LOCAL, timeout=timedelta(seconds=5))
    assert asked.reason == "more than 3 redirects"


def test_a_feed_whose_hub_tells_us_is_polled_more_rarely(world: World) -> None:
    world.granted()
    feeds = [*world.feeds.values(), Feed("other", "https://other.example/", "Other")]
    due = {
        hours: [
            feed.id
            for feed in subscribing.awake(feeds, states=world.states, hubs=world.hubs, now=NOW + timedelta(hours=hours))
        ]
        for hours in (1, 3, 4)
    }
    assert due == {1: ["other"], 3: ["other"], 4: ["wire", "other"]}


# ── all of it ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        yield opened


def test_a_feed_that_is_polled_is_subscribed_to(shop: Shop, hub: Hub, valkey_url: str) -> None:
    """On real stores: the poll asks, another process confirms and takes what is delivered; no secret is kept in SQL."""
    head = f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="{hub.url}/"/><item>'.encode()
    shop.serves("wire", NEWS.replace(b"<item>", head, 1))
    lookup = {**shop.environ, "ALERTS_REDIS": valkey_url, "ALERTS_CALLBACK": "http://127.0.0.1:1/"}.get
    with app_.open_app(lookup) as app:
        assert app.run("poll").lines == ()
        ((_, told),) = hub.asked
        assert told["hub.topic"] == f"{shop.url}/wire"
        assert told["hub.callback"].startswith("http://127.0.0.1:1/websub/wire/")
        mark = told["hub.callback"].rpartition("/")[2]
        with doors.open_calls(lookup) as calls:
            said = {
                "hub.mode": "subscribe",
                "hub.topic": told["hub.topic"],
                "hub.challenge": "c",
                "hub.lease_seconds": "900",
            }
            assert subscribing.confirm("wire", mark, said, calls) == (200, "c")
            body = rss(("Gas falls", "https://wire.example/gas", "Pipes leak."))
            signature = f"sha256={hmac.new(told['hub.secret'].encode(), body, hashlib.sha256).hexdigest()}"
            assert subscribing.deliver("wire", mark, signature, "text/xml", body, calls) == ""
        assert [article.title for article in app.stores.articles.read("test").values] == ["Oil rises", "Gas falls"]
        assert app.stores.hubs.get("wire") == replace(app.stores.hubs.values()[0], lease="active")
        assert told["hub.secret"] not in str(app.stores.hubs.values())
    assert (shop.folder / "var" / "websub.secret").stat().st_mode & 0o777 == 0o600


def test_a_callback_that_is_no_address_is_refused(shop: Shop, valkey_url: str) -> None:
    lookup = {**shop.environ, "ALERTS_REDIS": valkey_url, "ALERTS_CALLBACK": "news.example.org"}.get
    with pytest.raises(AlertsError, match="ALERTS_CALLBACK is no http"), app_.open_app(lookup):
        pass
