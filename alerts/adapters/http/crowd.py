"""How many feeds are fetched at once.  A server that lets us wait is not in the way of the others.

::

    one of 512 that are open ─▶ a turn at the host ─▶ the answer begins ─▶ a place in the crowd of 64 ─▶ its body

An open connection costs little, and a dead server may hold one for half a minute; a body may cost 20 MB.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

OPEN = 8
"""For each place, so many feeds may be open."""


@dataclass(slots=True)
class Place:
    """A place in the crowd, which one feed has, or has not; all of it in the loop's thread."""

    crowd: asyncio.Semaphore
    _held: bool = field(default=False, init=False)

    async def take(self) -> None:
        """Wait for a place, if we have none."""
        if not self._held:
            await self.crowd.acquire()
            self._held = True

    def leave(self) -> None:
        """Give the place back, if we have it."""
        if self._held:
            self._held = False
            self.crowd.release()
