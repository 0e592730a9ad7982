"""News sitemaps: what a site tells search engines of its last two days, with titles and dates.  Pure.

The format is that of https://www.sitemaps.org/protocol.html with Google's extension for news,
https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap.

A sitemap without news has no titles, and is refused in words that say so.  An index only names other sitemaps: of
those on its own host the first few are read in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from alerts import text, urls
from alerts.errors import ParseError
from alerts.feeds import dates, entries, links, plain_xml
from alerts.feeds.entries import Said
from alerts.model import Entry

MOST_NAMED = 20
"""The most sitemaps of an index that are named."""

MOST_READ = 3
"""The most sitemaps of an index that are read: the news of two days are rarely in more than one."""

_INDEX = b"sitemapindex"
_ROOTS = b"urlset", _INDEX
_HEAD = 4_096


def read(body: bytes, location: str, *, recover: bool = False) -> tuple[tuple[Entry, ...], str] | None:
    """Read a news sitemap in UTF-8: its entries, and what is wrong in words; ``None`` if it is none.

    One that is malformed is none, unless ``recover`` is asked for: then it is read as far as it can be.

    :raises ParseError: it is an index of which nothing is to be read, or a sitemap without news.
    """
    root, problem = _root(body, recover=recover)
    kind = _local(root) if root is not None else ""
    if kind == "sitemapindex":
        raise ParseError(_of_index(root))
    if kind != "urlset":
        return None
    listed = [el for el in root if _local(el) == "url"]
    found = [(el, news) for el in listed if (news := _child(el, "news")) is not None]
    if listed and not found:
        raise ParseError("a sitemap without news: its addresses have no titles; look for the site's news sitemap")
    kept, silent, over = entries.made((_said(el, news) for el, news in found), len(found), location)
    said = [problem, entries.left_out(silent, over)]
    return kept, "; ".join(part for part in said if part)


@dataclass(frozen=True, slots=True)
class Index:
    """The sitemaps to read in the place of an index; ``dated`` if it says of each when it changed last."""

    parts: tuple[str, ...]
    dated: bool


def index(body: bytes, location: str) -> Index | None:
    """Read an index of sitemaps; ``None`` if it is none, or names none on its own host."""
    if _INDEX not in body[:_HEAD]:
        return None
    listed = _listed(body, location)
    own = [(url, day) for url, day in listed if urls.host(url) == urls.host(location) and url != location]
    return Index(tuple(url for url, _ in own[:MOST_READ]), all(day for _, day in listed)) if own else None


def named(body: bytes, location: str) -> tuple[str, ...]:
    """Give the sitemaps that an index names: those with news in their address first, then the newest."""
    return tuple(url for url, _ in _listed(body, location)[:MOST_NAMED])


def _listed(body: bytes, location: str) -> list[tuple[str, str]]:
    """Give the sitemaps of an index in that order, each with the day of its last change."""
    root, _ = _root(body, recover=True)
    if root is None or _local(root) != "sitemapindex":
        return []
    listed = [(links.whole(_word(el, "loc"), location), _word(el, "lastmod")) for el in root if _local(el) == "sitemap"]
    newest = sorted(listed, key=lambda one: one[1], reverse=True)
    ordered = sorted(newest, key=lambda one: "news" not in urlsplit(one[0]).path.lower())
    return [*{url: (url, day) for url, day in reversed(ordered) if urls.is_web(url)}.values()][::-1]


def _root(body: bytes, *, recover: bool) -> tuple[Any, str]:
    """Parse what may be a sitemap; nothing is opened, and nothing grows."""
    if not any(name in body[:_HEAD] for name in _ROOTS) or plain_xml.declares(body):
        return None, ""
    parser = plain_xml.parser(recover=recover)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        return None, ""
    first = next(iter(parser.error_log), None) if recover else None
    words = f"malformed XML at line {first.line}: {text.cut(text.one_line(first.message), 60)}" if first else ""
    return root, words


def _said(el: Any, news: Any) -> Said:
    """Read one entry."""
    publication = _child(news, "publication")
    return Said(
        link=_word(el, "loc"),
        title=_word(news, "title"),
        categories=[word for word in _word(news, "keywords").split(",") if word.strip()],
        published=dates.read(_word(news, "publication_date")),
        updated=dates.read(_word(el, "lastmod")),
        publisher=_word(publication, "name") if publication is not None else "",
        lang=_word(publication, "language").lower() if publication is not None else "",
    )


def _of_index(root: Any) -> str:
    """Say what to do with an index."""
    number = sum(_local(el) == "sitemap" for el in root)
    return (
        f"a sitemap index, which names {number} sitemaps, and none on its own host; `alerts feeds discover` tries them"
    )


def _child(el: Any, name: str) -> Any:
    return next((child for child in el if _local(child) == name), None)


def _word(el: Any, name: str) -> str:
    """Give the text of a child, without the blanks around it; empty if there is none."""
    child = _child(el, name)
    return "".join(_texts(child)).strip() if child is not None else ""


def _texts(el: Any) -> Iterator[str]:
    yield from (str(part) for part in el.itertext())


def _local(el: Any) -> str:
    """Give the name of an element in small letters, whatever its namespace: sites write several, and wrong ones."""
    return str(el.tag).rpartition("}")[2].lower()
