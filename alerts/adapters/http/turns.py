"""Waiting for one's turn at a server: one request at a time, and a rest after each, across all workers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from alerts import urls
from alerts.errors import FetchError
from alerts.ports import Hosts

T = TypeVar("T")

HOLD = timedelta(seconds=45)
"""How long a request may hold a host; longer than any request takes."""

PAUSE_AFTER_429 = timedelta(minutes=1)
"""How long a host rests that says that it is asked too often, and does not say for how long."""

LONGEST_PAUSE = timedelta(hours=1)
"""The longest that one feed's answer pauses the others of its host; the feed itself waits as long as it was told."""

_PATIENCE = timedelta(seconds=5)
_AGAIN = 0.1
_UNUSED = 10.0


def place(url: str) -> str:
    """Give host and port of an address: what is asked for one thing at a time."""
    return urlsplit(url).netloc.lower() if urls.is_web(url) else url


@dataclass(slots=True)
class Turn:
    """The turn of one feed: at one host at a time, given back before the next is taken, so that none waits for ever.

    ``rest`` is what a host is left alone after a request.  ``until`` is the time of the loop at which we no longer
    wait.  Without an ``executor``, ``hosts`` answer at once.
    """

    hosts: Hosts
    executor: Executor | None
    rest: timedelta
    until: float
    _host: str = field(default="", init=False)
    _token: str = field(default="", init=False)
    _since: float = field(default=0.0, init=False)

    async def at(self, host: str, rest: timedelta) -> None:
        """Wait until it is our turn at a host, and give back the one we had.

        :raises FetchError: the host is to be left alone for longer than we wait.
        """
        if host == self._host:
            return
        await self.leave()
        self.rest = rest
        while not isinstance(taken := await self._take(host), str):
            left = taken or timedelta(0)
            loop = asyncio.get_running_loop()
            if left > _PATIENCE or loop.time() > self.until:
                raise FetchError("its host is to be left alone for now", retry_after=left, fault="held")
            pause = left.total_seconds() or _AGAIN
            await asyncio.sleep(pause)
        self._host, self._token, self._since = host, taken, asyncio.get_running_loop().time()

    async def renewed(self) -> None:
        """Take the turn again if it was taken so long ago that the request could outlast it.

        :raises FetchError: the host is to be left alone for longer than we wait.
        """
        host = self._host
        if host and asyncio.get_running_loop().time() - self._since > _UNUSED:
            await self.leave()
            await self.at(host, self.rest)

    async def leave(self, pause: timedelta | None = None) -> None:
        """Give the host back, if we have one; ``pause`` is longer than its usual rest."""
        host, token, self._host, self._token = self._host, self._token, "", ""
        if host:
            rest = max(self.rest, min(pause, LONGEST_PAUSE) if pause else self.rest)
            await self._call(lambda: self.hosts.leave(host, token, rest=rest))

    async def _take(self, host: str) -> str | timedelta | None:
        return await self._call(lambda: self.hosts.take(host, hold=HOLD))

    async def _call(self, ask: Callable[[], T]) -> T:
        """Ask without holding up the loop, if it may take time."""
        if self.executor is None:
            return ask()
        return await asyncio.get_running_loop().run_in_executor(self.executor, ask)
