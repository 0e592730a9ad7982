"""Bytes to entries.  Pure.

::

    bytes ─▶ clean ─▶ {: json_feed   RSS, RDF, Atom in good order: strict   <urlset>: sitemaps   else: lenient ─▶ Parsed

``quick`` costs little whatever the bytes are, and may be asked anywhere; ``parse`` gives the same, or an answer where
``quick`` has none, but may cost seconds and much memory: it belongs into a child with limits.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace

from alerts import text
from alerts.errors import ParseError
from alerts.feeds import charsets, entries, json_feed, lenient, sitemaps, strict, websub
from alerts.feeds import hints as hints_
from alerts.feeds.hints import Hints
from alerts.model import Entry, Fetched

QUICK_BYTES = 1_000_000
"""The largest body that is read at once, where it was fetched."""

QUICK_TAGS = 60_000
"""The most tags of such a body; each is some hundred bytes of memory."""

QUICK_WORK = 600_000
"""The most that its tags times its formatting tags may be."""

_PROLOG = re.compile(
    r"\s+|<\?.*?\?>|<!--.*?-->|<!(?!DOCTYPE\s+html\b)[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE
)
_HTML = re.compile(r"<!DOCTYPE\s+html\b|<html\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"<([\w:.-]+)")
# Tags that HTML opens again after each block, so that a few thousand cost seconds.
# Two expressions of small letters: each begins with letters that are looked for fourteen times as fast.
_FORMATTING = [
    re.compile(opening + rb"(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)\b") for opening in (b"<", b"&lt;")
]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a body said.  ``problem`` says in words what was wrong with it, though it could be read; or it is empty."""

    entries: tuple[Entry, ...]
    problem: str = ""
    hints: Hints = hints_.NONE
    index: sitemaps.Index | None = None
    """The sitemaps that are to be read instead, if it is an index of them."""


def quick(got: Fetched) -> Parsed | None:
    """Read a feed that is small and in good order, in a few milliseconds; ``None`` if it must be looked at closer."""
    return fast(got) if _is_small(got.body) else None


def fast(got: Fetched) -> Parsed | None:
    """Read a feed that is in good order, of whatever size; ``None`` on any doubt."""
    return _fast(got, charsets.clean(got.body))


def parse(got: Fetched) -> Parsed:
    """Read the entries of a feed, whatever its kind: RSS, RDF, Atom or JSON Feed.

    :raises ParseError: the body is empty, a page, or no feed, or so broken that it has no entry.
    """
    body = charsets.clean(got.body)
    return _fast(got, body) or _slow(got, body)


def reference(got: Fetched) -> Parsed:
    """Read the entries of a feed with feedparser, in good order or not.

    :raises ParseError: as ``parse``.
    """
    return _slow(got, charsets.clean(got.body))


def _is_small(body: bytes) -> bool:
    """Whether a body cannot cost much, in time or memory, whatever it says.

    HTML opens formatting that was never closed again in each block, which costs a microsecond each time.
    """
    if len(body) > QUICK_BYTES:
        return False
    tags = body.count(b"<") + body.count(b"&lt;")
    if tags > QUICK_TAGS:
        return False
    lower = body.lower()
    return tags * sum(len(formatting.findall(lower)) for formatting in _FORMATTING) <= QUICK_WORK


def _fast(got: Fetched, body: bytes) -> Parsed | None:
    """Read what is in good order; ``None`` on any doubt."""
    if (plain := charsets.to_utf8(body, charsets.stated(got))) is None:
        return None
    if plain[:1] == b"{":
        found: tuple[tuple[Entry, ...], str] | None = json_feed.read(plain, got.url)
        return Parsed(*found, Hints(**websub.named(plain, got)._asdict())) if found else None
    if (index := sitemaps.index(plain, got.url)) is not None:
        return Parsed((), index=index)
    found = strict.read(plain, got.url) or sitemaps.read(plain, got.url)
    return Parsed(*found, _hints(plain, got)) if found else None


def _hints(body: bytes, got: Fetched) -> Hints:
    """Find what the feed says of itself, in its head and in the headers that came with it."""
    return replace(hints_.read(body), **websub.named(body, got)._asdict())


def _slow(got: Fetched, body: bytes) -> Parsed:
    """Let feedparser read it, and say what it is if that finds nothing."""
    head = _head(body)
    if not head and len(body) <= charsets.HEAD:
        raise ParseError("the body is empty")
    _refuse(head)
    if sitemap := sitemaps.read(charsets.to_utf8(body, charsets.stated(got)) or body, got.url, recover=True):
        return Parsed(*sitemap)
    found, left_out, malformed, version = lenient.read(body, charsets.stated(got), got.url, _lines_before(got.body))
    if not found and (not version or malformed.startswith("malformed")):
        raise ParseError(_no_feed(head, version, malformed))
    said = [f"{malformed}: {entries.counted(len(found), 'was', 'were')} read"] if malformed else []
    return Parsed(found, "; ".join([*said, left_out] if left_out else said), _hints(body, got))


def _head(body: bytes) -> str:
    """Give the beginning of a body as text that is good enough to tell what it is, without what XML allows in front."""
    head = body[: charsets.HEAD].replace(b"\0", b"").removeprefix(codecs.BOM_UTF8).decode("latin-1").lstrip("\xfe\xff")
    at = 0
    while match := _PROLOG.match(head, at):
        at = match.end()
    return head[at:]


def _refuse(head: str) -> None:
    """Raise if a body is something else altogether."""
    if _HTML.match(head):
        title = _TITLE.search(head)
        titled = f', titled "{text.cut(text.plain(_utf8(title.group(1))), 60)}"' if title else ""
        raise ParseError(f"an HTML page instead of a feed{titled}; look for the feed's own address on it")
    if head.startswith(("{", "[")):
        raise ParseError(json_feed.NO_FEED)


def _no_feed(head: str, version: str, problem: str) -> str:
    """Say what a body without entries is, that is no feed."""
    if version:
        return f"{problem}, and no entry can be read"
    if root := _ROOT.match(head):
        return f"XML, but no feed: its root is <{text.cut(root.group(1), 40)}>" + (f"; {problem}" if problem else "")
    return f'not XML: it begins with "{text.cut(text.one_line(_utf8(head)), 40)}"'


def _utf8(head: str) -> str:
    """Undo the decoding of a head, where it was UTF-8."""
    return head.encode("latin-1").decode("utf-8", "replace")


def _lines_before(body: bytes) -> int:
    """Count the lines that stand in the body but not in what the XML parser saw.

    Blank lines at the beginning are taken away, and feedparser writes an XML declaration where there is none.
    """
    stripped = body.lstrip(b" \t\r\n")
    return body[: len(body) - len(stripped)].count(b"\n") - (not stripped.startswith(b"<?xml"))
