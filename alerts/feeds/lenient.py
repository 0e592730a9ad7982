"""The reference: feedparser, which reads whatever has been called a feed.  Pure.

It is slow, and slower still for whoever wants it to be (39 kB took 14.6 s), so it belongs into a child process with
limits.  It is fed bytes in a buffer, never a string or a URL, which it would open.  It neither sanitises nor resolves
the links inside texts: only plain text is kept of them.
"""

from __future__ import annotations

import io
import re
import xml.sax
from collections.abc import Iterator, Mapping
from typing import Any

import feedparser
from feedparser.exceptions import CharacterEncodingOverride, CharacterEncodingUnknown

from alerts import text
from alerts.errors import ParseError
from alerts.feeds import dates, entries
from alerts.feeds.entries import Said
from alerts.model import Entry

# What feedparser is known to raise on hostile or broken input, beside the errors of XML that it reports in its result.
_PARSER_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, RecursionError)

_LONGEST_RUN = 2_000
_RUN = re.compile(rb"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{2003,}")


def read(body: bytes, charset: str, location: str, lines_before: int) -> tuple[tuple[Entry, ...], str, str, str]:
    """Read a cleaned body: its entries, what was left out, what was wrong with it, and its kind; empty for no feed.

    ``lines_before`` are the lines that stood in the body before it was cleaned.

    :raises ParseError: feedparser cannot cope with it.
    """
    try:
        found = feedparser.parse(
            io.BytesIO(_shortened(body)),
            response_headers=_headers(charset),
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except _PARSER_ERRORS as error:
        raise ParseError(f"the feed cannot be read: {type(error).__name__}: {text.cut(str(error), 100)}") from error
    home = entries.anchor(location, str(dict.get(found.feed, "link") or ""))
    kept, silent, over = entries.made(_said(found), len(found.entries), home)
    return kept, entries.left_out(silent, over), _malformed(found, lines_before), str(found.version)


def _shortened(body: bytes) -> bytes:
    """Cut runs without a blank or a slash at 2,000 letters.

    feedparser looks for an address in an author's name in a time that grows with the square of its length.  Two more
    bytes are kept, because a run may end with the end of a comment.
    """
    return body if b"\0" in body[:4] else _RUN.sub(lambda run: run[0][:_LONGEST_RUN] + run[0][-2:], body)


def _headers(charset: str) -> Mapping[str, str]:
    """Tell feedparser the charset.

    It still keeps to RFC 3023, where ``text/xml`` without a charset is ASCII, whatever the document says.  No location:
    it would resolve guids against it, and an article's identity must not hang on where a redirect led today.
    """
    return {"content-type": f"application/xml; charset={charset}" if charset else "application/xml"}


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


def _said(found: Any) -> Iterator[Said]:
    """Give what feedparser found.

    ``dict.get`` goes around its own, which warns and gives one field for another.
    """
    for raw in found.entries:
        yield Said(
            guid=str(dict.get(raw, "id") or ""),
            link=str(dict.get(raw, "link") or ""),
            original=str(dict.get(raw, "feedburner_origlink") or ""),
            title=str(dict.get(raw, "title") or ""),
            summary=str(dict.get(raw, "summary") or ""),
            contents=[str(part.get("value") or "") for part in dict.get(raw, "content") or ()],
            authors=_authors(raw),
            categories=[str(tag.get("label") or tag.get("term") or "") for tag in dict.get(raw, "tags") or ()],
            published=dates.from_stamp(dict.get(raw, "published_parsed") or dict.get(raw, "created_parsed")),
            updated=dates.from_stamp(dict.get(raw, "updated_parsed")),
            outlet=str((dict.get(raw, "source") or {}).get("title") or ""),
        )


def _authors(raw: dict[str, Any]) -> list[str]:
    """Give the authors' names, or the address of one who gives no name."""
    named = [str(author.get("name") or author.get("email") or "") for author in dict.get(raw, "authors") or ()]
    return named if any(named) else [str(dict.get(raw, "author") or "")]
