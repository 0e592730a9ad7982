"""Why a text meets a rule, or which clause it fails: in words, with the place shown in its context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import explain, lines, rules
from alerts.model import Article, Evidence, Hit, Rule, Watchlist

IRAN = Watchlist("iran", ("Iran", "Tehran", "이란"))
RULES = (
    Rule("iran", "Iran", any=("@iran",), none=("football",)),
    Rule("tariffs", "Tariffs", any=("tariff*",), all=("@iran",)),
    Rule("sport", "Sport", any=("category:sport",)),
)


def said(read: Article, of: Sequence[Rule] = RULES) -> list[str]:
    return list(explain.unseen(read, rules.compile(of, {"iran": IRAN})))


def test_a_rule_that_is_met_is_told_with_its_strength_and_every_place() -> None:
    told = said(lines.plain("Iran talks go on\nOfficials met in Tehran."))
    assert told[:2] == ["Iran talks go on", "  rule iran met: about"]
    assert "    @iran in the title: **Iran** talks go on" in told
    assert "    @iran in the text: Officials met in **Tehran**." in told


def test_a_rule_that_is_not_met_is_told_with_the_clause_that_failed() -> None:
    told = said(lines.plain("Iran plays football"))
    assert told[0] == "Iran plays football"
    assert [line.partition(":")[0] for line in told[1:]] == [f"  rule {rule.id} not met" for rule in RULES]
    assert 'none: "football"' in told[1]
    assert 'any: "tariff*"' in told[2]


def test_what_is_met_comes_before_what_is_not() -> None:
    told = said(lines.plain("A tariff on all who trade with Iran"), RULES[::-1])
    assert [line.split()[1] for line in told if line.startswith("  rule")] == ["tariffs", "iran", "sport"]


def test_words_of_a_field_that_is_no_text_are_shown_alone() -> None:
    told = said(replace(lines.plain("Results"), categories=("News", "Sport")))
    assert "    category:sport in the category: **Sport**" in told


def test_a_text_without_a_title_is_told_too() -> None:
    assert said(lines.plain(""))[0] == "(no title)"


CONTEXTS = [
    ("in the middle of a short text", "Talks with ", "Iran", " go on", "Talks with **Iran** go on"),
    ("at the beginning, joined to what follows", "", "Iran", "'s talks", "**Iran**'s talks"),
    ("at the end", "talks in ", "Iran", "", "talks in **Iran**"),
    ("in Korean, with a particle", "어제 ", "이란", "은 말했다", "어제 **이란**은 말했다"),
    ("line ends become blanks", "one\ntwo\n", "Iran", "\nthree\n", "one two **Iran** three"),
    ("what a terminal would obey is dropped", "\x1b[31m", "Iran", "\x07\u202e!", "[31m**Iran**!"),
    ("half of a surrogate pair can be shown", "\ud83d ", "Iran", " \ud83d", "? **Iran** ?"),
    (
        "of a long text, whole words on either side",
        "alpha " * 20,
        "Iran",
        " omega" * 20,
        "…" + "alpha " * 9 + "**Iran**" + " omega" * 9 + "…",
    ),
    (
        "of a long text without blanks, letters",
        "伊" * 90,
        "朗",
        "国" * 90,
        "…" + "伊" * 60 + "**朗**" + "国" * 59 + "…",
    ),
]


@pytest.mark.parametrize(("why", "before", "words", "after", "shown"), CONTEXTS, ids=[case[0] for case in CONTEXTS])
def test_words_are_shown_in_their_context(why: str, before: str, words: str, after: str, shown: str) -> None:
    read = replace(lines.plain(""), text=f"{before}{words}{after}")
    assert explain._in_context(Evidence("t", "text", len(before), len(before + words), words), read) == shown


@given(st.text(), st.text(min_size=1), st.text())
def test_any_context_is_one_line_of_bounded_length(before: str, words: str, after: str) -> None:
    read = replace(lines.plain(""), text=f"{before}{words}{after}")
    hit = Hit("r", (Evidence("t", "text", len(before), len(before + words), words),))
    (shown,) = explain._evidence(hit, read)
    assert len(shown.splitlines()) == 1
    assert len(shown) <= len("    t in the text: ") + 2 * explain.CONTEXT + len(words) + 8
