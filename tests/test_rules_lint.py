"""What is odd about a sound rule: each warning with its reason, and no warning where there is nothing odd."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import rules as rules_
from alerts.model import Article, Rule, Watchlist
from alerts.rules import Lint, common, lint, parse_term
from alerts.rules.lint import covers
from alerts.rules.nodes import Phrase

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
WATCHLISTS = {
    "iran": Watchlist("iran", ("Iran*", "Tehran")),
    "china": Watchlist("china", ("China",), none=("fine china",)),
}


def rule(name: str = "r", **parts: object) -> Rule:
    return Rule(name, name, **{k: tuple(v) if isinstance(v, list) else v for k, v in parts.items()})  # type: ignore[arg-type]


def told(*rules: Rule, outlets: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """The paths and reasons; every rule is sound."""
    assert [problem for one in rules for problem in rules_.check(one, WATCHLISTS)] == []
    return [(found.path, found.reason) for found in lint(rules, WATCHLISTS, outlets)]


def phrase(written: str) -> Phrase:
    term = parse_term(written)
    return Phrase(term.written, term.words, term.prefix, term.fields, term.case, term.exact)


def article(title: str, text: str = "") -> Article:
    return Article("a", "v", "f", "The Courier", "https://a.example/1", title, text, NOON)


ODD = [
    # A rule, the path, the reason
    ({"any": ["tar*", "iran"]}, "any.0", "short prefix"),
    ({"any": ["a", "iran"]}, "any.0", "short prefix"),
    ({"any": ["国", "iran"]}, "any.0", "short prefix"),
    ({"match": "title:tar* OR iran"}, "match.6", "short prefix"),
    ({"match": "guitar* OR title:( sitar OR tar* )"}, "match.28", "short prefix"),
    ({"match": "iran NEAR/16 oil"}, "match.5", "far near"),
    ({"match": "iran AND NOT (gas ONEAR/50 oil)"}, "match.18", "far near"),
    ({"match": "iran NEAR/2 oil AND iran NEAR/16 oil"}, "match.25", "far near"),
    ({"any": ["Iran", "Iran*"]}, "any.0", "redundant"),
    ({"any": ["iran", "title:iran"]}, "any.1", "redundant"),
    ({"any": ["iran", "case:Iran"]}, "any.1", "redundant"),
    ({"any": ["oil", "oil price"]}, "any.1", "redundant"),
    ({"any": ["制裁", "对伊朗制裁"]}, "any.1", "redundant"),
    ({"all": ["iran", "oil"], "none": ["Iran*"]}, "any", "never"),
    ({"all": ["oil price"], "none": ["oil"]}, "any", "never"),
    ({"all": ["title:iran"], "none": ["iran"]}, "any", "never"),
    ({"match": "title:@iran AND NOT @iran"}, "match.0", "never"),
    ({"all": ["tehran"], "none": ["@iran"]}, "any", "never"),
    ({"any": ["tehran", "iranian"], "none": ["@iran"]}, "any", "never"),
    ({"match": "iran AND oil AND NOT iran"}, "match.0", "never"),
    ({"match": "iran NEAR/5 oil AND NOT (gas OR oil)"}, "match.0", "never"),
    ({"match": "atleast/2:oil AND NOT oil"}, "match.0", "never"),
    ({"match": "(iran OR (oil AND gas)) AND NOT iran AND NOT gas"}, "match.0", "never"),
    ({"match": "title:iran NEAR/5 author:smith"}, "match.0", "never"),
    ({"match": "iran AND lang:en AND lang:fr"}, "match.0", "never"),
    ({"match": "iran AND country:gb AND country:ir"}, "match.0", "never"),
    ({"match": "iran AND lang:fr", "lang": ["en", "fa"]}, "match.0", "never"),
    ({"any": ["iran"], "only_outlets": ["A"], "not_outlets": ["A", "B"]}, "any", "never"),
]


@pytest.mark.parametrize(("parts", "path", "reason"), ODD, ids=[f"{odd[2]}: {odd[0]}" for odd in ODD])
def test_what_is_odd_is_told_with_its_reason(parts: dict[str, object], path: str, reason: str) -> None:
    assert told(rule(**parts)) == [(path, reason)]


SOUND: list[dict[str, object]] = [
    {"any": ["iran", "oil"]},
    {"any": ["tari*", "网络"]},
    {"any": ["import lev*"]},  # three letters behind another word
    {"any": ["case:A", "author:X"]},
    {"match": "iran NEAR/15 oil"},
    {"any": ["Iran", "Iranian", "title:Irani*"]},
    {"any": ["title:iran", "lead:iranian"]},
    {"any": ["case:Iran", "exact:Irán"]},
    {"any": ["oil price", "price oil"]},
    {"any": ["Iran", "Iraq*"]},
    {"all": ["iran"], "none": ["title:iran"]},
    {"all": ["iran"], "none": ["iran nuclear"]},
    {"all": ["iran*"], "none": ["iran"]},
    {"all": ["china"], "none": ["@china"]},  # "fine china" is China to the one and not to the other
    {"any": ["tehran", "oil"], "none": ["@iran"]},
    {"all": ["/iran/"], "none": ["iran"]},
    {"match": "(iran OR oil) AND NOT iran"},
    {"match": "title:iran NEAR/5 lead:oil"},
    {"match": "lead:iran NEAR/5 text:oil"},
    {"match": "iran AND (lang:en OR lang:fr)"},
    {"match": "iran AND lang:en", "lang": ["en"]},
    {"match": "iran AND lang:en", "lang": ["en-GB"]},
    {"match": "iran AND lang:zh-Hant", "lang": ["zh-Hant"]},
    {"any": ["iran"], "only_outlets": ["A", "B"], "not_outlets": ["A"]},
]


@pytest.mark.parametrize("parts", SOUND, ids=map(str, SOUND))
def test_what_is_not_odd_is_not_told(parts: dict[str, object]) -> None:
    assert told(rule(**parts)) == []


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ({"any": ["iran", "oil"]}, {"any": ["oil", "IRAN"]}, [("any", "shadowed")]),
        ({"any": ["iran"]}, {"match": "iran"}, [("match.0", "shadowed")]),
        ({"match": "iran AND (a1 OR b1)"}, {"any": ["b1", "a1"], "all": ["iran"]}, [("any", "shadowed")]),
        ({"any": ["iran", "oil", "gas"], "none": ["sport"]}, {"any": ["gas", "iran"], "none": ["sport"]}, [("any", "shadowed")]),
        ({"any": ["gas", "iran"]}, {"any": ["iran", "oil", "gas"]}, [("any", "shadowed")]),
        ({"match": "iran NEAR/5 oil"}, {"match": "oil NEAR/5 iran"}, [("match.0", "shadowed")]),
        ({"match": "iran ONEAR/5 oil"}, {"match": "oil ONEAR/5 iran"}, []),
        ({"match": "iran NEAR/5 oil"}, {"match": "iran NEAR/4 oil"}, []),
        ({"any": ["iran", "oil"], "none": ["sport"]}, {"any": ["iran"]}, []),
        ({"any": ["iran"], "lang": ["en"]}, {"any": ["iran"], "lang": ["fr"]}, []),
        ({"any": ["iran"], "strength": "about"}, {"any": ["iran"]}, []),
        ({"any": ["iran", "oil"]}, {"any": ["iran"], "severity": "flash"}, []),  # the narrow one is told first
        ({"any": ["iran"], "min_outlets": 3}, {"any": ["iran"]}, []),
        ({"any": ["title:iran"]}, {"any": ["iran"]}, []),
        ({"any": ["case:Iran"]}, {"any": ["iran"]}, []),
        ({"any": ["iran", "oil"]}, {"any": ["oil", "gas"]}, []),
        ({"all": ["iran", "oil"]}, {"any": ["iran", "oil"]}, []),
        ({"match": "atleast/2:oil"}, {"match": "atleast/3:oil"}, []),
    ],
)  # fmt: skip
def test_a_rule_in_the_shadow_of_another_is_told(
    first: dict[str, object], second: dict[str, object], wanted: list[tuple[str, str]]
) -> None:
    assert told(rule("one", **first), rule("two", **second)) == wanted


def test_of_two_rules_that_say_the_same_the_later_is_told_and_the_other_named() -> None:
    found = lint([rule("one", any=["oil"]), rule("two", any=["Oil"])], {})
    assert found == (
        Lint("two", "any", "shadowed", 'rule "one" says the same; take one of the two out, or give them other terms'),
    )
    assert str(found[0]).startswith('two: any: rule "one" says the same')


def test_outlets_that_no_feed_has() -> None:
    one = rule(any=["iran"], only_outlets=["BBC News", "BBC Nwes"], not_outlets=["Pravda"])
    found = lint([one], {}, ("BBC News", "Yonhap"))
    assert [(f.path, f.message) for f in found] == [
        ("outlets.only.1", 'no feed has the outlet "BBC Nwes"; did you mean "BBC News"?'),
        ("outlets.not.0", 'no feed has the outlet "Pravda"; write it as in feeds.yaml'),
    ]
    assert lint([one], {}) == ()


# ── watchlists ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("aliases", "wanted"),
    [
        (("Iran", "Iran*"), [("aliases.0", "redundant")]),
        (("Hormuz", "Strait of Hormuz"), [("aliases.1", "redundant")]),
        (("제재", "대북제재"), [("aliases.1", "redundant")]),
        (("ICE", "case:ICE"), [("aliases.1", "redundant")]),
        (("Ira*", "oil"), [("aliases.0", "short prefix")]),
        (("Iran", "Tehran", "@china"), []),
        (("case:ICE", "ice"), [("aliases.0", "redundant")]),
        (("case:ICE", "exact:ice"), []),
        (("Pékin", "Pekin"), []),  # who lists spellings need not know what is folded
        (("Iran", "Iranian"), []),
        (("oil price", "price of oil"), []),
        (("title: iran",), []),  # an error already
    ],
)
def test_aliases_that_are_odd(aliases: tuple[str, ...], wanted: list[tuple[str, str]]) -> None:
    found = lint([], {"w": Watchlist("w", aliases)})
    assert [(f.path, f.reason) for f in found] == wanted
    assert {f.rule for f in found} <= {"@w"}


def test_a_rule_that_is_refused_is_passed_over() -> None:
    assert lint([rule(any=["@nobody"]), rule(match="NOT x")], {}) == ()


WORDS = st.sampled_from(["iran", "iranian", "oil", "oilfield", "伊朗", "对伊朗"])
PHRASES = st.builds(lambda words, star: phrase(f"{' '.join(words)}{'*' * star}"), st.lists(WORDS, min_size=1, max_size=3), st.booleans())  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(PHRASES, PHRASES, st.lists(WORDS, max_size=6))
def test_what_is_covered_is_never_found_alone(wide: Phrase, narrow: Phrase, words: list[str]) -> None:
    """The law of the lint, against the engine: where the narrow phrase stands, the wide one stands as well."""
    compiled = rules_.compile([rule("narrow", any=[narrow.written]), rule("wide", any=[wide.written])], {})
    for text in (" ".join(words), " ".join((*narrow.words, *words))):
        met = rules_.match(article(text), compiled)
        hits = {hit.rule for hit in met.hits} if met else set()
        assert "narrow" not in hits or "wide" in hits or not covers(wide, narrow)


def test_a_hundred_thousand_rules_are_looked_at_in_seconds() -> None:
    """A tenth of them, with as much time: a machine may be busy."""
    many = [rule(f"r{n}", any=[f"word{n % 977}", f"thing{n}"], all=[f"all{n % 31}"]) for n in range(10_000)]
    began = time.process_time()
    assert lint(many, {}) == ()
    assert time.process_time() - began < 3


# ── on an archive ────────────────────────────────────────────────────────────────────────────────────────────────────

ARCHIVE = [article("The minister", "said today") for _ in range(90)] + [article("Iran", "oil") for _ in range(10)]


def test_a_term_that_meets_more_than_a_twentieth_is_told() -> None:
    rules = [
        rule("one", any=["@iran", "minister"], none=["said"]),
        rule("two", match="title:oil OR rare AND NOT today"),
        rule("three", all=["minister", "outlet:courier"]),
    ]
    found = common(rules, WATCHLISTS, ARCHIVE)
    assert [(f.rule, f.path, f.reason) for f in found] == [("@iran", "aliases.0", "common"), ("one", "any.1", "common")]
    assert found[1].message.startswith("minister meets 90 of 100 articles (90 %)")


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"any": ["minister"]}, True),
        ({"all": ["minister"]}, True),
        ({"all": ["minister"], "none": ["rain"]}, True),
        ({"match": "minister AND lang:en"}, True),  # a language is no other term
        ({"match": "(minister OR iran) AND NOT rain"}, True),
        ({"all": ["minister", "iran"]}, False),
        ({"any": ["minister"], "all": ["iran"]}, False),
        ({"match": "minister NEAR/5 iran"}, False),
        ({"match": "atleast/3:minister"}, False),
        ({"match": "iran AND NOT minister"}, False),
    ],
)
def test_a_term_that_is_joined_with_another_may_be_as_common_as_it_likes(parts: dict[str, object], told: bool) -> None:
    found = common([rule(**parts)], {}, ARCHIVE, share=0.2)
    assert [f.message.partition(" ")[0] for f in found] == ["minister"] * told


def test_the_share_is_a_choice_and_a_few_articles_say_nothing() -> None:
    assert common([rule(any=["iran"])], {}, ARCHIVE, share=0.1) == ()
    assert len(common([rule(any=["iran"])], {}, ARCHIVE, share=0.09)) == 1
    assert common([rule(any=["iran"])], {}, ARCHIVE[:99]) == ()
