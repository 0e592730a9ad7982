"""Watch rules: what a term may look like, what it finds, and what is said when it does not."""

from datetime import UTC, datetime

import pytest

from alerts import rules as rules_
from alerts.model import Article, Evidence, Match, Rule, Watchlist
from alerts.rules import Term, TermError, parse_term
from alerts.text import lead, lead_end

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
IRAN = Watchlist("iran", ("Iran", "Iran's Supreme Leader", "Teheran", "Tehran*", "ایران", "이란", "伊朗", "Иран*"))
CHINA = Watchlist("china", ("China", "中国", "中國", "중국", "Китай"))
WATCHLISTS = {"iran": IRAN, "china": CHINA}


def article(title: str = "", text: str = "", **rest: object) -> Article:
    values = {"id": "a1", "version": "v1", "feed": "f", "outlet": "The Courier", "url": "https://a.example/1"}
    return Article(**{**values, "title": title, "text": text, "seen": NOON, **rest})  # type: ignore[arg-type]


def rule(name: str = "r", **parts: list[str]) -> Rule:
    return Rule(name, name.title(), **{part: tuple(terms) for part, terms in parts.items()})  # type: ignore[arg-type]


def found(a: Article, *rules: Rule) -> Match | None:
    return rules_.match(a, rules_.compile(rules, WATCHLISTS))


def evidence(a: Article, *terms: str) -> list[tuple[str, str]]:
    """The places at which one of the terms is found, as (field, words)."""
    met = found(a, rule(any=list(terms)))
    return [(e.field, e.words) for e in met.hits[0].evidence] if met else []


# ── terms ────────────────────────────────────────────────────────────────────────────────────────────────────────────

TITLE_AND_TEXT = ("title", "text")


@pytest.mark.parametrize(
    ("written", "words", "prefix", "fields", "watchlist"),
    [
        ("iran", ("iran",), False, TITLE_AND_TEXT, ""),
        ("  Iran ", ("iran",), False, TITLE_AND_TEXT, ""),
        ("oil price", ("oil", "price"), False, TITLE_AND_TEXT, ""),
        ('"oil price"', ("oil", "price"), False, TITLE_AND_TEXT, ""),
        ("“oil price”", ("oil", "price"), False, TITLE_AND_TEXT, ""),
        ("U.S.", ("u", "s"), False, TITLE_AND_TEXT, ""),
        ("tarif*", ("tarif",), True, TITLE_AND_TEXT, ""),
        ('"oil tarif*"', ("oil", "tarif"), True, TITLE_AND_TEXT, ""),
        ("title: sanctions", ("sanctions",), False, ("title",), ""),
        ("Title:sanctions", ("sanctions",), False, ("title",), ""),
        ("title : sanctions", ("sanctions",), False, ("title",), ""),
        ('lead: "oil price"', ("oil", "price"), False, ("title", "lead"), ""),
        ("text: iran", ("iran",), False, TITLE_AND_TEXT, ""),
        ("lang: zh-Hant", ("zh", "hant"), False, ("lang",), ""),
        ("@iran", (), False, TITLE_AND_TEXT, "iran"),
        ("title: @middle-east", (), False, ("title",), "middle-east"),
        ('"note: this"', ("note", "this"), False, TITLE_AND_TEXT, ""),
        ('title: "note: this"', ("note", "this"), False, ("title",), ""),
        ('"@iran"', ("iran",), False, TITLE_AND_TEXT, ""),
        ('"Bonnie AND Clyde"', ("bonnie", "and", "clyde"), False, TITLE_AND_TEXT, ""),
        ("at 10:30", ("at", "10", "30"), False, TITLE_AND_TEXT, ""),
        ("5G网络", ("5g", "网络"), False, TITLE_AND_TEXT, ""),
        ("网*", ("网",), True, TITLE_AND_TEXT, ""),
        ("Teherán", ("teheran",), False, TITLE_AND_TEXT, ""),
    ],
)
def test_a_term_is_read_as_it_is_meant(written, words, prefix, fields, watchlist):
    assert parse_term(written) == Term(written, words, prefix, fields, watchlist)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "the term is empty"),
        ("   ", "the term is empty"),
        ("!!!", 'cannot begin with "!"'),
        ("…", "no letter or digit"),
        ('""', "no letter or digit"),
        ("*", "no letter or digit"),
        ("ta*if", "only at the very end"),
        ("*tarif", "only at the very end"),
        ("tarif**", "only at the very end"),
        ("tarif.*", "this is no regular expression"),
        ("tarif *", "directly after a letter"),
        ("ta*", "at least 3 letters before the *"),
        ('"oil ta*"', "at least 3 letters before the *"),
        ("titel: iran", 'there is no field "titel"; did you mean "title"?'),
        ("note: this", "put all of it in quotes: '\"note: this\"'"),
        ("Trump : le retour", 'there is no field "Trump"'),
        ("https://a.example", 'there is no field "https"'),
        ("iran title: oil", "in front of the whole term only"),
        ("title:", 'nothing stands after "title:"'),
        ("@", "the name of a watchlist is missing"),
        ("@ iran", "the name of a watchlist is missing"),
        ("@iran*", "a * cannot follow a watchlist"),
        ("@iran sanctions", 'write @iran and "sanctions" as two terms'),
        ('"oil price', "opened and not closed"),
        ('"oil" price', "around the whole term"),
        ('"oil" "price"', "write two phrases as two terms"),
        ('"tarif"*', "around the whole term: '\"tarif*\"'"),
        ("-football", "write it under none"),
        ("iran AND oil", "AND joins no terms"),
        ("NOT football", "NOT joins no terms"),
    ],
)
def test_what_could_mean_two_things_is_refused_with_what_to_write(written, says):
    with pytest.raises(TermError) as refused:
        parse_term(written)
    assert says in str(refused.value)


