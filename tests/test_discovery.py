"""Where a site has its feeds: what headers and pages name, what is left out, and what a feed is at a glance."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import ParseError
from alerts.feeds import Glance, discovery, links
from alerts.model import Fetched

HOME = "https://site.example/news/"
RSS = "application/rss+xml"


def page(*elements: str, header: str = "") -> Fetched:
    body = f"<!doctype html><html><head>{''.join(elements)}</head><body>…</body></html>"
    return Fetched(200, body.encode(), url=HOME, content_type="text/html", links=header)


LINKED = [
    ("a feed of RSS", f'<link rel=alternate type={RSS} href="/rss">', ["https://site.example/rss"]),
    ("one of Atom, relative to the page", '<link rel="alternate" type="application/atom+xml" href=atom>', [HOME + "atom"]),
    ("a JSON Feed", '<link rel="alternate" type="application/feed+json" href=j>', [HOME + "j"]),
    ("capitals and parameters", f'<LINK REL="Alternate" TYPE="{RSS.upper()}; charset=utf-8" HREF=a>', [HOME + "a"]),
    ("a relation of its own", '<link rel="feed" href=a>', [HOME + "a"]),
    ("relations that are several", f'<link rel="home alternate" type={RSS} href=a>', [HOME + "a"]),
    ("from the base", f'<base href="https://cdn.example/x/"><link rel=alternate type={RSS} href=a>', ["https://cdn.example/x/a"]),
    ("a base that is no address", f'<base href="javascript:1"><link rel=alternate type={RSS} href=a>', [HOME + "a"]),
    ("twice the same", f"<link rel=alternate type={RSS} href=a><link rel=alternate type={RSS} href=a>", [HOME + "a"]),
    ("in a page without a head", f"</head><p><link rel=alternate type={RSS} href=a>", [HOME + "a"]),
    ("a translation", "<link rel=alternate hreflang=de href=de>", []),
    ("oEmbed", '<link rel=alternate type="application/json+oembed" href=a>', []),
    ("a style sheet", f"<link rel=stylesheet type={RSS} href=a>", []),
    ("the page itself", f'<link rel=alternate type={RSS} href="">', []),
    ("no address", f"<link rel=alternate type={RSS} href><link rel=alternate type={RSS}>", []),
    ("a script", f'<link rel=alternate type={RSS} href="javascript:alert(1)">', []),
    ("a file", f'<link rel=alternate type={RSS} href="file:///etc/passwd">', []),
    ("with a password", f'<link rel=alternate type={RSS} href="https://me:pw@site.example/a">', []),
    ("in a comment", f"<!-- <link rel=alternate type={RSS} href=a> -->", []),
]  # fmt: skip


@pytest.mark.parametrize(("why", "head", "found"), LINKED, ids=[case[0] for case in LINKED])
def test_what_a_page_names(why: str, head: str, found: list[str]) -> None:
    assert list(discovery.linked(page(head))) == found


def test_headers_come_before_the_page() -> None:
    got = page(f"<link rel=alternate type={RSS} href=b>", header=f'<a>; rel="alternate"; type="{RSS}"')
    assert discovery.linked(got) == (HOME + "a", HOME + "b")


def test_a_page_with_a_thousand_links_costs_twenty() -> None:
    head = "".join(f"<link rel=alternate type={RSS} href={n}>" for n in range(1_000))
    assert discovery.linked(page(head)) == tuple(f"{HOME}{n}" for n in range(discovery.MOST_LINKS))


def test_the_well_known_places_are_of_the_site() -> None:
    places = discovery.well_known(HOME)
    assert places[0] == "https://site.example/feed"
    assert len(places) == len(discovery.WELL_KNOWN)


HEADERS = [
    ("one", "</a>; rel=hub", [("https://site.example/a", {"hub"}, "")]),
    ("quoted, with a type", '</a>; rel="self"; type="text/xml; charset=x"', [("https://site.example/a", {"self"}, "text/xml")]),
    ("two", "</a>; rel=hub, </b>; rel=self", [("https://site.example/a", {"hub"}, ""), ("https://site.example/b", {"self"}, "")]),
    ("a comma in the address", "</a,b>; rel=hub", [("https://site.example/a,b", {"hub"}, "")]),
    ("a comma in a title", '</a>; title="x, </c>; rel=hub"; rel=self', [("https://site.example/a", {"self"}, "")]),
    ("blanks", " < /a > ; rel = hub ", [("https://site.example/a", {"hub"}, "")]),
    ("two relations", '</a>; rel="hub self"', [("https://site.example/a", {"hub", "self"}, "")]),
    ("the first rel counts", "</a>; rel=hub; rel=self", [("https://site.example/a", {"hub"}, "")]),
    ("of something else", '</a>; rel=hub; anchor="/other"', []),
    ("no relation", "</a>", [("https://site.example/a", set(), "")]),
    ("no address", "<javascript:x>; rel=hub", []),
    ("nonsense", ';;;<>,,="', []),
]  # fmt: skip


@pytest.mark.parametrize(("why", "written", "read"), HEADERS, ids=[case[0] for case in HEADERS])
def test_link_headers(why: str, written: str, read: list[tuple[str, set[str], str]]) -> None:
    assert [(url, set(rel), kind) for url, rel, kind in links.of_header(written, HOME)] == read


@given(st.text('<>;,="\\ arelhub/', max_size=200))
def test_no_header_breaks_the_reader(written: str) -> None:
    assert all(link.url.startswith("https://site.example/") for link in links.of_header(written, HOME))


ENTRY = "<item><title>Oil</title><pubDate>Wed, 01 Jul 2026 07:30:00 GMT</pubDate></item>"
GLANCES = [
    ("RSS", f"<rss version='2.0'><channel><title>The Wire &amp; more</title>{ENTRY}{ENTRY.replace('01', '02')}</channel></rss>",
     Glance("RSS", "The Wire & more", 2, datetime(2026, 7, 2, 7, 30, tzinfo=UTC))),
    ("Atom", "<?xml version='1.0'?><!-- <rss> --><feed xmlns='http://www.w3.org/2005/Atom'><title type='html'><![CDATA[A &lt;b&gt;wire&lt;/b&gt;]]></title><entry><title>Oil</title></entry></feed>",
     Glance("Atom", "A wire", 1)),
    ("JSON Feed", '{"version": "https://jsonfeed.org/version/1.1", "title": "Na\\u00efve \\ud83d\\ude00", "items": [{"id": "1", "title": "Oil"}]}',
     Glance("JSON Feed", "Naïve 😀", 1)),
    ("news sitemap", "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'><url><loc>https://a.example/</loc><n:news><n:title>Oil</n:title></n:news></url></urlset>",
     Glance("news sitemap", "", 1)),
    ("without a title of its own", f"<rss version='2.0'><channel>{ENTRY}</channel></rss>",
     Glance("RSS", "", 1, datetime(2026, 7, 1, 7, 30, tzinfo=UTC))),
]  # fmt: skip


@pytest.mark.parametrize(("what", "body", "seen"), GLANCES, ids=[case[0] for case in GLANCES])
def test_a_feed_at_a_glance(what: str, body: str, seen: Glance) -> None:
    assert discovery.glance(Fetched(200, body.encode(), url=HOME)) == seen


def index(*named: tuple[str, str]) -> Fetched:
    listed = "".join(f"<sitemap><loc>{loc}</loc><lastmod>{day}</lastmod></sitemap>" for loc, day in named)
    body = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</sitemapindex>'
    return Fetched(200, body.encode(), url=HOME)


def test_an_index_names_its_sitemaps_news_first_and_then_the_newest() -> None:
    got = index(
        ("/a.xml", "2026-01-01"), ("/b.xml", "2026-07-01"), ("/News.xml", ""), ("file:///x", ""), ("/a.xml", "")
    )
    assert discovery.linked(got) == tuple(f"https://site.example/{name}.xml" for name in ("News", "b", "a"))
    assert len(discovery.linked(index(*((f"/{n}.xml", "") for n in range(100))))) == discovery.MOST_LINKS


def test_a_page_is_no_feed() -> None:
    with pytest.raises(ParseError, match="HTML page"):
        discovery.glance(page())
