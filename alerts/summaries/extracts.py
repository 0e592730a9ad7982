"""Which sentences tell a story: the lead of its most typical article, then what is relevant and not yet said.  Pure.

The lead is taken from the medoid, the article that is most like all others.  The rest is chosen by maximal marginal
relevance (Carbonell and Goldstein, "The use of MMR", SIGIR 1998): each time the sentence that is most relevant to the
rule's terms and to the story, less what it repeats of the sentences already chosen and of what was told before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from alerts import text
from alerts.figures import figures
from alerts.model import Article, Cited, Development, Source
from alerts.summaries.sentences import is_whole, sentences
from alerts.summaries.tolls import Tolls
from alerts.summaries.weights import Vector, Weights, likeness
from alerts.text import folds

EXTRA = 3
"""The most sentences after the lead."""

BALANCE = 0.9
"""The weight of relevance; the rest is that of novelty."""

REPEATS = 0.5
"""A sentence so like one that was told adds nothing, unless it tells another figure: the toll of today."""

NEARLY = 0.7
"""How like the others the headline's own article must be for its lead to come first, as a share of the medoid."""

MIDDLE = 24
"""How many sentences make the middle of a story, shared by its articles; three of each at least."""

FLOOR = 0.06
"""A sentence less relevant than this is left out, and the summary is shorter."""

TEXT_LIMIT = 8_000
"""The most characters of an article that are looked at; beyond this nothing is news."""

MAX_ARTICLES = 30
"""The most articles of a story, the newest, out of which sentences are taken."""

LEAD_LIMIT = 240
"""The most characters shown of a text without a whole sentence."""

SHORTEST, LONGEST = 25, 420
"""Characters: what is shorter says little, what is longer is no sentence but a page without stops."""

