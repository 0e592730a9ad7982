"""Which rules are worth deciding for an article: those of which it has the rarest key.  Pure.

Percolation: the rules are the stored documents, and an article asks which of them it meets.  A rule is kept as *ways*
of meeting it, each under its *anchor*, the key that the fewest articles have.  An article gathers the ways under all
its keys and keeps those of which it has the other keys too; numpy does that for all of them at once.  Where the words
stand is looked at by ``places``, for the few rules that are left.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from alerts.rules.keys import NOTHING, Cells, Keys, Needs, Present, Rows

OTHERS = 4
"""So many keys of a way, beside its anchor, are asked for before the rule is decided."""

CHOICES = 4
"""A choice of at most so many keys is asked for as well: one of them must be there."""

_NO_OTHERS, _NO_CHOICE = (NOTHING,) * OTHERS, (NOTHING,) * CHOICES
_EVERY = int.from_bytes(b"\1" * OTHERS, "little")


class Way(NamedTuple):
    """A way of meeting a rule: all of ``every`` must be there, and one of ``some`` unless there are none."""

    every: Needs = ()
    some: Needs = ()


class Index:
    """Ways of meeting rules, each under its anchor, a row of eight keys for each: ``OTHERS`` and ``CHOICES``."""

    def __init__(self) -> None:
        self._anchors: Cells = np.empty(0, np.int32)
        self._rules: Cells = np.empty(0, np.int32)
        self._needs: Cells = np.empty((0, OTHERS + CHOICES), np.int32)
        self._always: tuple[int, ...] = ()

    def with_more(self, ways: Iterable[tuple[int, Iterable[Way]]], keys: Keys) -> Index:
        """Make another index with the ways of more rules, each rule by its number."""
        made = Index()
        cells = array("i")
        always: list[int] = []
        shares = keys.shares
        for number, several in ways:
            for way in several:
                if way.every:
                    cells.extend(_row(number, way, shares))
                else:
                    always.append(number)
        more = np.frombuffer(cells, np.int32).reshape(-1, 2 + OTHERS + CHOICES)
        made._anchors = np.concatenate((self._anchors, more[:, 0]))
        made._rules = np.concatenate((self._rules, more[:, 1]))
        made._needs = np.concatenate((self._needs, more[:, 2:]))
        made._always = (*self._always, *always)
        made._lay_out(len(keys.shares))
        return made

    def _lay_out(self, size: int) -> None:
        """Put the rows in the order of the anchors."""
        self._ways = Rows(self._anchors, size)
        order = np.argsort(self._anchors, kind="stable")
        self._anchors, self._rules, self._needs = self._anchors[order], self._rules[order], self._needs[order]
        self._first = self._needs[:, 0].copy()

    def candidates(self, present: Present) -> set[int]:
        """Give the rules of which an article has all keys of one way of meeting them.

        Of most ways it lacks the first; of the others all eight keys are looked at together, four to an integer.
        """
        has = np.frombuffer(present.has, np.bool_)
        at = self._ways.places(present.keys)
        at = at[has.take(self._first.take(at))]
        there = has.take(self._needs.take(at, axis=0)).view(np.uint32)
        found = set(self._rules[at[(there[:, 0] == _EVERY) & (there[:, 1] != 0)]].tolist())
        found.update(self._always)
        return found


def _row(number: int, way: Way, shares: Sequence[float]) -> Sequence[int]:
    """Lay a way out: its anchor, its rule, the rarest of its other keys, and its choice."""
    every, some = way
    anchor, *others = sorted(every, key=shares.__getitem__) if len(every) > 1 else every
    choice = (*some, *some[:1] * (CHOICES - len(some))) if 0 < len(some) <= CHOICES else _NO_CHOICE
    return (anchor, number, *others[:OTHERS], *_NO_OTHERS[len(others) :], *choice)
