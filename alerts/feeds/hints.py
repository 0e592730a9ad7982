"""What a feed says of itself about when to ask.  Pure.

RSS 2.0 has ``ttl``, ``skipHours`` and ``skipDays``; the syndication module of RSS 1.0 has ``sy:updatePeriod`` and
``sy:updateFrequency``.  All of them ask for less, so none of them makes a poll come sooner.

The elements are looked for in the bytes in front of the first entry, and not in what a parser made of them: feedparser
keeps only the last hour of ``skipHours``, and so both ways of reading a feed say the same.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from alerts.model import Hints

__all__ = ["LONGEST", "NONE", "Hints", "allowed", "least", "read", "skips"]

NONE = Hints()
"""What most feeds say."""

LONGEST = timedelta(hours=24)
"""The most that a ``ttl`` or the like is believed: a feed must not take itself out of the news by a typing error."""

_NEXT = timedelta(hours=1)

_HEAD = 65_536
_FIRST_ENTRY = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)[\s>/]")
_TTL = re.compile(rb"<ttl[^>]*>\s*(\d{1,6})\s*</")
_PERIOD = re.compile(rb"<[\w.-]+:updatePeriod[^>]*>\s*(hourly|daily|weekly|monthly|yearly)\s*</", re.IGNORECASE)
_FREQUENCY = re.compile(rb"<[\w.-]+:updateFrequency[^>]*>\s*(\d{1,4})\s*</")
_HOURS = re.compile(rb"<skipHours[^>]*>(.{0,4096}?)</skipHours>", re.DOTALL)
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>")
_DAYS = re.compile(rb"<skipDays[^>]*>(.{0,4096}?)</skipDays>", re.DOTALL)
_DAY = re.compile(rb"<day>\s*(\w+)\s*</day>")

_WEEK = (b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday")
_PERIODS = {
    b"hourly": timedelta(hours=1),
    b"daily": timedelta(days=1),
    b"weekly": timedelta(days=7),
    b"monthly": timedelta(days=30),
    b"yearly": timedelta(days=365),
}


def read(body: bytes) -> Hints:
    """Find the hints in a feed; what cannot be read is as if it were not there.

    >>> read(b"<rss><channel><ttl>60</ttl><item>").ttl
    datetime.timedelta(seconds=3600)
    """
    head = body[:_HEAD]
    first = _FIRST_ENTRY.search(head)
    head = head[: first.start()] if first else head
    ttl = _TTL.search(head)
    return Hints(
        ttl=timedelta(minutes=int(ttl[1])) if ttl and int(ttl[1]) else None,
        skip_hours=_numbers(_HOURS.search(head), _HOUR),
        skip_days=_days(_DAYS.search(head)),
        updates=_updates(head),
    )


def _numbers(found: re.Match[bytes] | None, each: re.Pattern[bytes]) -> tuple[int, ...]:
    """Give the hours; some write 24 for midnight."""
    said = each.findall(found[1]) if found else []
    return tuple(sorted({int(hour) % 24 for hour in said if int(hour) <= 24}))


def _days(found: re.Match[bytes] | None) -> tuple[int, ...]:
    """Give the days as numbers."""
    said = _DAY.findall(found[1]) if found else []
    return tuple(sorted({_WEEK.index(day.lower()) for day in said if day.lower() in _WEEK}))


def _updates(head: bytes) -> timedelta | None:
    """Divide the period by the frequency; a frequency alone counts from the day that is the period's default."""
    period, frequency = _PERIOD.search(head), _FREQUENCY.search(head)
    if not period and not frequency:
        return None
    span = _PERIODS[period[1].lower()] if period else _PERIODS[b"daily"]
    return span / max(1, int(frequency[1])) if frequency else span


def least(hints: Hints) -> timedelta:
    """Give the shortest interval that the feed asks for; zero if it asks for none."""
    asked = (hints.ttl or timedelta(0), hints.updates or timedelta(0))
    return max(timedelta(0), min(max(asked), LONGEST))


def skips(hints: Hints, at: datetime) -> bool:
    """Whether the feed asks not to be read at this time.  One that skips every hour or every day means something else.

    >>> from datetime import UTC
    >>> skips(Hints(skip_hours=(3,)), datetime(2026, 7, 1, 3, 59, tzinfo=UTC))
    True
    """
    hours, days = set(hints.skip_hours), set(hints.skip_days)
    return (at.hour in hours and len(hours) < 24) or (at.weekday() in days and len(days) < 7)


def allowed(hints: Hints, at: datetime) -> datetime:
    """Give the first time from ``at`` on at which the feed may be read."""
    hours = 0
    while skips(hints, at) and hours < 24 * 7:
        at = at.replace(minute=0, second=0, microsecond=0) + _NEXT
        hours += 1
    return at
