"""Laws of matching: the index finds what a plain reading finds, and evidence is what stands in the article."""

import re
from datetime import UTC, datetime
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import rules as rules_
from alerts.model import Article, Rule, Watchlist
from alerts.rules import parse_term
from alerts.rules.words import letters, pieces
from alerts.text import fold, lead_end

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
SPACED = ["iran", "iranian", "Oil", "tariff", "tarif", "ایران", "иран", "иранский", "ईरान", "25"]
RUNS = ["伊朗", "中国", "国", "이란", "제재"]
ODD = [
    "Tehera\u0301n",
    "ＩＲＡＮ",
    "ﷲ",
    "ﬁne",
    "\u110b\u1175\u1105\u1161\u11ab",
    "น้ำมัน",
    "ｶﾞｽ",
    "カ\u3099ス",
    "½",
    "إِيرَان",
    "نفت‌كش",
    "각",
    "İ",
]
BORDERS = ["", " ", " ", " ", "-", ". ", "’s ", "_", "\n"]

texts = st.lists(st.sampled_from(SPACED + RUNS) | st.sampled_from(BORDERS), min_size=3, max_size=30).map("".join)
long_texts = st.builds(lambda blank, text: "w " * blank + text, st.sampled_from([0, 0, 50]), texts)
wide_texts = st.lists(st.sampled_from(SPACED + RUNS + ODD + BORDERS) | st.text(max_size=4), max_size=14).map("".join)


@st.composite
def terms(draw: st.DrawFn, words: tuple[str, ...] = (*SPACED, *RUNS)) -> str:
    count = draw(st.sampled_from([1, 1, 1, 2, 2, 3]))
    said = draw(st.lists(st.sampled_from(words), min_size=count, max_size=count))
    star = "*" if len(fold(said[-1])) >= 3 and draw(st.booleans()) else ""
    return draw(st.sampled_from(["", "", "", "title: ", "lead: ", "category: "])) + " ".join(said) + star


def rules(one_term: st.SearchStrategy[str]) -> st.SearchStrategy[Rule]:
    many, few = st.lists(one_term, max_size=4).map(tuple), st.lists(one_term, max_size=1).map(tuple)
    made = st.builds(Rule, id=st.just("r"), title=st.just("R"), any=many, all=few, none=few)
    return made.filter(lambda rule: rule.any or rule.all)


def article(title: str, text: str, *categories: str) -> Article:
    return Article("a", "v", "f", "The Courier", "https://a.example/", title, text, NOON, categories=categories)


# ── a plain reading: one regular expression a term, tried on each field by itself ────────────────────────────────────

IN_RUNS = "".join(sorted(set("".join(RUNS))))
LETTER = f"[^\\W_{IN_RUNS}]|[\u093e\u0940]"  # Hindi vowel signs are no letters to Python


@cache
def pattern(term: str) -> re.Pattern[str]:
    body, star = term.rstrip("*"), term.endswith("*")
    said = [fold(word) for word in body.split()]
    parts = []
    for position, word in enumerate(said, 1):
        if word[0] in IN_RUNS:
            parts.append(re.escape(word))
        else:
            ending = f"(?:{LETTER})*" if star and position == len(said) else ""
            parts.append(f"(?<!{LETTER.replace('|', ')(?<!')}){re.escape(word)}{ending}(?!{LETTER})")
    return re.compile("[\\W_]*".join(parts), re.IGNORECASE)


def read_plainly(term: str, a: Article) -> list[tuple[str, int, int]]:
    """Find the first place in each field where the term looks."""
    field, _, body = term.rpartition(": ")
    fields = [("category", category) for category in a.categories]
    if field != "category":
        lead = a.text[: lead_end(a.text)]
        fields = [("title", a.title), ("text", {"title": "", "lead": lead}.get(field, a.text))]
    places = [(name, pattern(body).search(value)) for name, value in fields]
    return [(name, *place.span()) for name, place in places if place]


@settings(max_examples=600, deadline=None)
@given(st.lists(rules(terms()), min_size=1, max_size=4), texts, long_texts, texts)
def test_the_index_finds_what_a_plain_reading_finds(made, title, text, category):
    a = article(title, text, category, "Oil iran")
    named = [Rule(f"r{i}", "R", any=r.any, all=r.all, none=r.none) for i, r in enumerate(made)]
    met = rules_.match(a, rules_.compile(named, {}))
    hits = {hit.rule: hit.evidence for hit in met.hits} if met else {}
    for rule in named:
        plain = {term: read_plainly(term, a) for term in (*rule.any, *rule.all, *rule.none)}
        holds = (not rule.any or any(plain[t] for t in rule.any)) and all(plain[t] for t in rule.all)
        holds = holds and not any(plain[t] for t in rule.none)
        assert (rule.id in hits) is holds, (rule, title, text)
        if holds:
            told = [(e.term, e.field, e.start, e.end) for e in hits[rule.id]]
            assert told == [(term, *place) for term in dict.fromkeys((*rule.any, *rule.all)) for place in plain[term]]


@settings(max_examples=400, deadline=None)
@given(st.lists(terms((*SPACED, *RUNS, *ODD)), min_size=1, max_size=3), wide_texts, wide_texts)
def test_evidence_is_what_is_printed_there_and_says_the_term(said, title, text):
    a = article(title, text, "Oil iran")
    watchlists = {"w": Watchlist("w", (*RUNS, *ODD, "tarif*"))}
    met = rules_.match(a, rules_.compile([Rule("r", "R", any=(*said, "@w"))], watchlists))
    for e in met.hits[0].evidence if met else ():
        value = {"title": a.title, "text": a.text, "category": a.categories[0]}[e.field]
        assert value[e.start : e.end] == e.words != ""
        if e.term != "@w":
            assert "".join(parse_term(e.term).words) in "".join(piece.word for piece in pieces(e.words))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*SPACED, *ODD, "中国", "이란"]), min_size=1, max_size=3), wide_texts, wide_texts)
def test_a_word_that_stands_by_itself_in_the_text_is_found(said, before, after):
    a = article("", f"{before} | {' '.join(said)} | {after}")
    assert rules_.match(a, rules_.compile([Rule("r", "R", any=(" ".join(said),))], {})) is not None


@given(st.text(max_size=12))
def test_letters_of_the_folded_word_come_from_the_written_one_in_order(written):
    where = letters(written, fold(written), 5)
    assert len(where) == len(fold(written))
    assert where == sorted(where)
    assert all(5 <= start < end <= 5 + len(written) for start, end in where)


def read(written: str) -> rules_.Term | str:
    try:
        return parse_term(written)
    except rules_.TermError as error:
        return str(error)


@given(st.text(max_size=40) | terms())
def test_any_text_either_is_a_term_or_is_refused_in_words(written):
    term = read(written)
    if isinstance(term, str):
        assert term
        return
    assert bool(term.words) is not bool(term.watchlist)
    watchlists = {term.watchlist: Watchlist(term.watchlist, ("x",))}
    assert rules_.compile([Rule("r", "R", any=(written,))], watchlists)
