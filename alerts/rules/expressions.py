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
from functools import lru_cache
from typing import NamedTuple

from alerts.model import Watchlist
from alerts.rules.leaves import look_up, names
from alerts.rules.nodes import And, AtLeast, Either, Leaf, Near, Node, Not, Or
from alerts.rules.terms import FIELDS, Marks, Term, TermError, check_word, nearest, term

MAX_DEPTH = 50
"""How deep parentheses and NOTs may be nested."""

MAX_DISTANCE = 99
"""The largest n of ``NEAR/n``."""


class ExpressionError(TermError):
    """An expression cannot be read.  ``offset`` is where in it, in letters from 0."""

    def __init__(self, message: str, offset: int) -> None:
        self.offset = offset
        super().__init__(message)


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<open>\() | (?P<close>\))
    | (?P<prefix>(?P<name>[^\W\d_]+)(?:/(?P<number>[^\s:()"“”„]*))?\s*:\s*)
    | ["“”„](?P<phrase>[^"“”„]*)["“”„]
    | (?P<regex>/(?:[^/\\]|\\.)*/(?=[\s)]|\Z))
    | (?P<word>[^\s()"“”„]+)
    | (?P<quote>["“”„])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
OPERATORS = frozenset({"AND", "OR", "NOT"})
_NEAR = re.compile(r"(O?)NEAR/([0-9]+)")
_MEANT = {
    "&": "AND", "&&": "AND", "+": "AND", "|": "OR", "||": "OR", ",": "OR", ";": "OR",
    "!": "NOT", "-": "NOT", "–": "NOT",
}  # fmt: skip


class _Token(NamedTuple):
    """A sign or a word, where it begins, and the name and number that belong to it."""

    kind: str
    said: str
    start: int
    name: str = ""
    number: str | None = None


def expression(written: str, watchlists: Mapping[str, Watchlist]) -> Node:
    """Read an expression.  Raises ``ExpressionError``, with the place of what is wrong.

    >>> expression("atleast/2:oil", {}).count
    2
    """
    node = _Reader(_tokens(written), watchlists).read()
    if is_met_by_nothing(node):
        raise ExpressionError(
            "the rule would be met by every article that lacks something; write what must be there, and join it by AND",
            len(written) - len(written.lstrip()),
        )
    return node


def is_met_by_nothing(node: Node) -> bool:
    """Whether an article without any of the terms meets it: then nothing says which articles are worth a look."""
    match node:
        case And(parts):
            return all(is_met_by_nothing(part) for part in parts)
        case Or(parts):
            return any(is_met_by_nothing(part) for part in parts)
        case Not(part):
            return not is_met_by_nothing(part)
        case _:
            return False


def _tokens(written: str) -> list[_Token]:
    """Cut an expression into its signs and words; the last token is the end."""
    made: list[_Token] = []
    for found in _TOKEN.finditer(written):
        kind = found.lastgroup
        if kind == "word":
            said = found[kind]
            kind, name, number = _word(said)
            if kind == "wrong":
                raise ExpressionError(name, found.start("word"))
            made.append(_Token(kind, said, found.start("word"), name, number))
        elif kind == "prefix":
            made.append(_Token(kind, found[kind].rstrip(), found.start(kind), found["name"], found["number"]))
        elif kind == "phrase":
            made.append(_Token(kind, found[kind], found.start(kind) - 1))
        elif kind in {"open", "close", "regex"}:
            made.append(_Token(kind, found[kind], found.start(kind)))
        elif kind == "quote":
            words = "a quote is opened and not closed; write a quote on both sides of the phrase"
            raise ExpressionError(words, found.start(kind))
    return [*made, _Token("end", "", len(written.rstrip()))]


@lru_cache(maxsize=262_144)
def _word(said: str) -> tuple[str, str, str | None]:
    """Tell the operators from the words, and what is neither: its kind, and what belongs to it."""
    if said in OPERATORS:
        return said, "", None
    if (found := _NEAR.fullmatch(said)) and int(found[2][:9]) <= MAX_DISTANCE:
        return "NEAR", found[1], found[2]
    if problem := no_word(said):
        return "wrong", problem, None
    return "word", "", None


def no_word(said: str) -> str:
    """Say what is wrong with a word that looks like an operator or like a mark of another language."""
    upper = said.upper()
    if upper in OPERATORS:
        return f'operators are written in capitals: {upper}; if you look for the word, write "{said}" in quotes'
    if said in _MEANT:
        return f'"{said}" is no operator; write {_MEANT[said]}'
    if said[0] in "-!":
        return f'a term cannot begin with "{said[0]}"; to keep articles out, write NOT {said[1:]}'
    if said[0] == "~":
        return f'"{said}" is no operator; write NEAR/5 between two terms'
    if said[0] == "/":
        return "a regular expression is opened by / and closed by none; write \\/ for a slash inside, or use quotes"
    return _no_near(said, *said.partition("/"))


def _misspelt(said: str) -> str:
    """Suggest the operator that was meant by a word in capitals, or by one with its letters in another order."""
    mixed = [name for name in sorted(OPERATORS) if sorted(name) == sorted(said.upper())]
    return nearest(mixed[0], mixed) if mixed else nearest(said, sorted(OPERATORS)) if said.isupper() else ""


def _no_near(said: str, name: str, slash: str, number: str) -> str:
    """Say what is wrong with a word that looks like NEAR and its number."""
    upper = name.upper()
    if upper not in {"NEAR", "ONEAR"}:
        near = nearest(upper, ("NEAR", "ONEAR")) if number.isdecimal() else ""
        return f'there is no operator "{said}"{near}' if near else ""
    if not slash and said != upper:
        return ""
    if not number.isdecimal():
        return f"{upper} needs a number, the most words that may stand between: {upper}/5"
    if int(number[:9]) > MAX_DISTANCE:
        return f"{said} reaches too far; at most {upper}/{MAX_DISTANCE}, and for the same text write AND"
    return f"operators are written in capitals: {upper}/{number}"


class _Reader:
    """Reads tokens from left to right; one function for each line of the grammar."""

    def __init__(self, tokens: Sequence[_Token], watchlists: Mapping[str, Watchlist]) -> None:
        self.tokens = tokens
        self.watchlists = watchlists
        self.at = 0
        self.depth = 0
        self.now = tokens[0]

    def _step(self) -> None:
        self.at += 1
        self.now = self.tokens[self.at]

    def read(self) -> Node:
        if self.now.kind == "end":
            raise ExpressionError("the expression is empty; write a term, or take match out", 0)
        node = self._or("")
        if self.now.kind == "close":
            raise ExpressionError("this ) was never opened; take it out, or write a ( before", self.now.start)
        return node

    def _or(self, field: str) -> Node:
        parts = [self._and(field)]
        while self.now.kind == "OR":
            self._step()
            parts.append(self._and(field))
        return joined(Or, parts)

    def _and(self, field: str) -> Node:
        parts = [self._not(field)]
        while self.now.kind == "AND":
            self._step()
            parts.append(self._not(field))
        if self.now.kind not in {"OR", "close", "end"}:
            raise self._side_by_side()
        return joined(And, parts)

    def _side_by_side(self) -> ExpressionError:
        """Say that an operator is missing; one that is misspelt stands there as a word."""
        now, before = self.now, self.tokens[self.at - 1]
        if now.kind == "NOT":
            return ExpressionError("NOT joins no terms; write AND NOT", now.start)
        if now.kind == "NEAR":
            words = "NEAR joins two terms; to go on, write (a NEAR/5 b) AND (b NEAR/5 c), and OR inside parentheses"
            return ExpressionError(words, now.start)
        if now.said[:1] == "*" and before.kind == "phrase":
            return ExpressionError(f'the * stands inside the quotes: "{before.said}*"', now.start)
        for token in (now, before):
            if token.kind == "word" and (near := _misspelt(token.said)):
                return ExpressionError(f'there is no operator "{token.said}"{near}', token.start)
        both = f'; or quote the phrase: "{before.said} {now.said}"' if before.kind == now.kind == "word" else ""
        return ExpressionError(f"two terms stand side by side; write AND or OR between them{both}", now.start)

    def _not(self, field: str) -> Node:
        if self.now.kind != "NOT":
            return self._near(field)
        start, times = self.now.start, 0
        while self.now.kind == "NOT":
            times += 1
            self._step()
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
            raise ExpressionError(words, start)

    def _near(self, field: str) -> Node:
        first = self.now
        left = self._one(field)
        operator = self.now
        if operator.kind != "NEAR":
            return left
        self._step()
        second = self.now
        right = self._one(field)
        distance = int(operator.number or 0)
        sides = _either(left, first, operator.said), _either(right, second, operator.said)
        return Near(*sides, distance, ordered=operator.name == "O")

    def _one(self, field: str) -> Node:
        """Read what stands before a term or a parenthesis, and it."""
        first = token = self.now
        marks = Marks(field)
        while token.kind == "prefix":
            self._mark(marks, field)
            token = self.now
        if token.kind == "open":
            self._step()
            return self._parenthesis(marks, token, first)
        if token.kind not in {"word", "phrase", "regex"}:
            raise self._nothing_after(token)
        self._step()
        return self._leaf(marks, token)

    def _mark(self, marks: Marks, field: str) -> None:
        token = self.now
        if field and token.name.casefold() in FIELDS:
            words = f"{field}: stands before the parenthesis and holds for all of it; take {token.said} out"
            raise ExpressionError(words, token.start)
        ahead = self.tokens[self.at + 1]
        try:
            marks.add(token.name, token.number, f"{token.said} {ahead.said}".strip())
        except TermError as error:
            raise ExpressionError(str(error), token.start) from None
        if ahead.kind not in {"open", "word", "phrase", "regex", "prefix"}:
            raise ExpressionError(f'nothing stands after "{token.said}"; write what to look for there', token.start)
        self._step()

    def _nothing_after(self, token: _Token) -> ExpressionError:
        """Say that a term is missing: at the beginning, after an operator, or in a parenthesis."""
        before = self.tokens[self.at - 1] if self.at else None
        if before is None:
            if token.kind == "close":
                return ExpressionError("this ) was never opened; take it out, or write a ( before", token.start)
            return ExpressionError(f"nothing stands before {token.said}; write a term there", token.start)
        if before.kind == "open" and token.kind == "close":
            return ExpressionError("nothing stands between ( and ); write a term there", before.start)
        if before.kind == "open" and token.kind != "end":
            return ExpressionError(f"nothing stands before {token.said}; write a term there", token.start)
        return ExpressionError(f"nothing stands after {before.said}; write a term there", before.start)

    def _parenthesis(self, marks: Marks, opened: _Token, first: _Token) -> Node:
        if marks.case or marks.exact:
            words = "case: and exact: stand before words; write them on each term inside the parenthesis"
            raise ExpressionError(words, first.start)
        self._deeper(1, opened.start)
        node = self._or(marks.field)
        self.depth -= 1
        if self.now.kind != "close":
            raise ExpressionError("this ( is never closed; write a ) where it ends", opened.start)
        self._step()
        if not marks.count:
            return node
        return AtLeast(marks.count, _either(node, opened, f"atleast/{marks.count}"))

    def _leaf(self, marks: Marks, token: _Token) -> Leaf | AtLeast:
        """Make a term of a token; it is written with all that holds for it, without blanks."""
        read_term = _written if token.kind == "phrase" else _bare
        try:
            leaf = read_term(token.said, marks.field, marks.case, marks.exact)
            if isinstance(leaf, Term):
                leaf = names(leaf, self.watchlists)
        except TermError as error:
            raise ExpressionError(str(error), token.start) from None
        return AtLeast(marks.count, Either((leaf,))) if marks.count else leaf


@lru_cache(maxsize=262_144)
def _bare(said: str, field: str, case: bool, exact: bool) -> Leaf | Term:  # noqa: FBT001 - quick to be looked up
    """Read a word, a regular expression, or the name of a watchlist, which is looked up later."""
    if said[0] != "/":
        check_word(said)
    found = term(_before(field, case, exact) + said, said, Marks(field, case, exact))
    return found if found.watchlist else look_up(found, {})


@lru_cache(maxsize=262_144)
def _written(said: str, field: str, case: bool, exact: bool) -> Leaf | Term:  # noqa: FBT001
    """Read a phrase, without its quotes."""
    whole = f'{_before(field, case, exact)}"{said}"'
    return look_up(term(whole, said, Marks(field, case, exact), quoted=True), {})


def _before(field: str, case: bool, exact: bool) -> str:  # noqa: FBT001
    return f"{field}:" * bool(field) + "case:" * case + "exact:" * exact


def _either(node: Node, token: _Token, operator: str) -> Either:
    """Give the terms of an operand.  Raises ``ExpressionError`` if it is more than some terms joined by OR."""
    parts = node.parts if isinstance(node, Or) else (node,)
    leaves = [part for part in parts if isinstance(part, Leaf)]
    if len(leaves) < len(parts):
        words = f"{operator} counts places: it takes a term, or terms joined by OR in parentheses, and nothing else"
        raise ExpressionError(words, token.start)
    return Either(tuple(leaves))


def joined(join: type[And | Or], parts: Sequence[Node]) -> Node:
    """Join parts; what is joined by the same word already becomes a part of it, and one alone stays as it is."""
    if len(parts) == 1:
        return parts[0]
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, join) else (part,)
    return join(tuple(flat))
