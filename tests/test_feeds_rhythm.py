"""How often a feed is asked: what it says of itself, what its server says, what we learn, and what we may have missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import feeds
from alerts.errors import FetchError
from alerts.feeds import freshness, hints, rhythm
from alerts.feeds.rhythm import Rhythm
from alerts.model import Article, Feed, FeedState, Fetched, Hints

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)  # a Wednesday
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NONE = timedelta(0)
FEED = Feed("one", "https://outlet.example/rss", "Outlet", every=None)
FIXED = replace(FEED, every=15 * MINUTE)
GOOD = Fetched(200, b"x", '"e"', "", FEED.url)


def article(id_: str, published: datetime | None = None) -> Article:
    return Article(id_, "v", "one", "Outlet", "", id_, "", NOW, published)


def entries(count: int, every: timedelta, newest: datetime = NOW) -> list[Article]:
    return [article(f"{newest - n * every:%d%H%M%S}", newest - n * every) for n in range(count)]


# ── what the server says ─────────────────────────────────────────────────────────────────────────────────────────────

AT_8, AT_9 = "Wed, 01 Jul 2026 08:00:00 GMT", "Wed, 01 Jul 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("why", "control", "expires", "date", "age", "fresh"),
    [
        ("nothing is said", "", "", "", "", None),
        ("max-age", "max-age=600", "", "", "", 10 * MINUTE),
        ("names have no case", "Public, MAX-AGE=600", "", "", "", 10 * MINUTE),
        ("the shared caches' own is not ours", "s-maxage=600", "", "", "", None),
        ("nor does it go before ours", "s-maxage=600, max-age=60", "", "", "", MINUTE),
        ("quoted", 'max-age="600"', "", "", "", 10 * MINUTE),
        ("blanks around", " max-age = 600 , public", "", "", "", 10 * MINUTE),
        ("a comma in a quoted text", 'ext="a, max-age=1", max-age=600', "", "", "", 10 * MINUTE),
        ("the first of two", "max-age=60, max-age=600", "", "", "", MINUTE),
        ("none", "max-age=0", "", "", "", NONE),
        ("less than none", "max-age=-1", "", "", "", NONE),
        ("a half is no number", "max-age=1.5", "", "", "", NONE),
        ("nor is a word", "max-age=soon", "", "", "", NONE),
        ("nor is nothing", "max-age", "", "", "", NONE),
        ("a year is a day to us", "max-age=31536000", "", "", "", DAY),
        ("so is more than any number", "max-age=" + "9" * 400, "", "", "", DAY),
        ("no-cache goes before it", "no-cache, max-age=600", "", "", "", NONE),
        ("of some headers it is not about us", 'no-cache="set-cookie", max-age=600', "", "", "", 10 * MINUTE),
        ("so does no-store", "max-age=600, no-store", "", "", "", NONE),
        ("its time in caches is over", "max-age=600", "", "", "100", 500 * SECOND),
        ("it may be all over", "max-age=600", "", "", "700", NONE),
        ("of two ages, the first", "max-age=600", "", "", "100, 0", 500 * SECOND),
        ("the oldest form of a date", "", "Wed Jul  1 09:00:00 2026", AT_8, "", HOUR),
        ("a date that is none", "", "Wed, 32 Jul 2026 09:00:00 GMT", AT_8, "", NONE),
        ("an age that is no number", "max-age=600", "", "", "old", 10 * MINUTE),
        ("Expires", "", AT_9, AT_8, "", HOUR),
        ("max-age goes before it", "max-age=60", AT_9, AT_8, "", MINUTE),
        ("whatever it is", "max-age=x", AT_9, AT_8, "", NONE),
        ("past", "", AT_8, AT_9, "", NONE),
        ("the number that people write", "", "0", AT_8, "", NONE),
        ("without a date we cannot know", "", AT_9, "", "", NONE),
        ("an old form of the date", "", "Wednesday, 01-Jul-26 09:00:00 GMT", AT_8, "", HOUR),
        ("in another zone is not as HTTP writes it", "", "Wed, 01 Jul 2026 10:00:00 +0100", AT_8, "", NONE),
    ],
)
def test_for_how_long_an_answer_is_fresh(
    why: str, control: str, expires: str, date: str, age: str, fresh: timedelta | None
) -> None:
    assert freshness.lifetime(control, expires, date, age) == fresh, why


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=30), st.text(max_size=10))
def test_whatever_is_said_is_a_time_or_nothing(control: str, expires: str, date: str, age: str) -> None:
    fresh = freshness.lifetime(control, expires, date, age)
    assert fresh is None or NONE <= fresh <= DAY


def test_nothing_is_asked_while_it_is_fresh() -> None:
    state = feeds.after_success(FIXED, None, replace(GOOD, fresh=HOUR), NOW)
    assert not feeds.is_due(state, NOW + HOUR - SECOND), "not even a second early"
    assert feeds.is_due(state, NOW + HOUR)
    brief = feeds.after_success(FIXED, None, replace(GOOD, fresh=MINUTE), NOW)
    assert not feeds.is_due(brief, NOW + 10 * MINUTE), "and never more often than we would"


# ── what the feed says ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("why", "said", "least"),
    [
        ("nothing", Hints(), NONE),
        ("ttl", Hints(ttl=HOUR), HOUR),
        ("the updates of the syndication module", Hints(updates=2 * HOUR), 2 * HOUR),
        ("the longer of both", Hints(ttl=HOUR, updates=2 * HOUR), 2 * HOUR),
        ("a day at most", Hints(ttl=400 * DAY), DAY),
        ("never less than nothing", Hints(ttl=-DAY), NONE),
    ],
)
def test_the_shortest_interval_that_a_feed_asks_for(why: str, said: Hints, least: timedelta) -> None:
    assert hints.least(said) == least, why
    state = feeds.after_success(FIXED, None, GOOD, NOW, hints=said)
    assert state.next_poll == NOW + max(least, 15 * MINUTE), why
    unchanged = feeds.after_success(FIXED, state, Fetched(304), NOW + DAY)
    assert unchanged.next_poll == NOW + DAY + max(least, 15 * MINUTE), "a 304 has no body to say it again"


@pytest.mark.parametrize(
    ("why", "said", "at", "allowed"),
    [
        ("no hour is skipped", Hints(), NOW, NOW),
        ("another hour", Hints(skip_hours=(9,)), NOW, NOW),
        ("this hour", Hints(skip_hours=(8,)), NOW + MINUTE, NOW + HOUR),
        (
            "three in a row, over midnight",
            Hints(skip_hours=(23, 0, 1)),
            NOW.replace(hour=23, minute=5),
            NOW + 18 * HOUR,
        ),
        ("a day", Hints(skip_days=(2,)), NOW, NOW + 16 * HOUR),
        ("the weekend", Hints(skip_days=(5, 6)), NOW + 3 * DAY, (NOW + 5 * DAY).replace(hour=0)),
        ("a day, and the first hour after it", Hints(skip_hours=(0,), skip_days=(2,)), NOW, NOW + 17 * HOUR),
        ("all hours are a mistake", Hints(skip_hours=tuple(range(24))), NOW, NOW),
        ("all days too", Hints(skip_days=tuple(range(7))), NOW, NOW),
    ],
)
def test_hours_and_days_that_are_skipped(why: str, said: Hints, at: datetime, allowed: datetime) -> None:
    assert hints.allowed(said, at) == allowed, why


@given(
    st.builds(
        Hints, skip_hours=st.lists(st.integers(0, 23)).map(tuple), skip_days=st.lists(st.integers(0, 6)).map(tuple)
    ),
    st.integers(0, 366 * 86_400).map(lambda seconds: NOW + seconds * SECOND),
)
def test_there_is_always_a_time_and_it_is_the_first(said: Hints, at: datetime) -> None:
    when = hints.allowed(said, at)
    assert at <= when < at + 8 * DAY
    assert not hints.skips(said, when)
    assert when == at or hints.skips(said, when - SECOND)


def test_a_run_that_comes_late_does_not_ask_in_an_hour_that_is_skipped() -> None:
    state = feeds.after_success(FIXED, None, GOOD, NOW.replace(minute=30), hints=Hints(skip_hours=(9,)))
    assert feeds.is_due(state, NOW.replace(minute=59))
    assert not feeds.is_due(state, NOW.replace(hour=9))
    assert feeds.is_due(state, NOW.replace(hour=10))


def test_a_watch_that_runs_in_a_skipped_hour_alone_asks_once_a_week() -> None:
    """Nothing stops for ever because of a wish."""
    state = feeds.after_success(FIXED, None, GOOD, NOW, hints=Hints(skip_hours=(8,)))
    assert [day for day in range(1, 9) if feeds.is_due(state, NOW + day * DAY)] == [8]


def test_an_hour_that_is_skipped_is_skipped_to_the_second() -> None:
    state = feeds.after_success(FIXED, None, GOOD, NOW.replace(minute=50), hints=Hints(skip_hours=(9,)))
    assert state.next_poll == NOW.replace(hour=10)
    assert not feeds.is_due(state, NOW.replace(hour=9, minute=59, second=59))


def test_retry_after_is_kept_to_the_second() -> None:
    error = FetchError("429 Too Many Requests", status=429, retry_after=5 * HOUR)
    state = feeds.after_failure(FIXED, None, error, NOW)
    assert not feeds.is_due(state, NOW + 5 * HOUR - SECOND)
    assert feeds.is_due(state, NOW + 5 * HOUR)


# ── what we learn ────────────────────────────────────────────────────────────────────────────────────────────────────


def interval(state: FeedState) -> timedelta:
    return state.next_poll - (state.last_poll or state.next_poll)


@pytest.mark.parametrize(
    ("why", "made", "wanted"),
    [
        ("an agency: every two minutes", entries(30, 2 * MINUTE), 5 * MINUTE),
        ("a newspaper: every half hour", entries(20, 30 * MINUTE), 15 * MINUTE),
        ("a ministry: twice a day", entries(10, 12 * HOUR), 6 * HOUR),
        ("a weekly", entries(10, 7 * DAY), DAY),
        ("one that has said nothing for six hours", entries(20, 2 * MINUTE, NOW - 6 * HOUR), 30 * MINUTE),
        ("one that died last year", entries(20, HOUR, NOW - 400 * DAY), DAY),
        ("no entries", [], HOUR),
        ("no dates", [article("a"), article("b"), article("c")], HOUR),
        ("the same date for all", [article(str(n), NOW) for n in range(9)], HOUR),
        ("two dates are no rhythm", entries(2, MINUTE), HOUR),
    ],
)
def test_the_interval_is_learnt_from_the_dates(why: str, made: list[Article], wanted: timedelta) -> None:
    learnt = interval(feeds.after_success(FEED, None, GOOD, NOW, made=made))
    assert wanted <= learnt <= min(wanted * 1.1 + SECOND, DAY), why
    assert interval(feeds.after_success(FIXED, None, GOOD, NOW, made=made)) == 15 * MINUTE, "unless it is set"


def test_a_server_without_validators_is_asked_once_an_hour_at_most() -> None:
    bare = Fetched(200, b"x", url=FEED.url)
    assert interval(feeds.after_success(FEED, None, bare, NOW, made=entries(30, MINUTE))) >= HOUR
    assert interval(feeds.after_success(FIXED, None, bare, NOW)) == 15 * MINUTE, "unless it is set"


def test_without_dates_we_count_what_is_new() -> None:
    """Six new entries an hour: ten minutes apart, so every five minutes."""
    state, now = feeds.after_success(FEED, None, GOOD, NOW, made=[article(str(n)) for n in range(20)]), NOW
    for turn in range(1, 12):
        now += HOUR
        made = [article(str(n)) for n in range(turn * 6, turn * 6 + 20)]
        state = feeds.after_success(FEED, state, GOOD, now, made=made)
    assert state.gap == 10 * MINUTE
    assert 5 * MINUTE <= interval(state) <= 5.5 * MINUTE + SECOND


def test_silence_makes_it_slower_step_by_step() -> None:
    state, now = feeds.after_success(FEED, None, GOOD, NOW, made=entries(20, 10 * MINUTE)), NOW
    waits = []
    while now < NOW + 20 * DAY:
        waits.append(interval(state))
        now = state.next_poll
        state = feeds.after_success(FEED, state, Fetched(304), now)
    assert waits == sorted(waits)
    assert waits[0] < 6 * MINUTE
    assert waits[-1] == DAY


@given(st.lists(st.integers(0, 60 * 24 * 60), max_size=40), st.integers(0, 10**7), st.booleans())
def test_what_is_learnt_is_between_five_minutes_and_a_day(ages: list[int], later: int, validators: bool) -> None:
    made = [article(str(n), NOW - age * MINUTE) for n, age in enumerate(ages)]
    beat = rhythm.learn(Rhythm(), made, None, NOW)
    wait = rhythm.interval(beat, validators=validators, missed=None, now=NOW + later * SECOND)
    assert rhythm.SHORTEST <= wait <= rhythm.LONGEST


def test_feeds_do_not_go_in_step() -> None:
    """Two hundred that are alike come back over more than a minute of their twenty."""
    made = entries(20, 40 * MINUTE)
    alike = [replace(FEED, id=f"feed-{n}") for n in range(200)]
    waits = [interval(feeds.after_success(feed, None, GOOD, NOW, made=made)) for feed in alike]
    assert max(waits) - min(waits) > 1.5 * MINUTE
    failed = [interval(feeds.after_failure(feed, None, FetchError("503", status=503), NOW)) for feed in alike]
    assert max(failed) - min(failed) > 20 * MINUTE
    assert min(failed) >= 2 * HOUR, "and never earlier than without it"


# ── what we may have missed ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("why", "before", "after", "missed"),
    [
        ("one of those of the last poll is there still", "abc", "cde", False),
        ("none of them is", "abc", "def", True),
        ("nothing is there now", "abc", "", False),
        ("nothing was there before", "", "abc", False),
        ("the same", "abc", "abc", False),
        ("in another order", "abc", "cba", False),
    ],
)
def test_when_entries_may_have_been_missed(why: str, before: str, after: str, missed: bool) -> None:
    first = feeds.after_success(FEED, None, GOOD, NOW, made=[article(id_) for id_ in before])
    second = feeds.after_success(FEED, first, GOOD, NOW + HOUR, made=[article(id_) for id_ in after])
    assert (second.missed == NOW + HOUR) is missed, why


def test_a_gap_is_told_once_and_the_feed_is_asked_sooner() -> None:
    made = entries(20, DAY)
    state = feeds.after_success(FEED, None, GOOD, NOW, made=made)
    later = NOW + 2 * HOUR
    burst = [article(f"b{n}", later - n * DAY) for n in range(20)]
    after = feeds.after_success(FEED, state, GOOD, later, made=burst)
    assert feeds.notice(FEED, state, after) == (
        'feed "one": entries may have been missed before 07-01 10:00: none of what was there had been there at the last poll',
    )
    assert HOUR <= interval(after) <= 1.1 * HOUR + SECOND, (
        "half of the two hours, where its rhythm would have been twelve"
    )
    again = feeds.after_success(FEED, after, GOOD, later + HOUR, made=[article(f"c{n}") for n in range(20)])
    assert again.missed == later + HOUR
    assert feeds.notice(FEED, after, again) == ()
    assert "entries may have been missed before 07-01 11:00" in feeds.why(FEED, again, later + HOUR)
    assert feeds.why(FEED, again, later + 8 * DAY) == ""


def test_a_gap_makes_a_fixed_interval_the_longest_for_a_day() -> None:
    feed = replace(FEED, every=6 * HOUR)
    state = feeds.after_success(feed, None, GOOD, NOW, made=entries(20, 15 * MINUTE))
    assert interval(state) == 6 * HOUR
    gap = NOW + 6 * HOUR
    after = feeds.after_success(feed, state, GOOD, gap, made=entries(20, 15 * MINUTE, gap))
    assert after.missed == gap
    assert 7 * MINUTE <= interval(after) <= 8.5 * MINUTE, "half of the quarter of an hour in which it has something new"
    calm = feeds.after_success(feed, after, GOOD, gap + 23 * HOUR, made=entries(20, 15 * MINUTE, gap))
    assert interval(calm) < 6 * HOUR
    over = feeds.after_success(feed, calm, GOOD, gap + 25 * HOUR, made=entries(20, 15 * MINUTE, gap))
    assert interval(over) == 6 * HOUR


def test_a_gap_makes_no_feed_slower_than_its_fixed_interval() -> None:
    feed = replace(FEED, every=2 * MINUTE)
    state = feeds.after_success(feed, None, GOOD, NOW, made=entries(5, DAY))
    after = feeds.after_success(feed, state, GOOD, NOW + DAY, made=[article(f"x{n}") for n in range(5)])
    assert after.missed
    assert interval(after) == 2 * MINUTE


def test_a_poll_that_failed_in_between_hides_no_gap() -> None:
    state = feeds.after_success(FEED, None, GOOD, NOW, made=entries(5, HOUR))
    failed = feeds.after_failure(FEED, state, FetchError("500", status=500), NOW + HOUR)
    after = feeds.after_success(FEED, failed, GOOD, NOW + 9 * DAY, made=entries(5, HOUR, NOW + 9 * DAY))
    assert after.missed == NOW + 9 * DAY


def test_the_window_of_a_large_feed_stays_small() -> None:
    state = feeds.after_success(FEED, None, GOOD, NOW, made=[article(str(n)) for n in range(5_000)])
    assert len(state.window) == 8_000
    after = feeds.after_success(FEED, state, GOOD, NOW + HOUR, made=[article(str(n)) for n in range(4_000, 9_000)])
    assert after.missed is None
