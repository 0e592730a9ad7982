"""The fast way: feeds that are well-formed XML in good order, read by libxml2.  Pure.

It reads RSS 0.9 to 2.0, RDF and Atom 1.0, and is silent (``None``) on any doubt: XML that is not well-formed, a DTD, an
unknown root or namespace, a strange charset, entries where none should be or that say
nothing.  Then ``lenient`` reads the feed, which is
the reference: a test holds the two against each other.

No DTD is loaded, no entity is resolved, and nothing is opened: libxml2 is told so, and is given no document with a DTD.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin
from xml.sax.saxutils import escape

from lxml import etree

from alerts.feeds import dates, entries, plain_xml
from alerts.feeds.entries import Said
from alerts.model import Entry

Element = Any  # lxml tells its types to nobody

# In small letters, and without the slash or hash at their end, which some forget.
_SPACES = {
    "": "",
    "http://backend.userland.com/rss": "",
    "http://backend.userland.com/rss2": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/rss/1.0": "",
    "http://my.netscape.com/rdf/simple/0.9": "",
    "http://www.w3.org/2005/atom": "atom:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns": "rdf:",
    "http://purl.org/dc/elements/1.1": "dc:",
    "http://purl.org/dc/terms": "dcterms:",
    "http://purl.org/rss/1.0/modules/content": "content:",
    "http://search.yahoo.com/mrss": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
}
_ROOTS = {"rss": "item", "rdf:rdf": "item", "atom:feed": "atom:entry"}
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_TEXTS = {"", "text", "html", "xhtml", "text/plain", "text/html", "application/xhtml+xml"}
_PAGES = {"", "text/html", "application/xhtml+xml", "html", "xhtml"}
# What Windows-1252 has where Unicode has control characters, which many write as if it were Latin-1.
_WINDOWS = {code: letter for code in range(0x80, 0xA0) if (letter := bytes([code]).decode("cp1252", "ignore"))}
_CONTROL = re.compile("[\x80-\x9f]")
_LATIN = re.compile("[\xc2-\xf4][\x80-\xbf]")


_Action = Callable[[Said, Element], None]


class Doubt(Exception):  # noqa: N818 - it is no error: another reads the feed
    """The feed is not in such an order that it can be read the fast way."""


def read(body: bytes, location: str) -> tuple[tuple[Entry, ...], str] | None:
    """Read a feed in UTF-8: its entries, and what was left out in words; ``None`` on any doubt."""
    if plain_xml.declares(body):
        return None
    try:
        root = etree.fromstring(body, plain_xml.parser(collect_ids=False))
        found, read_one = _places(root)
        home = entries.anchor(location, _home(root))
        kept, silent, over = entries.made((read_one(el) for el in found), len(found), home)
    except (etree.XMLSyntaxError, Doubt):
        return None
    return None if silent else (kept, entries.left_out(silent, over))


# ── where the entries are ────────────────────────────────────────────────────────────────────────────────────────────


def _places(root: Element) -> tuple[list[Element], Callable[[Element], Said]]:
    """Find the entries where the format has them, and nowhere else, and how they are read.

    :raises Doubt: the root is unknown, or there are entries in other places.
    """
    wanted = _ROOTS.get(_name(root.tag))
    if wanted is None:
        raise Doubt
    places = [root] if wanted == "atom:entry" else [root, *(el for el in root if _name(el.tag) == "channel")]
    found = [el for place in places for el in place if _name(el.tag) == wanted]
    everywhere = sum(1 for _ in root.iter("{*}item", "{*}entry"))
    if not found or everywhere != len(found):
        raise Doubt
    return found, _of_atom if wanted == "atom:entry" else _of_rss


def _home(root: Element) -> str:
    """Give the address of the page that the feed belongs to."""
    channel = next((el for el in root if _name(el.tag) == "channel"), root)
    for el in channel:
        name = _name(el.tag)
        if name == "link" and el.text:
            return str(el.text)
        if name == "atom:link" and el.get("rel", "alternate") == "alternate" and el.get("type", "") in _PAGES:
            return str(el.get("href") or "")
    return ""


# ── RSS and RDF ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_rss(item: Element) -> Said:
    """Read one entry of RSS or RDF."""
    return _said(Said(guid=item.get(_ABOUT, "")), item, _RSS)


def _said(said: Said, entry: Element, actions: dict[str, _Action]) -> Said:
    """Take what stands in an entry; what is said of a picture stands in only for what is said of nothing else."""
    for el in entry:
        if action := actions.get(_name(el.tag)):
            action(said, el)
    if not said.title:
        said.title = next((_text(el) for el in entry.iter() if _name(el.tag) == "media:title"), "")
    if not said.summary and not said.contents:
        said.summary = next((_text(el) for el in entry.iter() if _name(el.tag) == "media:description"), "")
    return said


def _title(said: Said, el: Element) -> None:
    said.title = said.title or _markup(el)


def _summary(said: Said, el: Element) -> None:
    """Take the first description for the summary, or one that comes after the text; a second one is a text.

    So does feedparser, which feeds of podcasts are tried on.
    """
    written = _markup(el)
    if not said.summary or said.contents:
        said.summary = written or said.summary
    else:
        said.contents.append(written)


def _content(said: Said, el: Element) -> None:
    said.contents.append(_markup(el))


def _link(said: Said, el: Element) -> None:
    if el.get("href"):
        _atom_link(said, el)
    else:
        said.link = _whole(_text(el), el)


def _original(said: Said, el: Element) -> None:
    said.original = _text(el)


def _guid(said: Said, el: Element) -> None:
    """Take the guid; it is an address too, unless it says that it is none."""
    said.guid = _text(el)
    if el.get("isPermaLink", "true").lower() == "true":
        said.guid = said.permalink = _whole(said.guid, el)


def _published(said: Said, el: Element) -> None:
    said.published = dates.read(_text(el)) or said.published


def _updated(said: Said, el: Element) -> None:
    said.updated = dates.read(_text(el)) or said.updated


def _author(said: Said, el: Element) -> None:
    """Take the name, or the address of one who gives no name."""
    parts = {_name(child.tag).rpartition(":")[2]: _text(child) for child in el}
    said.authors.append(parts.get("name") or parts.get("email") or ("" if parts else _text(el)))


def _category(said: Said, el: Element) -> None:
    said.categories.append(el.get("label") or el.get("term") or el.get("text") or _text(el))


def _keywords(said: Said, el: Element) -> None:
    said.categories += (word.strip() for word in _text(el).split(","))


def _source(said: Said, el: Element) -> None:
    """Take the outlet that an aggregator names; in Atom it is the title of a feed inside."""
    said.outlet = next((_text(child) for child in el if _name(child.tag) == "atom:title"), "") or (el.text or "")


# ── Atom ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_atom(entry: Element) -> Said:
    """Read one entry of Atom."""
    return _said(Said(), entry, _ATOM)


def _atom_link(said: Said, el: Element) -> None:
    """Take the last link to a page: the relation is ``alternate``, and the type that of HTML, if none is given."""
    if el.get("rel", "alternate").lower() == "alternate" and el.get("type", "").lower() in _PAGES and el.get("href"):
        said.link = _whole(el.get("href", ""), el)


_COMMON: dict[str, _Action] = {
    "atom:link": _atom_link,
    "atom:published": _published,
    "atom:updated": _updated,
    "dc:title": _title,
    "dc:creator": _author,
    "dc:author": _author,
    "dc:date": _updated,
    "dc:subject": _category,
    "dcterms:issued": _published,
    "dcterms:modified": _updated,
    "feedburner:origlink": _original,
    "itunes:author": _author,
    "itunes:category": _category,
    "itunes:keywords": _keywords,
    "itunes:summary": _summary,
    "media:category": _category,
    "media:keywords": _keywords,
}
_RSS: dict[str, _Action] = {
    **_COMMON,
    "title": _title,
    "link": _link,
    "guid": _guid,
    "id": _guid,
    "atom:id": _guid,
    "published": _published,
    "issued": _published,
    "updated": _updated,
    "modified": _updated,
    "summary": _summary,
    "content": _content,
    "atom:author": _author,
    "atom:category": _category,
    "description": _summary,
    "dc:description": _summary,
    "atom:summary": _summary,
    "content:encoded": _content,
    "atom:content": _content,
    "fullitem": _content,
    "body": _content,
    "xhtml:body": _content,
    "pubdate": _published,
    "author": _author,
    "category": _category,
    "source": _source,
}
_ATOM: dict[str, _Action] = {
    **_COMMON,
    "atom:id": _guid,
    "atom:title": _title,
    "atom:summary": _summary,
    "atom:content": _content,
    "atom:author": _author,
    "atom:category": _category,
    "atom:source": _source,
    "content:encoded": _content,
}


# ── elements ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1_024)
def _name(tag: str) -> str:
    """Give the name of an element in small letters, with the usual prefix of its namespace, whatever it has here.

    One of an unknown namespace has a name that nothing else has.
    """
    space, _, local = tag.rpartition("}")
    prefix = _SPACES.get(space[1:].lower().rstrip("/#"))
    return tag if prefix is None else prefix + local.lower()


def _text(el: Element) -> str:
    """Give the text of an element and of all inside it."""
    return _repaired((el.text or "") if len(el) == 0 else "".join(el.itertext())).strip()


def _markup(el: Element) -> str:
    """Give what is inside an element as HTML, also where that is written out as elements.

    :raises Doubt: it is of a type that is no text, such as base64.
    """
    kind = el.get("type", "").lower()
    if kind not in _TEXTS or el.get("mode", "escaped").lower() != "escaped":
        raise Doubt
    if len(el) == 0:
        return _text(el)
    words = el.text or ""
    before = escape(words) if "xhtml" in kind else words
    inside = "".join((before, *(etree.tostring(child, encoding="unicode") for child in el)))
    return _repaired(inside).strip()


def _repaired(written: str) -> str:
    """Undo what feeds do to letters: UTF-8 taken for Latin-1 and written as UTF-8 again, Windows-1252 for Latin-1."""
    if written.isascii():
        return written
    if _LATIN.search(written):
        with contextlib.suppress(UnicodeError):
            written = written.encode("latin-1").decode("utf-8")
    return written.translate(_WINDOWS) if _CONTROL.search(written) else written


def _whole(link: str, el: Element) -> str:
    """Resolve a link against ``xml:base``, if there is one."""
    try:
        return urljoin(el.base or "", link)
    except ValueError:
        return link
