"""Atom and JSON Feed, for people who prefer a reader: entries to bytes, the same for the same entries.  Pure.

``Alert ─▶ entry ─▶ atom | json_feed ─▶ bytes``.  Feed text is cleaned by ``views`` and escaped as HTML by the
template; XML and JSON escape that once more, each in its own way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from jinja2 import Environment, PackageLoader, StrictUndefined
from lxml import etree

from alerts.model import Alert, Score
from alerts.render import views
from alerts.render.frames import frame
from alerts.render.plates import Plates

ATOM = "http://www.w3.org/2005/Atom"
JSON_FEED = "https://jsonfeed.org/version/1.1"
EMPTY = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was last updated: never."""

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_templates = Environment(
    loader=PackageLoader("alerts.render"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One development, as a reader shows it.  ``url`` may be empty; ``html`` is safe to be shown as it is."""

    id: str
    title: str
    url: str
    html: str
    text: str
    outlet: str
    updated: datetime
    published: datetime | None = None
    lang: str = ""
    tags: tuple[str, ...] = ()
    score: Score | None = None


def entry(alert: Alert) -> Entry:
    """Make an entry of an alert.  Its id is made of the subscription and the development, and never changes."""
    page = views.of_alert(alert, Plates())
    told, newest = page.stories[0], alert.told.developments[-1]
    words = [passage.words for passage in told.passages]
    return Entry(
        id=_name(alert.subscription.id, newest.key),
        title=told.headline,
        url=told.url,
        html=_templates.get_template("entry.html").render(told=told, _=frame(told.framed).say).strip(),
        text="\n".join([f"{told.developments[-1].reason}.", *words]),
        outlet=told.developments[-1].outlet,
        updated=newest.made.astimezone(UTC),
        published=newest.article.published and newest.article.published.astimezone(UTC),
        lang=told.lang,
        tags=(page.sections[0].title, page.sections[0].severity),
        score=alert.told.score,
    )


def atom(title: str, url: str, entries: Sequence[Entry]) -> bytes:
    """Write Atom (RFC 4287).  ``url`` is where the feed itself is, or empty; the newest entry comes first."""
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    _put(feed, "id", _name(url, title))
    _put(feed, "title", title)
    _put(feed, "updated", _time(max((e.updated for e in entries), default=EMPTY)))
    _put(_put(feed, "author"), "name", "Tocsin")
    _put(feed, "generator", "Tocsin")
    if url:
        _put(feed, "link", rel="self", type="application/atom+xml", href=url)
    for one in entries:
        _atom_entry(_put(feed, "entry"), one)
    written: bytes = etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return written


def json_feed(title: str, url: str, entries: Sequence[Entry]) -> bytes:
    """Write JSON Feed 1.1.  ``url`` is where the feed itself is, or empty; the newest entry comes first."""
    feed = {"version": JSON_FEED, "title": _sound(title), "feed_url": _sound(url)} | {
        "items": list(map(_item, entries))
    }
    return json.dumps({name: value for name, value in feed.items() if value != ""}, ensure_ascii=False).encode()


def _item(e: Entry) -> dict[str, object]:
    """Write one entry for JSON Feed; what is not known is left out."""
    item = {
        "id": e.id,
        "url": _sound(e.url),
        "title": _sound(e.title),
        "content_html": _sound(e.html),
        "summary": _sound(e.text),
        "date_published": _time(e.published) if e.published else "",
        "date_modified": _time(e.updated),
        "authors": [{"name": _sound(e.outlet)}] if e.outlet else "",
        "tags": [_sound(tag) for tag in e.tags],
        "language": e.lang,
        "_tocsin": _score(e.score) if e.score else "",
    }
    return {name: value for name, value in item.items() if value != ""}


def _score(of: Score) -> dict[str, object]:
    """Give by what the story is ranked; JSON Feed leaves names with an underscore to whoever writes it."""
    return {"severity": of.severity, "outlets": of.outlets, "newest": _time(of.newest)}


def _atom_entry(into: etree._Element, e: Entry) -> None:
    """Write one entry for Atom."""
    _put(into, "id", e.id)
    _put(into, "title", e.title)
    _put(into, "updated", _time(e.updated))
    if e.published:
        _put(into, "published", _time(e.published))
    _put(_put(into, "author"), "name", e.outlet or "Tocsin")
    if e.url:
        _put(into, "link", rel="alternate", type="text/html", href=e.url)
    for tag in e.tags:
        _put(into, "category", term=tag)
    _put(into, "summary", e.text)
    _put(into, "content", e.html, type="html")


def _put(into: etree._Element, name: str, words: str = "", **attributes: str) -> etree._Element:
    """Put an element with a text into another."""
    made = etree.SubElement(into, f"{{{ATOM}}}{name}", {key: _sound(value) for key, value in attributes.items()})
    made.text = _sound(words) or None
    return made


def _name(*of: str) -> str:
    """Make an id of what names it, as Atom wants one: an IRI that never changes."""
    return uuid5(NAMESPACE_URL, _sound(" ".join(["tocsin", *of]))).urn


def _sound(words: str) -> str:
    """Drop what XML cannot hold."""
    return _NO_XML.sub("", words)


def _time(when: datetime) -> str:
    """Write a time by RFC 3339."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
