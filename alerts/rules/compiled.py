"""Many rules made one index, and for each rule what decides it.  Pure."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

from alerts.model import Field, Rule, Watchlist
from alerts.rules import nodes
from alerts.rules.index import Index, Keys, Needs
from alerts.rules.reading import read
from alerts.rules.sights import Absent, Joined, Plan, Sought
from alerts.rules.terms import TermError

MAX_WAYS = 16
"""So many ways of meeting one part are kept together with what the other parts need; more would fill the memory."""

_UNKNOWN: Sequence[Needs] = ((),)
_NONE: frozenset[str] = frozenset()

_STALE = 0.2
"""The share of rules that are gone at which an index is built anew instead of being added to."""


@dataclass(slots=True, eq=False)
class Compiled:
    """One rule, ready to be decided, with the watchlists that it asks and a number made of its content.

    ``limited`` says that it does not look at every article.
    """

    rule: Rule
    plan: Plan
    watchlists: frozenset[str]
    digest: int
    limited: bool


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Compiled rules.  ``hash`` names the rules and watchlists; it is the same in whichever order their files came.

    ``anchors`` says under which key the index looks for what else a rule needs.  ``compiled`` are the rules by the
    number under which the index knows them, ``None`` where one is gone; ``order`` is the place of each in ``rules``.
    """

    rules: tuple[Rule, ...]
    by_id: Mapping[str, Rule]
    hash: str
    watchlists: Mapping[str, Watchlist]
    fields: frozenset[Field]
    keys: Keys
    index: Index
    compiled: tuple[Compiled | None, ...]
    order: Sequence[int]

    @property
    def anchors(self) -> Mapping[int, tuple[int, ...]]:
        """Which rules the index looks at once a key was found, by their numbers."""
        return {key: numbers for key, (_, numbers) in self.index.under.items()}


def compile(  # noqa: A001 - rules.compile reads well
    rules: Sequence[Rule], watchlists: Mapping[str, Watchlist], before: Rules | None = None
) -> Rules:
    """Build the index.  Raises ``TermError`` for a rule that ``check`` refuses and that cannot be decided.

    What has not changed since ``before`` is taken from there, so that the cost is that of the rules that have.
    """
    by_id = {rule.id: rule for rule in rules}
    if len(by_id) < len(rules):
        twice = [name for name, times in Counter(rule.id for rule in rules).items() if times > 1]
        raise TermError(f'two rules have the id "{twice[0]}"; give one of them another')
    with _no_collection():
        kept = _kept(rules, watchlists, before) if before else {}
        if before is None or len(kept) < (1 - _STALE) * len(before.compiled):
            return _build(rules, by_id, watchlists, None, {})
        return _build(rules, by_id, watchlists, before, kept)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector out while a million objects are made that all stay: it would look at each again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _kept(rules: Iterable[Rule], watchlists: Mapping[str, Watchlist], before: Rules) -> dict[str, int]:
    """Find the rules that are as they were, with the numbers that they have."""
    changed = _changed(watchlists, before.watchlists)
    numbers = {one.rule.id: number for number, one in enumerate(before.compiled) if one is not None}
    kept = {}
    for rule in rules:
        number = numbers.get(rule.id)
        one = before.compiled[number] if number is not None else None
        if number is not None and one is not None and one.rule == rule and changed.isdisjoint(one.watchlists):
            kept[rule.id] = number
    return kept


def _changed(now: Mapping[str, Watchlist], before: Mapping[str, Watchlist]) -> set[str]:
    """Name the watchlists that are not what they were, and those that have one of these in them."""
    changed = {name for name in {*now, *before} if now.get(name) != before.get(name)}
    while changed:
        marks = {f"@{name}" for name in changed}
        more = {name for name, one in now.items() if not marks.isdisjoint((*one.aliases, *one.none))} - changed
        if not more:
            break
        changed |= more
    return changed


