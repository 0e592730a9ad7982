"""From a term to a leaf of the tree: words stay words, a watchlist becomes its aliases.  Pure.

Many rules share their terms, and all of them their watchlists: each is read once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from alerts.model import Field, Watchlist
from alerts.rules.nodes import AtLeast, Either, Leaf, Names, Phrase, Regex
from alerts.rules.regexes import compile_pattern
from alerts.rules.terms import Term, TermError, find_watchlist, parse_alias, parse_term


def entry(written: str, watchlists: Mapping[str, Watchlist]) -> Leaf | AtLeast:
    """Read one term of a list.  Raises ``TermError``."""
    return _plain(written) or _node(parse_term(written), watchlists)


@cache
def _plain(written: str) -> Leaf | AtLeast | None:
    """Read a term that needs no watchlist: nearly all, and many rules share them."""
    read_term = parse_term(written)
    return None if read_term.watchlist else _node(read_term, {})


def forget() -> None:
    """Let go of the terms that were read."""
    _plain.cache_clear()


def _node(read_term: Term, watchlists: Mapping[str, Watchlist]) -> Leaf | AtLeast:
    leaf = look_up(read_term, watchlists)
    return AtLeast(read_term.count, Either((leaf,))) if read_term.count else leaf


def look_up(read_term: Term, watchlists: Mapping[str, Watchlist]) -> Leaf:
    """Look the watchlist up, or compile the regular expression, so that its faults are found here."""
    if read_term.watchlist:
        return names(read_term, watchlists)
    if not read_term.pattern:
        return _phrase(read_term)
    compile_pattern(read_term.pattern)
    return Regex(read_term.written, read_term.pattern, read_term.fields)


def _phrase(read_term: Term) -> Phrase:
    return Phrase(
        read_term.written, read_term.words, read_term.prefix, read_term.fields, read_term.case, read_term.exact
    )


def names(read_term: Term, watchlists: Mapping[str, Watchlist]) -> Names:
    """Give a watchlist with all its aliases.  Raises ``TermError``: it is not there, or it holds itself."""
    watchlist = find_watchlist(read_term.watchlist, watchlists)
    inner = tuple(_inner(watchlist, watchlists)) if _nested(watchlist) else ()
    return _flat(read_term.written, read_term.fields, watchlist, inner)


def _inner(watchlist: Watchlist, watchlists: Mapping[str, Watchlist]) -> list[Watchlist]:
    """Give the watchlists inside a watchlist, each once.  Raises ``TermError`` if one holds itself."""
    found: list[Watchlist] = []
    if cycle := find_cycle(watchlist, watchlists):
        raise TermError(f"the watchlist @{watchlist.id} holds itself: {' → '.join(f'@{name}' for name in cycle)}")
    ahead = [*_nested(watchlist)]
    while ahead:
        one = find_watchlist(ahead.pop(0), watchlists)
        if one not in found:
            found.append(one)
            ahead += _nested(one)
    return found


def find_cycle(watchlist: Watchlist, watchlists: Mapping[str, Watchlist]) -> tuple[str, ...]:
    """Give the way from a watchlist through those inside it back to itself; empty if there is none."""
    seen = {watchlist.id}
    ahead = [(watchlist.id, name) for name in _nested(watchlist)]
    while ahead:
        *way, name = ahead.pop()
        if name == watchlist.id:
            return (*way, name)
        if name not in seen and name in watchlists:
            seen.add(name)
            ahead += [(*way, name, inner) for inner in _nested(watchlists[name])]  # type: ignore[misc]
    return ()


@lru_cache(maxsize=4_096)
def _nested(watchlist: Watchlist) -> tuple[str, ...]:
    return tuple(alias.watchlist for alias in map(parse_alias, watchlist.aliases) if alias.watchlist)


@lru_cache(maxsize=16_384)
def _flat(written: str, fields: tuple[Field, ...], watchlist: Watchlist, inner: tuple[Watchlist, ...]) -> Names:
    """Put the aliases of a watchlist and of those inside it into one row; what they keep out holds for all."""
    lists = (watchlist, *inner)
    aliases = [parse_alias(alias) for one in lists for alias in one.aliases]
    none = [parse_alias(phrase) for one in lists for phrase in one.none]
    return Names(
        written,
        watchlist.id,
        tuple(dict.fromkeys(_phrase(alias) for alias in aliases if not alias.watchlist)),
        tuple(dict.fromkeys(_phrase(phrase) for phrase in none if not phrase.watchlist)),
        fields,
    )
