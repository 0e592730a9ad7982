"""Every file of ``feeds/`` says in a comment what it shows, and what must be read out of it.

``Description:`` is a sentence.  ``Expect:`` is an expression over ``entries``, ``problem``, ``error`` (the words of the
ParseError, or nothing) and ``utc``; there may be several.  ``Content-Type:`` is the header that came with it,
``Only:`` why the reference reads it otherwise.  In JSON the comment is the key ``_comment``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts import feeds
from alerts.errors import ParseError
from alerts.feeds import Parsed
from alerts.model import Fetched

FOLDER = Path(__file__).parent / "feeds"
FILES = sorted([*FOLDER.glob("*.xml"), *FOLDER.glob("*.json")])
URL = "https://outlet.example/news/rss.xml"


def _said(comment: str, name: str) -> list[str]:
    return re.findall(rf"^{name}: (.+?)\r?$", comment, re.MULTILINE)


def _json_comment(body: bytes) -> str:
    return "\n".join(json.loads(body)["_comment"])


def _comment(body: bytes) -> str:
    readable = body.decode("utf-16") if body.startswith(b"\xff\xfe") else body.decode("utf-8", "replace")
    (comment,) = re.findall("<!--\n(.*?)\n-->", readable, re.DOTALL)
    return str(comment)


def _parsed(got: Fetched, read: Callable[[Fetched], Parsed]) -> tuple[Parsed, str]:
    try:
        return read(got), ""
    except ParseError as error:
        return Parsed(()), str(error)


CASES = [
    (path, way)
    for path in FILES
    for way in (feeds.parse, feeds.reference)
    if path.suffix == ".xml" or way is feeds.parse
]


@pytest.mark.parametrize(
    ("path", "way"), CASES, ids=lambda part: part.stem if isinstance(part, Path) else part.__name__
)
def test_a_feed_reads_as_its_comment_says(path: Path, way: Callable[[Fetched], Parsed]) -> None:
    """In both ways, unless the comment says ``Only: parse``, with the reason."""
    body = path.read_bytes()
    comment = _json_comment(body) if path.suffix == ".json" else _comment(body)
    content_type = "".join(_said(comment, "Content-Type"))
    if _said(comment, "Only") and way is feeds.reference:
        return
    read, error = _parsed(Fetched(200, body, url=URL, content_type=content_type), way)
    entries, problem = read.entries, read.problem
    names = {"entries": entries, "problem": problem, "error": error, "hints": read.hints, "span": timedelta}
    names["utc"] = lambda *at: datetime(*at, tzinfo=UTC)
    expected = _said(comment, "Expect")
    assert len(_said(comment, "Description")) == 1
    assert expected, "a file that expects nothing shows nothing"
    assert error == "" or any("error" in expression for expression in expected), error
    for expression in expected:
        assert eval(expression, names), (expression, entries, problem, error)


def test_there_is_a_corpus() -> None:
    assert len(FILES) >= 30
