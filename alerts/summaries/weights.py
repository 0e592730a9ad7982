"""How much two sentences say the same: words weighed by how rare they are among the sentences at hand.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import log, sqrt

from alerts.text import COMMON_WORDS, folds, is_spaceless

Vector = Mapping[str, float]
"""Words and their weights, of length one."""


@lru_cache(maxsize=16_384)
def words(text: str) -> Counter[str]:
    """Count the words that say something; of a script that runs words together, its pairs of letters.

    >>> sorted(words("The tankers of Iran"))
    ['iran', 'tankers']
    >>> sorted(words("伊朗关税"))
    ['伊朗', '关税', '朗关']
    """
    return Counter(part for word in folds(text) for part in _parts(word) if part not in COMMON_WORDS)


def _parts(word: str) -> Iterable[str]:
    """Give a word, or the pairs of letters of one that is none."""
    if is_spaceless(word) and len(word) > 1:
        return (word[i : i + 2] for i in range(len(word) - 1))
    return (word,) if len(word) > 1 else ()


class Weights:
    """Inverse document frequencies among some sentences, smoothed so that one sentence has weights too."""

    def __init__(self, texts: Iterable[str]) -> None:
        counted = [words(text) for text in texts]
        self._size = len(counted)
        self._having = Counter(word for one in counted for word in one)

    def vector(self, *texts: str) -> Vector:
        """Weigh the words of some texts together."""
        counted: Counter[str] = Counter()
        for text in texts:
            counted.update(words(text))
        weighed = {word: (1 + log(n)) * self._rarity(word) for word, n in counted.items()}
        length = sqrt(sum(weight * weight for weight in weighed.values()))
        return {word: weight / length for word, weight in weighed.items()} if length else {}

    def _rarity(self, word: str) -> float:
        return log(1 + (self._size + 1) / (self._having[word] + 0.5))


def likeness(one: Vector, other: Vector) -> float:
    """Give the cosine of two vectors."""
    if len(other) < len(one):
        one, other = other, one
    return sum(weight * other.get(word, 0.0) for word, weight in one.items())
