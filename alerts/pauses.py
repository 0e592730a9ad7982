"""What somebody has paused at the desk, until they resume it: a channel, or a subscription.

::

    channel       nothing is sent by it; what is meant for it waits, and goes out when it is resumed
    subscription  nothing is made for it; what comes meanwhile is not told later

It is kept apart from how a channel does, so that a run which is going on cannot write over it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from alerts.model import Pausable, Paused, Subscription
from alerts.ports import Table

Pauses = Table[Paused]


def pause(pauses: Pauses, what: Pausable, name: str, *, author: str, now: datetime) -> None:
    """Pause it; who has paused it first stays the one who did."""
    if not found(pauses, what, name):
        made = Paused(what, name, author, now)
        pauses.put({made.key: made}, at=now)


def resume(pauses: Pauses, what: Pausable, name: str, *, now: datetime) -> bool:
    """Resume it; False if it was not paused."""
    kept = found(pauses, what, name)
    if kept is not None:
        pauses.put({kept.key: replace(kept, resumed=now)}, at=now)
    return kept is not None


def found(pauses: Pauses, what: Pausable, name: str) -> Paused | None:
    """Give its pause, if it is paused."""
    kept = pauses.get(f"{what} {name}")
    return kept if kept is not None and kept.resumed is None else None


def untold(pauses: Pauses, subscriptions: Iterable[Subscription]) -> tuple[Subscription, ...]:
    """Take the recipients from the subscriptions that are paused: they read on, and tell nobody."""
    names = {kept.name for kept in pauses.values() if kept.what == "subscription" and kept.resumed is None}
    return tuple(replace(s, recipients=()) if s.id in names else s for s in subscriptions)


def said(kept: Paused) -> str:
    """Say who has paused it, and since when."""
    return f"paused by {kept.author} at {kept.at:%Y-%m-%d %H:%M} UTC"
