"""Mail: both parts say the same, in any script, and nothing of a feed gets out of its place."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from alerts import render
from alerts.model import Message
from alerts.render import mail, views
from tests import newsroom
from tests.newsroom import BAD_URLS, HOSTILE, NIGHT, TARIFF, article, development, subscription

ELEMENTS = set("html head meta title style body table tbody tr td h1 h2 h3 div span a br mark strong".split())
ATTRIBUTES = {
    "html": {"lang"},
    "meta": {"charset", "name", "content"},
    "body": {"class", "style"},
    "table": {"role", "class", "width", "cellpadding", "cellspacing", "border", "style"},
    "td": {"class", "style"},
    "a": {"href", "style"},
}
BLOCK = {"class", "style", "dir", "lang"}


class Texts(HTMLParser):
    """Collects the texts that a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.hidden = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden = tag in {"style", "title"}

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.found += [" ".join(data.replace("“", '"').replace("”", '"').strip(" ·\xa0\n").split())]


def texts(html: str) -> list[str]:
    collected = Texts()
    collected.feed(html)
    collected.close()
    return [text for text in collected.found if text]


def links(html: str) -> list[str]:
    return [str(a.attributes["href"]) for a in LexborHTMLParser(html).css("a")]


def both(message: Message) -> tuple[str, str]:
    return " ".join(message.text.split()), message.html


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "message", [render.digest(newsroom.digest()), render.alert(newsroom.alert())], ids=["digest", "alert"]
)
def test_the_text_part_says_all_that_the_html_part_says(message: Message) -> None:
    plain, html = both(message)
    assert len(texts(html)) > 9
    straight = plain.replace("“", '"').replace("”", '"')  # as `texts` has them
    assert [text for text in texts(html) if text not in straight] == []
    assert [url for url in links(html) if url not in plain.split()] == []


def test_both_parts_tell_each_title_outlet_time_reason_figure_and_link() -> None:
    message = render.digest(newsroom.digest())
    for part in (message.text, "\n".join(texts(message.html) + links(message.html))):
        for d in NIGHT:
            assert d.article.title in part
            assert d.article.outlet in part
            assert d.article.url in part
            assert d.reason in part
        for words in (
            "30 Jun 19:30",
            "05:42",
            "$13.4 billion",
            "more than 10,600 arrested",
            "Tehran Times",
            "관세",
            "[flash]",
        ):
            assert words.strip("[]" * (part is not message.text)) in part
        for words in (
            "Wednesday 1 July 2026, 07:30 (Europe/Warsaw)",
            "4 stories, 7 developments",
            "Iran, China and trade",
        ):
            assert words in part


def test_a_digest_reads_like_this() -> None:
    plain = render.digest(newsroom.digest()).text
    assert plain.startswith(
        "Iran, China and trade\n"
        "Wednesday 1 July 2026, 07:30 (Europe/Warsaw)\n"
        "4 stories, 7 developments\n"
        "\n"
        "In this digest: Sanctions and tariffs (1), Iran (2), China (1)\n"
        "\n"
        "Sanctions and tariffs [flash]\n"
        "----------------------------------------------------------------------\n"
        "\n"
        "1. US announces 25% tariff on all who trade with Iran\n"
        "   https://theguardian.example/tariff\n"
        "   flash · 5 independent outlets · 1 h ago\n"
        "   The United States will levy a 25% tariff"
    )
    assert (
        "2. China halts new loans for Iranian port of Chabahar\n"
        "   https://reuters.example/ports\n"
        "   urgent · 2 independent outlets · 5 h ago\n"
        "   [new story] Reuters, 02:18\n"
        "   China has halted a loan of 1.5 billion yuan for the port, three people familiar with the matter said.\n"
        "   Figures\n"
        "   * China has halted a loan of 1.5 billion yuan · for the port\n"
        "   Also in: Nikkei Asia\n"
        "   Matched Iran, China: China halts new loans for Iranian port of Chabahar [Iranian]\n"
        "\n"
        "3. بازار تهران"
    ) in plain
    assert plain.endswith("\n--\nYou get this because the subscription “anna” watches iran, china, tariffs.\n")


