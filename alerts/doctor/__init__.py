"""``alerts doctor``: what is right and wrong with an installation, and what to do.

::

    examine ─▶ machine   the versions, the mail serialiser, the disk
            ├▶ stores    SQL and Redis: do they keep what they are given, and what time is it there
            ├▶ ways      the configuration, and the connection of each channel
            ├▶ channels  how each channel does: what it did with the last messages
            └▶ clocks    the time, by the answer of a web server

Nothing is written but the folder of this installation and its tables, which every command makes.
No finding holds a secret or an address.
"""

from __future__ import annotations

from collections.abc import Iterator

from alerts.app import Lookup
from alerts.doctor import channels, clocks, machine, stores, ways
from alerts.doctor.finding import Finding, State

__all__ = ["Finding", "State", "examine"]


def examine(lookup: Lookup) -> Iterator[Finding]:
    """Give the findings one by one; what is wrong with one part does not hide the others."""
    yield from machine.examine(lookup)
    yield from stores.examine(lookup)
    yield from ways.examine(lookup)
    yield from channels.examine(lookup)
    yield from clocks.examine(lookup)
