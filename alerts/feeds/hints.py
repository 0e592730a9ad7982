"""What a feed says about how often to ask: RSS's ttl, skipHours and skipDays, and the syndication module.  Pure.

The elements are looked for in the bytes in front of the first entry, and not in what a parser made of them: feedparser
keeps only the last hour of ``skipHours``, and so both ways of reading a feed say the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

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


@dataclass(frozen=True, slots=True)
class Hints:
    """How often a feed wants to be asked.  Hours and days are of UTC; a day is 0 for Monday to 6 for Sunday.

    ``ttl`` is how long what it says may be kept, ``updates`` how long it takes it to say something new.
    """

    ttl: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    updates: timedelta | None = None


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
