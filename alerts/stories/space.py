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

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from heapq import heappop, heappush
from math import log, log2, sqrt
from typing import NamedTuple

from alerts.model import Member, Story
from alerts.stories import terms as terms_

ALIKE = 0.25
"""The least cosine between an article and a story's centroid for the article to belong to it."""

IMAGINED = 40
"""A stream begins with so many imagined stories that have none of its words, so that the first ones can be weighed."""

UNSEEN = 0.5
"""The share of its weight that a term has which no open story tells: it can meet nothing, and only blurs the rest."""

STEP = log(2) / 2
"""Weights go down by half an octave at a time, so that they seldom change."""

GRAIN = 4096
"""How finely the share of a term in an article is counted."""

LIGHT = 0.7
"""Which share of the way to ``ALIKE`` the lightest terms of an article may go without being looked up."""

NAMED = 5
"""How many of the words by which an article was placed are kept."""


class Near(NamedTuple):
    """A story that an article is like, how like, and the terms that make it so, strongest first."""

    story: str
    score: float
    shared: tuple[str, ...]


class Space:
    """The open stories as vectors.  ``add`` as articles are placed, ``nearest`` to ask where one belongs.

    The length of a centroid is the costly part of a cosine, for every new story changes every weight a little.  With
    ``weight = most - STEP * step``, where ``most`` goes by the number of stories and ``step`` by the term, its square
    is a polynomial in ``most``, of which each story keeps the three sums: they change only when one of its terms takes
    a step.  Sums and counts are whole numbers, so that the order in which they were made leaves no trace.
    """

    def __init__(self, stories: Iterable[Story]) -> None:
        self._having: dict[str, dict[str, int]] = {}
        self._terms: dict[str, tuple[str, ...]] = {}
        self._sums: dict[str, list[int]] = {}
        self._last: dict[str, datetime] = {}
        self._oldest: list[tuple[datetime, str]] = []
        self.closed: datetime | None = None
        for story in stories:
            self._open(story)
        for story_id, terms in self._terms.items():
            sums = self._sums[story_id] = [0, 0, 0]
            for term in terms:
                having = self._having[term]
                _change(sums, having[story_id] ** 2, _step(len(having)))

    def _open(self, story: Story) -> None:
        """Count the articles of a story; the sums come once all are counted."""
        if not story.members:
            return
        centroid: dict[str, int] = {}
        for member in story.members:
            for term, n in _counts(member).items():
                centroid[term] = centroid[term] + n if term in centroid else n
        for term, n in centroid.items():
            self._having.setdefault(term, {})[story.id] = n
        self._terms[story.id] = tuple(centroid)
        self._last[story.id] = last = max(member.seen for member in story.members)
        heappush(self._oldest, (last, story.id))

    def add(self, story: str, member: Member) -> None:
        """Count one more article of the story."""
        counts, sums = _counts(member), self._sums.setdefault(story, [0, 0, 0])
        fresh = tuple(term for term in counts if story not in self._having.setdefault(term, {}))
        self._terms[story] = (*self._terms.get(story, ()), *fresh)
        for term in fresh:
            having = self._having[term]
            self._spread(having, len(having), len(having) + 1)
            having[story] = 0
        for term, n in counts.items():
            having = self._having[term]
            old = having[story]
            new = having[story] = old + n if old else n
            _change(sums, new * new - old * old, _step(len(having)))
        self._last[story] = last = max(member.seen, self._last.get(story, member.seen))
        heappush(self._oldest, (last, story))

    def close(self, before: datetime) -> tuple[str, ...]:
        """Forget the stories without news since then, and name them."""
        closed = []
        while self._oldest and self._oldest[0][0] < before:
            last, story = heappop(self._oldest)
            if self._last.get(story) == last:
                closed.append(story)
                self.closed = max(last, self.closed or last)
                self.forget(story)
        return tuple(closed)

    def forget(self, story: str) -> None:
        """Take a story out, if it is there."""
        if story not in self._last:
            return
        del self._last[story], self._sums[story]
        for term in self._terms.pop(story):
            having = self._having[term]
            del having[story]
            self._spread(having, len(having) + 1, len(having))
            if not having:
                del self._having[term]

    def weight(self, term: str) -> float:
        """Give the inverse story frequency of a term, smoothed; never below 0."""
        return max(0.0, self._most() - STEP * _step(len(self._having.get(term, ()))))

    def nearest(self, member: Member) -> Near | None:
        """Give the story that the article is most like; ``None`` if no story is alike enough.

        Of two that are equally alike the one with the smaller id is taken, so that the answer is always the same.
        """
        vector = {term: (1 + log(n)) * self._met(term) for term, n in terms_.of(member).items()}
        length = _length(vector.values())
        vector = {term: w / length for term, w in vector.items()}
        scored = ((-self._cosine(vector, story), story) for story in self._candidates(vector))
        score, story = min(scored, default=(0.0, ""))
        return Near(story, -score, self._shared(vector, story)) if -score >= ALIKE else None

    def _most(self) -> float:
        """Give the weight of a term at step 0."""
        return log(len(self._terms) + IMAGINED)

    def _met(self, term: str) -> float:
        """Weigh a term of an article: what no story tells can meet nothing."""
        return self.weight(term) * (1 if term in self._having else UNSEEN)

    def _spread(self, having: Mapping[str, int], before: int, now: int) -> None:
        """Tell the sums of the stories that have a term how many tell it now, if that is another step."""
        old, new = _step(before), _step(now)
        if old != new:
            for story, n in having.items():
                sums = self._sums[story]
                sums[1] += n * n * (new - old)
                sums[2] += n * n * (new * new - old * old)

    def _candidates(self, vector: Mapping[str, float]) -> list[str]:
        """Give the stories that could be alike enough.

        What the lightest terms add to a cosine is at most the length of their part of the vector.  They are the ones
        that most stories have, and are looked up only for those that the heavier terms bring near.
        """
        light, dots = 0.0, defaultdict[str, float](float)
        for term, w in sorted(vector.items(), key=lambda pair: (pair[1], pair[0])):
            if light + w * w < (LIGHT * ALIKE) ** 2:
                light += w * w
                continue
            share = w * self.weight(term)
            for story, n in self._having.get(term, {}).items():
                dots[story] += share * n
        most, step, sums = self._most(), STEP, self._sums
        least = (0.999 * (ALIKE - sqrt(light))) ** 2
        a, b, c = least * most * most, least * 2 * most * step, least * step * step
        near = []
        for story, dot in dots.items():  # as in _length_of, which would cost thrice as much here
            squares, first, second = sums[story]
            if dot * dot >= a * squares - b * first + c * second:
                near.append(story)
        return near

    def _length_of(self, story: str) -> float:
        """Give the length of a centroid under the weights of now."""
        most, (squares, first, second) = self._most(), self._sums[story]
        return sqrt(max(0.0, most * most * squares - 2 * most * STEP * first + STEP * STEP * second))

    def _cosine(self, vector: Mapping[str, float], story: str) -> float:
        """Give the cosine between an article's vector, of length 1, and a story's centroid."""
        dot = sum(w * n * self.weight(term) for term, w, n in self._met_in(vector, story))
        return dot / (self._length_of(story) or 1.0)

    def _shared(self, vector: Mapping[str, float], story: str) -> tuple[str, ...]:
        """Name the terms that count most in the cosine."""
        parts = {term: w * n * self.weight(term) for term, w, n in self._met_in(vector, story)}
        return tuple(sorted((t for t in parts if parts[t]), key=lambda term: (-parts[term], term))[:NAMED])

    def _met_in(self, vector: Mapping[str, float], story: str) -> Iterator[tuple[str, float, int]]:
        """Give the terms that an article shares with a story, with their weight in the one and count in the other."""
        for term, w in vector.items():
            n = self._having.get(term, {}).get(story)
            if n:
                yield term, w, n


def _counts(member: Member) -> dict[str, int]:
    """Give the share of each term in an article, in grains; terms that are there as often have one number together."""
    counted = terms_.of(member)
    shares = {n: 1 + log(n) for n in set(counted.values())}
    length = _length(shares[n] for n in counted.values())
    grains = {n: round(GRAIN * share / length) for n, share in shares.items()}
    return {term: grains[n] for term, n in counted.items()}


@lru_cache(maxsize=4_096)
def _step(telling: int) -> int:
    """Give the step of a term that so many stories tell: twice the binary logarithm, rounded."""
    return round(2 * log2(telling + 0.5))


def _change(sums: list[int], squares: int, step: int) -> None:
    """Add squares of counts at a step to the sums of a story."""
    sums[0] += squares
    sums[1] += squares * step
    sums[2] += squares * step * step


def _length(values: Iterable[float]) -> float:
    """Give the length of a vector; of one that is nought, 1."""
    return sqrt(sum(value * value for value in values)) or 1.0
