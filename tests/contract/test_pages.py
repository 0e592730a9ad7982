"""Pages of articles: what robots.txt says is kept to, what is found is the text, and a failure keeps the summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from alerts import stages
from alerts.adapters import pages as pages_
from alerts.adapters.children import Children
from alerts.adapters.http import HttpFetch
from alerts.adapters.memory import MemoryFetch, MemoryFingerprints, MemoryLog, MemoryPages, MemoryParse, MemoryTable
from alerts.adapters.pages import WebPages
from alerts.errors import FetchError
from alerts.model import Article, Feed, FeedRequest, Fetched
from tests.contract.values import NOW, article
from tests.shop import Shop, open_shop

SENTENCES = (
    "Oil rose by two per cent on Monday after talks stalled in Vienna, two officials said on condition of anonymity. "
)
PAGE = f"""<html><head><title>Oil</title></head><body><nav><a href=/>Home</a> <a href=/sport>Sport</a></nav>
<article><h1>Oil rises</h1><p>{SENTENCES}</p><p>{SENTENCES.replace("Oil", "Gas")}</p><p>{SENTENCES.replace("Oil", "Gold")}</p></article>
<footer>All rights reserved</footer></body></html>""".encode()
SITE = "https://wire.example"


class Site:
    """A fetch of pages that are given, and who asked for what."""

    def __init__(self, **answers: bytes | FetchError) -> None:
        self.answers = {name.replace("robots", "robots.txt"): answer for name, answer in answers.items()}
        self.asked: list[str] = []

    def __call__(self, requests: Sequence[FeedRequest]) -> Iterator[tuple[Feed, Fetched | FetchError]]:
        for request in requests:
            self.asked.append(request.feed.url)
            answer = self.answers.get(request.feed.url.rpartition("/")[2], FetchError("404 Not Found", status=404))
            yield request.feed, answer if isinstance(answer, FetchError) else Fetched(200, answer)


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as children:
        yield children


def an_article(name: str = "oil") -> Article:
    return replace(article(1), url=f"{SITE}/{name}", text="The lead of the feed.")


def read(site: Site, children: Children, *articles: Article) -> Sequence[Article]:
    return WebPages(site, children)(articles or [an_article()])


def test_the_text_of_the_page_comes_after_the_lead(children: Children) -> None:
    (found,) = read(Site(oil=PAGE), children)
    assert found.text.startswith("The lead of the feed. Oil")
    assert "Gold rose" in found.text
    assert not {"Sport", "All rights reserved", "<p>"} & set(found.text.split())
    assert (found.key, found.notes) == (an_article().key, ())


def test_a_lead_that_is_in_the_page_is_not_told_twice(children: Children) -> None:
    (found,) = read(Site(oil=PAGE), children, replace(an_article(), text="after talks stalled in Vienna"))
    assert found.text.startswith("Oil")


ROBOTS = [
    ("that is not there allows everything", FetchError("404 Not Found", status=404), ""),
    ("that is gone too", FetchError("410 Gone", status=410), ""),
    ("that is empty too", b"", ""),
    ("for others is not for us", b"User-agent: Evil\nDisallow: /", ""),
    ("forbids the page", b"User-agent: *\nDisallow: /oi*", "robots.txt does not allow it"),
    ("names us", b"User-agent: tocsin\nDisallow: /\n\nUser-agent: *\nAllow: /", "robots.txt does not allow it"),
    ("wants to be left alone", b"User-agent: *\nCrawl-delay: 600", "robots.txt asks for rarer visits"),
    ("that cannot be had now allows nothing", FetchError("503 Busy", status=503), "robots.txt: 503 Busy"),
    ("asks for patience", FetchError("429 Too Many", status=429), "robots.txt: 429 Too Many"),
    ("does not answer", FetchError("timed out after 30 s"), "robots.txt: timed out after 30 s"),
    ("is no text", b"\xff\x00" * 1_000, ""),
]


@pytest.mark.parametrize(("why", "robots", "reason"), ROBOTS)
def test_a_robots_txt(why: str, robots: bytes | FetchError, reason: str, children: Children) -> None:
    site = Site(robots=robots, oil=PAGE)
    (found,) = read(site, children)
    assert found.notes == ((f"no full text: {reason}",) if reason else ()), why
    assert (f"{SITE}/oil" in site.asked) is not bool(reason)
    assert found.text.startswith("The lead of the feed.")


FAILURES = [
    ("the page is not there", FetchError("404 Not Found", status=404), "404 Not Found"),
    ("there is no text on it", b"<html><body></body></html>", "no text was found on the page"),
    ("it is empty", b"", "no text was found on the page"),
    ("it is no page", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "no text was found on the page"),
]


@pytest.mark.parametrize(("why", "page", "reason"), FAILURES)
def test_a_failure_keeps_the_summary_and_says_so(
    why: str, page: bytes | FetchError, reason: str, children: Children
) -> None:
    (found,) = read(Site(oil=page), children)
    assert (found.text, found.notes) == ("The lead of the feed.", (f"no full text: {reason}",)), why


def test_a_hostile_page_is_cut_off_and_the_next_one_is_read() -> None:
    hostile = b"<html><body>" + b"".join(b"<p>%d %s</p>" % (n, SENTENCES.encode()) for n in range(60_000))
    with Children(seconds=1, megabytes=300) as children:
        bad, good = read(Site(bad=hostile, oil=PAGE), children, an_article("bad"), an_article())
    assert bad.notes
    assert "Gold rose" in good.text


def test_a_site_is_asked_for_its_robots_txt_once(children: Children) -> None:
    site = Site(oil=PAGE, gas=PAGE)
    read_pages = WebPages(site, children)
    read_pages([an_article(), an_article("gas")])
    read_pages([an_article("gold")])
    assert site.asked.count(f"{SITE}/robots.txt") == 1


def test_what_has_no_link_and_what_is_too_much(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_, "MOST", 2)
    none, _, beyond = read(Site(oil=PAGE), children, replace(an_article(), url=""), an_article(), an_article("gas"))
    assert none.notes == ("no full text: the article has no link",)
    assert beyond.notes == ("no full text: too many pages at once",)


def test_over_real_http(tmp_path, children: Children) -> None:  # type: ignore[no-untyped-def]
    with open_shop(tmp_path) as shop:
        return _over_real_http(shop, children)


def _over_real_http(shop: Shop, children: Children) -> None:
    shop.serves("oil", PAGE)
    shop.serves("robots.txt", b"User-agent: *\nDisallow: /secret")
    articles = [replace(an_article(), url=f"{shop.url}/{name}") for name in ("oil", "secret")]
    refused = WebPages(HttpFetch(), children)(articles)
    assert all("not a public address" in found.notes[0] for found in refused), "the guard is the one of feeds"
    oil, secret = WebPages(HttpFetch(allow_hosts=frozenset({"127.0.0.1"})), children)(articles)
    assert "Gold rose" in oil.text
    assert secret.notes == ("no full text: robots.txt does not allow it",)


REDIRECTED = [
    ("another site that allows it", b"", ()),
    (
        "another site that does not",
        b"User-agent: *\nDisallow: /",
        ("no full text: redirected, and robots.txt does not allow it",),
    ),
]


@pytest.mark.parametrize(("why", "robots", "notes"), REDIRECTED)
def test_a_page_is_redirected_to(why: str, robots: bytes, notes: tuple[str, ...], children: Children) -> None:
    asked: list[str] = []

    def fetch(requests: Sequence[FeedRequest]) -> Iterator[tuple[Feed, Fetched | FetchError]]:
        for request in requests:
            asked.append(request.asked)
            answers = {
                f"{SITE}/oil": FetchError("redirected to another site", status=302, led="https://other.example/oil"),
                f"{SITE}/robots.txt": Fetched(200),
                "https://other.example/robots.txt": Fetched(200, robots),
                "https://other.example/oil": Fetched(200, PAGE),
            }
            yield request.feed, answers[request.asked]

    (found,) = WebPages(fetch, children)([an_article()])
    assert found.notes == notes, why
    assert ("Gold rose" in found.text) is not bool(notes)
    assert ("https://other.example/oil" in asked) is not bool(notes), "whoever does not want us is not asked"


def test_a_page_that_is_sent_on_and_on_is_given_up(children: Children) -> None:
    def fetch(requests: Sequence[FeedRequest]) -> Iterator[tuple[Feed, Fetched | FetchError]]:
        for request in requests:
            number = len(request.asked)
            led = FetchError("redirected to another site", led=f"https://{'a' * number}.example/oil")
            yield request.feed, Fetched(200) if request.asked.endswith("robots.txt") else led

    (found,) = WebPages(fetch, children)([an_article()])
    assert found.notes == ("no full text: redirected to another site",)


# ── in the line ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_new_articles_of_feeds_that_ask_for_it_are_fetched(children: Children) -> None:
    site, fetch = Site(one=PAGE, two=PAGE), MemoryFetch()
    log, seen, states = MemoryLog[Article](), MemoryFingerprints(), MemoryTable()
    feeds = [
        Feed("whole", f"{SITE}/rss", "Wire", first_poll=None, full_text=True),
        Feed("plain", "https://post.example/rss", "Post", first_poll=None),
    ]

    def poll(minutes: int) -> None:
        stages.poll(
            feeds, fetch=fetch, parse=MemoryParse(), pages=WebPages(site, children), states=states, seen=seen,
            articles=log, now=NOW.replace(minute=minutes),
        )  # fmt: skip

    fetch.entry("whole", title="One", link=f"{SITE}/one")
    fetch.entry("plain", title="Two", link=f"{SITE}/two")
    poll(0)
    assert sorted(site.asked) == [f"{SITE}/one", f"{SITE}/robots.txt"]
    texts = {found.title: found.text for found in log.read("r").values}
    assert "Gold rose" in texts["One"]
    assert texts["Two"] == ""
    poll(30)
    assert len(site.asked) == 2, "what is known is not fetched again"
    assert states.get("whole")


def test_in_memory_pages_are_left_alone() -> None:
    (found,) = MemoryPages()([an_article()])
    assert found.notes == ("no full text: pages are left alone here",)
