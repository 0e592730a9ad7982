"""One article, as far as rules have asked it something.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from alerts.model import Article, Evidence, Field, Strength
from alerts.rules import nodes
from alerts.rules.index import Keys, Needs, Proof
from alerts.rules.pages import Page, page
from alerts.rules.places import MAX_PLACES, TEXT_PART, Spot, apart, firsts, near, of_names, of_phrase, of_regex
from alerts.rules.strength import opening

Asked = nodes.Leaf | nodes.Near | nodes.AtLeast


# Not frozen, for a frozen one takes three times as long to make, and there are half a million of them.
@dataclass(slots=True, eq=False)
class Sought:
    """What a rule looks for, and the keys without which it is not there: ``key`` and ``more``, and one of ``some``.

    A ``key`` of 0 is no word, and in every article.  ``proof`` is what the keys prove.  ``aliases`` are those of a
    watchlist, each with a key that it needs.  ``sides`` are the leaves of ``Near``, left and right, or of ``AtLeast``.
    """

    node: Asked
    key: int = 0
    more: Needs = ()
    proof: Proof = "none"
    some: Needs = ()
    aliases: tuple[tuple[int, nodes.Phrase], ...] = ()
    sides: tuple[tuple[Sought, ...], ...] = ()


@dataclass(slots=True, eq=False)
class Absent:
    """It must not be there."""

    part: Sought


@dataclass(slots=True, eq=False)
class Joined:
    """Every one of the parts must hold, or one at least; that has one of the keys ``some``, unless it is empty."""

    every: bool
    parts: tuple[Plan, ...]
    some: Needs = ()


Told = tuple[str, Spot]
"""A place that is told, and the term that stands there."""

Plan = Sought | Absent | Joined
"""A rule ready to be decided: its tree, with NOT only before what is looked for."""


_SURE: frozenset[Proof] = frozenset(("word", "pair"))
_UNSURE: frozenset[Proof] = frozenset(("word",))


@dataclass(slots=True)
class Sight:
    """An article, the keys that it has, and what was found in it: rules share what they look for."""

    page: Page
    has: set[int]
    proofs: frozenset[Proof]
    evidence: dict[Sought, tuple[Evidence, ...]] = field(default_factory=dict)
    judged: dict[Sought, Strength] = field(default_factory=dict)
    _told: dict[Sought, Sequence[Told]] = field(default_factory=dict)
    _places: dict[Sought, list[list[Spot]]] = field(default_factory=dict)
    _opening: tuple[int, int] | None = None

    @property
    def opening(self) -> tuple[int, int]:
        """Where the opening of the text stands, by which the strength of a hit is judged."""
        if self._opening is None:
            self._opening = opening(self.page.text.value)
        return self._opening

    def holds(self, plan: Plan) -> list[Sought] | None:
        """Decide a plan: all that was found for it, ``None`` if it does not hold."""
        if isinstance(plan, Sought):
            return [plan] if self.is_there(plan) else None
        if isinstance(plan, Absent):
            return None if self.is_there(plan.part) else []
        return self._every(plan.parts) if plan.every else self._any(plan.parts)

    def _every(self, parts: Sequence[Plan]) -> list[Sought] | None:
        if any(map(self._cannot, parts)):
            return None
        found: list[Sought] = []
        for part in parts:
            more = self.holds(part)
            if more is None:
                return None
            found += more
        return found

    def _cannot(self, part: Plan) -> bool:
        """Whether the keys alone say that it does not hold: most candidates that fail, fail by that."""
        if isinstance(part, Sought):
            return not self._may_be(part)
        if isinstance(part, Absent):
            return part.part.proof in self.proofs and part.part.key in self.has
        return part.some != () and self.has.isdisjoint(part.some)

    def _any(self, parts: Iterable[Plan]) -> list[Sought] | None:
        found: list[Sought] = []
        holds = False
        for part in parts:
            more = self.holds(part)
            if more is not None:
                holds = True
                found += more
        return found if holds else None

    def is_there(self, sought: Sought) -> bool:
        """Decide a leaf, by its keys alone if they can."""
        if not self._may_be(sought):
            return False
        return sought.proof in self.proofs or bool(self.told(sought))

    def _may_be(self, sought: Sought) -> bool:
        if sought.key not in self.has or (sought.more and not self.has.issuperset(sought.more)):
            return False
        if sought.some and self.has.isdisjoint(sought.some):
            return False
        return not sought.sides or all(any(map(self._may_be, side)) for side in sought.sides)

    def told(self, sought: Sought) -> Sequence[Told]:
        """Give the places that are told as evidence; empty if it is not there."""
        found = self._told.get(sought)
        if found is None:
            found = self._told[sought] = self._look(sought)
        return found

    def _look(self, sought: Sought) -> Sequence[Told]:
        node = sought.node
        if isinstance(node, nodes.Near):
            left, right = map(self._named, sought.sides)
            found = near(left, right, self.page, node.distance, ordered=node.ordered)
            return [(left.get(spot) or right[spot], spot) for spot in found[:MAX_PLACES]]
        if isinstance(node, nodes.AtLeast):
            every = self._named(sought.sides[0])
            found = apart(every)
            return [(every[spot], spot) for spot in found[:MAX_PLACES]] if len(found) >= node.count else ()
        name = f"@{node.watchlist}" if isinstance(node, nodes.Names) else node.written
        return [(name, spot) for spot in firsts(self._rows(sought))]

    def _named(self, side: Iterable[Sought]) -> dict[Spot, str]:
        """Give all places of some leaves, each with the name of the leaf."""
        found: dict[Spot, str] = {}
        for sought in side:
            for name, _ in self.told(sought)[:1]:
                for row in self._rows(sought):
                    found.update((spot, name) for spot in row if spot not in found)
        return found

    def _rows(self, sought: Sought) -> list[list[Spot]]:
        """Give all places of a leaf; of a watchlist, alias by alias."""
        rows = self._places.get(sought)
        if rows is None:
            rows = self._places[sought] = self._find(sought) if self._may_be(sought) else []
        return rows

    def _find(self, sought: Sought) -> list[list[Spot]]:
        node = sought.node
        if isinstance(node, nodes.Phrase):
            return [of_phrase(node, self.page, node.fields)]
        if isinstance(node, nodes.Regex):
            return [of_regex(node, self.page)]
        likely = [alias for key, alias in sought.aliases if key in self.has]
        return of_names(node, self.page, likely)  # type: ignore[arg-type]

    def in_text(self, found: Iterable[Sought]) -> list[Spot]:
        """Give the places in the text of what was found for a rule: those that overlap or are near are one."""
        spots: set[Spot] = set()
        there = [sought for sought in found if self.told(sought)]
        if len(there) == 1 and isinstance(there[0].node, nodes.Phrase):
            return [spot for spot in self._rows(there[0])[0] if spot.part == TEXT_PART]
        for sought in there:
            node = sought.node
            if isinstance(node, nodes.Near):
                pairs = [spot for _, spot in self.told(sought)]
                spots.update(one._replace(end=other.end) for one, other in zip(pairs[::2], pairs[1::2], strict=False))
            elif isinstance(node, nodes.AtLeast):
                spots.update(self._named(sought.sides[0]))
            else:
                spots.update(chain.from_iterable(self._rows(sought)))
        return [spot for spot in apart(spots) if spot.part == TEXT_PART]


def sight(article: Article, keys: Keys, fields: frozenset[Field]) -> Sight:
    """Look at an article for the first time."""
    seen = page(article, fields)
    has, sure = keys.present(seen)
    return Sight(seen, has, _SURE if sure else _UNSURE)