def _build(
    rules: Sequence[Rule],
    by_id: Mapping[str, Rule],
    watchlists: Mapping[str, Watchlist],
    before: Rules | None,
    kept: Mapping[str, int],
) -> Rules:
    """Compile what is not kept, and put it into the index."""
    maker = _Maker(watchlists, before.keys.copy() if before else Keys())
    index = before.index.copy() if before else Index()
    still = set(kept.values())
    compiled = [one if number in still else None for number, one in enumerate(before.compiled)] if before else []
    order = [0] * len(compiled)
    fresh: list[int] = []
    for place, rule in enumerate(rules):
        number = kept.get(rule.id, len(compiled))
        if number == len(compiled):
            compiled.append(maker.compiled(rule))
            fresh.append(number)
            order.append(place)
        order[number] = place
    maker.index(index, ((number, compiled[number].plan) for number in fresh))  # type: ignore[union-attr]
    asked = frozenset(maker.fields) | (before.fields if before else frozenset())
    digest = sum(one.digest for one in compiled if one) + sum(map(_digest, watchlists.values()))
    name = f"{digest % 2**48:012x}"
    return Rules(tuple(rules), by_id, name, watchlists, asked, maker.keys, index, tuple(compiled), order)


def clause(node: nodes.Node) -> tuple[Plan, Keys, frozenset[Field]]:
    """Make ready a piece of a rule, to be asked by itself."""
    maker = _Maker({}, Keys())
    plan = maker.plan(node)
    maker.keys.seal()
    return plan, maker.keys, frozenset(maker.fields)


class _Maker:
    """Makes plans of rules; what two rules look for is made once."""

    def __init__(self, watchlists: Mapping[str, Watchlist], keys: Keys) -> None:
        self.watchlists = watchlists
        self.keys = keys
        self.fields: set[Field] = set()
        self._used: list[int] = []
        self._asked: list[Sought] = []
        self._sought: dict[object, Sought] = {}
        self._kept: list[object] = []
        self._names: frozenset[str] = _NONE

    def compiled(self, rule: Rule) -> Compiled:
        """Read one rule.  Raises ``TermError``."""
        self._names = _NONE
        try:
            plan = self.plan(read(rule, self.watchlists))
        except TermError as error:
            raise TermError(f'rule "{rule.id}": {error}') from error
        if _holds_of_nothing(plan):
            raise TermError(f'rule "{rule.id}" looks for nothing; write at least one term under any or all')
        limited = bool(rule.lang or rule.only_outlets or rule.not_outlets)
        return Compiled(rule, plan, self._names, _digest(rule), limited)

    def plan(self, node: nodes.Node, *, asked: bool = True) -> Plan:
        """Turn a tree into one with NOT only before what is looked for."""
        if isinstance(node, nodes.Not):
            return self.plan(node.part, asked=not asked)
        if isinstance(node, nodes.And | nodes.Or):
            parts = tuple([self.plan(part, asked=asked) for part in node.parts])
            if len(parts) == 1:
                return parts[0]
            every = isinstance(node, nodes.And) is asked
            return Joined(every, parts, some=() if every else _some(parts))
        sought = self._look(node)
        return sought if asked else Absent(sought)

    def _look(self, node: nodes.Leaf | nodes.Near | nodes.AtLeast) -> Sought:
        """Make what is looked for; a term that was read before is the same object, and found by that."""
        found = self._sought.get(id(node))
        if found is None:
            key = _meaning(node)
            found = self._sought.get(key)
            if found is None:
                found = self._sought[key] = self._new(node)
            self._sought[id(node)] = found
            self._kept.append(node)
        if found.some or found.sides:
            self._names |= {leaf.watchlist for leaf in nodes.leaves(node) if isinstance(leaf, nodes.Names)}
        self._asked.append(found)
        return found

    def _new(self, node: nodes.Leaf | nodes.Near | nodes.AtLeast) -> Sought:
        if isinstance(node, nodes.Near):
            return Sought(node, sides=(self._side(node.left), self._side(node.right)))
        if isinstance(node, nodes.AtLeast):
            return Sought(node, sides=(self._side(node.of),))
        self.fields.update(node.fields)
        if isinstance(node, nodes.Phrase):
            keys, proof = self.keys.of(node, node.fields)
            return Sought(node, keys[0], keys[1:], proof)
        if isinstance(node, nodes.Regex):
            return Sought(node)
        aliases = tuple((self._longest(alias, node.fields), alias) for alias in node.aliases)
        return Sought(node, some=tuple({key for key, _ in aliases}), aliases=aliases)

    def _longest(self, alias: nodes.Phrase, fields: tuple[Field, ...]) -> int:
        keys, _ = self.keys.of(alias, fields)
        return max(keys, key=self.keys.lengths.__getitem__)

    def _side(self, either: nodes.Either) -> tuple[Sought, ...]:
        return tuple(self._look(leaf) for leaf in either.leaves)

    def index(self, index: Index, plans: Iterable[tuple[int, Plan]]) -> None:
        """Put plans into the index, once all of them are read and it is known which keys are rare."""
        self.keys.seal()
        used = self._used = [0] * len(self.keys.lengths)
        for sought, times in Counter(self._asked).items():
            for key in (sought.key, *sought.more, *sought.some):
                used[key] += times
        self._asked = []
        index.add(((number, self._ways(plan)) for number, plan in plans), used, self.keys.lengths)

    def _ways(self, plan: Plan) -> Sequence[Needs]:
        """Give the ways of meeting a plan, each by the keys that it needs."""
        if isinstance(plan, Joined):
            ways = [self._ways(part) for part in plan.parts]
            return self._best(ways) if plan.every else list(dict.fromkeys(chain.from_iterable(ways)))
        if isinstance(plan, Absent):
            return _UNKNOWN
        if plan.key:
            return ((plan.key, *plan.more),)
        if plan.some:
            return [(key,) for key in plan.some]
        if not plan.sides:
            return _UNKNOWN
        return self._best([list(chain.from_iterable(map(self._ways, side))) for side in plan.sides])

    def _best(self, ways: Iterable[Sequence[Needs]]) -> Sequence[Needs]:
        """Choose, of parts all of which must hold, by what to find the rule: the part that the fewest articles meet.

        What every way needs is added to the way, so that nearly all that is found in the end holds.
        """
        certain: Needs = ()
        choices: list[Sequence[Needs]] = []
        for way in ways:
            if len(way) == 1:
                certain += way[0]
            elif all(way):
                choices.append(way)
        certain = tuple(set(certain)) if len(certain) > 1 else certain
        if not choices:
            return (certain,)
        costs = [sum(map(self._cost, way)) for way in choices]
        cost = min(costs)
        best = choices[costs.index(cost)]
        if certain and (len(best) > MAX_WAYS or self._cost(certain) < cost / 4):
            return (certain,)
        return [tuple({*need, *certain}) for need in best] if certain else best

    def _cost(self, need: Needs) -> int:
        return min([self._used[key] for key in need])


