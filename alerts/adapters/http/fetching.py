"""Conditional GETs of feeds, many at once.

Feeds are on strangers' servers: what they send is counted while it comes, the address that is really dialled is looked
at, and a deadline covers everything from the look-up of the name to the last byte.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

import aiohttp

from alerts import urls
from alerts.adapters.http.answers import FAILURES, agent, words
from alerts.adapters.http.credentials import Credentials
from alerts.adapters.http.crowd import OPEN, Place
from alerts.adapters.http.guard import INTERNET, Guard, Network, session
from alerts.adapters.http.loop import running_loop
from alerts.adapters.http.reading import Answer, Limits, read, target
from alerts.adapters.http.turns import PAUSE_AFTER_429, Turn, Turns, place
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

_Done = tuple[Feed, Fetched | FetchError, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFetch:
    """Fetches feeds, many at once but one at a time of each host, and ``spacing`` apart.

    ``contact`` is an address for the ``User-Agent``.  ``allow_hosts`` are hosts that may have an address that is not
    public, and need no spacing.  ``max_wire`` and ``max_body`` are bytes, as sent and as decoded; ``max_headers`` are
    those of the headers.  ``connect`` covers the look-up, the connection and TLS; ``timeout`` one feed with all its
    redirects, without the time for which we wait for our turn at a host, which ``patience`` bounds for all feeds
    together.  ``hosts`` says whose turn it is.  ``secrets`` are those of feeds by name.  When nothing was
    answered for a ``beat``, ``None`` says so.  ``clock`` serves to read a
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
    beat: timedelta | None = None
    clock: Callable[[], datetime] | None = None
    network: Network = INTERNET
    hosts: Hosts = field(default_factory=MemoryHosts)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, requests: Sequence[FeedRequest]) -> Iterator[tuple[Feed, Fetched | FetchError] | None]:
        """Give each request's feed back once, in the order of answering.  Never raises for a feed.

        The loop has a thread of its own, so that a slow reader of the answers makes no server look slow.  A place in
        the crowd is free again only when its answer was read: at most ``concurrency`` bodies are held at once.
        """
        if not requests:
            return
        crowd, few = asyncio.Semaphore(self.concurrency), asyncio.Semaphore(self.concurrency * OPEN)
        hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        with ThreadPoolExecutor(1, "turns") as executor, running_loop() as loop:
            until = loop.time() + self.patience.total_seconds()
            turns = Turns(self.hosts, None if isinstance(self.hosts, MemoryHosts) else executor)
            made = ((r, Turn(turns, self.spacing, until), Place(crowd)) for r in requests)
            asked = (self._turn(*one, hosts[place(one[0].asked)], few) for one in made)
            done: SimpleQueue[Future[_Done]] = SimpleQueue()
            for turn in asked:
                asyncio.run_coroutine_threadsafe(turn, loop).add_done_callback(done.put)
            for _ in requests:
                while (answered := _next(done, self.beat)) is None:
                    yield None
                feed, got, here = answered.result()
                yield feed, got
                loop.call_soon_threadsafe(here.leave)

    async def _turn(
        self, request: FeedRequest, turn: Turn, here: Place, host: asyncio.Lock, few: asyncio.Semaphore
    ) -> _Done:
        """Wait for the host and for a place in the crowd, then fetch; whoever reads the answer frees the place."""
        async with host, few:
            try:
                await turn.at(place(request.asked), self._rest(request.asked))
            except FetchError as held:
                await here.take()
                return request.feed, held, here
            got: Fetched | FetchError | None = None
            try:
                got = await self._answer(request, turn, here)
            finally:
                await turn.leave(_pause(got))
            await here.take()
            return request.feed, got, here

    def _rest(self, url: str) -> timedelta:
        """Say how long a host rests after a request: our own servers need none."""
        return timedelta(0) if urls.host(url).strip("[]") in self.allow_hosts else self.spacing

    async def _answer(self, request: FeedRequest, turn: Turn, here: Place) -> Fetched | FetchError:
        """Fetch one feed, and put all that can go wrong in words, in which no secret is."""
        guard, shown = Guard(self.network), Credentials()
        try:
            shown = Credentials.of(request.feed, self.secrets)
            await turn.renewed()
            async with (
                asyncio.timeout(self.timeout.total_seconds()) as deadline,
                session(guard, self.network, self.connect, Answer) as client,
            ):
                return shown.hide(await self._follow(request, client, guard, turn, here, deadline, shown))
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
        here: Place,
        deadline: asyncio.Timeout,
        shown: Credentials,
    ) -> Fetched:
        """Go where the redirects lead.  The validators go to the address that gave them, and to no other."""
        url, permanent = request.asked, ""
        lasting = True
        if not urls.is_web(url):
            raise FetchError("the URL is no http(s) address without credentials; correct it in config/feeds.yaml")
        for _ in range(MAX_REDIRECTS + 1):
            await _ours(turn.at(place(url), self._rest(url)), deadline)
            guard.expect(request.feed.url, url, self.allow_hosts)
            conditions = _conditions(request) if url == request.validated else {}
            headers = self._headers() | conditions | shown.headers(url)
            async with client.get(url, headers=headers, allow_redirects=False) as response:
                await _ours(here.take(), deadline)
                if response.status not in _REDIRECTS:
                    got = await read(response, url, self._limits, conditional=bool(conditions), clock=self.clock)
                    return replace(got, permanent=permanent)
                lasting = lasting and response.status in _PERMANENT
                before, url = url, target(url, response)
                permanent = url if lasting else permanent
            if request.stay and urls.site(before) != urls.site(url):
                raise FetchError("redirected to another site", status=response.status, led=url)
        raise FetchError(f"more than {MAX_REDIRECTS} redirects")

    @property
    def _limits(self) -> Limits:
        return Limits(self.max_wire, self.max_body, self.max_headers)

    def _headers(self) -> dict[str, str]:
        """Say who we are and what we read, the same each time."""
        return {"User-Agent": agent(self.contact), "Accept": _ACCEPT, "Accept-Encoding": _ACCEPT_ENCODING}


def _next(done: SimpleQueue[Future[_Done]], beat: timedelta | None) -> Future[_Done] | None:
    """Wait for the next answer, or for so long."""
    try:
        return done.get(timeout=beat.total_seconds() if beat else None)
    except Empty:
        return None


async def _ours(wait: Awaitable[None], deadline: asyncio.Timeout) -> None:
    """Wait for our turn at a host or in the crowd, which is no fault of the server and does not count as its time."""
    loop, when = asyncio.get_running_loop(), deadline.when()
    left = when - loop.time() if when is not None else 0.0
    deadline.reschedule(None)
    await wait
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
