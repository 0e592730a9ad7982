"""The language of rules: how an expression is read, where an error stands, and that what is written reads back."""

from __future__ import annotations

import random
import re
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import rules as rules_
from alerts.errors import Problem
from alerts.model import Article, Rule, Watchlist
from alerts.rules import ExpressionError, TermError, expression, expressions, read, written
from alerts.rules.expressions import joined
from alerts.rules.nodes import And, AtLeast, Either, Names, Near, Node, Not, Or, Phrase, Regex, leaves
from alerts.rules.regexes import MAX_PLACES, MAX_PROGRAM, MAX_VAGUE, compile_pattern

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
WATCHLISTS = {
    "iran": Watchlist("iran", ("Iran*", "Tehran")),
    "china": Watchlist("china", ("China", "Beijing"), none=("fine china",)),
    "east": Watchlist("east", ("@iran", "@china", "Korea")),
    "one": Watchlist("one", ("@two", "x-ray")),
    "two": Watchlist("two", ("@one",)),
}


def shape(node: Node) -> str:
    """A tree in brackets, so that its shape can be seen: (a & b), (a | b), !a, <a 5 b>, [2 a]."""
    match node:
        case And(parts):
            return f"({' & '.join(map(shape, parts))})"
        case Or(parts):
            return f"({' | '.join(map(shape, parts))})"
        case Not(part):
            return f"!{shape(part)}"
        case Near(left, right, distance, ordered):
            return f"<{sides(left)} {distance}{'o' * ordered} {sides(right)}>"
        case AtLeast(count, of):
            return f"[{count} {sides(of)}]"
        case leaf:
            return leaf.written


def sides(either: Either) -> str:
    return "/".join(leaf.written for leaf in either.leaves)


def article(title: str = "", text: str = "", **rest: str) -> Article:
    values = {"id": "a", "version": "v", "feed": "f", "outlet": "The Courier", "url": "https://a.example/1"}
    return Article(**{**values, "title": title, "text": text, "seen": NOON, **rest})  # type: ignore[arg-type]


def meets(written_: str, a: Article) -> bool:
    return rules_.match(a, rules_.compile([Rule("r", "R", match=written_)], WATCHLISTS)) is not None


# ── grammar and precedence ───────────────────────────────────────────────────────────────────────────────────────────

