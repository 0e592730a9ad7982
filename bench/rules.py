"""Measure how many articles a second the rules decide, from 100 rules to 100,000, beside what else one could use.

All run in one process, in turn on the same articles, so that a slow moment of the machine falls on each; the matches
must be the same.  Time is CPU time of this process (tantivy's writer has a thread of its own, which counts).  A peer
that has used up its time on a batch is not asked again, and its figure is of the articles that it had by then.

    python bench/rules.py                    the table, in about six minutes
    python bench/rules.py 100 1000           for so many rules
    python bench/rules.py --build 100000     how long compiling takes, and the memory, in a process that does only that
"""

from __future__ import annotations

import gc
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alerts import rules  # noqa: E402
from alerts.model import Article  # noqa: E402
from bench import corpus  # noqa: E402
from bench.peers import PEERS, Matcher, Trees  # noqa: E402

SIZES = (100, 1_000, 10_000, 100_000)
ARTICLES = 1_000
BATCH = 100
ROUNDS = 3
"""So often are all articles asked about; the best round counts, for only noise makes one slower."""

BUDGET = 20.0
"""Seconds of CPU after which a peer is not asked again at one size."""

OURS = "alerts"


@dataclass(slots=True)
class Run:
    """One matcher at one size, and what it took."""

    title: str
    match: Matcher
    build: float
    spent: float = 0.0
    done: int = 0
    best: float = float("inf")
    found: dict[int, set[int]] = field(default_factory=dict)

    def ask(self, first: int, articles: Sequence[Article]) -> None:
        """Take a batch, and fewer of it if that is too slow."""
        step = len(articles) if self.title == "tantivy" or self.spent < BUDGET / 100 else 1
        for at in range(0, len(articles), step):
            if self.spent > BUDGET:
                return
            some = articles[at : at + step]
            start = time.process_time()
            met = self.match(some)
            took = time.process_time() - start
            self.spent += took
            self.done += len(some)
            self.found.update((first + at + number, one) for number, one in enumerate(met))


def ours(articles: Sequence[Article], compiled: rules.Rules) -> list[set[int]]:
    """Match with evidence, as the product does."""
    return [_numbers(rules.match(article, compiled)) for article in articles]


def _numbers(met: object) -> set[int]:
    return {int(hit.rule[1:]) for hit in met.hits} if met else set()  # type: ignore[attr-defined]


def measure(count: int, articles: Sequence[Article], said: corpus.Vocabulary) -> list[Run]:
    """Build every matcher for so many rules, and let them take turns."""
    made = corpus.rules(count, said)
    start = time.process_time()
    compiled = rules.compile(made, corpus.WATCHLISTS)
    runs = [Run(OURS, lambda some: ours(some, compiled), time.process_time() - start)]
    trees = Trees(made, corpus.WATCHLISTS)
    for title, build in PEERS.items():
        if title == "one alternation" and count > 1_000:
            continue  # at 10,000 rules it takes 20 s an article
        start = time.process_time()
        runs.append(Run(title, build(trees), time.process_time() - start))
    gc.collect()
    gc.freeze()
    for _ in range(ROUNDS):
        for run in runs:
            run.spent, run.done = 0.0, 0
        for at in range(0, len(articles), BATCH):
            for run in runs[:-1]:
                run.ask(at, articles[at : at + BATCH])
        runs[-1].ask(0, articles)
        for run in runs:
            run.best = min(run.best, run.spent / run.done)
    gc.unfreeze()
    return runs


def row(count: int, runs: Sequence[Run]) -> str:
    """Write one line of the table: articles a second, and how many times as many ours decides."""
    mine = runs[0]
    cells = [f"{1 / mine.best:,.0f}"]
    by_title = {run.title: run for run in runs}
    for title in PEERS:
        run = by_title.get(title)
        cells.append(f"{1 / run.best:,.3g} (×{run.best / mine.best:,.3g}){_wrong(mine, run)}" if run else "–")
    return f"| {count:,} | {' | '.join(cells)} |"


def _wrong(mine: Run, other: Run) -> str:
    """Say how many matches differ, if any do."""
    missed = sum(len(mine.found[at] - met) for at, met in other.found.items())
    more = sum(len(met - mine.found[at]) for at, met in other.found.items())
    every = sum(len(mine.found[at]) for at in other.found)
    return f", misses {missed} and adds {more} of {every}" if missed or more else ""


def resident() -> float:
    """Give the memory of this process, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def build(count: int) -> None:
    """Compile once, and again with one rule changed."""
    articles, _ = corpus.articles(ARTICLES)
    made = corpus.rules(count, corpus.Vocabulary([f"{a.title} {a.text}" for a in articles]))
    gc.collect()
    before, start = resident(), time.process_time()
    compiled = rules.compile(made, corpus.WATCHLISTS)
    took, memory = time.process_time() - start, resident() - before
    start = time.process_time()
    rules.compile([replace(made[0], title="changed", tags=("changed",)), *made[1:]], corpus.WATCHLISTS, compiled)
    again = time.process_time() - start
    print(f"{count:,} rules: compiled in {took:.2f} s, {memory:.0f} MB; with one rule changed in {again:.2f} s")


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--build"]:
        for count in map(int, sys.argv[2:]):
            build(count)
        return
    sizes = [*map(int, sys.argv[1:])] or SIZES
    articles, source = corpus.articles(ARTICLES)
    words = sum(len(article.text.split()) for article in articles) / len(articles)
    print(f"{len(articles):,} articles of {words:.0f} words ({source}); Python {platform.python_version()}, one core\n")
    said = corpus.Vocabulary([f"{a.title} {a.text}" for a in articles])
    print(f"| rules | alerts, articles/s | {' | '.join(PEERS)} |\n|--:|{'--:|' * (1 + len(PEERS))}")
    times: dict[int, float] = {}
    for count in sizes:
        runs = measure(count, articles, said)
        times[count] = runs[0].best
        print(row(count, runs), flush=True)
        print(f"  build, s: {', '.join(f'{run.title} {run.build:.2f}' for run in runs)}", file=sys.stderr)
        print(f"  hits an article: {sum(map(len, runs[0].found.values())) / len(articles):.2f}", file=sys.stderr)
    first, last = times[sizes[0]], times[sizes[-1]]
    print(f"\ntime an article with {sizes[-1]:,} rules: {last / first:.2f} × that with {sizes[0]:,}")


if __name__ == "__main__":
    main()
