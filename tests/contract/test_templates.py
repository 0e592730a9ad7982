"""A user's own templates: they change what they say they change, and a broken one costs its looks and no alert."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from alerts import preview, render
from alerts.adapters.children import Children
from alerts.adapters.templates import OwnTemplates
from alerts.errors import AlertsError
from alerts.model import Alert, Digest, Message
from alerts.render import own as own_
from alerts.render import slack
from tests import newsroom
from tests.line.world import START, TARIFF, WIRE, World
from tests.newsroom import HOSTILE
from tests.test_render_slack import MARKS, check, literal, walk

ROOT = Path(__file__).parents[2]
DIGEST = '{% extends "tocsin/digest.html" %}{% block foot %}<p>Example Ltd, for {{ page.title }}</p>{% endblock %}'
PLAIN = '{% extends "tocsin/digest.txt" %}{% block foot %}Example Ltd, for {{ page.title }}{% endblock %}'
ALERT = '{% extends "tocsin/alert.html" %}{% block head %}<h2>{{ page.sections[0].severity }}!</h2>{% endblock %}'


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children(workers=1, seconds=1.0, megabytes=400) as made:
        yield made


def own(folder: Path, children: Children, **files: str) -> OwnTemplates:
    """Templates for all mail: ``digest_html=…``."""
    return owned(folder, children, "mail", **files)


def owned(folder: Path, children: Children, name: str, **files: str) -> OwnTemplates:
    (folder / name).mkdir(parents=True, exist_ok=True)
    for file, source in files.items():
        (folder / name / file.replace("_", ".")).write_text(source)
    return OwnTemplates(folder, children)


def written(told: Alert | Digest) -> Message:
    return render.digest(told) if isinstance(told, Digest) else render.alert(told)


def test_a_block_is_written_anew_and_the_rest_stays(tmp_path: Path, children: Children) -> None:
    dress = own(tmp_path, children, digest_html=DIGEST, digest_txt=PLAIN)
    told = newsroom.digest()
    ours = written(told)
    message, wrong = dress(told, ours)
    assert wrong == ""
    assert "<p>Example Ltd, for Iran, China and trade</p>" in message.html
    assert "You get this because" not in message.html
    assert message.text == ours.text.rsplit("You get this", 1)[0] + "Example Ltd, for Iran, China and trade\n"
    assert (
        message.html.split("<p>Example")[0].rstrip()
        == ours.html.split('<div class="dim rule" style="font-size:13px')[0].rstrip()
    )
    assert message.subject == ours.subject


def test_what_has_no_template_stays_as_it_is(tmp_path: Path, children: Children) -> None:
    dress = own(tmp_path, children, digest_html=DIGEST)
    for told in (newsroom.alert(), newsroom.digest("slack"), newsroom.digest("webhook")):
        assert dress(told, written(told)) == (written(told), "")
    only = written(newsroom.digest())
    assert dress(newsroom.digest(), only)[0].text == only.text
    assert OwnTemplates(tmp_path / "none", children)(newsroom.digest(), only) == (only, "")


def test_those_of_a_channel_go_before_those_of_all_mail(tmp_path: Path, children: Children) -> None:
    own(tmp_path, children, alert_html=ALERT)
    dress = owned(tmp_path, children, "desk", alert_html=ALERT.replace("!", "?"))
    alert = newsroom.alert()
    other = replace(alert, subscription=replace(alert.subscription, channel="desk"))
    assert "<h2>flash!</h2>" in dress(alert, written(alert))[0].html
    assert "<h2>flash?</h2>" in dress(other, written(other))[0].html


EXTENDS = '{% extends "tocsin/digest.html" %}{% block foot %}'
BROKEN = [
    ("a tag that is not closed", EXTENDS, "digest.html:1: Unexpected end of template"),
    ("a name that there is not", EXTENDS + "{{ pages.title }}{% endblock %}", "'pages' is undefined"),
    ("a filter that there is not", EXTENDS + "{{ page.title | shout }}{% endblock %}", "No filter named 'shout'"),
    ("a base that there is not", '{% extends "ours.html" %}', "ours.html"),
    ("a template that extends itself", '{% extends "digest.html" %}', "RecursionError"),
    ("a division by nothing", EXTENDS + "{{ 1 / 0 }}{% endblock %}", "ZeroDivisionError"),
    (
        "a loop without end",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "cut off: it ",
    ),
    ("a range without end", "{% for a in range(10 ** 12) %}{% endfor %}", "Range too big"),
    ("all the memory", '{% set x = "x" * 10 ** 6 %}{% for n in range(9) %}{{ x * 200 }}{% endfor %}', "cut off"),
    ("a page that mail programs cut", "{{ 'x' * 200_000 }}", "makes more than 100000 bytes"),
    ("a way out of the sandbox", EXTENDS + "{{ page.__class__.__mro__ }}{% endblock %}", "__class__"),
    ("a way into Python", EXTENDS + "{{ cycler.__init__.__globals__.os }}{% endblock %}", "is unsafe"),
    ("feed text let through", EXTENDS + "{{ page.title | safe }}{% endblock %}", "No filter named 'safe'"),
    ("feed text let through by name", EXTENDS + '{{ [page.title] | map("safe") | first }}{% endblock %}', "safe"),
    (
        "escaping turned off",
        EXTENDS + "{% autoescape false %}{{ page.title }}{% endautoescape %}{% endblock %}",
        "turns escaping off",
    ),
    ("a file of the machine", '{% include "/etc/passwd" %}', "/etc/passwd"),
    ("a file that is too large", "x" * 70_000, "larger_than_64_kB"),
]


@pytest.mark.parametrize(("why", "source", "said"), BROKEN, ids=[case[0] for case in BROKEN])
def test_a_broken_template_falls_back_to_ours_and_says_so(
    tmp_path: Path, children: Children, why: str, source: str, said: str
) -> None:
    dress = own(tmp_path, children, digest_html=source)
    ours = written(newsroom.digest())
    message, wrong = dress(newsroom.digest(), ours)
    assert message == ours
    assert wrong.startswith("templates/mail: ")
    assert wrong.endswith("; the digest is written by ours")
    assert said in wrong
    assert len(wrong.splitlines()) == 1


def test_a_file_that_is_no_text_is_a_broken_template(tmp_path: Path, children: Children) -> None:
    dress = own(tmp_path, children)
    (tmp_path / "mail" / "digest.html").write_bytes(b"\xff\xfe\x00")
    assert "cannot_be_read" in dress(newsroom.digest(), written(newsroom.digest()))[1]


def test_a_text_part_that_is_empty_is_broken(tmp_path: Path, children: Children) -> None:
    dress = own(tmp_path, children, digest_txt="{# nothing #}")
    assert "makes nothing" in dress(newsroom.digest(), written(newsroom.digest()))[1]


def test_what_failed_is_not_tried_again_in_this_run(tmp_path: Path) -> None:
    asked: list[object] = []

    class Counting(Children):
        def run(self, function, got):  # type: ignore[no-untyped-def]
            asked.append(got)
            return super().run(function, got)

    with Counting(workers=1) as counted:
        dress = own(tmp_path, counted, digest_html="{{ nothing }}", alert_html=ALERT)
        for _ in range(3):
            assert "nothing" in dress(newsroom.digest(), written(newsroom.digest()))[1]
        assert len(asked) == 1
        assert dress(newsroom.alert(), written(newsroom.alert()))[1] == "", "the alert has a template of its own"


@pytest.mark.parametrize("words", HOSTILE[:8], ids=range(8))
def test_feed_text_is_escaped_in_a_users_template_too(tmp_path: Path, children: Children, words: str) -> None:
    source = '{% extends "tocsin/digest.html" %}{% block head %}<h1 title="{{ page.stories[0].headline }}">{{ page.stories[0].headline }}</h1>{% endblock %}'
    digest = newsroom.hostile("mail", words)[1]
    message, wrong = own(tmp_path, children, digest_html=source)(digest, written(digest))
    assert wrong == ""
    (head,) = LexborHTMLParser(message.html).css("h1")
    assert set(head.attributes) == {"title"}
    assert [node.tag for node in head.css("*")] == ["h1"]


def test_an_alert_goes_out_and_the_report_says_that_its_template_is_broken(tmp_path: Path, children: Children) -> None:
    world = World()
    desk = replace(world.config.subscriptions[0], id="desk-mail", cron="", zone="UTC")
    world = World(config=replace(world.config, subscriptions=(desk,)))
    world.app = replace(world.app, dress=own(tmp_path, children, alert_html="{{ nothing }}"))
    world.says(WIRE, "US announces 25% tariff on Iran", TARIFF)
    report = world.run()["compose"]
    assert [line for line in report.lines if "templates/mail" in line] == [
        "templates/mail: a template:?: 'nothing' is undefined; the alert is written by ours"
    ]
    (sent,) = world.told("mail")
    assert "25% tariff on Iran" in sent.message.html


# ── Slack ────────────────────────────────────────────────────────────────────────────────────────────────────────────

STORY = """{% block story %}
{{ link(story.headline, story.url) }}
  {{ italic(section.severity) }} {{ story.headline }}

