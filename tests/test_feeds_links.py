"""Links: the short check of what nearly all look like never says yes where the full one says no."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import urls
from alerts.feeds import entries, wrappers
from alerts.model import Entry

PIECES = [
    "http",
    "https",
    "://",
    "a.example",
    "xn--a.example",
    "@",
    ":",
    "80",
    "/",
    "?a=b",
    "#c",
    "..",
    "%41",
    "-",
    " ",
    "\\",
    "é",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=30).map("https://a.example/".__add__)
)
def test_a_link_is_one_that_may_be_shown(link: str) -> None:
    found = entries._link(link, "", "https://outlet.example/")
    assert found == "" or urls.is_web(found)
    if entries._WEB.fullmatch(link):
        assert urls.is_web(link)


@pytest.mark.parametrize(
    ("title", "outlet", "bare"),
    [
        ("Talks resume - Reuters", "Reuters", "Talks resume"),
        ("Talks resume – REUTERS", "Reuters", "Talks resume"),
        ("Talks - Reuters", "AP", "Talks - Reuters"),
        (" - Reuters", "Reuters", " - Reuters"),
        ("Reuters", "Reuters", "Reuters"),
        ("Talks - ", "", "Talks - "),
    ],
)
def test_a_title_without_its_outlet(title: str, outlet: str, bare: str) -> None:
    assert wrappers.without_outlet(title, outlet) == bare


@given(st.text(max_size=40), st.text(max_size=200))
def test_any_wrapped_link_leads_to_the_web_or_nowhere(title: str, code: str) -> None:
    entry = Entry(title=title, link=f"https://news.google.com/rss/articles/{code}", summary="x")
    found = wrappers.unwrapped(entry, "Outlet").link
    assert found == entry.link or urls.is_web(found)
