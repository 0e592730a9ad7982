"""Dates as feeds write them.  Pure.

The two common spellings are read here, because nearly all dates are of one of them; feedparser reads the others, whose
like it has met for twenty years: without a zone, in words of other languages, with the day and the month changed.
"""

from __future__ import annotations

import calendar
import contextlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from feedparser.datetimes import _parse_date  # not in its documentation; the corpus of dates would show if it went

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 100
_MAIL = re.compile(
    r"(?:[A-Za-z]{3},\s+)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+(\d\d):(\d\d):(\d\d)\s+(?:([A-Z]{1,3})|([+-])(\d\d)(\d\d))",
    re.ASCII,
)
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_FRACTION = re.compile(r"\.\d+")
_ZONES = {"GMT": 0, "UTC": 0, "UT": 0, "Z": 0}
_ZONES |= {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_MONTHS = dict(zip("jan feb mar apr may jun jul aug sep oct nov dec".split(), range(1, 13), strict=True))


def read(said: str) -> datetime | None:
    """Read a date, in UTC; ``None`` if it is none.  Parts of a second are left out.

    >>> read("Wed, 01 Jul 2026 10:00:00 +0200")
    datetime.datetime(2026, 7, 1, 8, 0, tzinfo=datetime.timezone.utc)
    """
    stripped = said.strip()[:_LONGEST]
    if not stripped:
        return None
    found = None
    with contextlib.suppress(ValueError, OverflowError):  # a day of no calendar, or a leap second
        found = _common(stripped)
    return found or from_stamp(_parse_date(stripped))


def from_stamp(stamp: Any) -> datetime | None:
    """Make a time of the nine numbers that feedparser gives."""
    if stamp is None:
        return None
    try:
        return _EPOCH + timedelta(seconds=calendar.timegm(stamp))
    except (ValueError, OverflowError):
        return None


def _common(said: str) -> datetime | None:
    """Read what RFC 822 and RFC 3339 write; ``None`` if it is neither."""
    if _ISO.fullmatch(said):
        return datetime.fromisoformat(_FRACTION.sub("", said)).astimezone(UTC)
    if not (found := _MAIL.fullmatch(said)):
        return None
    day, month, year, hour, minute, second, zone, sign, hours, minutes = found.groups()
    if month.lower() not in _MONTHS or (zone and zone not in _ZONES):
        return None
    at = datetime(int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    east = timedelta(hours=_ZONES[zone] if zone else int(hours), minutes=int(minutes or 0))
    return at + east if sign == "-" else at - east
