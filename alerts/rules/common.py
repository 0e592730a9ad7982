"""Which terms meet too much of an archive: the warning that needs articles.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from alerts.model import Article, Rule, Watchlist
from alerts.rules.compiled import compile as compile_
from alerts.rules.hits import match
from alerts.rules.lint import Lint, exact, placed
from alerts.rules.nodes import LEAVES, And, Leaf, Names, Node, Not, Or, leaves
from alerts.rules.reading import read, written
from alerts.rules.terms import TermError

COMMON = 0.05
"""The share of articles over which a term is too common."""

FEWEST = 100
"""With fewer articles a share says nothing."""


def common(
    rules: Sequence[Rule],
    watchlists: Mapping[str, Watchlist],
    articles: Sequence[Article],
    share: float = COMMON,
) -> tuple[Lint, ...]:
    """Find the terms that meet more than a share of the articles; a watchlist is tried alias by alias.

    With fewer than 100 articles nothing is said.  What a rule keeps out may be as common as it likes.
    """
    if len(articles) < FEWEST:
        return ()
    asked = _asked(rules, watchlists)
    one_each = [Rule(f"t{n}", term, match=term) for n, term in enumerate(asked)]
    compiled = compile_(one_each, watchlists)
    met: Counter[str] = Counter()
    for article in articles:
        if found := match(article, compiled):
            met.update(hit.rule for hit in found.hits)
    return tuple(
        Lint(rule, path, "common", _common(term, met[f"t{n}"], len(articles)))
        for n, (term, (rule, path)) in enumerate(asked.items())
        if met[f"t{n}"] > share * len(articles)
    )


def _common(term: str, met: int, of: int) -> str:
    return f"{term} meets {met} of {of} articles ({100 * met / of:.0f} %); join it with another term, or look in title:"


def _asked(rules: Iterable[Rule], watchlists: Mapping[str, Watchlist]) -> dict[str, tuple[str, str]]:
    """Give every term that alone makes a rule match, as an expression, and where it stands first."""
    found: dict[str, tuple[str, str]] = {}
    for rule in rules:
        try:
            node = read(rule, watchlists)
        except TermError:
            continue
        alone = _alone(node)
        for path, leaf in placed(rule, node):
            if leaf not in alone:
                continue
            if isinstance(leaf, Names):
                found |= {term: owner for term, owner in _named(leaf, watchlists) if term not in found}
            else:
                found.setdefault(written(leaf), (rule.id, exact(rule, path, leaf.written)))
    return found


def _named(names: Names, watchlists: Mapping[str, Watchlist]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Give the aliases of a watchlist, each with where it stands: maybe in another, which is inside this one."""
    for phrase in names.aliases:
        holders = (w for w in (watchlists[names.watchlist], *watchlists.values()) if phrase.written in w.aliases)
        holder = next(holders)
        yield written(phrase), (f"@{holder.id}", f"aliases.{holder.aliases.index(phrase.written)}")


_CONTENT = {"title", "lead", "text"}


def _alone(node: Node) -> tuple[Leaf, ...]:
    """Give the leaves that make a tree hold by themselves: what is joined by AND or NEAR may be as common as it likes.

    Where an article comes from is no other term.
    """
    if isinstance(node, LEAVES):
        return (node,) if _CONTENT & set(node.fields) else ()
    if isinstance(node, Or):
        return tuple(leaf for part in node.parts for leaf in _alone(part))
    if not isinstance(node, And):
        return ()
    asked = [part for part in node.parts if not isinstance(part, Not) and _asks_for_content(part)]
    return _alone(asked[0]) if len(asked) == 1 else ()


def _asks_for_content(node: Node) -> bool:
    return any(_CONTENT & set(leaf.fields) for leaf in leaves(node))
