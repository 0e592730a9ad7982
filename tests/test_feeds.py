"""When to poll next, how to ask, what is no feed; what feeds say is in tests/corpus/feeds."""

from __future__ import annotations

import tarfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts import feeds
from alerts.errors import FetchError, ParseError
from alerts.feeds import polling
from alerts.model import Feed, FeedRequest, FeedState, Fetched

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FEED = Feed("one", "https://outlet.example/rss", "Outlet", every=15 * MINUTE)
GOOD = FeedState(
    "one",
    NOW + 15 * MINUTE,
    '"e"',
    "m",
    last_poll=NOW,
    last_good=NOW,
    health="healthy",
    since=NOW,
    home="https://outlet.example/rss",
    url="https://outlet.example/rss",
)
BROKEN = FetchError("500 Internal Server Error", status=500)

# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("why", "state", "after", "due"),
    [
        ("never polled", None, timedelta(0), True),
        ("just polled", GOOD, timedelta(0), False),
        ("when its time has come", GOOD, 15 * MINUTE, True),
        ("some seconds early, or it would miss every other run", GOOD, timedelta(minutes=14, seconds=31), True),
        ("but no more than that", GOOD, timedelta(minutes=14, seconds=29), False),
        ("a tenth of a short interval", replace(GOOD, next_poll=NOW + MINUTE), timedelta(seconds=53), False),
        ("and not before a failing server is to be asked", replace(GOOD, failures=1), timedelta(minutes=14.9), False),
        ("but then", replace(GOOD, failures=1), 15 * MINUTE, True),
        ("late is late", GOOD, DAY, True),
        ("known, but not polled yet", FeedState("one", NOW + HOUR), timedelta(0), False),
        ("a clock that is a little behind makes no burst", GOOD, -MINUTE, False),
        ("a clock that was set back does not stop a feed for ever", GOOD, -2 * HOUR, True),
    ],
)
def test_when_a_feed_is_due(why: str, state: FeedState | None, after: timedelta, due: bool) -> None:
    assert feeds.is_due(state, NOW + after) is due, why


def test_the_first_request_is_without_conditions() -> None:
    assert feeds.request(FEED, None) == FeedRequest(FEED)


@given(st.text(), st.text())
def test_validators_go_back_as_they_came(etag: str, modified: str) -> None:
    state = feeds.after_success(FEED, None, Fetched(200, b"x", etag, modified), NOW)
    assert feeds.request(FEED, state) == FeedRequest(FEED, etag, modified)


# ── after a poll that went well ──────────────────────────────────────────────────────────────────────────────────────


def test_after_a_success() -> None:
    assert feeds.after_success(FEED, None, Fetched(200, b"x", '"e"', "m", FEED.url), NOW) == GOOD


@pytest.mark.parametrize(
    ("why", "got", "validators"),
    [
        ("a 304 that says nothing keeps both", Fetched(304), ('"e"', "m")),
        ("a 304 with a new one brings it", Fetched(304, etag='"f"'), ('"f"', "m")),
        ("a 200 replaces both", Fetched(200, b"x", '"f"', "n"), ('"f"', "n")),
        ("those of two answers are never mixed", Fetched(200, b"x", '"f"'), ('"f"', "")),
        ("none are kept that were not sent again", Fetched(200, b"x"), ("", "")),
    ],
)
def test_which_validators_are_kept(why: str, got: Fetched, validators: tuple[str, str]) -> None:
    state = feeds.after_success(FEED, GOOD, got, NOW + HOUR)
    assert (state.etag, state.modified) == validators, why
    assert state.next_poll == NOW + HOUR + FEED.every


def test_a_success_ends_a_failure() -> None:
    failing = feeds.after_failure(FEED, GOOD, BROKEN, NOW)
    assert failing.health == "failing"
    state = feeds.after_success(FEED, failing, Fetched(304), NOW + HOUR)
    assert (state.health, state.failures, state.reason, state.last_good) == ("healthy", 0, "", NOW + HOUR)


# ── after a poll that went wrong ─────────────────────────────────────────────────────────────────────────────────────


def test_after_a_failure_nothing_is_forgotten() -> None:
    state = feeds.after_failure(FEED, GOOD, BROKEN, NOW + HOUR)
    assert 30 * MINUTE <= state.next_poll - (NOW + HOUR) <= 37.5 * MINUTE
    assert state == replace(
        GOOD,
        next_poll=state.next_poll,
        last_poll=NOW + HOUR,
        failures=1,
        reason="500 Internal Server Error",
        health="failing",
        since=NOW + HOUR,
        fault="answer",
        strikes=1,
        not_before=NOW + HOUR,
    )


def test_after_a_body_that_is_no_feed_the_old_validators_stay() -> None:
    """With the new ones the next answer would be a 304, and what the body should have said would be lost."""
    state = feeds.after_failure(FEED, GOOD, ParseError("the body is empty"), NOW)
    assert (state.etag, state.modified, state.reason) == ('"e"', "m", "the body is empty")


