"""The parts of the index: words by their hashes, keys, anchors, and rules added to an index that is there."""

import random
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import rules as rules_
from alerts.model import Article, Rule, Watchlist
from alerts.rules import expressions, leaves, lexicon
from alerts.rules import keys as keys_
from alerts.rules.lexicon import UNKNOWN, Lexicon, row
from alerts.rules.pages import page
from alerts.rules.sights import sight

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
WORDS = ["iran", "oil", "tariff", "tarif", "tariffs", "pará", "иран", "伊朗", "中国", "이란", "new", "york", "zürich"]


def article(title: str = "", text: str = "") -> Article:
    return Article("a", "v", "f", "The Courier", "https://a.example/", title, text, NOON)


def candidates(a: Article, compiled: rules_.Rules) -> set[str]:
    seen = sight(a, compiled.keys, compiled.fields)
    numbers = compiled.index.candidates(seen.present)
    return {one.rule.id for number in numbers if (one := compiled.compiled[number])}


def told(a: Article, compiled: rules_.Rules) -> tuple[rules_.hits.Hit, ...]:
    met = rules_.match(a, compiled)
    return met.hits if met else ()


# ── terms ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.from_regex(r"\A {0,2}[A-Za-z]{1,6}( {1,2}[A-Za-z]{1,6}){0,3} ?\Z"))
def test_a_term_of_plain_letters_is_read_as_it_would_be_in_quotes(written):
    if re.search(r"\b(AND|OR|NOT|O?NEAR)\b", written):
        with pytest.raises(rules_.TermError):
            rules_.parse_term(written)
        return
    assert replace(rules_.parse_term(written), written="") == replace(rules_.parse_term(f'"{written}"'), written="")


def test_nothing_of_the_terms_is_kept_when_the_rules_are_compiled():
    rules_.compile([Rule("r", "R", any=("oil", "new york")), Rule("s", "S", match='case:ICE AND "oil price"')], {})
    kept = (leaves._plain, expressions._sign, expressions._bare, expressions._written)
    assert [one.cache_info().currsize for one in kept] == [0, 0, 0, 0]


# ── the lexicon ──────────────────────────────────────────────────────────────────────────────────────────────────────


def numbers(known: Lexicon, text: str) -> list[int]:
    return known.find(row(f" {text} ".encode()).hashes).tolist()


def test_words_are_cut_at_blanks_with_the_places_of_their_bytes():
    found = row("  oil  ö price ".encode())
    assert [*zip(found.starts.tolist(), found.ends.tolist(), strict=True)] == [(2, 5), (7, 9), (10, 15)]


def test_the_same_word_has_the_same_hash_wherever_it_stands():
    hashes = row(b" oil price of oil ").hashes
    assert hashes[0] == hashes[3]
    assert len(set(hashes.tolist())) == 3


def test_a_text_of_one_blank_has_no_word():
    assert row(b" ").hashes.size == 0


@given(st.lists(st.text("abcdé伊", min_size=1, max_size=6), unique=True, max_size=60), st.randoms())
def test_a_lexicon_knows_its_words_and_no_others(words, pick):
    known = words[::2]
    one = Lexicon([word.encode() for word in known], [*range(2, 2 + len(known))])
    said = [pick.choice(words) for _ in range(30)] if words else []
    wanted = [known.index(word) + 2 if word in known else UNKNOWN for word in said]
    assert numbers(one, " ".join(said)) == wanted


def test_a_lexicon_that_learns_keeps_what_it_knew():
    said = [f"w{n}" for n in range(5_000)]
    one = Lexicon([b"oil"], [7])
    for at in range(0, len(said), 100):
        some = said[at : at + 100]
        one.learn(row(f" {' '.join(some)} ".encode()).hashes, np.arange(at, at + 100))
    assert numbers(one, " ".join(said)) == [*range(5_000)]
    assert numbers(one, "oil gas") == [7, UNKNOWN]


def test_a_lexicon_does_not_learn_a_word_twice():
    one = Lexicon([b"oil"], [7])
    one.learn(row(b" oil gas ").hashes, np.array([8, 9]))
    assert numbers(one, "oil gas") == [7, 9]
    assert one.size == 2


def test_words_that_want_the_same_place_of_the_table_find_another(monkeypatch):
    monkeypatch.setattr(lexicon, "_SPREAD", np.uint64(0))  # all of them want the first
    said = [f"w{n}" for n in range(9)]
    one = Lexicon([word.encode() for word in said], [*range(9)])
    assert numbers(one, "w8 x w0 w4") == [8, UNKNOWN, 0, 4]


