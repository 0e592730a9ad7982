"""Bodies that come compressed: decoded piece by piece, so that a bomb is stopped before it goes off."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from alerts import text
from alerts.errors import FetchError

TRUSTED = 1_000_000
"""Bytes that may be made of however few; from there on a body must look like text, which compresses 5 to 30 to 1."""

MAX_RATIO = 100

PIECE = 262_144
"""Bytes; others go on between two pieces, which take a fraction of a millisecond each."""

_GZIP = b"\x1f"

MAX_MEMBERS = 1_000
"""A gzip stream may be many, one after the other; programs that compress in parallel make some hundreds."""


class Inflate:
    """Decodes gzip and deflate piece by piece, and never makes more than it is asked for."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._inner: Any = None
        self._members = 0
        self._taken = 0
        self._made = 0

    @property
    def complete(self) -> bool:
        """Whether the stream came to its end."""
        return self._inner is not None and bool(self._inner.eof)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Decode what came, in pieces of ``PIECE`` bytes at most: whoever takes them may stop.

        Gzip may have several members, and what follows them is padding.

        :raises zlib.error: the bytes are not compressed so.
        :raises FetchError: they are in too many members, or a bomb.
        """
        is_full = False
        while chunk or is_full:
            if self._inner is None or (self._inner.eof and chunk.startswith(b"\x1f\x8b")):
                self._inner = self._next(chunk)
            if self._inner.eof:
                return
            piece = self._inner.decompress(chunk, PIECE)
            is_full = len(piece) == PIECE
            rest = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
            self._taken, self._made = self._taken + len(chunk) - len(rest), self._made + len(piece)
            if self._made > TRUSTED and self._made > MAX_RATIO * self._taken:
                raise FetchError(f"the body is compressed more than {MAX_RATIO} to 1, as no feed is", fault="content")
            chunk = rest
            yield piece

    def _next(self, chunk: bytes) -> Any:
        """Begin a member; one costs time even if it holds nothing."""
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise FetchError(f"the body is gzip in more than {MAX_MEMBERS:,} members", fault="content")
        return zlib.decompressobj(self._window or _window(chunk))


class Unpacking:
    """Takes off the encoding of a body, and then gzip if the body itself is that: a sitemap is often ``news.xml.gz``.

    No feed begins with the byte 31, and gzip does.
    """

    def __init__(self, encoding: str) -> None:
        self._sent = decoder(encoding)
        self._inner: Inflate | None = None
        self._begun = False

    @property
    def complete(self) -> bool:
        """Whether all that was compressed came to its end."""
        return all(layer is None or layer.complete for layer in (self._sent, self._inner))

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Decode what came, piece by piece; raises as ``Inflate.feed``."""
        for piece in self._sent.feed(chunk) if self._sent else (chunk,):
            if piece and not self._begun:
                self._begun = True
                self._inner = Inflate(16 + zlib.MAX_WBITS) if piece[:1] == _GZIP else None
            yield from self._inner.feed(piece) if self._inner else (piece,)


def decoder(encoding: str) -> Inflate | None:
    """Choose how to decode a body by its ``Content-Encoding``; ``None`` leaves it as it is.

    :raises FetchError: the encoding is none that we ask for.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip"):
        return Inflate(16 + zlib.MAX_WBITS)
    if name == "deflate":
        return Inflate(0)
    shown = text.cut(text.one_line(name), 20)
    raise FetchError(f'the body comes in an encoding that we did not ask for: "{shown}"', fault="content")


def _window(chunk: bytes) -> int:
    """Tell the two things apart that servers call deflate: with zlib's header (RFC 1950) or raw (RFC 1951)."""
    return zlib.MAX_WBITS if chunk[0] & 0x8F == 0x08 else -zlib.MAX_WBITS
