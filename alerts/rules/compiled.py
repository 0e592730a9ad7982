"""Many rules made one index, and for each rule what decides it.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from itertools import chain
from operator import attrgetter, itemgetter

from alerts import garbage
from alerts.model import Field, Rule, Watchlist
from alerts.rules import nodes
from alerts.rules.index import CHOICES, Index, Way
from alerts.rules.keys import NOTHING, Keys, Needs
from alerts.rules.reading import read, read_together
from alerts.rules.sights import Absent, Joined, Plan, Sought
from alerts.rules.terms import TermError

MAX_WAYS = 16
"""So many ways of meeting one part are kept together with what the other parts need; more would fill the memory."""

_UNKNOWN: Sequence[Way] = (Way(),)
_NONE: frozenset[str] = frozenset()
_JOINTS = (nodes.And, nodes.Or)

_RULE, _WATCHLIST = (attrgetter(*(field.name for field in fields(kind))) for kind in (Rule, Watchlist))

_STALE = 0.2
"""The share of rules that are gone at which an index is built anew instead of being added to."""


@dataclass(slots=True, eq=False)
class Compiled:
    """One rule, ready to be decided, with the watchlists that it asks.

    ``limited`` says that it does not look at every article.
    """

    rule: Rule
    plan: Plan
    watchlists: frozenset[str]
    limited: bool


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Compiled rules.  ``hash`` names the rules and watchlists; it is the same in whichever order their files came.

    ``compiled`` are the rules by the
    number under which the index knows them, ``None`` where one is gone; ``order`` is the place of each in ``rules``.
    ``total`` is the sum of the numbers made of the content of each.
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
    total: int


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
    with garbage.never(), read_together():
        kept = _kept(rules, watchlists, before) if before else {}
        if before is None or len(kept) < (1 - _STALE) * len(before.compiled):
            return _build(rules, by_id, watchlists, None, {})
        return _build(rules, by_id, watchlists, before, kept)


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
    still = set(kept.values())
    compiled = [one if number in still else None for number, one in enumerate(before.compiled)] if before else []
    total = before.total - sum(map(_digest, _gone(before, still))) if before else 0
    order = [0] * len(compiled)
    fresh: list[int] = []
    for place, rule in enumerate(rules):
        number = kept.get(rule.id, len(compiled))
        if number == len(compiled):
            compiled.append(maker.compiled(rule))
            total += _digest(rule)
            fresh.append(number)
            order.append(place)
        order[number] = place
    plans = ((number, compiled[number].plan) for number in fresh)  # type: ignore[union-attr]
    index = maker.index(before.index if before else Index(), plans)
    asked = frozenset(maker.fields) | (before.fields if before else frozenset())
    name = f"{(total + sum(map(_digest, watchlists.values()))) % 2**48:012x}"
    return Rules(tuple(rules), by_id, name, watchlists, asked, maker.keys, index, tuple(compiled), order, total)


def _gone(before: Rules, still: Collection[int]) -> Iterator[Rule]:
    """Give the rules that are there no more, or no more as they were."""
    return (one.rule for number, one in enumerate(before.compiled) if one is not None and number not in still)


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
        self._sought: dict[object, Sought] = {}
        self._kept: list[object] = []
        self._single: dict[Sought, Sequence[Way]] = {}
        self._shared: dict[frozenset[str], frozenset[str]] = {}

    def compiled(self, rule: Rule) -> Compiled:
        """Read one rule.  Raises ``TermError``."""
        try:
            tree = read(rule, self.watchlists)
        except TermError as error:
            raise TermError(f'rule "{rule.id}": {error}') from error
        watchlists = _watchlists(rule, tree)
        watchlists = self._shared.setdefault(watchlists, watchlists)
        limited = bool(rule.lang or rule.only_outlets or rule.not_outlets)
        return Compiled(rule, self.plan(tree), watchlists, limited)

    def plan(self, node: nodes.Node, *, asked: bool = True) -> Plan:
        """Turn a tree into one with NOT only before what is looked for.

        A term that was read before is the same object, and found by that.
        """
        sought = self._sought.get(id(node))
        if sought is None:
            if isinstance(node, nodes.Not):
                return self.plan(node.part, asked=not asked)
            if isinstance(node, _JOINTS):
                return self._joined(node, asked=asked)
            sought = self._look(node)
        return sought if asked else Absent(sought)

    def _joined(self, node: nodes.And | nodes.Or, *, asked: bool) -> Plan:
        known = self._sought.get if asked else _unknown  # a call for each word would be half of the cost
        parts = tuple([known(id(part)) or self.plan(part, asked=asked) for part in node.parts])
        if len(parts) == 1:
            return parts[0]
        every = isinstance(node, nodes.And) is asked
        return _every(parts) if every else Joined(False, parts, some=_some(parts))  # noqa: FBT003

    def _look(self, node: nodes.Leaf | nodes.Near | nodes.AtLeast) -> Sought:
        """Make what is looked for, once for all rules that look for the same."""
        key = _meaning(node)
        found = self._sought.get(key)
        if found is None:
            found = self._sought[key] = self._new(node)
        self._sought[id(node)] = found
        self._kept.append(node)
        return found

    def _new(self, node: nodes.Leaf | nodes.Near | nodes.AtLeast) -> Sought:
        if isinstance(node, nodes.Near):
            return Sought(node, sides=(self._side(node.left), self._side(node.right)))
        if isinstance(node, nodes.AtLeast):
            return Sought(node, sides=(self._side(node.of),))
        self.fields.update(node.fields)
        if isinstance(node, nodes.Phrase):
            keys, sure = self.keys.of(node, node.fields)
            letters = self.keys.letters_of(node)
            return Sought(node, keys[0], keys[1:], sure, letters, node.written, node.fields[-1])
        if isinstance(node, nodes.Regex):
            return Sought(node, name=node.written)
        aliases = tuple((self._needed(alias, node.fields), alias) for alias in node.aliases)
        key = self.keys.set_of(key for key, _ in aliases)
        return Sought(node, key, name=f"@{node.watchlist}", aliases=aliases)

    def _needed(self, alias: nodes.Phrase, fields: tuple[Field, ...]) -> int:
        keys, _ = self.keys.of(alias, fields)
        return self._rarest(keys)

    def _side(self, either: nodes.Either) -> tuple[Sought, ...]:
        return tuple(self._look(leaf) for leaf in either.leaves)

    def index(self, index: Index, plans: Iterable[tuple[int, Plan]]) -> Index:
        """Put plans into an index, once all of them are read and all keys are known."""
        self.keys.seal()
        return index.with_more(((number, self._ways(plan)) for number, plan in plans), self.keys)

    def _ways(self, plan: Plan) -> Sequence[Way]:
        """Give the ways of meeting a plan."""
        if isinstance(plan, Sought):
            ways = self._single.get(plan)
            if ways is None:
                ways = self._single[plan] = self._ways_of(plan)
            return ways
        if isinstance(plan, Absent):
            return _UNKNOWN
        known = self._single.get  # a call for each word would be half of the cost
        parts = [known(part) or self._ways(part) for part in plan.parts]  # type: ignore[arg-type]
        return self._best(parts) if plan.every else list(dict.fromkeys(chain.from_iterable(parts)))

    def _ways_of(self, sought: Sought) -> Sequence[Way]:
        if sought.key:
            return (Way((sought.key, *sought.more)),)
        if not sought.sides:
            return _UNKNOWN
        return self._best([list(chain.from_iterable(map(self._ways, side))) for side in sought.sides])

    def _best(self, parts: Iterable[Sequence[Way]]) -> Sequence[Way]:
        """Join parts all of which must hold, each with its ways, so that the fewest articles are looked at.

        The rule is found by what is certain, or by each way of one choice; of another choice one must be there.
        """
        certain: Needs = ()
        some: Needs = ()
        choices: list[tuple[float, Sequence[Way]]] = []
        for ways in parts:
            if len(ways) == 1:
                certain += ways[0].every
                some = some or ways[0].some
            elif all(way.every for way in ways):
                choices.append((sum([self._share(way.every) for way in ways]), ways))
        certain = tuple(dict.fromkeys(certain)) if len(certain) > 1 else certain
        if not choices:
            return (Way(certain, some),)
        choices.sort(key=itemgetter(0))
        share, ways = choices[0]
        if certain and (len(ways) > MAX_WAYS or self._share(certain) <= share):
            return (Way(certain, some or self._small(choices)),)
        return [Way(tuple(dict.fromkeys((*way.every, *certain))), way.some or some) for way in ways]

    def _small(self, choices: Iterable[tuple[float, Sequence[Way]]]) -> Needs:
        """Give the rarest choice that is small enough to be asked for, a key for each of its ways."""
        small = next((ways for _, ways in choices if len(ways) <= CHOICES), ())
        return tuple([self._rarest(way.every) for way in small])

    def _rarest(self, need: Needs) -> int:
        return min(need, key=self.keys.shares.__getitem__) if len(need) > 1 else need[0]

    def _share(self, need: Needs) -> float:
        return self.keys.shares[self._rarest(need)]


def _unknown(_node: int) -> None:
    """Know of no node what it looks for."""


def _watchlists(rule: Rule, tree: nodes.Node) -> frozenset[str]:
    """Name the watchlists that a rule asks."""
    if "@" not in "".join((rule.match, *rule.any, *rule.all, *rule.none)):
        return _NONE
    return frozenset(leaf.watchlist for leaf in nodes.leaves(tree) if isinstance(leaf, nodes.Names))


def _every(parts: tuple[Plan, ...]) -> Joined:
    """Join parts all of which must hold, with the keys that say soonest that they do not."""
    barred: Needs = ()
    some: Needs = ()
    for part in parts:
        if isinstance(part, Absent):
            barred += (part.part.key,) if part.part.sure else ()
        elif isinstance(part, Joined):
            some = some or part.some
    return Joined(True, parts, some, barred)  # noqa: FBT003 - the first field says it


def _some(parts: Iterable[Plan]) -> Needs:
    """Give keys one of which must be there if one of the parts is to hold; none if that is not known of all of them."""
    keys = [part.key if isinstance(part, Sought) else NOTHING for part in parts]
    return tuple(keys) if all(keys) else ()


def _meaning(node: nodes.Leaf | nodes.Near | nodes.AtLeast) -> object:
    """Give by what two leaves are the same; a watchlist by its name, for its aliases may be many."""
    if isinstance(node, nodes.Phrase):
        return node.written, node.words, node.prefix, node.fields, node.case, node.exact
    return (node.written, node.watchlist, node.fields) if isinstance(node, nodes.Names) else node


def _digest(one: Rule | Watchlist) -> int:
    """Number the content.  Numbers are added up, so that the order of rules makes no difference."""
    said = repr((_RULE if isinstance(one, Rule) else _WATCHLIST)(one))
    return int.from_bytes(blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