# ── words and their borders ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("term", "text", "words"),
    [
        ("iran", "Iran's oil", "Iran"),  # a possessive is the word and an s
        ("iran", "Iran’s oil", "Iran"),
        ("iran", "the Iranian rial", ""),  # a longer word is another word
        ("iran", "(IRAN)", "IRAN"),
        ("iran", "pro-Iran groups", "Iran"),
        ("iran", "iran_war", "iran"),  # an underscore is a border
        ("iran", "iran2026", ""),
        ("U.S.", "a US warship", ""),  # letters with points are two words, without points one
        ("U.S.", "the U.S. Navy", "U.S"),
        ("oil price", "oil-price shock", "oil-price"),
        ("oil price", "oil and price", ""),
        ("oil price", "oil  PRICE", "oil  PRICE"),
        ("oil price", "the price of oil", ""),
        ("25%", "a 25% tariff", "25"),
        ("tarif*", "new tariffs", "tariffs"),
        ("tarif*", "le tarif", "tarif"),
        ("tarif*", "antitariff", ""),
        ("oil tarif*", "an oil tariff", "oil tariff"),
        ("oil tarif*", "an oil-rich tariff", ""),
        ("teheran", "en Teherán", "Teherán"),  # accents are folded on both sides
        ("Teherán", "in Teheran", "Teheran"),
        ("Teherán", "in Tehera\u0301n", "Tehera\u0301n"),
        ("strasse", "Große Straße", "Straße"),
        ("istanbul", "İSTANBUL", "İSTANBUL"),
        ("иран", "в Иран.", "Иран"),
        ("иран", "в Иране", ""),  # a declined form is another word: that is what the star is for
        ("иран*", "в Иране", "Иране"),
        ("елка", "Ёлка", "Ёлка"),
        ("Ιράν", "το ΙΡΑΝ", "ΙΡΑΝ"),
        ("إيران", "عن ایران", "ایران"),  # Arabic and Persian letters are one
        ("ایران", "إِيرَان", "إِيرَان"),  # and vowel points are no letters
        ("نفتکش", "یک نفت‌كش", "نفت‌كش"),
        ("ईरान", "ईरान पर", "ईरान"),
        ("ईरान", "ईरानी तेल", ""),
        ("איראן", "על איראן.", "איראן"),
        ("이란", "이란은 오늘", "이란"),  # particles are joined to Korean words
        ("이란", "대이란 제재", "이란"),
        ("이란 제재", "대이란제재가", "이란제재"),  # Korean is spaced as one likes
        ("이란 제재", "이란의 제재", ""),
        ("이란", "이\u1105\u1161\u11ab은".replace("이", "\u110b\u1175"), "\u110b\u1175\u1105\u1161\u11ab"),
        ("伊朗", "美国对伊朗实施制裁", "伊朗"),
        ("伊朗", "伊，朗", ""),  # a word does not run over a comma
        ("美国 制裁", "美国制裁伊朗", "美国制裁"),
        ("イラン", "対イラン制裁", "イラン"),
        ("イラン", "対ｲﾗﾝ制裁", "ｲﾗﾝ"),
        ("ガソリン", "カ\u3099ソリン高", "カ\u3099ソリン"),
        ("อิหร่าน", "ประเทศอิหร่านวันนี้", "อิหร่าน"),
        ("น้ำมัน", "ราคาน้ำมันโลก", "น้ำมัน"),
        ("มา", "ม้าวิ่ง", ""),
        ("นา", "น้ำ", ""),
        ("กา", "การ", "กา"),
        ("กน", "กนิ", ""),  # a sign above makes another letter of it
        ("ອີຣ່ານ", "ປະເທດອີຣ່ານ", "ອີຣ່ານ"),
        ("အီရန်", "အီရန်နိုင်ငံ", "အီရန်"),
        ("អ៊ីរ៉ង់", "ប្រទេសអ៊ីរ៉ង់", "អ៊ីរ៉ង់"),
        ("iphone", "iPhone中国", "iPhone"),  # scripts that meet are a border
        ("中国", "iPhone中国", "中国"),
        ("iphone 中国", "iPhone中国", "iPhone中国"),
        ("iphone中国", "iPhone in 中国", ""),
        ("phone", "iPhone中国", ""),
        ("AI", "AI기술은", "AI"),
        ("2021", "2021年中国", "2021"),
        ("中国*", "中国人民", "中国"),  # within a run the star changes nothing
    ],
)
def test_a_term_finds_words_and_not_parts_of_words(term, text, words):
    a = article(text=text)
    assert evidence(a, term) == ([("text", words)] if words else [])


# ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────────────

LONG = article(
    "Oil rises", " ".join(f"w{i}" for i in range(59)) + " sanctions iran", categories=("World", "Oil Markets")
)


@pytest.mark.parametrize(
    ("term", "places"),
    [
        ("oil", [("title", "Oil")]),
        ("title: oil", [("title", "Oil")]),
        ("title: sanctions", []),
        ("lead: oil", [("title", "Oil")]),
        ("lead: sanctions", [("text", "sanctions")]),  # the sixtieth word
        ("lead: iran", []),  # the one after it
        ('lead: "sanctions iran"', []),  # a phrase over the end of the lead is not in it
        ("text: iran", [("text", "iran")]),
        ("rises w0", []),  # no phrase runs over the border of title and text
        ("courier", []),
        ("outlet: courier", [("outlet", "Courier")]),
        ('outlet: "the courier"', [("outlet", "The Courier")]),
        ("category: world", [("category", "World")]),
        ("category: oil", [("category", "Oil")]),
        ("category: world oil", []),  # nor over that of two categories
    ],
)
def test_a_term_looks_only_where_it_was_told(term, places):
    assert evidence(LONG, term) == places


@pytest.mark.parametrize(
    ("term", "places"),
    [
        ("author: doe", [("author", "Doe")]),
        ("lang: en", [("lang", "en")]),
        ("lang: GB", [("lang", "GB")]),
        ("country: gb", [("country", "GB")]),
        ("country: us", []),
        ("doe", []),
    ],
)
def test_what_the_feed_says_of_an_article_can_be_asked(term, places):
    a = article("A title", "A text", author="Jane Doe", lang="en-GB", country="GB")
    assert evidence(a, term) == places


