"""When Python looks for cycles of garbage.  Objects go without that, as soon as nobody has them; cycles are few here.

The collector belongs to the whole process, so whoever changes what it does does it here, for a block, and puts it back.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

MADE = 50_000
"""After how many new objects it looks, within ``rarely``; Python's own number is 700."""


_lock = Lock()
_rarely: list[tuple[int, int, int]] = []
"""What was set before the first block that is still open; once for each open one."""


@contextmanager
def rarely() -> Iterator[None]:
    """Let it look more rarely: polls and digests make many values, and hardly a cycle.

    Blocks of several threads may overlap, and end in any order: the last one that ends puts it back.
    Measured by ``bench/collect.py``: a sixth of the CPU of a poll, for some ten megabytes.
    """
    with _lock:
        _rarely.append(_rarely[0] if _rarely else gc.get_threshold())
        gc.set_threshold(MADE, *_rarely[0][1:])
    try:
        yield
    finally:
        with _lock:
            before = _rarely.pop()
            if not _rarely:
                gc.set_threshold(*before)


@contextmanager
def never() -> Iterator[None]:
    """Keep it out while a million objects are made that all stay: it would look at each again.

    At the end they are put among the old ones, or it would look at all of them as soon as it is let in.
    """
    was_on, frozen = gc.isenabled(), gc.get_freeze_count()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if not frozen:
            gc.unfreeze()
        if was_on:
            gc.enable()
