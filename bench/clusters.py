"""The labelled sets of articles, and the scores of a grouping, for ``stories.py`` and ``reprints.py``.

Reads ``../shared/data`` (ECB+ topics 1-35, the UCI sample, Google News lists and the feed archive of January 2026) and
the labels of ``bench/labels``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from alerts import rules
from alerts.config import check, read
from alerts.model import Article, Hit, Match
from alerts.stories import novelty
from alerts.text import plain

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
LABELS = ROOT / "bench" / "labels" / "stream-2026w1.jsonl"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = check(read(ROOT / "config"))[0]
TUNED, REPORTED = ("2026-01-02", "2026-01-03"), ("2026-01-04", "2026-01-05")


# ── the sets ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def rows_of(name: str) -> Iterator[dict]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def a_match(id_: str, title: str, text: str, seen: datetime, lang: str = "en", outlet: str = "") -> Match:
    return Match(Article(id_, "v", "", outlet, "", title, text, seen, lang=lang), (Hit("all", ()),))


def ecb() -> list[tuple[str, Match]]:
    """Give ECB+ in an order that has nothing to do with its topics; the address in the first line is left out."""
    made = []
    for row in rows_of("clusters_ecbplus_1_35.jsonl.gz"):
        said = row["sentences"][row["sentences"][0].startswith("http :") :]
        made.append((row["label"], row["id"], said[0], " ".join(said[1:])))
    made.sort(key=lambda one: hashlib.sha256(one[1].encode()).digest())
    return [(label, a_match(i, t, x, T0 + timedelta(minutes=n))) for n, (label, i, t, x) in enumerate(made)]


def uci() -> list[tuple[str, Match]]:
    return [
        (row["label"], a_match(str(row["id"]), row["title"], "", datetime.fromtimestamp(row["timestamp"] / 1000, UTC)))
        for row in rows_of("clusters_uci_sample.jsonl.gz")
    ]


def google() -> list[tuple[str, Match]]:
    """Give the English headlines that share a label with another one; a label of one says nothing."""
    rows = [row for row in rows_of("clusters_googlenews_2026.jsonl.gz") if row["lang"] == "en"]
    often = Counter(row["label"] for row in rows)
    kept = sorted((row for row in rows if often[row["label"]] > 1), key=lambda row: row["first_seen"])
    return [(r["label"], a_match(r["id"], r["title"], "", datetime.fromisoformat(r["first_seen"]))) for r in kept]


def archive() -> list[Article]:
    """Give the articles of the archive in the order in which they were seen."""
    made = [
        Article(
            id=str(row["id"]),
            version="v",
            feed="",
            outlet=(urlsplit(row["link"] or "").hostname or "").removeprefix("www."),
            url=row["link"] or "",
            title=plain(row["title"] or ""),
            text=plain(row["description"] or ""),
            seen=datetime.fromisoformat(row["date_created"]),
            lang=(row["language"] or "")[:2].lower(),
        )
        for path in sorted((DATA / "rss_archive_2026w1").glob("2026*.jsonl.gz"))
        for row in rows_of(str(path.relative_to(DATA)))
    ]
    return sorted(made, key=lambda article: (article.seen, article.id))


@dataclass(frozen=True, slots=True)
class Label:
    """What a reader made of an article."""

    story: str
    kind: str
    day: str

    @property
    def is_news(self) -> bool:
        """Whether a reader wants to be told of it."""
        return self.kind in {"new", "development"}


def stream() -> tuple[list[Match], dict[str, Label]]:
    """Give every match of 2 to 5 January, and the labels of those that have one."""
    compiled = rules.compile(CONFIG.rules, {w.id: w for w in CONFIG.watchlists})
    found = [rules.match(article, compiled) for article in archive() if article.seen >= T0 + timedelta(days=1)]
    rows = map(json.loads, LABELS.read_text().splitlines())
    labels = {str(row["id"]): Label(row["story"], row["kind"], row["day"]) for row in rows}
    return [match for match in found if match], labels


# ── the scores ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Score(NamedTuple):
    """Precision, recall and their harmonic mean."""

    precision: float
    recall: float
    f1: float


def b_cubed(gold: Mapping[str, str], made: Mapping[str, str], day: Mapping[str, object] | None = None) -> Score:
    """Give the B-cubed score.  With ``day``, two articles of different days are not held against the grouping.

    The Google lists give one story several labels, above all across days (README of the data).
    """
    same, put = _members(gold), _members(made)
    precision = recall = 0.0
    for one, label in gold.items():
        right = same[label] & put[made[one]]
        counted = {o for o in put[made[one]] if day is None or o in right or day[o] == day[one]}
        precision += len(right) / len(counted)
        recall += len(right) / len(same[label])
    return _score(precision / len(gold), recall / len(gold))


def pairwise(gold: Mapping[str, str], made: Mapping[str, str]) -> Score:
    """Give the score of the pairs that are together."""
    both = _pairs((gold[one], made[one]) for one in gold)
    return _score(both / (_pairs(made[one] for one in gold) or 1), both / (_pairs(gold.values()) or 1))


def told(labels: Mapping[str, Label], made: Mapping[str, tuple[str, str]]) -> Score:
    """Give the score of telling "new or development" from "repeat or copy"."""
    judged = {one: label.is_news for one, label in labels.items() if label.kind != "background"}
    tells = {one for one in judged if novelty.is_told(made[one][1])}
    right = sum(judged[one] for one in tells)
    precision, recall = right / (len(tells) or 1), right / sum(judged.values())
    return _score(precision, recall)


def _members(put: Mapping[str, str]) -> dict[str, set[str]]:
    found = defaultdict(set)
    for one, where in put.items():
        found[where].add(one)
    return found


def _pairs(labels: Iterable[object]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(labels).values())


def _score(precision: float, recall: float) -> Score:
    return Score(precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0)
