"""What a feed says of itself about when to ask.  Pure.

RSS 2.0 has ``ttl``, ``skipHours`` and ``skipDays``; the syndication module of RSS 1.0 has ``sy:updatePeriod`` and
``sy:updateFrequency``.  All of them ask for less, so none of them makes a poll come sooner.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.model import Hints

__all__ = ["LONGEST", "NONE", "Hints", "allowed", "least", "skips"]

NONE = Hints()
"""What most feeds say."""

LONGEST = timedelta(hours=24)
"""The most that a ``ttl`` or the like is believed: a feed must not take itself out of the news by a typing error."""

_HOUR = timedelta(hours=1)


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
        at = at.replace(minute=0, second=0, microsecond=0) + _HOUR
        hours += 1
    return at
