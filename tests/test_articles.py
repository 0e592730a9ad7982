"""From an entry to an article: identity, edits, dates, titles, and the calm of a first poll."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import articles
from alerts.model import Article, Entry, Feed, Identity

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
FEED = Feed("wire", "https://wire.example/rss", "The Wire", lang="en", country="GB")
OIL = Entry(guid="oil-1", link="https://wire.example/oil", title="Oil rises", summary="By 2%.", text="Oil rose by 2%.")


def made(*entries: Entry, feed: Feed = FEED, first_poll: bool = False, now: datetime = NOW) -> tuple[Article, ...]:
    return articles.from_entries(entries, feed, first_poll=first_poll, now=now)


def one(entry: Entry, **settings: object) -> Article:
    (article,) = made(entry, **settings)  # type: ignore[arg-type]
    return article


def test_an_entry_made_ours() -> None:
    article = one(replace(OIL, author="A. Reporter", categories=("Energy",), published=NOW - timedelta(hours=1)))
    assert article == Article(
        id=article.id,
        version=article.version,
        feed="wire",
        outlet="The Wire",
        url="https://wire.example/oil",
        title="Oil rises",
        text="Oil rose by 2%.",
        seen=NOW,
        published=NOW - timedelta(hours=1),
        lang="en",
        country="GB",
        author="A. Reporter",
        categories=("Energy",),
    )


def test_the_shape_of_an_id() -> None:
    article = one(OIL)
    assert article.id.startswith("a-")
    assert len(article.id) == 2 + 16
    assert len(article.version) == 12
    assert int(article.id[2:] + article.version, 16) > 0


def test_ids_never_change() -> None:
    """These are in people's databases: a change of this line sends everything again."""
    assert one(OIL).key == "a-d7c1fd496df01667@ea3b6fb0ab8b"


# ── identity ─────────────────────────────────────────────────────────────────────────────────────────────────────────

WEB = Entry(guid="https://wire.example/oil", title="Oil rises", text="x")

SAME = [
    ("the same entry", OIL, OIL),
    ("an edit of the title", OIL, replace(OIL, title="Oil rises again")),
    ("an edit of the text", OIL, replace(OIL, text="Oil rose by 3% on Wednesday.")),
    ("another link under one guid", OIL, replace(OIL, link="https://wire.example/energy/oil")),
    ("a guid that is an address, with tracking", WEB, replace(WEB, guid=WEB.guid + "?utm_source=rss#2")),
    ("a guid that is an address, after a move to https", WEB, replace(WEB, guid="http://wire.example/oil")),
    ("a guid that is an address, and the link alone", WEB, replace(WEB, guid="", link=WEB.guid)),
    (
        "no guid, and a link with tracking",
        replace(OIL, guid=""),
        replace(OIL, guid="", link=OIL.link + "?at_medium=RSS"),
    ),
    ("neither guid nor link", replace(OIL, guid="", link=""), replace(OIL, guid="", link="", summary="")),
]
OTHER = [
    ("another guid", OIL, replace(OIL, guid="oil-2")),
    ("guids differ in case", OIL, replace(OIL, guid="OIL-1")),
    ("another address as guid", WEB, replace(WEB, guid="https://wire.example/gas")),
    ("no guid, another link", replace(OIL, guid=""), replace(OIL, guid="", link="https://wire.example/gas")),
    ("neither guid nor link, other words", replace(OIL, guid="", link=""), Entry(title="Oil rises", text="Otherwise.")),
]


@pytest.mark.parametrize(("why", "before", "after"), SAME, ids=[case[0] for case in SAME])
def test_what_is_the_same_article(why: str, before: Entry, after: Entry) -> None:
    assert one(before).id == one(after).id, why


@pytest.mark.parametrize(("why", "before", "after"), OTHER, ids=[case[0] for case in OTHER])
def test_what_is_another_article(why: str, before: Entry, after: Entry) -> None:
    assert one(before).id != one(after).id, why


def test_a_bare_guid_counts_within_its_feed_only() -> None:
    elsewhere = replace(FEED, id="other")
    assert one(OIL).id != one(OIL, feed=elsewhere).id
    assert one(WEB).id == one(WEB, feed=elsewhere).id


def test_an_edit_is_a_new_version() -> None:
    assert one(OIL).version != one(replace(OIL, title="Oil falls")).version
    assert one(OIL).version != one(replace(OIL, text="Oil fell, said a man in the street.")).version
    assert one(OIL).version == one(replace(OIL, author="B. Reporter", published=NOW)).version


def test_title_and_text_do_not_run_together() -> None:
    assert one(Entry(title="a", text="b c")).version != one(Entry(title="a b", text="c")).version


