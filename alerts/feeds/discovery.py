"""Where a site has its feeds, and what a feed is at a glance.  Pure.

::

    a page ─▶ linked: what its Link headers and its <link rel="alternate"> name ─▶ nothing? ─▶ well_known
    a feed ─▶ glance: kind, title, how many entries, the newest date

Pages and feeds come from strangers: ``linked`` and ``glance`` belong into a child with limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from alerts import text
from alerts.errors import ParseError
from alerts.feeds import charsets, links, parsing, sitemaps
from alerts.feeds.links import Link
from alerts.model import Fetched

MOST_LINKS = 20
"""The most links of one page that are looked at."""

WELL_KNOWN = ("feed", "rss", "feed.xml", "rss.xml", "atom.xml", "index.xml", "feed.json", "news-sitemap.xml")
"""Where feeds often are; these are asked for only if a page names none."""

TYPES = frozenset(
    ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "application/json")
)
"""The types of a link to a feed; oEmbed and the like have others."""

_ROOTS = {
    "rss": "RSS",
    "rdf": "RDF",
    "feed": "Atom",
    "channel": "RSS",
    "urlset": "news sitemap",
    "sitemapindex": "sitemap index",
}
_HEAD = 65_536
_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z]+)[\s>/]")
_FIRST_ENTRY = re.compile(r"<(?:[\w.-]+:)?(?:item|entry|url)[\s>/]")
_TITLE = re.compile(r"<(?:[\w.-]+:)?title[^>]*>(.{1,2000}?)</", re.DOTALL)
_JSON_TITLE = re.compile(r'"title"\s*:\s*("(?:[^"\\]|\\.){0,2000}")')
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Glance:
    """What a feed is: its kind, its own title, the number of its entries, and the date of the newest."""

    kind: str
    title: str
    entries: int
    newest: datetime | None = None


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def linked(got: Fetched) -> tuple[str, ...]:
    """Find the feeds that an answer names, each once: in its headers and in its page, or as an index of sitemaps."""
    if listed := sitemaps.named(got.body, got.url):
        return listed[:MOST_LINKS]
    named = (*links.of_header(got.links, got.url), *_of_page(got))
    found = dict.fromkeys(link.url for link in named if _is_feed(link) and link.url != got.url)
    return tuple(found)[:MOST_LINKS]


def well_known(url: str) -> tuple[str, ...]:
    """Give the places where a site may have a feed that it does not name."""
    return tuple(urljoin(url, f"/{path}") for path in WELL_KNOWN)


def _is_feed(link: Link) -> bool:
    """Tell a feed from a translation, a page for telephones, or a style sheet."""
    return "feed" in link.relations or ("alternate" in link.relations and link.type in TYPES)


def _of_page(got: Fetched) -> Iterator[Link]:
    """Read the ``<link>`` elements of a page, which count from its ``<base>``."""
    page = LexborHTMLParser(got.body)
    base = next((href for el in page.css("base[href]") if (href := _said(el, "href"))), "")
    home = links.whole(base, got.url) or got.url
    for el in page.css("link[rel][href]"):
        if url := links.whole(_said(el, "href"), home):
            yield Link(url, frozenset(_said(el, "rel").lower().split()), links.media_type(_said(el, "type")))


def _said(el: LexborNode, name: str) -> str:
    """Give an attribute, which may be there without a value."""
    return el.attributes.get(name) or ""


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def glance(got: Fetched) -> Glance:
    """Read a feed and say what it is.

    :raises ParseError: it is none.
    """
    read = parsing.parse(got)
    if read.index:
        raise ParseError("an index of sitemaps; those that it names are the feeds")
    dates = [entry.published for entry in read.entries if entry.published]
    head = _head(got)
    return Glance(_kind(head), _title(head), len(read.entries), max(dates, default=None))


def _head(got: Fetched) -> str:
    """Give the beginning of a feed as letters."""
    body = charsets.clean(got.body)
    plain = charsets.to_utf8(body, charsets.stated(got))
    return _COMMENT.sub("", (body if plain is None else plain)[:_HEAD].decode("utf-8", "replace"))


def _kind(head: str) -> str:
    """Name the kind of a feed by its root."""
    if head[:1] == "{":
        return "JSON Feed"
    return next((kind for match in _ROOT.finditer(head) if (kind := _ROOTS.get(match[1].lower()))), "feed")


def _title(head: str) -> str:
    """Give the feed's own title, which stands in front of its first entry."""
    if head[:1] == "{":
        named = _JSON_TITLE.search(head.partition('"items"')[0])
        return text.cut(text.one_line(str(json.loads(named[1], strict=False))), 200) if named else ""
    first = _FIRST_ENTRY.search(head)
    found = _TITLE.search(head[: first.start()] if first else head)
    return text.cut(text.plain(text.plain(_CDATA.sub(r"\1", found[1]))), 200) if found else ""
