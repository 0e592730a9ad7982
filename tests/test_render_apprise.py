"""Apprise: short plain text that no service takes for a mention, a link or a heading."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import render
from alerts.model import Message
from alerts.render import apprise
from tests import newsroom
from tests.newsroom import BAD_URLS, HOSTILE, NIGHT, article, development, subscription

LIVE = re.compile(r"@\w|<[!@#:a-z]|\]\(|https?://\S*[@<]")
"""What one service or another would take for a mention, or for a link that looks like something else."""


def check(message: Message) -> Message:
    """What holds for every message, and those that follow it."""
    for part in (message, *message.rest):
        assert part.kind == "apprise"
        assert 0 < len(part.text) <= apprise.BODY_LIMIT
        assert not LIVE.search(f"{part.subject}\n{part.text}"), LIVE.search(f"{part.subject}\n{part.text}")
        assert len(part.subject.splitlines()) == 1
        assert (part.html, part.body) == ("", "")
    return message


def test_an_alert_reads_like_this() -> None:
    message = check(render.alert(newsroom.alert("apprise")))
    assert message.subject == "[flash]\u200b US announces 25% tariff on all who trade with Iran — The Guardian"
    assert message.text == (
        "US announces 25% tariff on all who trade with Iran\n"
        "new facts: 25% · The Guardian, 05:42\n"
        "The United States will levy a 25% tariff on the goods of any country that does business with Iran, the "
        "president said, in a step that would fall on China above all. Two-way trade was worth $13.4 billion last "
        "year, the WSJ reported.\n"
        "Figures: 25% tariff · on all who trade with Iran; Two-way trade was worth $13.4 billion · last year\n"
        "Also in: Al Jazeera, South China Morning Post, Korea Herald, 연합뉴스, Tehran Times\n"
        "https://theguardian.example/tariff"
    )


def test_a_digest_tells_every_story_in_as_many_messages_as_it_needs() -> None:
    news = [development(article(f"a{n}", f"Story {n}. {'on and on ' * 20}", hour=n / 50), f"s{n}") for n in range(60)]
    message = check(render.digest(newsroom.digest_of(news, subscription("apprise", max_stories=50))))
    parts = [message, *message.rest]
    told = [int(n) for part in parts for n in re.findall(r"Story (\d+)\.", part.text)]
    assert told == list(range(59, 9, -1))
    assert [part.subject[-(3 + len(str(len(parts)) + str(n))) :] for n, part in enumerate(parts, 1)] == [
        f"({n}/{len(parts)})" for n in range(1, len(parts) + 1)
    ]
    assert parts[-1].text.endswith("and 10 more stories")


def test_a_short_digest_is_one_message_with_sections_and_links() -> None:
    message = check(render.digest(newsroom.digest_of(NIGHT[5:], subscription("apprise"))))
    assert message.rest == ()
    assert "Iran:\nChina halts new loans" in message.text
    for d in NIGHT[5:]:
        assert d.article.url in message.text


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("url", [BAD_URLS[0], "https://example.org/@everyone/<@1>`[a](b)"])
def test_hostile_words_are_letters(words: str, url: str) -> None:
    for message in newsroom.hostile("apprise", words, url):
        check(render.alert(message) if hasattr(message, "told") else render.digest(message))


@given(st.text(st.sampled_from("@<>](![:#&eh \n")), st.text())
def test_no_text_is_a_mark(words: str, title: str) -> None:
    alert, digest = newsroom.hostile("apprise", words, title=title)
    check(render.alert(alert))
    check(render.digest(replace(digest, more=3)))