GRAMMAR = [
    # what is written, how it is read; and why
    ("a", "a", "a term alone is an expression"),
    ("  a  ", "a", "blanks around do not matter"),
    ("a AND b", "(a & b)", "AND joins"),
    ("a OR b", "(a | b)", "OR joins"),
    ("a AND b AND c", "(a & b & c)", "a row of AND is one"),
    ("a OR b OR c", "(a | b | c)", "a row of OR is one"),
    ("a AND b OR c", "((a & b) | c)", "AND binds tighter than OR"),
    ("a OR b AND c", "(a | (b & c))", "on either side"),
    ("a OR b AND c OR d", "(a | (b & c) | d)", "and in the middle"),
    ("a AND b OR c AND d", "((a & b) | (c & d))", "and twice"),
    ("(a OR b) AND c", "((a | b) & c)", "parentheses decide"),
    ("a AND (b OR c)", "(a & (b | c))", "on either side"),
    ("((a))", "a", "parentheses around one term are nothing"),
    ("(a AND b) AND c", "(a & b & c)", "nor around what is joined by the same word"),
    ("a OR (b OR (c OR d))", "(a | b | c | d)", "however deep"),
    ("a AND NOT b", "(a & !b)", "NOT takes the term behind it"),
    ("NOT a AND b", "(!a & b)", "NOT binds tighter than AND"),
    ("NOT a AND b OR c", "((!a & b) | c)", "and so tighter than OR"),
    ("a AND NOT (b OR c)", "(a & !(b | c))", "before a parenthesis it takes all of it"),
    ("NOT NOT a", "!!a", "twice NOT is read as it is written"),
    ("a AND NOT NOT b", "(a & !!b)", "anywhere"),
    ("a NEAR/5 b", "<a 5 b>", "NEAR has a number"),
    ("a ONEAR/3 b", "<a 3o b>", "and an ordered form"),
    ("a NEAR/0 b", "<a 0 b>", "0 is side by side, in either order"),
    ("NOT a NEAR/5 b AND c", "(!<a 5 b> & c)", "NEAR binds tighter than NOT"),
    ("a AND b NEAR/5 c", "(a & <b 5 c>)", "and tighter than AND"),
    ("a OR b NEAR/5 c OR d", "(a | <b 5 c> | d)", "and tighter than OR"),
    ("(a OR b) NEAR/5 c", "<a/b 5 c>", "its sides may be a choice"),
    ("a NEAR/5 (b OR (c OR d))", "<a 5 b/c/d>", "however written"),
    ("(a) NEAR/5 ((b))", "<a 5 b>", "or one term in parentheses"),
    ("(a NEAR/5 b) AND (b NEAR/5 c)", "(<a 5 b> & <b 5 c>)", "two of them are joined by AND"),
    ('"oil price"', '"oil price"', "a phrase stands in quotes"),
    ("“oil price”", '"oil price"', "also in those that word processors make"),
    ('"oil price" OR gas', '("oil price" | gas)', "beside a word"),
    ('"AND"', '"AND"', "in quotes an operator is a word"),
    ('"(a)"', '"(a)"', "and a parenthesis is none"),
    ('"and" AND "or"', '("and" & "or")', "small ones too"),
    ("tarif*", "tarif*", "a star is a beginning"),
    ('"oil tarif*"', '"oil tarif*"', "of the last word of a phrase as well"),
    ("title:a", "title:a", "a field stands before a term"),
    ("title: a", "title:a", "a blank after the colon does not matter"),
    ("TITLE:a", "title:a", "nor do capitals"),
    ('title:"a b" AND c', '(title:"a b" & c)', "it holds for its term alone"),
    ("title:(a OR b)", "(title:a | title:b)", "before a parenthesis it holds for every term"),
    ("title:(a AND (b OR NOT c))", "(title:a & (title:b | !title:c))", "however deep"),
    ("title:(a NEAR/5 b)", "<title:a 5 title:b>", "also for those beside NEAR"),
    ("title:(a OR b) NEAR/5 c", "<title:a/title:b 5 c>", "on one side alone"),
    ("lead:(case:A OR @iran)", "(lead:case:A | lead:@iran)", "with what else stands before them"),
    ("case:ICE", "case:ICE", "capitals count"),
    ('case:"ICE raid"', 'case:"ICE raid"', "in a phrase too"),
    ("exact:Pará", "exact:Pará", "accents count"),
    ("title:case:exact:Pará", "title:case:exact:Pará", "all at once, in any order"),
    ("exact:case:title:Pará", "title:case:exact:Pará", "and are written in one"),
    ("@iran", "@iran", "a watchlist"),
    ("title:@iran AND @china", "(title:@iran & @china)", "with a field"),
    ("@iran NEAR/5 @china", "<@iran 5 @china>", "near another"),
    ("atleast/3:a", "[3 a]", "a number of places"),
    ("atleast/2:(a OR b)", "[2 a/b]", "of a choice"),
    ("atleast/2:@iran", "[2 @iran]", "of a watchlist"),
    ("title:atleast/2:a", "[2 title:a]", "in a field"),
    ("atleast/2:title:a", "[2 title:a]", "before it or behind it"),
    ("title:(atleast/2:(a OR b))", "[2 title:a/title:b]", "or around it"),
    ("NOT atleast/2:a AND b", "(![2 a] & b)", "NOT takes it whole"),
    ("/(sub|air)craft/", "/(sub|air)craft/", "a regular expression stands between slashes"),
    ("title:/a b/ OR c", "(title:/a b/ | c)", "with blanks in it"),
    (r"/a\/b/", r"/a\/b/", "and with a slash"),
    ("a NEAR/5 /b+/", "<a 5 /b+/>", "near a word"),
    ("10:30 AND U.S.", "(10:30 & U.S.)", "a number with a colon is a word, and so are letters with points"),
    ("anti-dumping", "anti-dumping", "a hyphen is part of a word"),
    ("AC/DC", "AC/DC", "and so is a slash"),
    ("near AND far", "(near & far)", "near without a number is a word"),
    ("伊朗 AND 制裁", "(伊朗 & 制裁)", "every script"),
    ("a\n  AND\n  b", "(a & b)", "lines break where they like"),
    ("a AND(b OR c)AND d", "(a & (b | c) & d)", "a parenthesis needs no blank"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "wanted", "why"), GRAMMAR, ids=[case[2] + ": " + case[0] for case in GRAMMAR])