def test_the_lead_of_chinese_is_counted_in_letters():
    text = "中" * 120 + "伊朗"
    assert lead_end(text) == 120
    assert lead(text) == "中" * 120
    assert not evidence(article(text=text), "lead: 伊朗")
    assert evidence(article(text=text[1:-2] + "伊朗"), "text: 伊朗") == [("text", "伊朗")]


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("parts", "matches", "why"),
    [
        ({"any": ["iran", "cuba"]}, True, ""),
        ({"any": ["cuba", "peru"]}, False, 'none of any: "cuba", "peru" was found'),
        ({"all": ["iran", "sanctions"]}, True, ""),
        ({"all": ["iran", "peru"]}, False, 'all: "peru" was not found'),
        ({"any": ["cuba"], "all": ["iran"]}, False, 'none of any: "cuba" was found'),
        ({"any": ["iran"], "none": ["football"]}, True, ""),
        ({"any": ["iran"], "none": ["sanctions"]}, False, 'none: "sanctions" was found in the title'),
        ({"any": ["iran"], "none": ["title: oil"]}, True, ""),
        ({"any": ["iran"], "none": ["oil"]}, False, 'none: "oil" was found in the text'),
        ({"any": ["@iran"], "none": ["@china"]}, False, 'none: "@china" was found in the text as "China"'),
        ({"any": ["@iran"], "none": ["sanct*"]}, False, 'none: "sanct*" was found in the title as "sanctions"'),
        (
            {"all": ['"new sanctions"', "peru"], "none": ["oil"]},
            False,
            'all: "peru" was not found; none: "oil" was found',
        ),
        ({"all": ['title:"more sanctions"']}, False, 'all: title:"more sanctions" was not found'),
        ({"any": ["lead: iran"], "all": ["outlet: courier"]}, True, ""),
    ],
)
def test_any_and_all_and_none(parts, matches, why):
    a = article("New sanctions on Iran", "China buys the oil.")
    compiled = rules_.compile([rule(**parts)], WATCHLISTS)
    assert (rules_.match(a, compiled) is not None) is matches
    said = rules_.why_not(a, "r", compiled)
    assert said.startswith(why)
    assert bool(said) is not matches


def test_why_not_of_a_rule_that_is_not_there():
    assert rules_.why_not(article("x"), "nope", rules_.compile([], {})) == 'there is no rule "nope"'


def test_an_article_that_meets_several_rules_is_one_match_with_the_hits_in_the_order_of_the_rules():
    rules = [rule("zebra", any=["oil"]), rule("none", any=["peru"]), rule("alpha", all=["@iran", "oil"])]
    met = found(article("Iran sells oil"), *rules)
    assert met is not None
    assert [hit.rule for hit in met.hits] == ["zebra", "alpha"]
    assert met.rules == rules_.compile(rules, WATCHLISTS).hash


def test_an_article_that_meets_no_rule_is_no_match():
    assert found(article("Nothing here"), rule(any=["iran"])) is None
    assert found(article(), rule(any=["iran"])) is None
    assert rules_.match(article("Iran"), rules_.compile([], {})) is None


def test_every_positive_term_that_was_met_is_evidence_at_its_first_place_in_each_field():
    met = found(article("Oil and Iran", "iran, oil; Iran"), rule(any=["cuba", "iran"], all=["oil"], none=["peru"]))
    assert met is not None
    assert met.hits[0].evidence == (
        Evidence("iran", "title", 8, 12, "Iran"),
        Evidence("iran", "text", 0, 4, "iran"),
        Evidence("oil", "title", 0, 3, "Oil"),
        Evidence("oil", "text", 6, 9, "oil"),
    )


def test_a_star_behind_a_run_is_the_same_phrase_and_both_terms_are_told():
    met = found(article("中国人民"), rule("one", any=["中国"]), rule("two", any=["中国*"]))
    assert met is not None
    assert [(hit.rule, hit.evidence[0].words) for hit in met.hits] == [("one", "中国"), ("two", "中国")]


def test_a_watchlist_is_evidence_under_its_own_name_with_the_alias_as_printed():
    met = found(article("이란은", "Iran's Supreme Leader in Tehranpars"), rule(any=["text: @iran"]))
    assert met is not None
    assert [(e.term, e.field, e.words) for e in met.hits[0].evidence] == [
        ("@iran", "title", "이란"),
        ("@iran", "text", "Iran's Supreme Leader"),
        ("@iran", "text", "Iran"),
        ("@iran", "text", "Tehranpars"),
    ]


def test_a_watchlist_tells_five_places_at_most():
    met = found(article("Iran, Teheran, Tehran", "Iran, ایران, 이란, 伊朗"), rule(any=["@iran"]))
    assert met is not None
    assert [e.words for e in met.hits[0].evidence] == ["Iran", "Teheran", "Tehran", "Iran", "ایران"]


def test_a_watchlist_asked_in_the_title_is_not_looked_for_in_the_text():
    assert found(article("Oil", "Iran"), rule(any=["title: @iran"])) is None
    assert found(article("Iran", "oil"), rule(any=["title: @iran"])) is not None


