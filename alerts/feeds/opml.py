"""Lists of feeds that programs exchange: OPML 2.0 (http://opml.org/spec2.opml), 1.0 and 1.1.  Pure.

No DTD is accepted, so that no entity can grow or be fetched, and an ``include`` is said and not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from lxml import etree

from alerts import text, urls
from alerts.errors import Problem
from alerts.feeds import charsets, plain_xml
from alerts.model import Feed, Fetched

SIZE_LIMIT = 10_000_000
"""The most bytes of a list; 36,000 feeds have about 5,000,000."""

MOST = 50_000
"""The most outlines that are read."""

_BOUND = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_COLUMN = re.compile(r", line \d+, column \d+$")
_FEED_SCHEME = re.compile(r"feed:(?://)?(?=https?://)|feed:(?=//)", re.IGNORECASE)
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed of a list: its address, title and language as they stand there, the folders around it, and its line."""

    url: str
    title: str
    lang: str
    folders: tuple[str, ...]
    line: int


# ── read ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(body: bytes, path: str) -> tuple[tuple[Outline, ...], tuple[Problem, ...]]:
    """Read the feeds of a list in their order, each address once, and say what is wrong, each with its place."""
    root, (at, words) = _root(body)
    found: list[Outline] = []
    problems = [Problem(path, at, 1 if at else 0, words)] if words else []
    first: dict[str, Outline] = {}
    for outline, fault in _outlines(root) if root is not None else ():
        known = first.setdefault(urls.canonical(outline.url), outline)
        if fault:
            problems.append(Problem(path, outline.line, 1, fault))
        elif known is not outline:
            words = f'"{outline.title}" stands on line {known.line} already; it is taken once'
            problems.append(Problem(path, outline.line, 1, words))
        else:
            found.append(outline)
    return tuple(found), tuple(problems)


def _root(body: bytes) -> tuple[Any, tuple[int, str]]:
    """Parse a list; without a root, the line and the words of what is wrong."""
    if len(body) > SIZE_LIMIT:
        return None, (0, f"the list is larger than {SIZE_LIMIT / 1_000_000:g} MB; split it")
    plain = charsets.to_utf8(charsets.clean(body), charsets.stated(Fetched(200, body)))
    if plain is None:
        return None, (0, "the charset is not what it says, or unknown; save the list as UTF-8")
    if _BOUND.search(plain):
        return None, (0, "the list has a DTD (<!DOCTYPE …>), which OPML does not need; delete it")
    # Most lists that are found have ampersands that stand for themselves, and nothing else is wrong with them.
    root, problem = _parsed(_AMPERSAND.sub(b"&amp;", plain))
    if root is not None and str(root.tag).lower() != "opml":
        return None, (1, f"no OPML: its root is <{text.cut(text.one_line(str(root.tag)), 40)}>")
    return root, problem


def _parsed(plain: bytes) -> tuple[Any, tuple[int, str]]:
    """Parse XML; of what is malformed, give what can be read, and say what is wrong."""
    try:
        return etree.fromstring(plain, plain_xml.parser()), (0, "")
    except etree.XMLSyntaxError as error:
        line, words = error.position[0], _COLUMN.sub("", text.one_line(error.msg or ""))
    root = etree.fromstring(plain, plain_xml.parser(recover=True)) if plain.strip() else None
    what = "malformed XML, read as far as it can be" if root is not None else "not XML"
    return root, (line, f"{what}: {text.cut(words, _SHOWN)}")


def _outlines(root: Any) -> Iterator[tuple[Outline, str]]:
    """Give each feed with what is wrong with it; folders are no feeds."""
    for number, el in enumerate(root.iter("{*}outline")):
        said = {str(name).lower(): text.one_line(str(value)) for name, value in el.attrib.items()}
        outline = Outline(
            _address(said.get("xmlurl", "")),
            text.cut(text.plain(said.get("title") or said.get("text", "")), 200),
            said.get("language", "").lower(),
            tuple(name for above in el.iterancestors("{*}outline") if (name := _name(above)))[::-1],
            el.sourceline or 0,
        )
        if number >= MOST:
            yield outline, f"more than {MOST:,} outlines; what follows is left out"
            return
        fault = _fault(outline, said)
        if fault or outline.url:
            yield outline, fault


def _fault(outline: Outline, said: dict[str, str]) -> str:
    """Say what is wrong with an outline; a folder or a note has no address, and nothing is wrong with it."""
    kind = said.get("type", "").lower()
    if kind == "include":
        return "another list is included here, which is not followed; import it by itself"
    if not outline.url:
        return f'"{outline.title}" is a feed without an address (xmlUrl)' if kind in {"rss", "atom"} else ""
    return (
        "" if urls.is_web(outline.url) else f'the address of "{outline.title}" is no http(s) address without a password'
    )


def _address(written: str) -> str:
    """Take ``feed:`` off an address, which some programs put in front.

    >>> _address("feed://example.org/rss"), _address("feed:https://example.org/rss")
    ('http://example.org/rss', 'https://example.org/rss')
    """
    stripped = _FEED_SCHEME.sub("", written.strip())
    return f"http:{stripped}" if stripped.startswith("//") else stripped


def _name(folder: Any) -> str:
    """Give the name of a folder."""
    return text.one_line(str(folder.get("title") or folder.get("text") or ""))


# ── write ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def written(feeds: Iterable[Feed], made: datetime) -> bytes:
    """Write a list of feeds that every reader of OPML 2.0 takes; what has no place in OPML is left out."""
    root = etree.Element("opml", version="2.0")
    head, body = etree.SubElement(root, "head"), etree.SubElement(root, "body")
    etree.SubElement(head, "title").text = "Feeds of Tocsin"
    etree.SubElement(head, "dateCreated").text = format_datetime(made, usegmt=True)
    for feed in feeds:
        said = {"type": "rss", "text": feed.outlet, "title": feed.outlet, "xmlUrl": feed.url}
        etree.SubElement(body, "outline", said | ({"language": feed.lang} if feed.lang else {}))
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True))
