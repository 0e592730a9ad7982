"""The expressions of ``match:``, from their text to the tree of ``nodes``.  Pure.

::

    or    = and { OR and }                 a OR b AND NOT c   is   a OR (b AND (NOT c))
    and   = not { AND not }
    not   = { NOT } near
    near  = one [ (NEAR/n | ONEAR/n) one ]
    one   = { prefix } ( "(" or ")" | word | "phrase" | @watchlist | /expression/ )

``prefix`` is a field, ``case:``, ``exact:`` or ``atleast/n:``.  A field before a parenthesis is that of every term in
it, and none of them may have another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from alerts.model import Watchlist
from alerts.rules.leaves import look_up, names
from alerts.rules.nodes import LEAVES, And, AtLeast, Either, Leaf, Near, Node, Not, Or
from alerts.rules.slips import MAX_DISTANCE, OPERATORS, misspelt, no_word
from alerts.rules.terms import FIELDS, GERSHAYIM, Marks, Term, TermError, check_word, term

MAX_DEPTH = 50
"""How deep parentheses and NOTs may be nested."""


class ExpressionError(TermError):
    """An expression cannot be read.  ``offset`` is where in it, in letters from 0."""

    def __init__(self, message: str, offset: int) -> None:
        self.offset = offset
        super().__init__(message)


_PREFIX = r"[^\W\d_]++(?:/[^\s:()\"“”„]*+)?\s*+:"
_PHRASE = f'["“”„][^"“”„]*+(?:{GERSHAYIM}[^"“”„]*+)*["“”„]'
_REGEX = r"/(?:[^/\\]|\\.)*/(?=[\s)]|\Z)"
_WORD = f'[^\\s()"“”„]++(?:{GERSHAYIM}[^\\s()"“”„]++)*'
_SIGN = re.compile(rf"\s*([()]|{_PREFIX}|{_PHRASE}|{_REGEX}|{_WORD}|[\"“”„])", re.DOTALL)
_KIND = re.compile(
    rf"(?P<open>\()|(?P<close>\))|(?P<prefix>{_PREFIX})|(?P<phrase>{_PHRASE})|(?P<regex>{_REGEX})|(?P<word>{_WORD})",
    re.DOTALL,
)
_MARKS = re.compile(r"\A(?:[^\W\d_]+:)+")
_NUMBERED = re.compile(r"([^\W\d_]+)(?:/(.*))?\s*:", re.DOTALL)
_NEAR = re.compile(r"(O?)NEAR/([0-9]+)")


class _Sign(NamedTuple):
    """A sign, a word or a phrase, and the name and number that belong to it.  Where it stands, only errors ask."""

    kind: str
    said: str
    name: str = ""
    number: str | None = None


_END = _Sign("end", "")
_TERMS = frozenset({"word", "phrase", "regex"})
_AFTER_AND = frozenset({"OR", "close", "end"})


def expression(written: str, watchlists: Mapping[str, Watchlist]) -> Node:
    """Read an expression.  Raises ``ExpressionError``, with the place of what is wrong.

    >>> expression("atleast/2:oil", {}).count
    2
    """
    node = _Reader(written, watchlists).read()
    if is_met_by_nothing(node):
        raise ExpressionError(
            "the rule would be met by every article that lacks something; write what must be there, and join it by AND",
            len(written) - len(written.lstrip()),
        )
    return node


def is_met_by_nothing(node: Node) -> bool:
    """Whether an article without any of the terms meets it: then nothing says which articles are worth a look."""
    if isinstance(node, And):
        return all(map(is_met_by_nothing, node.parts))
    if isinstance(node, Or):
        return any(map(is_met_by_nothing, node.parts))
    return isinstance(node, Not) and not is_met_by_nothing(node.part)


def _signs(written: str) -> list[_Sign]:
    """Cut an expression into its signs and words; the last is the end."""
    said = _SIGN.findall(written)
    try:
        return [*map(_sign, said), _END]
    except TermError:
        for number, one in enumerate(said):
            try:
                _sign(one)
            except TermError as error:
                raise ExpressionError(str(error), _start(written, number)) from None
        raise


def _start(written: str, number: int) -> int:
    """Find where a sign begins, by its number; behind the last one is the end."""
    found = next(islice(_SIGN.finditer(written), number, None), None)
    return found.start(1) if found else len(written.rstrip())


def place(written: str, said: str) -> int:
    """Find where a term or an operator stands first in an expression, in letters from 0; 0 if it is not there as such.

    >>> place("title:(oil OR tar*)", "title:tar*")
    14
    """
    bare = _MARKS.sub("", said)
    words = {said, bare, bare.strip('"')}
    return next((found.start(1) for found in _SIGN.finditer(written) if _sign(found[1]).said in words), 0)


@cache
def _sign(said: str) -> _Sign:
    """Tell what a piece of an expression is.  Raises ``TermError``: it is neither a term nor an operator."""
    kind = str(found.lastgroup) if (found := _KIND.fullmatch(said)) else ""
    match kind:
        case "":
            raise TermError("a quote is opened and not closed; write a quote on both sides of the phrase")
        case "prefix":
            numbered = _NUMBERED.fullmatch(said)
            return _Sign(kind, said, numbered[1], numbered[2]) if numbered else _Sign(kind, said)
        case "phrase":
            return _Sign(kind, said[1:-1])
        case "word":
            return _word(said)
    return _Sign(kind, said)


def _word(said: str) -> _Sign:
    """Tell the operators from the words, and refuse what is neither."""
    if said in OPERATORS:
        return _Sign(said, said)
    if (found := _NEAR.fullmatch(said)) and int(found[2][:9]) <= MAX_DISTANCE:
        return _Sign("NEAR", said, found[1], found[2])
    if problem := no_word(said):
        raise TermError(problem)
    return _Sign("word", said)


class _Reader:
    """Reads signs from left to right; one function for each line of the grammar."""

    __slots__ = ("at", "depth", "now", "signs", "watchlists", "written")

    def __init__(self, written: str, watchlists: Mapping[str, Watchlist]) -> None:
        self.written = written
        self.signs = _signs(written)
        self.watchlists = watchlists
        self.at = 0
        self.depth = 0
        self.now = self.signs[0]

    def _step(self) -> None:
        self.at += 1
        self.now = self.signs[self.at]

    def _error(self, message: str, number: int) -> ExpressionError:
        """Say what is wrong with the sign of that number."""
        return ExpressionError(message, _start(self.written, number))

    def read(self) -> Node:
        if self.now is _END:
            raise ExpressionError("the expression is empty; write a term, or take match out", 0)
        node = self._or("")
        if self.now.kind == "close":
            raise self._error("this ) was never opened; take it out, or write a ( before", self.at)
        return node

    def _or(self, field: str) -> Node:
        node = self._and(field)
        if self.now.kind != "OR":
            return node
        parts = [node]
        while self.now.kind == "OR":
            self._step()
            parts.append(self._and(field))
        return joined(Or, parts)

    def _and(self, field: str) -> Node:
        node = self._not(field) if self.now.kind == "NOT" else self._near(field)
        if self.now.kind == "AND":
            parts = [node]
            while self.now.kind == "AND":
                self._step()
                parts.append(self._not(field) if self.now.kind == "NOT" else self._near(field))
            node = joined(And, parts)
        if self.now.kind not in _AFTER_AND:
            raise self._side_by_side()
        return node

    def _side_by_side(self) -> ExpressionError:
        """Say that an operator is missing; one that is misspelt stands there as a word."""
        now, before = self.now, self.signs[self.at - 1]
        if now.kind == "NOT":
            return self._error("NOT joins no terms; write AND NOT", self.at)
        if now.kind == "NEAR":
            words = "NEAR joins two terms; to go on, write (a NEAR/5 b) AND (b NEAR/5 c), and OR inside parentheses"
            return self._error(words, self.at)
        if now.said[:1] == "*" and before.kind == "phrase":
            return self._error(f'the * stands inside the quotes: "{before.said}*"', self.at)
        for sign, number in ((now, self.at), (before, self.at - 1)):
            if sign.kind == "word" and (near := misspelt(sign.said)):
                return self._error(f'there is no operator "{sign.said}"{near}', number)
        both = f'; or quote the phrase: "{before.said} {now.said}"' if before.kind == now.kind == "word" else ""
        return self._error(f"two terms stand side by side; write AND or OR between them{both}", self.at)

    def _not(self, field: str) -> Node:
        start = self.at
        while self.now.kind == "NOT":
            self._step()
        times = self.at - start
        self._deeper(times, start)
        node = self._near(field)
        self.depth -= times
        for _ in range(times):
            node = Not(node)
        return node

    def _deeper(self, by: int, start: int) -> None:
        self.depth += by
        if self.depth > MAX_DEPTH:
            words = f"parentheses and NOTs are nested more than {MAX_DEPTH} deep; write it flatter"
            raise self._error(words, start)

    def _near(self, field: str) -> Node:
        first = self.at
        left = self._leaf(field) if self.now.kind in _TERMS else self._one(field)
        operator = self.now
        if operator.kind != "NEAR":
            return left
        self._step()
        second = self.at
        right = self._one(field)
        distance = int(operator.number or 0)
        sides = self._either(left, first, operator.said), self._either(right, second, operator.said)
        return Near(*sides, distance, ordered=operator.name == "O")

    def _either(self, node: Node, number: int, operator: str) -> Either:
        """Give the terms of an operand.  Raises ``ExpressionError`` if it is more than some terms joined by OR."""
        parts = node.parts if isinstance(node, Or) else (node,)
        leaves = tuple([part for part in parts if isinstance(part, LEAVES)])
        if len(leaves) < len(parts):
            words = f"{operator} counts places: it takes a term, or terms joined by OR in parentheses, and nothing else"
            raise self._error(words, number)
        return Either(leaves)

    def _one(self, field: str) -> Node:
        """Read what stands before a term or a parenthesis, and it."""
        first, marks = self.at, Marks(field)
        while self.now.kind == "prefix":
            self._mark(marks, field)
        if self.now.kind == "open":
            self._step()
            return self._parenthesis(marks, first)
        if self.now.kind not in _TERMS:
            raise self._nothing_after()
        leaf = self._leaf(marks.field, marks.case, marks.exact)
        return AtLeast(marks.count, Either((leaf,))) if marks.count else leaf

    def _mark(self, marks: Marks, field: str) -> None:
        sign = self.now
        if field and sign.name.casefold() in FIELDS:
            words = f"{field}: stands before the parenthesis and holds for all of it; take {sign.said} out"
            raise self._error(words, self.at)
        ahead = self.signs[self.at + 1]
        try:
            marks.add(sign.name, sign.number, f"{sign.said} {ahead.said}".strip())
        except TermError as error:
            raise self._error(str(error), self.at) from None
        if ahead.kind not in {"open", "prefix", *_TERMS}:
            raise self._error(f'nothing stands after "{sign.said}"; write what to look for there', self.at)
        self._step()

    def _nothing_after(self) -> ExpressionError:
        """Say that a term is missing: at the beginning, after an operator, or in a parenthesis."""
        now, before = self.now, self.signs[self.at - 1] if self.at else None
        if before is None:
            if now.kind == "close":
                return self._error("this ) was never opened; take it out, or write a ( before", 0)
            return self._error(f"nothing stands before {now.said}; write a term there", 0)
        if before.kind == "open" and now.kind == "close":
            return self._error("nothing stands between ( and ); write a term there", self.at - 1)
        if before.kind == "open" and now is not _END:
            return self._error(f"nothing stands before {now.said}; write a term there", self.at)
        return self._error(f"nothing stands after {before.said}; write a term there", self.at - 1)

    def _parenthesis(self, marks: Marks, first: int) -> Node:
        opened = self.at - 1
        if marks.case or marks.exact:
            words = "case: and exact: stand before words; write them on each term inside the parenthesis"
            raise self._error(words, first)
        self._deeper(1, opened)
        node = self._or(marks.field)
        self.depth -= 1
        if self.now.kind != "close":
            raise self._error("this ( is never closed; write a ) where it ends", opened)
        self._step()
        if not marks.count:
            return node
        return AtLeast(marks.count, self._either(node, opened, f"atleast/{marks.count}"))

    def _leaf(self, *marks: Any) -> Leaf:
        """Make a term of a word; it is written with all that holds for it, without blanks."""
        sign = self.now
        try:
            leaf = _written(sign.said, *marks) if sign.kind == "phrase" else _bare(sign.said, *marks)
            if isinstance(leaf, Term):
                leaf = names(leaf, self.watchlists)
        except TermError as error:
            raise self._error(str(error), self.at) from None
        self._step()
        return leaf


@cache
def _bare(said: str, field: str, case: bool = False, exact: bool = False) -> Leaf | Term:  # noqa: FBT001, FBT002 - quick to be looked up
    """Read a word, a regular expression, or the name of a watchlist, which is looked up later."""
    if said[0] != "/":
        check_word(said)
    found = term(_before(field, case, exact) + said, said, Marks(field, case, exact))
    return found if found.watchlist else look_up(found, {})


@cache
def _written(said: str, field: str, case: bool = False, exact: bool = False) -> Leaf | Term:  # noqa: FBT001, FBT002
    """Read a phrase, without its quotes."""
    whole = f'{_before(field, case, exact)}"{said}"'
    return look_up(term(whole, said, Marks(field, case, exact), quoted=True), {})


def forget() -> None:
    """Let go of the signs and words that were read."""
    for kept in (_sign, _bare, _written):
        kept.cache_clear()


def _before(field: str, case: bool, exact: bool) -> str:  # noqa: FBT001
    return f"{field}:" * bool(field) + "case:" * case + "exact:" * exact


def joined(join: type[And | Or], parts: Sequence[Node]) -> Node:
    """Join parts; what is joined by the same word already becomes a part of it, and one alone stays as it is."""
    if len(parts) == 1:
        return parts[0]
    if join not in map(type, parts):
        return join(tuple(parts))
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, join) else (part,)
    return join(tuple(flat))
