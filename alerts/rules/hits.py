"""Which rules an article meets, with the evidence; and why it does not meet one.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alerts.model import Article, Evidence, Field, Hit, Match
from alerts.rules.compiled import Clauses, Rules, Wanted
from alerts.rules.words import views

MAX_EVIDENCE = 5
"""The most places that are told of one term: a watchlist may have a hundred aliases."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place of a phrase.  ``order`` is that of the fields, ``lead`` whether it is among the first 60 words."""

    order: int
    field: Field
    start: int
    end: int
    words: str
    lead: bool

    def is_in(self, fields: tuple[Field, ...]) -> bool:
        """Whether a term that looks in ``fields`` sees it."""
        return self.field in fields or (self.lead and "lead" in fields)


Spots = dict[int, list[_Spot]]


def match(article: Article, rules: Rules) -> Match | None:
    """Hold an article against all rules: one match with all its hits in the order of the rules, or ``None``."""
    spots = _spots(article, rules)
    worth = {position for needle in spots for position in rules.anchors.get(needle, ())}
    hits = tuple(_hit(rules.clauses[position], spots) for position in sorted(worth) if _meets(rules, position, spots))
    return Match(article, hits, rules.hash) if hits else None


def why_not(article: Article, rule_id: str, rules: Rules) -> str:
    """Say in plain words why a rule did not match; empty if it did."""
    found = [clauses for clauses in rules.clauses if clauses.rule.id == rule_id]
    if not found:
        return f'there is no rule "{rule_id}"'
    spots = _spots(article, rules)
    return "; ".join(_reasons(found[0], spots))


def _spots(article: Article, rules: Rules) -> Spots:
    """Find the phrases of all rules in all fields, each at its first place there."""
    found: Spots = {}
    for order, view in enumerate(views(article, rules.fields)):
        for needle, (start, end) in rules.index.find(view).items():
            spot = _Spot(order, view.field, start, end, view.value[start:end], lead=end <= view.lead)
            found.setdefault(needle, []).append(spot)
    return found


def _meets(rules: Rules, position: int, spots: Spots) -> bool:
    """Decide one rule."""
    clauses = rules.clauses[position]
    if clauses.any and not any(_is_met(wanted, spots) for wanted in clauses.any):
        return False
    if not all(_is_met(wanted, spots) for wanted in clauses.all):
        return False
    return not any(_is_met(wanted, spots) for wanted in clauses.none)


def _is_met(wanted: Wanted, spots: Spots) -> bool:
    """Whether one of the phrases stands where the term looks."""
    fields = wanted.term.fields
    return any(spot.is_in(fields) for needle in _common(wanted, spots) for spot in spots[needle])


def _common(wanted: Wanted, spots: Spots) -> Iterable[int]:
    """Give the phrases of a term that were found; a loop over the few of the two, for that is where the time goes."""
    if len(wanted.needles) > len(spots):
        return wanted.needles.intersection(spots)
    return [needle for needle in wanted.needles if needle in spots]


def _seen(wanted: Wanted, spots: Spots) -> list[_Spot]:
    """Give the places that a term sees: by field, then from left to right, the longer of two first, none twice."""
    fields = wanted.term.fields
    seen = {
        (spot.order, spot.start, -spot.end): spot
        for needle in _common(wanted, spots)
        for spot in spots[needle]
        if spot.is_in(fields)
    }
    return [seen[place] for place in sorted(seen)]


def _hit(clauses: Clauses, spots: Spots) -> Hit:
    """Tell the evidence of a rule that is met: every positive term that was found."""
    evidence = tuple(
        Evidence(_name(wanted), spot.field, spot.start, spot.end, spot.words)
        for wanted in (*clauses.any, *clauses.all)
        for spot in _seen(wanted, spots)[:MAX_EVIDENCE]
    )
    return Hit(clauses.rule.id, evidence)


def _name(wanted: Wanted) -> str:
    """Name a term as it was written; a watchlist by its name, whichever field it was asked in."""
    return f"@{wanted.term.watchlist}" if wanted.term.watchlist else wanted.term.written


def _reasons(clauses: Clauses, spots: Spots) -> Iterable[str]:
    """Say of each part of a rule that failed which terms made it fail."""
    if clauses.any and not any(_is_met(wanted, spots) for wanted in clauses.any):
        yield f"none of any: {', '.join(_quoted(wanted) for wanted in clauses.any)} was found"
    for wanted in clauses.all:
        if not _is_met(wanted, spots):
            yield f"all: {_quoted(wanted)} was not found"
    for wanted in clauses.none:
        for spot in _seen(wanted, spots)[:1]:
            yield f"none: {_quoted(wanted)} was found in the {spot.field}{_as_printed(wanted, spot)}"


def _quoted(wanted: Wanted) -> str:
    """Put a term between quotes, unless it has its own."""
    written = wanted.term.written.strip()
    return written if '"' in written else f'"{written}"'


def _as_printed(wanted: Wanted, spot: _Spot) -> str:
    """Add the words of the article where the term alone does not tell them."""
    return f' as "{spot.words}"' if wanted.term.watchlist or wanted.term.prefix else ""