def test_a_feed_that_never_worked() -> None:
    state = feeds.after_failure(FEED, None, BROKEN, NOW)
    assert (state.health, state.last_good, state.etag) == ("failing", None, "")


@pytest.mark.parametrize(
    ("why", "every", "failures", "retry_after", "wait"),
    [
        ("the first failure doubles the interval", 15 * MINUTE, 1, None, 30 * MINUTE),
        ("the second doubles it again", 15 * MINUTE, 2, None, HOUR),
        ("up to a day", 15 * MINUTE, 7, None, DAY),
        ("and not much more, whatever the count", 15 * MINUTE, 100_000, None, DAY),
        ("a feed that is polled once a week is not polled more for failing", 7 * DAY, 3, None, 7 * DAY),
        ("what the server asks for, if that is longer", 15 * MINUTE, 1, 2 * HOUR, 2 * HOUR),
        ("our own interval, if that is", 15 * MINUTE, 1, MINUTE, 30 * MINUTE),
        ("a week at most", 15 * MINUTE, 1, 400 * DAY, 7 * DAY),
        ("no less than nothing", 15 * MINUTE, 1, -DAY, 30 * MINUTE),
    ],
)
def test_how_long_a_failing_feed_is_left_alone(
    why: str, every: timedelta, failures: int, retry_after: timedelta | None, wait: timedelta
) -> None:
    error = FetchError("429 Too Many Requests", status=429, retry_after=retry_after)
    before = replace(GOOD, failures=failures - 1)
    state = feeds.after_failure(replace(FEED, every=every), before, error, NOW)
    jitter = 1 if wait == asked_for(retry_after) or every == wait else 1 + polling.JITTER
    assert wait <= state.next_poll - NOW <= wait * jitter + timedelta(seconds=1), why


def asked_for(retry_after: timedelta | None) -> timedelta:
    return min(retry_after or timedelta(0), 7 * DAY)


@given(st.timedeltas(MINUTE, 2 * DAY), st.timedeltas(timedelta(0), 9 * DAY), st.integers(1, 40))
def test_waits_grow_and_never_shrink(every: timedelta, asked: timedelta, failures: int) -> None:
    feed, error = replace(FEED, every=every), FetchError("503", status=503, retry_after=asked)
    state = feeds.after_failure(feed, replace(GOOD, failures=failures - 1), error, NOW)
    again = feeds.after_failure(feed, state, error, NOW)
    assert every <= state.next_poll - NOW <= again.next_poll - NOW <= max(7 * DAY, every * 1.25 + MINUTE)
    assert state.next_poll - NOW >= min(asked, 7 * DAY)


def test_a_feed_that_is_gone_is_asked_three_times_in_three_days_and_no_more() -> None:
    state, now = GOOD, NOW
    for _ in range(3):
        assert feeds.is_due(state, now + 15 * MINUTE) is (state is GOOD)
        now = max(state.next_poll, now)
        assert feeds.is_due(state, now)
        state = feeds.after_failure(FEED, state, FetchError("410 Gone", status=410), now)
        assert state.reason == "410 Gone: the feed is gone for good; take it out of config/feeds.yaml"
    assert state.health == "gone"
    assert now - NOW >= 2 * DAY
    assert not feeds.is_due(state, now + 1_000 * DAY)
    assert feeds.settled(replace(FEED, url="https://outlet.example/new"), state) is None, "a new address is a new feed"


# ── what is no feed ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "the body is empty"),
        (b" \r\n\t", "the body is empty"),
        (b"\xef\xbb\xbf", "the body is empty"),
        (b"<!-- nothing -->", "the body is empty"),
        (b"<HTML><head></head>", "an HTML page instead of a feed; look for the feed's own address on it"),
        (b"[]", "JSON, but no JSON Feed: it says no version of jsonfeed.org, or has no list of items"),
        (b"{", "JSON that cannot be read: line 1, column 2"),
        (b"404", 'not XML: it begins with "404"'),
        (b"<", 'not XML: it begins with "<"'),
        (b"<rss><item/><", "malformed XML at line 1: unclosed token, and no entry can be read"),
        (b"<svg/>", "XML, but no feed: its root is <svg>"),
    ],
)
def test_what_is_no_feed(body: bytes, error: str) -> None:
    with pytest.raises(ParseError) as caught:
        feeds.parse(Fetched(200, body))
    assert str(caught.value) == error


def test_a_name_is_never_opened(tmp_path: Path) -> None:
    """feedparser opens a string that names a file or a URL: it never gets one."""
    secret = tmp_path / "feed.xml"
    secret.write_text("<rss version='2.0'><channel><item><title>x</title></item></channel></rss>")
    with pytest.raises(ParseError, match=r"^not XML"):
        feeds.parse(Fetched(200, str(secret).encode()))


