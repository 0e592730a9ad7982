"""The corpus of watch rules: in each file of rules/, articles × rules → hits."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from alerts import rules as rules_
from alerts.model import Article, Rule, Watchlist

FILES = sorted((Path(__file__).parent / "rules").glob("*.yaml"))
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def load(path: Path) -> tuple[rules_.Rules, list[dict[str, Any]]]:
    """Read a file: its watchlists and rules, compiled, and its cases."""
    said = YAML(typ="safe").load(path)
    watchlists = {name: Watchlist(name, tuple(aliases)) for name, aliases in said.get("watchlists", {}).items()}
    rules = [
        Rule(name, name, **{part: tuple(terms) for part, terms in parts.items()})
        for name, parts in said["rules"].items()
    ]
    assert [problem for rule in rules for problem in rules_.check(rule, watchlists)] == []
    assert [problem for watchlist in watchlists.values() for problem in rules_.check_watchlist(watchlist)] == []
    return rules_.compile(rules, watchlists), said["cases"]


CASES = [
    pytest.param(rules, case, id=f"{path.stem}: {case['says']}")
    for path in FILES
    for rules, cases in [load(path)]
    for case in cases
]


def article(case: dict[str, Any]) -> Article:
    fields = {name: case.get(name, "") for name in ("title", "text", "author", "lang", "country")}
    outlet = case.get("outlet", "The Courier")
    categories = tuple(case.get("categories", ()))
    return Article("a", "v", "f", outlet, "https://a.example/", seen=NOON, categories=categories, **fields)


@pytest.mark.parametrize(("rules", "case"), CASES)
def test_an_article_of_the_corpus_meets_the_rules_it_should(rules, case):
    met = rules_.match(article(case), rules)
    assert [hit.rule for hit in (met.hits if met else ())] == case["hits"]
    for name in rules.by_id:
        assert bool(rules_.why_not(article(case), name, rules)) is (name not in case["hits"])


@pytest.mark.parametrize(("rules", "case"), [p for p in CASES if "evidence" in p.values[1]])
def test_the_evidence_is_that_of_the_corpus(rules, case):
    met = rules_.match(article(case), rules)
    assert met is not None
    told = [[hit.rule, e.term, e.field, e.words] for hit in met.hits for e in hit.evidence]
    assert told == case["evidence"]


def test_there_is_a_corpus():
    assert len(CASES) >= 40
