"""Lists of feeds in OPML: what is taken, what is said of the rest, what a hostile list cannot do, and the way back."""

from __future__ import annotations

import tarfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import config, exchange
from alerts.config.additions import Addition, additions, appended
from alerts.config.drafts import File
from alerts.errors import ConfigError
from alerts.feeds import opml
from alerts.feeds.opml import Outline
from alerts.model import Feed
from tests.shop import Shop, open_shop

LISTS = Path(__file__).parents[2] / "shared" / "data" / "feed_lists.tar.gz"
NOW = datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
WIRE = '<outline type="rss" text="The Wire" xmlUrl="https://wire.example/rss"/>'


def listed(*outlines: str, head: str = "") -> bytes:
    """A list with an outline on each line from 3 on."""
    lines = ("<?xml version='1.0' encoding='utf-8'?>", f"<opml version='2.0'>{head}<body>", *outlines, "</body></opml>")
    return "\n".join(lines).encode()


READ = [
    ("the usual", WIRE, Outline("https://wire.example/rss", "The Wire", "", (), 3)),
    ("the title goes before the text", '<outline title="A" text="B" xmlUrl="https://a.example/"/>',
     Outline("https://a.example/", "A", "", (), 3)),
    ("in folders", f'<outline text="World"><outline title="Gulf">{WIRE}</outline></outline>',
     Outline("https://wire.example/rss", "The Wire", "", ("World", "Gulf"), 3)),
    ("with a language", '<outline text="A" xmlUrl="https://a.example/" language="EN-us"/>',
     Outline("https://a.example/", "A", "en-us", (), 3)),
    ("attributes in small letters, no type", '<outline text="A" xmlurl="https://a.example/"/>',
     Outline("https://a.example/", "A", "", (), 3)),
    ("a scheme of its own", '<outline text="A" xmlUrl="feed://a.example/x"/>',
     Outline("http://a.example/x", "A", "", (), 3)),
    ("HTML in the title", '<outline text="A &amp;lt;b&amp;gt; &lt;b&gt;B&lt;/b&gt;&#10;C" xmlUrl="https://a.example/"/>',
     Outline("https://a.example/", "A <b> B C", "", (), 3)),
    ("an ampersand that stands for itself", '<outline text="A & B" xmlUrl="https://a.example/?x=1&y=2&amp;z=3"/>',
     Outline("https://a.example/?x=1&y=2&z=3", "A & B", "", (), 3)),
    ("no title", '<outline xmlUrl="https://a.example/"/>', Outline("https://a.example/", "", "", (), 3)),
]  # fmt: skip


@pytest.mark.parametrize(("why", "outline", "read"), READ, ids=[case[0] for case in READ])
def test_what_a_list_says(why: str, outline: str, read: Outline) -> None:
    assert opml.read(listed(outline), "a.opml") == ((read,), ())


BOMB = '<!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
SPY = '<!DOCTYPE opml [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
WRONG = [
    ("no XML", b"feeds: []", "a.opml:1:1: not XML: Start tag expected, '<' not found"),
    ("empty", b"", "a.opml:1:1: not XML: Document is empty"),
    ("cut off", listed()[:60], "a.opml:2:1: malformed XML, read as far as it can be: "),
    ("a page", b"<html><body/></html>", "a.opml:1:1: no OPML: its root is <html>"),
    ("a bomb", listed(WIRE).replace(b"<opml", BOMB.encode() + b"<opml"), "a.opml:0:0: the list has a DTD"),
    ("a spy", listed(WIRE).replace(b"<opml", SPY.encode() + b"<opml"), "a.opml:0:0: the list has a DTD"),
    ("a spy in UTF-16", listed(WIRE).decode().replace("<opml", SPY + "<opml").encode("utf-16"), "a.opml:0:0: the charset"),
    ("too large", b" " * (opml.SIZE_LIMIT + 1), "a.opml:0:0: the list is larger than 10 MB"),
    ("an unknown charset", listed().replace(b"utf-8", b"utf-99"), "a.opml:0:0: the charset is not what it says"),
    ("nested without end", listed("<outline>" * 5_000 + "</outline>" * 5_000), "a.opml:3:1: malformed XML, read as far as it can be: Excessive depth"),
    ("no address", listed('<outline type="rss" text="A"/>'), 'a.opml:3:1: "A" is a feed without an address (xmlUrl)'),
    ("a file", listed('<outline text="A" xmlUrl="file:///etc/passwd"/>'), 'a.opml:3:1: the address of "A" is no http(s)'),
    ("a script", listed('<outline text="A" xmlUrl="javascript:alert(1)"/>'), 'a.opml:3:1: the address of "A" is no http(s)'),
    ("a password", listed('<outline text="A" xmlUrl="https://me:pw@a.example/"/>'), 'a.opml:3:1: the address of "A" is no'),
    ("another list", listed('<outline type="include" url="https://a.example/more.opml"/>'), "a.opml:3:1: another list is included"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "body", "said"), WRONG, ids=[case[0] for case in WRONG])
