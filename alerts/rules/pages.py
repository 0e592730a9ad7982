"""An article folded for matching: all its words in one string, and the way back to the printed text.  Pure.

Most news is in letters that Windows-1252 has.  Such a text is folded by two passes in C over its bytes, letter for
letter, so that a place in the folded string *is* the place in the text.  Any other text is folded word by word, and
the way back is worked out only when a hit asks for it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from alerts.model import LEAD_WORDS, Article, Field
from alerts.rules.words import is_cut, is_solid, letters, pieces
from alerts.text import Token, fold, folds, is_spaceless, lead_end, tokens

BORDER = "\x01"
"""Stands between two fields, so that no phrase runs from one into the next; it is no letter and no blank."""

_STRANGE = 0
_BLANK = 32


def _folded_byte(byte: int) -> int:
    """Fold one byte of Windows-1252: a letter to a letter, anything else to a blank; 0 if it is not so simple."""
    letter = bytes([byte]).decode("cp1252", "ignore")
    if not tokens(letter):
        return _BLANK
    folded = fold(letter)
    return ord(folded) if len(folded) == 1 and ord(folded) < 256 else _STRANGE


_TABLE = bytes(_folded_byte(byte) for byte in range(256))


@dataclass(slots=True)
class Part:
    """One field as a stretch of the folded string: ``folded[low:high]``.

    ``straight`` says that places there and in ``value`` differ by ``low`` only.
    """

    field: Field
    value: str
    low: int
    high: int
    straight: bool
    _words: tuple[Token, ...] = ()
    _starts: tuple[int, ...] = ()
    _lead: int = -1

    @property
    def lead(self) -> int:
        """Where the first 60 words end, in letters; 0 for a field that has no lead."""
        if self._lead < 0:
            self._lead = 0 if self.field != "text" else _lead(self.value, spaced=self.straight)
        return self._lead

    def printed(self, begin: int, end: int) -> tuple[int, int]:
        """Turn a place in the folded string into one in ``value``."""
        if self.straight:
            return begin - self.low, end - self.low
        if not self._words:
            self._words = pieces(self.value)
            self._starts = tuple(accumulate((len(word.word) + 1 for word in self._words), initial=self.low))
        first, last = bisect_right(self._starts, begin) - 1, bisect_right(self._starts, end - 1) - 1
        start, stop = self._words[first].start, self._words[last].end
        if begin > self._starts[first]:
            start = self._letters(first)[begin - self._starts[first]][0]
        if end < self._starts[last] + len(self._words[last].word):
            stop = self._letters(last)[end - self._starts[last] - 1][1]
        return start, stop

    def _letters(self, position: int) -> list[tuple[int, int]]:
        word = self._words[position]
        return letters(self.value[word.start : word.end], word.word, word.start)


def _lead(value: str, *, spaced: bool) -> int:
    """Find the end of the lead; between blanks alone, if the script spaces its words, which is six times as fast."""
    if not spaced:
        return lead_end(value)
    cut = value.split(None, LEAD_WORDS)
    rest = len(cut[-1]) if len(cut) > LEAD_WORDS else 0
    return len(value[: len(value) - rest].rstrip())


class Page:
    """An article as rules see it.

    ``folded`` holds the words of all fields between blanks, with a border after each field; ``content`` is how many
    letters of it are title and text, and ``raw`` are these as bytes of ``encoding``: one a letter, if that can be.
    """

    __slots__ = ("_runs", "content", "encoding", "folded", "parts", "raw", "straight")

    def __init__(self, folded: str, parts: tuple[Part, ...], content: int) -> None:
        self.folded = folded
        self.parts = parts
        self.content = content
        self.straight = parts[0].straight and parts[1].straight
        self.raw, self.encoding = _encoded(f"{folded[:content]} ")
        self._runs: str | None = None

    @property
    def runs(self) -> str:
        """The runs of letters of title and text within which a word may stand anywhere, between blanks."""
        if self._runs is None:
            words = () if self.straight else self.folded[: self.content].split()
            self._runs = " ".join(word for word in words if is_solid(word))
        return self._runs

    @property
    def text(self) -> Part:
        """The text of the article."""
        return self.parts[1]

    @property
    def lead_end(self) -> int:
        """Where the lead ends in ``raw``; of some leads a few words too late."""
        return self.text.low + self.text.lead if self.straight else len(self.raw)

    def end_of(self, limit: Field) -> int:
        """Where title, lead or text ends in ``folded``; they begin with the title, and the lead is one of a text."""
        if limit == "text":
            return self.parts[1].high
        return self.parts[0].high if limit == "title" else self.parts[1].low + self.parts[1].lead

    def words_of(self, field: Field) -> list[str]:
        """Give the words of a field that is no piece of title and text."""
        return [
            word for part in self.parts if part.field == field for word in self.folded[part.low : part.high].split()
        ]


def _encoded(folded: str) -> tuple[bytes, str]:
    try:
        return folded.encode("latin-1"), "latin-1"
    except UnicodeEncodeError:
        return folded.encode("utf-8", "surrogatepass"), "utf-8"


def page(article: Article, fields: frozenset[Field]) -> Page:
    """Fold title and text, and those of the other fields that rules ask for."""
    title, text = _straight(article.title), _straight(article.text)
    head = title if title is not None else _bent(article.title)
    body = text if text is not None else _bent(article.text)
    folded = f" {head} {BORDER} {body} {BORDER}"
    begin = len(head) + 4
    parts: tuple[Part, ...] = (
        Part("title", article.title, 1, 1 + len(head), title is not None),
        Part("text", article.text, begin, begin + len(body), text is not None),
    )
    content = len(folded)
    if fields - {"title", "lead", "text"}:
        folded, more = _with_the_rest(folded, article, fields)
        parts = (*parts, *more)
    return Page(folded, parts, content)


def _straight(value: str) -> str | None:
    """Fold letter for letter; ``None`` if the text has letters for which that cannot be done."""
    try:
        folded = value.encode("ascii" if value.isascii() else "cp1252").translate(_TABLE)
    except UnicodeEncodeError:
        return None
    return None if b"\0" in folded else folded.decode("latin-1")


def _bent(value: str) -> str:
    """Fold word by word, and join the words by one blank."""
    if is_spaceless(value):
        return " ".join(word.word for word in pieces(value))
    words = folds(value)
    folded = " ".join(words)
    if folded.count(" ") == len(words) - 1 and "  " not in f" {folded} ":
        return folded
    return " ".join(word.word for word in pieces(value))


def _with_the_rest(folded: str, article: Article, fields: frozenset[Field]) -> tuple[str, list[Part]]:
    """Add what the feed says of an article, each category by itself."""
    more: list[Part] = []
    for field, value in _rest(article):
        if field in fields:
            said = _short(value)
            begin = len(folded) + 1
            more.append(Part(field, value, begin, begin + len(said), straight=False))
            folded = f"{folded} {said} {BORDER}"
    return folded, more


def _rest(article: Article) -> Iterator[tuple[Field, str]]:
    yield "outlet", article.outlet
    yield "author", article.author
    yield from (("category", category) for category in article.categories)
    yield "lang", article.lang
    yield "country", article.country


@lru_cache(maxsize=4_096)
def _short(value: str) -> str:
    """Fold the name of an outlet, a country, a category: few, and the same for many articles."""
    return _bent(value)


def find_spaced(
    folded: str, words: Sequence[str], low: int, high: int, *, prefix: bool = False
) -> list[tuple[int, int]]:
    """Find the places of a phrase in ``folded[low:high]``, a text of scripts that space their words.

    >>> find_spaced(" oil  price of oil prices ", ("oil", "price"), 1, 25, prefix=True)
    [(1, 11), (15, 25)]
    """
    first, *rest = words
    needle = f" {first}"  # without the blank behind it, the commonest letter of all, it is found in half the time
    length = len(needle)
    is_last_begun = prefix and not rest
    found: list[tuple[int, int]] = []
    at = folded.find(needle, low - 1, high)
    while at >= 0:
        end = at + length
        if is_last_begun:
            end = folded.index(" ", end)
        elif folded[end] != " ":
            end = 0
        elif rest:
            end = _after(folded, end, rest, prefix=prefix)
        if end > high:
            break
        if end:
            found.append((at + 1, end))
        at = folded.find(needle, at + length, high)
    return found


def _after(folded: str, end: int, words: Sequence[str], *, prefix: bool) -> int:
    """Give the end of words that follow each other from ``end``, each behind blanks; 0 if they do not."""
    last = len(words) - 1
    for position, word in enumerate(words):
        while folded[end] == " ":
            end += 1
        if not folded.startswith(word, end):
            return 0
        end += len(word)
        if folded[end] != " ":
            return folded.index(" ", end) if prefix and position == last else 0
    return end


def find(folded: str, words: Sequence[str], low: int, high: int, *, prefix: bool = False) -> list[tuple[int, int]]:
    """Find the places of a phrase in ``folded[low:high]``, from left to right.

    Two words of a phrase are parted by a blank or, where both stand in runs of letters, by nothing.

    >>> find(" oil  price of oil prices ", ("oil", "price"), 1, 25, prefix=True)
    [(1, 11), (15, 25)]
    """
    first = words[0]
    length, more, solid = len(first), len(words) > 1, is_solid(first)
    found: list[tuple[int, int]] = []
    at = folded.find(first, low, high)
    while at >= 0:
        end = at + length
        if solid:
            end = _follow(folded, end, words, prefix=prefix) if more else end
            if end and not is_cut(folded, end):
                found.append((at, end))
            at = folded.find(first, at + 1, high)
            continue
        if folded[at - 1] == " ":
            if more:
                end = _follow(folded, end, words, prefix=prefix) if folded[end] == " " else 0
            elif prefix:
                end = folded.index(" ", end)
            elif folded[end] != " ":
                end = 0
            if end:
                found.append((at, end))
        at = folded.find(first, at + length, high)
    return found


def _follow(folded: str, end: int, words: Sequence[str], *, prefix: bool) -> int:
    """Give the end of the phrase whose first word has its ``end`` there; 0 if the other words do not follow."""
    last = len(words) - 1
    for position in range(1, last + 1):
        word, at = words[position], end
        while folded[at] == " ":
            at += 1
        if not folded.startswith(word, at) or (at == end and not (is_solid(words[position - 1]) and is_solid(word))):
            return 0
        end = at + len(word)
        if folded[end] != " " and not is_solid(word) and not (prefix and position == last):
            return 0
    if is_solid(words[-1]):
        return 0 if is_cut(folded, end) else end
    return folded.index(" ", end) if prefix else end
