"""Atom and JSON Feed of a subscription: what a reader takes, whatever the feeds say."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from selectolax.lexbor import LexborHTMLParser

from alerts import app, feeds, render, syndication
from alerts.errors import AlertsError
from alerts.model import Fetched, Silence
from alerts.render import reader
from alerts.render.reader import ATOM, Entry
from tests import newsroom
from tests.line.world import DESK, MORNING, START, TARIFF, WIRE, World, a_config
from tests.newsroom import BAD_URLS, HOSTILE

URL = "https://news.example/anna.atom"
ENTRIES = tuple(
    render.entry(newsroom.alert_of(news, newsroom.subscription(cron=""), newsroom.STORIES[news.story]))
    for news in reversed(newsroom.NIGHT)
)


def hostile(words: str, url: str = "https://example.org/a") -> Entry:
    return render.entry(newsroom.hostile("mail", words, url)[0])


def as_xml(entries: tuple[Entry, ...], title: str = "Anna", url: str = URL) -> etree._Element:
    return etree.fromstring(reader.atom(title, url, entries), etree.XMLParser(resolve_entities=False, no_network=True))


def test_a_reader_reads_what_was_written_in_both_forms() -> None:
    """By our own reader of feeds, and by feedparser, which is another's."""
    for written in (reader.atom("Anna", URL, ENTRIES), reader.json_feed("Anna", URL, ENTRIES)):
        read = feeds.parse(Fetched(200, written, url=URL)).entries
        assert [entry.title for entry in read] == [e.title for e in ENTRIES]
        assert [entry.link for entry in read] == [e.url for e in ENTRIES]
        assert [entry.guid for entry in read] == [e.id for e in ENTRIES]
    other = feedparser.parse(reader.atom("Anna", URL, ENTRIES))
    assert (other.bozo, other.version, other.feed.title) == (False, "atom10", "Anna")
    assert [entry.title for entry in other.entries] == [e.title for e in ENTRIES]
    assert [entry.author for entry in other.entries] == [e.outlet for e in ENTRIES]
    assert "25% tariff" in other.entries[4].content[0].value


def test_atom_has_what_rfc_4287_asks_for() -> None:
    feed = as_xml(ENTRIES)
    assert feed.find(f"{{{ATOM}}}link").get("href") == URL
    for name in ("id", "title", "updated"):
        assert len(feed.findall(f"{{{ATOM}}}{name}")) == 1
        assert all(len(entry.findall(f"{{{ATOM}}}{name}")) == 1 for entry in feed.iter(f"{{{ATOM}}}entry"))
    assert all(entry.find(f"{{{ATOM}}}author/{{{ATOM}}}name").text for entry in feed.iter(f"{{{ATOM}}}entry"))
    assert feed.find(f"{{{ATOM}}}updated").text == "2026-07-01T04:27:00Z", "the newest of its entries"
    assert as_xml(()).find(f"{{{ATOM}}}updated").text == "1970-01-01T00:00:00Z"


def test_json_feed_has_what_version_1_1_asks_for() -> None:
    feed = json.loads(reader.json_feed("Anna", URL, ENTRIES))
    assert (feed["version"], feed["title"], feed["feed_url"]) == ("https://jsonfeed.org/version/1.1", "Anna", URL)
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_html"]
        assert datetime.fromisoformat(item["date_published"]).tzinfo
        assert all(author["name"] for author in item["authors"])
    assert feed["items"][4]["_tocsin"] == {"severity": "flash", "outlets": 3, "newest": "2026-07-01T03:42:00Z"}
    assert "feed_url" not in json.loads(reader.json_feed("Anna", "", ()))


def test_the_id_of_an_entry_is_that_of_what_it_tells_to_whom() -> None:
    news = newsroom.NIGHT[2]
    one = render.entry(newsroom.alert_of(news, newsroom.subscription()))
    assert one.id == ENTRIES[4].id, "whatever the story has become meanwhile"
    assert one.id != render.entry(newsroom.alert_of(news, newsroom.subscription(id="bo"))).id
    assert len({e.id for e in ENTRIES}) == len(ENTRIES)
    assert reader.atom("Anna", URL, ENTRIES) == reader.atom("Anna", URL, ENTRIES)