def test_words_of_one_letter_are_told_apart():
    """Their hashes are small numbers, and a table that kept the upper bits of a hash would keep nothing of them."""
    letters = "\x01 a b o z".split(" ")
    one = Lexicon([letter.encode() for letter in letters], [*range(1, 6)])
    assert numbers(one, "z o a y \x01 b") == [5, 4, 2, UNKNOWN, 1, 3]


def test_a_table_that_grows_takes_its_words_along():
    one = Lexicon([b"oil"], [7])
    for n in range(200):
        one.learn(row(f" w{n} ".encode()).hashes, np.array([n]))
    assert numbers(one, "w199 oil w0 gas") == [199, 7, 0, UNKNOWN]


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("one byte a letter", "oil from Pará and Zürich"),
        ("several bytes a letter, for another word needs them", "oil from Pará, Zürich and 伊朗"),
    ],
)
def test_a_word_is_the_same_in_both_encodings_of_a_page(why, text):
    compiled = rules_.compile([Rule("r", "R", all=("exact:Pará", "zürich"))], {})
    assert [e.words for hit in told(article(text=text), compiled) for e in hit.evidence] == ["Pará", "Zürich"], why


@pytest.mark.parametrize(
    ("field", "title", "text", "asked"),
    [
        ("title", "New York", "", True),
        ("title", "York New", "New York", False),
        ("lead", "", "In New York", True),
        ("lead", "In New", "York", False),
        ("lead", "", "new " + "word " * 60 + "york new york", False),
        ("lead", "", "word " * 58 + "new york", True),
        ("lead", "", "word " * 59 + "new york", False),
    ],
)
def test_a_rule_of_two_words_in_a_field_is_decided_only_where_they_stand_together_there(field, title, text, asked):
    compiled = rules_.compile([Rule("r", "R", any=(f"{field}:New York",)), Rule("s", "S", any=("new york",))], {})
    a = article(title, text)
    assert ("r" in candidates(a, compiled)) is asked
    assert ("r" in {hit.rule for hit in told(a, compiled)}) is asked


def test_words_that_no_rule_names_are_found_by_what_they_begin_with_the_first_time_and_again():
    compiled = rules_.compile([Rule("r", "R", any=("tarif*", "tariffication*"))], {})
    for _ in range(2):
        assert [e.words for hit in told(article(text="a tariffless year"), compiled) for e in hit.evidence] == [
            "tariffless"
        ]
    assert [e.term for e in told(article(text="Tariffications"), compiled)[0].evidence] == ["tarif*", "tariffication*"]


def test_what_was_learnt_is_forgotten_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(keys_, "MAX_LEARNT", 50)
    compiled = rules_.compile([Rule("r", "R", any=("tarif*",))], {})
    for n in range(40):
        text = " ".join(f"word{n}x{i}" for i in range(10)) + f" tariff{n}"
        assert told(article(text=text), compiled), n
    assert compiled.keys._lexicon.size < 80


def test_threads_may_match_with_the_same_rules_at_once():
    compiled = rules_.compile([Rule("r", "R", any=("tarif*",)), Rule("s", "S", any=("gas",))], {})
    texts = [article(text=" ".join(f"w{n * 7 + i} tariff{n}x{i}" for i in range(30))) for n in range(300)]
    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(lambda a: [hit.rule for hit in told(a, compiled)], texts)]
    assert found == [["r"]] * 300


# ── anchors ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_is_decided_only_for_articles_that_have_its_rarest_key():
    """A thousand rules about Iran and one thing each: an article about Iran and one of the things decides one rule."""
    compiled = rules_.compile([Rule(f"r{i}", "R", all=("iran", f"thing{i}")) for i in range(1_000)], {})
    assert candidates(article("Iran and thing7"), compiled) == {"r7"}


