"""How long what is kept is kept.

What is deleted is never what somebody still needs: what a reader has not read, what a delivery that is not closed
waits for, what a feed still shows.  These spans say when the rest goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from alerts.config.scalars import duration
from alerts.errors import AlertsError

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Retention:
    """Four spans; each is a setting."""

    articles: timedelta = 90 * _DAY
    """Articles with their texts, and what was made of them: matches, developments, stories that are closed."""
    deliveries: timedelta = 400 * _DAY
    """Deliveries that are closed, with their messages and receipts, and the files of the local inbox."""
    reports: timedelta = 30 * _DAY
    """What the stages reported."""
    seen: timedelta = 400 * _DAY
    """That an article was seen, since its feed showed it last: until then it is not news."""


SETTINGS = {
    "articles": ("ALERTS_KEEP_ARTICLES", 8 * _DAY),
    "deliveries": ("ALERTS_KEEP_DELIVERIES", 7 * _DAY),
    "reports": ("ALERTS_KEEP_REPORTS", 2 * _DAY),
    "seen": ("ALERTS_KEEP_SEEN", 30 * _DAY),
}
"""The setting of each span, and the least that it may be.  A story is open for three days, a rule's usual volume is
that of a week, a delivery is tried for four days, and the index of what was seen is made anew after 25."""


def read(lookup: Callable[[str], str | None]) -> Retention:
    """Give what is set, and for the rest what is usual.

    Raises:
        AlertsError: A setting is no duration, or shorter than it may be.
    """
    return Retention(
        **{name: _span(setting, least, lookup) for name, (setting, least) in SETTINGS.items() if lookup(setting)}
    )


def _span(setting: str, least: timedelta, lookup: Callable[[str], str | None]) -> timedelta:
    try:
        span = duration(lookup(setting) or "")
    except ValueError as error:
        raise AlertsError(f"{setting} {error}") from None
    if span < least:
        raise AlertsError(f"{setting} is too short; write {least.days}d or more")
    return span
