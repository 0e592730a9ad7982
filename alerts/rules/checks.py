"""What is wrong with a rule or a watchlist, before it is used.  Pure.

A problem is the path of a key in the rule (``any.2`` is the third of ``any``, ``match.17`` the eighteenth letter of
``match``) and a message that says what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from alerts.model import Rule, Watchlist
from alerts.rules.expressions import ExpressionError, expression
from alerts.rules.leaves import entry, find_cycle
from alerts.rules.reading import BOTH, NOTHING
from alerts.rules.terms import TermError, find_watchlist, parse_alias, parse_term

Read = Callable[[str], object]
"""Reads a term, and gives that by which it is the same as another.  Raises ``TermError``."""


def check(rule: Rule, watchlists: Mapping[str, Watchlist]) -> tuple[tuple[str, str], ...]:
    """Find every problem of a rule; those of its watchlists are told by ``check_watchlist``."""
    problems: list[tuple[str, str]] = []
    lists = (("any", rule.any), ("all", rule.all), ("none", rule.none))
    if rule.match:
        problems += [(name, BOTH) for name, terms in lists if terms][:1]
        problems += _check_expression(rule.match, watchlists)
    elif not rule.any and not rule.all:
        problems.append(("any", NOTHING))

    def read(written: str) -> object:
        entry(written, watchlists)
        return parse_term(written).meaning

    seen: dict[object, str] = {}
    for part, terms in lists:
        problems += _check_terms(part, terms, read, seen)
    return tuple(problems)


def _check_expression(written: str, watchlists: Mapping[str, Watchlist]) -> Iterator[tuple[str, str]]:
    try:
        expression(written, watchlists)
    except ExpressionError as error:
        yield f"match.{error.offset}", str(error)


def check_watchlist(
    watchlist: Watchlist, watchlists: Mapping[str, Watchlist] | None = None
) -> tuple[tuple[str, str], ...]:
    """Find every problem of a watchlist; ``watchlists`` are those that it may hold.

    Two spellings that fold to one (``Teherán``, ``Teheran``) are none: who lists aliases need not know what is folded.
    """
    if not watchlist.aliases:
        return (("aliases", f"the watchlist @{watchlist.id} has no alias; write at least one"),)
    known = {**(watchlists or {}), watchlist.id: watchlist}

    def read(written: str) -> str:
        if name := parse_alias(written).watchlist:
            _check_nested(watchlist, find_watchlist(name, known), known)
        return written.strip()

    def read_none(written: str) -> str:
        if parse_alias(written).watchlist:
            raise TermError("none holds phrases only; write the phrases of the watchlist here")
        return written.strip()

    seen: dict[object, str] = {}
    aliases = _check_terms("aliases", watchlist.aliases, read, seen)
    return (*aliases, *_check_terms("none", watchlist.none, read_none, seen))


def _check_nested(outer: Watchlist, inner: Watchlist, known: Mapping[str, Watchlist]) -> None:
    """Refuse a watchlist inside another that leads back to it."""
    there = find_cycle(outer, {**known, outer.id: Watchlist(outer.id, (f"@{inner.id}",))}) if inner is not outer else ()
    way = (outer.id, outer.id) if inner is outer else there
    if way:
        named = " → ".join(f"@{name}" for name in way)
        raise TermError(f"the watchlist @{outer.id} holds itself: {named}; take one of them out of another")


def _check_terms(part: str, terms: Sequence[str], read: Read, seen: dict[object, str]) -> Iterator[tuple[str, str]]:
    """Find the terms that cannot be read, and those that were there before."""
    for position, written in enumerate(terms):
        path = f"{part}.{position}"
        try:
            key = read(written)
        except TermError as error:
            yield path, str(error)
            continue
        earlier = seen.setdefault(key, path)
        if earlier != path:
            yield path, _repeated(written, part, earlier)


def _repeated(written: str, part: str, earlier: str) -> str:
    """Say what it does that a term is there twice: nothing, or that the rule can never match."""
    if part == "none" and earlier.startswith("all."):
        return f'"{written}" is asked for in {earlier}, so that the rule can never match; take one of the two out'
    return f'"{written}" says the same as {earlier}; take one of the two out'
