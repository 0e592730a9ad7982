"""JSON Lines: what a line says is the article, what is wrong is said of that line, and hits can be read again."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import articles, lines, rules
from alerts.errors import Problem
from alerts.model import Article, Entry, Evidence, Feed, Hit, Rule

WHEN = datetime(2026, 7, 1, 7, 30, tzinfo=UTC)


def read(said: object, number: int = 1) -> Article:
    found = lines.read(json.dumps(said), number)
    assert isinstance(found, Article), found
    return found


def wrong(line: bytes | str) -> str:
    found = lines.read(line, 3)
    assert isinstance(found, Problem), found
    assert found.line == 3
    return found.message


# ── articles ─────────────────────────────────────────────────────────────────────────────────────────────────────────

SAID = [
    ("the text is taken as it is, blanks and tags and all", {"text": " a <b>\n c "}, {"text": " a <b>\n c "}),
    ("the longer of summary and text is the text", {"text": "longer", "summary": "short"}, {"text": "longer"}),
    ("whichever of the two that is", {"text": "short", "summary": "longer"}, {"text": "longer"}),
    ("a summary alone is the text", {"summary": "s"}, {"text": "s"}),
    ("null is nothing", {"title": "T", "text": None, "url": None, "category": None}, {"text": "", "categories": ()}),
    ("an article without a title", {"text": "t"}, {"title": ""}),
    ("what is not ours is passed over", {"title": "T", "score": [1], "deep": {"a": None}}, {"title": "T"}),
    ("an address is kept as it is", {"title": "T", "url": "HTTP://X/?utm_a=1"}, {"url": "HTTP://X/?utm_a=1"}),
    ("who, where and in which language", {"title": "T", "outlet": "O", "author": "A", "country": "kr", "lang": "ko"},
     {"outlet": "O", "author": "A", "country": "kr", "lang": "ko"}),
    ("categories are a list", {"title": "T", "category": ["a", "b"]}, {"categories": ("a", "b")}),
    ("or one text", {"title": "T", "category": "a"}, {"categories": ("a",)}),
    ("a time in UTC", {"title": "T", "published": "2026-07-01T07:30:00Z"}, {"published": WHEN, "seen": WHEN}),
    ("a time with an offset", {"title": "T", "seen": "2026-07-01T09:30:00+02:00"}, {"seen": WHEN, "published": None}),
    ("a time without a zone is UTC", {"title": "T", "seen": "2026-07-01 07:30"}, {"seen": WHEN}),
    ("a time as feeds write it", {"title": "T", "published": "Wed, 01 Jul 2026 09:30:00 +0200"}, {"published": WHEN}),
    ("an article without a time", {"title": "T"}, {"seen": lines.LONG_AGO, "published": None}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "said", "meant"), SAID, ids=[case[0] for case in SAID])
def test_an_article_is_what_its_line_says(why: str, said: dict[str, object], meant: dict[str, object]) -> None:
    made = read({"id": "n1", **said})
    assert {key: getattr(made, key) for key in ("id", *meant)} == {"id": "n1", **meant}


def test_a_line_and_a_feed_give_the_same_version_of_a_text() -> None:
    entry = Entry(guid="g", title="Oil rises", summary="In Tehran", text="In Tehran, oil rose")
    (polled,) = articles.from_entries([entry], Feed("f", "https://f.example", "F"), first_poll=False, now=WHEN)
    line = {"id": "x", "title": entry.title, "summary": entry.summary, "text": entry.text}
    assert (read(line).version, read(line).text) == (polled.version, polled.text)


WRONG = [
    ("no JSON", b"nonsense", "not JSON: Expecting value at character 1"),
    ("JSON that breaks off", b'{"id": "a", "title": "x', "not JSON: Unterminated string"),
    ("two objects on a line", b'{"id": "a", "title": "x"} {}', "not JSON: Extra data at character 27"),
    ("Latin-1", '{"id": "a", "title": "é"}'.encode("latin-1"), "not UTF-8: byte 23 is 0xe9"),
    ("a list", b"[1]", "an article is an object with id and title, and a list stands here"),
    ("a text", b'"x"', "an article is an object with id and title, and a text stands here"),
    ("null", b"null", "an article is an object with id and title, and null stands here"),
    ("no id", b'{"title": "x"}', 'no "id"; give each article a name of its own'),
    ("an empty id", b'{"id": "", "title": "x"}', 'no "id"'),
    ("an id that is a list", b'{"id": [1], "title": "x"}', '"id" must be text or a whole number, and a list stands here'),
    ("an id that is true", b'{"id": true, "title": "x"}', '"id" must be text or a whole number, and true or false'),
    ("an id with a fraction", b'{"id": 1.5, "title": "x"}', '"id" must be text or a whole number, and a number'),
    ("nothing to look in", b'{"id": "a", "url": "https://x.example"}', 'no "title", "summary" or "text"'),
    ("a title that is a number", b'{"id": "a", "title": 5}', '"title" must be text, and a number stands here'),
    ("a text that is a list", b'{"id": "a", "text": []}', '"text" must be text, and a list stands here'),
    ("an outlet that is an object", b'{"id": "a", "title": "x", "outlet": {}}', '"outlet" must be text, and an object'),
    ("a category of numbers", b'{"id": "a", "title": "x", "category": [1]}', '"category" must be text or a list of texts'),
    ("a category that is false", b'{"id": "a", "title": "x", "category": 5}', '"category" must be text or a list'),
    ("no time", b'{"id": "a", "title": "x", "seen": "yesterday"}', "\"seen\" is 'yesterday', which is no time; write one"),
    ("a day that is not", b'{"id": "a", "title": "x", "published": "2026-02-30"}', "\"published\" is '2026-02-30'"),
    ("a time that UTC cannot say", b'{"id": "a", "title": "x", "seen": "0001-01-01T00:00:00+14:00"}', '"seen" is'),
    ("a time that is a number", b'{"id": "a", "title": "x", "seen": 1767225600}', '"seen" must be text, and a number'),
    ("nested a hundred thousand deep", b'{"id": ' + b"[" * 100_000, "not JSON that can be read: it is nested too deep"),
    ("a number of 5,000 digits", b'{"id": "a", "n": ' + b"1" * 5000 + b"}", "not JSON that can be read: a number has"),
    ("a line that never ends", b'{"id": "' + b"a" * lines.LINE_LIMIT, "longer than 4,000,000 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "line", "said"), WRONG, ids=[case[0] for case in WRONG])
def test_what_is_wrong_is_said_of_the_line(why: str, line: bytes, said: str) -> None:
    assert wrong(line).startswith(said)


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_no_line_can_raise(line: bytes | str) -> None:
    assert isinstance(lines.read(line, 1), Article | Problem)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(st.dictionaries(st.sampled_from(["id", "category", "published", "seen", *lines.TEXTS]), JSON))
def test_no_value_can_raise_and_what_is_read_holds_text(said: dict[str, object]) -> None:
    found = lines.read(json.dumps(said), 1)
    if isinstance(found, Article):
        assert all(isinstance(getattr(found, key), str) for key in ("id", "title", "text", "url", "outlet", "lang"))


def test_a_mark_at_the_beginning_of_a_file_is_no_fault() -> None:
    assert isinstance(lines.read(b'\xef\xbb\xbf{"id": "a", "title": "x"}', 1), Article)


# ── the lines of a stream ────────────────────────────────────────────────────────────────────────────────────────────


def test_lines_keep_their_number_and_blank_ones_are_passed_over() -> None:
    found = lines.split(io.BytesIO(b"a\n\n  \r\nb\r\nc"))
    assert [(number, line.strip()) for number, line in found] == [(1, b"a"), (4, b"b"), (5, b"c")]


@pytest.mark.parametrize("extra", [0, 1, 2, lines.LINE_LIMIT, 3 * lines.LINE_LIMIT])
def test_of_a_line_that_is_too_long_no_more_is_kept_and_the_next_is_read(extra: int) -> None:
    stream = io.BytesIO(b"x" * (lines.LINE_LIMIT + extra) + b"\nnext\n")
    (_, first), second = lines.split(stream)
    assert len(first) <= lines.LINE_LIMIT + 1
    assert second == (2, b"next\n")


# ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

TEXTS = [
    ("one line is a title", "Oil rises", "Oil rises", ""),
    ("what follows is the text", "Oil rises\nIn Tehran.\nIn Doha.", "Oil rises", "In Tehran.\nIn Doha."),
    ("blank lines around are no text", "\n\n Oil rises \n\n In Tehran. \n", "Oil rises", "In Tehran."),
    ("nothing is nothing", " \n ", "", ""),
]


@pytest.mark.parametrize(("why", "text", "title", "body"), TEXTS, ids=[case[0] for case in TEXTS])
def test_a_plain_text_has_its_title_on_its_first_line(why: str, text: str, title: str, body: str) -> None:
    made = lines.plain(text, lang="ko", outlet="Yonhap")
    assert (made.title, made.text, made.lang, made.outlet) == (title, body, "ko", "Yonhap")


# ── hits ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_hit_says_which_article_which_rule_how_strongly_and_where() -> None:
    hit = Hit("iran", (Evidence("@iran", "title", 2, 4, "이란"),), "about")
    written = lines.written(read({"id": "n1", "title": "새 이란"}), hit)
    assert json.loads(written) == {
        "id": "n1",
        "rule": "iran",
        "strength": "about",
        "evidence": [{"term": "@iran", "field": "title", "start": 2, "end": 4, "words": "이란"}],
    }


def test_an_id_that_is_a_number_is_written_as_a_number_and_one_that_looks_like_it_is_not() -> None:
    ids = [json.loads(lines.written(read({"id": id_, "title": "T"}), Hit("r", ())))["id"] for id_ in (7, "7", -1)]
    assert ids == [7, "7", -1]


@given(st.text(min_size=1), st.text())
def test_a_hit_of_any_text_is_one_line_that_can_be_read_again(id_: str, words: str) -> None:
    written = lines.written(read({"id": id_, "title": words}), Hit("r", (Evidence(words, "title", 0, 1, words),)))
    assert written.isascii()
    assert len(written.splitlines()) == 1
    told = json.loads(written)
    assert (told["id"], told["evidence"][0]["words"]) == (id_, words)


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────

PAGE = (Path(__file__).parents[1] / "docs/reference/lines.md").read_text()
EXAMPLES = re.findall(r"^```json\n(.*)\n```$", PAGE, re.MULTILINE)


def rows(heading: str) -> list[list[str]]:
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [re.split(r" \| ", line.strip("| ")) for line in part.splitlines() if line.startswith("| `")]


def test_every_key_is_on_the_page() -> None:
    told = [row[0].strip("`") for row in rows("An article") if len(row) == 3]
    assert sorted(told) == sorted(["id", "category", "published", "seen", *lines.TEXTS])
    hit = json.loads(lines.written(read({"id": "a", "title": "T"}), Hit("r", ())))
    assert [row[0].strip("`") for row in rows("A hit")] == list(hit)


def test_what_is_wrong_is_said_as_the_page_says() -> None:
    told = [(row[0].strip("`"), row[1]) for row in rows("An article") if len(row) == 2]
    assert len(told) == 6
    assert [(line, wrong(line)) for line, _ in told] == told


def test_the_hit_on_the_page_is_that_of_its_article() -> None:
    (match,) = [rules.match(read(json.loads(EXAMPLES[0])), rules.compile([Rule("hormuz", "H", any=("Hormuz",))], {}))]
    assert match is not None
    assert [lines.written(match.article, hit) for hit in match.hits] == [EXAMPLES[1]]
