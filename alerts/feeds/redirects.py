"""When a permanent redirect is believed.  Pure.

A 301 is often a mistake of an afternoon, or the work of whoever holds the domain for a day.  It is followed each time,
and believed when it said the same for a week and ten answers; http to https on the same host is believed at once.  The
configuration is never rewritten: the adopted address is part of what we know of the feed, and its health says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts import urls
from alerts.model import Moved

BELIEVED_AFTER = timedelta(days=7)
"""How long a permanent redirect must say the same."""

BELIEVED_ANSWERS = 10
"""How many answers in a row must say the same."""

GIVEN_UP_AFTER = 3
"""After so many failures in a row an adopted address is given up, and the feed's own is asked again."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a feed is: the address adopted, if one is, and the redirect that is not believed yet."""

    adopted: str = ""
    moved: Moved | None = None


def after_answer(asked: str, permanent: str, known: Where, now: datetime) -> Where:
    """Say where the feed is, after an answer to the address ``asked`` that was reached by these permanent redirects."""
    if not permanent or permanent == asked:
        return Where(known.adopted)
    if is_upgrade(asked, permanent):
        return Where(permanent)
    seen = known.moved if known.moved and known.moved.to == permanent else Moved(permanent, now, 0)
    moved = Moved(permanent, seen.since, seen.times + 1)
    if moved.times >= BELIEVED_ANSWERS and now - moved.since >= BELIEVED_AFTER:
        return Where(permanent)
    return Where(known.adopted, moved)


def after_failure(failures: int, known: Where) -> Where:
    """Say where the feed is, after so many failures in a row."""
    return Where(known.adopted if failures < GIVEN_UP_AFTER else "", known.moved)


def is_upgrade(old: str, new: str) -> bool:
    """Whether nothing changed but that http became https.

    >>> is_upgrade("http://example.org/rss", "https://example.org/rss"), is_upgrade("http://a.example/", "https://b.example/")
    (True, False)
    """
    before, after = urls.canonical(old), urls.canonical(new)
    return before.startswith("http://") and after == "https" + before.removeprefix("http")