def test_an_expression_is_read_as_it_is_meant(said: str, wanted: str, why: str) -> None:
    """Also one that would be refused as a whole, because any article would meet it."""
    node = expressions._Reader(said, WATCHLISTS).read()
    assert shape(node) == wanted
    if not expressions.is_met_by_nothing(node):
        assert expression(said, WATCHLISTS) == node


def test_there_are_sixty_cases_of_grammar() -> None:
    assert len(GRAMMAR) >= 60


def test_what_a_term_is_made_of() -> None:
    made = expression('title:case:"U.S. Navy*" OR exact:Pará OR lead:@china OR /(sub|air)craft/', WATCHLISTS)
    assert leaves(made) == (
        Phrase('title:case:"U.S. Navy*"', ("u", "s", "navy"), prefix=True, fields=("title",), case="U.S. Navy"),
        Phrase("exact:Pará", ("para",), exact="Pará"),
        Names(
            "lead:@china", "china", (Phrase("China", ("china",)), Phrase("Beijing", ("beijing",))),
            (Phrase("fine china", ("fine", "china")),), ("title", "lead"),
        ),
        Regex("/(sub|air)craft/", "(sub|air)craft"),
    )  # fmt: skip


# ── errors, each with its place ──────────────────────────────────────────────────────────────────────────────────────

