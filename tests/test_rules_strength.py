"""About or mention: in the title, in the first 20 words behind a dateline, four times, and the weakest of what AND joins."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alerts import rules
from alerts.model import Article, Rule, Watchlist
from alerts.rules.strength import OPENING, TIMES, opening

SEEN = datetime(2026, 7, 1, tzinfo=UTC)
FILLER = "word " * OPENING
LISTS = {
    "iran": Watchlist("iran", ("Iran*", "Tehran", "이란은", "伊朗")),
    "china": Watchlist("china", ("China", "Beijing"), none=("fine china",)),
}


def judged(rule: Rule, title: str, text: str) -> str:
    """The strength of the hit; empty if there is none."""
    article = Article("a", "v", "f", "The Courier", "https://a.example/", title, text, SEEN, categories=("Asia",))
    found = rules.match(article, rules.compile([rule], LISTS))
    return found.hits[0].strength if found else ""


STRENGTHS = [
    ("a name in the title", "@iran", "Iran speaks", FILLER, "about"),
    ("a name in the opening", "@iran", "Talks", "Envoys left Tehran. " + FILLER, "about"),
    ("the last word of the opening", "@iran", "Talks", "word " * (OPENING - 1) + "Iran " + FILLER, "about"),
    ("the first word behind it", "@iran", "Talks", FILLER + "Iran", "mention"),
    ("one place less than is asked for", "@iran", "Talks", FILLER + "Iran " * (TIMES - 1), "mention"),
    ("four places", "@iran", "Talks", FILLER + "Iran " * TIMES, "about"),
    ("four places of different names", "@iran", "Talks", FILLER + "Iran Tehran Iranian Iran", "about"),
    ("a dateline is none", "@iran", "Rents", "TEHRAN – Crowds filled the squares of Rome.", "mention"),
    ("a dateline, and the name behind it", "@iran", "Rents", "TEHRAN – The mayor of Tehran spoke.", "about"),
    ("a dateline with an agency", "@iran", "Rents", "Tehran, March 3 (Reuters) - Crowds in Rome.", "mention"),
    ("a dash is no dateline", "@iran", "Rents", "Iran and five others agree - at last.", "about"),
    ("what none hides is no place", "@china", "Cups", FILLER + "fine china " * TIMES + "China", "mention"),
    ("a script without blanks", "@iran", "会谈", "伊朗外长抵达", "about"),
    ("a script without blanks, far down", "@iran", "会谈", "美国" * 30 + "伊朗", "mention"),
    ("one of two joined by OR", "@iran OR rents", "Rents rise", FILLER + "Iran", "about"),
    ("both of two joined by AND", "@iran AND @china", "China and Iran", "", "about"),
    ("the weaker of two joined by AND", "@iran AND @china", "Iran speaks", FILLER + "China", "mention"),
    ("OR inside AND", "@iran AND (rents OR @china)", "Iran speaks", "Rents rose. " + FILLER + "China", "about"),
    ("AND inside OR", "rents OR (@iran AND @china)", "Iran and China", FILLER, "about"),
    ("NOT has no say", "@iran AND NOT football", "Iran speaks", "", "about"),
    ("a pair in the opening", "@iran NEAR/3 @china", "Talks", "Iran and China met. " + FILLER, "about"),
    ("a pair is one place, however many names", "@iran NEAR/3 @china", "Talks", FILLER + "Iran China " * 3, "mention"),
    ("what was not found is not counted", "@iran OR word NEAR/1 @china", "Talks", FILLER + "Iran", "mention"),
    ("a category", "category:asia", "Talks", FILLER, "about"),
    ("a category beside a mention", "category:asia AND @iran", "Talks", FILLER + "Iran", "mention"),
]


@pytest.mark.parametrize(("says", "match", "title", "text", "wanted"), STRENGTHS, ids=[case[0] for case in STRENGTHS])
def test_how_strong_a_hit_is(says: str, match: str, title: str, text: str, wanted: str) -> None:
    assert judged(Rule("it", "It", match=match), title, text) == wanted, says
    about = Rule("it", "It", match=match, strength="about")
    assert judged(about, title, text) == ("about" if wanted == "about" else "")


OPENINGS = [
    ("TEHRAN – Crowds", " Crowds"),
    ("TEHRAN--Crowds", "Crowds"),
    ("PEKING, March 3 - Wheat", " Wheat"),
    ("WASHINGTON (Polaris Wire) - Wheat", " Wheat"),
    ("Geneva, May 5 (AP) — Wheat", " Wheat"),
    ("Chip-maker - and more", "Chip-maker - and more"),
    ("EU and China agree - report", "EU and China agree - report"),
    ("Iran – a land", "Iran – a land"),
    ("", ""),
    ("word " * 30, ("word " * OPENING).rstrip()),
    ("美" * 100, "美" * 2 * OPENING),
]


@pytest.mark.parametrize(("text", "wanted"), OPENINGS, ids=[case[0][:30] for case in OPENINGS])
def test_where_a_text_opens(text: str, wanted: str) -> None:
    assert text[slice(*opening(text))] == wanted
