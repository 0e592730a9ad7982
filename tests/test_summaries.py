"""Summaries: every word is a source's, what was told is not told again, and what says most comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import digests, summaries
from alerts.model import Cited, Development, Member, Source, Story, Summary, Told
from alerts.summaries import headlines
from alerts.summaries import measures as measures_
from alerts.summaries import quotes as quotes_
from alerts.summaries.extracts import EXTRA
from alerts.summaries.grounding import is_grounded
from alerts.summaries.summary import BEFORE
from alerts.text import one_line
from tests import newsroom
from tests.newsroom import CONCERN, CRACKDOWN, HOSTILE, KOREAN, NIGHT, PORTS, STORIES, TARIFF, article, development

HERE = Source("a@v1", "Reuters", "https://reuters.example/a", "en")


def told(news: Sequence[Development], story: Story | None = None) -> Told:
    return summaries.summarise(digests.told(news, story), story)


def words(summary: Summary) -> list[str]:
    return [cited.words for cited in summary.sentences]


# ── the headline ─────────────────────────────────────────────────────────────────────────────────────────────────────

HEADLINES = [
    ("the newest title, if none names a figure", [("older", "en"), ("newer", "en")], "newer"),
    ("a title with a figure before a newer one without", [("a 25% tariff", "en"), ("newer", "en")], "a 25% tariff"),
    ("the newest of those with a figure", [("25% tariff", "en"), ("50% tariff", "en")], "50% tariff"),
    ("in the language of most of the story", [("older", "en-GB"), ("newer", "en-US"), ("25% 관세", "ko")], "newer"),
    ("a title that is empty is passed over", [("older", "en"), ("", "en")], "older"),
    ("a story without any title", [("", "en")], "(no title)"),
    (
        "one that says who does what before one that asks",
        [("Iran seizes oil tanker off Hormuz", "en"), ("What to know about the oil tanker in Hormuz", "en")],
        "Iran seizes oil tanker off Hormuz",
    ),
    (
        "the active voice before the passive",
        [("Iran seizes oil tanker in the Gulf", "en"), ("Oil tanker in the Gulf is taken by Iran", "en")],
        "Iran seizes oil tanker in the Gulf",
    ),
    (
        "what the story is about before the best figure from its side",
        [
            ("U.S. announces tariff on countries that trade with Iran", "en"),
            ("China opposes U.S. tariff on countries that trade with Iran", "en"),
            ("Korean exporters count cost of $180m trade", "en"),
            ("India asks for time", "en"),
        ],
        "China opposes U.S. tariff on countries that trade with Iran",
    ),
    (
        "today's toll before yesterday's",
        [
            ("Death toll in Iran protests reaches 62", "en"),
            ("Protesters march in Iran", "en"),
            ("Death toll in Iran protests reaches 25", "en"),
        ],
        "Death toll in Iran protests reaches 62",
    ),
    (
        "two tolls of which each exceeds the other",
        [("Iran: 5 dead and 3 arrested", "en"), ("Iran: 3 dead and 9 arrested", "en")],
        "Iran: 3 dead and 9 arrested",
    ),
    (
        "a report before a live page",
        [("Iran halts oil exports for a week", "en"), ("Live: Iran halts oil exports for a week", "en")],
        "Iran halts oil exports for a week",
    ),
]


@pytest.mark.parametrize(("why", "titles", "headline"), HEADLINES, ids=[case[0] for case in HEADLINES])
def test_the_headline(why: str, titles: list[tuple[str, str]], headline: str) -> None:
    news = [development(article(f"a{n}", title, hour=n, lang=lang)) for n, (title, lang) in enumerate(titles)]
    assert told(news).headline == headline


CONCERNED = "China 'concerned' by crackdown in Iran, urges restraint"
OFFERS = "China offers Iran no tangible support after crackdown"
MOVED = [
    ("the story moved on: its newest, not its best figure", [(CONCERNED, 0), ("China buys 90% of Iran's oil, says Iran", 1), (OFFERS, 18)], OFFERS),
    ("within a few hours the one that says most", [("Iran cuts internet", 0), ("Iran fires on crowd, 12 killed in Qom", 18), ("Iran fires", 20)], "Iran fires on crowd, 12 killed in Qom"),
    ("a side of it does not head the story", [(CONCERNED, 0), (OFFERS, 14), ("China offers Iran no support, only concern", 15), ("Choir sings in Oslo", 20)], OFFERS),
    ("nor does a question", [(CONCERNED, 0), (OFFERS, 14), ("What does China offer Iran after crackdown?", 20)], OFFERS),
]  # fmt: skip


@pytest.mark.parametrize(("why", "titles", "headline"), MOVED, ids=[case[0] for case in MOVED])
def test_the_headline_says_how_far_the_story_has_come(why: str, titles: list[tuple[str, int]], headline: str) -> None:
    news = [development(article(f"a{n}", title, hour=hour)) for n, (title, hour) in enumerate(titles)]
    assert told(news).headline == headline


def test_of_titles_alike_the_first_report_of_a_story_says_what_happened() -> None:
    titles = ("Finland seizes tanker in gulf", "Norway seizes tanker in gulf", "Sweden seizes tanker in gulf")
    news = [development(article(f"a{n}", t, hour=n), reason="new facts: x") for n, t in enumerate(titles)]
    assert told(news).headline == titles[2]
    assert told([replace(news[0], reason="new story"), *news[1:]]).headline == titles[0]


def test_the_lead_is_that_of_the_headline_if_it_is_typical() -> None:
    lead = "Iran has closed the Strait of Hormuz to all oil tankers, state television said on {}."
    one = article("one", "Hormuz is shut for tankers", text=lead.format("Monday"), hour=1)
    two = article("two", "Iran closes Hormuz to 40 oil tankers", text=lead.format("Tuesday evening"), hour=2)
    made = told([development(one), development(two)])
    assert (made.headline, words(made.summary)[0]) == (two.title, two.text)


def test_a_correction_gives_the_headline_only_if_nothing_else_does() -> None:
    wrong = development(article("c", "Correction: 116 dead, not 166", hour=5), reason="correction: 116 dead")
    assert told([development(article("a", "Iran buries its dead", hour=1)), wrong]).headline == "Iran buries its dead"
    assert told([wrong]).headline == "Correction: 116 dead, not 166"


# ── the sentences ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_story_is_told_in_sentences_of_its_sources_the_lead_first() -> None:
    summary = told(NIGHT[:3], STORIES["s1"]).summary
    assert [(cited.words[:31], cited.source.outlet) for cited in summary.sentences] == [
        ("The United States will levy a 2", "The Guardian"),
        ("Security forces in Iran have pu", "Al Jazeera"),
        ("Shops in the bazaar of Tehran s", "Al Jazeera"),
        ("Beijing, Tehran's biggest tradi", "South China Morning Post"),
    ]
    assert all(cited.whole for cited in summary.sentences)


def test_what_was_told_before_is_not_told_again() -> None:
    lead = "Security forces in Iran have put down the protests over the price of bread, a rights group said on Monday."
    before = article("before", "Iran puts down protests", "Reuters", -30.0, text=lead)
    again = article(
        "again", "Iran's toll climbs", "BBC", 2.0, text=f"{lead} A curfew is now in force in four provinces."
    )
    member = Member("before", "v1", "Reuters", before.url, before.title, before.text, before.seen, "new story", "en")
    story = Story("s1", before.seen, again.seen, (member,))
    assert words(told([development(again)], story).summary) == ["A curfew is now in force in four provinces."]
    assert words(told([development(again)]).summary)[0] == lead


def test_the_same_sentence_with_another_figure_is_news() -> None:
    lead = "At least {} people have been killed in Iran since protests over bread prices began, a rights group said."
    before = article("before", "Toll reaches 62", "Reuters", -30.0, text=lead.format(62))
    now = article("now", "Toll climbs to 116", "Reuters", 2.0, text=lead.format(116))
    member = Member("before", "v1", "Reuters", before.url, before.title, before.text, before.seen, "new story", "en")
    story = Story("s1", before.seen, now.seen, (member,))
    assert words(told([development(now)], story).summary) == [lead.format(116)]


def test_what_was_corrected_is_not_told() -> None:
    rest = "State television showed rallies in support of the government on Tuesday evening."
    wrong = article(
        "w", "Toll climbs to 116", text=f"More than 4,200 people have been arrested, the group said. {rest}"
    )
    note = "(Corrects figure: the number is 2,400, not 4,200) DUBAI - At least 116 people have been killed in Iran."
    right = article(
        "r", "CORRECTION: Toll climbs to 116", text=f"{note} More than 2,400 people have been arrested.", hour=5
    )
    news = [development(wrong), development(right, reason="correction: 2,400 arrested")]
    made = told(news)
    assert "4,200" not in " ".join([*words(made.summary), *made.figures])
    assert "More than 2,400 people have been arrested" in made.figures
    assert made.summary.sentences[0].source.article == wrong.key  # a correction is no lead
    assert rest in words(made.summary)


def test_the_timeline_tells_what_was_told_before_from_what_is_new() -> None:
    members = [
        Member(name, "v1", "Reuters", f"https://r.example/{name}", name.title(), "", when, reason, "en")
        for name, when, reason in (
            ("opened", article("x", "", hour=-30).seen, "new story"),
            ("repeated", article("x", "", hour=-29).seen, "repeat"),
            ("held", article("x", "", hour=-28).seen, "confirmed; held by min_outlets"),
            ("toll", article("x", "", hour=-27).seen, "new facts: 62 dead"),
            ("tariff", TARIFF.seen, "new facts: 25%"),
        )
    ]
    story = Story("s1", members[0].seen, members[-1].seen, tuple(members))
    timeline = told([NIGHT[2]], story).summary.timeline
    assert [(moment.title, moment.fresh) for moment in timeline] == [
        ("Opened", False),
        ("Toll", False),
        (TARIFF.title, True),
    ]


def an_old_story(many: int) -> Story:
    """Told day after day: at first of one figure, for the last hundred reports of another."""
    members = [
        Member(
            f"m{n}", "v1", "Reuters", "", f"Toll of {62 if n < many - 100 else 116} dead, day {n}", "",
            article("x", "", hour=n - many).seen, "new facts: 62", "en",
        )
        for n in range(many)
    ]  # fmt: skip
    return Story("s1", members[0].seen, members[-1].seen, tuple(members))


def test_however_long_a_story_is_the_last_of_it_is_told_and_looked_at() -> None:
    """Else each alert of a story that goes on takes longer and is longer than the one before."""
    story = an_old_story(300)
    timeline = told([replace(NIGHT[2], story="s1")], story).summary.timeline
    assert [moment.title for moment in timeline[:-1]] == [m.title for m in story.members[-BEFORE:]]
    assert timeline[-1].fresh
    own = headlines._own([NIGHT[2]], story)
    assert own is not None
    assert {"116 dead"} <= own
    assert "62 dead" not in own


FILLER = [
    ("a sentence that only a feed program writes", "The post Iran puts down protests appeared first on The Herald."),
    ("an invitation", "Sign up for our newsletter and never miss a story."),
    ("what stands below a picture", "Photo by a stringer of the agency in Tehran."),
    ("a sentence that was cut off", "The toll was expected to rise as hospitals in the south of the co…"),
    ("a word and a stop", "Why now?"),
    ("what a reporter promises", "Harbour producer Leigh Kiniry has the latest."),
    ("the headline over again", "Iran's security forces put down protests in 14 cities."),
]


@pytest.mark.parametrize(("why", "filler"), FILLER, ids=[case[0] for case in FILLER])
def test_what_is_never_a_sentence_of_a_summary(why: str, filler: str) -> None:
    text = f"Shops in the bazaar of Tehran stayed closed for a third day. {filler}"
    made = told([development(replace(CRACKDOWN, text=text))])
    assert words(made.summary) == ["Shops in the bazaar of Tehran stayed closed for a third day."]


def test_a_text_without_a_whole_sentence_gives_its_beginning_and_says_so() -> None:
    (cited,) = told([development(replace(CRACKDOWN, text="driven by economic woes continued t..."))]).summary.sentences
    assert (cited.words, cited.whole) == ("driven by economic woes continued", False)
    (cited,) = told([development(replace(CRACKDOWN, text="Iran " * 100))]).summary.sentences
    assert len(cited.words) <= 240
    assert not cited.whole


def test_a_text_that_only_repeats_the_title_gives_no_summary() -> None:
    assert told([development(replace(CRACKDOWN, text=CRACKDOWN.title))]).summary.sentences == ()


def test_a_reader_of_one_language_is_not_told_in_another() -> None:
    summary = told([NIGHT[0], NIGHT[2], NIGHT[3]], STORIES["s1"]).summary
    assert {cited.source.lang for cited in summary.sentences} == {"en"}
    assert KOREAN.key in {moment.source.article for moment in summary.timeline}


def test_sentences_that_say_the_same_are_told_once() -> None:
    one = article(
        "one", "A", "Reuters", 1.0, text="Iran has closed the Strait of Hormuz to all tankers, state television said."
    )
    two = article(
        "two",
        "B",
        "AP",
        2.0,
        text="Iran has closed the Strait of Hormuz to all tankers, its state television said on Monday.",
    )
    assert len(words(told([development(one), development(two)]).summary)) == 1


def test_what_meets_the_rule_goes_before_what_does_not() -> None:
    text = (
        "The ministers met for two days in a hotel by the lake. The coffee was served in cups of white china there. "
        "Reporters waited outside in the rain for hours. A gardener swept the leaves from the long gravel drive. "
        "Sanctions on the refinery will begin on Monday."
    )
    news = development(article("a", "Ministers meet", text=text), words="sanctions")
    assert "Sanctions on the refinery will begin on Monday." in words(told([news]).summary)


def test_a_dateline_is_no_part_of_a_sentence() -> None:
    for line in ("TEHRAN – ", "TEHRAN- ", "TEHRAN--", "SHUSHTAR (Khuzestan) - ", "BEIJING, China — ", "DUBAI (AP) - "):
        made = told([development(replace(CRACKDOWN, text=f"{line}Shops in the bazaar of Tehran stayed closed."))])
        assert words(made.summary) == ["Shops in the bazaar of Tehran stayed closed."], line
    made = told([development(replace(CRACKDOWN, text="NATO-Russia talks in the bazaar were closed."))])
    assert words(made.summary) == ["NATO-Russia talks in the bazaar were closed."]


def test_headlines_of_others_in_the_place_of_a_text_are_no_summary() -> None:
    title, text = (
        "Iran cuts internet as protests spread - The Harbour Post",
        "Iran cuts internet as protests spread The",
    )
    made = told(
        [development(article("a", title, text=f"{text} Harbour Post Rial falls. Shops in Tehran stay closed."))]
    )
    assert made.summary.sentences == ()


def test_a_toll_that_was_exceeded_is_not_told() -> None:
    old = article("old", "Toll reaches 25", text="At least 25 people have been killed in Iran, a group said.", hour=1)
    new = article("new", "Toll rises to 62", text="At least 62 people have been killed in Iran, a group said.", hour=9)
    assert words(told([development(old), development(new)]).summary) == [new.text]
    assert words(told([development(old)]).summary) == [old.text]
    said = replace(new, title="At least 62 said killed in Iran", text="State media named none of them so far.")
    assert words(told([development(old), development(said)]).summary) == [said.text]
    silent = replace(said, text="")
    assert words(told([development(old), development(silent)]).summary) == []
    worded = replace(old, text="At least twenty-five people have been killed in Iran, a group said.")
    assert words(told([development(worded), development(new)]).summary) == [new.text]


SENTENCES = (
    "Shops in the bazaar of Tehran stayed closed.",
    "At least 544 people were killed, HRANA said.",
    "Mr. Araghchi said: “We will not talk under the threat of war.”",
    "美国宣布加征25%关税。",
    "Exports fell 4.8 percent to $1.2bn in June.",
    "The tariff takes effect on 15 July",
)
BODIES = (
    st.text(max_size=300)
    | st.sampled_from([words[:500] for words in HOSTILE])
    | st.lists(st.sampled_from(SENTENCES), max_size=6).map(" ".join)
)
TEXTS = st.sampled_from([CRACKDOWN, CONCERN, TARIFF, PORTS, KOREAN]) | st.builds(
    lambda title, text, name: article(name, title, text=text),
    st.text(max_size=60) | st.sampled_from(SENTENCES),
    BODIES,
    st.sampled_from(["x1", "x2", "x3"]),
)


@given(st.lists(TEXTS, min_size=1, max_size=4, unique_by=lambda a: a.id))
def test_every_sentence_figure_and_quotation_stands_in_its_source(articles: list) -> None:
    made = told([development(one) for one in articles])
    printed = {one.key: f"{one_line(one.title)}\n{one_line(one.text)}" for one in articles}
    titles = {one.key: one.title for one in articles}
    assert len(made.summary.sentences) <= 1 + EXTRA
    for cited in made.summary.sentences:
        assert cited.words in printed[cited.source.article]
    for measure in made.summary.measures:
        source = printed[measure.source.article] + titles[measure.source.article]
        assert measure.words in source
        assert measure.what in source
    for quote in made.summary.quotes:
        assert quote.words in printed[quote.source.article]
        assert quote.speaker in printed[quote.source.article]


@given(st.permutations(NIGHT[:4]))
def test_the_order_of_arrival_does_not_change_the_summary(news: list) -> None:
    assert told(news, STORIES["s1"]) == told(NIGHT[:4], STORIES["s1"])


# ── key figures ──────────────────────────────────────────────────────────────────────────────────────────────────────

MEASURED = [
    ("what a tariff is on", "Trump vows a 25% tariff on countries that transact with Iran.", ["25% tariff · on countries that transact with Iran"]),
    ("the clause ends where the next begins", "A 25% tariff on steel, which begins on Monday, was vowed.", ["25% tariff · on steel"]),
    ("what rose, if no noun follows", "Exports rose 4.8 percent in June.", ["Exports rose 4.8 percent · in June"]),
    ("a share of something", "It buys 90% of Iran's oil exports.", ["90% · of Iran's oil exports"]),
    ("money and what it is for", "China halted a $1.5 billion loan for the port of Chabahar.", ["$1.5 billion loan · for the port of Chabahar"]),
    ("money with a b", "Exports reach $41.2b in 9 months.", ["Exports reach $41.2b · in 9 months"]),
    ("people, as printed", "At least 544 people were killed in 14 cities.", ["At least 544 people were killed · in 14 cities"]),
    ("a toll in a headline", "Iran's death toll rises to at least 116", ["death toll rises to at least 116"]),
    ("only the first toll", "At least 116 were killed. On Monday 62 were killed.", ["At least 116 were killed"]),
    ("a count of things", "Protests spread to 78 Iranian cities in a week.", ["Protests spread to 78 Iranian cities · in a week"]),
    ("a date that something is due", "The tariff takes effect on 15 July in all ports.", ["tariff takes effect on 15 July · in all ports"]),
    ("a date that is only told is none", "The ministers met on 15 July.", []),
    ("time is no count", "It took 30 days and 12 hours.", []),
    ("a range of money", "Meta paid $2 billion to $3 billion for it.", ["Meta paid $2 billion to $3 billion · for it"]),
    ("a range of days", "Drills will be held from January 9 to 16.", ["Drills will be held from January 9 to 16"]),
    ("what its own share is of", "Connectivity is at 4% of its usual level.", ["Connectivity is at 4% · of its usual level"]),
    ("the same in another currency", "Sales reached 51.8 billion yuan (US$7.4 billion).", ["Sales reached 51.8 billion yuan"]),
    ("a toll with words between", "Death toll in Iran crackdown rises to 62", ["Death toll in Iran crackdown rises to 62"]),
    ("a clause that rehearses comes last", "The raid cost $5 million, citing one in which 62 people were killed.", ["raid cost $5 million", "62 people were killed"]),
    ("a clause in front ends with its comma", "After the talks failed, 12 people were killed. The raid cost $5 million.", ["12 people were killed", "raid cost $5 million"]),
    ("a year is none", "In 2026 sanctions returned.", []),
    ("people come before money", "The raid cost $5 million. 12 people were killed.", ["12 people were killed", "raid cost $5 million"]),
    ("an abbreviation does not end a clause", "A $11 billion U.S. arms package for Taipei.", ["$11 billion U.S. arms package · for Taipei"]),
    ("Korean puts before it what it is on", "이란과 거래하는 나라에 25% 관세를 매긴다.", ["이란과 거래하는 나라에 25% 관세"]),
    ("Korean, a verb behind it", "코스피는 1.3% 올랐고 원화도 올랐다.", ["코스피는 1.3% 올랐고"]),
    ("Korean, nothing about it", "2.1%.", []),
    ("a sum without a purpose", "It is worth $3 billion a year.", []),
    ("a verb without its subject", "Bulk carriers idled, put at 4% by brokers.", []),
    ("the noun that a preposition ties to it", "They mean the loss of 7% in summer.", ["loss of 7% · in summer"]),
    ("two words that belong to that noun", "By year's end it should lift rail freight capacity to 9,000 tons a month.", ["rail freight capacity to 9,000 tons · a month"]),
    ("what rises to a figure may be far from it", "Late on Monday it lowered the price cap on Russian crude to $42 a barrel.", ["price cap on Russian crude to $42 · a barrel"]),
    ("the won is a noun", "The won fell by 1.4% to 1,472 per dollar.", ["won fell by 1.4% · to 1,472 per dollar"]),
    ("a clause that says who lost", "The won slid, and the Kospi lost 2.1% on Tuesday.", ["Kospi lost 2.1% · on Tuesday"]),
    ("a clause that says not who", "Tata, the largest of them, lost 4% in Pune.", []),
    ("what a relative clause says is left out", "The 25% tariff that the United States announced is in force.", ["25% tariff"]),
    ("what is said of a count", "About 4,000 passengers are affected this week.", ["4,000 passengers · are affected this week"]),
    ("a count alone", "Then came 222 locations.", []),
    ("a pronoun in the place of what is counted", "They deny claims over 100 children.", []),
    ("the noun behind the figure is no adverb", "The city brings 700 brands together.", ["city brings 700 brands"]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "sentence", "found"), MEASURED, ids=[case[0] for case in MEASURED])
def test_a_figure_says_what_it_measures(why: str, sentence: str, found: list[str]) -> None:
    assert [measures_.written(m) for m in measures_.measures(None, [Cited(sentence, HERE)])] == found


def test_figures_are_few_and_the_headlines_come_first() -> None:
    lines = [Cited(f"Exports of good {n} rose {n}.5 percent in June.", HERE) for n in range(9)]
    found = measures_.measures(None, lines)
    assert len(found) == measures_.MAX_FIGURES
    assert "0.5 percent" in found[0].words


def test_the_figures_of_the_headline_come_first() -> None:
    heading, lead = (
        Cited("U.S. puts 25% tariff on trade with Iran", HERE),
        Cited("In Iran 62 people were killed.", HERE),
    )
    assert [m.words for m in measures_.measures(heading, [lead])] == ["25% tariff", "62 people were killed"]


def test_a_toll_of_the_headline_is_told_in_the_words_that_say_where() -> None:
    heading = Cited("Toll climbs to 116", HERE)
    lines = [Cited("On Monday 62 were killed in Qom.", HERE), Cited("At least 116 were killed in Iran.", HERE)]
    found = measures_.measures(heading, lines)
    assert [measures_.written(m) for m in found] == ["At least 116 were killed · in Iran"]


def test_a_figure_that_is_the_headline_over_again_is_not_told() -> None:
    heading = Cited("Film festival in Oslo to host films by 13 Iranian directors", HERE)
    assert measures_.measures(heading, [Cited("It will host works by 13 Iranian filmmakers.", HERE)]) == ()
    longer = Cited(f"{heading.words}, and opens with a tale of an imprisoned poet", HERE)
    assert len(measures_.measures(longer, [])) == 1


def test_counts_are_taken_from_what_is_told_alone() -> None:
    assert measures_.measures(None, [], [Cited("Protests spread to 78 cities.", HERE)]) == ()
    assert [m.words for m in measures_.measures(None, [], [Cited("In all 12 people were killed.", HERE)])] == [
        "12 people were killed"
    ]


@given(st.text())
def test_any_text_has_figures_that_stand_in_it(text: str) -> None:
    for measure in measures_.measures(None, [Cited(text, HERE)]):
        assert measure.words in text
        assert measure.what in text


def test_figures_of_a_long_line_of_digits_are_found_in_time() -> None:
    lines = [Cited(line, HERE) for line in ("1,111" * 20_000, "9" * 100_000, "killed " * 20_000, "1 a " * 20_000)]
    assert measures_.measures(None, lines) == ()


# ── who said what ────────────────────────────────────────────────────────────────────────────────────────────────────

SAID = [
    ("the speaker behind", "“We will not talk under the threat of war,” said Abbas Araghchi, the foreign minister.", ("Abbas Araghchi",)),
    ("the speaker behind, the verb last", "“We will not talk under the threat of war,” Iran's Foreign Minister Abbas Araghchi said.", ("Iran's Foreign Minister Abbas Araghchi",)),
    ("the speaker before", "Foreign ministry spokesman Esmail Baghaei said: “We will not talk under the threat of war.”", ("Esmail Baghaei",)),
    ("straight marks", '"We are locked and loaded and ready to go," Trump wrote on Truth Social.', ("Trump",)),
    ("an office", "“We will not talk under the threat of war,” the ministry said.", ("the ministry",)),
    ("he is nobody", "“We will not talk under the threat of war,” he said.", ()),
    ("marks around a word are no quotation", "The “resistance” was broken, said Araghchi.", ()),
    ("nobody is named", "A banner read “We will not talk under the threat of war”.", ()),
    ("Korean", '외무장관은 "전쟁의 위협 아래에서는 협상하지 않겠다"라고 말했다.', ("외무장관",)),
    ("Korean, behind another quotation", "한강증권 김도윤 연구원은 “시장은 관세를 걱정했다”며 “대표단이 돌아올 때까지는 크게 움직이지 않을 것”이라고 말했다.", ("한강증권 김도윤 연구원",)),
    ("Persian", "سخنگوی وزارت خارجه گفت: «ما زیر سایه تهدید و جنگ مذاکره نمی‌کنیم»", ("سخنگوی وزارت خارجه",)),
]  # fmt: skip


@pytest.mark.parametrize(("why", "sentence", "speakers"), SAID, ids=[case[0] for case in SAID])
def test_who_said_what(why: str, sentence: str, speakers: tuple[str, ...]) -> None:
    assert tuple(quote.speaker for quote in quotes_.quotes([Cited(sentence, HERE)])) == speakers


@pytest.mark.parametrize("text", ["“" * 30_000, '"a ' * 20_000, "A " * 20_000 + "said", "The of " * 9_000 + "“x”"])
def test_a_hostile_sentence_has_no_speaker(text: str) -> None:
    assert quotes_.quotes([Cited(text[:420], HERE)]) == ()


# ── in other words ───────────────────────────────────────────────────────────────────────────────────────────────────

SOURCES = (
    "US announces 25% tariff on all who trade with Iran",
    "At least 544 people were killed on 3 July and more than 10,600 arrested, the rights group HRANA said.",
    "Foreign Minister Abbas Araghchi said on Monday that talks with Washington would go on.",
)
REWRITTEN = [
    ("what the sources say", "The US will put a 25% tariff on those who trade with Iran.", True),
    ("a number without its comma", "HRANA said that 10600 were arrested.", True),
    ("a name from the middle of a sentence", "Talks with Washington go on, Abbas Araghchi said.", True),
    ("another number", "The US will put a 50% tariff on those who trade with Iran.", False),
    ("a number in words", "Two people were killed.", False),
    ("the same number, of other people", "At least 544 arrested.", False),
    ("another scale", "The US announces 25 million for Iran.", False),
    ("another name", "The US announces 25% tariff on Iraq.", False),
    ("another name at the beginning", "Macron said that talks with Washington would go on.", False),
    ("two names that are one in no source", "Abbas Washington said that talks would go on.", False),
    ("another day", "Talks go on, Araghchi said on Tuesday.", False),
    ("another date", "They were killed on 4 July.", False),
    ("a day that is counted from now", "They were killed yesterday.", False),
    ("a denial that no source has", "Talks with Washington would not go on.", False),
    ("a link", "See https://example.org for talks.", False),
    ("nothing", " ", False),
    ("a page", "The US and Iran. " * 200, False),
    ("a script in which any word may be a name", "이란 외무장관은 협상을 말했다.", False),
]


@pytest.mark.parametrize(("why", "text", "taken"), REWRITTEN, ids=[case[0] for case in REWRITTEN])
def test_a_rewriting_is_taken_only_if_all_of_it_stands_in_the_sources(why: str, text: str, taken: bool) -> None:
    assert is_grounded(text, SOURCES) is taken


@pytest.mark.parametrize("sentence", SOURCES)
def test_the_sources_themselves_are_grounded(sentence: str) -> None:
    assert is_grounded(sentence, SOURCES)


def test_a_rewriting_stands_beside_the_sentences_that_it_rests_on() -> None:
    made = told([NIGHT[2]], None)
    taken = summaries.rewritten(made, "The US announces a 25% tariff on all\nwho trade with Iran.")
    assert taken.summary.rewritten == "The US announces a 25% tariff on all who trade with Iran."
    assert replace(taken.summary, rewritten="") == made.summary
    assert summaries.rewritten(made, "The US announces a 50% tariff.") == made


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    assert is_grounded(text, SOURCES) in {True, False}


def test_the_nights_digest_is_the_same_each_time() -> None:
    assert newsroom.digest() == newsroom.digest()