ERRORS = [
    ("", 0, "the expression is empty"),
    ("  \n ", 0, "the expression is empty"),
    ("iran china", 5, 'two terms stand side by side; write AND or OR between them; or quote the phrase: "iran china"'),
    ('iran "oil price"', 5, "two terms stand side by side; write AND or OR"),
    ("iran (a OR b)", 5, "two terms stand side by side"),
    ("(a OR b) iran", 9, "two terms stand side by side"),
    ("iran NOT oil", 5, "NOT joins no terms; write AND NOT"),
    ("iran ADN oil", 5, 'there is no operator "ADN"; did you mean "AND"?'),
    ("iran AND oil NTO gas", 13, 'there is no operator "NTO"; did you mean "NOT"?'),
    ("iran adn oil", 5, 'there is no operator "adn"; did you mean "AND"?'),
    ("iran and oil", 5, 'operators are written in capitals: AND; if you look for the word, write "and" in quotes'),
    ("iran Or oil", 5, "operators are written in capitals: OR"),
    ("not iran", 0, "operators are written in capitals: NOT"),
    ("iran near/5 oil", 5, "operators are written in capitals: NEAR/5"),
    ("iran AND", 5, "nothing stands after AND"),
    ("iran AND OR oil", 5, "nothing stands after AND"),
    ("OR iran", 0, "nothing stands before OR"),
    ("iran AND NOT", 9, "nothing stands after NOT"),
    ("(OR iran)", 1, "nothing stands before OR"),
    ("iran AND ()", 9, "nothing stands between ( and )"),
    ("(iran AND oil", 0, "this ( is never closed"),
    ("(a AND (b OR c)", 0, "this ( is never closed"),
    ("iran)", 4, "this ) was never opened"),
    (")", 0, "this ) was never opened"),
    ("iran NEAR oil", 5, "NEAR needs a number, the most words that may stand between: NEAR/5"),
    ("iran NEAR/x oil", 5, "NEAR needs a number"),
    ("iran NEAR/5", 5, "nothing stands after NEAR/5"),
    ("iran NEAR/100 oil", 5, "NEAR/100 reaches too far; at most NEAR/99"),
    ("iran NEER/5 oil", 5, 'there is no operator "NEER/5"; did you mean "NEAR"?'),
    ("a NEAR/5 b NEAR/5 c", 11, "NEAR joins two terms; to go on, write (a NEAR/5 b) AND (b NEAR/5 c)"),
    ("a NEAR/5 (b AND c)", 9, "NEAR/5 counts places: it takes a term, or terms joined by OR in parentheses"),
    ("(a OR NOT b) NEAR/5 c", 0, "NEAR/5 counts places"),
    ("atleast/2:a NEAR/5 c", 0, "NEAR/5 counts places"),
    ("atleast/2:(a AND b)", 10, "atleast/2 counts places"),
    ("x OR atleast:a", 5, "atleast needs a number: atleast/3:tariff*"),
    ("atleast/1:a", 0, "atleast/1 is no number from 2 to 99"),
    ("atleast/x:a", 0, "atleast/x is no number from 2 to 99"),
    ("atleast/2:atleast/3:a", 10, "atleast: is there twice"),
    ("title/3:a", 0, "only atleast has a number"),
    ("iran AND titel:oil", 9, 'there is no field "titel"; did you mean "title"?'),
    ("iran AND xyz:oil", 9, 'there is no field "xyz"; the fields are title, lead, text, outlet'),
    ("cas:ICE", 0, 'there is no field "cas"; did you mean "case"?'),
    ("title:", 0, 'nothing stands after "title:"'),
    ("iran AND title: AND oil", 9, 'nothing stands after "title:"'),
    ("title:(a OR lead:b)", 12, "title: stands before the parenthesis and holds for all of it; take lead: out"),
    ("title:(a OR title:b)", 12, "title: stands before the parenthesis"),
    ("title:lead:a", 6, "a term looks in one field, and title: stands here already; take lead: out"),
    ("case:case:a", 5, "case: is there twice"),
    ("x AND case:(a OR b)", 6, "case: and exact: stand before words; write them on each term inside"),
    ("case:@iran", 5, "put them on the aliases of @iran that need them"),
    ("case:/ICE/", 5, "in a regular expression write (?-i:ICE)"),
    ("iran OR @chna", 8, "there is no watchlist @chna; did you mean @china?"),
    ("@", 0, "the name of a watchlist is missing"),
    ("@iran*", 0, "a * cannot follow a watchlist"),
    ("@one", 0, "the watchlist @one holds itself: @one → @two → @one"),
    ("iran OR ta*", 8, "at least 3 letters before the *"),
    ("*stan", 0, "a * stands only at the very end"),
    ('"tarif"*', 7, 'the * stands inside the quotes: "tarif*"'),
    ('iran AND "oil', 9, "a quote is opened and not closed"),
    ('""', 0, 'there is no letter or digit in ""'),
    ("iran AND …", 9, 'there is no letter or digit in "…"'),
    ("iran && oil", 5, '"&&" is no operator; write AND'),
    ("iran | oil", 5, '"|" is no operator; write OR'),
    ("iran AND -oil", 9, 'a term cannot begin with "-"; to keep articles out, write NOT oil'),
    ("!oil AND iran", 0, "write NOT oil"),
    ("iran ~5 oil", 5, "write NEAR/5 between two terms"),
    ("a-b:c", 0, 'a colon stands inside "a-b:c"; put it in quotes'),
    ("iran AND /(/", 9, "the regular expression cannot be read: missing )"),
    ("/(?=a)b/", 0, "RE2 has neither look-around nor back references"),
    ("/ab", 0, "a regular expression is opened by / and closed by none"),
    ("NOT iran", 0, "the rule would be met by every article that lacks something"),
    ("  iran OR NOT oil", 2, "the rule would be met by every article that lacks something"),
    ("(" * 60 + "a" + ")" * 60, 50, "nested more than 50 deep"),
    ("(" * 10_000, 50, "nested more than 50 deep"),
    ("NOT " * 10_000 + "a", 0, "nested more than 50 deep"),
    ("title:(" * 51 + "a", 7, "title: stands before the parenthesis"),
]


