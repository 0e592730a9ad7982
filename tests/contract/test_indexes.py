"""Indexes of sitemaps over real HTTP: what they name is read in their place, and little of it is asked for."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from alerts import feeds, stages
from alerts.adapters.children import ChildParse, Children
from alerts.adapters.http import HttpFetch
from alerts.adapters.indexes import IndexParse
from alerts.adapters.memory import MemoryFingerprints, MemoryLog, MemoryPages, MemoryTable
from alerts.errors import FetchError, ParseError
from alerts.feeds import Parsed
from alerts.model import Article, Feed, FeedState, Fetched
from tests.contract.values import NOW
from tests.servers import headers_of, say, serving

SPACE = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)
TITLES = list[str]


def sitemap(*names: str) -> bytes:
    listed = "".join(
        f"<url><loc>https://site.example/{name}</loc><news:news><news:title>{name}</news:title></news:news></url>"
        for name in names
    )
    return f"<urlset {SPACE}>{listed}</urlset>".encode()


def index(*named: tuple[str, str]) -> bytes:
    days = [(loc, f"<lastmod>{day}</lastmod>" if day else "") for loc, day in named]
    listed = "".join(f"<sitemap><loc>{loc}</loc>{day}</sitemap>" for loc, day in days)
    return f"<sitemapindex {SPACE}>{listed}</sitemapindex>".encode()


class Site:
    """A site with sitemaps, and what it was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        self.asked.append(handler.path)
        body = self.pages.get(handler.path)
        if body is None:
            say(handler, 404)
        elif headers_of(handler).get("if-none-match") == f'"{len(body)}"':
            say(handler, 304)
        else:
            say(handler, 200, body, ETag=f'"{len(body)}"')


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with serving(site.answer) as site.url:
        yield site


class Line:
    """The poll of one feed, that of the index."""

    def __init__(self, site: Site, children: Children) -> None:
        fetch = HttpFetch(allow_hosts=frozenset({"127.0.0.1"}))
        self.feed = Feed("site", f"{site.url}/index.xml", "Site", first_poll=None)
        self.parse, self.fetch = IndexParse(ChildParse(children), fetch), fetch
        self.states, self.articles = MemoryTable[FeedState](), MemoryLog[Article]()
        self.polls = 0

    def poll(self) -> tuple[TITLES, FeedState]:
        self.polls += 1
        stages.poll(
            [self.feed], fetch=self.fetch, parse=self.parse, states=self.states, pages=MemoryPages(),
            seen=MemoryFingerprints(), articles=self.articles, now=NOW + self.polls * timedelta(days=1),
        )  # fmt: skip
        got = self.articles.read("all")
        self.articles.commit("all", got.end)
        state = self.states.get("site")
        assert state
        return sorted(article.title for article in got.values), state


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as children:
        yield children


@pytest.fixture
def line(site: Site, children: Children) -> Line:
    return Line(site, children)


def test_the_sitemaps_of_an_index_are_read_and_known_again(site: Site, line: Line) -> None:
    site.pages = {
        "/index.xml": index(("/old.xml", "2026-06-01"), ("/news.xml.gz", "2026-07-01")),
        "/news.xml.gz": gzip.compress(sitemap("ships", "oil"), mtime=0),
        "/old.xml": sitemap("grain"),
    }
    assert line.poll()[0] == ["grain", "oil", "ships"]
    assert site.asked == ["/index.xml", "/news.xml.gz", "/old.xml"]
    assert line.poll()[0] == []
    assert site.asked[3:] == ["/index.xml"], "an index that has not changed names nothing new"
    site.pages["/index.xml"] = index(("/old.xml", "2026-06-01"), ("/news.xml.gz", "2026-07-02T10:00"))
    site.pages["/news.xml.gz"] = gzip.compress(sitemap("ships", "coal"), mtime=0)
    assert line.poll()[0] == ["coal"]


def test_only_the_newest_few_of_its_own_host_are_asked_for(site: Site, line: Line) -> None:
    far = [("https://elsewhere.example/news.xml", "2026-07-09"), ("file:///etc/passwd", ""), ("http://[", "")]
    named = [(f"/{n:03}.xml", f"2026-01-01T00:00:{n % 60:02}") for n in range(60)]
    site.pages = {"/index.xml": index(*far, *named, ("/index.xml", "2026-08-01"))}
    site.pages |= {loc: sitemap(loc.strip("/")) for loc, _ in named}
    assert line.poll()[0] == ["057.xml", "058.xml", "059.xml"]
    assert len(site.asked) == 4


def test_one_that_does_not_say_when_its_sitemaps_changed_is_read_anew(site: Site, line: Line) -> None:
    site.pages = {"/index.xml": index(("/news.xml", "")), "/news.xml": sitemap("ships")}
    assert line.poll()[0] == ["ships"]
    site.pages["/news.xml"] = sitemap("ships", "oil")
    assert line.poll()[0] == ["oil"]


def test_a_sitemap_that_fails_is_said_and_asked_for_again(site: Site, line: Line) -> None:
    site.pages = {"/index.xml": index(("/news.xml", "2026-07-01"), ("/b.xml", "2026-07-01")), "/b.xml": sitemap("b")}
    titles, state = line.poll()
    assert titles == ["b"]
    assert state.reason == "1 of 2 sitemaps not read: 404 Not Found"
    assert state.failures == 0
    site.pages["/news.xml"] = sitemap("ships")
    assert line.poll()[0] == ["ships"], "though the index has not changed"


@pytest.mark.parametrize(
    ("why", "pages", "reason"),
    [
        ("none can be had", {}, "404 Not Found"),
        (
            "none has news",
            {"/news.xml": b"<urlset><url><loc>https://site.example/</loc></url></urlset>"},
            "without news",
        ),
        ("it names another index", {"/news.xml": index(("/more.xml", ""))}, "an index of indexes"),
    ],
)
def test_an_index_of_which_nothing_can_be_read_is_a_feed_that_fails(
    why: str, pages: dict[str, bytes], reason: str, site: Site, line: Line
) -> None:
    site.pages = {"/index.xml": index(("/news.xml", "2026-07-01"))} | pages
    titles, state = line.poll()
    assert (titles, state.failures) == ([], 1), why
    assert reason in state.reason
    assert len(site.asked) == 2


def test_all_other_answers_come_first_and_pauses_are_passed_on() -> None:
    of_index = Parsed((), index=feeds.sitemaps.Index(("http://a.example/b.xml",), dated=True))
    one, two = Feed("one", "http://a.example/", "A"), Feed("two", "http://b.example/", "B")
    reads = iter(
        [[(one, Fetched(200), of_index), None, (two, Fetched(304), None)], [None, (one, Fetched(200), Parsed(()))]]
    )
    wrapped = IndexParse(
        lambda answers: (list(answers), iter(next(reads)))[1],
        lambda requests: [(r.feed, FetchError(r.url)) for r in requests],
    )
    given = [*wrapped([])]
    assert [answer and answer[0].id for answer in given] == [None, "two", None, "one"]
    assert isinstance(given[-1], tuple)
    assert not isinstance(given[-1][2], ParseError)