def test_what_is_wrong_with_a_list(why: str, body: bytes, said: str) -> None:
    found, problems = opml.read(body, "a.opml")
    assert found == ()
    assert [str(problem)[: len(said)] for problem in problems] == [said]
    assert "pw@" not in str(problems)


def test_a_feed_that_stands_there_twice_is_taken_once() -> None:
    twice = '<outline text="Again" xmlUrl="https://WIRE.example/rss#top"/>'
    found, problems = opml.read(listed(WIRE, twice), "a.opml")
    assert len(found) == 1
    assert [str(problem) for problem in problems] == ['a.opml:4:1: "Again" stands on line 3 already; it is taken once']


def test_a_fault_stops_no_other_feed() -> None:
    found, problems = opml.read(listed('<outline type="rss" text="A"/>', WIRE, "<outline text='a note'/>"), "a.opml")
    assert [(len(found), len(problems))] == [(1, 1)]


@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=30), st.from_regex(r"https://[a-z]{1,9}\.example/[a-z]{0,9}", fullmatch=True)
        ),
        max_size=8,
    )
)
def test_what_is_written_is_read_again(named: list[tuple[str, str]]) -> None:
    feeds = {url: Feed(str(n), url, name) for n, (name, url) in enumerate(named) if name.isprintable() and name.strip()}
    found, problems = opml.read(opml.written(feeds.values(), NOW), "a.opml")
    assert ([outline.url for outline in found], problems) == ([*feeds], ())


def test_titles_and_languages_survive_the_way_out_and_in() -> None:
    feed = Feed("a", "https://a.example/?x=1&y=2", '한강일보 "A" & <3', "ko")
    assert opml.read(opml.written([feed], NOW), "")[0] == (Outline(feed.url, '한강일보 "A" & <3', "ko", (), 8),)
    assert b"<dateCreated>Wed, 01 Jul 2026 07:30:00 GMT</dateCreated>" in opml.written([feed], NOW)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

ROWS = [
    ("a title becomes an id", ("Le Monde – Économie", ""), 'id: le-monde-economie, url: "https://a.example/", outlet: "Le Monde – Économie"'),
    ("a title in another script leaves the host", ("이란", ""), 'id: a-example, url: "https://a.example/", outlet: "이란"'),
    ("no title", ("", ""), 'id: a-example, url: "https://a.example/", outlet: "a.example"'),
    ("quotes", ('Say "no": {#}', ""), 'id: say-no, url: "https://a.example/", outlet: "Say \\"no\\": {#}"'),
    ("a language", ("A", "en"), 'id: a, url: "https://a.example/", outlet: "A", lang: en'),
    ("no language", ("A", "english!"), 'id: a, url: "https://a.example/", outlet: "A"'),
]  # fmt: skip


@pytest.mark.parametrize(("why", "said", "row"), ROWS, ids=[case[0] for case in ROWS])
def test_a_row(why: str, said: tuple[str, str], row: str) -> None:
    (made,), _ = additions([Outline("https://a.example/", *said, (), 1)], [], "a.opml")
    assert str(made) == f"- {{{row}}}"


def test_ids_are_new_and_known_feeds_are_left_out() -> None:
    outlines = [Outline(f"https://a.example/{n}", "Wire", "", (), n) for n in (1, 2, 3)]
    rows, problems = additions(outlines, [Feed("wire", "https://a.example/2", "")], "a.opml")
    assert [row.id for row in rows] == ["wire-2", "wire-3"]
    assert [str(problem) for problem in problems] == ['a.opml:2:1: "Wire" is polled already, as wire']


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────