@pytest.mark.parametrize(("said", "offset", "wanted"), ERRORS, ids=[f"{n} {e[2][:40]}" for n, e in enumerate(ERRORS)])
def test_an_error_says_what_and_where(said: str, offset: int, wanted: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        expression(said, WATCHLISTS)
    assert wanted in str(refused.value)
    assert refused.value.offset == offset
    assert rules_.check(Rule("r", "R", match=said or " "), WATCHLISTS)[0][0] == f"match.{offset}"


def test_fifty_parentheses_are_no_error() -> None:
    assert shape(expression("(" * 50 + "a" + ")" * 50, {})) == "a"


def test_lists_and_an_expression_exclude_each_other() -> None:
    both = Rule("r", "R", any=("a",), match="b")
    assert [path for path, _ in rules_.check(both, {})] == ["any"]
    with pytest.raises(TermError, match="either lists or an expression"):
        read(both, {})


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ({"any": ["a"]}, "a"),
        ({"any": ["a", "b"]}, "(a | b)"),
        ({"all": ["a"]}, "a"),
        ({"all": ["a", "b"]}, "(a & b)"),
        ({"any": ["a", "b"], "all": ["c"], "none": ["d", "e"]}, "((a | b) & c & !d & !e)"),
        ({"any": ["oil price", "title: @iran"]}, "(oil price | title: @iran)"),
        ({"any": ["atleast/2: oil price", "lead:atleast/3:@iran"]}, "([2 atleast/2: oil price] | [3 lead:atleast/3:@iran])"),
        ({"any": ['case:"ICE"', "exact: Pará", "/a|b/", "title: /a b/"]}, '(case:"ICE" | exact: Pará | /a|b/ | title: /a b/)'),
    ],
)  # fmt: skip
def test_lists_are_joined(parts: dict[str, list[str]], wanted: str) -> None:
    rule = Rule("r", "R", **{key: tuple(terms) for key, terms in parts.items()})  # type: ignore[arg-type]
    assert rules_.check(rule, WATCHLISTS) == ()
    assert shape(read(rule, WATCHLISTS)) == wanted


@pytest.mark.parametrize(
    ("term", "says"),
    [
        ("iran AND oil", "write an expression under match"),
        ("a ONEAR/3 b", "ONEAR joins no terms"),
        ("/a", "stands between two slashes"),
        ("/a/b/", "stands between two slashes"),
        ("/(/", "cannot be read: missing )"),
        ("title:lead:a", "a term looks in one field"),
        ("atleast/2:", 'nothing stands after "atleast/2:"'),
        ("@one", "holds itself: @one → @two → @one"),
    ],
)
def test_a_term_of_a_list_is_refused_with_what_to_write(term: str, says: str) -> None:
    [(path, words)] = rules_.check(Rule("r", "R", any=("x", term)), WATCHLISTS)
    assert path == "any.1"
    assert says in words


def test_terms_that_differ_by_what_stands_before_them_are_not_the_same() -> None:
    terms = ("ice", "case:ICE", "exact:ice", "atleast/2:ice", "title:ice", "/ice/")
    assert rules_.check(Rule("r", "R", any=terms), {}) == ()
    assert len(rules_.check(Rule("r", "R", any=(*terms, "case: ICE")), {})) == 1


# ── watchlists ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_watchlist_inside_another_gives_its_aliases_and_what_it_keeps_out() -> None:
    (east,) = leaves(expression("@east", WATCHLISTS))
    assert isinstance(east, Names)
    assert [alias.written for alias in east.aliases] == ["Korea", "Iran*", "Tehran", "China", "Beijing"]
    assert [phrase.written for phrase in east.none] == ["fine china"]


@pytest.mark.parametrize(
    ("watchlist", "path", "says"),
    [
        (Watchlist("a", ("x-ray", "@a")), "aliases.1", "the watchlist @a holds itself: @a → @a"),
        (Watchlist("a", ("@b",)), "aliases.0", "the watchlist @a holds itself: @a → @b → @a"),
        (Watchlist("a", ("@iran", "@irna")), "aliases.1", "there is no watchlist @irna; did you mean @iran?"),
        (Watchlist("a", ("title: x",)), "aliases.0", "an alias has no field"),
        (Watchlist("a", ("/x/",)), "aliases.0", "an alias is no regular expression"),
        (Watchlist("a", ("atleast/2:x",)), "aliases.0", "an alias counts no places"),
        (Watchlist("a", ("x",), none=("@iran",)), "none.0", "none holds phrases only"),
        (Watchlist("a", ("x",), none=("title:x y",)), "none.0", "an alias has no field"),
        (Watchlist("a", ("x",), none=("x",)), "none.0", '"x" says the same as aliases.0'),
    ],
)
def test_a_problem_of_a_watchlist_is_told(watchlist: Watchlist, path: str, says: str) -> None:
    known = {**WATCHLISTS, "b": Watchlist("b", ("@a",))}
    [(where, words)] = rules_.check_watchlist(watchlist, known)
    assert where == path
    assert says in words


