"""Measure how fast feeds are read, against the libraries that ours stands on, over the same feeds in one run.

Reads the captured feeds of ``../shared/data`` (news outlets, blogs, podcasts), as they were served.  Each row reads all
of them in sequence and gives the best of some rounds; only the rows that are ours make plain text of all HTML, which
is about half of their time.

    python bench/parsing.py             the table
    python bench/parsing.py --rounds 9
"""

from __future__ import annotations

import argparse
import io
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import fastfeedparser
import feedparser

from alerts import feeds
from alerts.adapters.children import ChildParse, Children
from alerts.errors import ParseError
from alerts.model import Feed, Fetched

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CAPTURED = (
    ("feeds_captured_news", "feeds_captured_news/"),
    ("feeds_rss_parser_js", "feeds_rss_parser_js/input/"),
    ("feeds_miniflux", "feeds_miniflux/parser/"),
)
FEED = Feed("bench", "https://outlet.example/rss", "Outlet")
Way = Callable[[list[bytes]], tuple[int, int]]
"""Reads the bodies; how many feeds gave an entry, and how many entries there were."""


def captured() -> list[bytes]:
    """Give the feeds as they were served."""
    bodies = []
    for name, folder in CAPTURED:
        if (DATA / f"{name}.tar.gz").exists():
            with tarfile.open(DATA / f"{name}.tar.gz") as files:
                named = [member for member in files if member.isfile() and member.name.startswith(folder)]
                bodies += [file.read() for member in named if (file := files.extractfile(member))]
    return bodies


def one_by_one(read: Callable[[bytes], int]) -> Way:
    """Read the bodies in sequence with a function that gives the number of entries, or raises."""

    def way(bodies: list[bytes]) -> tuple[int, int]:
        counts = []
        for body in bodies:
            try:
                counts.append(read(body))
            except (ValueError, KeyError, TypeError, ParseError):
                counts.append(0)
        return sum(count > 0 for count in counts), sum(counts)

    return way


def with_children(parse: ChildParse) -> Way:
    """Read the bodies as a poll does."""

    def way(bodies: list[bytes]) -> tuple[int, int]:
        read = [got for _, _, got in parse((FEED, Fetched(200, body)) for body in bodies)]
        counts = [len(got.entries) for got in read if isinstance(got, feeds.Parsed)]
        return sum(count > 0 for count in counts), sum(counts)

    return way


def measured(way: Way, bodies: list[bytes], rounds: int) -> tuple[float, int, int]:
    """Give the seconds of the best round, and what was read."""
    way(bodies[:3])
    best, read = 1e9, (0, 0)
    for _ in range(rounds):
        began = time.perf_counter()
        read = way(bodies)
        best = min(best, time.perf_counter() - began)
    return best, *read


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    bodies = captured()
    if not bodies:
        raise SystemExit(f"there are no captured feeds in {DATA}")
    at_once = sum(feeds.quick(Fetched(200, body)) is not None for body in bodies if body.lstrip()[:1] == b"<")
    print(f"{len(bodies)} feeds, {sum(map(len, bodies)) / 1e6:.1f} MB; {at_once} are read at once, others in a child\n")
    with Children() as children:
        ways: list[tuple[str, Way]] = [
            ("feedparser, as it comes", one_by_one(lambda body: len(feedparser.parse(io.BytesIO(body)).entries))),
            ("fastfeedparser alone", one_by_one(lambda body: len(fastfeedparser.parse(body).entries))),
            (
                "ours, the reference in this process",
                one_by_one(lambda body: len(feeds.reference(Fetched(200, body)).entries)),
            ),
            ("ours, both ways in this process", one_by_one(lambda body: len(feeds.parse(Fetched(200, body)).entries))),
            ("ours, with children", with_children(ChildParse(children))),
        ]
        print(f"{'way':38} {'ms':>8} {'feeds/s':>9} {'entries/s':>10} {'feeds read':>11} {'entries':>8} {'ratio':>7}")
        first = 0.0
        for title, way in ways:
            seconds, read, entries = measured(way, bodies, rounds)
            first = first or seconds
            print(
                f"{title:38} {seconds * 1e3:8.1f} {len(bodies) / seconds:9.0f} {entries / seconds:10.0f} "
                f"{read:11} {entries:8} {first / seconds:6.1f}×"
            )


if __name__ == "__main__":
    main()
