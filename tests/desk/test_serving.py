"""`alerts desk` as it is started: a real server, and the pages in a real browser."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from selectolax.lexbor import LexborHTMLParser

from alerts.desk import Desk, alone
from alerts.errors import AlertsError
from tests.chromium import browser
from tests.desk.conftest import TOKEN, fill
from tests.desk.visitor import Visitor

VECTORS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "'\"><script>alert(1)</script>",
    '" onmouseover="alert(1)" autofocus onfocus="alert(1)',
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "<details open ontoggle=alert(1)>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<form action=https://evil.example/><button autofocus>x</button></form>",
    "{{ 7 * 7 }}{% raw %}",
    "</title></style></textarea><img src=https://evil.example/x.png>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!--><img src=x onerror=alert(1)>-->",
    "\u202e<object data=https://evil.example/x></object>",
)
LINKS = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "//evil.example/x",
    "file:///x",
)


def test_no_field_becomes_an_element_or_an_attribute(reader: Visitor, desk: Desk) -> None:
    fill(desk)
    plain = [_shape(reader.get(path).text) for path in PATHS]
    for vector in VECTORS:
        _empty(desk)
        fill(desk, vector)
        assert [_shape(reader.get(path).text) for path in PATHS] == plain, vector


PATHS = ("/", "/deliveries/digest:anna:1", "/deliveries/alert:desk:2", "/?state=open")


def _shape(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """The elements and the names of their attributes; what stands in them is the text of strangers."""
    tree = LexborHTMLParser(html)
    return [(str(node.tag), tuple(sorted(node.attributes))) for node in tree.css("*")]


def _empty(desk: Desk) -> None:
    from alerts.adapters.sql.tables import log, outbox, receipts, rows

    with desk.engine.begin() as connection:
        for table in (receipts, outbox, log, rows):
            connection.execute(table.delete())


@pytest.mark.parametrize("url", LINKS)
def test_an_address_that_is_no_web_link_is_no_link(reader: Visitor, desk: Desk, url: str) -> None:
    fill(desk, url=url)
    links = LexborHTMLParser(reader.get("/").text).css("main li a")
    assert [a.attributes["href"] for a in links if "state=" not in str(a.attributes["href"])] == ["./#deliveries"]


def test_a_link_tells_nobody_where_it_stood(reader: Visitor, desk: Desk) -> None:
    fill(desk)
    links = LexborHTMLParser(reader.get("/").text).css("ul.news a")
    assert len(links) == 3
    assert {a.attributes["rel"] for a in links} == {"noopener noreferrer nofollow"}


@pytest.fixture
def served(made: FastAPI) -> Iterator[str]:
    with alone.serving(made, port=0) as url:
        yield url


def test_it_is_served_and_ends(made: FastAPI) -> None:
    with alone.serving(made, port=0) as url:
        answer = httpx.get(url, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert "server" not in answer.headers
        with pytest.raises(AlertsError, match="cannot be listened on"), alone.serving(made, port=int(url[-5:])):
            pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_in_a_browser_nothing_of_a_stranger_runs_and_nobody_else_is_asked(served: str, desk: Desk) -> None:
    """Every vector in every field, and the stored message in its frame, with a log of what the browser does."""
    words = " ".join(VECTORS)
    fill(desk, words, html=f"<html><head></head><body>{words}<img src=https://evil.example/y.png></body></html>")
    with browser() as tab:
        tab.go(f"{served}/")
        tab.run(f"document.querySelector('#token').value = '{TOKEN}'")
        tab.click("document.querySelector('button')")
        assert tab.run("document.querySelectorAll('ul.news > li').length") == 1
        assert tab.run("getComputedStyle(document.querySelector('.sheet')).maxWidth") == "1020px"
        tab.go(f"{served}/deliveries/digest:anna:1")
        time.sleep(0.3)
        frame = [url for url in tab.requests if url.endswith("/message")]
        elsewhere = [url for url in tab.requests if not url.startswith((served, "about:", "data:"))]
        sideways = tab.run("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert len(frame) == 1, "the message was shown"
    assert tab.dialogs == []
    assert elsewhere == []
    assert not sideways
