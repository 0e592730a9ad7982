"""Slack: within every limit, and feed text is letters to it, never marks, mentions or links."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import render
from alerts.model import Message
from alerts.render import slack
from tests import newsroom
from tests.newsroom import BAD_URLS, HOSTILE, NIGHT, article, development, subscription

LIMITS = Path(__file__).parents[2] / "shared/data/slack_slackblocks_spec.tar.gz"


def walk(part: object) -> Iterator[dict[str, Any]]:
    """Every object in the blocks."""
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from walk(value)
    if isinstance(part, list):
        for value in part:
            yield from walk(value)


def check(message: Message) -> list[dict[str, Any]]:
    """What holds for every message; gives back its blocks."""
    body = json.loads(message.body)
    assert set(body) == {"text", "blocks", "mrkdwn", "unfurl_links", "unfurl_media"}
    assert (body["mrkdwn"], body["unfurl_links"], body["unfurl_media"]) == (False, False, False)
    assert body["text"] == slack.escape(message.subject) != ""
    blocks: list[dict[str, Any]] = body["blocks"]
    assert 0 < len(blocks) <= slack.MAX_BLOCKS
    assert slack.size(blocks) + len(body["text"]) <= slack.TOTAL_LIMIT
    for part in walk(blocks):
        assert part.get("type") != "mrkdwn"
        assert part.get("text") != ""
        assert part.get("url", "https://").startswith(("https://", "http://"))
        assert len(part.get("url", "")) <= 3000
        if part.get("type") == "plain_text":
            assert 0 < len(part["text"]) <= slack.HEADER_LIMIT
    return blocks


def letters(blocks: object) -> str:
    """All that a reader sees."""
    return "".join(part["text"] for part in walk(blocks) if isinstance(part.get("text"), str))


def test_a_digest_tells_every_story_with_outlet_time_reason_and_link() -> None:
    blocks = check(render.digest(newsroom.digest("slack")))
    links = {part["url"]: part["text"] for part in walk(blocks) if part.get("type") == "link"}
    assert links == {d.article.url: d.article.title for d in NIGHT}
    for words in (
        "The Guardian, 05:42",
        "new facts: 25%",
        "$13.4 billion",
        "Tehran Times",
        "Sanctions and tariffs · flash",
    ):
        assert words in letters(blocks)


def test_a_story_is_told_with_its_summary_and_each_sentence_names_its_source() -> None:
    news = [NIGHT[0], NIGHT[1], NIGHT[2]]
    (story,) = (
        part
        for part in check(render.digest(newsroom.digest_of(news, subscription("slack"))))
        if "Figures" in letters(part)
    )
    for words in (
        "on Sunday over the price of bread",
        "(Al Jazeera)",
        "(South China Morning Post)",
        "25% tariff · on all who trade with Iran",
    ):
        assert words in letters(story)


def test_a_story_is_one_block_of_at_most_3000_characters() -> None:
    text = " ".join(f"Sentence {n} of {n * 7} words tells of {'port ' * 60}and more." for n in range(40))
    news = [
        development(article(f"a{n}", f"Title {n} {'x ' * 140}", f"Outlet {n} {'y ' * 35}", n, text=text))
        for n in range(12)
    ]
    for message in (
        render.digest(newsroom.digest_of(news, subscription("slack"))),
        render.alert(newsroom.alert_of(news[0], subscription("slack", cron=""))),
    ):
        for block in check(message):
            assert slack.size(block) <= slack.BLOCK_LIMIT == 3_000


def test_an_alert_tells_rule_severity_headline_lead_and_reason() -> None:
    blocks = check(render.alert(newsroom.alert("slack")))
    assert letters(blocks) == (
        "Sanctions and tariffs · flash · Wednesday 1 July 2026, 05:42 (Europe/Warsaw)"
        "US announces 25% tariff on all who trade with Iran"
        "\nnew facts: 25% · The Guardian, 05:42"
        "\nThe United States will levy a 25% tariff on the goods of any country that does business with Iran, the "
        "president said, in a step that would fall on China above all. Two-way trade was worth $13.4 billion last "
        "year, the WSJ reported."
        "\nFigures: 25% tariff · on all who trade with Iran; Two-way trade was worth $13.4 billion · last year"
        "\nAlso in: Al Jazeera, South China Morning Post, Korea Herald, 연합뉴스, Tehran Times"
        "\nMatched: tariff"
        'Because the subscription "anna" watches iran, china, tariffs.'
    )


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("url", BAD_URLS[:2])
def test_hostile_words_are_letters(words: str, url: str) -> None:
    for message in (
        render.alert(newsroom.hostile("slack", words, url)[0]),
        render.digest(newsroom.hostile("slack", words, url)[1]),
    ):
        check(message)


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_a_limit_or_a_rule(words: str, url: str, title: str) -> None:
    for message in (
        render.alert(newsroom.hostile("slack", words, url, title=title)[0]),
        render.digest(newsroom.hostile("slack", words, url, title=title)[1]),
    ):
        check(message)


def test_a_mention_in_a_title_stands_in_literal_text_and_is_escaped_where_slack_parses() -> None:
    message = render.alert(newsroom.hostile("slack", "<!channel> AT&T *now*")[0])
    assert "&lt;!channel&gt; AT&amp;T *now*" in json.loads(message.body)["text"]
    titles = [part for part in walk(check(message)) if part.get("text") == "<!channel> AT&T *now*"]
    assert [part["type"] for part in titles] == ["link"]


@given(st.text())
def test_escaping_is_done_once_and_can_be_undone(words: str) -> None:
    escaped = slack.escape(words)
    assert not set("<>") & set(escaped)
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == words


@pytest.mark.parametrize("title", ["&" * 300, "<" * 149, "🌍" * 300, "a & b " * 60])
def test_the_header_fits_once_it_is_escaped_and_no_character_is_halved(title: str) -> None:
    header = check(render.digest(newsroom.digest("slack", title=title)))[0]
    assert header["type"] == "header"
    assert (
        header["text"]["text"].replace("&amp;", "").replace("&lt;", "").isascii() == title.isascii()
        or "…" in header["text"]["text"]
    )


def test_a_large_digest_is_cut_to_headlines_and_then_counted() -> None:
    news = [development(article(f"a{n}", f"Story {n} {'on and on ' * 12}", hour=n / 50), f"s{n}") for n in range(200)]
    digest = newsroom.digest_of(news, subscription("slack", max_stories=150))
    blocks = check(render.digest(digest))
    told = sum(part.get("type") == "link" for part in walk(blocks))
    assert told > 30
    assert f"and {200 - told} more stories" in letters(blocks)


def test_a_digest_of_long_stories_stays_under_what_slack_takes_and_loses_none_uncounted() -> None:
    news = [
        development(article(f"{s}-{n}", f"{s}-{n} {'&<>' * 95}", hour=n), f"s{s}", reason="new facts: " + "&" * 200)
        for s in range(40)
        for n in range(8)
    ]
    blocks = check(render.digest(newsroom.digest_of(news, subscription("slack"))))
    stories = {part["text"].split("-")[0] for part in walk(blocks) if part.get("type") == "link"}
    assert f"and {40 - len(stories)} more stories" in letters(blocks)


def test_our_limits_are_those_that_are_documented() -> None:
    if not LIMITS.exists():
        pytest.skip("the table of Slack's limits is not here")
    with tarfile.open(LIMITS) as folder:
        file = folder.extractfile("slack_slackblocks_spec/limits.json")
        assert file is not None
        limits = json.load(file)
    assert limits["header"]["text"]["max_length"] == slack.HEADER_LIMIT
    assert limits["markdown"]["text"]["max_length"] == slack.TOTAL_LIMIT
