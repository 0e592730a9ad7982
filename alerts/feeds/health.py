"""How a feed does, and when somebody is told.  Pure.

::

    new ─▶ healthy ◀──▶ silent          it answers; silent says nothing new for ten times its own rhythm
              │ ▲
              ▼ │ the first good answer
           failing ─▶ backing off       it does not; from the third time on it is asked much less
              ├─────▶ quarantined       three times in a row what came was no feed, or was not safe to take
              └─────▶ gone              three times in a row 410: it is asked no more

A change is told once, and so is the recovery; nothing is told at every poll.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from alerts.feeds.rhythm import Rhythm
from alerts.model import Fault, Feed, FeedState, Health

BACKING_OFF_AFTER = 3
"""How many failures in a row make a feed one that is backed off from."""

FOR_GOOD_AFTER = 3
"""How many times in a row 410 means gone, and a body that is no feed or not safe means quarantine."""

SILENT_AFTER = 10
"""How many times the usual gap between two entries is silence."""

SILENT_AT_LEAST = timedelta(days=3)
"""A weekend is no silence."""

SILENT_UNKNOWN = timedelta(days=30)
"""What is silence for a feed whose rhythm is not known."""


def judge(failures: int, fault: Fault, strikes: int, *, silent: bool) -> Health:
    """Say how a feed does, that was polled."""
    if fault == "gone" and strikes >= FOR_GOOD_AFTER:
        return "gone"
    if fault == "content" and strikes >= FOR_GOOD_AFTER:
        return "quarantined"
    if failures >= BACKING_OFF_AFTER:
        return "backing off"
    if failures:
        return "failing"
    return "silent" if silent else "healthy"


def is_silent(rhythm: Rhythm, now: datetime) -> bool:
    """Whether a feed has said nothing new for much longer than it usually does."""
    if rhythm.last_new is None:
        return False
    usual = max(rhythm.gap * SILENT_AFTER, SILENT_AT_LEAST) if rhythm.gap else SILENT_UNKNOWN
    return now - rhythm.last_new > usual


def notice(feed: Feed, before: FeedState | None, after: FeedState) -> tuple[str, ...]:
    """Say what an operator must know of a poll and was not told yet."""
    told = f'feed "{feed.id}": '
    was = before.health if before else "new"
    lines = []
    if after.health != was and not (was == "new" and after.health == "healthy"):
        lines.append(told + _changed(was, before, after))
    elif not after.failures and after.reason and not (before and before.reason == after.reason):
        lines.append(told + after.reason)
    if after.adopted and not (before and before.adopted == after.adopted):
        lines.append(f"{told}moved for good to {shown(after.adopted)}, which is asked from now on")
    if after.missed and not (before and before.missed and after.missed - before.missed < timedelta(days=1)):
        lines.append(told + _missed(after.missed))
    return tuple(lines)


def why(feed: Feed, state: FeedState, now: datetime) -> str:
    """Put what is wrong with a feed, or odd about it, in words for the table."""
    parts = [state.reason] if state.reason else []
    if state.health == "silent" and state.last_new:
        parts.append(_silent(state, now))
    if state.failures > 1 and state.health != "gone":
        parts.append(f"{state.failures} times in a row")
    if state.missed and now - state.missed < timedelta(days=7):
        parts.append(_missed(state.missed))
    if state.adopted and state.home == feed.url:
        parts.append(f"moved to {shown(state.adopted)}; write it into config/feeds.yaml")
    return "; ".join(parts)


def shown(url: str) -> str:
    """Give an address as it may be shown: what stands after the question mark may be a key.

    >>> shown("https://example.org/rss?token=t0p"), shown("https://example.org/rss")
    ('https://example.org/rss?…', 'https://example.org/rss')
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{'?…' if parts.query else ''}"


def _changed(was: Health, before: FeedState | None, after: FeedState) -> str:
    """Say how a feed does now that it did not before."""
    if after.health == "failing":
        return after.reason
    if after.health in ("backing off", "quarantined", "gone"):
        asked = "asked no more" if after.health == "gone" else f"asked again in {length(_wait(after))}"
        return f"{after.health}, after {after.failures} polls in a row that went wrong; {asked}: {after.reason}"
    if after.health == "silent":
        return f"silent: {_silent(after, after.last_poll or after.next_poll)}"
    if was == "silent":
        return "healthy again: it has something new"
    polls = before.failures if before else 0
    return f"healthy again, after {polls} {'poll' if polls == 1 else 'polls'} that went wrong"


def _wait(state: FeedState) -> timedelta:
    return state.next_poll - (state.last_poll or state.next_poll)


def _silent(state: FeedState, now: datetime) -> str:
    usual = f", where {length(state.gap)} is usual" if state.gap else ""
    return f"nothing new for {length(now - (state.last_new or now))}{usual}"


def _missed(at: datetime) -> str:
    return (
        f"entries may have been missed before {at:%m-%d %H:%M}: none of what was there had been there at the last poll"
    )


def length(span: timedelta) -> str:
    """Give a span of time in its largest unit.

    >>> length(timedelta(hours=26)), length(timedelta(minutes=90)), length(timedelta(seconds=40))
    ('26 h', '90 min', '40 s')
    """
    seconds = int(span.total_seconds())
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size or seconds == size:
            count = round(seconds / size)
            return f"{count} {'day' if unit == 'days' and count == 1 else unit}"
    return f"{seconds} s"
