"""The one way out for HTTP: conditional GETs of feeds, and one POST for the channels.

Feeds are on strangers' servers: what they send is counted while it comes, the address that is really dialled is looked
at, and a deadline covers everything from the look-up of the name to the last byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import errno
import os
import socket
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

import alerts
from alerts import text, urls
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
_ANSWER = 1_000
_REDIRECTS = (301, 302, 303, 307, 308)
_UNKNOWN_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
_NO_LIMIT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)

# All that the network, a server or an address can do to us; whatever else is raised is our own fault.
_FAILURES = (aiohttp.ClientError, OSError, ValueError, zlib.error)


# ── out ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a POST.  ``status`` is 0 when no answer came; ``body`` is the answer's first 1,000 characters."""

    status: int
    reason: str
    retry_after: timedelta | None = None
    body: str = ""


def post(
    url: str, *, headers: Mapping[str, str], body: bytes, timeout: timedelta, now: datetime | None = None
) -> Posted:
    """POST once: no redirect is followed and nothing is tried again, because a second try may be a second message.

    ``timeout`` covers everything.  ``now`` serves to read a ``Retry-After`` that is a date, if there is no ``Date``.
    Never raises for what the other side does, and never puts the URL, which may be a secret, into a reason.
    """
    with running_loop() as loop:
        return asyncio.run_coroutine_threadsafe(_post(url, headers, body, timeout, now), loop).result()


async def _post(url: str, headers: Mapping[str, str], body: bytes, limit: timedelta, now: datetime | None) -> Posted:
    """POST, and read the beginning of the answer; an answer that breaks off later is still an answer."""
    sent = {"User-Agent": _agent(""), "Accept-Encoding": "identity", **headers}
    try:
        async with _session(None) as session:
            async with asyncio.timeout(limit.total_seconds()) as deadline:
                response = await session.post(url, data=body, headers=sent, allow_redirects=False)
            async with response:
                answer = await _beginning(response, deadline.when())
                return Posted(response.status, _phrase(response), _retry_after(response, now), answer)
    except _FAILURES as error:
        return Posted(0, _words(error, limit))


async def _beginning(response: aiohttp.ClientResponse, deadline: float | None) -> str:
    """Read the first characters of an answer, as far as they come before the deadline."""
    read = bytearray()
    with contextlib.suppress(*_FAILURES):
        async with asyncio.timeout_at(deadline):
            while len(read) < _ANSWER * 4 and (chunk := await response.content.read(_ANSWER * 4)):
                read += chunk
    return read.decode("utf-8", "replace")[:_ANSWER]


# ── in ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


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
        guard = _Guard()
        try:
            async with asyncio.timeout(self.timeout.total_seconds()), _session(guard) as session:
                return await self._follow(request, session, guard)
        except FetchError as error:
            return error
        except _FAILURES as error:
            return FetchError(guard.refusal or _words(error, self.timeout))

    async def _follow(self, request: FeedRequest, session: aiohttp.ClientSession, guard: _Guard) -> Fetched:
        """Go where the redirects lead.  The validators belong to the feed's own address, and go to no other."""
        url = request.feed.url
        if not urls.is_web(url):
            raise FetchError("the URL is no http(s) address without credentials; correct it in config/feeds.yaml")
        conditions = _conditions(request)
        for hop in range(MAX_REDIRECTS + 1):
            guard.expect(request.feed.url, url, self.allow_hosts)
            headers = self._headers() | (conditions if hop == 0 else {})
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await self._read(response, url, conditional=bool(conditions), redirected=hop > 0)
                url = _target(url, response)
        raise FetchError(f"more than {MAX_REDIRECTS} redirects")

    def _headers(self) -> dict[str, str]:
        """Say who we are and what we read, the same each time."""
        return {"User-Agent": _agent(self.contact), "Accept": _ACCEPT, "Accept-Encoding": _ACCEPT_ENCODING}

    async def _read(
        self, response: aiohttp.ClientResponse, url: str, *, conditional: bool, redirected: bool
    ) -> Fetched:
        """Take an answer that is no redirect: new, not changed, or a failure."""
        status, headers = response.status, response.headers
        if status not in (200, 203, 304):
            now = self.clock() if self.clock else None
            raise FetchError(_phrase(response), status=status, retry_after=_retry_after(response, now))
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
        raise FetchError(f"{_phrase(response)}, but no Location", status=response.status)
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


# ── connections ──────────────────────────────────────────────────────────────────────────────────────────────────────