# ── one document ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_exact_repeats_are_one_article() -> None:
    gas = Entry(guid="gas", title="Gas falls", text="By 1%.")
    assert [article.title for article in made(OIL, gas, OIL, gas)] == ["Oil rises", "Gas falls"]


def test_a_guid_that_is_repeated_loses_nothing() -> None:
    """Some feeds give every entry the same guid: the links tell them apart."""
    gas = replace(OIL, link="https://wire.example/gas", title="Gas falls")
    both = made(OIL, gas)
    assert len({article.id for article in both}) == 2
    assert {article.notes for article in both} == {("another entry has the same guid and says something else",)}
    assert [article.id for article in both] == [one(replace(entry, guid="")).id for entry in (OIL, gas)]


def test_a_guid_and_a_link_that_are_repeated_lose_nothing() -> None:
    both = made(OIL, replace(OIL, title="Gas falls"))
    assert len({article.id for article in both}) == 2
    assert {article.notes for article in both} == {("another entry has the same link and says something else",)}


def test_the_site_as_the_link_of_everything_loses_nothing() -> None:
    entries = [Entry(link="https://wire.example/", title=f"Title {n}", text=f"Text {n}") for n in range(5)]
    assert len({article.id for article in made(*entries)}) == 5


def test_a_live_page_loses_nothing() -> None:
    """Its entries differ only in the place on the page, which is no part of an address."""
    entries = [Entry(guid=f"https://wire.example/live#{n}", title=f"Update {n}") for n in range(3)]
    assert len({article.id for article in made(*entries)}) == 3


def test_two_versions_of_one_article_are_both_kept() -> None:
    both = made(OIL, replace(OIL, text="Oil rose by 3% on Wednesday."))
    assert len({article.id for article in both}) == 1
    assert len({article.key for article in both}) == 2


_word = st.sampled_from(["", "a", "b"])
_entry = st.builds(
    Entry,
    guid=st.sampled_from(["", "1", "2", "https://x.example/a"]),
    link=st.sampled_from(["", "https://x.example/a", "https://x.example/b"]),
    title=_word,
    text=_word,
)


def said(entry: Entry) -> tuple[str, str, str]:
    return entry.link, entry.title or entry.text or entry.link, entry.text


@given(st.lists(_entry, max_size=6))
def test_nothing_that_is_said_is_lost(entries: list[Entry]) -> None:
    """Every title and text that came in goes out, and no key stands for two of them."""
    got = made(*entries)
    came = {said(entry)[1:] for entry in entries if entry.title or entry.text or entry.link}
    assert {(article.title, article.text) for article in got} == came
    assert len({article.key for article in got}) == len(got)


@given(st.lists(_entry, max_size=6).flatmap(lambda entries: st.tuples(st.just(entries), st.permutations(entries))))
def test_the_order_of_a_document_makes_no_difference_to_ids(both: tuple[list[Entry], list[Entry]]) -> None:
    entries, shuffled = both
    assert {article.key for article in made(*entries)} == {article.key for article in made(*shuffled)}


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("why", "claimed", "published", "note"),
    [
        ("no date is no date", None, None, ""),
        ("a date is believed", NOW - timedelta(days=3), NOW - timedelta(days=3), ""),
        ("a clock a little ahead is ours", NOW + timedelta(hours=1), NOW, ""),
        (
            "a date in the future is not believed",
            NOW + timedelta(hours=1, seconds=1),
            NOW,
            "the feed's date 2026-07-01 09:00 UTC is in the future; the time it was seen stands for it",
        ),
        (
            "a date from before the web is no date",
            datetime(1, 1, 1, tzinfo=UTC),
            None,
            "the feed's date 0001-01-01 cannot be true",
        ),
    ],
)
def test_dates(why: str, claimed: datetime | None, published: datetime | None, note: str) -> None:
    article = one(replace(OIL, published=claimed))
    assert article.published == published, why
    assert article.notes == ((note,) if note else ()), why
    assert article.when <= article.seen


# ── titles and texts ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_longer_of_text_and_summary_is_the_text() -> None:
    assert one(replace(OIL, text="Short.", summary="Longer than the text.")).text == "Longer than the text."


def test_without_a_title_the_first_words_stand_for_it() -> None:
    article = one(replace(OIL, title="", text="Oil rose " * 30))
    assert article.title.startswith("Oil rose Oil rose")
    assert article.title.endswith("…")
    assert len(article.title) <= articles.TITLE_LIMIT
    assert article.notes == ("no title: the first words of the text stand for it",)


def test_with_a_link_alone_the_address_stands_for_the_title() -> None:
    article = one(Entry(link="https://wire.example/oil?utm_source=rss"))
    assert (article.title, article.text) == ("https://wire.example/oil", "")
    assert article.notes == ("no title: the address stands for it",)


