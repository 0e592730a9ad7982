"""From the written rule to the tree of ``nodes``, and back.  Pure.

::

    any, all, none ──leaves─────┐
                                ├─▶ Node ──written──▶ an expression that reads as the same tree
    match ──────────expressions─┘
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from alerts.model import Rule, Watchlist
from alerts.rules import expressions, leaves
from alerts.rules.expressions import ExpressionError, expression, is_met_by_nothing, joined
from alerts.rules.leaves import entry
from alerts.rules.nodes import And, AtLeast, Either, Leaf, Names, Near, Node, Not, Or, Phrase, Regex
from alerts.rules.slips import OPERATORS, no_word
from alerts.rules.terms import TermError

__all__ = [
    "BOTH",
    "NOTHING",
    "ExpressionError",
    "entry",
    "expression",
    "is_met_by_nothing",
    "read",
    "read_together",
    "written",
]

NOTHING = "the rule looks for nothing; write at least one term under any or all, or an expression under match"
BOTH = "a rule has either lists or an expression; write any, all and none into match, or take match out"


def read(rule: Rule, watchlists: Mapping[str, Watchlist]) -> Node:
    """Read what a rule looks for.  Raises ``TermError``; the place is found by ``checks``."""
    if rule.match:
        if rule.any or rule.all or rule.none:
            raise TermError(BOTH)
        return expression(rule.match, watchlists)
    if not rule.any and not rule.all:
        raise TermError(NOTHING)
    parts: list[Node] = []
    if rule.any:
        parts.append(joined(Or, [entry(written, watchlists) for written in rule.any]))
    parts += [entry(written, watchlists) for written in rule.all]
    parts += [Not(entry(written, watchlists)) for written in rule.none]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


@contextmanager
def read_together() -> Iterator[None]:
    """Let go of the words that were read, at the end: rules share them, but only those that are read together.

    Whoever reads many rules does it within this, for nothing else bounds what is kept.
    """
    try:
        yield
    finally:
        expressions.forget()
        leaves.forget()


_SPOKEN = re.compile(r"((?:[^\W\d_]+(?:/\d+)?\s*:\s*)*)(.*)", re.DOTALL)
_MARK = re.compile(r"([^\s:]+)\s*:")
_ONE_WORD = re.compile(r"[^\s()\"“”„/]+")


def written(node: Node) -> str:
    """Write a tree as an expression that reads as the same tree."""
    match node:
        case Phrase() | Regex() | Names():
            return _spoken(node)
        case Near(left, right, distance, ordered):
            return f"{_side(left)} {'O' * ordered}NEAR/{distance} {_side(right)}"
        case AtLeast(count, of):
            return f"atleast/{count}:{_side(of)}"
        case Not(part):
            return f"NOT {_bracketed(part)}" if isinstance(part, And | Or) else f"NOT {written(part)}"
        case And(parts):
            return " AND ".join(_bracketed(part) for part in parts)
        case Or(parts):
            return " OR ".join(_bracketed(part) if isinstance(part, Or) else written(part) for part in parts)


def _bracketed(node: Node) -> str:
    return f"({written(node)})" if isinstance(node, And | Or) else written(node)


def _side(either: Either) -> str:
    spoken = " OR ".join(_spoken(leaf) for leaf in either.leaves)
    return spoken if len(either.leaves) == 1 else f"({spoken})"


def _spoken(leaf: Leaf) -> str:
    """Write a term as expressions want it: without blanks after the colon, and a phrase in quotes."""
    found = _SPOKEN.fullmatch(leaf.written.strip())
    marks, said = (found[1], found[2]) if found else ("", leaf.written)
    before = "".join(f"{mark}:" for mark in _MARK.findall(marks) if not mark.startswith("atleast/"))
    is_plain = isinstance(leaf, Regex | Names) or said[:1] in set('"“”„')
    if not is_plain and (said in OPERATORS or not _ONE_WORD.fullmatch(said) or no_word(said)):
        said = f'"{said}"'
    return f"{before}{said}"
