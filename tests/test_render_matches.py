"""Why a reader was told: a short passage for each rule, the words marked by which it was met, as they are printed."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from alerts import digests, render
from alerts.model import Article, Development, Evidence, Field, Hit, Match
from alerts.render import views
from alerts.render.views.matches import MAX_PASSAGES, WIDTH, matches
from tests.newsroom import HOSTILE, RULES, alert_of, article, development, digest_of, subscription

LONG = (
    "Independent refiners in Shandong have put off at least seven cargoes of Iranian crude, traders said, as they wait "
    "to learn how Washington will apply its 25% tariff. Some 30 million barrels are afloat off Malaysia."
)


def met(made_of: Article, *by: tuple[str, Field, str]) -> Development:
    """A development that met rules by the first place of some words in its title or its text."""
    values = {"title": made_of.title, "text": made_of.text}
    found: dict[str, list[Evidence]] = {}
    for rule, field, words in by:
        start = max(values.get(field, "").find(words), 0)
        found.setdefault(rule, []).append(Evidence(f"{rule} {words}", field, start, start + len(words), words))
    hits = tuple(Hit(rule, tuple(evidence)) for rule, evidence in found.items())
    return Development("s1", Match(made_of, hits), "new story", made_of.seen)


def shown(*news: Development, rules: tuple[str, ...] = ("iran", "china", "tariffs")) -> list[str]:
    """The passages as a reader is shown them, what is marked between asterisks."""
    s = subscription(rules=rules)
    (section,) = digests.digest(s, news[0].made, news, RULES, {}).sections
    return [
        f"{', '.join(view.rules)}: " + "".join(f"*{p.words}*" if p.marked else p.words for p in view.pieces)
        for view in matches(section.stories[0], s)
    ]


TITLE = article("a", "Iran calls tariff a bluff", text=LONG)
CASES = [
    ("a word in the title, and the title is shown whole", [met(TITLE, ("iran", "title", "Iran"))],
     ["Iran: *Iran* calls tariff a bluff"]),
    ("of equal passages that of the text, for the title stands above",
     [met(TITLE, ("tariffs", "title", "tariff"), ("tariffs", "text", "tariff"))],
     ["Sanctions and tariffs: …said, as they wait to learn how Washington will apply its 25% *tariff*. Some 30 million barrels are afloat off Malaysia."]),
    ("a passage in the middle is cut at words, and says so", [met(TITLE, ("iran", "text", "Iranian"))],
     ["Iran: …have put off at least seven cargoes of *Iranian* crude, traders said, as they wait to learn how Washington will apply its…"]),
    ("two rules in one passage share it, the graver first",
     [met(TITLE, ("iran", "title", "Iran"), ("tariffs", "title", "tariff"))],
     ["Sanctions and tariffs, Iran: *Iran* calls *tariff* a bluff"]),
    ("two that are far from each other have one each",
     [met(TITLE, ("china", "text", "Shandong"), ("tariffs", "text", "tariff"))],
     ["Sanctions and tariffs: …said, as they wait to learn how Washington will apply its 25% *tariff*. Some 30 million barrels are afloat off Malaysia.",
      "China: Independent refiners in *Shandong* have put off at least seven cargoes of Iranian crude, traders said, as they wait to…"]),
    ("the passage with most of a rule's terms", [met(TITLE, ("iran", "title", "Iran"), ("iran", "text", "Iranian"),
                                                     ("iran", "text", "crude"))],
     ["Iran: …have put off at least seven cargoes of *Iranian* *crude*, traders said, as they wait to learn how Washington will apply its…"]),
    ("places that overlap are one", [met(TITLE, ("iran", "text", "Iranian crude"), ("tariffs", "text", "crude, traders"))],
     ["Sanctions and tariffs, Iran: …off at least seven cargoes of *Iranian crude, traders* said, as they wait to learn how Washington will apply its 25%…"]),
    ("what is no running text is named", [met(TITLE, ("iran", "outlet", "BBC News"))], ["Iran: outlet *BBC News*"]),
    ("words that are not there any more stand alone", [met(TITLE, ("iran", "title", "Teheran"))], ["Iran: *Teheran*"]),
    ("a script that does not space its words is cut at letters, and shorter",
     [met(article("k", "관세", text="미국은 " + "가" * 80 + "이란" + "나" * 80), ("iran", "text", "이란"))],
     ["Iran: …" + "가" * 20 + "*이란*" + "나" * 38 + "…"]),
    ("a rule of another subscriber is not told", [met(TITLE, ("iran", "title", "Iran"), ("secret", "title", "bluff"))],
     ["Iran: *Iran* calls tariff a bluff"]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "news", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_is_shown_with_the_words_by_which_it_was_met(
    why: str, news: list[Development], wanted: list[str]
) -> None:
    assert shown(*news) == wanted


def test_the_passage_is_that_of_the_headlines_article_else_of_the_newest() -> None:
    older, newer = (
        met(article(name, f"Iran, {name}", hour=hour), ("iran", "title", "Iran"))
        for name, hour in (("one", 1), ("two", 2))
    )
    other = met(article("three", "Nothing of it", hour=3), ("tariffs", "title", "of"))
    assert shown(older, newer) == ["Iran: *Iran*, two"]
    assert shown(older, newer, other)[1:] == ["Iran: *Iran*, two"]


def test_no_story_has_more_than_a_few_passages() -> None:
    words = [f"word{n}" for n in range(20)]
    many = met(article("a", "T", text=(" x" * 100).join(words)), *((word, "text", word) for word in words))
    assert len(shown(many, rules=tuple(words))) == MAX_PASSAGES


@given(st.text(), st.text(), st.integers(0, 40), st.integers(0, 40))
def test_a_passage_is_short_and_says_what_is_printed(title: str, text: str, start: int, length: int) -> None:
    a = article("a", title, text=text * 9)
    words = a.text[start : start + length]
    news = Development(
        "s1", Match(a, (Hit("iran", (Evidence("iran", "text", start, start + len(words), words),)),)), "", a.seen
    )
    s = subscription()
    for view in matches(digests.digest(s, a.seen, [news], RULES, {}).sections[0].stories[0], s):
        assert len(view.passage) <= 2 * WIDTH + 2
        assert (
            "".join(view.passage.strip("…").split()) in "".join(views.words.clean(a.text, 10**6).split())
            or not a.text.isprintable()
        )


# ── in each form ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_marked_is_marked_in_each_form_and_listed_in_plain_text() -> None:
    news = met(TITLE, ("iran", "text", "Iranian"), ("tariffs", "title", "tariff"))
    mail = render.digest(digest_of([news]))
    assert [node.text() for node in LexborHTMLParser(mail.html).css("mark")] == ["tariff", "Iranian"]
    assert "   Matched Sanctions and tariffs: Iran calls tariff a bluff [tariff]\n" in mail.text
    slack = json.loads(render.alert(alert_of(news, subscription("slack", cron=""))).body)
    bold = [
        e["text"]
        for block in slack["blocks"]
        for e in block["elements"][0]["elements"]
        if e["type"] == "text" and "bold" in e.get("style", {})
    ]
    assert bold == ["Sanctions and tariffs", "tariff", "Iranian"]
    entry = render.entry(alert_of(news, subscription(cron="")))
    assert re.findall("<mark>(.*?)</mark>", entry.html) == ["tariff", "Iranian"]


@pytest.mark.parametrize("words", HOSTILE[:9], ids=range(9))
def test_a_mark_ends_where_its_words_end_whatever_they_are(words: str) -> None:
    news = development(article("a", f"before {words} behind", text=words), words=words)
    html = LexborHTMLParser(render.digest(digest_of([news])).html)
    for mark in html.css("mark"):
        assert [node.tag for node in mark.css("*")] == ["mark", "strong"]
        assert "behind" not in mark.text()
