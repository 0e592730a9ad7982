"""From an entry to an article: its identity, its text, its times, and whether anybody is told of it.  Pure.

An identity is the first of these that no other entry of the same document claims for something else:

1. the guid: one that is a web address counts as that address, any other only within its feed;
2. the link, in its canonical spelling and without its scheme, so that a move to https makes nothing new;
3. the words of title and text, within the feed.

A feed that is known for worse may say which of the three it goes by (``Feed.identity``); then nothing is contested.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alerts import text, urls
from alerts.model import Article, Entry, Feed, Identity

SKEW = timedelta(hours=1)
"""How far a feed's clock may be ahead of ours before its dates are disbelieved."""

OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No feed is older than the web; a date before this is a program's idea of nothing."""

TITLE_LIMIT = 100
"""The most characters of a text that stand for a title that is missing."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """An article in the making, and the names by which it may be known, the best first."""

    article: Article
    names: tuple[str, ...]
    note: str = ""

    def next_best(self) -> _Claim:
        """Fall back to the next name, and say why."""
        note = f"another entry has the same {self.names[0].split(' ', 1)[0]} and says something else"
        return replace(self, names=self.names[1:], note=note)


def from_entries(entries: Iterable[Entry], feed: Feed, *, first_poll: bool, now: datetime) -> tuple[Article, ...]:
    """Make the entries of one document ours, in their order; what says the same twice is one article.

    ``first_poll`` means that everything in the feed is new to us, and so nothing in it is news: what is older than the
    feed's ``first_poll`` span, or has no date, is kept quiet.
    """
    claims = [_claim(entry, feed, now) for entry in entries if entry.title or entry.text or entry.summary or entry.link]
    made: dict[str, Article] = {}
    for article in map(_named, _settled(claims)):
        made.setdefault(article.key, article)
    quiet = feed.first_poll if first_poll else None
    return tuple(_hushed(article, quiet, now) for article in made.values())


def _claim(entry: Entry, feed: Feed, now: datetime) -> _Claim:
    """Make an article of an entry, but for its id."""
    body = max(entry.text, entry.summary, key=len)
    url = urls.canonical(entry.link) if urls.is_web(entry.link.strip()) else ""
    title, title_note = _title(entry.title, body, url)
    published, date_note = _published(entry.published, now)
    article = Article(
        id="",
        version=_hex(f"{title}\n{body}", 12),
        feed=feed.id,
        outlet=entry.outlet or feed.outlet,
        url=url,
        title=title,
        text=body,
        seen=now,
        published=published,
        lang=entry.lang or feed.lang,
        country=feed.country,
        author=entry.author,
        categories=entry.categories,
        notes=tuple(note for note in (title_note, date_note) if note),
        updated=entry.updated if entry.updated and entry.updated <= now else None,
    )
    return _Claim(article, _known_by(feed.identity, tuple(_names(entry.guid, article))))


def _title(title: str, body: str, url: str) -> tuple[str, str]:
    """Give the title, or what stands for it, with a note that says so."""
    if title:
        return title, ""
    if body:
        return text.cut(body, TITLE_LIMIT), "no title: the first words of the text stand for it"
    return url, "no title: the address stands for it"


def _published(claimed: datetime | None, now: datetime) -> tuple[datetime | None, str]:
    """Give the date that the feed claims, never later than ``now``, with a note if it is not believed."""
    if claimed is None:
        return None, ""
    if claimed < OLDEST:
        return None, f"the feed's date {claimed.date()} cannot be true"
    if claimed > now + SKEW:
        return now, f"the feed's date {claimed:%Y-%m-%d %H:%M} UTC is in the future; the time it was seen stands for it"
    return min(claimed, now), ""


# ── identity ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _names(guid: str, article: Article) -> Iterator[str]:
    """Give the names by which an article may be known, the best first; the first word says of what kind each is."""
    if urls.is_web(guid):
        yield f"guid {_without_scheme(urls.canonical(guid))}"
    elif guid:
        yield f"guid {article.feed} {guid}"
    if article.url:
        yield f"link {_without_scheme(article.url)}"
    yield f"words {article.feed} {article.version}"


def _known_by(identity: Identity, names: tuple[str, ...]) -> tuple[str, ...]:
    """Leave the one name that the feed is to be known by; or the next best where an entry has none such."""
    if identity == "auto":
        return names
    ranks = {"guid": 0, "url": 1, "content": 2, "link": 1, "words": 2}
    return next((name,) for name in names if ranks[name.split(" ", 1)[0]] >= ranks[identity])


def _without_scheme(url: str) -> str:
    """Take the scheme off an address."""
    return url.partition(":")[2]


def _settled(claims: list[_Claim]) -> list[_Claim]:
    """Let all who claim one name for different things fall back to their next one, until none do.

    All, and not all but the first: the order of a document changes from poll to poll, and ids must not change with it.
    """
    while contested := _contested(claims):
        claims = [
            claim.next_best() if _same(claim) in contested and len(claim.names) > 1 else claim for claim in claims
        ]
    return claims


def _contested(claims: list[_Claim]) -> set[str]:
    """Find the names that stand for more than one link or title, and that somebody can fall back from."""
    said: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for claim in claims:
        said[_same(claim)].add((claim.article.url, claim.article.title))
    return {_same(claim) for claim in claims if len(said[_same(claim)]) > 1 and len(claim.names) > 1}


def _same(claim: _Claim) -> str:
    """Give the best name without its kind: a guid that is the address of another entry is contested with that entry."""
    return claim.names[0].partition(" ")[2]


def _named(claim: _Claim) -> Article:
    """Give the article its id, and a note if that is not made of the best name."""
    notes = (*claim.article.notes, claim.note) if claim.note else claim.article.notes
    return replace(claim.article, id="a-" + _hex(_same(claim), 16), notes=notes)


def _hex(words: str, digits: int) -> str:
    """Give the first hexadecimal digits of the SHA-256 of some words."""
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


# ── who is told ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _hushed(article: Article, quiet: timedelta | None, now: datetime) -> Article:
    """Keep an article of a first poll quiet that is not fresh, or not known to be."""
    if quiet is None:
        return article
    if article.published is None:
        return replace(article, quiet="first poll of the feed: no date")
    if article.published <= now - quiet:
        return replace(article, quiet=f"first poll of the feed: older than {_span(quiet)}")
    return article


def _span(span: timedelta) -> str:
    """Put a span in words: days from two on, else hours, minutes or seconds, whichever it is a whole number of.

    >>> _span(timedelta(hours=24)), _span(timedelta(days=7)), _span(timedelta(minutes=90))
    ('24 h', '7 days', '90 min')
    """
    seconds = int(span.total_seconds())
    if seconds >= 172_800 and seconds % 86_400 == 0:
        return f"{seconds // 86_400} days"
    for size, unit in ((3_600, "h"), (60, "min")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