def test_an_alert_reads_like_this() -> None:
    plain = render.alert(newsroom.alert(made_of=replace(TARIFF, text="")))
    assert plain.text == (
        "Sanctions and tariffs [flash]\n"
        "Wednesday 1 July 2026, 05:42 (Europe/Warsaw)\n"
        "\n"
        "US announces 25% tariff on all who trade with Iran\n"
        "   https://theguardian.example/tariff\n"
        "   [new facts: 25%] The Guardian, 05:42\n"
        "   Figures\n"
        "   * 25% tariff · on all who trade with Iran\n"
        "   Also in: Al Jazeera, South China Morning Post, Korea Herald, 연합뉴스, Tehran Times\n"
        "   Matched Sanctions and tariffs, Iran: US announces 25% tariff on all who trade with Iran [tariff]\n"
        "\n"
        "--\n"
        "Iran, China and trade. You get this because the subscription “anna” watches iran, china, tariffs.\n"
    )


def test_only_the_words_of_the_subscribers_own_rules_are_given_as_the_reason() -> None:
    told = render.digest(newsroom.digest(rules=("china",)))
    matched = [line for line in told.text.splitlines() if "Matched" in line]
    assert len(matched) == 3
    assert all(line.startswith("   Matched China: ") and "관세" not in line for line in matched)


def test_a_long_story_lists_its_newest_developments_and_counts_the_others() -> None:
    news = [development(article(f"a{n}", f"Title number {n}", hour=n / 10)) for n in range(20)]
    message = render.digest(newsroom.digest_of(news))
    for part in both(message):
        assert "8 earlier developments" in part
        assert "Title number 8" in part
        assert "Title number 7" not in part


def test_the_lead_does_not_repeat_the_title() -> None:
    told = article("a", "China halts loans", text="China halts loans - The port of Chabahar will get no more.")
    message = render.digest(newsroom.digest_of([development(told)]))
    assert "\n   The port of Chabahar will get no more.\n" in message.text


def test_what_did_not_fit_is_counted() -> None:
    plain, html = both(render.digest(newsroom.digest(max_stories=1)))
    assert "1 story of 4, with 4 developments" in plain
    assert "1 story of 4, with 4 developments" in html
    assert "and 3 more stories" in plain
    assert "and 3 more stories" in html


# ── the subject ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_subject_of_a_digest_names_two_stories_and_counts_the_rest() -> None:
    assert render.digest(newsroom.digest()).subject == (
        "Iran, China and trade: US announces 25% tariff on all who trade with Iran; "
        "China halts new loans for Iranian port of Chabahar; and 2 more"
    )


def test_the_subject_of_an_alert_names_severity_headline_and_outlet() -> None:
    subject = render.alert(newsroom.alert()).subject
    assert subject == "[flash] US announces 25% tariff on all who trade with Iran — The Guardian"


@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=400), min_size=1, max_size=4), st.integers(0, 2000))
def test_a_subject_is_one_line_of_at_most_150_characters(title: str, headlines: list[str], more: int) -> None:
    news = [development(article(f"a{n}", headline), f"s{n}") for n, headline in enumerate(headlines)]
    digest = newsroom.digest_of(news, subscription(title=title))
    alert = newsroom.alert_of(news[0], subscription(title=title))
    for message in (render.digest(replace(digest, more=more)), render.alert(alert)):
        assert 0 < len(message.subject) <= views.SUBJECT_LIMIT
        assert len(message.subject.splitlines()) == 1


# ── scripts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_text_of_a_feed_finds_its_own_direction_and_says_its_language() -> None:
    tree = LexborHTMLParser(render.digest(newsroom.digest()).html)
    persian = [node for node in tree.css('[lang="fa"]') if "تهران" in node.text()]
    assert [node.tag for node in persian] == ["h3", "div", "span"]
    assert all(node.attributes["dir"] == "auto" for node in persian)
    assert [node.attributes["dir"] for node in tree.css('[lang="ko"]')] == ["auto"]


