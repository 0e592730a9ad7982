"""How a feed does: the walk through its states, what is told of it and when, and where a feed that moves is asked."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import feeds
from alerts.adapters.codec import Codec
from alerts.errors import FetchError, ParseError
from alerts.feeds import health, redirects
from alerts.feeds.redirects import Where
from alerts.model import Article, Feed, FeedState, Fetched, Moved

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FEED = Feed("one", "https://outlet.example/rss", "Outlet", every=HOUR)
BROKEN = FetchError("500 Internal Server Error", status=500)
NO_FEED = ParseError("the body is empty")
BOMB = FetchError("body is larger than 20 MB", fault="content")
GONE = FetchError("410 Gone", status=410)
GOOD = Fetched(200, b"x", '"e"', "m", FEED.url)
Answer = FetchError | ParseError | Fetched


def article(id_: str, published: datetime | None = None) -> Article:
    return Article(id_, "v", "one", "Outlet", "", id_, "", NOW, published)


def walk(answers: Sequence[Answer], state: FeedState | None = None) -> tuple[list[FeedState], list[str]]:
    """Give the states after each answer, each polled when it was due, and all that was told."""
    states, lines, now = [], [], NOW
    for got in answers:
        now = max(now, state.next_poll) if state else now
        if isinstance(got, Fetched):
            after = feeds.after_success(FEED, state, got, now)
        else:
            after = feeds.after_failure(FEED, state, got, now)
        lines += feeds.notice(FEED, state, after)
        states.append(after)
        state = after
    return states, lines


@pytest.mark.parametrize(
    ("why", "answers", "healths"),
    [
        ("one that works", [GOOD, GOOD], ["healthy", "healthy"]),
        ("one failure, or two", [GOOD, BROKEN, BROKEN], ["healthy", "failing", "failing"]),
        ("three are no accident", [BROKEN] * 4, ["failing", "failing", "backing off", "backing off"]),
        ("and one good answer ends it", [BROKEN] * 3 + [GOOD], ["failing", "failing", "backing off", "healthy"]),
        ("bodies that are no feed", [NO_FEED] * 3, ["failing", "failing", "quarantined"]),
        ("or not safe to take", [BOMB, NO_FEED, BOMB], ["failing", "failing", "quarantined"]),
        (
            "which must be in a row",
            [NO_FEED, NO_FEED, BROKEN, NO_FEED],
            ["failing", "failing", "backing off", "backing off"],
        ),
        ("410 three times", [GONE] * 3, ["failing", "failing", "gone"]),
        ("two are not enough", [GONE, GONE, GOOD, GONE], ["failing", "failing", "healthy", "failing"]),
    ],
)
def test_how_a_feed_does(why: str, answers: list[Answer], healths: list[str]) -> None:
    states, _ = walk(answers)
    assert [state.health for state in states] == healths, why


def test_since_when_it_is_so() -> None:
    states, _ = walk([GOOD, GOOD, BROKEN, BROKEN, BROKEN])
    assert [state.since == state.last_poll for state in states] == [True, False, True, False, True]
    assert states[-1].last_good == states[1].last_poll


def test_what_may_not_be_read_is_asked_once_a_day() -> None:
    states, _ = walk([NO_FEED] * 3)
    assert states[1].next_poll - states[1].last_poll < DAY  # type: ignore[operator]
    assert DAY <= states[2].next_poll - states[2].last_poll < 1.25 * DAY + MINUTE  # type: ignore[operator]


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_change_is_told_once_and_the_recovery_once() -> None:
    _, lines = walk([GOOD, GOOD, *[BROKEN] * 40, GOOD, GOOD])
    assert lines[0] == 'feed "one": 500 Internal Server Error'
    assert lines[1].startswith('feed "one": backing off, after 3 polls in a row that went wrong; asked again in ')
    assert lines[1].endswith(" h: 500 Internal Server Error")
    assert lines[2:] == ['feed "one": healthy again, after 40 polls that went wrong']


def test_what_is_told_of_a_feed_that_is_gone() -> None:
    _, lines = walk([GOOD, GONE, GONE, GONE])
    reason = "410 Gone: the feed is gone for good; take it out of config/feeds.yaml"
    assert lines == [
        f'feed "one": {reason}',
        f'feed "one": gone, after 3 polls in a row that went wrong; asked no more: {reason}',
    ]


@given(st.lists(st.sampled_from([GOOD, BROKEN, NO_FEED, BOMB, GONE]), max_size=30))
def test_there_is_a_line_for_each_change_and_for_nothing_else(answers: list[Answer]) -> None:
    states, lines = walk(answers)
    healths = ["new", *(state.health for state in states)]
    changes = [(was, now) for was, now in itertools.pairwise(healths) if was != now]
    assert len(lines) == len([change for change in changes if change != ("new", "healthy")])
    assert all(line.startswith('feed "one": ') for line in lines)


def test_a_problem_that_stays_is_told_once() -> None:
    now, state, lines = NOW, None, []
    for problem in ("malformed XML", "malformed XML", "", "malformed XML"):
        after = feeds.after_success(FEED, state, GOOD, now, problem=problem)
        lines += feeds.notice(FEED, state, after)
        state, now = after, now + HOUR
    assert lines == ['feed "one": malformed XML'] * 2
    assert state is not None
    unchanged = feeds.after_success(FEED, state, Fetched(304), now)
    assert unchanged.reason == "malformed XML", "304: what it has is what it had"


# ── silence ──────────────────────────────────────────────────────────────────────────────────────────────────────────

DAILY = [article(str(n), NOW - n * DAY) for n in range(10)]


def test_a_feed_that_says_nothing_for_ten_times_its_gap_is_silent() -> None:
    state = feeds.after_success(FEED, None, GOOD, NOW, made=DAILY)
    assert (state.gap, state.last_new) == (DAY, NOW)
    still = feeds.after_success(FEED, state, Fetched(304), NOW + 10 * DAY)
    assert still.health == "healthy"
    silent = feeds.after_success(FEED, still, Fetched(304), NOW + 11 * DAY)
    assert feeds.notice(FEED, still, silent) == ('feed "one": silent: nothing new for 11 days, where 1 day is usual',)
    again = feeds.after_success(FEED, silent, GOOD, NOW + 12 * DAY, made=[article("new", NOW + 12 * DAY), *DAILY])
    assert feeds.notice(FEED, silent, again) == ('feed "one": healthy again: it has something new',)


@pytest.mark.parametrize(
    ("why", "gap", "quiet", "silent"),
    [
        ("a weekend is no silence", HOUR, 3 * DAY, False),
        ("a long one is", HOUR, 3 * DAY + HOUR, True),
        ("a weekly may take its time", 7 * DAY, 69 * DAY, False),
        ("a feed whose rhythm is not known", None, 30 * DAY, False),
        ("but not for ever", None, 31 * DAY, True),
    ],
)
def test_when_a_feed_is_silent(why: str, gap: timedelta | None, quiet: timedelta, silent: bool) -> None:
    assert health.is_silent(health.Rhythm(gap, NOW - quiet), NOW) is silent, why


def test_a_feed_that_never_had_an_entry_is_not_silent() -> None:
    assert not health.is_silent(health.Rhythm(), NOW)


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_why() -> None:
    state = replace(
        walk([BROKEN, BROKEN])[0][-1],
        missed=NOW - DAY,
        adopted="https://new.example/rss?key=secret",
    )
    assert feeds.why(FEED, state, NOW) == (
        "500 Internal Server Error; 2 times in a row; entries may have been missed before 06-30 08:00: none of what was "
        "there had been there at the last poll; moved to https://new.example/rss?…; write it into config/feeds.yaml"
    )
    silent = feeds.after_success(
        FEED, feeds.after_success(FEED, None, GOOD, NOW, made=DAILY), Fetched(304), NOW + 11 * DAY
    )
    assert feeds.why(FEED, silent, NOW + 12 * DAY) == "nothing new for 12 days, where 1 day is usual"
    assert feeds.why(FEED, walk([GOOD])[0][-1], NOW) == ""


# ── where a feed is ──────────────────────────────────────────────────────────────────────────────────────────────────

NEW = "https://new.example/rss"
MOVED = replace(GOOD, url=NEW, permanent=NEW)


def moves(count: int, every: timedelta, got: Fetched = MOVED) -> FeedState:
    state: FeedState | None = None
    for n in range(count):
        state = feeds.after_success(FEED, state, got, NOW + n * every)
    assert state is not None
    return state


@pytest.mark.parametrize(
    ("why", "count", "every", "adopted"),
    [
        ("ten answers in an afternoon are one mistake", 10, HOUR, ""),
        ("nine in two weeks are too few", 9, 2 * DAY, ""),
        ("ten in a week and more are believed", 10, 0.8 * DAY, NEW),
        ("and not on the last hour of the week", 10, 0.7 * DAY, ""),
    ],
)
def test_when_a_permanent_redirect_is_believed(why: str, count: int, every: timedelta, adopted: str) -> None:
    assert moves(count, every).adopted == adopted, why


def test_a_redirect_that_changes_its_mind_begins_again() -> None:
    before = moves(9, DAY)
    other = feeds.after_success(FEED, before, replace(MOVED, permanent="https://third.example/"), NOW + 9 * DAY)
    assert other.moved == Moved("https://third.example/", NOW + 9 * DAY)
    home = feeds.after_success(FEED, before, GOOD, NOW + 9 * DAY)
    assert (home.adopted, home.moved) == ("", None)


def test_what_was_adopted_is_asked_and_told() -> None:
    before, after = moves(9, DAY), moves(10, DAY)
    assert feeds.notice(FEED, before, after) == (f'feed "one": moved for good to {NEW}, which is asked from now on',)
    request = feeds.request(FEED, after)
    assert (request.asked, request.validated, request.etag) == (NEW, NEW, '"e"')
    again = feeds.after_success(FEED, after, Fetched(304, url=NEW), NOW + 10 * DAY)
    assert again.adopted == NEW
    assert feeds.notice(FEED, after, again) == ()


def test_an_adopted_address_that_fails_is_given_up() -> None:
    state = moves(10, DAY)
    for failed in (1, 2, 3):
        assert feeds.request(FEED, state).asked == NEW
        state = feeds.after_failure(FEED, state, BROKEN, NOW + (10 + failed) * DAY)
    request = feeds.request(FEED, state)
    assert request.asked == FEED.url
    assert request.validated == NEW, "the validators are still those of the other address, and go to no other"


@pytest.mark.parametrize(
    ("old", "new", "at_once"),
    [
        ("http://a.example/rss", "https://a.example/rss", True),
        ("http://A.example:80/rss", "https://a.example/rss", True),
        ("http://a.example", "https://a.example/", True),
        ("http://a.example/rss", "https://www.a.example/rss", False),
        ("http://a.example/rss", "https://a.example/feed", False),
        ("http://a.example/rss?a=1", "https://a.example/rss?a=2", False),
        ("https://a.example/rss", "http://a.example/rss", False),
        ("https://a.example/rss", "https://a.example/rss", False),
    ],
)
def test_https_is_believed_at_once(old: str, new: str, at_once: bool) -> None:
    assert redirects.is_upgrade(old, new) is at_once
    where = redirects.after_answer(old, new, Where(), NOW)
    assert where.adopted == (new if at_once else "")


def test_the_file_is_written_anew() -> None:
    """Where the feed is already known by the new address, nothing begins again."""
    state = moves(10, DAY)
    moved = replace(FEED, url=NEW)
    settled = feeds.settled(moved, state)
    assert settled == replace(state, home=NEW, adopted="", moved=None)
    assert feeds.request(moved, settled).validated == NEW
    assert feeds.settled(replace(FEED, url="https://quite.another.example/"), state) is None
    assert feeds.settled(FEED, state) == state
    old = FeedState("one", NOW, '"e"')
    assert feeds.settled(FEED, old) == old, "what an older version wrote has no home"


def test_what_an_older_version_wrote_is_read() -> None:
    old = '{"feed":"one","next_poll":"2026-07-01T08:00:00Z","etag":"\\"e\\"","modified":"m","last_good":null,"failures":4}'
    state = feeds.settled(FEED, Codec(FeedState).decode(old))
    assert state is not None
    assert feeds.request(FEED, state).etag == '"e"'
    after = feeds.after_success(FEED, state, Fetched(304, url=FEED.url), NOW)
    assert (after.health, after.etag, after.home) == ("healthy", '"e"', FEED.url)
    assert Codec(FeedState).decode(Codec(FeedState).encode(after)) == after


# ── a server that was not asked ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("before", [None, walk([GOOD])[0][0], walk([GOOD, BROKEN])[0][1]])
def test_a_feed_that_was_not_asked_is_no_worse_for_it(before: FeedState | None) -> None:
    held = FetchError("its host is to be left alone for now", retry_after=10 * MINUTE, fault="held")
    after = feeds.after_failure(FEED, before, held, NOW + DAY)
    assert after.next_poll == after.not_before == NOW + DAY + 10 * MINUTE
    known = before or FeedState("one", NOW)
    assert (after.failures, after.health, after.reason) == (known.failures, known.health, known.reason)
    assert feeds.notice(FEED, before, after) == ()
    assert not feeds.is_due(after, NOW + DAY + 9 * MINUTE)
    assert feeds.is_due(after, NOW + DAY + 10 * MINUTE)
