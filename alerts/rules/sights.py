"""One article, as far as rules have asked it something.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from alerts.model import Article, Evidence, Field, Strength
from alerts.rules import nodes
from alerts.rules.keys import NOTHING, Keys, Needs, Present
from alerts.rules.pages import Page, page
from alerts.rules.places import (
    MAX_PLACES,
    TEXT_PART,
    Spot,
    apart,
    firsts,
    near,
    of_names,
    of_phrase,
    of_regex,
    of_words,
)
from alerts.rules.strength import opening

Asked = nodes.Leaf | nodes.Near | nodes.AtLeast


# Not frozen, for a frozen one takes three times as long to make, and there are half a million of them.
@dataclass(slots=True, eq=False)
class Sought:
    """What a rule looks for, and the keys without which it is not there: ``key`` and ``more``.

    ``sure`` says that it is there if they are.  ``words`` are those of a phrase that is nothing but words,
    each as one letter.  ``name`` is that by which it is told, and ``limit`` the last of the fields that it looks into;
    ``node`` knows both, but is seldom at hand when they are wanted.  ``aliases`` are those of a watchlist, each with a
    key that it needs.  ``sides`` are the leaves of ``Near``, left and right, or of ``AtLeast``.
    """

    node: Asked
    key: int = NOTHING
    more: Needs = ()
    sure: bool = False
    words: str = ""
    name: str = ""
    limit: Field = "text"
    aliases: tuple[tuple[int, nodes.Phrase], ...] = ()
    sides: tuple[tuple[Sought, ...], ...] = ()


@dataclass(slots=True, eq=False)
class Absent:
    """It must not be there."""

    part: Sought


@dataclass(slots=True, eq=False)
class Joined:
    """Every one of the parts must hold, or one at least.

    Most that does not hold fails by keys alone: of ``some`` one must be there unless there are none, and of ``barred``
    none.
    """

    every: bool
    parts: tuple[Plan, ...]
    some: Needs = ()
    barred: Needs = ()


Plan = Sought | Absent | Joined
"""A rule ready to be decided: its tree, with NOT only before what is looked for."""


@dataclass(slots=True, eq=False)
class Sight:
    """An article, the keys that it has, and what was found in it: rules share what they look for."""

    page: Page
    present: Present
    has: bytearray
    judged: dict[Sought, Strength] = field(default_factory=dict)
    _evidence: dict[Sought, tuple[Evidence, ...]] = field(default_factory=dict)
    _places: dict[Sought, list[list[Spot]]] = field(default_factory=dict)
    _opening: tuple[int, int] | None = None

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
        if not plan.every:
            return self._any(plan.parts)
        return None if self._fails(plan) else self._every(plan.parts)

    def _fails(self, plan: Joined) -> bool:
        """Whether the keys alone say that it does not hold."""
        has = self.has.__getitem__
        if plan.barred and any(map(has, plan.barred)):
            return True
        return plan.some != () and not any(map(has, plan.some))

    def _every(self, parts: Sequence[Plan]) -> list[Sought] | None:
        found: list[Sought] = []
        for part in parts:
            if isinstance(part, Sought):  # asked here and not by `holds`: a call for each word is most of the cost
                if not self.is_there(part):
                    return None
                found.append(part)
                continue
            more = self.holds(part)
            if more is None:
                return None
            found += more
        return found

    def _any(self, parts: Iterable[Plan]) -> list[Sought] | None:
        found: list[Sought] = []
        has, holds = self.has, False
        for part in parts:
            if isinstance(part, Sought):
                if has[part.key] and (part.sure or self._stands(part)):
                    found.append(part)
                    holds = True
                continue
            more = self.holds(part)
            if more is not None:
                found += more
                holds = True
        return found if holds else None

    def is_there(self, sought: Sought) -> bool:
        """Decide a leaf, by its keys alone if they can."""
        return bool(self.has[sought.key]) and (sought.sure or self._stands(sought))

    def _stands(self, sought: Sought) -> bool:
        """Whether there is a place of what has its key."""
        if (sought.more or sought.sides) and not self._may_be(sought):
            return False
        return self.evidence(sought) != ()

    def _may_be(self, sought: Sought) -> bool:
        if not self.has[sought.key] or (sought.more and not all(map(self.has.__getitem__, sought.more))):
            return False
        return not sought.sides or all(any(map(self._may_be, side)) for side in sought.sides)

    def evidence(self, sought: Sought) -> tuple[Evidence, ...]:
        """Give the places that are told, the same for every rule that asks; empty if it is not there."""
        told = self._evidence.get(sought)
        if told is None:
            told = self._evidence[sought] = self._told(sought)
        return told

    def _told(self, sought: Sought) -> tuple[Evidence, ...]:
        if sought.sides:
            return tuple(self._counted(sought))
        name, rows = sought.name, self._rows(sought)
        if len(rows) == 1 and len(rows[0]) < 2:  # as nearly always
            if not rows[0]:
                return ()
            number, start, end = rows[0][0]
            part = self.page.parts[number]
            return (Evidence(name, part.field, start, end, part.value[start:end]),)
        return tuple([self._tell(name, spot) for spot in firsts(rows)])

    def _counted(self, sought: Sought) -> list[Evidence]:
        """Tell of places that are near each other, or of so many of them."""
        node = sought.node
        if isinstance(node, nodes.Near):
            left, right = map(self._named, sought.sides)
            found = near(left, right, self.page, node.distance, ordered=node.ordered)
            return [self._tell(left.get(spot) or right[spot], spot) for spot in found[:MAX_PLACES]]
        every = self._named(sought.sides[0])
        found = apart(every)
        enough = len(found) >= node.count  # type: ignore[union-attr]
        return [self._tell(every[spot], spot) for spot in found[:MAX_PLACES]] if enough else []

    def _tell(self, term: str, spot: Spot) -> Evidence:
        number, start, end = spot
        part = self.page.parts[number]
        return Evidence(term, part.field, start, end, part.value[start:end])

    def _named(self, side: Iterable[Sought]) -> dict[Spot, str]:
        """Give all places of some leaves, each with the name of the leaf."""
        found: dict[Spot, str] = {}
        for sought in filter(self._may_be, side):
            name = sought.name
            for row in self._rows(sought):
                found.update((spot, name) for spot in row if spot not in found)
        return found

    def _rows(self, sought: Sought) -> list[list[Spot]]:
        """Give all places of a leaf; of a watchlist, alias by alias."""
        rows = self._places.get(sought)
        if rows is None:
            page = self.page
            if sought.words and page.straight:
                rows = [of_words(sought.words, page.end_of(sought.limit), page.parts[1].low, self.present)]
            else:
                rows = self._find(sought, page)
            self._places[sought] = rows
        return rows

    def _find(self, sought: Sought, page: Page) -> list[list[Spot]]:
        node = sought.node
        if isinstance(node, nodes.Phrase):
            return [of_phrase(node, page, node.fields)]
        if isinstance(node, nodes.Regex):
            return [of_regex(node, page)]
        likely = [alias for key, alias in sought.aliases if self.has[key]]
        return of_names(node, page, likely)  # type: ignore[arg-type]

    def in_text(self, found: Sequence[Sought]) -> list[Spot]:
        """Give the places in the text of what was found for a rule: those that overlap or are near are one."""
        if len(found) == 1 and (found[0].words or isinstance(found[0].node, nodes.Phrase)):
            every = self._rows(found[0])[0]
            if every and every[0].part == TEXT_PART == every[-1].part:
                return every
            return [spot for spot in every if spot.part == TEXT_PART]
        spots: set[Spot] = set()
        for sought in found:
            node = sought.node
            if isinstance(node, nodes.Near):
                pairs = [Spot(TEXT_PART, one.start, one.end) for one in self.evidence(sought) if one.field == "text"]
                spots.update(one._replace(end=other.end) for one, other in zip(pairs[::2], pairs[1::2], strict=False))
            elif isinstance(node, nodes.AtLeast):
                spots.update(self._named(sought.sides[0]))
            else:
                spots.update(chain.from_iterable(self._rows(sought)))
        return [spot for spot in apart(spots) if spot.part == TEXT_PART]


def sight(article: Article, keys: Keys, fields: frozenset[Field]) -> Sight:
    """Look at an article for the first time."""
    seen = page(article, fields)
    present = keys.present(seen)
    return Sight(seen, present, present.has)
