"""One message at a time to a place, and a rest after each: across all workers, and within what a sender may wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from alerts.ports import Hosts

LOOK_AGAIN = timedelta(seconds=0.2)
"""After how long to ask again for what somebody else holds."""


@dataclass(slots=True)
class Turn:
    """Whether it is our turn.  ``wait`` is how long it still takes, if it is not; ``rest`` is kept after our turn."""

    rest: timedelta
    wait: timedelta | None = None


@contextmanager
def turn(
    hosts: Hosts,
    name: str,
    *,
    hold: timedelta,
    rest: timedelta,
    patience: timedelta,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Turn]:
    """Take a turn at a place, waiting for it no longer than ``patience``, and let the place rest afterwards.

    Whoever is told to wait longer by the other side sets ``rest``: then all who come after wait as well.
    """
    got = hosts.take(name, hold=hold)
    waited = timedelta(0)
    while not isinstance(got, str):
        step = got or LOOK_AGAIN
        if waited + step > patience:
            yield Turn(rest, wait=step)
            return
        sleep(step.total_seconds())
        waited += step
        got = hosts.take(name, hold=hold)
    ours = Turn(rest)
    try:
        yield ours
    finally:
        hosts.leave(name, got, rest=ours.rest)
