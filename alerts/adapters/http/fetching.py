"""Conditional GETs of feeds, many at once.

Feeds are on strangers' servers: what they send is counted while it comes, the address that is really dialled is looked
at, and a deadline covers everything from the look-up of the name to the last byte.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

import aiohttp

from alerts import text, urls
from alerts.adapters.http.answers import FAILURES, agent, phrase, retry_after, words
from alerts.adapters.http.guard import INTERNET, Guard, Network, session
from alerts.adapters.http.inflate import decoder
from alerts.adapters.http.loop import running_loop
from alerts.errors import FetchError
from alerts.model import Feed, FeedRequest, Fetched

MAX_REDIRECTS = 5
"""A longer chain of redirects is not followed to its end."""

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, "
    "*/*;q=0.1"
)
# Always the same, because servers make different ETags for different encodings.
_ACCEPT_ENCODING = "gzip, deflate"
_CHUNK = 65_536
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFetch:
    """Fetches feeds, many at once but one at a time of each host.

    ``contact`` is an address for the ``User-Agent``.  ``allow_hosts`` are hosts that may have an address that is not
    public.  ``max_wire`` and ``max_body`` are bytes, as sent and as decoded.  ``timeout`` covers one feed with all its
    redirects.  ``clock`` serves to read a ``Retry-After`` that is a date, if the answer has no ``Date``.
    """

    contact: str = ""
    allow_hosts: frozenset[str] = frozenset()
    timeout: timedelta = timedelta(seconds=30)
    max_wire: int = 10_000_000
    max_body: int = 20_000_000
    concurrency: int = 64
    clock: Callable[[], datetime] | None = None
    network: Network = INTERNET

    def __call__(self, requests: Sequence[FeedRequest]) -> Iterator[tuple[Feed, Fetched | FetchError]]:
        """Give each request's feed back once, in the order of answering.  Never raises for a feed.

        The loop has a thread of its own, so that a slow reader of the answers makes no server look slow.  A place in
        the crowd is free again only when its answer was read: at most ``concurrency`` bodies are held at once.
        """
        if not requests:
            return
        crowd = asyncio.Semaphore(self.concurrency)
        hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        with running_loop() as loop:
            turns = (self._turn(request, hosts[_place(request.feed.url)], crowd) for request in requests)
            for done in as_completed(asyncio.run_coroutine_threadsafe(turn, loop) for turn in turns):
                yield done.result()
                loop.call_soon_threadsafe(crowd.release)

    async def _turn(
        self, request: FeedRequest, host: asyncio.Lock, crowd: asyncio.Semaphore
    ) -> tuple[Feed, Fetched | FetchError]:
        """Wait for the host and for a place in the crowd, then fetch; whoever reads the answer frees the place."""
        async with host:
            await crowd.acquire()
            return request.feed, await self._answer(request)

    async def _answer(self, request: FeedRequest) -> Fetched | FetchError:
        """Fetch one feed, and put all that can go wrong in words."""
        guard = Guard(self.network)
        try:
            async with asyncio.timeout(self.timeout.total_seconds()), session(guard, self.network) as client:
                return await self._follow(request, client, guard)
        except FetchError as error:
            return error
        except FAILURES as error:
            return FetchError(guard.refusal or words(error, self.timeout))

    async def _follow(self, request: FeedRequest, client: aiohttp.ClientSession, guard: Guard) -> Fetched:
        """Go where the redirects lead.  The validators belong to the feed's own address, and go to no other."""
        url = request.feed.url
        if not urls.is_web(url):
            raise FetchError("the URL is no http(s) address without credentials; correct it in config/feeds.yaml")
        conditions = _conditions(request)
        for hop in range(MAX_REDIRECTS + 1):
            guard.expect(request.feed.url, url, self.allow_hosts)
            headers = self._headers() | (conditions if hop == 0 else {})
            async with client.get(url, headers=headers, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await self._read(response, url, conditional=bool(conditions), redirected=hop > 0)
                url = _target(url, response)
        raise FetchError(f"more than {MAX_REDIRECTS} redirects")

    def _headers(self) -> dict[str, str]:
        """Say who we are and what we read, the same each time."""
        return {"User-Agent": agent(self.contact), "Accept": _ACCEPT, "Accept-Encoding": _ACCEPT_ENCODING}

    async def _read(
        self, response: aiohttp.ClientResponse, url: str, *, conditional: bool, redirected: bool
    ) -> Fetched:
        """Take an answer that is no redirect: new, not changed, or a failure."""
        status, headers = response.status, response.headers
        if status not in (200, 203, 304):
            now = self.clock() if self.clock else None
            raise FetchError(phrase(response), status=status, retry_after=retry_after(response, now))
        if status == 304 and (redirected or not conditional):
            raise FetchError("304 Not Modified, though we had said nothing of what we have", status=304)
        return Fetched(
            status=304 if status == 304 else 200,
            body=b"" if status == 304 else await self._body(response),
            etag="" if redirected else _echoable(headers.get("ETag", "")),
            modified="" if redirected else _echoable(headers.get("Last-Modified", "")),
            url=url,
            content_type=text.one_line(headers.get("Content-Type", "")),
        )

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        """Read a body, counting what comes on the wire and what it becomes, and stop at the first byte too many."""
        if (response.content_length or 0) > self.max_wire:
            raise FetchError(_too_large(self.max_wire))
        decode = decoder(response.headers.get("Content-Encoding", ""))
        body, wire = bytearray(), 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            wire += len(chunk)
            if wire > self.max_wire:
                raise FetchError(_too_large(self.max_wire))
            body += decode.feed(chunk, self.max_body + 1 - len(body)) if decode else chunk
            if len(body) > self.max_body:
                raise FetchError(_too_large(self.max_body))
        if decode and wire and not decode.complete:
            raise FetchError("the body is cut short: its compression has no end")
        return bytes(body)


def _place(url: str) -> str:
    """Give host and port of an address: what is asked for one thing at a time."""
    return urlsplit(url).netloc.lower() if urls.is_web(url) else url


def _conditions(request: FeedRequest) -> dict[str, str]:
    """Say what we have, byte for byte as the server named it."""
    said = {"If-None-Match": request.etag, "If-Modified-Since": request.modified}
    return {name: value for name, value in said.items() if value}


def _target(url: str, response: aiohttp.ClientResponse) -> str:
    """Give the address that a redirect leads to, if we may go there."""
    location = response.headers.get("Location", "")
    if not location:
        raise FetchError(f"{phrase(response)}, but no Location", status=response.status)
    try:
        target = urljoin(url, location.strip().replace(" ", "%20"))
    except ValueError:
        target = ""
    if not urls.is_web(target):
        raise FetchError(
            "refused: redirected to what is no http(s) address without credentials", status=response.status
        )
    if url.lower().startswith("https:") and not target.lower().startswith("https:"):
        raise FetchError(f"refused: redirected from https to http on {urls.host(target)}", status=response.status)
    return target


def _too_large(limit: int) -> str:
    """Say which limit a body broke."""
    return f"body is larger than {limit / 1_000_000:g} MB"


def _echoable(value: str) -> str:
    """Give a validator that can be sent back byte for byte; one that is no UTF-8 cannot, and is not kept."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return ""
    return value