def test_a_watchlist_inside_a_sound_one_that_is_in_a_circle_is_not_blamed_on_it() -> None:
    assert rules_.check_watchlist(Watchlist("outer", ("@one",)), WATCHLISTS) == ()


# ── what it finds: the language end to end ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "title", "text", "wanted"),
    [
        ("iran AND oil", "Iran", "sells oil", True),
        ("iran AND oil", "Iran", "sells gas", False),
        ("iran AND NOT oil", "Iran", "sells oil", False),
        ("(iran OR iraq) AND oil", "Iraq", "oil", True),
        ("iran NEAR/2 oil", "oil for all Iran", "", True),
        ("iran NEAR/1 oil", "oil for all Iran", "", False),
        ("iran ONEAR/2 oil", "oil for all Iran", "", False),
        ("iran NEAR/5 oil", "Iran", "oil", False),
        ("case:ICE", "an ice cap", "", False),
        ("case:ICE", "an ICE raid", "", True),
        ("exact:Pará", "para todos", "", False),
        ("exact:Pará", "o Pará", "", True),
        ("atleast/2:oil", "oil", "oil", True),
        ("atleast/2:oil", "oil", "gas", False),
        ("atleast/2:(oil OR gas)", "oil", "gas", True),
        ("@china", "a fine china shop", "", False),
        ("@china", "a fine china shop in China", "", True),
        ("title:(@iran AND oil)", "Iran", "oil", False),
        ("/[0-9]+ (killed|dead)/", "12 Killed in raid", "", True),
        ("/[0-9]+ (killed|dead)/", "many killed", "", False),
    ],
)  # fmt: skip
def test_an_expression_decides(said: str, title: str, text: str, wanted: bool) -> None:
    assert meets(said, article(title, text)) is wanted


# ── and back ─────────────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = st.sampled_from(
    ["iran", "tarif*", '"oil price"', "case:ICE", 'exact:"São Paulo*"', "title:iran", 'lead:case:"U.S."', "伊朗", "@iran",
     "title:@east", "/a b|c/", "lang:en", "text:/x\\/y/", '"AND"', '"title: (x"', "10:30"]
)  # fmt: skip
LEAVES = WORDS.map(lambda said: expression(said, WATCHLISTS))
EITHER = st.lists(LEAVES, min_size=1, max_size=3).map(lambda found: Either(tuple(found)))  # type: ignore[arg-type]
ATOMS = st.one_of(
    LEAVES,
    st.builds(Near, EITHER, EITHER, st.integers(0, 99), st.booleans()),
    st.builds(AtLeast, st.integers(2, 99), EITHER),
)
TREES: st.SearchStrategy[Node] = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: joined(And, parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: joined(Or, parts)),
        inner.map(Not),
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(TREES)
def test_a_tree_that_is_written_reads_as_the_same_tree(tree: Node) -> None:
    whole = And((expression("zzz", {}), Not(Not(tree))))
    assert expression(written(whole), WATCHLISTS) == whole


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*'()/"@:*-', " ", "AND", "OR", "NOT", "NEAR/2", "a", "bcd", "title:", "atleast/2:", "\n", "“"])
    )
)
def test_no_text_makes_the_reader_raise_anything_else(parts: list[str]) -> None:
    said = " ".join(parts)
    problems = rules_.check(Rule("r", "R", match=said or " "), WATCHLISTS)
    if problems:
        [(path, _)] = problems
        assert 0 <= int(path.removeprefix("match.")) <= len(said)
    else:
        node = expression(said, WATCHLISTS)
        assert expression(written(node), WATCHLISTS) == node


@pytest.mark.parametrize(
    "term", ["oil price", "title: oil price", "Iran (Islamic Republic)", "and", "near/5", "title: @iran", "U.S."]
)
def test_a_term_of_a_list_can_be_written_into_an_expression(term: str) -> None:
    (listed,) = leaves(read(Rule("r", "R", any=(term,)), WATCHLISTS))
    (spoken,) = leaves(expression(written(listed), WATCHLISTS))
    assert spoken.fields == listed.fields
    assert getattr(spoken, "words", ()) == getattr(listed, "words", ())