# ── checking ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("parts", "path", "says"),
    [
        ({}, "any", "looks for nothing"),
        ({"none": ["oil"]}, "any", "looks for nothing"),
        ({"any": ["iran", "ta*"]}, "any.1", "at least 3 letters"),
        ({"all": ["@irann"]}, "all.0", "there is no watchlist @irann; did you mean @iran?"),
        ({"all": ["@xyz"]}, "all.0", "there is no watchlist @xyz"),
        ({"any": ["iran"], "none": ["oil", "ti: x"]}, "none.1", 'there is no field "ti"'),
        ({"any": ["iran", "IRAN"]}, "any.1", "says the same as any.0"),
        ({"any": ["iran", "text: iran"]}, "any.1", "says the same as any.0"),
        ({"any": ["@iran", "@iran"]}, "any.1", "says the same as any.0"),
        ({"any": ["iran"], "all": ["iran"]}, "all.0", "says the same as any.0"),
        ({"all": ["iran"], "none": ["Iran"]}, "none.0", "can never match"),
    ],
)
def test_a_problem_is_told_with_the_path_of_its_key(parts, path, says):
    [(where, what)] = rules_.check(rule(**parts), WATCHLISTS)
    assert where == path
    assert says in what


def test_every_problem_of_a_rule_is_told_at_once():
    problems = rules_.check(rule(any=["", "iran", "@cina"], none=["iran", "a: b"]), WATCHLISTS)
    assert [path for path, _ in problems] == ["any.0", "any.2", "none.0", "none.1"]


def test_a_sound_rule_has_no_problem():
    assert rules_.check(rule(any=["iran", "title: iran", "iran*"], all=["@china"], none=["oil"]), WATCHLISTS) == ()


@pytest.mark.parametrize(
    ("aliases", "path", "says"),
    [
        ((), "aliases", "has no alias"),
        (("Iran", "…"), "aliases.1", "no letter or digit"),
        (("Iran", "@china"), "aliases.1", "there is no watchlist @china"),
        (("title: Iran",), "aliases.0", "an alias has no field"),
        (("Iran", "ایران", "ایران "), "aliases.2", "says the same as aliases.1"),
    ],
)
def test_a_problem_of_a_watchlist_is_told_with_the_path_of_its_key(aliases, path, says):
    [(where, what)] = rules_.check_watchlist(Watchlist("iran", aliases))
    assert where == path
    assert says in what


def test_a_sound_watchlist_has_no_problem():
    assert rules_.check_watchlist(IRAN) == ()
    assert rules_.check_watchlist(Watchlist("iran", ("ايران", "ایران", "Teheran", "Teherán", "tehe*"))) == ()


# ── compiling ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ([rule("a", none=["oil"])], 'rule "a": the rule looks for nothing'),
        ([rule("a", any=["@nope"])], 'rule "a": there is no watchlist @nope'),
        ([rule("a", any=["*"])], 'rule "a": there is no letter'),
        ([rule("a", any=["oil"]), rule("a", any=["gas"])], 'two rules have the id "a"'),
    ],
)
def test_what_cannot_be_decided_is_not_compiled(rules, says):
    with pytest.raises(TermError) as refused:
        rules_.compile(rules, WATCHLISTS)
    assert says in str(refused.value)


def test_the_hash_is_of_the_content_and_not_of_the_order_of_the_files():
    one, two = rule("a", any=["iran"]), rule("b", any=["@china"])
    named = rules_.compile([one, two], WATCHLISTS)
    assert len(named.hash) == 12
    assert int(named.hash, 16) >= 0
    assert named.hash == rules_.compile([two, one], dict(reversed(WATCHLISTS.items()))).hash
    others = [
        rules_.compile([one], WATCHLISTS),
        rules_.compile([one, rule("b", any=["china"])], WATCHLISTS),
        rules_.compile([one, rule("b", all=["@china"])], WATCHLISTS),
        rules_.compile([one, two], {**WATCHLISTS, "china": Watchlist("china", ("China",))}),
    ]
    assert len({named.hash, *(other.hash for other in others)}) == 5


def test_the_rules_are_there_in_order_and_by_id():
    one, two = rule("b", any=["iran"]), rule("a", any=["@china"])
    compiled = rules_.compile([one, two], WATCHLISTS)
    assert compiled.rules == (one, two)
    assert compiled.by_id == {"a": two, "b": one}
