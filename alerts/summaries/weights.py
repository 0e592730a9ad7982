"""How much two sentences say the same: words weighed by how rare they are among the sentences at hand.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain
from math import log, sqrt

from alerts.text import COMMON_WORDS, folds, is_spaceless

Vector = Mapping[str, float]
"""Words and their weights, of length one."""


@lru_cache(maxsize=2_048)
def words(text: str) -> Counter[str]:
    """Count the words that say something; of a script that runs words together, its pairs of letters.

    >>> sorted(words("The tankers of Iran"))
    ['iran', 'tankers']
    >>> sorted(words("伊朗关税"))
    ['伊朗', '关税', '朗关']
    """
    parts: list[str] = []
    for word in folds(text):
        if not word.isascii() and is_spaceless(word):
            parts += (word[i : i + 2] for i in range(len(word) - 1))
        elif len(word) > 1:
            parts.append(word)
    return Counter([part for part in parts if part not in COMMON_WORDS])


class Weights:
    """Inverse document frequencies among some sentences, smoothed so that one sentence has weights too."""

    def __init__(self, texts: Iterable[str]) -> None:
        counted = [words(text) for text in texts]
        having = Counter(chain.from_iterable(counted))
        self._rarity = {word: log(1 + (len(counted) + 1) / (n + 0.5)) for word, n in having.items()}
        self._unknown = log(1 + (len(counted) + 1) / 0.5)

    def vector(self, *texts: str) -> Vector:
        """Weigh the words of some texts together."""
        counted = words(texts[0])
        if len(texts) > 1:
            counted = Counter(counted)  # a copy: the other is remembered
            for text in texts[1:]:
                counted.update(words(text))
        rarity, unknown = self._rarity.get, self._unknown
        weighed = {word: (1 + log(n)) * rarity(word, unknown) for word, n in counted.items()}
        length = sqrt(sum([weight * weight for weight in weighed.values()]))
        return {word: weight / length for word, weight in weighed.items()} if length else {}


def likeness(one: Vector, other: Vector) -> float:
    """Give the cosine of two vectors."""
    if len(other) < len(one):
        one, other = other, one
    return sum([weight * other[word] for word, weight in one.items() if word in other])