def test_a_language_that_is_none_is_not_claimed() -> None:
    html = render.alert(newsroom.hostile("mail", 'en" onload="x')[0]).html
    assert [node.attributes["lang"] for node in LexborHTMLParser(html).css("[lang]")] == ["en"]


# ── hostile feeds ────────────────────────────────────────────────────────────────────────────────────────────────────


def check_harmless(html: str) -> None:
    for node in LexborHTMLParser(html).css("*"):
        assert node.tag in ELEMENTS
        assert set(node.attributes) <= ATTRIBUTES.get(str(node.tag), BLOCK)
        assert re.match("https?://", str(node.attributes.get("href", "https://")))


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("url", BAD_URLS[:2])
def test_hostile_words_stay_words(words: str, url: str) -> None:
    for message in (
        render.alert(newsroom.hostile("mail", words, url)[0]),
        render.digest(newsroom.hostile("mail", words, url)[1]),
    ):
        check_harmless(message.html)
        assert (
            re.search(
                "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", message.html + message.text
            )
            is None
        )
        assert len(message.html.encode()) < 20_000
        message.text.encode()


@given(st.text(), st.text())
def test_no_text_breaks_out_of_its_element(words: str, url: str) -> None:
    for message in (
        render.alert(newsroom.hostile("mail", words, url)[0]),
        render.digest(newsroom.hostile("mail", words, url)[1]),
    ):
        check_harmless(message.html)


@pytest.mark.parametrize("url", BAD_URLS)
def test_what_is_no_web_address_is_no_link(url: str) -> None:
    message = render.alert(newsroom.hostile("mail", "Title", url)[0])
    assert links(message.html) == []
    assert "http" not in message.text
    assert "javascript" not in message.text + message.html


def test_a_feed_cannot_forge_a_line_of_the_text_part() -> None:
    message = render.alert(newsroom.hostile("mail", "Title\n2. Forged story\n   Figures: none")[0])
    assert not re.search(r"^\s*(2\. Forged|Figures: none)", message.text, re.MULTILINE)


def test_the_operators_own_texts_are_escaped_too() -> None:
    digest = newsroom.digest(title="<b>Iran & co</b>", id="a<b>")
    assert "<b>" not in render.digest(digest).html
    assert "&lt;b&gt;Iran &amp; co" in render.digest(digest).html


# ── size and style ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("letter", "developments"), [("a", 1), ("a", 12), ("ی", 12), ("🌍", 12)])
def test_gmail_never_cuts_a_digest_and_the_text_part_tells_it_all(letter: str, developments: int) -> None:
    news = [
        development(
            article(f"{s}-{n}", f"{s}-{n} {letter * 300}", letter * 90, n / 10, text=letter * 300),
            f"s{s}",
            reason=letter * 300,
        )
        for s in range(60)
        for n in range(developments)
    ]
    message = render.digest(newsroom.digest_of(news))
    assert len(message.html.encode()) <= mail.HTML_LIMIT
    assert all(f"\n{n}. " in message.text for n in range(1, 51))
    assert "and 10 more stories" in message.html
    assert ("Cut short" in message.html) == (developments > 1)


def test_the_page_is_narrow_still_and_fit_for_the_dark() -> None:
    html = render.digest(newsroom.digest()).html
    assert "max-width:640px" in html
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r"<(img|script|link|iframe|form)|url\(|@import|position:|display:\s*(flex|grid)", html)
    classes = re.findall(r'class="([a-z ]+)"', html)
    assert {name for names in classes for name in names.split()} <= {
        "bg",
        "ink",
        "dim",
        "go",
        "rule",
        "flash",
        "urgent",
        "hit",
        "pad",
        "big",
    }


def test_the_same_news_makes_the_same_bytes() -> None:
    assert render.digest(newsroom.digest()) == render.digest(newsroom.digest())