def test_what_says_nothing_is_no_article() -> None:
    assert made(Entry(guid="1"), Entry()) == ()


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://me:secret@wire.example/", "/oil", ""])
def test_a_link_that_is_no_web_address_is_none(link: str) -> None:
    assert one(replace(OIL, link=link)).url == ""


# ── the first poll ───────────────────────────────────────────────────────────────────────────────────────────────────

DAY = timedelta(hours=24)


@pytest.mark.parametrize(
    ("why", "span", "age", "quiet"),
    [
        ("what is fresh is told", DAY, timedelta(hours=23), ""),
        ("what is old is not", DAY, timedelta(hours=25), "first poll of the feed: older than 24 h"),
        (
            "the span is the feed's own",
            timedelta(days=7),
            timedelta(days=8),
            "first poll of the feed: older than 7 days",
        ),
        ("in minutes too", timedelta(minutes=90), DAY, "first poll of the feed: older than 90 min"),
        ("what has no date may be old", DAY, None, "first poll of the feed: no date"),
        ("a span of nothing tells nothing", timedelta(0), timedelta(0), "first poll of the feed: older than 0 s"),
        ("a feed may tell all", None, timedelta(days=400), ""),
        ("all, with or without a date", None, None, ""),
        ("a date in the future is now", DAY, -DAY, ""),
    ],
)
def test_the_first_poll_is_calm(why: str, span: timedelta | None, age: timedelta | None, quiet: str) -> None:
    entry = replace(OIL, published=None if age is None else NOW - age)
    feed = replace(FEED, first_poll=span)
    assert one(entry, feed=feed, first_poll=True).quiet == quiet, why
    assert one(entry, feed=feed).quiet == "", "on later polls everything is told"
    assert one(entry, feed=feed, first_poll=True).key == one(entry, feed=feed).key


# ── by what an article is known ──────────────────────────────────────────────────────────────────────────────────────

MOVED = replace(OIL, link="https://wire.example/moved")
RENUMBERED = replace(OIL, guid="oil-2")
EDITED = replace(OIL, title="Oil rises again")
SAME_GUID = (OIL, replace(OIL, title="Gas falls", link="https://wire.example/gas", text="Gas fell."))


@pytest.mark.parametrize(
    ("why", "identity", "other", "same"),
    [
        ("by its guid, whatever its link", "auto", MOVED, True),
        ("a new guid is a new article", "auto", RENUMBERED, False),
        ("an edit is none", "auto", EDITED, True),
        ("a feed that numbers anew with each poll: the link", "url", RENUMBERED, True),
        ("and another link is another article", "url", MOVED, False),
        ("an edit keeps the link", "url", EDITED, True),
        ("a feed in which nothing can be trusted: the words", "content", replace(RENUMBERED, link=MOVED.link), True),
        ("then an edit is a new article", "content", EDITED, False),
        ("the guid and nothing else", "guid", MOVED, True),
        ("an entry without a link falls back to its words", "url", replace(OIL, link=""), False),
    ],
)
def test_by_what_an_article_is_known(why: str, identity: Identity, other: Entry, same: bool) -> None:
    feed = replace(FEED, identity=identity)
    assert (one(OIL, feed=feed).id == one(other, feed=feed).id) is same, why


@pytest.mark.parametrize(("identity", "ids"), [("auto", 2), ("guid", 1), ("url", 2), ("content", 2)])
def test_one_guid_for_two_entries(identity: Identity, ids: int) -> None:
    """By default they are two articles; a feed that writes its edits so may say that they are versions of one."""
    articles = made(*SAME_GUID, feed=replace(FEED, identity=identity))
    assert len(articles) == 2
    assert len({article.id for article in articles}) == ids


def test_an_outlet_that_an_aggregator_names_is_the_outlet() -> None:
    assert one(replace(OIL, outlet="Harbour Post")).outlet == "Harbour Post"
    assert one(OIL).outlet == "The Wire"


@pytest.mark.parametrize(
    ("why", "updated", "kept"),
    [
        ("changed since it was published", NOW - timedelta(minutes=1), NOW - timedelta(minutes=1)),
        ("in the future", NOW + timedelta(minutes=1), None),
        ("never", None, None),
    ],
)
def test_when_it_was_changed(why: str, updated: datetime | None, kept: datetime | None) -> None:
    article = one(replace(OIL, published=NOW - timedelta(hours=1), updated=updated))
    assert article.updated == kept, why
    assert article.key == one(OIL).key, "a date is no version"


def test_the_language_of_an_entry_goes_before_that_of_its_feed() -> None:
    said = [Entry(guid="1", title="A"), Entry(guid="2", title="B", lang="fa")]
    made = articles.from_entries(said, Feed("f", "", "Outlet", lang="en"), first_poll=False, now=NOW)
    assert [article.lang for article in made] == ["en", "fa"]
