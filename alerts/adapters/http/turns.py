"""Waiting for one's turn at a server: one request at a time, and a rest after each, across all workers."""

from __future__ import annotations

import asyncio
from asyncio import Future, Task
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from alerts import urls
from alerts.errors import FetchError
from alerts.ports import Hosts

HOLD = timedelta(seconds=45)
"""How long a request may hold a host; longer than any request takes."""

PAUSE_AFTER_429 = timedelta(minutes=1)
"""How long a host rests that says that it is asked too often, and does not say for how long."""

LONGEST_PAUSE = timedelta(hours=1)
"""The longest that one feed's answer pauses the others of its host; the feed itself waits as long as it was told."""

_GATHER = 0.005
_PATIENCE = timedelta(seconds=5)
_AGAIN = 0.1
_UNUSED = 10.0


def place(url: str) -> str:
    """Give host and port of an address: what is asked for one thing at a time."""
    return urlsplit(url).netloc.lower() if urls.is_web(url) else url


class Turns:
    """Asks whose turn it is for many feeds at a time: what is asked during one round trip goes with the next.

    Without an ``executor``, ``hosts`` answer at once.
    """

    def __init__(self, hosts: Hosts, executor: Executor | None) -> None:
        self._hosts = hosts
        self._executor = executor
        self._leaves: list[tuple[tuple[str, str, timedelta], Future[None]]] = []
        self._takes: list[tuple[str, Future[str | timedelta | None]]] = []
        self._under_way: Task[None] | None = None

    async def take(self, host: str) -> str | timedelta | None:
        """Hold a host, as ``Hosts.take``."""
        if self._executor is None:
            return self._hosts.take(host, hold=HOLD)
        answer: Future[str | timedelta | None] = asyncio.get_running_loop().create_future()
        self._takes.append((host, answer))
        self._ask()
        return await answer

    async def leave(self, host: str, token: str, rest: timedelta) -> None:
        """Give a host back, as ``Hosts.leave``."""
        if self._executor is None:
            self._hosts.leave(host, token, rest=rest)
            return
        done: Future[None] = asyncio.get_running_loop().create_future()
        self._leaves.append(((host, token, rest), done))
        self._ask()
        await done

    def _ask(self) -> None:
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._exchange())

    async def _exchange(self) -> None:
        """Ask until nobody waits for an answer; whoever no longer does is left out of it."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(_GATHER)
        while self._leaves or self._takes:
            leaves, self._leaves, takes, self._takes = self._leaves, [], self._takes, []
            ask = partial(self._hosts.exchange, [one for one, _ in leaves], [host for host, _ in takes], hold=HOLD)
            answers = await loop.run_in_executor(self._executor, ask)
            for (_, waiting), answer in zip(takes, answers, strict=True):
                if not waiting.done():
                    waiting.set_result(answer)
            for _, done in leaves:
                if not done.done():
                    done.set_result(None)


@dataclass(slots=True)
class Turn:
    """The turn of one feed: at one host at a time, given back before the next is taken, so that none waits for ever.

    ``rest`` is what a host is left alone after a request.  ``until`` is the time of the loop at which we no longer
    wait.
    """

    turns: Turns
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
        while not isinstance(taken := await self.turns.take(host), str):
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
            await self.turns.leave(host, token, rest)
