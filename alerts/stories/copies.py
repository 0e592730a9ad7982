"""Whether two articles are the same text: wire copies, reprints, light edits.  Pure.

Texts are compared by the share of the shorter one's 3-word shingles that the other has (containment: Broder, "On the
resemblance and containment of documents", 1997).  Stubs have too few shingles for that, and aggregators put their own
words in the place of the text: they are copies if they have the same words in the headline, figures that do not
contradict, and the same day.

What is worth comparing is found by a sketch: the 32 shingles with the smallest hashes (bottom-k: Broder 1997).  Two
texts of 75 words of which one has half of the other's shingles share about ten of them.  The index is made of the open
stories and kept in memory; nothing else knows it, so nothing else can lose it.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from heapq import nsmallest
from typing import Generic, TypeVar

from alerts.figures import figures
from alerts.model import Member, Story
from alerts.text import folds, uncredited

K = TypeVar("K")
Shingle = tuple[str, str, str]

SHINGLE = 3
CONTAINED = 2 / 3
"""The least share of the shorter text's shingles in the other: of two as long, a Jaccard similarity of one half.

No pair of a Jaccard similarity of one half has less, however long the two are, and what has more is one cut short.
"""

RESEMBLING = 1 / 2
"""The least Jaccard similarity of two texts without their headlines: an agency's text under another headline.

It is asked of the whole where one begins with its own headline, as an aggregator's entry does.
"""

FEWEST = 8
"""With fewer shingles than this, the headline decides."""

STUB = 30
"""A text of at most so many words is a stub: the headline decides too."""

SKETCH = 32
"""How many shingles of a text are looked up."""

MET = 2
"""How many of them two texts must share to be compared; the last words of a feed ("appeared first on") are one."""

REMEMBERED = 1_024
"""How many texts are remembered in each of the forms in which they are compared; the shingles of one are 12 KB."""

HEADLINE = 4
"""A headline of fewer words is no sign of a copy by itself, unless both are nothing but a headline."""


class Index(Generic[K]):
    """Which articles have a key.

    Most keys are of one article alone: a list for each would cost as much again as the article itself.
    """

    def __init__(self) -> None:
        self._first: dict[K, Member] = {}
        self._others: dict[K, list[Member]] = {}

    def add(self, key: K, member: Member) -> None:
        """Remember that an article has the key."""
        if key in self._first:
            self._others.setdefault(key, []).append(member)
        else:
            self._first[key] = member

    def of(self, key: K) -> tuple[Member, ...]:
        """Give the articles that have the key, as they came."""
        first = self._first.get(key)
        return () if first is None else (first, *self._others.get(key, ()))

    def remove(self, key: K, member: Member) -> None:
        """Forget that an article has the key."""
        left = [m for m in self.of(key) if m is not member]
        self._first.pop(key, None)
        self._others.pop(key, None)
        for other in left:
            self.add(key, other)


class Copies:
    """The texts of the open stories.  ``add`` as articles are placed, ``original`` to ask which one is copied."""

    def __init__(self, stories: Iterable[Story]) -> None:
        self._by_shingle: Index[int] = Index()
        self._by_title: Index[int] = Index()
        self._by_url: Index[str] = Index()
        for story in stories:
            for member in story.members:
                self.add(member)

    def add(self, member: Member) -> None:
        """Remember the text of an article."""
        for shingle in _sketch(member.title, member.lead):
            self._by_shingle.add(shingle, member)
        self._by_title.add(hash(headline(member.title)), member)
        if member.url:
            self._by_url.add(member.url, member)

    def remove(self, member: Member) -> None:
        """Forget the text of an article whose story is closed."""
        for shingle in _sketch(member.title, member.lead):
            self._by_shingle.remove(shingle, member)
        self._by_title.remove(hash(headline(member.title)), member)
        self._by_url.remove(member.url, member)

    def originals(self, member: Member) -> list[Member]:
        """Give the articles of which this one is a copy, earliest first.  It is no copy of its own earlier version."""
        near = self._by_title.of(hash(headline(member.title)))
        same = self._by_url.of(member.url)
        having = [m for shingle in _sketch(member.title, member.lead) for m in self._by_shingle.of(shingle)]
        met = Counter(map(id, having))
        alike = (m for m in having if met[id(m)] >= MET)
        found = {id(m): m for m in (*near, *same, *alike) if m.article != member.article}
        return sorted((m for m in found.values() if same_text(m, member)), key=lambda m: (m.seen, m.article))


def same_text(one: Member, other: Member) -> bool:
    """Tell whether the two are one text: the same address, most of the shorter one's shingles, or the same headline."""
    if one.url and one.url == other.url:
        return True
    return _is_alike(one, other) or _same_stub(one, other)


