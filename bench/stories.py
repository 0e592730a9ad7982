"""Measure the grouping of articles into stories, what is told of them, the copies, and what it costs.

The sets are those of ``clusters.py``.  There is one configuration for all sets: the one that is shipped.  Beside it
stand, in the same run and on the same texts, a TF-IDF single pass, with the inverse frequencies of the stream itself
and with those of general news, and scikit-learn's agglomerative clustering.  Each has one threshold for all sets.

    python bench/stories.py            the tables of stories and of copies; half a minute
    python bench/stories.py --best     what the best threshold for each set would give, chosen with the labels seen
    python bench/stories.py --cost     the cost of an article as the number of open ones grows; some minutes
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from math import log, sqrt
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alerts import stages, stories  # noqa: E402
from alerts.adapters import sql  # noqa: E402
from alerts.app import open_sql  # noqa: E402
from alerts.model import Match, Story  # noqa: E402
from alerts.stages.grouping import BEGUN, GROUP  # noqa: E402
from alerts.stories import copies, novelty, space, terms  # noqa: E402
from alerts.text import lead, plain  # noqa: E402
from bench.clusters import (  # noqa: E402
    CONFIG,
    REPORTED,
    T0,
    TUNED,
    Score,
    a_match,
    archive,
    b_cubed,
    ecb,
    google,
    pairwise,
    rows_of,
    stream,
    told,
    uci,
)
from bench.reprints import copied  # noqa: E402

Placed = dict[str, tuple[str, str]]
"""For each article its cluster, and the reason."""

Place = Callable[[Sequence[Match]], Placed]
"""A way to group."""


# ── the ways ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def shipped(matches: Sequence[Match], alike: float = space.ALIKE) -> Placed:
    """Place one after the other, as the line does."""
    kept, space.ALIKE = space.ALIKE, alike
    desk = stories.Desk((), families=CONFIG.families)
    placed = [(match.article.id, desk.place(match, now=match.article.seen)) for match in matches]
    space.ALIKE = kept
    return {one: (where.story.id, where.reason) for one, where in placed if where}


def single_pass(matches: Sequence[Match], alike: float = 0.17, *, general: bool = False) -> Placed:
    """Compare with centroids the words of the title, twice, and of 60 words of text, by TF-IDF.

    The frequencies are those of the whole stream, its end included, or with ``general`` those of news of every kind.
    """
    counted = [terms.terms(m.article.title, lead(m.article.text)) for m in matches]
    spread, of = _general() if general else (_spread(counted), len(counted))
    having: defaultdict[str, dict[int, float]] = defaultdict(dict)
    squares: list[float] = []
    found = {}
    for match, words in zip(matches, counted, strict=True):
        vector = _unit({w: (1 + log(n)) * (1 + log((1 + of) / (1 + spread[w]))) for w, n in words.items()})
        dots: Counter[int] = Counter()
        for word, weight in vector.items():
            for story, sum_ in having[word].items():
                dots[story] += weight * sum_
        score, story = max(((dot / sqrt(squares[s]), -s) for s, dot in dots.items()), default=(0.0, 0))
        story = -story if score >= alike else len(squares)
        if story == len(squares):
            squares.append(0.0)
        squares[story] += 2 * dots[story] + 1
        for word, weight in vector.items():
            having[word][story] = having[word].get(story, 0.0) + weight
        found[match.article.id] = str(story), "repeat" if score >= alike else "new story"
    return found


def agglomerative(matches: Sequence[Match], apart: float = 0.84) -> Placed:
    """Cluster all at once, knowing the end of the stream: average linkage on the terms that are shipped."""
    from sklearn.cluster import AgglomerativeClustering  # noqa: PLC0415 - the bench extra has it
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    counted = [terms.terms(m.article.title, lead(m.article.text)) for m in matches]
    vectors = TfidfVectorizer(analyzer=lambda c: list(c.elements()), sublinear_tf=True).fit_transform(counted)
    distances = 1 - (vectors @ vectors.T).toarray().clip(0, 1)
    clustering = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=apart
    ).fit_predict(distances)
    first: dict[int, str] = {}
    found = {}
    for match, cluster in zip(matches, clustering, strict=True):
        why = "new story" if first.setdefault(cluster, match.article.id) == match.article.id else "repeat"
        found[match.article.id] = str(cluster), why
    return found


GENERAL = "single pass, general"
WAYS: dict[str, Place] = {
    "shipped": shipped,
    "single pass": single_pass,
    GENERAL: partial(single_pass, general=True),
    "agglomerative": agglomerative,
}


@cache
def _general() -> tuple[Counter[str], int]:
    """Count in how many texts of AG News and of Reuters each term is."""
    texts = [(row["title"], row["description"]) for row in rows_of("topics_agnews_test.jsonl.gz")]
    texts += [(r["title"] or "", plain(r["body"] or "")[:600]) for r in rows_of("reuters21578_train.jsonl.gz")]
    return _spread(terms.terms(title, lead(text)) for title, text in texts), len(texts)


def _spread(counted: Iterable[Counter[str]]) -> Counter[str]:
    """Count in how many texts each term is."""
    return Counter(word for words in counted for word in words)


def _unit(vector: Mapping[str, float]) -> dict[str, float]:
    length = sqrt(sum(w * w for w in vector.values())) or 1.0
    return {word: w / length for word, w in vector.items()}


# ── the tables ───────────────────────────────────────────────────────────────────────────────────────────────────────

SETS = {"ECB+ 1-35": ecb, "UCI sample": uci, "Google News": google}


def public_sets() -> None:
    """Print B-cubed and pairwise scores on the sets of others, and the means of the B-cubed F1."""
    print(f"{'':22}{'B-cubed':>22}{'pairs':>22}\n{'':22}" + 2 * f"{'P':>9}{'R':>6}{'F1':>7}")
    for way, place in WAYS.items():
        scores = {name: _scored(place, rows()) for name, rows in SETS.items()}
        print(f"{way}")
        for name, (cubed, pairs, _) in scores.items():
            print(f"   {name:19}" + "".join(f"{s.precision:>9.2f}{s.recall:>6.2f}{s.f1:>7.3f}" for s in (cubed, pairs)))
        by_day = scores["Google News"][2]
        print(f"   {'Google by day':19}{by_day.precision:>9.2f}{by_day.recall:>6.2f}{by_day.f1:>7.3f}")
        f1s = [cubed.f1 for cubed, _, _ in scores.values()]
        print(f"   {'mean, mean by day':19}{sum(f1s) / 3:>22.3f}{(f1s[0] + f1s[1] + by_day.f1) / 3:>7.3f}")


def _scored(place: Place, rows: Sequence[tuple[str, Match]]) -> tuple[Score, Score, Score]:
    """Score a way on a set: B-cubed, pairs, and B-cubed by day."""
    made = {one: where for one, (where, _) in place([m for _, m in rows]).items()}
    gold = {m.article.id: label for label, m in rows}
    days = {m.article.id: m.article.seen.date() for _, m in rows}
    return b_cubed(gold, made), pairwise(gold, made), b_cubed(gold, made, days)


def best() -> None:
    """Print the best B-cubed F1 of each way on each set by itself: no one threshold can give more."""
    print(
        f"{'':22}"
        + "".join(f"{name:>20}" for name in (*SETS, "Google by day", "2-3 January", "4-5 January"))
        + "   mean, by day"
    )
    matches, labels = stream()
    golds = [{one: label.story for one, label in labels.items() if label.day in days} for days in (TUNED, REPORTED)]
    for way, place in WAYS.items():
        tried: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        for at in [n / 100 for n in (range(70, 98, 2) if way == "agglomerative" else range(8, 42, 2))]:
            here = partial(place, **{"apart" if way == "agglomerative" else "alike": at})
            for name, rows in SETS.items():
                cubed, _, by_day = _scored(here, rows())
                tried[name].append((cubed.f1, at))
                if name == "Google News":
                    tried["by day"].append((by_day.f1, at))
            made = here(matches)
            for n, gold in enumerate(golds):
                tried[f"narrow {n}"].append((b_cubed(gold, {one: made[one][0] for one in gold}).f1, at))
        tops = [max(column) for column in tried.values()]
        f1s = [f1 for f1, _ in tops]
        row = "".join(f"{f1:>14.3f} ({at:.2f})"[-20:].rjust(20) for f1, at in tops)
        print(f"{way:22}{row}   {sum(f1s[:3]) / 3:.3f}, {(f1s[0] + f1s[1] + f1s[3]) / 3:.3f}", flush=True)


def narrow_stream() -> None:
    """Print what is reached on the labelled stream, by the days that were tuned on and those that were not."""
    matches, labels = stream()
    print(f"{'':22}{'2-3 January (tuned on)':^47}{'4-5 January (reported)':^47}")
    print(f"{'':22}" + 2 * f"{'B³ P':>7}{'R':>6}{'F1':>7}{'told P':>8}{'R':>6}{'F1':>7}{'bg.':>6}")
    for way, place in WAYS.items():
        made, row = place(matches), ""
        for days in (TUNED, REPORTED):
            here = {one: label for one, label in labels.items() if label.day in days}
            cubed = b_cubed({o: label.story for o, label in here.items()}, {o: made[o][0] for o in here})
            p, r, f = told(here, made)
            back = [one for one, label in here.items() if label.kind == "background"]
            kept = sum(not novelty.is_told(made[one][1]) for one in back) / len(back)
            row += f"{cubed.precision:>7.2f}{cubed.recall:>6.2f}{cubed.f1:>7.3f}{p:>8.2f}{r:>6.2f}{f:>7.3f}{kept:>6.2f}"
        print(f"{way:22}{row}")
    print('told: "new or development" against "repeat or copy"; bg.: the share of background that is not told')


def cost() -> None:
    """Print the CPU time of an article as the number of open ones grows: news of every kind, none of it closed.

    Beside it stands what a batch pays before its first article: the first of a process, which reads all that is open
    from SQLite and makes the index, and the next, which finds both as it left them.
    """
    texts = [(a.title, a.text, a.lang) for a in archive()]
    texts += [(row["title"], row["description"], "en") for row in rows_of("topics_agnews_test.jsonl.gz")]
    texts += [(r["title"] or "", plain(r["body"] or "")[:600], "en") for r in rows_of("reuters21578_train.jsonl.gz")]
    random.Random(1).shuffle(texts)
    desk, spent, at = stories.Desk((), families=CONFIG.families), [], {1_000, 3_000, 10_000, 30_000, 100_000}
    print(f"{'open articles':>14}{'stories':>10}{'ms an article':>15}{'first batch, s':>16}{'next batch, s':>15}")
    kept: dict[str, Story] = {}
    for n in range(100_000):
        title, text, lang = texts[n % len(texts)]
        mark = "xyz"[n // len(texts)] if n >= len(texts) else ""
        match = a_match(
            str(n), _renamed(title, mark), _renamed(text, mark), T0 + timedelta(seconds=n), lang, f"o{n % 97}"
        )
        began = time.process_time()
        placed = desk.place(match, now=match.article.seen)
        spent.append(time.process_time() - began)
        kept[placed.story.id] = placed.story
        if n + 1 in at:
            first, again = _opening(kept, match.article.seen)
            print(f"{n + 1:>14,}{len(kept):>10,}{sum(spent[-500:]) * 2:>15.2f}{first:>16.2f}{again:>15.3f}", flush=True)


def _opening(kept: Mapping[str, Story], now: datetime) -> tuple[float, float]:
    """Give the CPU seconds before the first article of a process, and of its next batch."""
    for cached in (terms.terms, terms._of, copies.shingles, copies._sketch, copies.headline, copies._repeats):  # noqa: SLF001
        cached.cache_clear()
    with tempfile.TemporaryDirectory() as folder, open_sql({"ALERTS_VAR": folder}.get) as engine:
        table, log = sql.SqlTable(engine, "stories", Story), sql.SqlLog(engine, "matches", Match)
        opened = stages.Opened()
        table.put(kept, at=now)
        for reader in (GROUP, BEGUN):
            log.commit(reader, 1)
        took = []
        for _ in range(2):
            began = time.process_time()
            desk = opened.take(log, table, CONFIG.rules, CONFIG.families, since=now - stories.OPEN)
            took.append(time.process_time() - began)
            opened.keep(desk, CONFIG.rules, CONFIG.families, end=1)
        return took[0], took[1]


def _renamed(text: str, mark: str) -> str:
    """Give other names to a text that comes again, so that it is no copy."""
    return " ".join(word + mark if word[:1].isupper() else word for word in text.split()) if mark else text


if __name__ == "__main__":
    if "--cost" in sys.argv:
        cost()
    elif "--best" in sys.argv:
        best()
    else:
        public_sets()
        print()
        narrow_stream()
        print()
        copied()
