"""The words of a text as numbers, without making a string of each.  Pure.

A word's hash is a polynomial of its bytes modulo 2**64 (Karp and Rabin, "Efficient randomized pattern-matching
algorithms", 1987): with the sums of ``byte * BASE**place`` from the beginning of a text, that of any stretch of it is
one subtraction, so that numpy hashes all words of a text at once.  The numbers are looked up in a table with open
addressing, in which a word and its number are one integer: a look costs one line of the cache.  Two words are taken for
one once in 10**17 times, by 40 bits of the hash and the place that all of it chooses; the base is another in each run,
so that nobody can make a text of words that are taken for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.intp]
Hashes = npt.NDArray[np.uint64]

UNKNOWN = -1
"""The number of a word that is not in a lexicon."""

_BLANK = 32
_WORD = 64
_BASE = hash("the base of the polynomial") | 1
_BACK = pow(_BASE, -1, 1 << _WORD)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SOME = 2_048
_BITS = np.uint64(24)
_NUMBER = np.uint64((1 << 24) - 1)
_SPARSE = 4
"""A table has at least so many places for each word in it."""


@dataclass(slots=True, eq=False)
class Row:
    """The words of a text in their order: their hashes, and the bytes at which they start and end."""

    hashes: Hashes
    starts: Numbers
    ends: Numbers


def row(folded: bytes) -> Row:
    """Cut a text into words at its blanks; it must begin and end with one."""
    raw = np.frombuffer(folded, np.uint8)
    blank = raw == _BLANK
    edges = (blank[1:] != blank[:-1]).nonzero()[0]
    before, last = edges[0::2], edges[1::2]
    powers, back = _powers(1 << len(raw).bit_length())
    sums = (raw * powers[: len(raw)]).cumsum(dtype=np.uint64)
    starts = before + 1
    return Row((sums[last] - sums[before]) * back[starts], starts, last + 1)


@lru_cache(maxsize=8)
def _powers(size: int) -> tuple[Hashes, Hashes]:
    """Give the powers of the base and of its inverse."""
    up, down = np.full(size, _BASE % (1 << _WORD), np.uint64), np.full(size, _BACK, np.uint64)
    up[0] = down[0] = 1
    return up.cumprod(dtype=np.uint64), down.cumprod(dtype=np.uint64)


class _Table(NamedTuple):
    """Each cell is the lower 40 bits of a hash, and below them the number and one; 0 is free."""

    shift: np.uint64
    mask: int
    cells: Hashes

    @classmethod
    def of_size(cls, count: int) -> _Table:
        bits = max(4, (_SPARSE * count).bit_length())
        return cls(np.uint64(_WORD - bits), (1 << bits) - 1, np.zeros(1 << bits, np.uint64))

    def places(self, hashes: Hashes) -> Numbers:
        return ((hashes * _SPREAD) >> self.shift).astype(np.intp)

    def put(self, words: Hashes, numbers: Numbers) -> None:
        """Put words into the table, all that find a free place at once, until none is left."""
        places = self.places(words)
        cells = words << _BITS | (numbers + 1).astype(np.uint64)
        while len(cells):
            free = (self.cells[places] == 0) & _firsts(places)
            self.cells[places[free]] = cells[free]
            left = ~free
            cells, places = cells[left], (places[left] + 1) & self.mask


class Lexicon:
    """The numbers of words, by their hashes.  It can be asked while another thread makes it learn.

    A number has 24 bits, which is sixteen million keys.
    """

    def __init__(self, words: Sequence[bytes], numbers: Sequence[int]) -> None:
        self.size = len(words)
        self._table = _Table.of_size(len(words))
        self._known: list[tuple[Hashes, Numbers]] = []  # whole, for a cell does not say where it goes in another table
        self._learning = Lock()
        for at in range(0, len(words), _SOME):  # not all at once, for the powers of so long a text would be kept
            some = row(b" " + b" ".join(words[at : at + _SOME]) + b" ")
            self._known.append((some.hashes, np.array(numbers[at : at + _SOME], np.intp)))
            self._table.put(*self._known[-1])

    def find(self, hashes: Hashes) -> Numbers:
        """Give the number of each word, -1 for one that is not known."""
        table = self._table
        places, marks = table.places(hashes), hashes << _BITS
        cells = table.cells[places]
        others = (cells ^ marks > _NUMBER).nonzero()[0]
        while others.size:
            others = others[cells[others] != 0]
            places[others] = further = (places[others] + 1) & table.mask
            cells[others] = found = table.cells[further]
            others = others[found ^ marks[others] > _NUMBER]
        return (cells & _NUMBER).astype(np.intp) - 1

    def learn(self, hashes: Hashes, numbers: Numbers) -> None:
        """Add words, each once; the table grows with them."""
        with self._learning:
            new = self.find(hashes) == UNKNOWN
            some, table = (hashes[new], numbers[new]), self._table
            self._known.append(some)
            self.size += len(some[0])
            if _SPARSE * self.size <= len(table.cells):
                table.put(*some)
                return
            table = _Table.of_size(2 * self.size)
            for known in self._known:
                table.put(*known)
            self._table = table


def _firsts(places: Numbers) -> npt.NDArray[np.bool_]:
    """Mark of several that want the same place one."""
    chosen = np.zeros(len(places), np.bool_)
    chosen[np.unique(places, return_index=True)[1]] = True
    return chosen
