"""Bytes to entries.  Pure.

feedparser is fed bytes in a buffer, never a string or a URL, which it would open.  It neither sanitises nor resolves
the links inside texts: only plain text is kept of them.
"""

from __future__ import annotations

import calendar
import codecs
import io
import re
import xml.sax
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import feedparser
from feedparser.exceptions import CharacterEncodingOverride, CharacterEncodingUnknown

from alerts import text, urls
from alerts.errors import ParseError
from alerts.feeds import hints as hints_
from alerts.feeds.hints import Hints
from alerts.model import Entry, Fetched

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CATEGORIES = 100
_HEAD = 4_096

# What feedparser is known to raise on hostile or broken input, beside the errors of XML that it reports in its result.
_PARSER_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, RecursionError)

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32le"),
    (codecs.BOM_UTF32_BE, "utf-32be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)
# No XML document may hold these, and ISO-2022-JP needs ESC (0x1b).
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 27), *range(28, 32)])
_LONGEST_RUN = 2_000
_RUN = re.compile(rb"[A-Za-z0-9_.+-]{2003,}")
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]+)|([0-9]+));")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)
_PROLOG = re.compile(
    r"\s+|<\?.*?\?>|<!--.*?-->|<!(?!DOCTYPE\s+html\b)[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE
)
_HTML = re.compile(r"<!DOCTYPE\s+html\b|<html\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"<([\w:.-]+)")
_TAG = re.compile(r"<[?!A-Za-z]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a body said.  ``problem`` says in words what was wrong with it, though it could be read; or it is empty."""

    entries: tuple[Entry, ...]
    problem: str = ""
    hints: Hints = hints_.NONE


def parse(got: Fetched) -> Parsed:
    """Read the entries of a feed, whatever its kind: RSS, RDF or Atom.

    :raises ParseError: the body is empty, a page, JSON, no XML, XML that is no feed, or so broken that it has no entry.
    """
    body = _clean(got.body)
    head = _head(body)
    if not head and len(body) <= _HEAD:
        raise ParseError("the body is empty")
    _refuse(head)
    try:
        found = feedparser.parse(
            io.BytesIO(body),
            response_headers=_headers(got),
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except _PARSER_ERRORS as error:
        raise ParseError(f"the feed cannot be read: {type(error).__name__}: {text.cut(str(error), 100)}") from error
    problem = _malformed(found, _lines_before(got.body))
    entries = tuple(entry for raw in found.entries if (entry := _entry(raw, got.url)) is not None)
    if not entries and (not found.version or problem.startswith("malformed")):
        raise ParseError(_no_feed(head, found.version, problem))
    return Parsed(entries, _problem(problem, len(entries), len(found.entries) - len(entries)))


def _head(body: bytes) -> str:
    """Give the beginning of a body as text that is good enough to tell what it is, without what XML allows in front."""
    head = body[:_HEAD].replace(b"\0", b"").removeprefix(codecs.BOM_UTF8).decode("latin-1").lstrip("\xfe\xff")
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
        raise ParseError("JSON instead of XML; only RSS, RDF and Atom are read")


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


def _bom(body: bytes) -> str:
    """Give the encoding that the first bytes declare, or nothing."""
    return next((encoding for bom, encoding in _BOMS if body.startswith(bom)), "")


def _headers(got: Fetched) -> Mapping[str, str]:
    """Tell feedparser the charset by the order of RFC 7303: byte order mark, HTTP, XML declaration, UTF-8.

    It still keeps to RFC 3023, where ``text/xml`` without a charset is ASCII, whatever the document says.  No location:
    it would resolve guids against it, and an article's identity must not hang on where a redirect led today.
    """
    stated = _CHARSET.search(got.content_type)
    charset = _bom(got.body) or (stated.group(1).lower() if stated else "")
    if not charset or charset in ("us-ascii", "ascii") or not _decodes(got.body, charset):
        return {"content-type": "application/xml"}
    return {"content-type": f"application/xml; charset={charset}"}


def _decodes(body: bytes, charset: str) -> bool:
    """Whether a body can be of this charset, and whether there is such a charset.

    Any even number of bytes is UTF-16 to a decoder; so what comes out must look like XML as well.
    """
    try:
        return _TAG.search(body.decode(charset)[:_HEAD]) is not None
    except (LookupError, ValueError):
        return False


def _clean(body: bytes) -> bytes:
    """Take out what makes XML unreadable and never means anything: control characters, and references to none.

    Runs without a blank or a slash are cut at 2,000, for feedparser looks for an address in an author's name in a time
    that grows with the square of its length.  A body in which a character has two or four bytes is left alone.
    """
    if b"\0" in body[:4]:
        return body
    cleaned = body.lstrip(b" \t\r\n").translate(None, _CONTROLS)
    # Two more bytes, because a run may end with the end of a comment.
    return _RUN.sub(lambda run: run[0][:_LONGEST_RUN] + run[0][-2:], _REFERENCE.sub(_reference, cleaned))


def _reference(match: re.Match[bytes]) -> bytes:
    """Keep a reference to a character that XML allows."""
    digits = match[1] or match[2]
    code = int(digits[:16], 16 if match[1] else 10)
    allowed = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return match[0] if allowed else b"\xef\xbf\xbd"


def _lines_before(body: bytes) -> int:
    """Count the lines that stand in the body but not in what the XML parser saw.

    Blank lines at the beginning are taken away, and feedparser writes an XML declaration where there is none.
    """
    stripped = body.lstrip(b" \t\r\n")
    return body[: len(body) - len(stripped)].count(b"\n") - (not stripped.startswith(b"<?xml"))


def _malformed(found: Any, lines_before: int) -> str:
    """Say what was wrong with the XML or its encoding."""
    error = found.get("bozo_exception") if found.bozo else None
    if isinstance(error, xml.sax.SAXParseException):
        line = (error.getLineNumber() or 0) + lines_before
        return f"malformed XML at line {line}: {text.cut(error.getMessage(), 60)}"
    if isinstance(error, CharacterEncodingOverride):
        return f"wrong encoding: {error}"
    if isinstance(error, CharacterEncodingUnknown):
        return "unknown encoding: characters that could not be read are replaced"
    return ""


def _problem(malformed: str, entries: int, left_out: int) -> str:
    """Put in one line what an operator should know of a feed that could be read."""
    said = [f"{malformed}: {_count(entries, 'was', 'were')} read"] if malformed else []
    if left_out:
        said.append(f"{_count(left_out, 'was', 'were')} left out for having neither title nor text nor link")
    return "; ".join(said)


def _count(entries: int, one: str, many: str) -> str:
    """Count entries, with the verb that follows."""
    return f"1 entry {one}" if entries == 1 else f"{entries} entries {many}"


def _entry(raw: dict[str, Any], location: str) -> Entry | None:
    """Make one entry plain; ``None`` if it says nothing.

    ``dict.get`` goes around feedparser's own, which warns and gives one field for another.
    """
    summary = str(dict.get(raw, "summary") or "")
    content = max((str(part.get("value") or "") for part in dict.get(raw, "content") or ()), key=len, default="")
    guid = text.one_line(str(dict.get(raw, "id") or ""))
    entry = Entry(
        guid=guid,
        link=_link(str(dict.get(raw, "link") or ""), guid, location),
        title=text.plain(str(dict.get(raw, "title") or "")),
        summary="" if summary == content else text.plain(summary),
        text=text.plain(content),
        author=text.plain(str(dict.get(raw, "author") or "")),
        categories=_categories(dict.get(raw, "tags") or ()),
        published=_published(raw),
    )
    return entry if entry.title or entry.text or entry.summary or entry.link else None


def _link(link: str, guid: str, location: str) -> str:
    """Make a link whole; empty if it is none that a browser may be sent to.

    feedparser takes the guid for the link where there is none, and one that is a bare number would become a page of the
    feed's own site.
    """
    stripped = link.strip()
    if not stripped or (stripped == guid and not urls.is_web(stripped)):
        return ""
    try:
        whole = urljoin(location, stripped.replace(" ", "%20"))
    except ValueError:
        return ""
    return whole if urls.is_web(whole) else ""


def _categories(tags: Any) -> tuple[str, ...]:
    """Give the categories as readers see them, each once."""
    named = (text.plain(str(tag.get("label") or tag.get("term") or "")) for tag in tags[:_CATEGORIES])
    return tuple(dict.fromkeys(name for name in named if name))


def _published(raw: dict[str, Any]) -> datetime | None:
    """Give the first of the dates that can be read, in UTC."""
    for key in ("published_parsed", "updated_parsed", "created_parsed"):
        stamp = dict.get(raw, key)
        if stamp is None:
            continue
        try:
            return _EPOCH + timedelta(seconds=calendar.timegm(stamp))
        except (ValueError, OverflowError):
            continue
    return None
