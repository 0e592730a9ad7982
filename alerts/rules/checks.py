"""What is wrong with a rule or a watchlist, before it is used.  Pure.

A problem is the path of a key in the rule (``any.2`` is the third of ``any``) and a message that says what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from alerts.model import Rule, Watchlist
from alerts.rules.terms import TermError, alias, find_watchlist, parse_term

Read = Callable[[str], object]
"""Reads a term, and gives that by which it is the same as another.  Raises ``TermError``."""


def check(rule: Rule, watchlists: Mapping[str, Watchlist]) -> tuple[tuple[str, str], ...]:
    """Find every problem of a rule; those of its watchlists are told by ``check_watchlist``."""
    problems: list[tuple[str, str]] = []
    if not rule.any and not rule.all:
        problems.append(("any", "the rule looks for nothing; write at least one term under any or all"))

    def read(written: str) -> object:
        term = parse_term(written)
        find_watchlist(term, watchlists)
        return term.meaning

    seen: dict[object, str] = {}
    for part, terms in (("any", rule.any), ("all", rule.all), ("none", rule.none)):
        problems += _check_terms(part, terms, read, seen)
    return tuple(problems)


def check_watchlist(watchlist: Watchlist) -> tuple[tuple[str, str], ...]:
    """Find every problem of a watchlist.

    Two spellings that fold to one (``Teherán``, ``Teheran``) are none: who lists aliases need not know what is folded.
    """
    if not watchlist.aliases:
        return (("aliases", f"the watchlist @{watchlist.id} has no alias; write at least one"),)
    return tuple(_check_terms("aliases", watchlist.aliases, lambda written: alias(written).written.strip(), {}))


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
