"""What rules look for and articles have, as numbers.  Pure.

A key is a word (``oil``), two words side by side (``oil price``), a beginning (``tarif*``), a word in a run of letters
(``伊朗``), a word of the title, the lead or another field (``outlet:courier``), or a *set*: any of the names of a
watchlist.  Rules are reduced to keys once, an article each time; all that follows is gathering from arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt

from alerts.model import Field
from alerts.rules import nodes
from alerts.rules.lexicon import UNKNOWN, Lexicon, Numbers, Row, row
from alerts.rules.pages import BORDER, Page
from alerts.rules.terms import MIN_PREFIX
from alerts.rules.words import is_solid

Needs = tuple[int, ...]
"""Keys all of which must be there; empty if nothing is known that must be there."""

MAX_LEARNT = 100_000
"""How many words that no rule names are remembered, with what they begin with; then it begins anew."""

NOTHING = 0
"""The key that every article has."""

_BORDER = 1
_SURROGATES = range(0xD800, 0xE000)
_HALF = 32
_SPARSE = 16
_ODD = 0x9E3779B97F4A7C15 - (1 << 64)
_LIMITED: tuple[Field, ...] = ("title", "lead")
_WITHIN: tuple[Field, ...] = ("title", "lead", "text")
# How much rarer something is than its word: measured on a thousand English articles, and good enough to choose by.
_PREFIX_SHARE = 2
_PAIR_SHARE = 0.2
_SHARES: dict[Field, float] = {"title": 0.02, "lead": 0.3}
Cells = npt.NDArray[np.int32]
_EMPTY: Numbers = np.empty(0, np.intp)


@dataclass(slots=True, eq=False)
class Present:
    """The keys that an article has: ``has[key]`` is 1, and ``keys`` are these keys, some of them more than once.

    ``words`` are the keys of the words of title and text in their order, which stand in ``page.raw`` from ``starts``
    to ``ends``.
    """

    has: bytearray
    keys: Numbers
    words: Numbers
    starts: Numbers
    ends: Numbers
    _letters: str = ""

    @property
    def letters(self) -> str:
        """The words as a string with one letter for each, in which a phrase is found as fast as C can look."""
        if not self._letters:
            codes = np.minimum(self.words, sys.maxunicode).astype("<u4")
            self._letters = codes.tobytes().decode("utf-32-le", "surrogatepass")
        return self._letters


class Rows:
    """Under each key a row of what it owns, all rows in one array: where each begins, and the next one.

    What is owned must be put in the order of its owners.
    """

    __slots__ = ("_owns", "_starts")

    def __init__(self, owners: Numbers | Cells, size: int) -> None:
        counts = np.bincount(owners, minlength=size)
        self._owns = counts > 0  # a byte each stays in the cache, and most keys own nothing
        self._starts = np.zeros(size + 1, np.int32)
        np.cumsum(counts, out=self._starts[1:])

    def places(self, keys: Numbers) -> Numbers:
        """Say where the rows of some keys stand."""
        keys = keys[self._owns[keys]]
        if not keys.size:
            return _EMPTY
        starts = self._starts[keys]
        counts = self._starts[keys + 1] - starts
        where: Numbers = (starts - counts.cumsum() + counts).repeat(counts)
        where += np.arange(where.size)
        return where


class Keys:
    """The numbers of all keys, and which of them an article has.

    ``shares`` estimate for each key how many articles have it, as far as one needs to know to choose the rarest: the
    longer a word, the rarer; two words side by side are rarer than each, and a word in a title than one in a text.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {"": NOTHING, BORDER: _BORDER}
        self.shares: list[float] = [1.0, 1.0]
        self._fields: dict[Field, dict[str, int]] = {}
        self._pairs: dict[int, int] = {}
        self._widths: dict[str, tuple[int, ...]] = {}
        self._runs: dict[str, tuple[tuple[str, int], ...]] = {}
        self._sets: dict[frozenset[int], int] = {}

    # ── what a phrase needs ──────────────────────────────────────────────────────────────────────────────────────────

    def of(self, phrase: nodes.Phrase, fields: tuple[Field, ...]) -> tuple[Needs, bool]:
        """Give the keys that a phrase cannot do without, and whether they prove that it is there."""
        limit, words = fields[-1], phrase.words
        if limit != "text":
            return self._of_field(phrase, limit), False
        plain = not (phrase.case or phrase.exact)
        if any(map(is_solid, words)):
            return tuple({self._run(word) for word in words if is_solid(word)}), False
        if len(words) == 1:
            return (self._beginning(words[0]) if phrase.prefix else self._number(words[0]),), plain
        if phrase.prefix:
            pairs = [self._pair(*two) for two in pairwise(words[:-1])]
            return tuple({*(pairs or [self._number(words[0])]), self._beginning(words[-1])}), False
        pairs = [self._pair(*two) for two in pairwise(words)]
        return tuple(dict.fromkeys(pairs)), plain and len(pairs) == 1

    def _of_field(self, phrase: nodes.Phrase, field: Field) -> Needs:
        """Give what a phrase needs of a field; beginnings and runs are looked for in all of the text instead."""
        words = phrase.words[:-1] if phrase.prefix else phrase.words
        whole = [word for word in words if not is_solid(word)]
        if whole and field in _LIMITED and len(whole) == len(phrase.words) > 1:
            return tuple(dict.fromkeys(self._number_in(field, f"{one} {other}") for one, other in pairwise(whole)))
        if whole:
            return tuple({self._number_in(field, word) for word in whole})
        if field in _LIMITED:
            return self.of(phrase, nodes.TEXT)[0]
        return (self._number_in(field, ""),)

    def letters_of(self, phrase: nodes.Phrase) -> str:
        """Give a phrase that is nothing but words of title and text as it stands in ``Present.letters``; else nothing.

        There are a million letters; a word beyond is looked for as any other phrase.
        """
        if phrase.prefix or phrase.case or phrase.exact or phrase.fields[-1] not in _WITHIN:
            return ""
        numbers = [] if any(map(is_solid, phrase.words)) else [self.numbers[word] for word in phrase.words]
        return "".join(map(chr, numbers)) if max(numbers, default=0) < sys.maxunicode else ""

    def set_of(self, keys: Iterable[int]) -> int:
        """Give the key of a set: an article has it if it has one of the keys."""
        members = frozenset(keys)
        if len(members) == 1:
            return next(iter(members))
        number = self._sets.get(members)
        if number is None:
            number = self._sets[members] = self._new(min(1.0, sum(self.shares[key] for key in members)))
        return number

    def _number(self, name: str) -> int:
        number = self.numbers.get(name)
        if number is None:
            number = self.numbers[name] = self._new(1 / len(name))
        return number

    def _new(self, share: float) -> int:
        if len(self.shares) == _SURROGATES.start:  # no letters: to read them takes many times as long
            self.shares.extend(1.0 for _ in _SURROGATES)
        self.shares.append(share)
        return len(self.shares) - 1

    def _number_in(self, field: Field, word: str) -> int:
        numbers = self._fields.setdefault(field, {})
        number = numbers.get(word)
        if number is None:
            share = self.shares[self._anywhere(word)] if field in _LIMITED else 1.0
            number = numbers[word] = self._new(share * _SHARES.get(field, 1.0))
        return number

    def _anywhere(self, word: str) -> int:
        """Give the key of a word, or of two with a blank between them, wherever it stands."""
        first, _, second = word.partition(" ")
        return self._pair(first, second) if second else self._number(first)

    def _pair(self, first: str, second: str) -> int:
        one, other = self._number(first), self._number(second)
        pair = one << _HALF | other
        number = self._pairs.get(pair)
        if number is None:
            rarer = min(self.shares[one], self.shares[other])
            number = self._pairs[pair] = self._new(rarer * _PAIR_SHARE)
        return number

    def _beginning(self, word: str) -> int:
        name = f"{word}*"
        number = self.numbers.get(name)
        if number is None:
            number = self.numbers[name] = self._new(_PREFIX_SHARE / len(word))
            lengths = self._widths.get(word[:MIN_PREFIX], ())
            self._widths[word[:MIN_PREFIX]] = tuple(sorted({*lengths, len(word)}, reverse=True))
        return number

    def _run(self, word: str) -> int:
        number = self.numbers.get(word)
        if number is None:
            number = self._number(word)
            self._runs[word[:2]] = (*self._runs.get(word[:2], ()), (word, number))
        return number

    def copy(self) -> Keys:
        """Make another one to which keys can be added."""
        made = Keys()
        made.numbers = {**self.numbers}
        made.shares = [*self.shares]
        made._fields = {field: {**numbers} for field, numbers in self._fields.items()}
        made._pairs, made._sets = {**self._pairs}, {**self._sets}
        made._widths, made._runs = {**self._widths}, {**self._runs}
        return made

    def seal(self) -> None:
        """Lay out the arrays by which an article is looked at; to be called when all rules are read."""
        self._size = size = len(self.shares)
        self._learn_anew()
        self._lay_pairs_out()
        self._limited = {field: self._by_word(field, size) for field in _LIMITED if field in self._fields}
        owners, self._implied = _in_order(self._implications())
        self._implying = Rows(owners, size)

    def _lay_pairs_out(self) -> None:
        """Put pairs in their order, in which numpy finds one, and a last one that is none, so that there is one."""
        pairs = np.fromiter((*self._pairs, np.iinfo(np.intp).max), np.intp, len(self._pairs) + 1)
        order = np.argsort(pairs)
        self._in_order = pairs[order]
        self._of_pairs = np.fromiter((*self._pairs.values(), NOTHING), np.intp, len(pairs))[order]
        self._mask = (1 << (_SPARSE * len(pairs)).bit_length()) - 1
        self._likely = np.zeros(self._mask + 1, np.bool_)
        self._likely[self._mixed(pairs)] = True

    def _learn_anew(self) -> None:
        """Make a lexicon of the words that rules name, as they are written in either encoding of a page."""
        named = [(name, number) for name, number in self.numbers.items() if name and name[-1] != "*"]
        spelt = [(name.encode("utf-8", "surrogatepass"), number) for name, number in named]
        spelt += [(name.encode("latin-1"), number) for name, number in named if not name.isascii() and _is_latin(name)]
        words, numbers = zip(*spelt, strict=True)
        self._lexicon = Lexicon(words, numbers)
        self._most = self._lexicon.size + MAX_LEARNT

    def _mixed(self, pairs: Numbers) -> Numbers:
        """Mix the numbers of a pair: a Bloom filter of one hash keeps nearly all that are none from being looked up."""
        return pairs * _ODD >> _HALF & self._mask

    def _by_word(self, field: Field, size: int) -> Numbers:
        """Give for each word its key in a field, or the border."""
        keys: Numbers = np.zeros(size, np.intp)
        for word, number in self._fields[field].items():
            keys[self._anywhere(word)] = number
        return keys

    def _implications(self) -> Iterator[tuple[int, int]]:
        """Give pairs of a key and another that is there wherever it is: what a word begins with, and sets."""
        sets: dict[int, list[int]] = {}
        for members, number in self._sets.items():
            for member in members:
                sets.setdefault(member, []).append(number)
        yield from ((member, number) for member, numbers in sets.items() for number in numbers)
        if not self._widths:
            return
        for name, number in self.numbers.items():
            for beginning in self._beginnings(name.rstrip("*")):
                if beginning != number:
                    yield number, beginning
                    yield from ((number, one) for one in sets.get(beginning, ()))

    def _beginnings(self, word: str) -> Iterator[int]:
        """Give the keys of what a word begins with, the longest first."""
        for length in self._widths.get(word[:MIN_PREFIX], ()):
            if length <= len(word) and (number := self.numbers.get(f"{word[:length]}*")) is not None:
                yield number

    # ── what an article has ──────────────────────────────────────────────────────────────────────────────────────────

    def present(self, page: Page) -> Present:
        """Give the keys that an article has."""
        there = row(page.raw)
        words = self._words(there, page)
        keys = np.concatenate((words[words.nonzero()[0]], *self._found(words, there, page)))
        if self._implied.size:
            implied = self._implied[self._implying.places(keys)]
            keys = np.concatenate((keys, implied)) if implied.size else keys
        has = bytearray(self._size)
        has[NOTHING] = True
        np.frombuffer(has, np.bool_)[keys] = True
        return Present(has, keys, words, there.starts, there.ends)

    def _words(self, there: Row, page: Page) -> Numbers:
        """Give the keys of the words; of one that no rule names, that of the longest beginning of it that one does.

        The longest brings the shorter ones with it.  It is remembered, for nearly all words come again.
        """
        words = self._lexicon.find(there.hashes)
        unknown = (words == UNKNOWN).nonzero()[0]
        if unknown.size and self._widths:
            if self._lexicon.size > self._most:
                self._learn_anew()
            hashes, at = np.unique(there.hashes[unknown], return_index=True)
            places = zip(there.starts[unknown[at]].tolist(), there.ends[unknown[at]].tolist(), strict=True)
            new = (page.raw[start:end].decode(page.encoding) for start, end in places)
            begun = (next(self._beginnings(word), NOTHING) for word in new)
            self._lexicon.learn(hashes, np.fromiter(begun, np.intp, len(hashes)))
            words[unknown] = self._lexicon.find(there.hashes[unknown])
        return np.maximum(words, NOTHING, out=words)

    def _found(self, words: Numbers, there: Row, page: Page) -> Iterator[Numbers]:
        """Find the keys that are more than a word of title and text."""
        at, two = self._two(words) if self._pairs else (_EMPTY, _EMPTY)
        yield two
        ends: dict[Field, int] = {}
        if "title" in self._limited:
            ends["title"] = int((words == _BORDER).argmax())
        if "lead" in self._limited:
            ends["lead"] = int(there.starts.searchsorted(page.lead_end))
        for field, end in ends.items():
            keys = self._limited[field]
            yield keys[words[:end]]
            yield keys[two[: at.searchsorted(end - 1)]]
        others = [*self._of_fields(page), *(self._within(page.runs) if self._runs and page.runs else ())]
        if others:
            yield np.array(others, np.intp)

    def _two(self, words: Numbers) -> tuple[Numbers, Numbers]:
        """Find the pairs that rules name: where each begins, and its key."""
        pairs = words[:-1] << _HALF | words[1:]
        at = self._likely[self._mixed(pairs)].nonzero()[0]
        pairs = pairs[at]
        where = self._in_order.searchsorted(pairs)
        real = self._in_order[where] == pairs
        return at[real], self._of_pairs[where[real]]

    def _within(self, runs: str) -> Iterator[int]:
        """Find the words that stand in runs of letters: by their first two letters, then by looking for each."""
        heads = {runs[i : i + 2] for i in range(len(runs))} | set(runs)
        for head in heads & self._runs.keys():
            yield from (number for word, number in self._runs[head] if word in runs)

    def _of_fields(self, page: Page) -> Iterator[int]:
        """Find the keys of the fields that are no piece of title and text."""
        for field, numbers in self._fields.items():
            if field not in _LIMITED:
                yield from filter(None, map(numbers.get, chain(page.words_of(field), ("",))))


def _in_order(pairs: Iterable[tuple[int, int]]) -> tuple[Numbers, Numbers]:
    """Give the first and the second of pairs, in the order of the first."""
    flat = np.fromiter(chain.from_iterable(pairs), np.intp).reshape(-1, 2)
    first, second = flat[np.argsort(flat[:, 0], kind="stable")].T
    return first, second.copy()


def _is_latin(word: str) -> bool:
    return max(word) < "\u0100"
