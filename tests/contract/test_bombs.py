"""Bombs and drips: whatever a server sends, and however slowly, it costs at most a deadline and a bounded memory."""

from __future__ import annotations

import gzip
import itertools
import os
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from alerts.adapters.http import HttpFetch, Network
from alerts.errors import FetchError
from alerts.model import Feed, FeedRequest, Fetched

DEADLINE, CONNECT = timedelta(seconds=1), timedelta(seconds=0.5)
AT_ONCE = timedelta(seconds=2)
MEMORY = 64_000_000
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

Sends = Iterator[bytes | float]
"""What a server does: bytes are sent, and a number is a pause in seconds."""


class Hostile:
    """A server on loopback that reads one request and then does as it was told, until we hang up."""

    def __init__(self, sends: Callable[[], Sends], *, reads: bool = True) -> None:
        self.sent = 0
        self._sends, self._reads = sends, reads
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()
        self.port = self._listener.getsockname()[1]

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._closing.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._answer, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self._reads:
                connection.recv(65_536)
            for step in self._sends():
                if self._closing.is_set():
                    return
                if isinstance(step, bytes):
                    connection.sendall(step)
                    self.sent += len(step)
                else:
                    self._closing.wait(step)

    def close(self) -> None:
        self._closing.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join()
        self._listener.close()


def attack(
    sends: Callable[[], Sends], *, scheme: str = "http", reads: bool = True, network: Network | None = None
) -> tuple[FetchError | Fetched, float, int, int]:
    """Fetch from such a server: the answer, the seconds, the most memory that was held, the bytes that it could send."""
    server = Hostile(sends, reads=reads)
    settings = {"network": network} if network else {}
    fetch = HttpFetch(
        allow_hosts=frozenset({"127.0.0.1", "slow.example"}), timeout=DEADLINE, connect=CONNECT, **settings
    )
    host = "slow.example" if network else "127.0.0.1"
    tracemalloc.start()
    began = time.monotonic()
    try:
        ((_, got),) = fetch([FeedRequest(Feed("f", f"{scheme}://{host}:{server.port}/", "O"))])
        return got, time.monotonic() - began, tracemalloc.get_traced_memory()[1], server.sent
    finally:
        tracemalloc.stop()
        server.close()


# ── what is sent at once ─────────────────────────────────────────────────────────────────────────────────────────────

ZEROS = b"\0" * 1_000_000


def _squeezed(wbits: int, megabytes: int) -> bytes:
    squeeze = zlib.compressobj(9, wbits=wbits)
    return b"".join(squeeze.compress(ZEROS) for _ in range(megabytes)) + squeeze.flush()


GZIP, DEFLATE, RAW = _squeezed(31, 300), _squeezed(15, 300), _squeezed(-15, 300)


def encoded(encoding: bytes, body: bytes) -> Callable[[], Sends]:
    head = OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body))
    return lambda: iter([head, body])


def endless(head: bytes, piece: bytes) -> Callable[[], Sends]:
    return lambda: itertools.chain([head], itertools.repeat(piece))


BOMB = "the body is compressed more than 100 to 1, as no feed is"
LARGER, TOO_LARGE = "body is larger than 20 MB", "body is larger than 10 MB"
# As a feed may be compressed, 50 to 1, but too long.
LONG = gzip.compress(b"".join(os.urandom(2_000) + b" " * 98_000 for _ in range(220)))
NOT_ASKED = "the body comes in an encoding that we did not ask for: "

