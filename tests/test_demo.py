"""The sample feeds: what they tell, what is odd about them, and how their server answers."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import demo, text
from alerts.errors import AlertsError

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
ANCHOR = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)  # a Wednesday
BASE = "http://127.0.0.1:8585"

COUNTS = {
    "atlas-sport": 9,
    "broken-press": 13,
    "east-ledger": 15,
    "gulf-monitor": 14,
    "hangang-daily": 11,
    "harbour-post": 15,
    "meridian-times": 15,
    "payam-alborz": 11,
    "polaris-wire": 17,
}


# ── reading the feeds ────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def body(name: str) -> str:
    source = (EXAMPLES / f"{name}.xml").read_text(encoding="utf-8")
    return demo.render(source, anchor=ANCHOR, base=BASE).decode()


@cache
def feed(name: str) -> feedparser.FeedParserDict:
    return feedparser.parse(body(name).encode())


def prose(entry: feedparser.FeedParserDict) -> str:
    parts = [part.value for part in entry.get("content", ())] or [entry.get("summary", "")]
    return text.plain(" ".join(parts))


def when(entry: feedparser.FeedParserDict) -> datetime | None:
    parsed = entry.get("published_parsed") or entry.get("updated_parsed")
    return datetime(*parsed[:6], tzinfo=UTC) if parsed else None


def one(name: str, words: str) -> feedparser.FeedParserDict:
    found = [entry for entry in feed(name).entries if words in entry.get("title", "")]
    assert len(found) == 1, (name, words, [entry.get("title") for entry in found])
    return found[0]


def everything() -> Iterator[tuple[str, feedparser.FeedParserDict]]:
    for name in COUNTS:
        for entry in feed(name).entries:
            yield name, entry


def test_the_folder_holds_the_feeds_that_the_configuration_names():
    configured = (EXAMPLES.parent / "config" / "feeds.yaml").read_text(encoding="utf-8")
    named = re.findall(rf"http://127\.0\.0\.1:{demo.PORT}/([a-z-]+)\.xml", configured)
    assert demo.feed_names(EXAMPLES) == tuple(sorted(COUNTS)) == tuple(sorted(named))


def test_a_folder_without_feeds_is_named(tmp_path: Path):
    with pytest.raises(AlertsError, match=re.escape(str(tmp_path))):
        demo.feed_names(tmp_path)


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_every_feed_parses_to_its_entries(name: str, count: int):
    assert len(feed(name).entries) == count
    assert bool(feed(name).bozo) == (name == "broken-press")
    assert "{{" not in body(name)


def test_the_readme_counts_the_same_entries():
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    told = {
        name: int(count) for name, count in re.findall(r"^\| `([a-z-]+)\.xml` .*\| (\d+) \|$", readme, re.MULTILINE)
    }
    assert told == COUNTS


def test_the_readme_names_entries_that_are_there():
    titles = " ".join(entry.get("title", "").replace("’", "'") for _, entry in everything()).replace("“", '"')
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    named = [part for words in re.findall(r"\*([^*\n]{8,})\*", readme) for part in re.split(r"\s*…\s*", words) if part]
    missing = [part for part in named if part not in titles.replace("”", '"')]
    assert not missing
    assert len(named) > 20


# ── times ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_news_covers_three_days_before_the_anchor():
    times = [at for _, entry in everything() if (at := when(entry))]
    past = [at for at in times if at <= ANCHOR]
    assert max(past) > ANCHOR - timedelta(hours=1), "the newest must read like today's"
    assert ANCHOR - timedelta(hours=72) < min(past) < ANCHOR - timedelta(hours=66)
    assert len(times) - len(past) == 1


@pytest.mark.parametrize("name", COUNTS)
def test_entries_stand_newest_first(name: str):
    times = [at for entry in feed(name).entries if (at := when(entry))]
    assert times == sorted(times, reverse=True)


def test_a_later_anchor_moves_every_date_with_it():
    source = (EXAMPLES / "polaris-wire.xml").read_text(encoding="utf-8")
    later = feedparser.parse(demo.render(source, anchor=ANCHOR + timedelta(days=40), base=BASE))
    before = [when(entry) for entry in feed("polaris-wire").entries]
    assert [when(entry) for entry in later.entries] == [at and at + timedelta(days=40) for at in before]


PLACEHOLDERS = [
    ("before the anchor, in Atom", "{{ago 2h30m}}", "2026-07-01T05:30:00Z"),
    ("before the anchor, in RSS", "<rss>{{ago 2h30m}}", "<rss>Wed, 01 Jul 2026 05:30:00 +0000"),
    ("in minutes alone", "{{ago 45m}}", "2026-07-01T07:15:00Z"),
    ("more hours than a day has", "{{ago 70h}}", "2026-06-28T10:00:00Z"),
    ("after the anchor", "{{in 5h}}", "2026-07-01T13:00:00Z"),
    ("in a zone to the east", "{{ago 1h +09:00}}", "2026-07-01T16:00:00+09:00"),
    ("in a zone to the west, with minutes", "{{ago 1h -03:30}}", "2026-07-01T03:30:00-03:30"),
    ("in a zone, in RSS", "<rss>{{ago 1h +04:00}}", "<rss>Wed, 01 Jul 2026 11:00:00 +0400"),
    ("a weekday", "{{day 27h}}", "Tuesday"),
    ("a weekday in Korean", "{{day 27h ko}}", "화요일"),
    ("a weekday in Persian", "{{day 27h fa}}", "سه‌شنبه"),
    ("the server", "{{base}}/x", "http://127.0.0.1:8585/x"),
    ("when nobody serves it, served is the anchor", "{{served}}", "2026-07-01T08:00:00Z"),
    ("braces that are no placeholder", "{x} {{", "{x} {{"),
]


@pytest.mark.parametrize(("case", "source", "expected"), PLACEHOLDERS, ids=[case for case, _, _ in PLACEHOLDERS])
def test_placeholders(case: str, source: str, expected: str):
    assert demo.render(source, anchor=ANCHOR, base=BASE) == expected.encode()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{agoo 2h}}", "{{agoo 2h}} is not known"),
        ("{{ago}}", "{{ago}} is not known"),
        ("{{base x}}", "{{base x}} is not known"),
        ("{{ago 2 hours}}", '"2" is no length of time'),
        ("{{ago 2h +9}}", '"+9" is no zone'),
        ("{{day 2h xx}}", 'no weekdays in "xx"'),
    ],
)
def test_a_wrong_placeholder_is_named(source: str, words: str):
    with pytest.raises(AlertsError, match=re.escape(words)):
        demo.render(source, anchor=ANCHOR, base=BASE)


@given(hours=st.integers(0, 999), minutes=st.integers(0, 59), east=st.integers(-12, 14), rss=st.booleans())
def test_a_written_time_reads_back_as_the_same_instant(hours: int, minutes: int, east: int, rss: bool):
    zone = f"{'-' if east < 0 else '+'}{abs(east):02}:00"
    source = f"{'<rss>' if rss else ''}{{{{ago {hours}h{minutes}m {zone}}}}}"
    written = demo.render(source, anchor=ANCHOR, base=BASE).decode().removeprefix("<rss>")
    read = parsedate_to_datetime(written) if rss else datetime.fromisoformat(written)
    assert read == ANCHOR - timedelta(hours=hours, minutes=minutes)


# ── the anchor file ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_anchor_is_written_once_and_read_ever_after(tmp_path: Path):
    path = tmp_path / "var" / "demo-anchor"
    assert demo.anchored(path, now=ANCHOR) == ANCHOR
    assert demo.anchored(path, now=ANCHOR + timedelta(days=3)) == ANCHOR


@pytest.mark.parametrize("written", ["", "yesterday", "2026-13-01T00:00:00+00:00"])
def test_an_anchor_file_that_holds_no_time_says_what_to_do(tmp_path: Path, written: str):
    path = tmp_path / "demo-anchor"
    path.write_text(written, encoding="utf-8")
    with pytest.raises(AlertsError, match=r"demo-anchor.*delete it"):
        demo.anchored(path, now=ANCHOR)


# ── the oddities, each by name ───────────────────────────────────────────────────────────────────────────────────────


def words(entry: feedparser.FeedParserDict) -> str:
    return " ".join(prose(entry).split())


@dataclass(frozen=True)
class Copy:
    wire: str
    outlet: str
    title: str
    whole: bool


COPIES = [
    Copy("climbs to 116", "harbour-post", "climbs to 116", whole=True),
    Copy("U.S. announces 25%", "harbour-post", "U.S. announces 25%", whole=True),
    Copy("China voices concern", "gulf-monitor", "China voices concern", whole=True),
    Copy("rises to 62", "gulf-monitor", "rises to 62", whole=True),
    Copy("five rare earths", "east-ledger", "five rare earths", whole=True),
    Copy("restores part", "gulf-monitor", "restores part", whole=False),
    Copy("reaches 25", "gulf-monitor", "counts 25 dead", whole=False),
    Copy("U.S. announces 25%", "east-ledger", "US to charge 25%", whole=False),
    Copy("EU adopts", "harbour-post", "44 more tankers", whole=False),
    Copy("climbs to 116", "broken-press", "toll climbs to 116", whole=False),
    Copy("U.S. announces 25%", "broken-press", "slaps 25%", whole=False),
    Copy("Finland seizes", "broken-press", "ghost tanker", whole=False),
]


def wire(words: str) -> feedparser.FeedParserDict:
    found = [e for e in feed("polaris-wire").entries if words in e.title and not e.title.startswith("CORRECTION")]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("copy", COPIES, ids=lambda copy: f"{copy.outlet}: {copy.title}")
def test_wire_copies(copy: Copy):
    original, copied = words(wire(copy.wire)), words(one(copy.outlet, copy.title))
    assert "(Polaris Wire)" in copied
    if copy.whole:
        assert copied == original
    else:
        assert copied != original
        sentences = re.split(r"(?<=[.\"]) ", copied)
        assert all(sentence in original for sentence in sentences)
        assert len(copied) > len(original) / 2


def test_a_rewrite_tells_the_same_story_in_other_words():
    original, rewrite = (
        words(wire("China voices concern")),
        words(one("harbour-post", "Beijing offers Tehran sympathy")),
    )
    assert all(word in told for told in (original, rewrite) for word in ("deputy minister", "25%", "tariff", "Iranian"))

    def runs(told: str) -> set[tuple[str, ...]]:
        parts = told.lower().split()
        return {tuple(parts[i : i + 5]) for i in range(len(parts) - 4)}

    assert not runs(original) & runs(rewrite), "five words in a row would make it a copy"


def test_a_correction_is_an_entry_of_its_own_with_another_figure():
    wrong, right = wire("climbs to 116"), one("polaris-wire", "CORRECTION: ")
    assert "Corrects figure in second paragraph" in prose(right)
    assert ("4,200 people" in prose(wrong), "2,400 people" in prose(right)) == (True, True)
    assert "4,200" in prose(one("harbour-post", "climbs to 116")), "copies keep the wrong figure"
    assert wrong.id != right.id


def test_the_toll_rises_from_day_to_day():
    told = [
        (when(e), m[1]) for e in feed("polaris-wire").entries if (m := re.search(r"^Death toll .* (\d+),", e.title))
    ]
    assert [figure for _, figure in sorted(told)] == ["25", "62", "116"]


def test_the_line_that_the_product_is_known_by_is_told():
    assert one("polaris-wire", "China voices concern over Iran crackdown, offers no tangible support")
    assert one("polaris-wire", "U.S. announces 25% tariff on countries that transact with Iran")


def undated(name: str) -> list[str]:
    return [entry.title for entry in feed(name).entries if when(entry) is None]


def share(pattern: str, told: str) -> float:
    letters = re.sub(r"[\W\d_]", "", told)
    return len(re.findall(pattern, letters)) / len(letters)


def entries(name: str) -> list[feedparser.FeedParserDict]:
    return list(feed(name).entries)


ODDITIES: list[tuple[str, Callable[[], object]]] = [
    ("no date, in the RDF feed", lambda: undated("east-ledger") == [one("east-ledger", "Explainer").title]),
    ("no date, in the malformed feed", lambda: len(undated("broken-press")) == 1),
    ("a date in the future", lambda: when(one("meridian-times", "The long read")) == ANCHOR + timedelta(hours=5)),
    ("no title", lambda: [e for e in entries("gulf-monitor") if not e.get("title") and prose(e)]),
    ("no link, a guid only", lambda: [e for e in entries("gulf-monitor") if not e.get("link") and e.id]),
    ("a duplicate guid", lambda: len({e.id for e in entries("harbour-post")}) == COUNTS["harbour-post"] - 1),
    ("tracking parameters in links", lambda: all("?utm_source=" in e.link for e in entries("harbour-post"))),
    ("a tracking pixel", lambda: all('width="1"' in e.summary for e in entries("gulf-monitor"))),
    ("HTML in descriptions", lambda: all("<p>" in e.summary for e in entries("gulf-monitor"))),
    ("HTML escaped twice", lambda: "&lt;p&gt;" in one("east-ledger", "Chinese carmakers").summary),
    ("content:encoded", lambda: all(e.content and len(e.summary) < len(prose(e)) for e in entries("harbour-post"))),
    ("XHTML", lambda: one("meridian-times", "Analysis").content[0].type == "application/xhtml+xml"),
    ("a live blog", lambda: one("meridian-times", "Live: ").content[0].value.count("<li>") >= 5),
    ("a machine translation", lambda: "translated by machine" in prose(one("gulf-monitor", "Iraq awaits"))),
    ("an opinion piece", lambda: one("harbour-post", "Opinion: ")),
    ("Korean alone", lambda: all(share("[가-힣]", prose(e)) > 0.9 for e in entries("hangang-daily"))),
    ("Persian alone", lambda: all(share("[\u0600-\u06ff]", prose(e)) > 0.99 for e in entries("payam-alborz"))),
    ("Persian digits", lambda: "۱۱۶" in one("payam-alborz", "شمار جان‌باختگان").title),
    ("Iran beat Iraq", lambda: one("atlas-sport", "Iran beat Iraq 2-1 in Asian Cup qualifier")),
    ("a badminton title", lambda: one("atlas-sport", "China take mixed doubles title")),
    ("a boxer sanctioned", lambda: "federation" in prose(one("atlas-sport", "sanctioned"))),
    ("a council sanctioned a bridge", lambda: "approved" in prose(one("harbour-post", "Council sanctioned"))),
    ("an electricity tariff", lambda: one("harbour-post", "electricity tariff")),
    ("bare ampersands", lambda: re.search(r"Food & medicine", body("broken-press"))),
    (
        "a tag that is never closed",
        lambda: body("broken-press").count("<item>") > body("broken-press").count("</item>"),
    ),
    (
        "a wrong encoding declaration",
        lambda: 'encoding="us-ascii"' in body("broken-press") and "€" in body("broken-press"),
    ),
    ("the entries before the break are whole", lambda: all(prose(e) for e in entries("broken-press")[:-1])),
    ("RSS 1.0", lambda: feed("east-ledger").version == "rss10"),
    ("Atom", lambda: feed("meridian-times").version == feed("payam-alborz").version == "atom10"),
    ("RSS 2.0", lambda: feed("polaris-wire").version == feed("gulf-monitor").version == "rss20"),
]


@pytest.mark.parametrize("is_there", [check for _, check in ODDITIES], ids=[case for case, _ in ODDITIES])
def test_oddities(is_there: Callable[[], object]):
    assert is_there()


def test_texts_are_as_long_as_real_summaries():
    short = ("", "Lights out online: Iran pulls the plug")  # a brief, and the entry behind the break
    for name, entry in everything():
        if entry.get("title", "") not in short and name not in ("hangang-daily", "payam-alborz"):
            assert 35 <= len(prose(entry).split()) <= 125, (name, entry.title)


# Office-holders and owners of the real world, in the scripts of the feeds.  Nothing is claimed of any of them.
REAL_PEOPLE = """
Trump Biden Vance Rubio Bessent Lutnick Greer Hegseth Jinping Keqiang Pezeshkian Khamenei Araghchi Raisi Rouhani
Putin Lavrov Peskov Mishustin Leyen Kallas Sefcovic Šefčovič Macron Merz Scholz Starmer Meloni Orban Orbán Erdogan
Erdoğan Modi Jaishankar Netanyahu Zelensky Zelenskyy Guterres Okonjo Abramovich Usmanov Melnichenko Musk Stubb Orpo
Jae-myung Yoon
트럼프 시진핑 푸틴 이재명 하메네이 ترامپ خامنه‌ای پزشکیان پوتین عراقچی
""".split()


def test_nothing_is_said_of_real_people():
    told = " ".join(f"{entry.get('title', '')} {prose(entry)}" for _, entry in everything())
    found = [name for name in REAL_PEOPLE if re.search(rf"\b{re.escape(name)}\b", told)]
    assert not found
    assert re.search(r"\bFarahbod\b", told), "the search would find a name"


# ── the server ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def get(base: str, path: str, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, fields, response.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with demo.serving(EXAMPLES, port=0, anchor=ANCHOR, clock=lambda: ANCHOR) as base:
        yield base


@pytest.mark.parametrize("name", COUNTS)
def test_every_feed_is_served_as_it_renders(server: str, name: str):
    answer = get(server, f"/{name}.xml")
    source = (EXAMPLES / f"{name}.xml").read_text(encoding="utf-8")
    assert answer.status == 200
    assert len(feedparser.parse(answer.body).entries) == COUNTS[name]
    if name != "gulf-monitor":
        assert answer.body == demo.render(source, anchor=ANCHOR, base=server)


@pytest.mark.parametrize(
    ("name", "kind"), [("polaris-wire", "rss+xml"), ("meridian-times", "atom+xml"), ("east-ledger", "rdf+xml")]
)
def test_the_content_type_is_that_of_the_format(server: str, name: str, kind: str):
    assert get(server, f"/{name}.xml").headers["content-type"].startswith(f"application/{kind}")


CONDITIONS: list[tuple[str, Callable[[Answer], dict[str, str]], int]] = [
    ("nothing asked", lambda _: {}, 200),
    ("the ETag that was given", lambda first: {"If_None_Match": first.headers["etag"]}, 304),
    ("the ETag among others", lambda first: {"If_None_Match": f'"old", {first.headers["etag"]}'}, 304),
    ("any ETag", lambda _: {"If_None_Match": "*"}, 304),
    ("another ETag", lambda _: {"If_None_Match": '"old"'}, 200),
    ("the time that was given", lambda first: {"If_Modified_Since": first.headers["last-modified"]}, 304),
    ("a later time", lambda _: {"If_Modified_Since": "Tue, 01 Jan 2036 00:00:00 GMT"}, 304),
    ("an earlier time", lambda _: {"If_Modified_Since": "Thu, 01 Jan 2015 00:00:00 GMT"}, 200),
    ("a time that is none", lambda _: {"If_Modified_Since": "yesterday"}, 200),
    (
        "another ETag with the right time: the ETag speaks",
        lambda first: {"If_None_Match": '"old"', "If_Modified_Since": first.headers["last-modified"]},
        200,
    ),
]


@pytest.mark.parametrize(("case", "ask", "status"), CONDITIONS, ids=[case for case, _, _ in CONDITIONS])
def test_conditional_requests(server: str, case: str, ask: Callable[[Answer], dict[str, str]], status: int):
    first = get(server, "/polaris-wire.xml")
    again = get(server, "/polaris-wire.xml", **ask(first))
    assert again.status == status
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["last-modified"] == first.headers["last-modified"]
    assert again.body == (b"" if status == 304 else first.body)


def test_the_etag_is_strong(server: str):
    assert re.fullmatch(r'"[0-9a-f]{32}"', get(server, "/polaris-wire.xml").headers["etag"])


def test_every_other_feed_gives_validators(server: str):
    without = {name for name in COUNTS if "etag" not in get(server, f"/{name}.xml").headers}
    assert without == demo.NO_VALIDATORS == {"gulf-monitor", "broken-press"}


@pytest.mark.parametrize("name", sorted(demo.NO_VALIDATORS))
def test_careless_servers_send_everything_every_time(server: str, name: str):
    answer = get(server, f"/{name}.xml", If_None_Match="*", If_Modified_Since="Tue, 01 Jan 2036 00:00:00 GMT")
    assert answer.status == 200
    assert "last-modified" not in answer.headers
    assert len(feedparser.parse(answer.body).entries) == COUNTS[name]


def test_gulf_monitor_believes_that_each_answer_is_a_new_edition(server: str):
    first, second = (feedparser.parse(get(server, "/gulf-monitor.xml").body) for _ in range(2))
    assert first.feed.updated != second.feed.updated
    assert [(e.id, when(e), e.summary) for e in first.entries] == [(e.id, when(e), e.summary) for e in second.entries]


def test_every_link_answers_with_the_title_and_the_text(server: str):
    for name in COUNTS:
        for entry in feedparser.parse(get(server, f"/{name}.xml").body).entries:
            if not entry.get("link"):
                continue
            assert entry.link.startswith(f"{server}/{name}/")
            parts = urlsplit(entry.link)
            answer = get(server, f"{parts.path}?{parts.query}")
            shown = text.plain(answer.body.decode())
            assert answer.status == 200, entry.link
            assert text.plain(entry.get("title", "")) in shown
            assert prose(entry) in shown


def small_feed(folder: Path, title: str, summary: str) -> None:
    (folder / "sample.xml").write_text(
        "<?xml version='1.0'?><rss version='2.0'><channel><title>&lt;i&gt;Outlet&lt;/i&gt;</title>"
        "<language>&quot;&gt;&lt;i&gt;</language><item>"
        f"<title>{title}</title><link>{{{{base}}}}/sample/one</link><description>{summary}</description>"
        "<pubDate>{{ago 1h}}</pubDate></item></channel></rss>",
        encoding="utf-8",
    )


def test_a_page_escapes_what_the_feed_says(tmp_path: Path):
    small_feed(
        tmp_path,
        "A &amp;amp;lt;i&amp;amp;gt; B",
        "&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt; <![CDATA[<b>bold</b>]]>",
    )
    with demo.serving(tmp_path, port=0, anchor=ANCHOR) as base:
        page = get(base, "/sample/one")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert b"<script" not in page.body
    assert b"<i>" not in page.body
    assert b"&lt;script&gt;alert(1)&lt;/script&gt; bold" in page.body


def test_the_front_page_links_to_every_feed(server: str):
    page = get(server, "/").body.decode()
    assert re.findall(r'href="/([a-z-]+)\.xml"', page) == sorted(COUNTS)


@pytest.mark.parametrize(
    "path", ["/nothing.xml", "/polaris-wire/nothing", "/nothing/at-all", "/..%2fpyproject.xml", "/README.md", "/x/y/z"]
)
def test_what_is_not_there_is_404(server: str, path: str):
    assert get(server, path).status == 404


def test_an_edit_of_the_file_shows_at_the_next_poll(tmp_path: Path):
    small_feed(tmp_path, "Before", "Text.")
    with demo.serving(tmp_path, port=0, anchor=ANCHOR) as base:
        first = get(base, "/sample.xml")
        small_feed(tmp_path, "After", "Text.")
        second = get(base, "/sample.xml", If_None_Match=first.headers["etag"])
    assert second.status == 200
    assert b"<title>After</title>" in second.body


def test_a_second_run_with_the_same_anchor_file_is_a_304(tmp_path: Path):
    anchor_file = tmp_path / "var" / "demo-anchor"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with demo.serving(EXAMPLES, port=port, anchor_file=anchor_file, clock=lambda: ANCHOR) as base:
        etag = get(base, "/payam-alborz.xml").headers["etag"]
    with demo.serving(EXAMPLES, port=port, anchor_file=anchor_file, clock=lambda: ANCHOR + timedelta(days=1)) as base:
        assert get(base, "/payam-alborz.xml", If_None_Match=etag).status == 304


def test_a_taken_port_is_a_clear_error_and_writes_no_anchor(tmp_path: Path):
    anchor_file = tmp_path / "demo-anchor"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(
                AlertsError, match=rf"127\.0\.0\.1:{port} .*in use.*stop what uses the port, or choose another"
            ),
            demo.serving(EXAMPLES, port=port, anchor_file=anchor_file),
        ):
            pytest.fail("the port was taken")
        with pytest.raises(AlertsError, match=str(port)):
            demo.serve(EXAMPLES, port=port, anchor_file=anchor_file)
    assert not anchor_file.exists()


def test_the_server_ends_with_the_block():
    with demo.serving(EXAMPLES, port=0, anchor=ANCHOR) as base:
        assert get(base, "/").status == 200
    with pytest.raises(ConnectionRefusedError):
        get(base, "/")


def test_the_server_ends_when_the_block_fails():
    bases: list[str] = []

    def fail() -> None:
        with demo.serving(EXAMPLES, port=0, anchor=ANCHOR) as base:
            bases.append(base)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with pytest.raises(ConnectionRefusedError):
        get(bases[0], "/")


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_calmly_when_told(tmp_path: Path, told: signal.Signals):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    code = f"from pathlib import Path; from alerts import demo; demo.serve(Path({str(EXAMPLES)!r}), port={port})"
    root = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, cwd=tmp_path, env=root) as child:
        try:
            wait_for(port)
            assert get(f"http://127.0.0.1:{port}", "/atlas-sport.xml").status == 200
            child.send_signal(told)
            _, errors = child.communicate(timeout=20)
        finally:
            child.kill()
    assert (child.returncode, errors) == (0, b"")


def wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"nothing listens on {port}")
