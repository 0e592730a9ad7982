"""How often a feed has something new, learnt from the feed itself; and whether we looked away too long.  Pure.

The dates of its entries say how far apart they come; where there are none, we count what is new from poll to poll.  A
feed is asked twice in the time between two entries, and less often the longer it has said nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.model import Article, FeedState

SHORTEST = timedelta(minutes=5)
"""No feed is asked more often, unless its ``every`` says so."""

LONGEST = timedelta(hours=24)
"""No feed is asked less often, unless it asks for that or its ``every`` says so."""

UNKNOWN = timedelta(hours=1)
"""How often a feed is asked while nothing is known of it, and at most if it has neither ETag nor Last-Modified."""

QUIET = 12
"""A feed that says nothing is asked again after this part of the time for which it has said nothing."""

_RECENT = 30
_WINDOW = 1_000
_MARK = 8


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What is known of it after an answer: see the fields of these names of :class:`~alerts.model.FeedState`."""

    gap: timedelta | None = None
    last_new: datetime | None = None
    window: str = ""
    missed: datetime | None = None


def of(state: FeedState | None) -> Rhythm:
    """Give what is known already."""
    return Rhythm(state.gap, state.last_new, state.window, state.missed) if state else Rhythm()


def learn(known: Rhythm, made: Sequence[Article], last_good: datetime | None, now: datetime) -> Rhythm:
    """Learn from a body: its entries, and how many of them were not in the last one, which came at ``last_good``."""
    ids = [article.id for article in made]
    window = marks(ids)
    old = _taken_apart(known.window)
    fresh = len(_taken_apart(window) - old)
    dates = sorted((article.published for article in made if article.published), reverse=True)[:_RECENT]
    gap = _between(dates) or known.gap
    if fresh and old and last_good and now > last_good:
        counted = (now - last_good) / fresh
        gap = gap if _between(dates) else _blended(known.gap, counted)
    if last_good is None or known.last_new is None:
        last_new = dates[0] if dates else (now if ids else None)
    else:
        last_new = now if fresh else known.last_new
    missed = now if old and ids and fresh == len(_taken_apart(window)) else known.missed
    return Rhythm(gap, last_new, window or known.window, missed)


def interval(rhythm: Rhythm, *, validators: bool, missed: timedelta | None, now: datetime) -> timedelta:
    """Decide how often to ask a feed whose ``every`` does not say it.

    ``missed`` is how long we had looked away when entries may have been missed just now: half of that is soon enough.
    """
    if rhythm.gap is None and rhythm.last_new is None:
        return UNKNOWN
    quiet = max(now - rhythm.last_new, timedelta(0)) if rhythm.last_new else timedelta(0)
    wanted = max(rhythm.gap / 2 if rhythm.gap else UNKNOWN, quiet / QUIET)
    if missed is not None:
        wanted = min(wanted, missed / 2)
    return min(max(wanted, SHORTEST if validators or hurries(rhythm, now) else UNKNOWN), LONGEST)


def hurries(rhythm: Rhythm, now: datetime) -> bool:
    """Whether entries may have been missed within the last day."""
    return rhythm.missed is not None and now - rhythm.missed < LONGEST


def spread(feed: str, turn: int) -> float:
    """Give a number from 0 to 1 that looks like chance and is the same each time, so that feeds do not go in step."""
    return int.from_bytes(hashlib.blake2b(f"{feed}:{turn}".encode(), digest_size=4).digest()) / 0xFFFFFFFF


def marks(ids: Sequence[str]) -> str:
    """Write down which entries there were: 32 bits of each, for at most a thousand.

    Two windows of a hundred entries that share none meet by chance once in 400,000 times.
    """
    made = {hashlib.blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=_MARK // 2).hexdigest() for id_ in ids}
    return "".join(sorted(made)[:_WINDOW])


def _taken_apart(window: str) -> frozenset[str]:
    return frozenset(window[at : at + _MARK] for at in range(0, len(window), _MARK))


def _between(dates: Sequence[datetime]) -> timedelta | None:
    """Give the mean time between dates, the newest first; ``None`` if they are too few, or all the same."""
    if len(dates) < 3 or dates[0] == dates[-1]:
        return None
    return (dates[0] - dates[-1]) / (len(dates) - 1)


def _blended(known: timedelta | None, counted: timedelta) -> timedelta:
    """Let one poll count for a quarter: one busy hour is no rhythm."""
    return counted if known is None else (known * 3 + counted) / 4
