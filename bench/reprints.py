"""Measure the copies that are found on a day of the archive with light edits, for ``stories.py``.

What is true is counted here, by brute force and without the product's code: a pair of articles is one text if the exact
Jaccard similarity of their 3-word shingles is at least one half; or, where one of them is a stub, if both headlines
have the same words and numbers and both are of one day.
"""

from __future__ import annotations

import random
import re
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations

from alerts.model import Article, Member
from alerts.stories import copies
from alerts.text import lead
from bench.clusters import T0, archive

ALIKE = 0.5
"""The Jaccard similarity of copies."""

STUB = 30
"""A text of at most so many words is a stub."""

EDITS = 600
RANDOM = 1_000

Pairs = set[frozenset[str]]


def copied() -> None:
    """Print recall and precision of copies on a day of the archive with light edits, and of random pairs."""
    pick = random.Random(1)
    day = [a for a in archive() if a.seen.date() == T0.date() + timedelta(days=1)]
    edited = [_edited(a, pick) for a in pick.sample([a for a in day if len(a.text.split()) >= 20], EDITS)]
    _print([_member(a) for a in sorted((*day, *edited), key=lambda a: (a.seen, a.id))])
    pairs = [pick.sample(day, 2) for _ in range(RANDOM)]
    merged = [(a, b) for a, b in pairs if copies.same_text(_member(a), _member(b))]
    print(f"{len(merged)} of {RANDOM:,} random pairs are copies")


def _print(members: Sequence[Member]) -> None:
    """Print how what is found compares with each of the two definitions, and with both."""
    index, found = copies.Copies(()), set()
    began = time.perf_counter()
    for member in members:
        found |= {frozenset((member.article, o.article)) for o in index.originals(member)}
        index.add(member)
    cost = (time.perf_counter() - began) / len(members)
    texts, heads = alike(members), headed(members)
    print(
        f"{len(members):,} articles of 2 January, {EDITS} of them light edits: {len(found)} pairs found, "
        f"{cost * 1e3:.2f} ms an article"
    )
    print(f"{'what is true':50}{'pairs':>8}{'recall':>8}{'precision':>11}")
    for what, true in (
        (f"Jaccard >= {ALIKE} of the texts", texts),
        ("that, or one headline and one of them a stub", texts | heads),
    ):
        print(f"{what:50}{len(true):>8}{_share(found, true):>8.3f}{_share(true, found):>11.3f}")


def alike(members: Sequence[Member]) -> Pairs:
    """Give all pairs of at least this Jaccard similarity of their 3-word shingles, by counting every shared shingle."""
    sets = {m.article: _shingles(f"{m.title} {m.lead}") for m in members}
    having, shared = defaultdict(list), Counter[tuple[str, str]]()
    for one, said in sets.items():
        for shingle in said:
            shared.update((other, one) for other in having[shingle])
            having[shingle].append(one)
    return {frozenset(p) for p, n in shared.items() if n >= ALIKE * (len(sets[p[0]]) + len(sets[p[1]]) - n)}


def headed(members: Sequence[Member]) -> Pairs:
    """Give all pairs of one day with the same words and numbers in the headline, of which one is a stub."""
    same = defaultdict(list)
    for member in members:
        same[member.seen.date(), frozenset(_words(_bare(member.title)))].append(member)
    pairs = (pair for alike in same.values() for pair in combinations(alike, 2))
    return {frozenset(m.article for m in p) for p in pairs if min(len(m.lead.split()) for m in p) <= STUB}


def _share(of: Pairs, among: Pairs) -> float:
    return len(of & among) / (len(among) or 1)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = _words(text)
    return set(zip(words, words[1:], words[2:], strict=False))


def _words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"\w+", plain)


def _bare(title: str) -> str:
    """Take off what stands behind the last dash of a headline: an aggregator puts the outlet's name there."""
    return title.rsplit(" - ", 1)[0]


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
