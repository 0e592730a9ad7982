"""Conditional GETs of feeds, many at once.

Feeds are on strangers' servers: what they send is counted while it comes, the address that is really dialled is looked
at, and a deadline covers everything from the look-up of the name to the last byte.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import aiohttp

from alerts import urls
from alerts.adapters.http.answers import FAILURES, agent, words
from alerts.adapters.http.credentials import Credentials
from alerts.adapters.http.guard import INTERNET, Guard, Network, session
from alerts.adapters.http.loop import running_loop
from alerts.adapters.http.reading import Answer, Limits, read, target
from alerts.adapters.http.turns import PAUSE_AFTER_429, Turn, place
from alerts.adapters.memory import MemoryHosts
from alerts.errors import FetchError
from alerts.model import Feed, FeedRequest, Fetched
from alerts.ports import Hosts

MAX_REDIRECTS = 5
"""A longer chain of redirects is not followed to its end."""

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
)
# Always the same, because servers make different ETags for different encodings.
_ACCEPT_ENCODING = "gzip, deflate"
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFetch:
    """Fetches feeds, many at once but one at a time of each host, and ``spacing`` apart.

    ``contact`` is an address for the ``User-Agent``.  ``allow_hosts`` are hosts that may have an address that is not
    public, and need no spacing.  ``max_wire`` and ``max_body`` are bytes, as sent and as decoded; ``max_headers`` are
    those of the headers.  ``connect`` covers the look-up, the connection and TLS; ``timeout`` one feed with all its
    redirects, without the time for which we wait for our turn at a host, which ``patience`` bounds for all feeds
    together.  ``hosts`` says whose turn it is.  ``secrets`` are those of feeds by name.  ``clock`` serves to read a
    ``Retry-After`` that is a date, if the answer has no ``Date``.
    """

    contact: str = ""
    allow_hosts: frozenset[str] = frozenset()
    connect: timedelta = timedelta(seconds=10)
    timeout: timedelta = timedelta(seconds=30)
    patience: timedelta = timedelta(minutes=4)
    spacing: timedelta = timedelta(seconds=1)
    max_wire: int = 10_000_000
    max_body: int = 20_000_000
    max_headers: int = 64_000
    concurrency: int = 64
    clock: Callable[[], datetime] | None = None
    network: Network = INTERNET
    hosts: Hosts = field(default_factory=MemoryHosts)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, requests: Sequence[FeedRequest]) -> Iterator[tuple[Feed, Fetched | FetchError]]:
        """Give each request's feed back once, in the order of answering.  Never raises for a feed.

        The loop has a thread of its own, so that a slow reader of the answers makes no server look slow.  A place in
        the crowd is free again only when its answer was read: at most ``concurrency`` bodies are held at once.
        """
        if not requests:
            return
        crowd = asyncio.Semaphore(self.concurrency)
        hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        with ThreadPoolExecutor(4, "turns") as executor, running_loop() as loop:
            until = loop.time() + self.patience.total_seconds()
            aside = None if isinstance(self.hosts, MemoryHosts) else executor
            made = ((r, Turn(self.hosts, aside, self.spacing, until)) for r in requests)
            turns = (self._turn(request, turn, hosts[place(request.asked)], crowd) for request, turn in made)
            for done in as_completed(asyncio.run_coroutine_threadsafe(turn, loop) for turn in turns):
                yield done.result()
                loop.call_soon_threadsafe(crowd.release)

    async def _turn(
        self, request: FeedRequest, turn: Turn, host: asyncio.Lock, crowd: asyncio.Semaphore
    ) -> tuple[Feed, Fetched | FetchError]:
        """Wait for the host and for a place in the crowd, then fetch; whoever reads the answer frees the place."""
        async with host:
            try:
                await turn.at(place(request.asked), self._rest(request.asked))
            except FetchError as held:
                await crowd.acquire()
                return request.feed, held
            got: Fetched | FetchError | None = None
            try:
                await crowd.acquire()
                got = await self._answer(request, turn)
            finally:
                await turn.leave(_pause(got))
            return request.feed, got

    def _rest(self, url: str) -> timedelta:
        """Say how long a host rests after a request: our own servers need none."""
        return timedelta(0) if urls.host(url).strip("[]") in self.allow_hosts else self.spacing

    async def _answer(self, request: FeedRequest, turn: Turn) -> Fetched | FetchError:
        """Fetch one feed, and put all that can go wrong in words, in which no secret is."""
        guard, shown = Guard(self.network), Credentials()
        try:
            shown = Credentials.of(request.feed, self.secrets)
            await turn.renewed()
            async with (
                asyncio.timeout(self.timeout.total_seconds()) as deadline,
                session(guard, self.network, self.connect, Answer) as client,
            ):
                return shown.hide(await self._follow(request, client, guard, turn, deadline, shown))
        except FetchError as error:
            return shown.hide(error)
        except FAILURES as error:
            if guard.refusal:
                return FetchError(guard.refusal, fault="content")
            return shown.hide(FetchError(words(error, self.timeout, self.connect)))

    async def _follow(
        self,
        request: FeedRequest,
        client: aiohttp.ClientSession,
        guard: Guard,
        turn: Turn,
        deadline: asyncio.Timeout,
        shown: Credentials,
    ) -> Fetched:
        """Go where the redirects lead.  The validators go to the address that gave them, and to no other."""
        url, permanent = request.asked, ""
        lasting = True
        if not urls.is_web(url):
            raise FetchError("the URL is no http(s) address without credentials; correct it in config/feeds.yaml")
        for _ in range(MAX_REDIRECTS + 1):
            await _ours(turn, place(url), self._rest(url), deadline)
            guard.expect(request.feed.url, url, self.allow_hosts)
            conditions = _conditions(request) if url == request.validated else {}
            headers = self._headers() | conditions | shown.headers(url)
            async with client.get(url, headers=headers, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    got = await read(response, url, self._limits, conditional=bool(conditions), clock=self.clock)
                    return replace(got, permanent=permanent)
                lasting = lasting and response.status in _PERMANENT
                url = target(url, response)
                permanent = url if lasting else permanent
        raise FetchError(f"more than {MAX_REDIRECTS} redirects")

    @property
    def _limits(self) -> Limits:
        return Limits(self.max_wire, self.max_body, self.max_headers)

    def _headers(self) -> dict[str, str]:
        """Say who we are and what we read, the same each time."""
        return {"User-Agent": agent(self.contact), "Accept": _ACCEPT, "Accept-Encoding": _ACCEPT_ENCODING}


async def _ours(turn: Turn, host: str, rest: timedelta, deadline: asyncio.Timeout) -> None:
    """Wait for our turn at a host, which is no fault of the server and does not count as its time."""
    loop, when = asyncio.get_running_loop(), deadline.when()
    left = when - loop.time() if when is not None else 0.0
    deadline.reschedule(None)
    await turn.at(host, rest)
    deadline.reschedule(loop.time() + left)


def _conditions(request: FeedRequest) -> dict[str, str]:
    """Say what we have, byte for byte as the server named it."""
    said = {"If-None-Match": request.etag, "If-Modified-Since": request.modified}
    return {name: value for name, value in said.items() if value}


def _pause(got: Fetched | FetchError | None) -> timedelta | None:
    """Say how long the whole host is to be left alone: one feed that is asked too often speaks for all."""
    if isinstance(got, FetchError) and got.status == 429:
        return got.retry_after or PAUSE_AFTER_429
    return None