def _is_alike(one: Member, other: Member) -> bool:
    """Tell whether the two share most of their shingles, with their headlines or without.

    Most that are compared share less than a third, and can be alike in neither way, unless a headline is longer than
    its text; they cost no second look.
    """
    a, b = shingles(one.title, one.lead), shingles(other.title, other.lead)
    shared, shorter = len(a & b), min(len(a), len(b))
    if shorter < FEWEST or shared < RESEMBLING * CONTAINED * shorter:
        return False
    if _repeats(one.title, one.lead) or _repeats(other.title, other.lead):
        return _resembles(a, b)
    if shared >= CONTAINED * shorter:
        return True
    c, d = shingles("", one.lead), shingles("", other.lead)
    return min(len(c), len(d)) >= FEWEST and _resembles(c, d)


def _resembles(a: frozenset[Shingle], b: frozenset[Shingle]) -> bool:
    """Tell whether two texts have a Jaccard similarity of at least ``RESEMBLING``."""
    return len(a & b) >= RESEMBLING * len(a | b)


@lru_cache(maxsize=REMEMBERED)
def _repeats(title: str, lead: str) -> bool:
    """Tell whether the text begins with its own headline, as an aggregator's does.

    What follows there are headlines of others, which two entries may share; so both must be alike as a whole.
    """
    words = folds(uncredited(title))
    return len(words) > HEADLINE and folds(lead)[: len(words)] == words


def _same_stub(one: Member, other: Member) -> bool:
    """Tell whether one is a stub with the other's headline, of the same day, and no figure contradicts."""
    words = headline(one.title)
    if words != headline(other.title) or one.seen.date() != other.seen.date():
        return False
    shorter = min(len(one.lead.split()), len(other.lead.split()))
    if shorter > STUB or (len(words) < HEADLINE and (one.lead or other.lead)):
        return False
    a, b = ({f.name for f in figures(f"{m.title} {m.lead}")} for m in (one, other))
    return a <= b or b <= a


@lru_cache(maxsize=4 * REMEMBERED)
def shingles(title: str, lead: str) -> frozenset[Shingle]:
    """Give the 3-word shingles of a title and a lead."""
    words = folds(f"{title} {lead}")
    return frozenset(zip(words, words[1:], words[2:], strict=False))


@lru_cache(maxsize=REMEMBERED)
def _sketch(title: str, lead: str) -> tuple[int, ...]:
    """Give the smallest hashes of the shingles: the same ones in every process.

    It is made of the words and not of ``shingles``, which are costly to keep and needed only for what is compared.
    """
    words = folds(f"{title} {lead}")
    joined = {f"{a} {b} {c}" for a, b, c in zip(words, words[1:], words[2:], strict=False)}
    return tuple(nsmallest(SKETCH, {zlib.crc32(shingle.encode("utf-8", "replace")) for shingle in joined}))


@lru_cache(maxsize=REMEMBERED)
def headline(title: str) -> frozenset[str]:
    """Give the words of a headline, without the name that an aggregator puts behind it.

    >>> sorted(headline("Iran cuts off the internet again - The Harbour Post"))
    ['again', 'cuts', 'internet', 'iran', 'off', 'the']
    """
    bare = uncredited(title)
    cut = folds(bare)
    return frozenset(cut if bare == title or len(cut) > HEADLINE else folds(title))
