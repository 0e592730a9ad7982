"""Many rules made one index, and for each rule what decides it.  Pure."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from alerts.model import Field, Rule, Watchlist
from alerts.rules.index import Index
from alerts.rules.terms import Term, TermError, aliases, parse_term


@dataclass(frozen=True, slots=True)
class Wanted:
    """A term, and the numbers of the phrases any of which meets it."""

    term: Term
    needles: frozenset[int]


@dataclass(frozen=True, slots=True)
class Clauses:
    """A rule, ready to be decided: one of ``any``, every one of ``all``, none of ``none``."""

    rule: Rule
    any: tuple[Wanted, ...]
    all: tuple[Wanted, ...]
    none: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Compiled rules.  ``hash`` names the rules and watchlists; it is the same in whichever order their files came.

    ``anchors`` says which rules are worth deciding once a phrase was found.
    """

    rules: tuple[Rule, ...]
    by_id: Mapping[str, Rule]
    hash: str
    clauses: tuple[Clauses, ...]
    index: Index
    anchors: Mapping[int, tuple[int, ...]]
    fields: frozenset[Field]


def compile(rules: Sequence[Rule], watchlists: Mapping[str, Watchlist]) -> Rules:  # noqa: A001 - rules.compile reads well
    """Build the index.  Raises ``TermError`` for a rule that ``check`` refuses and that cannot be decided."""
    by_id = {rule.id: rule for rule in rules}
    if len(by_id) < len(rules):
        twice = [name for name, times in Counter(rule.id for rule in rules).items() if times > 1]
        raise TermError(f'two rules have the id "{twice[0]}"; give one of them another')
    index = Index()
    clauses = tuple(_clauses(rule, watchlists, index) for rule in rules)
    terms = [wanted.term for c in clauses for part in (c.any, c.all, c.none) for wanted in part]
    fields = frozenset(field for term in terms for field in term.fields)
    return Rules(tuple(rules), by_id, _hash(rules, watchlists), clauses, index, _anchors(clauses), fields)


def _clauses(rule: Rule, watchlists: Mapping[str, Watchlist], index: Index) -> Clauses:
    """Read the terms of one rule into the index."""
    if not rule.any and not rule.all:
        raise TermError(f'rule "{rule.id}" looks for nothing; write at least one term under any or all')

    def wanted(written: str) -> Wanted:
        term = parse_term(written)
        return Wanted(term, frozenset(index.add(phrase) for phrase in aliases(term, watchlists)))

    try:
        parts = [tuple(wanted(written) for written in part) for part in (rule.any, rule.all, rule.none)]
    except TermError as error:
        raise TermError(f'rule "{rule.id}": {error}') from error
    return Clauses(rule, *parts)


def _anchors(clauses: Sequence[Clauses]) -> dict[int, tuple[int, ...]]:
    """Choose for each rule the phrases without one of which it cannot match: those that the fewest rules use."""
    used = Counter(needle for c in clauses for wanted in (*c.any, *c.all) for needle in wanted.needles)
    anchors: defaultdict[int, list[int]] = defaultdict(list)
    for position, c in enumerate(clauses):
        choices = [_needles([wanted]) for wanted in c.all] + ([_needles(c.any)] if c.any else [])
        for needle in min(choices, key=lambda needles: sum(used[needle] for needle in needles)):
            anchors[needle].append(position)
    return {needle: tuple(positions) for needle, positions in anchors.items()}


def _needles(wanted: Iterable[Wanted]) -> frozenset[int]:
    return frozenset(needle for one in wanted for needle in one.needles)


def _hash(rules: Iterable[Rule], watchlists: Mapping[str, Watchlist]) -> str:
    """Name the rules and watchlists by 12 hex digits of their content, in the order of their ids."""
    content = [
        [asdict(rule) for rule in sorted(rules, key=lambda rule: rule.id)],
        [asdict(watchlists[name]) for name in sorted(watchlists)],
    ]
    return sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()[:12]
