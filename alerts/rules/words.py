"""The words of a field as rules see them, and where they stand in it.  Pure.

Scripts that space their words are compared word by word.  In the others (Chinese, Japanese, Thai, …) and in Korean,
which joins particles to its words, a word is looked for inside a run of letters: such a run is *solid*.  Text is cut
where the two kinds meet, so that ``iPhone中国`` has the word ``iphone`` and the run ``中国``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from alerts.model import Article, Field
from alerts.text import SPACELESS, Token, fold, is_spaceless, lead_end, tokens

_RUN = re.compile(f"[{SPACELESS}\u0300-\u036f\u3099\u309a]+|[^{SPACELESS}]+")
_SOLID = re.compile(f"[{SPACELESS}]")
# What melts into the letter before it and is no mark: joiners, vowels and finals of Korean, voicing of narrow Kana.
_MELTING = re.compile("[\u1160-\u11ff\u200c\u200d\uff9e\uff9f\uffc2-\uffdc]")


@dataclass(frozen=True, slots=True)
class View:
    """One field of an article, cut into words.

    ``solid`` are the positions of the runs within which a word may begin and end anywhere.  ``lead`` is where the
    first 60 words end, in letters; 0 for a field that has no lead.
    """

    field: Field
    value: str
    words: tuple[Token, ...]
    solid: frozenset[int]
    lead: int = 0

    def span(self, first: int, begin: int, last: int, end: int) -> tuple[int, int]:
        """Turn a place among the words, with offsets into the folded first and last, into offsets into ``value``."""
        start, stop = self.words[first].start, self.words[last].end
        if begin:
            start = self._letters(first)[begin][0]
        if end < len(self.words[last].word):
            stop = self._letters(last)[end - 1][1]
        return start, stop

    def _letters(self, position: int) -> list[tuple[int, int]]:
        word = self.words[position]
        return letters(self.value[word.start : word.end], word.word, word.start)


def view(field: Field, value: str) -> View:
    """Cut one field into words."""
    words = pieces(value)
    solid: frozenset[int] = frozenset()
    if is_spaceless(value):
        solid = frozenset(i for i, word in enumerate(words) if is_solid(word.word))
    return View(field, value, words, solid, lead_end(value) if field == "text" else 0)


def views(article: Article, wanted: frozenset[Field]) -> Iterator[View]:
    """Cut the fields that rules ask for, in the order in which evidence is told; each category is a field by itself."""
    yield view("title", article.title)
    yield view("text", article.text)
    if "outlet" in wanted:
        yield view("outlet", article.outlet)
    if "author" in wanted:
        yield view("author", article.author)
    if "category" in wanted:
        yield from (view("category", category) for category in article.categories)
    if "lang" in wanted:
        yield view("lang", article.lang)
    if "country" in wanted:
        yield view("country", article.country)


def is_solid(word: str) -> bool:
    """Whether a piece is of a script in which words are looked for inside runs of letters."""
    return _SOLID.match(word) is not None


def is_cut(word: str, end: int) -> bool:
    """Whether a place in a run cuts a letter from the sign above or below it, which makes it another letter."""
    return end < len(word) and unicodedata.category(word[end]) == "Mn"


def pieces(value: str) -> tuple[Token, ...]:
    """Cut into folded words, and at the borders between scripts that space words and scripts that do not.

    >>> [piece.word for piece in pieces("iPhone中国, AI기술")]
    ['iphone', '中国', 'ai', '기술']
    """
    words = tokens(value)
    if not is_spaceless(value):
        return words
    return tuple(piece for word in words for piece in _cut(word, value))


def _cut(word: Token, value: str) -> tuple[Token, ...]:
    """Cut one word where the kind of script changes."""
    runs = [run.span() for run in _RUN.finditer(word.word)] if is_spaceless(word.word) else []
    if len(runs) < 2:
        return (word,)
    where = letters(value[word.start : word.end], word.word, word.start)
    return tuple(Token(word.word[begin:end], where[begin][0], where[end - 1][1]) for begin, end in runs)


def letters(written: str, folded: str, start: int = 0) -> list[tuple[int, int]]:
    """Say for each letter of ``folded`` where it comes from in ``written``, counted from ``start``.

    Folding may join letters (marks, Korean) and split them (ligatures).  Where the two cannot be laid side by side,
    every letter is said to come from the whole, which is coarse but true.

    >>> letters("e\u0301t", "et")
    [(0, 2), (2, 3)]
    """
    if written == folded:
        return [(start + i, start + i + 1) for i in range(len(written))]
    found: list[tuple[int, int]] = []
    built = ""
    for begin, end in pairwise([*_clusters(written), len(written)]):
        part = fold(written[begin:end])
        built += part
        found += [(start + begin, start + end)] * len(part)
    return found if built == folded else [(start, start + len(written))] * len(folded)


def _clusters(written: str) -> Iterator[int]:
    """Say where each letter begins, with all that is folded together with it."""
    for i, letter in enumerate(written):
        if not i or not (unicodedata.combining(letter) or _MELTING.match(letter)):
            yield i
