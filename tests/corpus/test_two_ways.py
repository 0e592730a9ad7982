"""The fast way of reading a feed against the reference, over every feed of the shared data.

Where they differ, ``feeds/differences.md`` says so with the reason; a difference that is not listed there is a failure,
and so is one that is listed and gone.
"""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.errors import ParseError
from alerts.feeds import parsing
from alerts.model import Entry, Fetched

DATA = Path(__file__).parents[3] / "shared" / "data"
LISTED = Path(__file__).parent / "feeds" / "differences.md"
URL = "https://outlet.example/news/rss.xml"
FIELDS = ("guid", "link", "title", "published", "summary")
Difference = tuple[str, str, int]


def bodies() -> Iterator[tuple[str, bytes]]:
    for archive in sorted(DATA.glob("feeds_*.tar.gz")):
        with tarfile.open(archive) as files:
            for member in files:
                if (file := files.extractfile(member)) is not None:
                    yield member.name, file.read()


def fast(got: Fetched) -> parsing.Parsed | None:
    """Read a feed the fast way, whatever its size; JSON has one way only."""
    if got.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return None
    return parsing.fast(got)


def differences(name: str, one: parsing.Parsed, other: parsing.Parsed) -> Iterator[Difference]:
    """Name the fields in which two readings differ, with the number of entries."""
    if len(one.entries) != len(other.entries):
        yield name, "entries", abs(len(one.entries) - len(other.entries))
        return
    for field in FIELDS:
        pairs = [(getattr(a, field), getattr(b, field)) for a, b in zip(one.entries, other.entries, strict=True)]
        if differing := sum(a != b for a, b in pairs):
            yield name, field, differing
    if (one.problem, one.hints) != (other.problem, other.hints):
        yield name, "problem", 1


def listed() -> dict[Difference, str]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in LISTED.read_text().splitlines()]
    return {(row[0].strip("`"), row[1], int(row[2])): row[3] for row in rows if len(row) == 4 and row[2].isdigit()}


def test_every_difference_is_listed_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    if not list(DATA.glob("feeds_*.tar.gz")):
        pytest.skip("the shared data is not here")
    count: Counter[str] = Counter()
    found: set[Difference] = set()
    for name, body in bodies():
        got = Fetched(200, body, url=URL)
        captured = "feeds_captured_news/" in name or "feeds_rss_parser_js/input/" in name
        count["files"] += 1
        count["captured"] += captured
        if (one := fast(got)) is None:
            continue
        count["read the fast way"] += 1
        count["captured read the fast way"] += captured
        try:
            other = parsing.reference(got)
        except ParseError:
            found.add((name, "error", 1))
            continue
        count["entries"] += len(one.entries)
        of_file = set(differences(name, one, other))
        count["files that differ"] += bool(of_file)
        found |= of_file
    reasons = listed()
    with capsys.disabled():
        print("", dict(count), f"differences {sum(n for *_, n in found)} in {len(found)} rows", sep="\n  ")
    assert found - reasons.keys() == set(), "not listed"
    assert reasons.keys() - found == set(), "listed, but gone"
    assert count["read the fast way"] > 700
    assert count["captured read the fast way"] > 0.8 * count["captured"]
    assert count["entries"] > 3_000


def test_every_listed_difference_has_a_reason() -> None:
    assert all(len(reason.split()) > 4 for reason in listed().values())


def test_a_difference_is_seen() -> None:
    """The comparison itself must be able to fail."""
    one = parsing.Parsed((Entry("a", title="One"), Entry("b", title="Two")))
    other = parsing.Parsed((Entry("a", title="One"), Entry("b", title="2")))
    assert list(differences("x", one, other)) == [("x", "title", 1)]
    assert list(differences("x", one, parsing.Parsed(one.entries[:1]))) == [("x", "entries", 1)]
    assert list(differences("x", one, parsing.Parsed(one.entries, "odd"))) == [("x", "problem", 1)]
