"""Measure how well a hit tells an article that is about a country from one that names it.

Reads Reuters-21578 (LEWISSPLIT=TRAIN) from ``../shared/data``: 14,668 newswire texts of 1987, each with the countries
that editors filed it under.  The figures of ``alerts/rules/strength.py`` were chosen on the articles with an even
number; the odd ones show what they are worth.  Everything is matched by ``alerts.rules`` with the watchlists of
``config/``.

    python bench/about.py            the table
    python bench/about.py --errors   what the last row gets wrong on the odd numbers, one article a line
    python bench/about.py --affair   the last row for Iran, with the arms affair of that year apart
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alerts import rules
from alerts.config import check, read
from alerts.model import Article, Rule, Watchlist
from alerts.text import one_line

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT.parent / "shared" / "data" / "reuters21578_train.jsonl.gz"
SEEN = datetime(1987, 10, 20, tzinfo=UTC)
PLACES = ("iran", "china")
AFFAIR = re.compile(
    r"contra|poindexter|tower (commission|report|panel|board)|arms[- ](affair|scandal|deal|sale)"
    r"|iran (affair|scandal)|irangate|north\b.*(testif|immunity)|walsh|mcfarlane|hashemi",
    re.IGNORECASE,
)
"""Words of the affair in Washington about arms for Iran, which editors filed now under Iran and now not."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to choose articles on a place."""

    title: str
    term: str
    about: bool = False

    def rule(self, place: str) -> Rule:
        """Write it as a rule."""
        term = self.term.format(place)
        return Rule(self.title, self.title, any=(term,), strength="about" if self.about else "mention")


WAYS = (
    Way("the word anywhere", "{}"),
    Way("the watchlist anywhere", "@{}"),
    Way("title:", "title:@{}"),
    Way("lead:", "lead:@{}"),
    Way("strength: about", "@{}", about=True),
)


@dataclass(frozen=True, slots=True)
class Told:
    """An article with the places that editors filed it under."""

    article: Article
    odd: bool
    places: frozenset[str]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of a way on a place: rightly chosen, wrongly chosen, wrongly passed over."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """The share of the chosen that are on the place."""
        return self.right / (self.right + self.wrong or 1)

    @property
    def recall(self) -> float:
        """The share of those on the place that were chosen."""
        return self.right / (self.right + self.missed or 1)

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.precision * self.recall / (self.precision + self.recall or 1)


def articles() -> Iterator[Told]:
    """Read the set."""
    for line in gzip.decompress(SOURCE.read_bytes()).decode().splitlines():
        told = json.loads(line)
        number, title, text = told["id"], one_line(told["title"] or ""), one_line(told["body"] or "")
        article = Article(str(number), "v", "reuters", "Reuters", "https://reuters.example/", title, text, SEEN)
        yield Told(article, bool(number % 2), frozenset(told["places"]))


def watchlists() -> dict[str, Watchlist]:
    """Read the watchlists that are shipped."""
    made, problems = check(read(ROOT / "config"))
    if made is None:
        raise SystemExit(f"config/ has {len(problems)} problems; run: python -m alerts check")
    return {watchlist.id: watchlist for watchlist in made.watchlists}


def chosen(told: Iterable[Told], place: str, way: Way) -> set[str]:
    """Give the ids of the articles that meet the rule."""
    compiled = rules.compile([way.rule(place)], watchlists())
    return {one.article.id for one in told if rules.match(one.article, compiled)}


def score(told: Iterable[Told], place: str, ids: set[str]) -> Score:
    """Hold what was chosen against what editors said."""
    on = {one.article.id for one in told if place in one.places}
    among = {one.article.id for one in told} & ids
    return Score(len(among & on), len(among - on), len(on - among))


def table(told: list[Told]) -> Iterator[str]:
    """Give the lines of the table, in Markdown."""
    yield "| place | way | P even | R even | F1 even | P odd | R odd | F1 odd |"
    yield "|---|---|---|---|---|---|---|---|"
    halves = [one for one in told if not one.odd], [one for one in told if one.odd]
    for place in PLACES:
        for way in WAYS:
            ids = chosen(told, place, way)
            scores = (score(half, place, ids) for half in halves)
            figures = " | ".join(f"{s.precision:.2f} | {s.recall:.2f} | {s.f1:.2f}" for s in scores)
            yield f"| {place} | `{way.title}` | {figures} |"


def errors(told: list[Told]) -> Iterator[str]:
    """Give what the last way gets wrong on the half that it was not chosen on."""
    for place in PLACES:
        ids = chosen(told, place, WAYS[-1])
        for one in told:
            if one.odd and (place in one.places) != (one.article.id in ids):
                kind = "wrong" if one.article.id in ids else "missed"
                yield f"{place:6}{kind:7}{one.article.id:>6}  {one.article.title[:70]:70}  {one.article.text[:90]}"


def affair(told: list[Told]) -> Iterator[str]:
    """Give how the last way does on texts of the affair, and on all others."""
    ids = chosen(told, "iran", WAYS[-1])
    parts: dict[bool, list[Told]] = {True: [], False: []}
    for one in told:
        parts[bool(AFFAIR.search(f"{one.article.title} {one.article.text}"))].append(one)
    for is_affair, some in parts.items():
        s = score(some, "iran", ids)
        name = "the affair" if is_affair else "all others"
        yield f"{name}: P {s.precision:.2f} R {s.recall:.2f}, {s.right} right, {s.wrong} wrong, {s.missed} missed"
    yield "the same text twice, filed under Iran once:"
    yield from _twice(parts[True])


def _twice(told: Iterable[Told]) -> Iterator[str]:
    by_title: dict[str, list[Told]] = {}
    for one in told:
        by_title.setdefault(one.article.title, []).append(one)
    for title, some in by_title.items():
        if title and len({"iran" in one.places for one in some}) > 1:
            yield f"  {title}: {', '.join(one.article.id for one in some)}"


def main() -> None:
    """Print the table, the errors, or the affair apart."""
    if not SOURCE.exists():
        raise SystemExit(f"{SOURCE} is not here; see docs/explanation/about-and-mention.md")
    told = list(articles())
    way = errors if "--errors" in sys.argv else affair if "--affair" in sys.argv else table
    for line in way(told):
        print(line)


if __name__ == "__main__":
    main()
