"""A farm of feeds on loopback: a server process of its own, with real bodies, for ``bench/collect.py``.

Feed n is ``http://f<n>.farm.test/<n>``, so that each has a host of its own.  Only the entries that a generation adds
are new: their links say which generation it was.

``/set/<generation>/<percent>/<bad>/<ms>`` says what is answered next: so many feeds of a hundred have changed, and all
others answer 304 to whoever has a validator; if bad is 1, 24 of a hundred are, and if it is 2, the bodies are those of
``bench/parsing.py``, which are longer and less orderly; an answer takes so many milliseconds.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import ssl
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import parsing
import uvloop

CAPTURED = Path(__file__).resolve().parents[2] / "shared" / "data" / "feeds_captured_news.tar.gz"
ADDRESSES = tuple(f"127.0.0.{n}" for n in range(1, 17))
NEW = 2
"""How many entries are new in a feed that has changed."""

BAD = ("hang",) * 10 + ("error",) * 5 + ("malformed",) * 5 + ("bomb",) * 2 + ("cpu",) + ("headers",)
"""What 24 feeds of a hundred do in the bad farm."""

# Where the address of an entry begins; what is written there makes the entry another one.
_LINK = re.compile(rb"(?<=<link>)https?://|(?<=<link><!\[CDATA\[)https?://|(?<=>)https?://(?=[^<]*</guid>)")

_WRITTEN = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Harbour Post</title><link>http://harbour.example/</link>
%s</channel></rss>"""
_ENTRY = b"""<item><title>Ship %d leaves the harbour</title><link>http://harbour.example/%d</link>
<guid>http://harbour.example/%d</guid><pubDate>Wed, 01 Jul 2026 05:%02d:00 GMT</pubDate>
<description>&lt;p&gt;%s&lt;/p&gt;</description></item>"""


def templates() -> list[list[bytes]]:
    """Give the bodies, cut where the address of an entry begins."""
    if not CAPTURED.exists():
        entries = b"".join(_ENTRY % (n, n, n, n, b"The crew said nothing of where it goes. " * 20) for n in range(25))
        return [_cut(_WRITTEN % entries)]
    with tarfile.open(CAPTURED) as files:
        named = sorted((m for m in files if m.name.endswith(".xml")), key=lambda m: m.name)
        return [_cut(file.read()) for m in named if (file := files.extractfile(m))]


def _cut(feed: bytes) -> list[bytes]:
    head, item, entries = feed.partition(b"<item>")
    first, *others = _LINK.split(entries)
    return [head + item + first, *others]


def body(template: list[bytes], number: int, generation: int) -> bytes:
    """Write the body of a feed; a link and a guid are two places of one entry."""
    new = 2 * NEW
    fresh = b"http://f%dg%d." % (number, generation)
    old = b"http://f%d." % number
    places = [template[0]]
    for at, piece in enumerate(template[1:]):
        places += [fresh if at < new else old, piece]
    return b"".join(places)


def hostile() -> dict[str, bytes]:
    """Give the answers of the bad feeds that need no thought; a hanging one has none."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\n%s\r\n"
    bomb = gzip.compress(b"<rss>" + b" " * 300_000_000, 9)
    tags = b"<rss version='2.0'><channel><title>t</title>" + b"<item><title>a</title>" * 300
    attributes = b" ".join(b"a%d='1'" % n for n in range(36_000))  # feedparser takes their square, and little memory
    slow = b"<rss version='2.0'><channel><item %s>&x</item></channel></rss>" % attributes
    return {
        "error": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "malformed": answer % b"" + tags,
        "bomb": answer % b"Content-Encoding: gzip\r\n" + bomb,
        "cpu": answer % b"" + slow,
    }


class Answer(asyncio.Protocol):
    """One connection, one answer."""

    generation: ClassVar[int] = 0
    percent: ClassVar[int] = 100
    bad: ClassVar[int] = 0
    delay: ClassVar[int] = 0
    others: ClassVar[list[bytes]] = []
    templates: ClassVar[list[list[bytes]]] = []
    hostile: ClassVar[dict[str, bytes]] = {}

    def __init__(self) -> None:
        self.asked = b""
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def connection_lost(self, _error: Exception | None) -> None:
        self.lost = True

    def data_received(self, chunk: bytes) -> None:
        self.asked += chunk
        if self.asked.endswith(b"\r\n\r\n"):
            path = self.asked.split(b" ", 2)[1].decode()
            if path.startswith("/set/"):
                self._set(path)
            elif self.delay:
                asyncio.get_running_loop().call_later(self.delay / 1_000, self._answer, int(path[1:]))
            else:
                self._answer(int(path[1:]))

    def _set(self, path: str) -> None:
        kind = type(self)
        kind.generation, kind.percent, kind.bad, kind.delay = map(int, path.split("/")[2:])
        self._send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    def _answer(self, number: int) -> None:
        turn = number % 100
        if self.bad == 1 and turn < len(BAD):
            self._misbehave(BAD[turn])
        elif b"if-none-match" in self.asked.lower() and (turn + self.generation * 10) % 100 >= self.percent:
            self._send(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")
        else:
            made = body(self.templates[number % len(self.templates)], number, self.generation)
            if self.bad == 2 and self.others:
                made = self.others[number % len(self.others)]
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\n"
                b'ETag: "%d-%d"\r\nContent-Length: %d\r\n\r\n' % (number, self.generation, len(made))
            )
            self._send(head + made)

    def _misbehave(self, how: str) -> None:
        if how == "headers":
            self.transport.write(b"HTTP/1.1 200 OK\r\n")
            self._drip()
        elif how != "hang":
            self._send(self.hostile[how])

    def _drip(self) -> None:
        """Send headers without an end."""
        if not self.lost:
            self.transport.write(b"X-More: and more\r\n" * 20)
            asyncio.get_running_loop().call_later(0.05, self._drip)

    def _send(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()


def certificate(folder: Path) -> ssl.SSLContext:
    """Make a certificate for the farm, which is also the only one to trust."""
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 -subj /CN=farm -addext".split()
    names = ["subjectAltName=DNS:*.farm.test", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", *made, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def serve(folder: Path) -> None:
    """Listen in the clear and with TLS, say at which ports, and go on until the other end of the input is closed."""
    loop = asyncio.get_running_loop()
    Answer.templates, Answer.hostile, Answer.others = templates(), hostile(), parsing.captured()
    ports = []
    for tls in (None, certificate(folder)):
        first = await loop.create_server(Answer, ADDRESSES[0], 0, backlog=4096, ssl=tls)
        ports.append(first.sockets[0].getsockname()[1])
        for address in ADDRESSES[1:]:
            await loop.create_server(Answer, address, ports[-1], backlog=4096, ssl=tls)
    print(*ports, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def running(folder: Path) -> Iterator[tuple[int, int]]:
    """Run the farm in a process of its own; gives its ports."""
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        plain, secret = map(int, process.stdout.readline().split())
        try:
            yield plain, secret
        finally:
            process.kill()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
