"""Slack: within every limit, and feed text is letters to it, never marks, mentions or links."""

import json
import random
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
from tests import blocks as blocks_
from tests import newsroom
from tests.newsroom import BAD_URLS, HOSTILE, NIGHT, article, development, subscription

LIMITS = Path(__file__).parents[2] / "shared/data/slack_slackblocks_spec.tar.gz"
CASES = Path(__file__).parents[2] / "shared/data/cases_mail_slack.json"


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
    assert blocks_.faults(blocks) == []
    assert len(blocks) <= slack.MAX_BLOCKS == blocks_.BLOCKS
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
        "\nMatched Sanctions and tariffs, Iran: US announces 25% tariff on all who trade with Iran"
        "Because the subscription “anna” watches iran, china, tariffs."
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
    assert [part["type"] for part in titles] == ["link", "text"]
    assert titles[1]["style"] == {"bold": True}, "the words by which the rule was met are marked"


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


def parts(message: Message) -> list[list[dict[str, Any]]]:
    """The blocks of every message of a digest, each of them looked at."""
    return [check(part) for part in (message, *message.rest)]


def test_a_large_digest_becomes_several_messages_in_order_with_nothing_missing() -> None:
    news = [development(article(f"a{n}", f"Story {n} {'on and on ' * 12}", hour=n / 50), f"s{n}") for n in range(200)]
    message = render.digest(newsroom.digest_of(news, subscription("slack", max_stories=150)))
    found = parts(message)
    links = [part["text"] for blocks in found for part in walk(blocks) if part.get("type") == "link"]
    told = [int(words.split()[1]) for words in links if words.startswith("Story")]
    assert len(found) > 2
    assert sorted(set(told)) == list(range(50, 200))
    assert len(told) == 150
    assert told == sorted(told, reverse=True), "the newest of equal weight come first, across messages"
    for n, blocks in enumerate(found, 1):
        assert f" · {n}/{len(found)}" in letters(blocks)
        assert ("and 50 more stories" in letters(blocks)) == (n == len(found))
        assert ("Because the subscription" in letters(blocks)) == (n == len(found))
        assert letters(blocks).count("Iran · urgent") == 1, "each message names the rule that it is under"
    assert [part.subject.endswith(f" ({n}/{len(found)})") for n, part in enumerate(message.rest, 2)] == [True] * (
        len(found) - 1
    )


def test_a_digest_of_long_stories_tells_each_of_them() -> None:
    news = [
        development(article(f"{s}-{n}", f"{s}-{n} {'&<>' * 95}", hour=n), f"s{s}", reason="new facts: " + "&" * 200)
        for s in range(40)
        for n in range(8)
    ]
    found = parts(render.digest(newsroom.digest_of(news, subscription("slack"))))
    stories = [part["text"].split("-")[0] for blocks in found for part in walk(blocks) if part.get("type") == "link"]
    assert set(stories) == {str(s) for s in range(40)}


def test_a_digest_that_fits_is_one_message() -> None:
    message = render.digest(newsroom.digest("slack"))
    assert message.rest == ()
    assert "1/1" not in letters(check(message))


# ── a reader of Slack's marks ────────────────────────────────────────────────────────────────────────────────────────

LITERAL = {"rich_text": {"rich_text_section"}, "rich_text_section": {"text", "link"}}
"""What our rich text may hold: no ``user``, ``usergroup``, ``broadcast``, ``channel``, ``emoji`` or ``date``."""


def parsed(words: str) -> tuple[str, list[str], list[str]]:
    """Read a text as Slack's parser does: what is shown, the controls (mentions, links, dates), broken entities.

    A control is all between ``<`` and the next ``>``; an entity is one of three.
    https://docs.slack.dev/messaging/formatting-message-text
    """
    shown, controls, broken, at = "", [], [], 0
    while at < len(words):
        if words[at] == "<":
            end = words.find(">", at)
            controls.append(words[at : end + 1 if end >= 0 else None])
            at = end + 1 if end >= 0 else len(words)
        elif words[at] == "&":
            name = next((name for name in ("&amp;", "&lt;", "&gt;") if words.startswith(name, at)), "")
            shown += {"&amp;": "&", "&lt;": "<", "&gt;": ">", "": "&"}[name]
            broken += [] if name else [words[at : at + 8]]
            at += len(name) or 1
        else:
            broken += [">"] if words[at] == ">" else []
            shown += words[at]
            at += 1
    return shown, controls, broken