def _some(parts: Iterable[Plan]) -> Needs:
    """Give keys one of which must be there if one of the parts is to hold; none if that is not known of all of them."""
    keys: list[int] = []
    for part in parts:
        some = () if isinstance(part, Absent) else part.some
        key = part.key if isinstance(part, Sought) else 0
        if not (key or some):
            return ()
        keys += (key,) if key else some
    return tuple(keys)


def _meaning(node: nodes.Leaf | nodes.Near | nodes.AtLeast) -> object:
    """Give by what two leaves are the same; a watchlist by its name, for its aliases may be many."""
    if isinstance(node, nodes.Phrase):
        return node.written, node.words, node.prefix, node.fields, node.case, node.exact
    return (node.written, node.watchlist, node.fields) if isinstance(node, nodes.Names) else node


def _holds_of_nothing(plan: Plan) -> bool:
    """Whether an article meets the plan in which nothing was found: such a rule would be met by nearly all."""
    if isinstance(plan, Joined):
        held = map(_holds_of_nothing, plan.parts)
        return all(held) if plan.every else any(held)
    return isinstance(plan, Absent)


def _digest(one: Rule | Watchlist) -> int:
    """Number the content.  Numbers are added up, so that the order of rules makes no difference."""
    said = repr([getattr(one, name) for name in one.__slots__])
    return int.from_bytes(blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
