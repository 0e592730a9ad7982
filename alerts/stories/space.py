"""Which open story an article is like: TF-IDF over the watched stream itself.  Pure.

A term weighs the more, the fewer of the open *stories* tell it.  That is the watched stream and not general news: there
the watched subject's own names would glue every story to every other.  And it is stories and not articles: what sixty
articles of one story have in common tells that story from the others, and must not weigh less for being told often.
(Single-pass clustering with a centroid, as in Topic Detection and Tracking: Allan, Papka, Lavrenko, "On-line New Event
Detection and Tracking", SIGIR 1998.)

Every weight is a function of the stories that are open and of nothing else, so that a space built anew from them gives
the same answers as the one that saw them grow.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import log, sqrt
from typing import NamedTuple

from alerts.model import Member, Story
from alerts.stories import terms as terms_

ALIKE = 0.25
"""The least cosine between an article and a story's centroid for the article to belong to it."""

IMAGINED = 20
"""A stream begins with so many imagined stories that have none of its words, so that the first ones can be weighed."""

UNSEEN = 0.5
"""The share of its weight that a term has which no open story tells: it can meet nothing, and only blurs the rest."""

NAMED = 5
"""How many of the words by which an article was placed are kept."""


class Near(NamedTuple):
    """A story that an article is like, how like, and the terms that make it so, strongest first."""

    story: str
    score: float
    shared: tuple[str, ...]


class Space:
    """The open stories as vectors.  ``add`` as articles are placed, ``nearest`` to ask where one belongs."""

    def __init__(self, stories: Iterable[Story]) -> None:
        self._centroids: dict[str, dict[str, float]] = {}
        self._having: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._last: dict[str, datetime] = {}
        self._weights: dict[str, float] = {}
        for story in stories:
            for member in story.members:
                self.add(story.id, member)

    def add(self, story: str, member: Member) -> None:
        """Count one more article of the story."""
        self._weights.clear()
        counted = {term: 1 + log(n) for term, n in terms_.of(member).items()}
        length = _length(counted.values())
        centroid = self._centroids.setdefault(story, {})
        for term, n in counted.items():
            centroid[term] = centroid.get(term, 0.0) + n / length
            self._having[term][story] = None
        self._last[story] = max(member.seen, self._last.get(story, member.seen))

    def close(self, before: datetime) -> tuple[str, ...]:
        """Forget the stories without news since then, and name them."""
        closed = tuple(story for story, last in self._last.items() if last < before)
        for story in closed:
            self._weights.clear()
            del self._last[story]
            for term in self._centroids.pop(story):
                del self._having[term][story]
        return closed

    def weight(self, term: str) -> float:
        """Give the inverse story frequency of a term, smoothed; never below 0."""
        found = self._weights.get(term)
        if found is None:
            telling = len(self._having.get(term, ()))
            found = self._weights[term] = max(0.0, log((len(self._centroids) + IMAGINED) / (telling + 0.5)))
        return found

    def nearest(self, member: Member) -> Near | None:
        """Give the story that the article is most like; ``None`` if no story is alike enough.

        Of two that are equally alike the one with the smaller id is taken, so that the answer is always the same.
        """
        vector = {term: (1 + log(n)) * self._seen_weight(term) for term, n in terms_.of(member).items()}
        length = _length(vector.values())
        vector = {term: w / length for term, w in vector.items()}
        best = min(((-self._cosine(vector, story), story) for story in self._candidates(vector)), default=(0.0, ""))
        if -best[0] < ALIKE:
            return None
        return Near(best[1], -best[0], self._shared(vector, best[1]))

    def _seen_weight(self, term: str) -> float:
        """Weigh a term of an article."""
        return self.weight(term) * (1 if self._having.get(term) else UNSEEN)

    def _candidates(self, vector: Mapping[str, float]) -> list[str]:
        """Give the stories that could be alike enough.

        A cosine is at most the length of that part of the vector whose terms the story has.  So the stories that only
        have the lightest terms, which are the many, are never looked at.
        """
        reach = ALIKE * ALIKE
        light, part = 0.0, defaultdict[str, float](float)
        for term, w in sorted(vector.items(), key=lambda pair: (pair[1], pair[0])):
            if light + w * w < reach:
                light += w * w
                continue
            square = w * w
            for story in self._having.get(term, ()):
                part[story] += square
        return [story for story, square in part.items() if square + light >= reach * 0.999]

    def _cosine(self, vector: Mapping[str, float], story: str) -> float:
        """Give the cosine between an article's vector, of length 1, and a story's centroid."""
        weight = self.weight
        dot = square = 0.0
        for term, n in self._centroids[story].items():
            w = n * weight(term)
            square += w * w
            if term in vector:
                dot += w * vector[term]
        return dot / sqrt(square) if square else 0.0

    def _shared(self, vector: Mapping[str, float], story: str) -> tuple[str, ...]:
        """Name the terms that count most in the cosine."""
        centroid = self._centroids[story]
        parts = {term: w * centroid[term] * self.weight(term) for term, w in vector.items() if term in centroid}
        return tuple(sorted((t for t in parts if parts[t]), key=lambda term: (-parts[term], term))[:NAMED])


def _length(values: Iterable[float]) -> float:
    """Give the length of a vector; of one that is nought, 1."""
    return sqrt(sum(value * value for value in values)) or 1.0
