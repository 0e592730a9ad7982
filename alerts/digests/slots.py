"""When a digest is due, on the clock on the subscriber's wall, and when nobody is to be woken.  Pure.

Every cadence is a cron expression of five fields; ``cron`` writes it for ``hourly``, ``daily at 07:30`` and the others.
cronsim reads it as Debian's cron does (man 8 cron): a time that the clock skips in spring is the first instant after
the gap, one that it shows twice in autumn is its first, and an hour of ``*`` is every hour that passes.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import dropwhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from alerts.model import Subscription

SET_BACK = timedelta(hours=25)
"""The most that a clock was ever set back: so far after ``now`` on the wall may stand what is past all the same."""

NAMES_OF_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def cron(days: str, at: time) -> str:
    """Write the cron expression for a time on some days: ``*``, or numbers of days of the week, 1 for Monday.

    >>> cron("1-5", time(7, 30))
    '30 7 * * 1-5'
    """
    return f"{at.minute} {at.hour} * * {days}"


def check_cron(written: str) -> str:
    """Give the expression in one spelling.

    Raises:
        ValueError: It is none, or the day that it names never comes.
    """
    parts = written.split()
    if len(parts) != 5:
        raise ValueError("has not the five fields of cron: minute, hour, day of the month, month, day of the week")
    expression = " ".join(parts)
    try:
        first = next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        raise ValueError(f"is no cron expression: {str(error).lower()}") from None
    if first is None:
        raise ValueError("is a time that never comes")
    return expression


def last_slot(s: Subscription, now: datetime) -> datetime:
    """Give the last slot of the subscription, in UTC, at or before ``now``.

    Raises:
        ValueError: It is not one for a digest: ``s.cron`` is empty.

    >>> s = Subscription("anna", ("iran",), "mail", "mail", cron="30 7 * * *", zone="Europe/Warsaw")
    >>> last_slot(s, datetime(2026, 7, 1, 8, tzinfo=UTC)).isoformat()
    '2026-07-01T05:30:00+00:00'
    """
    return _last_before(_cron(s), s.zone, now)


def next_slot(s: Subscription, now: datetime) -> datetime:
    """Give the first slot of the subscription, in UTC, after ``now``."""
    return _first_after(_cron(s), s.zone, now)


def _cron(s: Subscription) -> str:
    if not s.cron:
        raise ValueError(f'subscription "{s.id}" has no time for a digest')
    return s.cron


@lru_cache(maxsize=4096)
def _last_before(expression: str, zone: str, now: datetime) -> datetime:
    """Walk back from after ``now``: cronsim walks on the wall, where what is past may stand below what is to come."""
    start = (now + SET_BACK).astimezone(ZoneInfo(zone))
    slots = (slot.astimezone(UTC) for slot in CronSim(expression, start, reverse=True))
    return next(dropwhile(lambda slot: slot > now, slots))


@lru_cache(maxsize=4096)
def _first_after(expression: str, zone: str, now: datetime) -> datetime:
    """Walk on from before ``now``, for the same reason."""
    start = (now - SET_BACK).astimezone(ZoneInfo(zone))
    slots = (slot.astimezone(UTC) for slot in CronSim(expression, start))
    return next(dropwhile(lambda slot: slot <= now, slots))


# ── quiet hours ──────────────────────────────────────────────────────────────────────────────────────────────────────


def quiet_until(s: Subscription, when: datetime) -> datetime | None:
    """Give the end of the quiet hours that ``when`` is in; ``None`` if it is in none.

    They have begun if their beginning was on the wall later than their end; so an hour that the clock shows twice or
    not at all leaves nobody waiting for a day.

    >>> s = Subscription("anna", ("iran",), "mail", "mail", quiet=(time(22), time(7)), zone="Europe/Warsaw")
    >>> [str(quiet_until(s, datetime(2026, 7, 1, hour, tzinfo=UTC))) for hour in (4, 5)]
    ['2026-07-01 05:00:00+00:00', 'None']
    """
    if s.quiet is None:
        return None
    begin, end = (cron("*", at) for at in s.quiet)
    if _last_before(begin, s.zone, when) <= _last_before(end, s.zone, when):
        return None
    return _first_after(end, s.zone, when)
