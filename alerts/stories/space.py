"""Which open story an article is like: TF-IDF over the watched stream itself.  Pure.

The terms of an article are the words of its title, twice, and of its lead.  A term's weight is its inverse document
frequency among the articles of the open stories in its language, not in general news: there the watched subject's own
names would glue every story to every other, and among all languages the function words of a rare one would.
(Single-pass clustering with a centroid, as in Topic Detection and Tracking: Allan,
Papka, Lavrenko, "On-line New Event Detection and Tracking", SIGIR 1998.)
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from math import log, sqrt

from alerts.model import Member, Story
from alerts.text import fold, tokens

ALIKE = 0.17
"""The least cosine between an article and a story's centroid for the article to belong to it."""

IMAGINED = 20
"""A stream begins with so many imagined articles that have none of its words, so that the first ones can be weighed."""

# Before there is a stream to weigh them by, the commonest words would make any two articles alike: English, Persian,
# Arabic.  Korean joins them to its nouns; what other languages miss for want of a list is lost once there is a stream.
_FUNCTION_WORDS = frozenset(
    fold(word)
    for word in (
        "a about after against all also an and any are as at be been before but by can could did do for from had has "
        "have he her his how if in into is it its more most new no not of on one or other our out over said say says "
        "she so some than that the their them there these they this to under up was we were what when which who will "
        "with would you "
        "و در به از با که را این آن برای است شد شده بر تا یا هم می نیز خود کرد کرده گفت بود یک ها های "
        "في من على إلى عن أن إن ما لا هذا هذه التي الذي مع كما بعد قال"
    ).split()
)


@lru_cache(maxsize=32_768)
def terms(title: str, lead: str) -> Counter[str]:
    """Count the words of the title twice and of the lead once, without function words and single letters.

    >>> sorted(terms("Oil tanker seized", "A tanker was seized").items())
    [('oil', 2), ('seized', 3), ('tanker', 3)]
    """
    words = [t.word for t in tokens(title)] * 2 + [t.word for t in tokens(lead)]
    return Counter(word for word in words if len(word) > 1 and word not in _FUNCTION_WORDS)


class Space:
    """The open stories as vectors.  ``add`` as articles are placed, ``nearest`` to ask where one belongs."""

    def __init__(self, stories: tuple[Story, ...]) -> None:
        self._centroids: dict[str, Counter[str]] = {}
        self._having: dict[str, set[str]] = {}
        self._frequency: Counter[tuple[str, str]] = Counter()
        self._articles: Counter[str] = Counter()
        for story in stories:
            for member in story.members:
                self.add(story.id, member)

    def add(self, story: str, member: Member) -> None:
        """Count one more article of the story."""
        counted = terms(member.title, member.lead)
        self._articles[member.lang] += 1
        self._frequency.update((member.lang, term) for term in counted)
        self._centroids.setdefault(story, Counter()).update(counted)
        for term in counted:
            self._having.setdefault(term, set()).add(story)

    def weight(self, term: str, lang: str) -> float:
        """Give the inverse document frequency of a term in a language, smoothed."""
        return log((self._articles[lang] + IMAGINED) / (self._frequency[lang, term] + 0.5))

    def nearest(self, member: Member) -> tuple[str | None, float]:
        """Give the story that the article is most like, and how like it is; ``None`` if no story is alike enough.

        Of two that are equally alike the one with the smaller id is taken, so that the answer is always the same.
        """
        vector = self._weighed(terms(member.title, member.lead), member.lang)
        near = {story for term, w in vector.items() if w > 0 for story in self._having.get(term, ())}
        scored = [
            (_cosine(vector, self._weighed(self._centroids[story], member.lang)), story) for story in sorted(near)
        ]
        score, story = max(scored, key=lambda pair: pair[0], default=(0.0, ""))
        return (story, score) if score >= ALIKE else (None, score)

    def _weighed(self, counted: Counter[str], lang: str) -> dict[str, float]:
        """Weigh the terms as an article of this language sees them; one told ten times is not ten times as telling."""
        return {term: (1 + log(n)) * self.weight(term, lang) for term, n in counted.items()}


def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
    """Give the cosine of two vectors; 0 if one of them is empty."""
    norms = sqrt(sum(w * w for w in one.values()) * sum(w * w for w in other.values()))
    return sum(w * other.get(term, 0.0) for term, w in one.items()) / norms if norms else 0.0
