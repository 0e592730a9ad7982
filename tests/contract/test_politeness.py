"""The rules that a polite poller keeps, each held end to end: a server on loopback, the way out, the stage, the stores."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from alerts import stages
from alerts.adapters.codec import Codec
from alerts.adapters.http import HttpFetch
from alerts.adapters.memory import MemoryHosts, MemoryPages, MemoryParse
from alerts.app import Stores
from alerts.feeds import hints, rhythm
from alerts.model import Feed, FeedState, Hints
from tests.contract.test_fetch import LOCAL, RSS, Server, running

FILE = Path(__file__).parents[3] / "shared" / "data" / "cases_http_politeness.json"
START = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TWO = RSS.replace(b"Oil rises", b"Oil falls").replace(b"/oil", b"/oil2")


@dataclass
class Reader:
    """One feed of a server, and a clock."""

    server: Server
    every: timedelta | None = 15 * MINUTE
    path: str = "/feed"
    now: datetime = START
    stores: Stores = field(default_factory=Stores.in_memory)
    settings: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def feed(self) -> Feed:
        return Feed("one", self.server.url + self.path, "Outlet", every=self.every, first_poll=None)

    @property
    def state(self) -> FeedState:
        state = self.stores.states.get("one")
        assert state
        return state

    @property
    def asked(self) -> list[dict[str, str]]:
        return [headers for path, headers in self.server.asked if path == self.path]

    def says(self, body: bytes = RSS, status: int = 200, **headers: str) -> Reader:
        self.server.says(self.path, body, status, **headers)
        return self

    def polls(self, after: timedelta = timedelta(0), *more: Feed) -> Reader:
        """Let time pass, and run the stage: the feed is asked if it is due."""
        self.now += after
        fetch = HttpFetch(**{"allow_hosts": LOCAL, "timeout": 5 * SECOND, "clock": lambda: self.now} | self.settings)
        stores = self.stores
        report = stages.poll(
            [self.feed, *more],
            fetch=fetch,
            parse=MemoryParse(),
            pages=MemoryPages(),
            states=stores.states,
            seen=stores.seen,
            articles=stores.articles,
            now=self.now,
        )
        self.lines += report.lines
        return self

    def polls_when_due(self, times: int = 1) -> Reader:
        for _ in range(times):
            self.polls(max(self.state.next_poll - self.now, timedelta(0)))
        return self

    def restarts(self) -> Reader:
        """Keep what is written down, as text."""
        codec = Codec(FeedState)
        text = codec.encode(self.state)
        self.stores = replace(Stores.in_memory(), articles=self.stores.articles)
        self.stores.states.put({"one": codec.decode(text)}, at=self.now)
        return self

    @property
    def told(self) -> int:
        return len(self.stores.articles.read("test").values)


@pytest.fixture
def reader() -> Iterator[Reader]:
    with running() as server:
        yield Reader(server)


NONE = {"if-none-match", "if-modified-since"}
CASES: dict[str, Callable[[Reader], None]] = {}

ELSEWHERE = {
    "body-04": "which charset is believed is the parser's: tests/corpus/feeds",
    "ws-01..14": "WebSub is not offered here",
}
"""Rules that are not held in this file."""


def case(id_: str) -> Callable[[Callable[[Reader], None]], Callable[[Reader], None]]:
    def kept(held: Callable[[Reader], None]) -> Callable[[Reader], None]:
        CASES[id_] = held
        return held

    return kept


# ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────────────


@case("cond-01")
def validators_go_back_unchanged(reader: Reader) -> None:
    reader.says(ETag='"a b,c"', Last_Modified="Wed, 01 Jul 2026 07:00:00 GMT").polls().polls_when_due()
    assert reader.asked[1]["if-none-match"] == '"a b,c"'
    assert reader.asked[1]["if-modified-since"] == "Wed, 01 Jul 2026 07:00:00 GMT"


@case("cond-02")
def last_modified_is_opaque(reader: Reader) -> None:
    reader.says(Last_Modified="yesterday; 1 Jul 26, +0000 I think").polls().polls_when_due()
    assert reader.asked[1]["if-modified-since"] == "yesterday; 1 Jul 26, +0000 I think"


@case("cond-03")
def a_weak_etag_goes_back_as_it_came(reader: Reader) -> None:
    reader.says(ETag='W/"weak"').polls().polls_when_due()
    assert reader.asked[1]["if-none-match"] == 'W/"weak"'


@case("cond-04")
def no_validators_are_invented(reader: Reader) -> None:
    reader.says().polls().polls_when_due(3)
    assert not any(NONE & set(asked) for asked in reader.asked)


@case("cond-05")
def after_a_304_everything_stays(reader: Reader) -> None:
    reader.says(ETag='"1"').polls()
    reader.server.sends("/feed", b"HTTP/1.1 304 Not Modified\r\n\r\n")
    reader.polls_when_due(3)
    assert [asked.get("if-none-match") for asked in reader.asked] == [None, '"1"', '"1"', '"1"']
    assert reader.told == 1


@case("cond-06")
def a_304_with_a_new_validator_replaces_it(reader: Reader) -> None:
    reader.says(ETag='"1"').polls()
    reader.server.sends("/feed", b'HTTP/1.1 304 Not Modified\r\nETag: "2"\r\n\r\n')
    reader.polls_when_due(2)
    assert reader.asked[2]["if-none-match"] == '"2"'


@case("cond-07")
def validators_of_two_answers_are_never_mixed(reader: Reader) -> None:
    reader.says(ETag='"1"', Last_Modified="then").polls().says(TWO, ETag='"2"').polls_when_due(2)
    assert (reader.asked[2]["if-none-match"], "if-modified-since" in reader.asked[2]) == ('"2"', False)


@case("cond-08")
def a_restart_keeps_validators_and_due_times(reader: Reader) -> None:
    reader.says(ETag='"1"', Cache_Control="max-age=7200").polls().restarts().polls(HOUR)
    assert len(reader.asked) == 1
    reader.restarts().polls(HOUR)
    assert reader.asked[1]["if-none-match"] == '"1"'


@case("cond-09")
def one_unconditional_request_in_its_life(reader: Reader) -> None:
    for n in range(6):
        reader.says(RSS.replace(b"Oil", b"Oil %d" % n), ETag=f'"{n}"').polls(DAY).restarts()
        reader.says(b"", 500).polls(DAY).says(b"<html>", ETag='"page"').polls(2 * DAY).restarts()
    assert sum(not NONE & set(asked) for asked in reader.asked) == 1
    assert len(reader.asked) == 18


@case("cond-10")
def validators_of_what_cannot_be_read_are_not_kept(reader: Reader) -> None:
    reader.says(ETag='"1"').polls().says(b"<html>", ETag='"page"').polls_when_due().says(
        TWO, ETag='"2"'
    ).polls_when_due()
    assert reader.asked[2]["if-none-match"] == '"1"'
    assert reader.told == 2


@case("cond-11")
def the_same_bytes_again_are_nothing_new(reader: Reader) -> None:
    reader.says().polls().polls_when_due(4)
    assert len(reader.asked) == 5
    assert reader.told == 1


# ── how often ────────────────────────────────────────────────────────────────────────────────────────────────────────


@case("rate-01")
def without_hints_an_hour_at_least(reader: Reader) -> None:
    """The dates of the entries are a hint; here there are none."""
    reader.every = None
    reader.says(ETag='"1"').polls()
    assert reader.state.next_poll - reader.now >= HOUR


@case("rate-02")
def a_server_without_validators_is_asked_less_often(reader: Reader) -> None:
    """Not once in 24 hours, which would be no watch: once an hour at most, and `every` is the documented override."""
    reader.every = None
    dated = b"".join(
        b"<item><title>%d</title><pubDate>Wed, 01 Jul 2026 07:%02d:00 GMT</pubDate></item>" % (n, n) for n in range(50)
    )
    body = b"<rss version='2.0'><channel>%s</channel></rss>" % dated
    reader.says(body).polls()
    assert reader.state.next_poll - reader.now >= HOUR
    reader.says(body, ETag='"1"').polls_when_due()
    assert reader.state.next_poll - reader.now < HOUR


@case("rate-03")
def max_age_is_honoured(reader: Reader) -> None:
    reader.says(Cache_Control="public, max-age=7200").polls().polls(2 * HOUR - SECOND)
    assert len(reader.asked) == 1
    assert len(reader.polls(SECOND).asked) == 2


@case("rate-04")
def expires_is_honoured(reader: Reader) -> None:
    head = b"HTTP/1.1 200 OK\r\nDate: Wed, 01 Jul 2026 08:00:00 GMT\r\nExpires: Wed, 01 Jul 2026 11:00:00 GMT\r\n"
    reader.server.sends("/feed", head + b"Content-Length: %d\r\n\r\n%s" % (len(RSS), RSS))
    reader.polls().polls(3 * HOUR - SECOND)
    assert len(reader.asked) == 1
    assert len(reader.polls(SECOND).asked) == 2


@case("rate-05")
def a_tiny_max_age_makes_nothing_faster(reader: Reader) -> None:
    reader.says(Cache_Control="max-age=1").polls().polls(14 * MINUTE)
    assert len(reader.asked) == 1


@case("rate-06")
def an_absurd_max_age_is_capped(reader: Reader) -> None:
    reader.says(Cache_Control="max-age=315360000").polls().polls(DAY)
    assert len(reader.asked) == 2


@case("rate-07")
def ttl_is_a_minimum(reader: Reader) -> None:
    assert hints.least(Hints(ttl=90 * MINUTE)) == 90 * MINUTE


@case("rate-08")
def hours_and_days_are_skipped(reader: Reader) -> None:
    assert hints.allowed(Hints(skip_hours=(8, 9), skip_days=(3,)), START) == START + 2 * HOUR
    assert hints.allowed(Hints(skip_days=(2,)), START) == START + 16 * HOUR


@case("rate-09")
def the_syndication_module_gives_a_minimum(reader: Reader) -> None:
    assert hints.least(Hints(updates=6 * HOUR)) == 6 * HOUR


@case("rate-10")
def a_429_with_seconds(reader: Reader) -> None:
    reader.says(b"", 429, Retry_After="36000").polls().polls(10 * HOUR - SECOND)
    assert len(reader.asked) == 1
    assert len(reader.polls(SECOND).asked) == 2


@case("rate-11")
def a_503_with_a_date(reader: Reader) -> None:
    head = b"HTTP/1.1 503 Busy\r\nDate: Wed, 01 Jul 2026 08:00:00 GMT\r\nRetry-After: Wed, 01 Jul 2026 20:00:00 GMT"
    reader.server.sends("/feed", head + b"\r\nContent-Length: 0\r\n\r\n")
    reader.polls().polls(12 * HOUR - SECOND)
    assert len(reader.asked) == 1
    assert len(reader.polls(SECOND).asked) == 2


@case("rate-12")
def repeated_429s_make_it_slower(reader: Reader) -> None:
    reader.says(b"", 429).polls()
    waits = []
    for _ in range(12):
        waits.append(reader.state.next_poll - reader.now)
        reader.polls_when_due()
    assert waits == sorted(waits)
    assert waits[0] >= 30 * MINUTE
    assert waits[-1] >= DAY


@case("rate-13")
def a_retry_after_that_is_none(reader: Reader) -> None:
    for value in ("-5", "soon", "", "1e9", "Wed, 01 Jan 2020 00:00:00 GMT", "99999999999999999999"):
        reader.says(b"", 429, Retry_After=value).polls()
        assert 30 * MINUTE <= reader.state.next_poll - reader.now <= 7 * DAY, value
        reader.stores.states.put({"one": FeedState("one", reader.now)}, at=reader.now)


@case("rate-14")
def many_feeds_on_one_host(reader: Reader) -> None:
    """One at a time and a second apart: tests/contract/test_hosts.py; and a 429 of one pauses the others."""
    reader.settings = {"hosts": MemoryHosts()}
    others = [Feed(str(n), f"{reader.server.url}/{n}", "O") for n in range(4)]
    for feed in others:
        reader.server.says("/" + feed.id)
    reader.says(b"", 429, Retry_After="600").polls(timedelta(0), *others)
    assert [path for path, _ in reader.server.asked] == ["/feed"]
    assert reader.lines == ['feed "one": 429 Too Many Requests'], "which is no failure of the others"


@case("rate-15")
def feeds_that_are_due_together_are_spread(reader: Reader) -> None:
    places = {round(rhythm.spread(f"feed-{n}", 0), 2) for n in range(300)}
    assert len(places) > 80


@case("rate-16")
def a_step_of_the_clock_brings_no_burst(reader: Reader) -> None:
    reader.says().polls()
    for step in (-30 * MINUTE, DAY, -2 * DAY, 3 * DAY):
        before = len(reader.asked)
        reader.polls(step).polls(MINUTE).polls(MINUTE)
        assert len(reader.asked) - before <= 1


# ── headers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@case("hdr-01")
def the_user_agent_says_who_we_are(reader: Reader) -> None:
    reader.settings = {"contact": "https://example.org/watch"}
    reader.says().polls()
    assert reader.asked[0]["user-agent"].startswith("Tocsin/")
    assert reader.asked[0]["user-agent"].endswith(" (+https://example.org/watch)")


@case("hdr-02")
def no_cookie_no_referer_no_cache_buster(reader: Reader) -> None:
    reader.path = "/feed?a=1"
    reader.says(Set_Cookie="id=1; Path=/").polls().polls_when_due(2)
    assert len(reader.asked) == 3, "the path is the same each time"
    assert not any({"cookie", "referer"} & set(asked) for asked in reader.asked)


@case("hdr-03")
def accept_lists_the_kinds_of_feeds(reader: Reader) -> None:
    reader.says().polls()
    for kind in ("application/atom+xml", "application/rss+xml", "application/feed+json", "application/xml", "*/*;q="):
        assert kind in reader.asked[0]["accept"]


@case("hdr-04")
def gzip_is_asked_for(reader: Reader) -> None:
    reader.says(gzip.compress(RSS), Content_Encoding="gzip").polls()
    assert "gzip" in reader.asked[0]["accept-encoding"]
    assert reader.told == 1


@case("hdr-05")
def vary_does_no_harm(reader: Reader) -> None:
    reader.says(ETag='"1"', Vary="Accept-Encoding").polls().polls_when_due()
    assert reader.asked[1]["if-none-match"] == '"1"'


# ── redirects ────────────────────────────────────────────────────────────────────────────────────────────────────────


@case("redir-01")
def a_permanent_redirect_is_believed_slowly(reader: Reader) -> None:
    reader.says(b"", 301, ETag='"old"', Location="/new")
    reader.server.says("/new", ETag='"new"')
    reader.polls()
    for _ in range(9):
        reader.polls(DAY)
    assert len(reader.asked) == 10
    reader.polls(DAY)
    assert len(reader.asked) == 10, "and from then on the new address is asked"
    assert not any(NONE & set(asked) for asked in reader.asked), "the old one gave no validators that count"
    assert {asked.get("if-none-match") for path, asked in reader.server.asked if path == "/new"} == {None, '"new"'}


@case("redir-02")
def a_temporary_redirect_is_followed(reader: Reader) -> None:
    for status in (302, 307):
        reader.says(b"", status, Location="/new")
        reader.server.says("/new")
        for _ in range(12):
            reader.polls(DAY)
        assert (reader.state.adopted, reader.state.moved) == ("", None)
    assert len(reader.asked) == 24


@case("redir-03")
def redirects_that_go_round_are_a_failure(reader: Reader) -> None:
    reader.says(b"", 302, Location="/feed").polls()
    assert len(reader.asked) == 6
    assert (reader.state.reason, reader.state.failures) == ("more than 5 redirects", 1)


@case("redir-04")
def a_redirect_that_is_not_followed(reader: Reader) -> None:
    """Every address and every spelling: tests/contract/test_ssrf.py."""
    for target in ("http://169.254.169.254/", "http://localhost:9/", "file:///etc/passwd", "ftp://example.org/"):
        reader.says(b"", 302, Location=target).polls(2 * DAY)
        assert reader.state.reason.startswith("refused: redirected to "), target


# ── gone ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@case("gone-01")
def a_410_ends_it_and_is_told(reader: Reader) -> None:
    """After three of them, of which the first two may be a mistake."""
    reader.says(b"", 410).polls()
    for _ in range(10):
        reader.polls(2 * DAY)
    assert len(reader.asked) == 3
    assert "gone" in reader.lines[-1]


@case("gone-02")
def a_lasting_404_is_asked_once_a_day(reader: Reader) -> None:
    reader.says(b"", 404).polls()
    for _ in range(30 * 24):
        reader.polls(HOUR)
    assert 25 <= len(reader.asked) <= 36
    assert reader.state.health == "backing off"


@case("gone-03")
def a_401_is_no_loop(reader: Reader) -> None:
    reader.says(b"", 401).polls()
    for _ in range(24):
        reader.polls(HOUR)
    assert len(reader.asked) <= 6


@case("gone-04")
def a_page_is_no_feed(reader: Reader) -> None:
    reader.says().polls().says(b"<!DOCTYPE html><title>Hello</title>").polls_when_due()
    assert reader.state.health == "failing"
    assert reader.told == 1


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@case("body-01")
def a_bomb_stops_at_the_cap(reader: Reader) -> None:
    reader.settings = {"max_body": 2_000_000}
    reader.says(zlib.compress(b"\0" * 5_000_000), Content_Encoding="deflate").polls()
    assert reader.state.reason == "the body is compressed more than 100 to 1, as no feed is"


@case("body-02")
def a_server_that_trickles_meets_a_deadline(reader: Reader) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while not reader.server.closing.wait(0.02):
            handler.wfile.write(b"<")

    reader.settings = {"timeout": 0.2 * SECOND}
    reader.server.does("/feed", drip)
    reader.polls()
    assert reader.state.reason == "timed out after 0.2 s"


@case("body-03")
def a_body_that_is_cut_short_changes_nothing(reader: Reader) -> None:
    reader.says(ETag='"1"').polls()
    reader.server.sends("/feed", b'HTTP/1.1 200 OK\r\nETag: "2"\r\nContent-Length: 900\r\n\r\n' + TWO)
    reader.polls_when_due()
    assert (reader.state.etag, reader.state.failures, reader.told) == ('"1"', 1, 1)


# ── all of them ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("id_", CASES)
def test_case(id_: str, reader: Reader) -> None:
    CASES[id_](reader)


def test_every_rule_is_held_or_has_a_reason() -> None:
    if not FILE.exists():
        pytest.skip(f"{FILE.name} is not here")
    assert {rule["id"] for rule in json.loads(FILE.read_text())} == {*CASES, *ELSEWHERE}