# ── regular expressions ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"\w+", "Irán نفت 伊朗", ["Irán", "نفت", "伊朗"]),
        (r"\d+", "12 and ۱۲", ["12", "۱۲"]),
        (r"\birán(es)?\b", "Irán, IRÁNES e iraní", ["Irán", "IRÁNES"]),
        (r"\bиран\b", "Иран, иранский", ["Иран"]),
        (r"\b[a-z]+\b", "oil oil oil", ["oil", "oil", "oil"]),
        (r"iran\b", "iran iranian", ["iran"]),
        (r"\b(iran|iraq)s?\b", "Iraq's irans", ["Iraq", "irans"]),
        (r"(?-i:ICE)", "ice ICE", ["ICE"]),
        (r"(?i)\boil", "OIL turmoil", ["OIL"]),
        (r"a\s+b", "a\u3000b", ["a\u3000b"]),
        (r"[\w.]+@[\w.]+", "to é.b@c.org", ["é.b@c.org"]),
        (r"[^\d]+", "12ab", ["ab"]),
        (r"\Qa.b\E", "a.b acb", ["a.b"]),
        (r"(?P<x>a)|b", "ab", ["a", "b"]),
        (r"x.y", "x\ny", ["x\ny"]),
        (r"^\d", "1 2", ["1"]),
        (r"\p{Greek}+", "ΙΡΑΝ iran", ["ΙΡΑΝ"]),
        (r"[]a]+", "]a", ["]a"]),
        (r"\b\d{2,3}\b", "1 22 333 4444", ["22", "333"]),
        (r"\b[a-zа-я]+\b", "🗞 oil,нефть\U0001f525gas", ["oil", "нефть", "gas"]),
        (r"\boil\b", "\ud800oil oil", ["oil", "oil"]),
        (r"\bCVE-\d{4}-\d{4,7}\b", "See CVE-2026-12345.", ["CVE-2026-12345"]),
        (r"\b(\w+) (\w+) (\w+)\b", "a b c d e f", ["a b c", "d e f"]),
    ],
)
def test_a_regular_expression_knows_every_script(pattern: str, text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in compile_pattern(pattern).places(text)] == found


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(", "cannot be read: missing )"),
        ("a**", "bad repetition operator"),
        ("(?=a)", "neither look-around nor back references"),
        (r"(a)\1", "neither look-around nor back references"),
        ("a*", "met by an empty text"),
        ("a|", "met by an empty text"),
        ("^", "met by an empty text"),
        (r"\Ba", r"write \w where the word must go on"),
        (r"\C", "a part of a letter"),
        (r"iran\b.*china", r"write \W where a word must end"),
        (r"\biran|china", "at one side of a |"),
        (r"\b#tag", r"beside \b must stand a letter"),
        (r"\biran?x?\b", ""),
        (r"\ba?b?c*", r"beside \b must stand a letter"),
        (r"\b\b", r"beside \b must stand a letter"),
        (r"\b[^a]", r"beside \b must stand a letter"),
        (r"\b[a-~]", r"beside \b must stand a letter"),
        (r"[\W]", r"\W cannot stand inside [ ]"),
        ("[[:alpha:]]", r"write \p{L} for letters"),
        ("a{101}", "101 letters of it may be one of several, or missing, or stand under a {n}, and 22 are allowed"),
        ("(a{20}){6}", "120 letters of it"),
        (r"\w{20}", r"100 letters of it may be one of several"),
        (r"\pL{1000}", r"write fewer \w"),
        (f"x{'.' * 23}", "23 letters of it"),
        (f"{'(a|b)' * 23}", "23 letters of it"),
        (f"x{'a?' * 23}", "23 letters of it"),
        (f"x{'(ab)?' * 23}", "23 letters of it"),
        ("a" * 501, "more than 500 letters"),
    ],
)
def test_a_regular_expression_is_refused_with_the_reason(pattern: str, says: str) -> None:
    if not says:
        assert compile_pattern(pattern)
        return
    with pytest.raises(TermError) as refused:
        compile_pattern(pattern)
    assert says in str(refused.value)


