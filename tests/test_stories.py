"""Stories: which articles belong together, which are copies, and what is new."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import stories
from alerts.model import Article, Hit, Match, Story
from alerts.stories.copies import same_text
from alerts.stories.space import Space
from alerts.stories.terms import terms

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)

CRACKDOWN = (
    "Security forces opened fire on protesters in Isfahan and Tehran on Monday and cut off the internet across most of "
    "the country, residents and a monitoring group said. At least 25 dead were counted in two hospitals, doctors said."
)
CHINA = (
    "A Chinese foreign ministry spokesperson voiced concern over the crackdown on protesters in Iran and called for calm, "
    "but offered no tangible support to Tehran, its trading partner, after security forces opened fire in Isfahan."
)
TANKER = (
    "French marines boarded an oil tanker of the shadow fleet in the Atlantic and took it to Brest, the navy said. The "
    "vessel had switched off its transponder and sailed under a false flag of Benin."
)
VIEW = "Protesters in Isfahan and Tehran have 3 demands, and security forces that fire and cut the internet meet none."


def a_match(
    n: int, title: str, text: str = "", *, outlet: str = "Polaris Wire", version: str = "v1", url: str = ""
) -> Match:
    article = Article(
        id=f"a-{n:04}",
        version=version,
        feed="polaris",
        outlet=outlet,
        url=url or f"https://example.com/{n}",
        title=title,
        text=text,
        seen=NOW + timedelta(minutes=n),
        lang="en",
    )
    return Match(article, (Hit("iran", ()),))


def reasons(*matches: Match, kept: tuple[Story, ...] = ()) -> list[str]:
    return [placed.reason for placed in stories.place_all(matches, kept, now=NOW)]


def test_the_first_article_opens_a_story() -> None:
    (placed,) = stories.place_all([a_match(1, "Iran cuts internet as protests spread", CRACKDOWN)], (), now=NOW)

    assert placed.reason == "new story"
    assert placed.development is not None
    assert placed.development.story == placed.story.id
    assert [m.title for m in placed.story.members] == ["Iran cuts internet as protests spread"]


def test_a_reaction_joins_the_story_and_is_new() -> None:
    first, second = stories.place_all(
        [
            a_match(1, "Iran cuts internet as forces fire on protesters", CRACKDOWN),
            a_match(2, "China voices concern over Iran crackdown, offers no tangible support", CHINA),
        ],
        (),
        now=NOW,
    )

    assert second.story.id == first.story.id
    assert second.reason.startswith("new facts: ")
    assert second.development is not None


def test_another_event_opens_another_story() -> None:
    first, second = stories.place_all(
        [
            a_match(1, "Iran cuts internet as forces fire on protesters", CRACKDOWN),
            a_match(2, "France seizes tanker", TANKER),
        ],
        (),
        now=NOW,
    )

    assert first.story.id != second.story.id


REPRINTS = [
    ("word for word", CRACKDOWN),
    ("with a credit in front", "ISFAHAN (Polaris Wire) - " + CRACKDOWN),
    ("cut after the first sentence", CRACKDOWN.split(". ", maxsplit=1)[0] + "."),
    ("with two words changed", CRACKDOWN.replace("Monday", "Tuesday").replace("residents", "witnesses")),
]


@pytest.mark.parametrize(("how", "text"), REPRINTS, ids=[how for how, _ in REPRINTS])
def test_a_reprint_is_a_copy_and_tells_nobody(how: str, text: str) -> None:
    title = "Iran cuts internet as forces fire on protesters"
    _, second = stories.place_all(
        [a_match(1, title, CRACKDOWN), a_match(2, title, text, outlet="Harbour Post")], (), now=NOW
    )

    assert second.reason == "copy of Polaris Wire", how
    assert second.story.members[1].copy_of == "a-0001"
    assert second.development is None


def test_the_same_address_is_the_same_text() -> None:
    one = a_match(1, "Iran cuts internet as forces fire on protesters", CRACKDOWN, url="https://example.com/x")
    other = a_match(2, "Internet cut in Iran, forces fire on protesters", CRACKDOWN[:90], url="https://example.com/x")

    assert reasons(one, other)[1].startswith("copy of")


NOT_COPIES = [
    ("another event of the same kind", "France seizes tanker", "Estonia detains tanker", ""),
    ("a stub with another figure", "Death toll rises", "Death toll rises", "62 dead"),
]


@pytest.mark.parametrize(("how", "one", "other", "text"), NOT_COPIES, ids=[c[0] for c in NOT_COPIES])
def test_what_is_no_copy(how: str, one: str, other: str, text: str) -> None:
    a, b = (
        stories.place_all([a_match(n, title, body)], (), now=NOW)[0].story.members[0]
        for n, title, body in ((1, one, "25 dead" if text else ""), (2, other, text))
    )

    assert not same_text(a, b), how


DEVELOPS = [
    ("a bare number of the headline", "Death toll in Iran protests climbs to 62", CRACKDOWN[:80], "new facts: 62"),
    (
        "a figure that was not told",
        "Death toll in Iran protests rises to 62 dead",
        CRACKDOWN[:80],
        "new facts: 62 dead",
    ),
    (
        "a correction says so itself",
        "CORRECTION: 22 dead in Iran protests, not 25",
        CRACKDOWN[:80],
        "correction: 22 dead",
    ),
    ("a Korean correction", "정정: 이란 시위 Isfahan Tehran protesters", CRACKDOWN[:80], "correction"),
    ("an opinion is background", "Opinion: Iran cannot fire on protesters for ever", VIEW, "background"),
    ("a live page is background", "Live: Iran protests and internet blackout", VIEW, "background"),
    (
        "nothing new in it, by another outlet",
        "Iran forces fire on protesters",
        "Residents said internet was cut in Isfahan.",
        "confirmed: 2 outlets",
    ),
]


@pytest.mark.parametrize(("how", "title", "text", "expected"), DEVELOPS, ids=[c[0] for c in DEVELOPS])
def test_what_is_new(how: str, title: str, text: str, expected: str) -> None:
    first = a_match(1, "Iran cuts internet as forces fire on protesters", CRACKDOWN)

    assert reasons(first, a_match(2, title, text, outlet="Harbour Post"))[1] == expected, how


def test_an_edit_is_a_new_version_of_the_same_member() -> None:
    title = "Iran cuts internet as forces fire on protesters"
    first = a_match(1, title, CRACKDOWN)
    typo = a_match(1, title, CRACKDOWN.replace("residents", "locals"), version="v2")
    raised = a_match(1, title, CRACKDOWN.replace("25 dead", "31 dead"), version="v3")

    assert reasons(first, typo, raised) == ["new story", "repeat: edited", "correction: 31 dead"]


def test_an_article_that_is_placed_already_gives_nothing() -> None:
    match = a_match(1, "Iran cuts internet", CRACKDOWN)
    (placed,) = stories.place_all([match], (), now=NOW)

    assert stories.place_all([match], (placed.story,), now=NOW) == ()
    assert reasons(match, match) == ["new story"]


titles = st.lists(
    st.sampled_from("iran china tariff oil tanker protest seized talks 25% bank".split()), min_size=1, max_size=6
)


@given(st.lists(st.tuples(titles, titles), min_size=1, max_size=25), st.integers(1, 7))
def test_batches_do_not_matter(texts: list[tuple[list[str], list[str]]], size: int) -> None:
    """One after the other, or in batches of any size: the same stories with the same reasons."""
    matches = [a_match(n, " ".join(title), " ".join(text)) for n, (title, text) in enumerate(texts)]
    whole = {p.story.id: p.story for p in stories.place_all(matches, (), now=NOW)}
    kept: dict[str, Story] = {}
    for at in range(0, len(matches), size):
        ordered = tuple(kept[key] for key in sorted(kept))
        kept |= {p.story.id: p.story for p in stories.place_all(matches[at : at + size], ordered, now=NOW)}

    assert kept == whole
    assert sum(len(story.members) for story in whole.values()) == len(matches)


def test_terms_count_the_title_twice() -> None:
    assert terms("Tanker seized", "The tanker") == {"tanker": 3, "seized": 2}


def test_an_empty_space_has_nothing_near() -> None:
    member = stories.place_all([a_match(1, "Iran cuts internet", CRACKDOWN)], (), now=NOW)[0].story.members[0]

    assert Space(()).nearest(member) is None
    assert Space(()).nearest(replace(member, title="", lead="")) is None


def test_the_function_words_of_a_rare_language_glue_nothing() -> None:
    """Two Persian articles that share no more than the smallest words, among many English ones."""
    english = [a_match(n, f"Iran report {n}", f"{CRACKDOWN} {n}") for n in range(1, 30)]
    one = a_match(
        90,
        "بازداشت معترضان در اصفهان",
        "نیروهای امنیتی در اصفهان و در تهران معترضان را با خشونت از خیابان‌ها به بازداشتگاه بردند.",
    )
    other = a_match(
        91,
        "توقیف نفت‌کش در دریای عمان",
        "نفت‌کش توقیف‌شده در دریای عمان و در نزدیکی بندر جاسک با پرچم پاناما به بندر برده شد.",
    )
    persian = [replace(m, article=replace(m.article, lang="fa")) for m in (one, other)]
    placed = stories.place_all([*english, *persian], (), now=NOW)

    assert [p.reason for p in placed[-2:]] == ["new story", "new story"]


def test_an_opinion_opens_a_story_that_nobody_is_told_of() -> None:
    """The report that comes after it is news, and joins it."""
    opinion = a_match(1, "Opinion: Iran cannot fire on protesters for ever", VIEW)
    first, second = stories.place_all([opinion, a_match(2, "Iran forces fire on protesters", CRACKDOWN)], (), now=NOW)

    assert (first.reason, first.development) == ("background", None)
    assert second.story.id == first.story.id
    assert second.development is not None
