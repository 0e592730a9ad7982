"""When two rules say the same, and when one of them is needless beside the other.  Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from alerts.model import Rule
from alerts.rules.nodes import And, AtLeast, Either, Names, Near, Node, Not, Or, Phrase, Regex

Shadow = tuple[str, str, str]
"""The id of a rule, the path of its key, and what makes it needless."""


def meaning(node: Node) -> object:
    """Give that by which two trees are the same, however they are written and in whichever order."""
    said: object
    match node:
        case Phrase():
            said = node.words, node.prefix, node.fields, node.case, node.exact
        case Regex():
            said = "/", node.pattern, node.fields
        case Names():
            said = "@", node.watchlist, node.fields
        case Near(left, right):
            sides = _leaf_set(left), _leaf_set(right)
            said = ("near", node.distance, sides if node.ordered else frozenset(sides))
        case AtLeast(count, of):
            said = "atleast", count, _leaf_set(of)
        case And(parts) | Or(parts):
            said = type(node).__name__, frozenset(meaning(part) for part in parts)
        case Not(part):
            said = "not", meaning(part)
    return said


def _leaf_set(either: Either) -> frozenset[object]:
    return frozenset(meaning(leaf) for leaf in either.leaves)


def _limits(rule: Rule) -> tuple[object, ...]:
    """What else decides which articles a rule meets, and what is done about them: two that differ in it are two."""
    same = rule.strength, rule.severity, rule.min_outlets, rule.cooldown
    if not (rule.lang or rule.only_outlets or rule.not_outlets):
        return same
    return (*same, frozenset(rule.lang), frozenset(rule.only_outlets), frozenset(rule.not_outlets))


class _Numbers:
    """Numbers meanings, so that sets of them are quick.  Rules share their terms, and a term is known by its ``id``."""

    def __init__(self) -> None:
        self._of_node: dict[int, int] = {}
        self._of_meaning: dict[object, int] = {}

    def of(self, node: Node) -> int:
        """Give the number of what a tree means; the tree must stay, so that its ``id`` is no other's."""
        number = self._of_node.get(id(node))
        if number is None:
            number = self._of_meaning.setdefault(meaning(node), len(self._of_meaning))
            self._of_node[id(node)] = number
        return number


def shadowed(trees: Sequence[tuple[Rule, Node]]) -> Iterator[Shadow]:
    """Find rules that another one makes needless: it has the same parts, and of each choice at least as much."""
    numbers = _Numbers()
    alike: defaultdict[object, list[tuple[Rule, frozenset[int]]]] = defaultdict(list)
    for rule, node in trees:
        rest, choice = _split(node, numbers)
        alike[(rest, _limits(rule))].append((rule, choice))
    for group in alike.values():
        yield from _within(group)


def _split(node: Node, numbers: _Numbers) -> tuple[frozenset[int], frozenset[int]]:
    """Part a tree into what must hold, and the largest choice: the terms of which one will do."""
    parts = node.parts if isinstance(node, And) else (node,)
    choices: list[Node] = [part for part in parts if isinstance(part, Or)]
    choices = choices or [part for part in parts if not isinstance(part, Not)]
    widest = max(choices, key=_width) if len(choices) > 1 else choices[0] if choices else None
    rest = frozenset([numbers.of(part) for part in parts if part is not widest])
    return rest, frozenset(map(numbers.of, options(widest))) if widest else frozenset()


def _width(part: Node) -> int:
    return len(options(part))


def _within(group: Sequence[tuple[Rule, frozenset[int]]]) -> Iterator[Shadow]:
    """Find the rules whose choice is a part of another's; of two that are the same, the later is told."""
    if len(group) == 1:
        return
    having: defaultdict[int, list[int]] = defaultdict(list)
    for n, (_, choice) in enumerate(group):
        for one in choice:
            having[one].append(n)
    for n, (rule, choice) in enumerate(group):
        rarest = min((having[one] for one in choice), key=len, default=[])
        for other in rarest:
            wider = group[other][1]
            if other != n and choice <= wider and (choice != wider or other < n):
                same = "says the same" if choice == wider else "matches whenever this one does"
                path = "match.0" if rule.match else "any"
                words = f'rule "{group[other][0].id}" {same}; take one of the two out, or give them other terms'
                yield rule.id, path, words
                break


def options(node: Node) -> tuple[Node, ...]:
    """Give the parts of which one will do: itself, if it is no choice."""
    return node.parts if isinstance(node, Or) else (node,)