_FILLER = re.compile(
    r"^\W*(?:continue reading|read (?:more|the full|also|next)|sign up|subscribe|follow us|click here|"
    r"photo(?:graph)?\b|"
    r"image\b|getty|copyright|©|all rights reserved|listen to|watch (?:the )?(?:video|live)|related\b|advertisement|"
    r"this article (?:was|is|originally)|the post\b.*appeared first|editor'?s note|our (?:reporters|standards)|"
    r"download our|get our|we(?:'| a)re (?:hiring|live)|comments?\b|share this|updated at)"
    r"|\b(?:has|have) (?:more|the (?:latest|details|story))\b[^.]{0,40}\W*$|\bjoins? us\b"
    r"|appeared first on|\bnewsletter\b|https?://|\[…\]|\[\.\.\.\]|\bcookies?\b",
    re.IGNORECASE,
)
# What a common publishing program puts behind each text of a feed.
_APPEARED = re.compile(
    r"\s*The post .{0,300}? (?:appeared first on\b|first appeared on\b).*\Z|\s*The post [^.]{10,300}(?:\.\.\.|…)\Z"
)
# Where a report was written, and whose it is, in front of its first sentence: "TEHRAN (Polaris Wire) - ".
_DATELINE = re.compile(
    r"\A[A-ZÀ-Þ][A-ZÀ-Þ.'’-]{2,}(?:[ ,/]+[A-ZÀ-Þ][\w.'’-]*){0,4}\s?(?:\([^()]{2,40}\))?(?:\s?[–—]\s?|\s?--\s?|\s?-\s)"
)
_CUT_OFF = re.compile(r"\s*\S*\s?(?:\.\.\.|…|\[…\]|\[\.\.\.\])\Z")
_REFERS_BACK = re.compile(
    r"^\W*(?:he|she|they|it|this|that|these|those|but|and|so|such|however|there|here|both|his|her|their|its)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence that could be told: of which article, the how manieth of it, and what it says.

    ``near`` is how like what was told and the headline it is, ``repeats`` whether it only says what was told.
    """

    cited: Cited
    article: int
    place: int
    vector: Vector
    near: float
    repeats: bool


def extract(
    news: Sequence[Development], headline: str, before: Sequence[str] = (), *, extra: int = EXTRA
) -> tuple[Cited, ...]:
    """Choose the sentences; ``news`` is in the order of time, ``before`` are the texts that were told of the story.

    The lead comes first, then what else is of its article, then the rest in the order of time.
    """
    told = news[-MAX_ARTICLES:]
    split = [_sentences(d.article) for d in told]
    weights = Weights([*(words for one in split for words in one), headline, *before])
    candidates = _candidates(told, split, weights, _Before(before, headline, weights))
    now = Tolls(f"{d.article.title}. {text.lead(d.article.text)}" for d in told)
    current = [c for c in candidates if not now.exceed(c.cited.words)]
    fresh = [c for c in current if not c.repeats] or current
    if not fresh:  # the toll of yesterday alone is worse than no sentence
        return () if candidates else _beginnings(told)
    reports = {c.article for c in fresh if not told[c.article].reason.startswith("correction")}
    typical = _medoid(told, split, weights, reports or {c.article for c in fresh}, headline)
    lead = next(c for c in fresh if c.article == typical)
    chosen = [lead, *_most_relevant(fresh, lead, _Relevance(told, weights), extra)]
    chosen.sort(key=lambda c: (c.article != typical, c.article, c.place))
    return tuple(c.cited for c in chosen)


class _Before:
    """What the reader was told already, and the headline that stands above."""

    def __init__(self, before: Sequence[str], headline: str, weights: Weights) -> None:
        self._known = [weights.vector(part) for words in before for part in (*sentences(words), words)]
        self._figures = {figure.name for words in before for figure in figures(words)}
        self._headline = weights.vector(headline)

    def compare(self, words: str, vector: Vector) -> tuple[float, bool]:
        """Give how like it a sentence is, and whether it only repeats; one with another figure does not."""
        nearest = max((likeness(vector, other) for other in self._known), default=0.0)
        if any(figure.name not in self._figures for figure in figures(words)):
            nearest = 0.0
        return max(nearest, likeness(vector, self._headline)), nearest >= REPEATS


def source(article: Article) -> Source:
    """Name an article as a source."""
    return Source(article.key, article.outlet, article.url, article.lang)


# ── candidates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def body(article: Article) -> str:
    """Give the text without what is no part of it: the title that some feeds repeat at its beginning, and a dateline.

    What an aggregator prints in the place of a text, its own headline and those of others, is none.
    """
    found, title = _APPEARED.sub("", text.one_line(article.text[:TEXT_LIMIT])), text.one_line(article.title)
    bare = text.uncredited(title)
    if bare != title and found.startswith(bare):
        return ""
    found = found[len(title) :].lstrip(" .:–—-") if title and found.startswith(title) else found
    return _DATELINE.sub("", found)


def _sentences(article: Article) -> tuple[str, ...]:
    return sentences(body(article))


def _candidates(
    news: Sequence[Development], split: Sequence[Sequence[str]], weights: Weights, before: _Before
) -> list[_Candidate]:
    """Give the sentences that are whole and say something; of those that several articles print, the earliest."""
    found: dict[str, _Candidate] = {}
    for number, (d, parts) in enumerate(zip(news, split, strict=True)):
        title = " ".join(folds(d.article.title))
        for place, words in enumerate(parts):
            key = " ".join(folds(words))
            if key not in found and key != title and is_tellable(words):
                vector = weights.vector(words)
                cited = Cited(words, source(d.article))
                found[key] = _Candidate(cited, number, place, vector, *before.compare(words, vector))
    return list(found.values())


@lru_cache(maxsize=2_048)
def is_tellable(sentence: str) -> bool:
    """Whether a sentence is whole, of a readable length, and about the news.

    >>> is_tellable("Shops in the bazaar stayed closed."), is_tellable("Sign up for our newsletter, every day.")
    (True, False)
    """
    wide = 2 if text.is_spaceless(sentence) else 1
    return SHORTEST <= len(sentence) * wide <= LONGEST and is_whole(sentence) and not _FILLER.search(sentence)


def _beginnings(news: Sequence[Development]) -> tuple[Cited, ...]:
    """Give the beginning of the newest text, where none has a whole sentence."""
    for d in reversed(news):
        words = body(d.article)
        if words and folds(words) != folds(d.article.title) and not _FILLER.search(words[:LEAD_LIMIT]):
            kept = _CUT_OFF.sub("", text.cut(words, LEAD_LIMIT)) or words[:LEAD_LIMIT]
            return (Cited(kept, source(d.article), whole=kept == words),)
    return ()


# ── which ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _medoid(
    news: Sequence[Development], split: Sequence[Sequence[str]], weights: Weights, having: set[int], headline: str
) -> int:
    """Give the article, of those with a sentence to tell, that is most like all others; among equals the newest.

    The one with the headline is taken if it is nearly as like them: its lead says what the headline means.
    """
    vectors = [
        weights.vector(d.article.title, d.article.title, *parts[:3]) for d, parts in zip(news, split, strict=True)
    ]
    scored = [
        (round(sum(likeness(vectors[n], other) for m, other in enumerate(vectors) if m != n), 6), n) for n in having
    ]
    best, medoid = max(scored)
    under = [(score, n) for score, n in scored if news[n].article.title == headline and score >= NEARLY * best]
    return max(under)[1] if under else medoid


class _Relevance:
    """How much a sentence has to do with the rule's terms and with the story as a whole."""

    def __init__(self, news: Sequence[Development], weights: Weights) -> None:
        titles = [d.article.title for d in news]
        each = max(3, MIDDLE // len(news))
        leads = [part for d in news for part in _sentences(d.article)[:each]]
        self._centre = weights.vector(*titles, *titles, *leads)
        self._terms = frozenset(folds(" ".join(sorted(_evidence(news)))))

    def __call__(self, candidate: _Candidate) -> float:
        met = len(self._terms.intersection(folds(candidate.cited.words)))
        relevance = (
            0.6 * likeness(candidate.vector, self._centre) + 0.2 * min(1.0, met / 2) + 0.2 / (1 + candidate.place)
        )
        return relevance - (0.1 if _REFERS_BACK.search(candidate.cited.words) else 0.0)


def _evidence(news: Iterable[Development]) -> set[str]:
    """Give the words by which the articles met the rules."""
    return {e.words for d in news for hit in d.match.hits for e in hit.evidence}


def _most_relevant(
    candidates: Sequence[_Candidate], lead: _Candidate, relevance: _Relevance, extra: int
) -> Iterator[_Candidate]:
    """Give the best sentences one by one, each judged by those before it."""
    near = [c.near for c in candidates]
    worth = [relevance(c) for c in candidates]
    left, last = [n for n, c in enumerate(candidates) if c is not lead], lead
    for _ in range(extra):
        for n in left:
            near[n] = max(near[n], likeness(candidates[n].vector, last.vector))
        left = [n for n in left if near[n] < REPEATS and worth[n] >= FLOOR]
        if not left:
            return
        best = max(left, key=lambda n: BALANCE * worth[n] - (1 - BALANCE) * near[n])
        left.remove(best)
        last = candidates[best]
        yield last