{% for match in story.matches %}{{ bold(match.words | join(" ")) }}{% endfor %}
{% endblock %}"""
HEAD = "{% block head %}{{ bold(page.title) }}, {{ page.counts }}{% endblock %}"


def shown(message: Message) -> list[str]:
    """The words of each block, in all parts of a message."""
    return [
        "".join(part["text"] for part in walk(block) if isinstance(part.get("text"), str))
        for part in (message, *message.rest)
        for block in check(part)
    ]


def test_a_block_for_slack_is_lines_with_marks_and_the_rest_is_ours(tmp_path: Path, children: Children) -> None:
    told = newsroom.digest("slack")
    message, wrong = owned(tmp_path, children, "slack", digest_txt=HEAD + STORY)(told, written(told))
    assert wrong == ""
    blocks = check(message)
    assert shown(message)[0] == "Iran, China and trade, 4 stories, 7 developments"
    assert shown(message)[-1] == shown(written(told))[-1], "the foot is ours"
    story = blocks[3]["elements"][0]["elements"]
    assert story[0] == {"type": "link", "url": "https://theguardian.example/tariff", "text": newsroom.TARIFF.title}
    assert story[2] == {"type": "text", "text": "flash", "style": {"italic": True}}
    assert shown(message)[3].splitlines() == [newsroom.TARIFF.title, f"flash {newsroom.TARIFF.title}", "tariffChina"]
    alert = newsroom.alert("slack")
    assert owned(tmp_path, children, "slack")(alert, written(alert)) == (written(alert), ""), "there is none for alerts"
    foot = owned(tmp_path, children, "desk", alert_txt="{% block foot %}{% endblock %}")
    alert = replace(alert, subscription=replace(alert.subscription, channel="desk"))
    assert shown(foot(alert, written(alert))[0]) == shown(written(alert))[:-1], "an empty block is left out"


BROKEN_FOR_SLACK = [
    ("a tag that is not closed", "{% block story %}", "digest.txt:1: Unexpected end of template"),
    ("a name that there is not", "{% block story %}{{ tale.url }}{% endblock %}", "'tale' is undefined"),
    ("a block that there is not", "{% block stories %}x{% endblock %}", "has a block stories; the blocks of a template for Slack are head"),
    ("a template of mail", '{% extends "tocsin/digest.txt" %}{% block rest %}x{% endblock %}', "has a block rest"),
    ("no block at all", "{{ page.title }}", "has no block"),
    ("a story of which nothing is said", "{% block story %} {% endblock %}", "the block story makes nothing"),
    ("a loop without end", "{% block head %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endblock %}", "cut off: it "),
]  # fmt: skip


@pytest.mark.parametrize(("why", "source", "said"), BROKEN_FOR_SLACK, ids=[case[0] for case in BROKEN_FOR_SLACK])
def test_a_broken_template_for_slack_falls_back_to_ours(
    tmp_path: Path, children: Children, why: str, source: str, said: str
) -> None:
    told = newsroom.digest("slack")
    message, wrong = owned(tmp_path, children, "slack", digest_txt=source)(told, written(told))
    assert message == written(told)
    assert wrong.startswith("templates/slack: ")
    assert said in wrong
    assert wrong.endswith("; the digest is written by ours")


@given(st.lists(st.sampled_from([*MARKS, "\x02b\x1fx\x1f\x03", "\x02", "\x1f", "\x03"]), max_size=12).map("".join))
@example("\x02l\x1fyour bank\x1fhttps://evil.example\x03")
def test_no_word_of_a_feed_is_a_mark_in_a_template_for_slack(words: str) -> None:
    source = {"digest.txt": HEAD + STORY, "alert.txt": STORY}
    for told in newsroom.hostile("slack", words, "javascript:alert(1)", title=words or "x"):
        message = own_.written(told, written(told), source)
        for part in (message, *message.rest):
            blocks = check(part)
            assert literal(blocks) == []
            styled = [e for e in walk(blocks) if e.get("type") == "link"]
            assert styled == [], "a feed cannot make a link"


@pytest.mark.parametrize("letter", ["a", "&", "🌍", "a "])
def test_what_a_template_for_slack_writes_is_cut_to_what_slack_takes(letter: str) -> None:
    long = (
        "{% block NAME %}{% for n in range(99) %}{{ link('"
        + letter * 80
        + "', 'https://example.org/') }} {{ bold('x') }}"
        + letter * 80
        + "\n{% endfor %}{% endblock %}"
    )
    source = {"digest.txt": "".join(long.replace("NAME", name) for name in ("head", "story", "foot"))}
    message = own_.written(newsroom.digest("slack"), written(newsroom.digest("slack")), source)
    sizes = [slack.size(block) for part in (message, *message.rest) for block in check(part)]
    assert max(sizes) <= slack.BLOCK_LIMIT
    assert sum(size > slack.BLOCK_LIMIT * 0.9 for size in sizes) == 4, (
        "each of the four stories is told as far as it goes"
    )


# ── the preview ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_preview_shows_sample_news_by_the_users_templates(tmp_path: Path) -> None:
    for path in (ROOT / "config").rglob("*.yaml"):
        copy = tmp_path / path.relative_to(ROOT / "config")
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text())
    message, wrong = preview.message(tmp_path, "morning-digest", START)
    assert (wrong, message.kind) == ("", "mail")
    assert "Port of Varna halts grain exports" in message.html
    assert "$48 million" in message.text
    (tmp_path / "templates" / "mail").mkdir(parents=True)
    (tmp_path / "templates" / "mail" / "digest.html").write_text(DIGEST)
    assert "Example Ltd" in preview.message(tmp_path, "morning-digest", START)[0].html
    (tmp_path / "templates" / "mail" / "digest.html").write_text("{{ nothing }}")
    message, wrong = preview.message(tmp_path, "morning-digest", START)
    assert "nothing" in wrong
    assert "Port of Varna" in message.html
    assert preview.message(tmp_path, "newsroom-slack", START)[0].kind == "slack"
    with pytest.raises(AlertsError, match="no sound subscription"):
        preview.message(tmp_path, "nobody", START)