def literal(blocks: list[dict[str, Any]]) -> list[str]:
    """What in the blocks Slack does not take as letters."""
    found = []
    for block in blocks:
        if block["type"] == "rich_text":
            for section in block["elements"]:
                found += [section["type"]] if section["type"] not in LITERAL["rich_text"] else []
                for element in section["elements"]:
                    found += [element["type"]] if element["type"] not in LITERAL["rich_text_section"] else []
        elif block["type"] == "header":
            found += [block["text"]["type"]] if block["text"]["type"] != "plain_text" or block["text"]["emoji"] else []
        elif block["type"] != "divider":
            found.append(block["type"])
    return found


def test_the_reader_sees_mentions_and_broken_entities() -> None:
    assert parsed("a <!channel> &amp; <@U1|x> b")[1:] == (["<!channel>", "<@U1|x>"], [])
    assert parsed("AT&T &lt; > &am")[2] == ["&T &lt; ", ">", "&am"]
    assert parsed("&amp;lt;")[0] == "&lt;"
    assert literal([{"type": "section"}]) == ["section"]
    assert literal(
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "broadcast"}]}]}]
    )


MARKS = (
    *("<!channel>", "<!here>", "<!everyone>", "<@U012AB3CD>", "<#C024BE7LR>", "<!subteam^S1>", "<!date^1|x>"),
    *("<https://evil.example|bank>", "<mailto:eve@example.org>", "@channel", "@here", "@everyone", "#general"),
    *("&", "&amp;", "&lt;", "&amp;lt;!channel&amp;gt;", "&#60;", "<", ">", ">>>", "*", "_", "~", "`", "```", ":bomb:"),
    *(
        "\n",
        "\r",
        "\0",
        "\u2028",
        "\u202e",
        "\ud83d",
        "🇮🇷",
        "관세",
        "تهران",
        "https://evil.example",
        "Iran",
        " ",
        "|",
        "^",
        "!",
    ),
)


def test_ten_thousand_titles_make_no_mention_and_break_no_entity() -> None:
    drawn = random.Random(6)
    titles = ["".join(drawn.choices(MARKS, k=drawn.randint(1, 12))) for _ in range(10_000)]
    mentions = broken = 0
    for first in range(0, len(titles), 25):
        some = titles[first : first + 25]
        news = [
            development(article(f"a{n}", words, words, text=words), f"s{n}", words=words)
            for n, words in enumerate(some)
        ]
        made = newsroom.digest_of(news, subscription("slack", title=some[0]))
        alert = render.alert(newsroom.alert_of(news[0], subscription("slack", title=some[1], cron="")))
        digest = render.digest(made)
        for message in (alert, digest, *digest.rest):
            body = json.loads(message.body)
            assert literal(body["blocks"]) == []
            headers = [block["text"]["text"] for block in body["blocks"] if block["type"] == "header"]
            for words, meant in ((body["text"], message.subject), *((header, None) for header in headers)):
                shown, controls, wrong = parsed(words)
                mentions, broken = mentions + len(controls), broken + len(wrong)
                assert meant in (None, shown)
    assert (mentions, broken) == (0, 0)


HELD = {
    "slack-01": "test_a_large_digest_becomes_several_messages_in_order_with_nothing_missing",
    "slack-02": "test_the_header_fits_once_it_is_escaped_and_no_character_is_halved",
    "slack-03": "test_a_story_is_one_block_of_at_most_3000_characters",
    "slack-04": "check: there is no section with fields",
    "slack-05": "check: there is no context block",
    "slack-06": "check: there is no button and no image",
    "slack-07": "check: 12,000 characters in all",
    "slack-08": "test_escaping_is_done_once_and_can_be_undone",
    "slack-09": "test_ten_thousand_titles_make_no_mention_and_break_no_entity",
    "slack-10": "test_ten_thousand_titles_make_no_mention_and_break_no_entity",
    "slack-11": "tests/contract/test_slack.py",
    "slack-12": "tests/contract/test_channels.py",
    "slack-13": "tests/contract/test_slack.py",
    "slack-14": "check: text",
}


def test_every_rule_for_slack_has_a_test() -> None:
    if not CASES.exists():
        pytest.skip("the list is not here")
    wanted = {case["id"] for case in json.loads(CASES.read_text()) if case["id"].startswith("slack")}
    assert wanted == set(HELD)
    assert {name for name in HELD.values() if name.startswith("test_")} <= set(globals())


def test_our_limits_are_those_that_are_documented() -> None:
    if not LIMITS.exists():
        pytest.skip("the table of Slack's limits is not here")
    with tarfile.open(LIMITS) as folder:
        file = folder.extractfile("slack_slackblocks_spec/limits.json")
        assert file is not None
        limits = json.load(file)
    assert limits["header"]["text"]["max_length"] == slack.HEADER_LIMIT
    assert limits["section"]["text"]["max_length"] == slack.BLOCK_LIMIT
    assert limits["markdown"]["text"]["max_length"] == slack.TOTAL_LIMIT
