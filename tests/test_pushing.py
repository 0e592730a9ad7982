"""Articles that are pushed: what a line becomes, what is said of it, that twice is once, and who may push."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import articles, pushing
from alerts.adapters.memory import MemoryFingerprints, MemoryLog, MemoryNews
from alerts.model import Article, Entry, Feed
from alerts.pushing import Door

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
OIL: dict[str, Any] = {"id": "n1", "title": "Oil rises", "text": "Tankers wait.", "url": "https://wire.example/oil"}


def a_door() -> Door:
    return Door(MemoryFingerprints(), MemoryLog(), MemoryNews(), lambda: NOW)


def body(*said: Any) -> bytes:
    return "\n".join(json.dumps(one) for one in said).encode()


def kept(door: Door) -> tuple[Article, ...]:
    return door.articles.read("test").values


def test_a_line_becomes_an_article_that_is_told() -> None:
    door = a_door()
    said = {**OIL, "outlet": "The Wire", "lang": "en", "country": "gb", "author": "A. Writer", "category": ["energy"]}
    reply = pushing.receive(body({**said, "published": "2026-07-01T07:30:00Z", "seen": "1999-01-01"}), door)
    (article,) = kept(door)

    assert (article.title, article.text, article.url) == (OIL["title"], OIL["text"], OIL["url"])
    assert (article.feed, article.outlet, article.lang, article.country) == ("pushed", "The Wire", "en", "gb")
    assert (article.author, article.categories, article.quiet) == ("A. Writer", ("energy",), "")
    assert (article.seen, article.published) == (NOW, datetime(2026, 7, 1, 7, 30, tzinfo=UTC))
    assert (reply.status, json.loads(reply.body)) == (
        200,
        {
            "accepted": 1,
            "new": 1,
            "wrong": 0,
            "lines": [{"line": 1, "article": article.id, "version": article.version}],
        },
    )


def test_it_is_known_by_what_a_feed_would_know_it_by() -> None:
    """The same guid that is an address, polled or pushed, is one article."""
    door = a_door()
    pushing.receive(body({**OIL, "id": "https://wire.example/oil?utm_source=push"}), door)
    entry = Entry(guid="http://wire.example/oil", title=OIL["title"], text=OIL["text"])
    (polled,) = articles.from_entries([entry], Feed("wire", "", "The Wire"), first_poll=False, now=NOW)
    assert kept(door)[0].key == polled.key


def test_twice_is_once_and_an_edit_is_a_version() -> None:
    door = a_door()
    first = pushing.receive(body(OIL), door)
    again = pushing.receive(body(OIL), door)
    edit = pushing.receive(body({**OIL, "title": "Oil falls"}), door)

    assert [reply.said["new"] for reply in (first, again, edit)] == [1, 0, 1]
    assert first.said["lines"] == again.said["lines"]
    assert len({article.id for article in kept(door)}) == 1
    assert len(kept(door)) == 2


def test_twice_is_once_without_the_index() -> None:
    door = a_door()
    pushing.receive(body(OIL), door)
    pushing.receive(body(OIL), Door(MemoryFingerprints(), door.articles, door.news, door.clock))
    assert len(kept(door)) == 1


def test_what_a_line_becomes_does_not_hang_on_the_others() -> None:
    """In a feed, two that claim one guid for different things fall back to their links; lines do not."""
    alone, together = a_door(), a_door()
    other = {**OIL, "title": "Gold falls", "url": "https://wire.example/gold"}
    pushing.receive(body(OIL), alone)
    pushing.receive(body(OIL, other), together)
    assert kept(alone)[0].key == kept(together)[0].key


def test_it_rings_if_there_was_an_article_even_a_known_one() -> None:
    door = a_door()
    for said, rung in ((body(OIL), True), (body(OIL), True), (b"nonsense", False), (b"", False)):
        pushing.receive(said, door)
        assert door.news.wait(0) is rung


def test_a_wrong_line_is_told_and_stops_no_other() -> None:
    door = a_door()
    reply = pushing.receive(b'nonsense\n\n{"title": "no id"}\n' + body(OIL), door)
    assert reply.status == 200
    assert reply.said["lines"][:2] == [
        {"line": 1, "wrong": "not JSON: Expecting value at character 1"},
        {"line": 3, "wrong": 'no "id"; give each article a name of its own'},
    ]
    assert (reply.said["accepted"], reply.said["wrong"], len(kept(door))) == (1, 2, 1)


WRONG = [
    ("nothing", b"", 400),
    ("blank lines", b"\n \n", 400),
    ("no line is right", b"[]\n{}", 422),
    ("nothing is said", body({"id": "n1", "title": " "}), 422),
    ("too many lines", b"{}\n" * (pushing.MOST_LINES + 1), 413),
    ("too large", b" " * (pushing.MOST_BYTES + 1), 413),
]


@pytest.mark.parametrize(("why", "sent", "status"), WRONG, ids=[case[0] for case in WRONG])
def test_a_body_that_is_refused(why: str, sent: bytes, status: int) -> None:
    door = a_door()
    assert pushing.receive(sent, door).status == status
    assert kept(door) == ()


def test_hostile_text_is_made_as_plain_as_a_feeds() -> None:
    door = a_door()
    pushing.receive(
        body({"id": "a\0b", "title": "A\u202eB\ud800\nC", "text": "x" * 100_000, "url": "javascript:alert(1)"}), door
    )
    (article,) = kept(door)
    assert (article.title, article.url, len(article.text)) == ("A B? C", "", 65_536)
    assert article.outlet == "pushed"
    assert repr(article).encode()


def test_the_host_stands_for_an_outlet_that_is_missing() -> None:
    door = a_door()
    pushing.receive(body(OIL), door)
    assert kept(door)[0].outlet == "wire.example"


@given(
    st.dictionaries(
        st.sampled_from(("id", "title", "text", "url", "published", "category", "x")),
        st.one_of(st.none(), st.text(), st.integers(), st.lists(st.text())),
        max_size=6,
    )
)
def test_every_object_is_answered(said: dict[str, Any]) -> None:
    reply = pushing.receive(body(said), a_door())
    assert reply.status in (200, 422)
    assert len(reply.said["lines"]) == 1
    assert json.loads(reply.body) == reply.said


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────

TOKEN, OLD = "t" * 32, "o" * 32
SHOWN = [
    ("the token", f"Bearer {TOKEN}", True),
    ("the old one, while it changes", f"Bearer {OLD}", True),
    ("small letters", f"bearer  {TOKEN} ", True),
    ("nothing", "", False),
    ("no kind", TOKEN, False),
    ("another kind", f"Basic {TOKEN}", False),
    ("a part", f"Bearer {TOKEN[:-1]}", False),
    ("more", f"Bearer {TOKEN}t", False),
    ("both", f"Bearer {TOKEN} {OLD}", False),
    ("no letters", "Bearer \udcff", False),
]  # fmt: skip


@pytest.mark.parametrize(("why", "header", "may"), SHOWN, ids=[case[0] for case in SHOWN])
def test_who_may_push(why: str, header: str, may: bool) -> None:
    assert pushing.is_authorised(header, (TOKEN, OLD)) is may


def test_nobody_may_without_a_token() -> None:
    assert not pushing.is_authorised("Bearer ", ())
    assert pushing.tokens(f" {TOKEN}  {OLD} ") == (TOKEN, OLD)
    for setting in (None, "", "short", f"{TOKEN} short", "ü" * 32):
        with pytest.raises(ValueError, match=r"is not set|at least 20"):
            pushing.tokens(setting)
