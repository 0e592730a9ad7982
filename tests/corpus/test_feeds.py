"""Every file of ``feeds/`` says in a comment what it shows, and what must be read out of it.

``Description:`` is a sentence.  ``Expect:`` is an expression over ``entries``, ``problem``, ``error`` (the words of the
ParseError, or nothing) and ``utc``; there may be several.  ``Content-Type:`` is the header that came with it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts import feeds
from alerts.errors import ParseError
from alerts.model import Entry, Fetched

FILES = sorted((Path(__file__).parent / "feeds").glob("*.xml"))
URL = "https://outlet.example/news/rss.xml"


def _said(comment: str, name: str) -> list[str]:
    return re.findall(rf"^{name}: (.+?)\r?$", comment, re.MULTILINE)


def _comment(body: bytes) -> str:
    readable = body.decode("utf-16") if body.startswith(b"\xff\xfe") else body.decode("utf-8", "replace")
    (comment,) = re.findall("<!--\n(.*?)\n-->", readable, re.DOTALL)
    return str(comment)


def _parsed(got: Fetched) -> tuple[tuple[Entry, ...], str, str]:
    try:
        parsed = feeds.parse(got)
    except ParseError as error:
        return (), "", str(error)
    return parsed.entries, parsed.problem, ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_feed_reads_as_its_comment_says(path: Path) -> None:
    body = path.read_bytes()
    comment = _comment(body)
    content_type = "".join(_said(comment, "Content-Type"))
    entries, problem, error = _parsed(Fetched(200, body, url=URL, content_type=content_type))
    names = {"entries": entries, "problem": problem, "error": error, "utc": lambda *at: datetime(*at, tzinfo=UTC)}
    expected = _said(comment, "Expect")
    assert len(_said(comment, "Description")) == 1
    assert expected, "a file that expects nothing shows nothing"
    assert error == "" or any("error" in expression for expression in expected), error
    for expression in expected:
        assert eval(expression, names), (expression, entries, problem, error)


def test_there_is_a_corpus() -> None:
    assert len(FILES) >= 30