@pytest.mark.parametrize("words", [*HOSTILE, "]]><evil/>", "\ufffe\uffff\x00", "<!ENTITY x 'y'>&x;"])
def test_hostile_words_are_text_in_xml_and_in_the_html_within(words: str) -> None:
    for url in (BAD_URLS[0], "https://example.org/]]><evil/>"):
        e = hostile(words, url)
        (content,) = as_xml((e,), words).iter(f"{{{ATOM}}}content")
        for html in (content.text, json.loads(reader.json_feed(words, URL, (e,)))["items"][0]["content_html"]):
            nodes = LexborHTMLParser(html).body.css("*")  # type: ignore[union-attr]
            assert {node.tag for node in nodes} <= set("body p span a ul li mark".split())
            assert {name for node in nodes for name in node.attributes} <= {"dir", "lang", "href"}
            assert all(str(node.attributes.get("href", "http")).startswith("http") for node in nodes)
        assert [child.tag for child in as_xml((e,)).iter(f"{{{ATOM}}}evil", "evil")] == []


@given(st.text(), st.text())
@settings(max_examples=60)
def test_no_text_breaks_the_xml_or_the_json(words: str, url: str) -> None:
    e = hostile(words, url)
    assert len(as_xml((e, e), words, words).findall(f"{{{ATOM}}}entry")) == 2
    json.loads(reader.json_feed(words, words, (e,)))


# ── of a subscription ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_subscription_is_a_feed_of_what_it_wants_newest_first(tmp_path: Path) -> None:
    made = World()
    with app.open_sql({"ALERTS_VAR": str(tmp_path)}.get) as engine:
        stores = app.Stores.in_sql(engine, made.app.stores.seen)
        line = replace(made.app, stores=stores, engine=engine)
        made.says(WIRE, "A bridge in Oslo is painted", "Blue.")
        made.says(WIRE, "US announces 25% tariff on Iran", TARIFF)
        for stage in ("poll", "match", "group"):
            line.run(stage)
        found = syndication.entries(line, made.config.subscriptions[0])
        assert [e.title for e in found] == ["US announces 25% tariff on Iran"]
        assert found[0].updated >= START.astimezone(UTC)
        assert b"25% tariff" in syndication.feed(line, "morning", "atom", url=URL)
        assert json.loads(syndication.feed(line, "desk", "json"))["title"] == "Iran desk"
        with pytest.raises(AlertsError, match="there is no subscription"):
            syndication.feed(line, "nobody", "atom")


SILENCED = [
    ("it holds now", timedelta(0), timedelta(hours=1), {"rule": "iran"}, []),
    ("it held when the news came", timedelta(hours=-1), timedelta(minutes=1), {"rule": "iran"}, []),
    ("it ended before", timedelta(hours=-2), timedelta(hours=-1), {"rule": "iran"}, ["US announces 25% tariff on Iran"]),
    ("it is another subscription's", timedelta(0), timedelta(hours=1), {"subscription": "desk"}, ["US announces 25% tariff on Iran"]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "begins", "until", "covers", "titles"), SILENCED, ids=[case[0] for case in SILENCED])
def test_a_silence_holds_in_the_feed_too(
    tmp_path: Path, why: str, begins: timedelta, until: timedelta, covers: dict[str, str], titles: list[str]
) -> None:
    made = World(a_config(subscriptions=[replace(MORNING, rules=("iran",)), DESK]))
    with app.open_sql({"ALERTS_VAR": str(tmp_path)}.get) as engine:
        line = replace(made.app, stores=app.Stores.in_sql(engine, made.app.stores.seen), engine=engine)
        made.says(WIRE, "US announces 25% tariff on Iran", TARIFF)
        for stage in ("poll", "match", "group"):
            line.run(stage)
        silence = Silence("s1", "anna", "known", made.now + begins, made.now + until, **covers)
        line.stores.silences.put({silence.id: silence}, at=made.now)
        made.passes(minutes=5)
        assert [e.title for e in syndication.entries(line, made.config.subscriptions[0])] == titles, why