WEIGHED = [
    # a piece of an expression, and for how many vague letters it counts
    ("x", 0), ("oil ", 0), ("(?:oil gas)", 0), ("a+", 0), ("a*", 1), ("a?", 1), (".", 1), (".*", 1), ("[ab]", 1), ("[^a]+", 1),
    (r"\d", 2), (r"\s", 2), (r"\S*", 2), (r"\w", 5), (r"\W+", 5), (r"\D", 5), (r"\p{L}", 5), (r"[\w-]", 5), ("a{4}", 4),
    ("a{0,4}", 4), ("a{3,}", 4), (".{5}", 5), (r"\d{3}", 6), ("(?:a|b)", 1), ("(?:a|b)+", 1), ("(?:ab){3}", 6),
    ("(?:a|bc){3}", 12), ("(?:ab)?", 1), ("(?:[ab]c?)", 2), ("(?:[ab]{2}){3}", 6), (r"(?:\d{2}){2}", 8),
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WEIGHED), min_size=1, max_size=9), st.sampled_from(["", r"\b"]))
def test_what_a_regular_expression_makes_re2_do_is_bounded(pieces: list[tuple[str, int]], edge: str) -> None:
    """By the letters that it must keep in mind and the steps of its program, which do not depend on the machine.

    What that comes to in milliseconds is measured by ``bench/regexes.py``.
    """
    pattern = f"{edge}x{''.join(piece for piece, _ in pieces)}x{edge}"
    vague = sum(count for _, count in pieces)
    if vague > MAX_VAGUE:
        with pytest.raises(TermError, match=f"{vague} letters of it may be one of several"):
            compile_pattern(pattern)
        return
    large = sum(count == 5 for _, count in pieces) + 2 * bool(edge)  # a \b becomes a large class
    with suppress(*[TermError] * (large > 5)):
        assert compile_pattern(pattern).compiled.programsize <= MAX_PROGRAM


def test_no_more_than_a_hundred_places_are_looked_for() -> None:
    assert len(compile_pattern("a").places("a" * 65_536)) == MAX_PLACES


@pytest.mark.parametrize("edge", ["", r"\b"])
@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab éи国\u0301🔥_-", max_size=30))
def test_places_are_those_that_python_finds(edge: str, text: str) -> None:
    """In letters, though RE2 looks in bytes; a sign beside a word may end one and begin the next."""
    marks = r"(?:[^\W]|\u0301)"
    plain = re.compile(f"(?<!{marks[3:8]})(?<!\u0301){marks}+" if edge else f"{marks}+")
    assert list(compile_pattern(rf"{edge}\w+{edge}").places(text)) == [found.span() for found in plain.finditer(text)]


# ── how long it takes ────────────────────────────────────────────────────────────────────────────────────────────────


def test_ten_thousand_rules_are_read_in_a_second() -> None:
    """A tenth of what is promised, with ten times the time that it takes: a machine may be busy."""
    words, pick = [f"word{n}" for n in range(5_000)], random.Random(7)
    said = [pick.sample(words, 4) for _ in range(10_000)]
    began = time.process_time()
    for a, b, c, d in said:
        expression(f"({a} OR {b} OR @iran) AND title:{c} NEAR/5 {d} AND NOT football", WATCHLISTS)
    for terms in said:
        read(Rule("r", "R", any=(*terms, "@china"), none=("football",)), WATCHLISTS)
    assert time.process_time() - began < 3


# ── where it stands in the file ──────────────────────────────────────────────────────────────────────────────────────


def test_a_problem_points_at_its_place_in_the_line() -> None:
    problem = Problem("rules/a.yaml", 2, 14, "write AND", "    match: 伊朗 adn gas")
    assert problem.pointed == "rules/a.yaml:2:14: write AND\n    match: 伊朗 adn gas\n               ^"
    assert Problem("a.yaml", 0, 0, "missing").pointed == "a.yaml:0:0: missing"
    long = Problem("a.yaml", 1, 500, "here", "x" * 499 + "Y" + "z" * 500)
    _, line, caret = long.pointed.split("\n")
    assert len(line) == 120
    assert line[caret.index("^")] == "Y"