BOMBS = [
    ("gzip: 300 kB that become 300 MB", encoded(b"gzip", GZIP), BOMB),
    ("deflate", encoded(b"deflate", DEFLATE), BOMB),
    ("deflate without a header", encoded(b"deflate", RAW), BOMB),
    ("gzip that is as a feed's, but too long", encoded(b"gzip", LONG), LARGER),
    ("a sitemap.xml.gz: gzip in a body without an encoding", lambda: [OK + b"\r\n" + GZIP], BOMB),
    ("a sitemap.xml.gz that is too long", lambda: [OK + b"\r\n" + LONG], LARGER),
    ("a sitemap.xml.gz that is sent in gzip", encoded(b"gzip", gzip.compress(GZIP)), BOMB),
    ("gzip in many members", encoded(b"gzip", gzip.compress(ZEROS) * 300), BOMB),
    ("gzip with members that are empty", encoded(b"gzip", gzip.compress(b"") * 400_000), "the body is gzip in more than 1,000 members"),
    ("brotli, though we did not ask for it", encoded(b"br", bytes.fromhex("5b0000804acbff") * 60), NOT_ASKED + '"br"'),
    ("zstd", encoded(b"zstd", b"\x28\xb5\x2f\xfd" * 99), NOT_ASKED + '"zstd"'),
    ("gzip twice", encoded(b"gzip, gzip", gzip.compress(GZIP)), NOT_ASKED + '"gzip, gzip"'),
    ("twenty times gzip", encoded(b"gzip," * 20, GZIP), NOT_ASKED),
    ("brotli without an end", endless(OK + b"Content-Encoding: br\r\n\r\n", b"x" * 65_536), NOT_ASKED + '"br"'),
    ("a body without an end", endless(OK + b"\r\n", b"<item/>" * 9_000), TOO_LARGE),
    ("in chunks", endless(CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"), TOO_LARGE),
    ("gzip that is noise without an end", endless(OK + b"Content-Encoding: gzip\r\n\r\n", os.urandom(65_536)), "the body is not compressed"),
    ("headers without an end", endless(OK, b"X-A: " + b"a" * 4_000 + b"\r\n"), "the answer is not HTTP: "),
    ("one header without an end", endless(OK + b"X-A: ", b"a" * 65_536), "the answer is not HTTP: "),
    ("a status line without an end", endless(b"HTTP/1.1 200 ", b"K" * 65_536), "the answer is not HTTP: "),
    ("a hundred headers of 8 kB", lambda: iter([OK + (b"X-A: " + b"a" * 8_000 + b"\r\n") * 100 + b"\r\n"]), "the headers are larger than 64 kB"),
    ("cookies of 70 kB", lambda: iter([OK + (b"Set-Cookie: " + b"a" * 7_000 + b"\r\n") * 10 + b"\r\n"]), "the headers are larger than 64 kB"),
    ("a chunk's size without an end", endless(CHUNKED, b"0" * 65_536), "timed out after 1 s"),
    ("a chunk's extension without an end", endless(CHUNKED + b"1;", b"a" * 65_536), "timed out after 1 s"),
    ("trailers without an end", endless(CHUNKED + b"0\r\n", b"X-A: " + b"a" * 4_000 + b"\r\n"), "the body is cut short: "),
    ("redirects without an end", lambda: iter([b"HTTP/1.1 302 F\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"]), "more than 5 redirects"),
    ("a redirect to 60 kB", lambda: iter([b"HTTP/1.1 302 F\r\nLocation: /" + b"a" * 60_000 + b"\r\n\r\n"]), "the answer is not HTTP: "),
    ("interim answers without an end", endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 50), "more than 10 interim answers"),
    ("a length that is a lie", lambda: iter([OK + b"Content-Length: 99999999999\r\n\r\n"]), TOO_LARGE),
]  # fmt: skip


@pytest.mark.parametrize(("what", "sends", "reason"), BOMBS, ids=[what for what, *_ in BOMBS])
def test_a_bomb_stops_within_two_seconds(what: str, sends: Callable[[], Sends], reason: str) -> None:
    got, took, memory, _ = attack(sends)
    assert isinstance(got, FetchError), what
    assert got.reason.startswith(reason), what
    assert took < AT_ONCE.total_seconds(), what
    assert memory < MEMORY, what


def test_no_more_is_taken_than_the_limit() -> None:
    """A server that sends without an end gets rid of ten megabytes, and of what the system holds on its way."""
    _, _, _, sent = attack(endless(OK + b"\r\n", b"x" * 65_536))
    assert sent < 20_000_000


# ── what is sent slowly ──────────────────────────────────────────────────────────────────────────────────────────────


def drip(head: bytes, piece: bytes = b"x") -> Callable[[], Sends]:
    return lambda: itertools.chain([head], itertools.cycle([piece, 0.02]))


def _slowly(body: bytes) -> Sends:
    for at in range(len(body)):
        yield body[at : at + 1]
        yield 0.02


DRIPS = [
    ("nothing at all", lambda: itertools.repeat(0.1)),
    ("the status line", drip(b"HTTP/1.1 200 ")),
    ("the headers", drip(OK + b"X-A: ")),
    ("headers, one by one", drip(OK, b"X-A: 1\r\n")),
    ("the body", drip(OK + b"Content-Length: 9999\r\n\r\n")),
    ("the body, in chunks", drip(CHUNKED, b"1\r\nx\r\n")),
    ("the body, compressed", lambda: itertools.chain([OK + b"Content-Encoding: gzip\r\n\r\n"], _slowly(GZIP))),
    ("trailers", drip(CHUNKED + b"0\r\n", b"X-A: 1\r\n")),
    ("interim answers", drip(b"", b"HTTP/1.1 102 Processing\r\n\r\n")),
    (
        "a redirect, slowly each time",
        lambda: iter([0.3, b"HTTP/1.1 302 F\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"]),
    ),
]


@pytest.mark.parametrize(("what", "sends"), DRIPS, ids=[what for what, *_ in DRIPS])
def test_a_drip_meets_the_deadline(what: str, sends: Callable[[], Sends]) -> None:
    got, took, memory, _ = attack(sends)
    assert isinstance(got, FetchError), what
    assert got.reason in {"timed out after 1 s", "more than 10 interim answers"}, what
    assert took < (DEADLINE + timedelta(seconds=1)).total_seconds(), what
    assert memory < MEMORY, what


# ── what never connects ──────────────────────────────────────────────────────────────────────────────────────────────

TLS = ["a server that never shakes hands", "a server that shakes hands byte by byte", "a record without an end"]
HANDS: list[Callable[[], Sends]] = [
    lambda: itertools.repeat(0.1),
    drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\x03"),
    lambda: itertools.chain([b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"], itertools.repeat(b"\0" * 512)),
]


@pytest.mark.parametrize(("what", "sends"), [*zip(TLS, HANDS, strict=True)], ids=TLS)
def test_slow_tls_meets_the_limit_for_connections(what: str, sends: Callable[[], Sends]) -> None:
    got, took, memory, _ = attack(sends, scheme="https")
    assert isinstance(got, FetchError), what
    assert got.reason.startswith("cannot connect: "), what
    assert took < (CONNECT + timedelta(seconds=1)).total_seconds(), what
    assert memory < MEMORY, what


def test_a_name_that_is_looked_up_for_ever() -> None:
    class Names(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            import asyncio

            await asyncio.sleep(60)
            return []

        async def close(self) -> None:
            """Nothing is open."""

    got, took, *_ = attack(lambda: iter([]), network=Network(resolver=Names))
    assert isinstance(got, FetchError)
    assert got.reason == "cannot connect: no connection within 0.5 s"
    assert took < (CONNECT + timedelta(seconds=1)).total_seconds()


def test_a_certificate_that_nobody_signed() -> None:
    """The default is that of the system: who is nobody's is refused."""
    assert HttpFetch().network.tls is True
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
