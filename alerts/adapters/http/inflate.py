"""Bodies that come compressed: decoded piece by piece, so that a bomb is stopped before it goes off."""

from __future__ import annotations

import zlib
from typing import Any

from alerts import text
from alerts.errors import FetchError

MAX_MEMBERS = 1_000
"""A gzip stream may be many, one after the other; programs that compress in parallel make some hundreds."""


class Inflate:
    """Decodes gzip and deflate piece by piece, and never makes more than it is asked for."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._inner: Any = None
        self._members = 0

    @property
    def complete(self) -> bool:
        """Whether the stream came to its end."""
        return self._inner is not None and bool(self._inner.eof)

    def feed(self, chunk: bytes, room: int) -> bytes:
        """Decode a piece, up to ``room`` bytes; gzip may have several members, and what follows them is padding.

        :raises zlib.error: the bytes are not compressed so.
        :raises FetchError: they are in too many members.
        """
        made = bytearray()
        while chunk and len(made) < room:
            if self._inner is None or (self._inner.eof and chunk.startswith(b"\x1f\x8b")):
                self._inner = self._next(chunk)
            if self._inner.eof:
                break
            made += self._inner.decompress(chunk, room - len(made))
            chunk = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
        return bytes(made)

    def _next(self, chunk: bytes) -> Any:
        """Begin a member; one costs time even if it holds nothing."""
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise FetchError(f"the body is gzip in more than {MAX_MEMBERS:,} members", fault="content")
        return zlib.decompressobj(self._window or _window(chunk))


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
