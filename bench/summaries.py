"""Summaries of BBC articles beside lead-3, TextRank and a centroid, scored by ROUGE; and what a story costs.

    python -m bench.summaries [--articles N]

The set is ``summ_bbc`` of the shared data: 2,225 articles with extractive reference summaries of about seven sentences.
Every way may take as many sentences as ours does of the same article, at most four, and none sees the reference.
ROUGE-1 and ROUGE-2 are F1 over words and pairs of words, folded, without stemming (Lin, "ROUGE", 2004).
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import mean

from alerts import digests, summaries
from alerts.model import Article, Development, Match
from alerts.summaries.sentences import sentences
from alerts.summaries.weights import Weights, likeness
from alerts.text import folds

SOURCE = Path(__file__).parents[2] / "shared" / "data" / "summ_bbc.jsonl.gz"
SEEN = datetime(2026, 7, 1, tzinfo=UTC)
DAMPING, ROUNDS = 0.85, 30

Way = Callable[[str, Sequence[str], int], Sequence[str]]
"""From the title, the sentences and how many to take, to those that are taken."""


def articles(limit: int) -> Iterator[tuple[str, str, str]]:
    """Give title, text and reference of each article."""
    for line in gzip.decompress(SOURCE.read_bytes()).decode().splitlines()[:limit]:
        row = json.loads(line)
        title, _, text = row["article"].strip().partition("\n")
        yield title.strip(), " ".join(text.split()), row["reference_summary"]


# ── ROUGE ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def rouge(made: str, reference: str, size: int) -> float:
    """Give F1 of the words (1) or pairs of words (2) that the two have in common."""
    one, other = (_grams(folds(text), size) for text in (made, reference))
    common = sum((one & other).values())
    return 2 * common / (sum(one.values()) + sum(other.values()) or 1)


def _grams(words: list[str], size: int) -> Counter[object]:
    return Counter(pairwise(words)) if size == 2 else Counter(words)


# ── the ways ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def ours(title: str, parts: Sequence[str], _: int) -> Sequence[str]:
    """Summarise as a digest does; there is no rule, so no sentence is nearer to one than another."""
    article = Article("a", "1", "bbc", "BBC", "https://bbc.example/", title, " ".join(parts), SEEN, lang="en")
    development = Development("s", Match(article, ()), "new story", SEEN)
    told = summaries.summarise(digests.told([development], None), None)
    return [cited.words for cited in told.summary.sentences]


def lead(_: str, parts: Sequence[str], count: int) -> Sequence[str]:
    """Take the first sentences."""
    return parts[:count]


def lead_3(_: str, parts: Sequence[str], _count: int) -> Sequence[str]:
    """Take the first three sentences, the customary measure."""
    return parts[:3]


def centroid(_: str, parts: Sequence[str], count: int) -> Sequence[str]:
    """Take the sentences that are most like the whole text (Radev and others, 2004)."""
    weights = Weights(parts)
    centre = weights.vector(*parts)
    return _best([likeness(weights.vector(part), centre) for part in parts], parts, count)


def textrank(_: str, parts: Sequence[str], count: int) -> Sequence[str]:
    """Take the sentences that others point at, by words in common (Mihalcea and Tarau, 2004)."""
    weights = Weights(parts)
    vectors = [weights.vector(part) for part in parts]
    edges = [[likeness(a, b) if a is not b else 0.0 for b in vectors] for a in vectors]
    out = [sum(row) or 1.0 for row in edges]
    ranks = [1.0] * len(parts)
    for _round in range(ROUNDS):
        ranks = [
            1 - DAMPING + DAMPING * sum(edges[m][n] / out[m] * ranks[m] for m in range(len(parts)))
            for n in range(len(parts))
        ]
    return _best(ranks, parts, count)


def _best(scores: Sequence[float], parts: Sequence[str], count: int) -> Sequence[str]:
    chosen = sorted(range(len(parts)), key=lambda n: -scores[n])[:count]
    return [parts[n] for n in sorted(chosen)]


WAYS: dict[str, Way] = {
    "ours": ours,
    "lead-3": lead_3,
    "lead, as many": lead,
    "centroid": centroid,
    "TextRank": textrank,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--articles", type=int, default=2_225)
    told = list(articles(parser.parse_args().articles))
    split = [sentences(text) for _, text, _ in told]
    counts: list[int] = []
    verbatim = 0
    print("| way | ROUGE-1 | ROUGE-2 | sentences | words | ms a story |")
    print("|---|---|---|---|---|---|")
    for name, way in WAYS.items():
        began = time.perf_counter()
        made = [
            way(title, parts, counts[n] if counts else 0)
            for n, ((title, *_), parts) in enumerate(zip(told, split, strict=True))
        ]
        took = (time.perf_counter() - began) / len(told) * 1_000
        if name == "ours":
            counts = [len(one) for one in made]
            verbatim = sum(words in text for (_, text, _), one in zip(told, made, strict=True) for words in one)
        one, two = (
            mean(rouge(" ".join(m), reference, size) for m, (*_, reference) in zip(made, told, strict=True))
            for size in (1, 2)
        )
        long = mean(len(" ".join(m).split()) for m in made)
        print(f"| {name} | {one:.3f} | {two:.3f} | {mean(map(len, made)):.2f} | {long:.0f} | {took:.2f} |")
    print(f"\n{len(told)} articles; {verbatim} of {sum(counts)} sentences verbatim in their source")


if __name__ == "__main__":
    main()
