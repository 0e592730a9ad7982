"""What a rule asks for, as a tree: lists and expressions are both read into it.  Pure.

::

    any/all/none lists ─┐
                        ├─▶ Node ─▶ the index, which decides it and gives the evidence
    match: expression  ─┘

Leaves say where words stand: ``Phrase``, ``Regex``, and ``Names`` (a watchlist: its aliases).  ``Near``
and ``AtLeast`` count places of leaves.  ``And``, ``Or`` and ``Not`` join what was decided.
"""

from __future__ import annotations

from dataclasses import dataclass

from alerts.model import Field

TEXT: tuple[Field, ...] = ("title", "text")
"""Where a leaf looks that names no field."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand one after the other.

    ``words`` are folded, and cut where a script that spaces its words meets one that does not (see ``words.pieces``).
    ``prefix`` makes the last of them a beginning.  ``case`` holds the words as written when capitals count
    (``case:"ICE"``), ``exact`` when diacritics count (``exact:"Pará"``); both compare the printed words of a place
    that was found folded, so that the index needs no second set of words.
    """

    written: str
    words: tuple[str, ...]
    prefix: bool = False
    fields: tuple[Field, ...] = TEXT
    case: str = ""
    exact: str = ""


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression of RE2, looked for in the text as printed."""

    written: str
    pattern: str
    fields: tuple[Field, ...] = TEXT


@dataclass(frozen=True, slots=True)
class Names:
    """A watchlist: any of its aliases, except where one stands inside a phrase of ``none``.

    "fine china" is no China: a place of an alias that overlaps a place of a ``none`` phrase does not count, and another
    place in the same article does.  ``aliases`` and ``none`` are flat: watchlists inside it are resolved.
    """

    written: str
    watchlist: str
    aliases: tuple[Phrase, ...]
    none: tuple[Phrase, ...] = ()
    fields: tuple[Field, ...] = TEXT


Leaf = Phrase | Regex | Names

LEAVES = (Phrase, Regex, Names)
"""The same for ``isinstance``, which is faster with a tuple than with a union."""


@dataclass(frozen=True, slots=True)
class Either:
    """Any of some leaves, where places count: the operand of ``Near`` and ``AtLeast``."""

    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """A place of ``left`` and one of ``right`` in the same field with at most ``distance`` words between them.

    ``ordered`` asks for left before right.  Two places that overlap are not near each other.
    """

    left: Either
    right: Either
    distance: int
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least ``count`` places of the leaves, in all the fields together."""

    count: int
    of: Either


@dataclass(frozen=True, slots=True)
class And:
    """Every one of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of them at least."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It is not so."""

    part: Node


Node = Leaf | Near | AtLeast | And | Or | Not

_JOINTS = (And, Or)


def leaves(node: Node) -> tuple[Leaf, ...]:
    """Give the leaves under a node, from left to right.

    >>> leaves(And((Phrase("iran", ("iran",)), Not(Phrase("football", ("football",))))))[1].written
    'football'
    """
    found: list[Leaf] = []
    _gather(node, found)
    return tuple(found)


def _gather(node: Node, found: list[Leaf]) -> None:
    if isinstance(node, LEAVES):
        found.append(node)
    elif isinstance(node, _JOINTS):
        for part in node.parts:
            _gather(part, found)
    elif isinstance(node, Not):
        _gather(node.part, found)
    elif isinstance(node, Near):
        found += (*node.left.leaves, *node.right.leaves)
    else:
        found += node.of.leaves
