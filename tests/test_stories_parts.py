"""The parts of which stories are made: terms, space, copies, what is new, voices, bridges, and what rules hold."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from math import log, sqrt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts import figures, stories
from alerts import text as text_
from alerts.model import Article, Evidence, Hit, Match, Member, Rule, Story
from alerts.stories import Family, bridges, copies, novelty, terms
from alerts.stories.background import is_background
from alerts.stories.quantities import quantities
from alerts.stories.space import ALIKE, GRAIN, IMAGINED, STEP, UNSEEN, Space
from alerts.stories.voices import Voices
from tests.test_stories import CRACKDOWN, NOW, a_match


def a_member(n: int, title: str, lead: str = "", *, lang: str = "en", outlet: str = "Wire", hours: float = 0) -> Member:
    seen = NOW + timedelta(hours=hours, minutes=n)
    return Member(f"a-{n}", "v1", outlet, f"https://example.org/{n}", title, lead, seen, "", lang)


# ── terms ────────────────────────────────────────────────────────────────────────────────────────────────────────────

ONE_TERM = [
    ("endings of English", "protests", "protesters"),
    ("endings of Polish", "protesty", "protestów"),
    ("English and German", "protests", "Proteste"),
    ("a Korean noun, with and without its particle", "이란", "이란은"),
    ("Chinese, with a word before it", "伊朗", "对伊朗"),
]


@pytest.mark.parametrize(("why", "one", "other"), ONE_TERM, ids=[case[0] for case in ONE_TERM])
def test_what_is_one_term(why: str, one: str, other: str) -> None:
    assert set(terms.terms(one, "")) & set(terms.terms(other, "")), why


def test_only_the_first_thirty_words_of_a_lead_place_an_article() -> None:
    counted = terms.of(a_member(1, "Tanker", " ".join(f"w{n:05}" for n in range(40))))
    assert [n for n in range(40) if f"w{n:05}" in counted] == list(range(30))


# ── space ────────────────────────────────────────────────────────────────────────────────────────────────────────────

words = st.lists(st.sampled_from("iran china tariff oil tanker protest seized talks bank toll".split()), max_size=8)
streams = st.lists(st.tuples(st.integers(0, 6), words, words), min_size=1, max_size=30)


def naive(stream: list[tuple[str, Member]], member: Member) -> tuple[float, str]:
    """The nearest story by the sentence of the module, without its shortcuts."""
    centroids: dict[str, dict[str, int]] = {}
    for story, one in stream:
        counted = {t: 1 + log(n) for t, n in terms.of(one).items()}
        length = sqrt(sum(n * n for n in counted.values())) or 1
        centroid = centroids.setdefault(story, {})
        for term, n in counted.items():
            centroid[term] = centroid.get(term, 0) + round(GRAIN * n / length)
    telling = {t: sum(t in c for c in centroids.values()) for c in centroids.values() for t in c}

    def weight(term: str) -> float:
        from math import log2

        return max(0.0, log(len(centroids) + IMAGINED) - STEP * round(2 * log2(telling.get(term, 0) + 0.5)))

    vector = {t: (1 + log(n)) * weight(t) * (1 if t in telling else UNSEEN) for t, n in terms.of(member).items()}
    length = sqrt(sum(w * w for w in vector.values())) or 1
    best = (0.0, "")
    for story in sorted(centroids):
        weighed = {t: n * weight(t) for t, n in centroids[story].items()}
        norm = sqrt(sum(w * w for w in weighed.values())) or 1
        score = sum(vector[t] / length * w for t, w in weighed.items() if t in vector) / norm
        best = max(best, (score, story), key=lambda pair: pair[0] + (1e-12 if pair is best else 0))
    return best


@given(streams, words, words)
def test_the_shortcuts_of_the_space_change_no_answer(
    said: list[tuple[int, list[str], list[str]]], title: list[str], lead: list[str]
) -> None:
    stream = [(f"s-{s}", a_member(n, " ".join(t), " ".join(x))) for n, (s, t, x) in enumerate(said)]
    space = Space(())
    for story, member in stream:
        space.add(story, member)
    asked = a_member(99, " ".join(title), " ".join(lead))
    score, _ = naive(stream, asked)
    near = space.nearest(asked)
    if abs(score - ALIKE) > 1e-6:
        assert (near is not None) == (score >= ALIKE)
    if near:
        assert near.score == pytest.approx(score)


@given(streams)
def test_a_space_built_anew_is_the_one_that_grew_and_forgot(said: list[tuple[int, list[str], list[str]]]) -> None:
    """What is closed leaves no trace, so that a run that opens later stories only gives the same answers."""
    grown, kept = Space(()), {}
    for n, (s, t, x) in enumerate(said):
        member = a_member(n, " ".join(t), " ".join(x), hours=0 if s < 3 else 90)
        grown.add(f"s-{s}", member)
        kept.setdefault(f"s-{s}", []).append(member)
    closed = grown.close(NOW + timedelta(hours=80))
    assert sorted(closed) == sorted(story for story in kept if story < "s-3")
    anew = Space(Story(s, NOW, NOW, tuple(ms)) for s, ms in sorted(kept.items()) if s >= "s-3")
    for n, (_, t, x) in enumerate(said):
        asked = a_member(1000 + n, " ".join(t), " ".join(x))
        assert grown.nearest(asked) == anew.nearest(asked)


def test_the_words_that_placed_an_article_are_named() -> None:
    space = Space((Story("s-1", NOW, NOW, (a_member(1, "Finland seizes tanker"),)),))
    near = space.nearest(a_member(2, "Tanker seized off Finland"))
    assert near is not None
    assert set(near.shared) == {"tanker", "finlan"}


def test_a_story_of_one_article_is_held_in_a_few_kilobytes() -> None:
    """After a flood fifty thousand of them are open.  Each text here is 25 words that hardly any other has."""
    drawn, desk, many = random.Random(1), stories.Desk(()), 300
    tracemalloc.start()
    try:
        for n in range(many):
            said = ["".join(drawn.choices("abcdeghilmnoprst", k=6)) for _ in range(25)]
            desk.place(a_match(n, " ".join(said[:7]), " ".join(said[7:])), now=NOW)
        for remembered in [f for module in (bridges, copies, figures, terms, text_) for f in vars(module).values()]:
            getattr(remembered, "cache_clear", int)()
        each = tracemalloc.get_traced_memory()[0] / many
    finally:
        tracemalloc.stop()
    assert each < 14_000, f"{each:,.0f} bytes"


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────────────────────

STUBS = [
    ("the entry of an aggregator, with the outlet behind it", "Iran cuts internet in ten cities - Harbour Post", True),
    ("another headline", "Iran restores internet in ten cities - Harbour Post", False),
    ("a number more", "Iran cuts internet in ten cities, 12 dead", False),
]


@pytest.mark.parametrize(("why", "title", "is_copy"), STUBS, ids=[case[0] for case in STUBS])
def test_stubs_are_copies_by_their_headlines(why: str, title: str, is_copy: bool) -> None:
    one = a_member(1, "Iran cuts internet in ten cities", "Residents say that the network went down at noon.")
    assert copies.same_text(one, a_member(2, title, title)) == is_copy, why


def test_a_stub_of_another_day_is_no_copy() -> None:
    one, other = (a_member(n, "What is in the galleries this week", hours=30 * n) for n in (0, 1))
    assert not copies.same_text(one, other)


def test_entries_of_an_aggregator_that_share_a_related_headline_are_no_copies() -> None:
    related = "Protests in Iran: the capital is quiet after a night of clashes in the south of the city The Post"
    a, b = "Envoys leave the talks in Geneva without a word", "Shares fall in Frankfurt as exporters count their losses"
    assert not copies.same_text(a_member(1, a, f"{a} {related}"), a_member(2, b, f"{b} {related}"))


def test_copies_are_found_across_outlets_and_point_at_the_earliest() -> None:
    texts = [CRACKDOWN, "ISFAHAN (AP) - " + CRACKDOWN, CRACKDOWN.replace("Monday", "Tuesday")]
    matches = [a_match(n, f"Headline number {n}", text, outlet=f"Outlet {n}") for n, text in enumerate(texts)]
    placed = stories.place_all(matches, (), now=NOW)
    assert [p.story.members[-1].copy_of for p in placed] == ["", "a-0000", "a-0000"]
    assert {p.story.id for p in placed} == {"s-0000"}


def test_two_texts_of_one_pattern_are_no_copies() -> None:
    """Six shingles in ten are shared, as by the hints for two puzzles of one day."""
    pattern = "Looking for {0} answers and hints? Here is all you need to know to solve today's {1}, with {2} tips."
    one, other = (
        a_member(n, f"{name} hints and answers for Saturday, January 3 (game #{number})", pattern.format(name, *more))
        for n, name, number, *more in ((1, "Strands", 671, "theme", "my"), (2, "Connections", 937, "groups", "our"))
    )
    shared = copies.shingles(one.title, one.lead) & copies.shingles(other.title, other.lead)
    assert len(shared) > 0.5 * len(copies.shingles(one.title, one.lead))
    assert not copies.same_text(one, other)


@pytest.mark.parametrize(("shared", "is_copy"), [(30, True), (24, False)])
def test_an_agencys_text_under_another_headline_is_a_copy(shared: int, is_copy: bool) -> None:
    """The long headlines, which have nothing in common, must not hide that the texts are one."""

    def made(n: int) -> Member:
        said = [*(f"word{w}" for w in range(shared)), *(f"end{n}x{w}" for w in range(40 - shared))]
        return a_member(n, " ".join(f"head{n}x{w}" for w in range(14)), " ".join(said))

    assert copies.same_text(made(1), made(2)) is is_copy


@example(kept=40, before=8, after=7, cut=15)
@given(st.integers(10, 60), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_a_jaccard_similarity_of_one_half_is_enough(kept: int, before: int, after: int, cut: int) -> None:
    said = [f"word{n}" for n in range(kept + cut)]
    one = a_member(1, " ".join(said))
    other = a_member(2, " ".join([*(f"x{n}" for n in range(before)), *said[cut:], *(f"y{n}" for n in range(after))]))
    a, b = (copies.shingles(m.title, m.lead) for m in (one, other))
    alike = 2 * len(a & b) >= len(a | b)
    assert copies.same_text(one, other) >= alike


@given(st.lists(st.sampled_from([f"word{n}" for n in range(40)]), min_size=12, max_size=70), st.data())
def test_the_sketch_misses_no_copy(said: list[str], data: st.DataObject) -> None:
    """Half of the shingles are enough for the index to bring two texts together."""
    cut = data.draw(st.integers(0, len(said) // 3))
    one, other = a_member(1, "", " ".join(said)), a_member(2, "", " ".join([*said[cut:], "and", "so", "on"]))
    index = copies.Copies(())
    index.add(one)
    assert bool(index.originals(other)) == copies.same_text(one, other)


def test_a_text_that_is_removed_is_no_original() -> None:
    index, one = copies.Copies(()), a_member(1, "Iran cuts internet in ten cities", CRACKDOWN)
    index.add(one)
    index.remove(one)
    assert index.originals(replace(one, article="a-2")) == []


# ── what is new ──────────────────────────────────────────────────────────────────────────────────────────────────────

TOLD = a_member(1, "Death toll in Iran rises to 62", "At least 62 dead, 400 arrested. Inflation is at 42%.")
FIGURES = [
    ("a higher count in the lead", "Iran toll rises", "At least 116 dead.", ("116 dead",)),
    ("a lower count is an older one", "At least 25 dead in Iran", "", ()),
    ("a share in the lead is background", "Iran mourns", "Prices rose by 70%.", ()),
    ("a share in the headline is news", "Iran devalues by 70%", "", ("70%",)),
    ("the same count", "Iran counts 62 dead", "", ()),
    ("digits of another script", "آمار کشته‌ها به ۶۲ رسید", "", ()),
    ("a year", "Iran ends 2025 in mourning", "", ()),
    ("a bare number of the headline", "Iran protests reach 88 towns", "", ("88",)),
]


@pytest.mark.parametrize(("why", "title", "lead", "new"), FIGURES, ids=[case[0] for case in FIGURES])
def test_new_figures(why: str, title: str, lead: str, new: tuple[str, ...]) -> None:
    assert novelty.Told([TOLD]).new_figures(a_member(2, title, lead)) == new, why


def test_a_quote_that_was_not_told_is_new() -> None:
    told = novelty.Told([a_member(1, "China speaks of a tariff", "Beijing opposes the tariff.")])
    assert told.new_quotes(a_member(2, 'China "firmly rejects" tariff')) == ("“firmly rejects”",)
    assert told.new_quotes(a_member(2, "China on “opposes the tariff”")) == ()


def test_in_a_language_new_to_a_story_words_say_nothing() -> None:
    told, space = novelty.Told([TOLD]), Space(())
    assert told.new_words(a_member(2, "Krwawe starcia na ulicach", lang="pl"), space) == ()
    assert told.new_words(a_member(2, "Bloody clashes in streets"), space) != ()


ACTS = [
    ("what nobody did before", "U.S. exempts food from 25% tariff on trade with Iran", ("exempts", "food")),
    ("what was done before", "U.S. announces food as 25% tariff on trade with Iran", ()),
    ("an act and nothing else", "U.S. confirms 25% tariff on trade with Iran", ()),
    ("a noun that ends like one", "U.S. exporters' food meets 25% tariff on trade with Iran", ()),
    ("capitals in every word", "U.S. Exempts Food From 25% Tariff On Trade With Iran", ()),
]


@pytest.mark.parametrize(("why", "title", "new"), ACTS, ids=[case[0] for case in ACTS])
def test_an_act_that_was_not_told_needs_fewer_new_words(why: str, title: str, new: tuple[str, ...]) -> None:
    before = a_member(1, "U.S. announces 25% tariff on trade with Iran", "Exporters meet it as of Monday.")
    space = Space(())
    space.add("s1", before)
    assert novelty.Told([before]).new_words(a_member(2, title), space) == new


HEADLINES = [
    ("Opinion | Students for Justice in Iran?", True),
    ("Tehran's moment of reckoning | Opinion", True),
    ("What to know about the protests", True),
    ("Why the rial collapsed", True),
    ("ANDREW NEIL: this is the end", True),
    ("Morning Brief: Maduro charged", True),
    ("Live updates: Iran threatens bases", True),
    ("Iran threatens bases: Live updates", True),
    ("A Sinful Voice by Googoosh review – the story of an icon", True),
    ("Długa lista niezałatwionych spraw [OPINIA]", True),
    ("Is Somaliland becoming a foothold in the Red Sea?", True),
    ("US-Venezuela timeline: From sanctions to military action", True),
    ("Taiwan arms, missing boy: 7 US-China relations reads", True),
    ("News: Venezuela, USA, Donald Trump, Caracas, China, Xi Jinping, Russland", True),
    ("Iran, China and Russia sign pact in Tehran, Moscow, Beijing", False),
    ("8/28: Harbour Morning News", True),
    ("Trump's sanctions helped fuel protest—Experts", True),
    ("Who trades with Iran, and what it would cost them", True),
    ("Oil and gas: what the scare means for your bills", True),
    ("WHO warns of cholera in Iran", False),
    ("U.S. warns Iran", False),
    ("Analysts warn of war", False),
    ("Court reviews 7 cases", False),
    ("UN: 62 dead in Iran", False),
    ("Live ammunition used in Isfahan", False),
]


@pytest.mark.parametrize(("title", "known"), HEADLINES, ids=[case[0] for case in HEADLINES])
def test_background_by_its_headline(title: str, known: bool) -> None:
    assert is_background(title) == known


PLACES = [
    ("an opinion by its section", "https://example.org/opinion/world/iran-is-burning", "", True),
    ("a live page by its section", "https://example.org/world/live/2026/iran", "", True),
    ("a page of video", "https://example.org/video/2026/1/3/iranians-face-hardship", "", True),
    ("a newsletter by its first words", "https://example.org/x", "Also in today’s newsletter: protests", True),
    ("a section is a whole word", "https://example.org/livelihoods/opinionated-iran", "", False),
    ("the last part is no section", "https://example.org/world/live", "", False),
    ("no address", "", "Iran is burning.", False),
    ("an address that is none", "https://[oops/opinion/", "", False),
]


@pytest.mark.parametrize(("why", "url", "text", "known"), PLACES, ids=[case[0] for case in PLACES])
def test_background_by_its_place(why: str, url: str, text: str, known: bool) -> None:
    assert is_background("Canada must decide on Iran", url, text) == known


# ── voices ───────────────────────────────────────────────────────────────────────────────────────────────────────────

FAMILIES = (
    Family("polaris", ("Polaris Wire",), ("Polaris",), wire=True),
    Family("journal", ("The Journal", "Sunday Journal"), ("The Journal", "TJ")),
)
SAYS = [
    ("its own", "Harbour Post", "Iran cuts internet", "Residents said so.", "Harbour Post", ()),
    ("a family", "Sunday Journal", "Iran cuts internet", "", "journal", ()),
    ("a dateline", "Harbour Post", "Iran", "TEHRAN (Polaris) - The network went down.", "polaris", ("wire: Polaris",)),
    ("a credit behind the text", "Harbour Post", "Iran", "The network went down. (Polaris)", "polaris", ("wire: Polaris",)),
    ("a headline that cites", "Harbour Post", "Iran cuts internet, TJ reports", "", "journal", ("cites The Journal",)),
    ("a lead that cites", "Harbour Post", "Iran", "The network is down, The Journal reported.", "journal", ("cites The Journal",)),
    ("according to", "Harbour Post", "Iran", "It is down, according to the TJ.", "journal", ("cites The Journal",)),
    ("a family that cites itself", "The Journal", "Iran", "It is down, The Journal has learned.", "journal", ()),
    ("a name alone is no citation", "Harbour Post", "The Journal of a tanker captain", "", "Harbour Post", ()),
    ("a machine's notice", "Harbour Post", "Iran", "It is down. This text was machine-translated.", "Harbour Post", ("machine-made",)),
    ("news about machines is no notice", "Harbour Post", "AI-generated images of the toll circulate", "", "Harbour Post", ()),
]  # fmt: skip


@pytest.mark.parametrize(("why", "outlet", "title", "text", "voice", "notes"), SAYS, ids=[case[0] for case in SAYS])
def test_whose_voice_it_is(why: str, outlet: str, title: str, text: str, voice: str, notes: tuple[str, ...]) -> None:
    article = Article("a", "v", "", outlet, "", title, text, NOW)
    assert Voices(FAMILIES).of(article) == (voice, notes), why


def test_a_copy_has_the_voice_of_its_original() -> None:
    one, other = a_match(1, "Iran cuts internet", CRACKDOWN), a_match(2, "Iran offline", CRACKDOWN, outlet="Other")
    placed = stories.place_all([one, other], (), now=NOW, families=FAMILIES)
    assert [m.voice for m in placed[-1].story.members] == ["polaris", "polaris"]


# ── bridges ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def watched(match: Match, *lists: str, lang: str = "en") -> Match:
    hit = Hit("iran", tuple(Evidence(f"@{one}", "title", 0, 1, "") for one in lists))
    return replace(match, hits=(hit,), article=replace(match.article, lang=lang))


QUANTITIES = [
    ("Korean powers of ten thousand", "수출 1억8천만 달러", "ko", {"180000000"}),
    ("the same in English", "exports of $180m", "en", {"180000000"}),
    ("and in Polish, with a comma", "eksport za 0,18 mld dolarów", "pl", {"180000000"}),
    ("Chinese", "1.8亿美元", "zh", {"180000000"}),
    ("Persian, in words and digits", "شش میلیارد دلار و ۲٬۴۰۰ نفر", "fa", {"6000000000", "2400"}),
    ("thousands with a full stop in German", "12.500 Euro, 3,5 Prozent", "de", {"12500", "3.5%"}),
    ("thousands with a blank in Polish", "12 500 osób", "pl", {"12500"}),
    ("thousands with a comma in English", "12,500 people, 3.5 per cent", "en", {"12500", "3.5%"}),
    ("no age, no score, no model", "35 years after a 2-1 win of the U-17 with an F-16", "en", set()),
    ("a digit alone is none", "7 ships and 5 boats", "en", set()),
]  # fmt: skip


@pytest.mark.parametrize(("why", "text", "lang", "found"), QUANTITIES, ids=[case[0] for case in QUANTITIES])
def test_a_number_is_one_in_every_language(why: str, text: str, lang: str, found: set[str]) -> None:
    assert quantities(text, lang) == found


@given(st.text(max_size=80))
def test_any_text_has_quantities(text: str) -> None:
    assert all(any(c.isdigit() for c in one) for one in quantities(text))


BOTH = ("iran", "tariffs")
BRIDGES = [
    ("two watchlists and a number of both headlines", "미국 “거래하는 나라에 25% 관세”", "ko", BOTH, ("25%",)),
    ("digits of another script", "تعرفه ۲۵ درصدی آمریکا", "fa", BOTH, ("25%",)),
    ("the same script in another language", "Trump grozi cłem 25 proc.", "pl", BOTH, ("25%",)),
    ("the same language needs words", "A levy of 25 per cent looms over buyers everywhere, envoys warn", "en", BOTH, ()),
    ("two numbers with one watchlist", "25% 관세, 대미 수출 1,300억 달러", "ko", ("iran",), ("130000000000", "25%")),
    ("a number so exact that one watchlist will do", "수출 1억8210만 달러", "ko", ("iran",), ("182100000",)),
    ("one watchlist and a common number are too little", "이란 25개 도시 시위", "ko", ("iran",), ()),
    ("no number", "미국 관세 부과", "ko", BOTH, ()),
    ("no watchlist", "미국 상무부 장관, 거래국 상품 관세 25% 부과 방침 발표", "ko", (), ()),
    ("the year of both is none", "2026 한국 관세", "ko", BOTH, ()),
]  # fmt: skip
EXPORTS = "It hits exports of $130 billion in 2026. Iran bought $182.1 million of it."


@pytest.mark.parametrize(("why", "title", "lang", "lists", "shared"), BRIDGES, ids=[case[0] for case in BRIDGES])
def test_articles_of_another_language_join(
    why: str, title: str, lang: str, lists: tuple[str, ...], shared: tuple[str, ...]
) -> None:
    english = watched(a_match(1, "U.S. announces 25% tariff on Iran's partners", EXPORTS), *BOTH, lang="en")
    other = watched(a_match(2, title, ""), *lists, lang=lang)
    one, two = stories.place_all([english, other], (), now=NOW)
    assert (one.story.id == two.story.id) == bool(shared), why
    if shared:
        member = two.story.members[-1]
        assert member.shared == (*(f"@{name}" for name in sorted(lists)), *shared)
        assert bridges.other_end(member, two.story) == two.story.members[0]


def test_a_number_that_two_stories_tell_joins_neither() -> None:
    one = watched(a_match(1, "Seoul counts exports to Iran", "They were worth $182.1 million, or 1,472 won."), *BOTH)
    two = watched(a_match(2, "Refinery fire in Ulsan under tariff", "It cost $182.1 million."), *BOTH)
    korean = watched(a_match(3, "대이란 수출 1억8210만 달러", ""), *BOTH, lang="ko")
    placed = stories.place_all([one, two, korean], (), now=NOW)
    assert len({p.story.id for p in placed}) == 3
    assert len({p.story.id for p in stories.place_all([one, korean], (), now=NOW)}) == 1


def test_what_follows_in_a_script_joins_what_is_written_in_it() -> None:
    """Among ten English articles the words of one Korean are lost, but not among the Korean."""
    title, korean = "U.S. announces 25% tariff on Iran's partners", "미국 이란과 거래하는 나라에 25% 관세"
    english = [watched(a_match(n, f"{title} {'abcdefghijkl'[n] * 5}", "x" * n), *BOTH, lang="en") for n in range(12)]
    first = watched(a_match(20, korean, ""), *BOTH, lang="ko")
    later = watched(a_match(21, "중국, 이란과 거래하는 나라 관세 반대", ""), *BOTH, lang="ko")
    placed = stories.place_all([*english, first, later], (), now=NOW)
    assert len({p.story.id for p in placed}) == 1
    assert "관세" in placed[-1].story.members[-1].shared
    again = stories.place_all([later], [placed[-2].story], now=NOW)
    assert [p.story for p in again] == [placed[-1].story]


def test_words_of_another_script_are_no_news_but_its_numbers_are() -> None:
    """The first article in Korean brings its language; what the second says, English ones may have said."""
    english = [watched(a_match(n, "U.S. puts 25% tariff on Iran's partners", "x" * n), *BOTH) for n in range(3)]
    first = watched(a_match(3, "미국 이란과 거래하는 나라에 25% 관세", ""), *BOTH, lang="ko")
    words = watched(a_match(4, "미국 이란과 거래하는 나라에 관세 예외 식품 의약품 발표", ""), *BOTH, lang="ko")
    number = watched(a_match(5, "미국 이란과 거래하는 나라에 관세 35%", ""), *BOTH, lang="ko")
    placed = stories.place_all([*english, first, words, number], (), now=NOW)
    assert len({p.story.id for p in placed}) == 1
    assert [p.reason for p in placed[-2:]] == ["repeat", "new facts: 35%"]


def test_a_number_is_no_bridge_for_longer_than_a_day() -> None:
    member = replace(a_member(1, "25% 관세", lang="ko", hours=30), watch=("@iran", "@tariffs"))
    early = replace(a_member(2, "25% tariff"), watch=("@iran", "@tariffs"))
    index = bridges.Bridges((Story("s-1", NOW, NOW, (early,)),))
    assert index.joined(member) is None
    assert index.joined(replace(member, seen=early.seen)) is not None


# ── what rules hold ──────────────────────────────────────────────────────────────────────────────────────────────────

RISES = [f"Death toll in Iran protests rises to {n}" for n in (25, 62, 116)]


def said(rule: Rule, *matches: Match) -> list[tuple[str, bool]]:
    placed = stories.place_all(matches, (), now=NOW, rules=(rule,))
    return [(p.reason, p.development is not None) for p in placed]


def test_a_rule_that_asks_for_two_outlets_is_told_when_the_second_confirms() -> None:
    rule = Rule("iran", "Iran", min_outlets=2)
    matches = [
        a_match(1, RISES[0], CRACKDOWN),
        a_match(2, "Iran protests: toll rises to 25", "Doctors count the dead in Isfahan.", outlet="Harbour Post"),
        a_match(3, "Iran protests: toll of 25", "Doctors count dead.", outlet="Gulf Monitor"),
        a_match(4, RISES[1], "", outlet="Harbour Post"),
    ]
    assert said(rule, *matches) == [
        ("new story; held by iran: 1 of 2 outlets", False),
        ("confirmed: 2 outlets", True),
        ("confirmed: 3 outlets", False),
        ("new facts: 62", True),
    ]


def test_a_rule_that_asks_for_one_outlet_is_not_told_of_a_confirmation() -> None:
    matches = [a_match(n, RISES[0], f"Report {n}.", outlet=f"Outlet {n}") for n in (1, 2)]
    matches[1] = a_match(2, "Iran protests: toll rises to 25", "Doctors say so.", outlet="Harbour Post")
    assert said(Rule("iran", "Iran"), *matches) == [("new story", True), ("confirmed: 2 outlets", False)]


def test_a_cooldown_holds_what_comes_too_soon_and_says_why() -> None:
    rule = Rule("iran", "Iran", cooldown=timedelta(hours=2))
    late = a_match(200, RISES[2], "")
    assert said(rule, a_match(1, RISES[0], ""), a_match(30, RISES[1], ""), late) == [
        ("new story", True),
        ("new facts: 62; held by iran: told 2026-07-01 08:01 UTC, cooldown 2h", False),
        ("new facts: 116", True),
    ]


def test_of_two_rules_only_the_one_that_waits_is_held() -> None:
    both = replace(a_match(1, RISES[0], ""), hits=(Hit("iran", ()), Hit("quiet", ())))
    rules = (Rule("iran", "Iran"), Rule("quiet", "Quiet", min_outlets=3))
    (placed,) = stories.place_all([both], (), now=NOW, rules=rules)
    assert placed.reason == "new story; held by quiet: 1 of 3 outlets"
    assert placed.development is not None
    assert [hit.rule for hit in placed.development.match.hits] == ["iran"]
    assert placed.story.members[0].told == ("iran",)


# ── closing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def seen_after(match: Match, hours: float) -> Match:
    return replace(match, article=replace(match.article, seen=NOW + timedelta(hours=hours)))


def test_a_story_without_news_for_72_hours_is_closed() -> None:
    one = seen_after(a_match(1, RISES[0], ""), 0)
    for hours, joins in ((71, True), (73, False)):
        _, other = stories.place_all([one, seen_after(a_match(2, RISES[1], ""), hours)], (), now=NOW)
        assert (other.story.id == "s-0001") == joins


@given(st.lists(st.tuples(st.integers(0, 40), words, words), min_size=1, max_size=20), st.integers(1, 6))
def test_batches_do_not_matter_when_stories_close_between_them(
    given_: list[tuple[int, list[str], list[str]]], size: int
) -> None:
    hours, matches = 0, []
    for n, (gap, title, text) in enumerate(given_):
        hours += gap
        matches.append(seen_after(a_match(n, " ".join(title), " ".join(text), outlet=f"Outlet {n % 3}"), hours))
    whole = {p.story.id: p.story for p in stories.place_all(matches, (), now=NOW)}
    kept: dict[str, Story] = {}
    for at in range(0, len(matches), size):
        batch = matches[at : at + size]
        since = batch[0].article.seen - stories.OPEN
        opened = tuple(s for _, s in sorted(kept.items()) if s.members[-1].seen >= since)
        kept |= {p.story.id: p.story for p in stories.place_all(batch, opened, now=NOW)}
    assert kept == whole


@given(st.lists(st.tuples(words, words), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_the_order_within_a_batch_does_not_matter(texts: list[tuple[list[str], list[str]]], shuffle) -> None:
    matches = [a_match(n, " ".join(title), " ".join(text)) for n, (title, text) in enumerate(texts)]
    placed = stories.place_all(matches, (), now=NOW)
    shuffle.shuffle(matches)
    assert stories.place_all(matches, (), now=NOW) == placed
