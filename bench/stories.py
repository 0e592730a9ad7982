"""Measure the grouping of articles into stories, what is told of them, the copies, and what it costs.

Reads ``../shared/data`` (ECB+ topics 1-35, the UCI sample, Google News lists and the feed archive of January 2026) and
the labels of ``bench/labels``.  There is one configuration for all sets: the one that is shipped.  Beside it stand, in
the same run, a plain TF-IDF single pass and scikit-learn's agglomerative clustering, each with one threshold for all
sets, on the same texts.

    python bench/stories.py           the tables of stories and of copies; half a minute
    python bench/stories.py --cost    the cost of an article as the number of open ones grows; some minutes
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import log, sqrt
from pathlib import Path
from urllib.parse import urlsplit

from alerts import rules, stages, stories
from alerts.adapters import sql
from alerts.app import open_sql
from alerts.config import check, read
from alerts.model import Article, Hit, Match, Member, Story
from alerts.stories import copies, novelty, terms
from alerts.text import lead, plain

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
LABELS = ROOT / "bench" / "labels" / "stream-2026w1.jsonl"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = check(read(ROOT / "config"))[0]
TUNED, REPORTED = ("2026-01-02", "2026-01-03"), ("2026-01-04", "2026-01-05")

Place = Callable[[Sequence[Match]], dict[str, tuple[str, str]]]
"""A way to group: for each article its cluster, and the reason if it gives one."""


# ── the sets ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows(name: str) -> Iterator[dict]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def _match(id_: str, title: str, text: str, seen: datetime, lang: str = "en", outlet: str = "") -> Match:
    return Match(Article(id_, "v", "", outlet, "", title, text, seen, lang=lang), (Hit("all", ()),))


def ecb() -> list[tuple[str, Match]]:
    """Give ECB+ in an order that has nothing to do with its topics; the address in the first line is left out."""
    made = []
    for row in _rows("clusters_ecbplus_1_35.jsonl.gz"):
        said = row["sentences"][row["sentences"][0].startswith("http :") :]
        made.append((row["label"], row["id"], said[0], " ".join(said[1:])))
    made.sort(key=lambda one: hashlib.sha256(one[1].encode()).digest())
    return [(label, _match(i, t, x, T0 + timedelta(minutes=n))) for n, (label, i, t, x) in enumerate(made)]


def uci() -> list[tuple[str, Match]]:
    return [
        (row["label"], _match(str(row["id"]), row["title"], "", datetime.fromtimestamp(row["timestamp"] / 1000, UTC)))
        for row in _rows("clusters_uci_sample.jsonl.gz")
    ]


def google() -> list[tuple[str, Match]]:
    """Give the English headlines that share a label with another one; a label of one says nothing."""
    rows = [row for row in _rows("clusters_googlenews_2026.jsonl.gz") if row["lang"] == "en"]
    often = Counter(row["label"] for row in rows)
    kept = sorted((row for row in rows if often[row["label"]] > 1), key=lambda row: row["first_seen"])
    return [(r["label"], _match(r["id"], r["title"], "", datetime.fromisoformat(r["first_seen"]))) for r in kept]


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
        for row in _rows(str(path.relative_to(DATA)))
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


# ── the ways ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def shipped(matches: Sequence[Match]) -> dict[str, tuple[str, str]]:
    """Place one after the other, as the line does."""
    desk = stories.Desk((), families=CONFIG.families)
    found = {}
    for match in matches:
        placed = desk.place(match, now=match.article.seen)
        if placed:
            found[match.article.id] = placed.story.id, placed.reason
    return found


def single_pass(matches: Sequence[Match], alike: float = 0.17) -> dict[str, tuple[str, str]]:
    """Compare whole words of the title, twice, and of 60 words of text, by the IDF of the articles so far."""
    spread: Counter[str] = Counter()
    centroids: dict[str, dict[str, float]] = {}
    found = {}
    for n, match in enumerate(matches):
        words = Counter(
            (match.article.title + " ").casefold().split() * 2 + lead(match.article.text).casefold().split()
        )
        vector = _unit({w: (1 + log(c)) * log((n + 2) / (spread[w] + 1)) for w, c in words.items()})
        scored = ((_dot(vector, c) / sqrt(_dot(c, c) or 1), story) for story, c in centroids.items())
        score, story = max(scored, default=(0.0, ""))
        new = score < alike
        story = f"s{n}" if new else story
        centroid = centroids.setdefault(story, {})
        for word, weight in vector.items():
            centroid[word] = centroid.get(word, 0.0) + weight
        spread.update(words.keys())
        found[match.article.id] = story, "new story" if new else "repeat"
    return found


def agglomerative(matches: Sequence[Match], apart: float = 0.84) -> dict[str, tuple[str, str]]:
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


WAYS: dict[str, Place] = {"shipped": shipped, "TF-IDF single pass": single_pass, "agglomerative": agglomerative}


def _unit(vector: Mapping[str, float]) -> dict[str, float]:
    length = sqrt(sum(w * w for w in vector.values())) or 1.0
    return {word: w / length for word, w in vector.items()}


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(w * other.get(word, 0.0) for word, w in one.items())


# ── the scores ───────────────────────────────────────────────────────────────────────────────────────────────────────


def b_cubed(gold: Mapping[str, str], made: Mapping[str, str], day: Mapping[str, object] | None = None) -> float:
    """Give the B-cubed F1.  With ``day``, two articles of different days are not held against the grouping.

    The Google lists give one story several labels, above all across days (README of the data).
    """
    same, put = _members(gold), _members(made)
    precision = recall = 0.0
    for one, label in gold.items():
        right = same[label] & put[made[one]]
        counted = {o for o in put[made[one]] if day is None or o in right or day[o] == day[one]}
        precision += len(right) / len(counted)
        recall += len(right) / len(same[label])
    return _f1(precision / len(gold), recall / len(gold))


def pairwise(gold: Mapping[str, str], made: Mapping[str, str]) -> float:
    """Give the F1 of the pairs that are together."""
    both = _pairs((gold[one], made[one]) for one in gold)
    return _f1(both / (_pairs(made[one] for one in gold) or 1), both / (_pairs(gold.values()) or 1))


def told(labels: Mapping[str, Label], made: Mapping[str, tuple[str, str]]) -> tuple[float, float, float]:
    """Give precision, recall and F1 of telling "new or development" from "repeat or copy"."""
    judged = {one: label.is_news for one, label in labels.items() if label.kind != "background"}
    tells = {one for one in judged if novelty.is_told(made[one][1])}
    right = sum(judged[one] for one in tells)
    precision, recall = right / (len(tells) or 1), right / sum(judged.values())
    return precision, recall, _f1(precision, recall)


def _members(put: Mapping[str, str]) -> dict[str, set[str]]:
    found = defaultdict(set)
    for one, where in put.items():
        found[where].add(one)
    return found


def _pairs(labels: Iterable[object]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(labels).values())


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


# ── the tables ───────────────────────────────────────────────────────────────────────────────────────────────────────


def public_sets() -> None:
    """Print B-cubed and pairwise F1 on the sets of others."""
    sets = {"ECB+ 1-35": ecb(), "UCI sample": uci(), "Google News": google()}
    print(f"{'':20}" + "".join(f"{name:>16}" for name in (*sets, "Google by day")) + "   mean, mean by day")
    print(f"{'':20}" + "".join(f"{len(rows):>9} articles"[-16:].rjust(16) for rows in sets.values()))
    for way, place in WAYS.items():
        row, scores = "", []
        for rows in sets.values():
            made = {one: where for one, (where, _) in place([m for _, m in rows]).items()}
            gold = {m.article.id: label for label, m in rows}
            scores.append(b_cubed(gold, made))
            row += f"{scores[-1]:>9.3f} / {pairwise(gold, made):.2f}"[-16:].rjust(16)
        days = {m.article.id: m.article.seen.date() for _, m in sets["Google News"]}
        by_day = b_cubed(gold, made, days)
        means = sum(scores) / 3, (scores[0] + scores[1] + by_day) / 3
        print(f"{way:20}{row}{by_day:>16.3f}   {means[0]:.3f}, {means[1]:.3f}")


def narrow_stream() -> None:
    """Print what is reached on the labelled stream, by the days that were tuned on and those that were not."""
    matches, labels = stream()
    print(f"{'':20}{'2-3 January (tuned on)':^34}{'4-5 January (reported)':^34}")
    print(f"{'':20}" + 2 * f"{'B³ F1':>8}{'told P':>8}{'R':>6}{'F1':>6}{'bg.':>6}")
    for way, place in WAYS.items():
        made, row = place(matches), ""
        for days in (TUNED, REPORTED):
            here = {one: label for one, label in labels.items() if label.day in days}
            score = b_cubed({o: label.story for o, label in here.items()}, {o: made[o][0] for o in here})
            p, r, f = told(here, made)
            back = [one for one, label in here.items() if label.kind == "background"]
            kept = sum(not novelty.is_told(made[one][1]) for one in back) / len(back)
            row += f"{score:>8.3f}{p:>8.2f}{r:>6.2f}{f:>6.3f}{kept:>6.2f}"
        print(f"{way:20}{row}")
    print('told: "new or development" against "repeat or copy"; bg.: the share of background that is not told')


def copied() -> None:
    """Print recall and precision of copies on a day of the archive with light edits, and of random pairs."""
    day = [a for a in archive() if a.seen.date() == T0.date() + timedelta(days=1) and len(a.text.split()) >= 20]
    pick = random.Random(1)
    edited = [_edited(a, pick) for a in pick.sample(day, 600)]
    members = [_member(a) for a in sorted((*day, *edited), key=lambda a: (a.seen, a.id))]
    index, found = copies.Copies(()), set()
    began = time.perf_counter()
    for member in members:
        found |= {frozenset((member.article, o.article)) for o in index.originals(member)}
        index.add(member)
    cost = (time.perf_counter() - began) / len(members)
    truth = _jaccard(members, 0.5)
    right, by_id = len(found & truth), {m.article: m for m in members}
    headline = sum(_same_headline(*(by_id[one] for one in pair)) for pair in found - truth)
    rest = len(found) - right - headline
    print(
        f"{len(members)} articles of 2 January, {len(edited)} of them light edits; {len(truth)} pairs of Jaccard >= 0.5"
    )
    print(f"recall {right / len(truth):.3f}, precision {right / len(found):.3f}, {cost * 1e3:.2f} ms an article")
    print(f"beyond them: {headline} pairs with one headline over other words, {rest} with most of one in the other")
    print(f"precision {(right + headline) / len(found):.3f} if stubs of one headline and day count, as they should")
    pairs = [pick.sample(day, 2) for _ in range(1_000)]
    merged = [(a, b) for a, b in pairs if copies.same_text(_member(a), _member(b))]
    print(f"{len(merged)} of 1,000 random pairs are copies")


def _same_headline(one: Member, other: Member) -> bool:
    return copies.headline(one.title) == copies.headline(other.title)


def _edited(article: Article, pick: random.Random) -> Article:
    """Apply one light edit: a credit, a changed word or two, a sentence dropped at the end, or a new headline."""
    words = article.text.split()
    kind = pick.randrange(4)
    title, text = article.title, article.text
    if kind == 0:
        text = f"LONDON (Polaris Wire) - {text}"
    elif kind == 1:
        for n in pick.sample(range(len(words)), 2):
            words[n] = "reportedly"
        text = " ".join(words)
    elif kind == 2:
        text = " ".join(words[: -max(1, len(words) // 6)])
    else:
        title = " ".join(["Report:", *title.split()[1:]])
    return Article(
        f"{article.id}-edited",
        "v",
        "",
        "Harbour Post",
        "",
        title,
        text,
        article.seen + timedelta(minutes=pick.randint(1, 600)),
        lang=article.lang,
    )


def _member(article: Article) -> Member:
    return Member(
        article.id, "v", article.outlet, article.url, article.title, lead(article.text), article.seen, "", article.lang
    )


def _jaccard(members: Sequence[Member], least: float) -> set[frozenset[str]]:
    """Give all pairs of at least this Jaccard similarity of their 3-word shingles, by counting every shared shingle."""
    sets = {m.article: copies.shingles(m.title, m.lead) for m in members}
    having, shared = defaultdict(list), Counter()
    for one, said in sets.items():
        for shingle in said:
            shared.update((other, one) for other in having[shingle])
            having[shingle].append(one)
    return {frozenset(p) for p, n in shared.items() if n >= least * (len(sets[p[0]]) + len(sets[p[1]]) - n)}


def cost() -> None:
    """Print the CPU time of an article as the number of open ones grows: news of every kind, none of it closed.

    Beside it stands what a batch pays before its first article: the first of a process, which reads all that is open
    from SQLite and makes the index, and the next, 500 articles later, which finds both as it left them.
    """
    texts = [(a.title, a.text, a.lang) for a in archive()]
    texts += [(row["title"], row["description"], "en") for row in _rows("topics_agnews_test.jsonl.gz")]
    texts += [(r["title"] or "", plain(r["body"] or "")[:600], "en") for r in _rows("reuters21578_train.jsonl.gz")]
    random.Random(1).shuffle(texts)
    desk, spent, at = stories.Desk((), families=CONFIG.families), [], {1_000, 3_000, 10_000, 30_000, 100_000}
    print(f"{'open articles':>14}{'stories':>10}{'ms an article':>15}{'first batch, s':>16}{'next batch, s':>15}")
    kept: dict[str, Story] = {}
    for n in range(100_000):
        title, text, lang = texts[n % len(texts)]
        mark = "xyz"[n // len(texts)] if n >= len(texts) else ""
        match = _match(
            str(n), _renamed(title, mark), _renamed(text, mark), T0 + timedelta(seconds=n), lang, f"o{n % 97}"
        )
        began = time.process_time()
        placed = desk.place(match, now=match.article.seen)
        spent.append(time.process_time() - began)
        kept[placed.story.id] = placed.story
        if n + 1 in at:
            last = {str(one) for one in range(n - 499, n + 1)}
            first, again = _opening(kept, last, match.article.seen)
            print(f"{n + 1:>14,}{len(kept):>10,}{sum(spent[-500:]) * 2:>15.2f}{first:>16.2f}{again:>15.2f}", flush=True)


def _opening(kept: Mapping[str, Story], last: set[str], now: datetime) -> tuple[float, float]:
    """Give the CPU seconds before the first article of a process, and of its next batch after the ``last`` articles."""
    for cached in (terms.terms, terms._of, copies.shingles, copies._sketch, copies.headline, copies._repeats):  # noqa: SLF001
        cached.cache_clear()
    with tempfile.TemporaryDirectory() as folder, open_sql({"ALERTS_VAR": folder}.get) as engine:
        table, opened = sql.SqlTable(engine, "stories", Story), stages.Opened()
        fresh = {s.id for s in kept.values() if any(m.article in last for m in s.members)}
        table.put({i: s for i, s in kept.items() if i not in fresh}, at=now - timedelta(hours=1))
        table.put({i: s for i, s in kept.items() if i in fresh}, at=now)
        took = []
        for _ in range(2):
            began = time.process_time()
            desk = opened.take(table, CONFIG.rules, CONFIG.families, since=now - stories.OPEN)
            took.append(time.process_time() - began)
            opened.keep(desk, CONFIG.rules, CONFIG.families, now=now)
        return took[0], took[1]


def _renamed(text: str, mark: str) -> str:
    """Give other names to a text that comes again, so that it is no copy."""
    return " ".join(word + mark if word[:1].isupper() else word for word in text.split()) if mark else text


if __name__ == "__main__":
    if "--cost" in sys.argv:
        cost()
    else:
        public_sets()
        print()
        narrow_stream()
        print()
        copied()
