"""Discovery against a real server: what is asked for and what is not, how candidates are told, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from alerts.adapters.children import Children
from alerts.adapters.discovery import Candidate, discover
from alerts.adapters.http import HttpFetch
from alerts.errors import FetchError
from alerts.feeds.discovery import WELL_KNOWN
from tests.contract.test_fetch import LOCAL, RSS, Server, running


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as made:
        yield made


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        for path in WELL_KNOWN:
            made.says(f"/{path}", b"", 404)
        yield made


def find(url: str, children: Children) -> list[tuple[str, str, str]]:
    fetch = HttpFetch(allow_hosts=LOCAL, timeout=timedelta(seconds=5))
    return [_told(found) for found in discover(url, fetch, children)]


def _told(found: Candidate) -> tuple[str, str, str]:
    return (
        found.url.partition("/")[2].partition("/")[2].partition("/")[2],
        found.feed.kind if found.feed else "",
        found.why,
    )


def page(*links: str) -> bytes:
    return "".join(f'<link rel=alternate type="application/rss+xml" href="{link}">' for link in links).encode()


def test_what_the_page_names_is_asked_for_and_nothing_else(server: Server, children: Children) -> None:
    url = server.says("/", page("/a", "/b", "/gone"), Link='</c>; rel=alternate; type="application/atom+xml"')
    server.says("/a")
    server.says("/b", b"<!doctype html><title>Sorry</title>")
    server.says("/c", b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>Oil</title></entry></feed>")
    server.says("/gone", b"", 404)

    assert find(url, children) == [
        ("c", "Atom", ""),
        ("a", "RSS", ""),
        ("b", "", 'an HTML page instead of a feed, titled "Sorry"; look for the feed\'s own address on it'),
        ("gone", "", "404 Not Found"),
    ]
    assert sorted(path for path, _ in server.asked) == ["/", "/a", "/b", "/c", "/gone"]


def test_links_that_lead_to_one_feed_are_one(server: Server, children: Children) -> None:
    url = server.says("/", page("/a", "/old"))
    server.says("/a")
    server.says("/old", b"", 302, Location="/a")
    assert find(url, children) == [("a", "RSS", "")]


def test_a_feed_is_its_own_candidate(server: Server, children: Children) -> None:
    assert find(server.says("/a"), children) == [("a", "RSS", "")]
    assert len(server.asked) == 1


def test_the_well_known_places_are_asked_if_the_page_names_none(server: Server, children: Children) -> None:
    url = server.says("/news", b"<html><p>Welcome</p></html>")
    server.says("/rss.xml", RSS)
    server.says("/rss", b"", 302, Location="/rss.xml")
    assert find(url, children) == [("rss.xml", "RSS", "")]
    asked = [path for path, _ in server.asked]
    assert len(asked) == 2 + len(WELL_KNOWN), "the page, each place, and one redirect"


def test_nothing_is_found_where_nothing_is(server: Server, children: Children) -> None:
    assert find(server.says("/", b"<html>"), children) == []


def test_a_page_that_cannot_be_had_is_an_error(server: Server, children: Children) -> None:
    with pytest.raises(FetchError, match="404 Not Found"):
        find(server.says("/", b"", 404), children)
