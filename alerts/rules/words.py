"""The words of a field as rules see them, and where they stand in it.  Pure.

Scripts that space their words are compared word by word.  In the others (Chinese, Japanese, Thai, …) and in Korean,
which joins particles to its words, a word is looked for inside a run of letters: such a run is *solid*.  Text is cut
where the two kinds meet, so that ``iPhone中国`` has the word ``iphone`` and the run ``中国``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

from alerts.text import HAN_KANA, HANGUL, SPACELESS, THAI_KIN, Token, fold, is_spaceless, tokens, words_in

_RUN = re.compile(f"[{SPACELESS}\u0300-\u036f\u3099\u309a]+|[^{SPACELESS}]+")
_SOLID = re.compile(f"[{SPACELESS}]")
_PARTICLES = re.compile(f"^[{HANGUL}]+|[{HANGUL}]+$")
_WIDTHS = ((re.compile(f"[{HAN_KANA}]"), 2), (re.compile(f"[{THAI_KIN}]"), 4))
# What melts into the letter before it and is no mark: joiners and signs of shape, vowels and finals of Korean, voicing
# of narrow Kana, and the vowels of Thai that change places with a tone.
_SHAPES = "\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
_MELTING = re.compile(f"[\u0e33\u0e4d\u1160-\u11ff{_SHAPES}\uff9e\uff9f\uffc2-\uffdc]")


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
    if value.isascii():
        return tokens(value)
    words = tuple(_without_blanks(tokens(value)))
    if not is_spaceless(value):
        return words
    return tuple(piece for word in words for piece in _cut(word, value))


def _without_blanks(words: Iterable[Token]) -> Iterator[Token]:
    """Close up the few Arabic ligatures that fold to several words, and drop what folds to nothing (a lone tatweel).

    Then a blank always parts two words, which lets a phrase be looked for in all of them joined by blanks.
    """
    for word in words:
        if " " in word.word:
            yield Token(word.word.replace(" ", ""), word.start, word.end)
        elif word.word:
            yield word


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


def between(gap: str, limit: int) -> int:
    """Count the words of what stands between two places, as far as ``limit``.

    As in a lead, two letters of Chinese or Japanese are a word and four of Thai; what is joined to a Korean word, at
    either end, is none.

    >>> between(" of the ", 9), between("对中国的", 9), between("은 미국의 ", 9)
    (2, 2, 1)
    """
    if gap.isascii() or not is_spaceless(gap):
        return sum(1 for _ in islice(words_in(gap), limit))
    return min(limit, sum(_units(piece.word) for piece in pieces(_PARTICLES.sub("", gap))))


def _units(word: str) -> int:
    kind = next((width for letters_, width in _WIDTHS if letters_.match(word)), 0)
    return -(-len(word) // kind) if kind else 1
