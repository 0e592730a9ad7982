"""Laws of matching: the index finds what a plain reading finds, and evidence is what stands in the article."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import rules as rules_
from alerts.model import Article, Evidence, Rule, Watchlist
from alerts.rules import nodes, parse_term
from alerts.rules.reading import read as read_rule
from alerts.rules.reading import written as spoken
from alerts.rules.words import between, is_cut, is_solid, letters, pieces
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


# ── a naive evaluator of the whole tree, without an index: every leaf is tried at every place of every field ─────────

PLAIN = ["iran", "Iran", "IRAN", "iranian", "tariff", "tariffs", "oil", "Pará", "Para", "иран", "ایران", "ईरान"]
SOLID = ["伊朗", "中国", "国", "이란", "제재"]
GAPS = [" "] * 8 + [", ", ". ", "-", "\n", "", " → "]
LISTS = {
    "w": Watchlist("w", ("iran", "oil tariff*", "伊朗", "ایران", "Pará")),
    "x": Watchlist("x", ("iran", "中国", "tariff", "@w"), none=("iran oil", "oil iran", "中国 国")),
}
Place = tuple[int, int, int]


def fields_of(a: Article) -> list[tuple[str, str]]:
    rest = [("outlet", a.outlet), ("author", a.author), *(("category", c) for c in a.categories)]
    return [("title", a.title), ("text", a.text), *rest, ("lang", a.lang), ("country", a.country)]


def naive_places(leaf: nodes.Leaf, a: Article) -> list[Place]:
    if isinstance(leaf, nodes.Names):
        inside = nodes.TEXT if leaf.fields[0] in {"title", "lead", "text"} else leaf.fields
        hidden = [place for phrase in leaf.none for place in naive_phrase(phrase, a, inside)]
        every = {place for alias in leaf.aliases for place in naive_phrase(alias, a, leaf.fields)}
        return sorted(p for p in every if not any(p[0] == h[0] and p[1] < h[2] and h[1] < p[2] for h in hidden))
    if isinstance(leaf, nodes.Phrase):
        return naive_phrase(leaf, a, leaf.fields)
    hits = [(i, *m.span(), v) for i, v in seen_by(leaf.fields, a) for m in re.finditer(leaf.pattern, v, re.IGNORECASE)]
    return [(i, b, e) for i, b, e, v in hits if is_seen(i, e, leaf.fields, a)]


def seen_by(fields: tuple[str, ...], a: Article) -> list[tuple[int, str]]:
    named = [(i, name, value) for i, (name, value) in enumerate(fields_of(a))]
    return [(i, value) for i, name, value in named if name in fields or (name == "text" and "lead" in fields)]


def is_seen(number: int, end: int, fields: tuple[str, ...], a: Article) -> bool:
    return number != 1 or "text" in fields or end <= lead_end(a.text)


def naive_phrase(phrase: nodes.Phrase, a: Article, fields: tuple[str, ...]) -> list[Place]:
    found = []
    for number, value in seen_by(fields, a):
        words = pieces(value)
        for i, word in enumerate(words):
            for offset in range(len(word.word)) if is_solid(word.word) else (0,):
                for last, end in ends(phrase, 0, words, i, offset):
                    start = place_of(value, word, offset, len(word.word))[0]
                    stop = place_of(value, words[last], 0, end)[1]
                    if is_seen(number, stop, fields, a) and is_printed(phrase, value[start:stop]):
                        found.append((number, start, stop))
    return sorted(found)


def ends(phrase: nodes.Phrase, k: int, words: tuple, i: int, offset: int) -> Iterator[tuple[int, int]]:
    """Where the phrase may end if its word number k begins in this word of the text."""
    if i == len(words):
        return
    word, said, is_last = phrase.words[k], words[i].word, k == len(phrase.words) - 1
    if is_solid(said) and is_solid(word):
        if not said.startswith(word, offset):
            return
        end = offset + len(word)
    elif not is_solid(said) and (said == word or (is_last and phrase.prefix and said.startswith(word))):
        end = len(said)
    else:
        return
    if is_last:
        if not is_solid(said) or not is_cut(said, end):
            yield i, end
    else:
        yield from ends(phrase, k + 1, words, *((i, end) if end < len(said) else (i + 1, 0)))


def place_of(value: str, word, begin: int, end: int) -> tuple[int, int]:
    start, stop = word.start, word.end
    where = letters(value[start:stop], word.word, start)
    return (where[begin][0] if begin else start), (where[end - 1][1] if end < len(word.word) else stop)


def is_printed(phrase: nodes.Phrase, printed: str) -> bool:
    """The words of these tests have no capital that folding makes two letters of, so that this is plain."""
    have = " ".join(re.findall(r"[^\W_]+", printed))
    for wanted, change in ((phrase.case, lambda s: s.replace("á", "a")), (phrase.exact, str.casefold)):
        want = change(" ".join(re.findall(r"[^\W_]+", wanted)))
        if wanted and not (change(have).startswith(want) if phrase.prefix else change(have) == want):
            return False
    return True


def naively(node: nodes.Node, a: Article) -> bool:
    match node:
        case nodes.And(parts):
            return all(naively(part, a) for part in parts)
        case nodes.Or(parts):
            return any(naively(part, a) for part in parts)
        case nodes.Not(part):
            return not naively(part, a)
        case nodes.AtLeast(count, of):
            return apart([place for leaf in of.leaves for place in naive_places(leaf, a)]) >= count
        case nodes.Near(left, right, distance, ordered):
            ones = [place for leaf in left.leaves for place in naive_places(leaf, a)]
            others = [place for leaf in right.leaves for place in naive_places(leaf, a)]
            pairs = [(x, y) for x in ones for y in others] + [(y, x) for x in ones for y in others if not ordered]
            return any(is_near(x, y, distance, a) for x, y in pairs)
    return bool(naive_places(node, a))


def is_near(one: Place, other: Place, distance: int, a: Article) -> bool:
    value = fields_of(a)[one[0]][1]
    return one[0] == other[0] and one[2] <= other[1] and between(value[one[2] : other[1]], distance + 1) <= distance


def apart(found: list[Place]) -> int:
    count, reached = 0, (-1, 0)
    for number, start, end in sorted(set(found), key=lambda place: (place[0], place[1], -place[2])):
        if (number, start) >= reached:
            count, reached = count + 1, (number, end)
    return count


def some_term(pick: random.Random) -> str:
    kind = pick.random()
    if kind < 0.15:
        return pick.choice(["", "", "title:", "lead:"]) + pick.choice(["@w", "@x"])
    if kind < 0.2:
        return pick.choice(["/tarif+s?/", "title:/ir.n/", "/oil|中国/"])
    if kind < 0.25:
        return pick.choice(
            ["outlet:courier", 'outlet:"the courier"', "lang:en", "category:oil", "category:ira*", "author:이란"]
        )
    count = pick.choice([1, 1, 1, 2, 2, 3])
    words = [pick.choice(PLAIN + SOLID) for _ in range(count)]
    star = "*" if not is_solid(words[-1]) and pick.random() < 0.25 and len(words[-1]) > 3 else ""
    said = " ".join(words) + star
    mark = pick.choice(["", "", "", "", "title:", "lead:"])
    if pick.random() < 0.15:
        mark += pick.choice(["case:", "exact:"])
    return f'{mark}"{said}"'


def some_expression(pick: random.Random, depth: int = 3) -> str:
    kind = pick.random()
    if depth == 0 or kind < 0.3:
        return some_term(pick)
    if kind < 0.45:
        sides = [pick.choice([some_term(pick), f"({some_term(pick)} OR {some_term(pick)})"]) for _ in range(2)]
        return f"{sides[0]} {pick.choice(['', 'O'])}NEAR/{pick.randint(0, 4)} {sides[1]}"
    if kind < 0.55:
        return f"atleast/{pick.randint(2, 4)}:({some_term(pick)} OR {some_term(pick)})"
    if kind < 0.65:
        return f"NOT ({some_expression(pick, depth - 1)})"
    parts = [some_expression(pick, depth - 1) for _ in range(pick.randint(2, 3))]
    return "(" + pick.choice([" AND ", " OR "]).join(parts) + ")"


def some_rules(pick: random.Random, count: int) -> Iterator[Rule]:
    while count:
        rule = Rule(f"r{count}", "R", match=some_expression(pick))
        try:
            rules_.compile([rule], LISTS)
        except rules_.TermError:  # it would be met by articles that lack something
            continue
        count -= 1
        yield rule


def some_text(pick: random.Random, limit: int) -> str:
    words = PLAIN[:9] if pick.random() < 0.4 else PLAIN + SOLID
    said = [pick.choice(words) + pick.choice(GAPS) for _ in range(pick.randint(0, limit))]
    return "w " * pick.choice([0, 0, 0, 55]) + "".join(said)


def some_article(pick: random.Random) -> Article:
    outlet, author = pick.choice(["The Courier", "Oil iran", ""]), pick.choice(["", "이란의 Jane"])
    categories = tuple(pick.sample(["Oil", "Iran news", "中国"], pick.randint(0, 2)))
    text = some_text(pick, 14)
    return Article("a", "v", "f", outlet, "", some_text(pick, 4), text, NOON, None, "en-GB", "", author, categories)


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_ten_thousand_pairs_of_rule_and_text_are_decided_as_by_a_naive_evaluator(seed: int):
    pick = random.Random(seed)
    made = list(some_rules(pick, 8))
    compiled = rules_.compile(made, LISTS)
    for a in [some_article(pick) for _ in range(5)]:
        met = rules_.match(a, compiled)
        hits = {hit.rule: hit.evidence for hit in met.hits} if met else {}
        for rule in made:
            node = read_rule(rule, LISTS)
            assert (rule.id in hits) is naively(node, a), (spoken(node), a)
            assert bool(rules_.why_not(a, rule.id, compiled)) is (rule.id not in hits), (spoken(node), a)
            assert all(e in naive_evidence(node, a) for e in hits.get(rule.id, ())), (spoken(node), a)


def naive_evidence(node: nodes.Node, a: Article) -> set[Evidence]:
    """Everything that may be told of a rule: each place of each of its leaves."""
    told = set()
    for leaf in nodes.leaves(node):
        name = f"@{leaf.watchlist}" if isinstance(leaf, nodes.Names) else leaf.written
        for number, start, end in naive_places(leaf, a):
            field, value = fields_of(a)[number]
            told.add(Evidence(name, field, start, end, value[start:end]))
    return told