class _Guard:
    """Opens sockets to public addresses only, at the moment of dialling: after the name, whatever DNS says next time.

    A private address may be dialled if its host is allowed and the feed's own host is, so that a stranger's redirect
    cannot reach what was allowed for another feed.
    """

    def __init__(self) -> None:
        self.refusal = ""
        self._host = ""
        self._allowed = False
        self._redirected = False

    def expect(self, feed: str, url: str, allow_hosts: frozenset[str]) -> None:
        """Say which host is dialled next."""
        self._host = urls.host(url).strip("[]")
        allowed = {name.strip("[]").lower() for name in allow_hosts}
        self._allowed = {self._host, urls.host(feed).strip("[]")} <= allowed
        self._redirected = url != feed

    def __call__(self, address: tuple[Any, ...]) -> socket.socket:
        """Open a socket for an address of :func:`socket.getaddrinfo`.

        :raises OSError: the address is not public.
        """
        family, kind, protocol, _, (ip, *_) = address
        if self._allowed or urls.is_public(ip):
            return socket.socket(family, kind, protocol)
        self.refusal = self._refused(ip)
        raise OSError(errno.EACCES, "not a public address")

    def _refused(self, ip: str) -> str:
        """Say what was refused, and what to do if it is meant to be."""
        if self._redirected:
            return f"refused: redirected to {ip}, which is not a public address"
        name = "it" if self._host == ip else self._host
        return f"refused: {ip} is not a public address; add {name} to allow_hosts in config/feeds.yaml"


def _session(guard: _Guard | None) -> aiohttp.ClientSession:
    """Open a session that keeps nothing: no connection (1,000 hosts would hold 342 MB), no cookie, no proxy."""
    connector = aiohttp.TCPConnector(
        force_close=True, socket_factory=guard, resolver=aiohttp.ThreadedResolver(), use_dns_cache=False
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        timeout=_NO_LIMIT,
        auto_decompress=False,
    )


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _agent(contact: str) -> str:
    """Name product, version and whom to write to."""
    return f"Tocsin/{alerts.__version__}" + (f" (+{contact})" if contact else "")


def _phrase(response: aiohttp.ClientResponse) -> str:
    """Give the status line's code and phrase, in safe characters."""
    return text.cut(text.one_line(f"{response.status} {response.reason or ''}"), 80)


def _words(error: BaseException, limit: timedelta) -> str:
    """Say what went wrong, without the URL."""
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientConnectorError):
        return f"timed out after {limit.total_seconds():g} s"
    return next(words(error) for kind, words in _WORDS if isinstance(error, kind))


def _lookup(error: Any) -> str:
    """Tell a name that does not exist from one that cannot be looked up now."""
    known = error.os_error.errno in _UNKNOWN_NAME
    return "cannot connect: name not known" if known else "cannot connect: the name cannot be looked up"


def _system(error: OSError) -> str:
    """Give the system's words for an error, for aiohttp's hold the address."""
    return os.strerror(error.errno).lower() if error.errno and error.errno > 0 else _safe(error.strerror or "no reason")


def _safe(words: object) -> str:
    """Make foreign words fit for a line of a report."""
    return text.cut(text.one_line(str(words)), 120)


def _retry_after(response: aiohttp.ClientResponse, now: datetime | None) -> timedelta | None:
    """Read how long the server asks us to wait: seconds, or a date, which counts from the answer's own ``Date``."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:12]), 10**9))
    until, since = _moment(value), _moment(response.headers.get("Date", "")) or now
    return max(until - since, timedelta(0)) if until and since else None


def _moment(value: str) -> datetime | None:
    """Read a date of HTTP; ``None`` if it is none."""
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# The first that fits says it.
_WORDS: tuple[tuple[type[BaseException], Callable[[Any], str]], ...] = (
    (aiohttp.ClientConnectorDNSError, _lookup),
    (
        aiohttp.ClientConnectorCertificateError,
        lambda e: f"cannot connect: the TLS certificate is not valid: {_safe(e.certificate_error)}",
    ),
    (aiohttp.ClientConnectorError, lambda e: f"cannot connect: {_system(e.os_error)}"),
    (aiohttp.ServerDisconnectedError, lambda _: "the server hung up without an answer"),
    (aiohttp.ClientPayloadError, lambda _: "the body is cut short: the connection ended before it did"),
    (aiohttp.ClientResponseError, lambda e: f"the answer is not HTTP: {_safe(e.message)}"),
    (OSError, lambda e: f"connection lost: {_system(e)}"),
    (zlib.error, lambda _: "the body is not compressed as its Content-Encoding says"),
    (BaseException, lambda _: "the URL or a header of the answer cannot be used"),
)