@pytest.mark.parametrize("line", ["", "\n\n"])
@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0"?>\n'])
def test_the_line_is_that_of_the_body(line: str, declaration: str) -> None:
    body = f"{line}{declaration}<rss version='2.0'><channel>\n<item><title>A & B</title></item></channel></rss>"
    broken = body.split("&", maxsplit=1)[0].count("\n") + 1
    assert f"at line {broken}:" in feeds.parse(Fetched(200, body.encode())).problem


ITEM = b"<rss version='2.0'><channel><item><title>%s</title><link>%s</link></item></channel></rss>"


def attempt(body: bytes) -> feeds.Parsed | ParseError:
    try:
        return feeds.parse(Fetched(200, body, url="https://outlet.example/"))
    except ParseError as error:
        return error


@given(st.binary(max_size=60), st.binary(max_size=60))
@example(b"&#xD800;&", b"http://[")
@example(b"<![CDATA[", b"&#99999999999999999999;<")
@example(b"<!ENTITY", b"<!")
@example(b"\x01", b"")
def test_any_bytes_are_a_feed_or_a_parse_error(title: bytes, link: bytes) -> None:
    for got in (attempt(title), attempt(ITEM % (title, link))):
        assert str(got)
        entries = got.entries if isinstance(got, feeds.Parsed) else ()
        assert all("\x1f" < letter != "\x7f" for entry in entries for letter in entry.title)


@given(st.sampled_from(["text/xml", "", "text/html"]), st.text(max_size=20))
@example("text/xml", "idna")
@example("text/xml", "UTF16")
@example("text/html", "cp037")
@example("text/xml", "\0")
def test_any_content_type_will_do(kind: str, charset: str) -> None:
    got = Fetched(200, ITEM % (b"One", b""), content_type=f"{kind}; charset={charset}")
    assert len(feeds.parse(got).entries) == 1


@given(
    st.sampled_from([ITEM, b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>%s</title>%s</entry></feed>"]),
    st.data(),
)
def test_a_feed_cut_anywhere_is_a_feed_or_a_parse_error(feed: bytes, data: st.DataObject) -> None:
    body = feed % ("Café &amp; bar".encode(), b"x")
    at = data.draw(st.integers(0, len(body)))
    got = attempt(body[:at])
    assert isinstance(got, ParseError) or got.problem or at == len(body)


def test_what_stands_in_front_of_a_feed_may_be_long() -> None:
    body = ITEM % (b"One", b"")
    assert len(feeds.parse(Fetched(200, b"<!-- licence -->\n" * 241 + body)).entries) == 1
    assert len(feeds.parse(Fetched(200, b"<!--" + b"x" * 4_089 + b"-->" + body)).entries) == 1


def test_a_name_of_a_megabyte_takes_no_minutes() -> None:
    """feedparser needs 2 s of 20 kB, and a hundred times as much of 200 kB."""
    author = b"<author>" + b"a.a" * 300_000 + b"</author></item>"
    body = (ITEM % (b"One", b"")).replace(b"</item>", author)
    began = time.process_time()
    assert feeds.parse(Fetched(200, body)).entries[0].title == "One"
    assert time.process_time() - began < 2


DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.mark.parametrize(("name", "at_least"), [("feeds_captured_news", 150), ("feeds_miniflux", 200)])
def test_real_feeds(name: str, at_least: int) -> None:
    archive = DATA / f"{name}.tar.gz"
    if not archive.exists():
        pytest.skip(f"{archive.name} is not here")
    with tarfile.open(archive) as files:
        bodies = {member.name: files.extractfile(member).read() for member in files if member.isfile()}  # type: ignore[union-attr]
    got = {path: attempt(body) for path, body in bodies.items()}
    entries = [entry for parsed in got.values() if isinstance(parsed, feeds.Parsed) for entry in parsed.entries]
    assert len(entries) >= at_least
    assert not [
        path
        for path, parsed in got.items()
        if isinstance(parsed, ParseError) and "html" not in path and "/xml/" not in path
    ]
    assert sum(bool(entry.title and entry.link) for entry in entries) > 0.9 * len(entries)


@pytest.mark.parametrize(
    ("why", "fonts", "blocks", "at_once"),
    [
        ("so few cost little, whatever they are", 380, 380, True),
        ("many blocks, in which much is opened again", 600, 8_000, False),
        ("many blocks and little formatting", 10, 8_000, True),
    ],
)
def test_formatting_that_is_never_closed_is_read_at_once_only_if_it_costs_little(
    why: str, fonts: int, blocks: int, at_once: bool
) -> None:
    opened = b"".join(b"&lt;font a=%d>" % n for n in range(fonts)) + b"&lt;p>x" * blocks
    body = b"<rss version='2.0'><channel><item><description>%s</description></item></channel></rss>" % opened
    began = time.process_time()
    read = feeds.quick(Fetched(200, body))
    assert (read is not None) is at_once, why
    assert time.process_time() - began < 0.5