OLD = '{id: old, url: "https://old.example/", outlet: Old}'
FILES = [
    ("at the end", f"# ours\nfeeds:\n  - {OLD}\n", f"# ours\nfeeds:\n  - {OLD}\n  NEW"),
    ("comments behind it stay behind it", f"feeds:\n  - {OLD}  # first\n\n# the end\n", f"feeds:\n  - {OLD}  # first\n  NEW\n# the end\n"),
    ("no line end", f"feeds:\n- {OLD}", f"feeds:\n- {OLD}\nNEW"),
    ("another key follows", f"feeds:\n    - {OLD}\ncontact: https://me.example/\n", f"feeds:\n    - {OLD}\n    NEWcontact: https://me.example/\n"),
    ("a block", "feeds:\n  - id: old\n    url: https://old.example/\n    outlet: Old\n\n# x\ndefaults: {every: 1h}\n",
     "feeds:\n  - id: old\n    url: https://old.example/\n    outlet: Old\n  NEW\n# x\ndefaults: {every: 1h}\n"),
]  # fmt: skip
NEW = Addition("new", "https://new.example/", "New", "")


@pytest.mark.parametrize(("why", "before", "after"), FILES, ids=[case[0] for case in FILES])
def test_rows_go_behind_the_others_and_nothing_else_changes(why: str, before: str, after: str) -> None:
    file = appended([File("config/feeds.yaml", before.encode())], [NEW])
    assert file.text.decode() == after.replace("NEW", f"{NEW}\n")


CANNOT = [
    ("in brackets", f"feeds: [{OLD}]\n", "put them in by hand"),
    ("an id that is there", f"feeds:\n  - {OLD.replace('id: old', 'id: new')}\n", "put them in by hand"),
    ("a fault", "feeds:\n  - {id: old}\n", "url"),
]


@pytest.mark.parametrize(("why", "before", "said"), CANNOT, ids=[case[0] for case in CANNOT])
def test_a_file_that_cannot_be_added_to_is_refused(why: str, before: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        appended([File("config/feeds.yaml", before.encode())], [NEW])


def test_there_must_be_a_file() -> None:
    with pytest.raises(ConfigError, match="the file is missing"):
        appended([], [NEW])


def test_the_shipped_file_can_be_added_to(tmp_path: Path) -> None:
    shipped = config.read(Path(__file__).parents[1] / "config")
    before = next(file for file in shipped if file.path.endswith("feeds.yaml")).text.decode()
    after = appended(shipped, [NEW]).text.decode()
    assert after.replace(f"  {NEW}\n", "") == before


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shop(tmp_path: Path) -> object:
    with open_shop(tmp_path) as opened:
        yield opened


def test_import_and_export(shop: Shop) -> None:
    given_ = shop.folder / "a.opml"
    given_.write_bytes(listed(WIRE, f'<outline text="Ours" xmlUrl="{shop.url}/wire"/>'))
    found = exchange.imported(given_, shop.config)

    assert [row.id for row in found.rows] == ["the-wire"]
    assert [problem.message for problem in found.problems] == ['"Ours" is polled already, as wire']
    assert exchange.write(shop.config, found.rows) == shop.config / "feeds.yaml"
    assert [path.name for path in shop.config.iterdir() if "feeds" in path.name] == ["feeds.yaml"]
    assert b'xmlUrl="https://wire.example/rss"' in exchange.exported(shop.config, NOW)
    assert exchange.imported(given_, shop.config).rows == (), "a second time nothing is new"


@pytest.mark.skipif(not LISTS.exists(), reason="the lists are not in the repository")
def test_real_lists_are_read() -> None:
    """118 lists: the 18 feeds that are lost stand in broken tags, which are told."""
    faults: Counter[str] = Counter()
    number = feeds = written = 0
    with tarfile.open(LISTS) as archive:
        for member in archive:
            if member.name.endswith(".opml") and (file := archive.extractfile(member)):
                body = file.read()
                found, problems = opml.read(body, member.name)
                faults.update(problem.message.rpartition(": ")[2] for problem in problems)
                rows, _ = additions(found, [], "")
                assert len({row.id for row in rows}) == len(found) > 0
                number, feeds, written = number + 1, feeds + len(found), written + body.count(b"xmlUrl=")
    assert (number, feeds, written) == (118, 1_554, 1_572)
    assert faults == {"Unescaped '<' not allowed in attributes values": 14, "attributes construct error": 8}


def test_a_malformed_list_is_read_as_far_as_it_can_be() -> None:
    found, problems = opml.read(listed(WIRE, '<outline text="A < B" xmlUrl="https://a.example/"/>'), "a.opml")
    assert [outline.title for outline in found][:1] == ["The Wire"]
    assert [(problem.line, problem.message[:13]) for problem in problems] == [(4, "malformed XML")]