@pytest.mark.parametrize(
    ("rule", "text", "why"),
    [
        (Rule("r", "R", all=("oil", "iran", "gas", "coal")), "oil iran gas", "one of four words is missing"),
        (Rule("r", "R", all=("oil price",)), "price oil", "the two words do not stand side by side"),
        (Rule("r", "R", all=("oil",), any=("iran", "iraq")), "oil", "neither of a choice is there"),
        (Rule("r", "R", match="(oil OR gas) AND (iran OR iraq)"), "oil gas", "one choice of two is missing"),
        (Rule("r", "R", match="oil NEAR/3 iran"), "oil", "one side is missing"),
        (Rule("r", "R", match="title:oil AND iran"), "oil iran", "the word is not in the title"),
        (Rule("r", "R", all=("@w", "oil")), "oil", "no alias is there"),
    ],
)
def test_keys_alone_keep_a_rule_from_being_decided(rule, text, why):
    compiled = rules_.compile([rule], {"w": Watchlist("w", ("iran", "tehran"))})
    assert candidates(article(text=text), compiled) == set(), why
    more = "oil price iran gas coal"
    assert candidates(article(f"{more}", more), compiled) == {"r"}


def test_a_rule_of_a_regular_expression_is_decided_for_every_article():
    compiled = rules_.compile([Rule("r", "R", any=("/ir[ao]n/",))], {})
    assert candidates(article("nothing"), compiled) == {"r"}


# ── one file changes ─────────────────────────────────────────────────────────────────────────────────────────────────


def some_rules(pick: random.Random, count: int) -> list[Rule]:
    def terms(most: int) -> tuple[str, ...]:
        return tuple(" ".join(pick.choices(WORDS, k=pick.choice([1, 1, 2]))) for _ in range(pick.randint(1, most)))

    made = []
    for n in range(count):
        all_ = pick.choice([(), (), terms(2), ("@w",), ("title:oil",)])
        made.append(Rule(f"r{n}", "R", any=terms(3) if not all_ or pick.random() < 0.5 else (), all=all_))
    return made


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_rules_added_to_an_index_match_as_if_all_were_compiled_anew(seed):
    pick = random.Random(seed)
    before = some_rules(pick, 12)
    lists = {"w": Watchlist("w", ("iran", "york", "tarif*"))}
    compiled = rules_.compile(before, lists)
    for _ in range(3):
        fresh = some_rules(pick, 12)
        after = [pick.choice([rule, rule, rule, replace(pick.choice(fresh), id=rule.id)]) for rule in before]
        after += [replace(rule, id=f"new{pick.random()}") for rule in fresh[: pick.randint(0, 2)]]
        pick.shuffle(after)
        if pick.random() < 0.3:
            lists = {"w": Watchlist("w", tuple(pick.sample(WORDS, 3)))}
        compiled, anew = rules_.compile(after, lists, compiled), rules_.compile(after, lists)
        assert compiled.hash == anew.hash
        for _ in range(8):
            a = article(" ".join(pick.choices(WORDS, k=3)), " ".join(pick.choices([*WORDS, "tariffing"], k=12)))
            assert told(a, compiled) == told(a, anew)
        before = after


def test_what_has_not_changed_is_not_read_again(monkeypatch):
    made = [Rule(f"r{n}", "R", all=("iran", f"thing{n}")) for n in range(10)]
    compiled = rules_.compile(made, {})
    read: list[str] = []
    original = rules_.compiled.read
    monkeypatch.setattr(rules_.compiled, "read", lambda rule, lists: (read.append(rule.id), original(rule, lists))[1])
    rules_.compile([replace(made[3], title="another"), *made[:3], *made[4:]], {}, compiled)
    assert read == ["r3"]


def test_the_page_of_an_article_is_made_of_bytes_that_are_its_letters():
    seen = page(article("Oil, gas", "Pará – 25%"), frozenset())
    assert seen.straight
    assert len(seen.raw) == len(seen.folded) + 1


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (5, "a word with a small number is a letter of the first plane"),
        (0xD7FE, "the numbers of surrogates are left out"),
        (0x10FFFD, "behind the last letter there are words all the same"),
    ],
)
def test_words_stand_where_they_are_whatever_their_numbers(monkeypatch, number, why):
    made = keys_.Keys()
    made.shares.extend([1.0] * (number - len(made.shares)))
    monkeypatch.setattr("alerts.rules.compiled.Keys", lambda: made)
    words = ("oil", "price", "gas", "wheat")
    compiled = rules_.compile([Rule(f"r{n}", "", any=(said,)) for n, said in enumerate((*words, "oil price"))], {})
    hits = told(article("Wheat", "The oil price. The gas oil. Gas price"), compiled)
    assert [[(e.field, e.start, e.words) for e in hit.evidence] for hit in hits] == [
        [("text", 4, "oil")],
        [("text", 8, "price")],
        [("text", 19, "gas")],
        [("title", 0, "Wheat")],
        [("text", 4, "oil price")],
    ], why
