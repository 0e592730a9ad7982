"""Which of a story's titles says most of how far it has come: figures, names, somebody who does something.  Pure.

Only what is new heads a story that moved: the titles of the last hours of what is told.  And only a title that is about
what the story is about can be its headline: a report from the side has the best figures.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from alerts.figures import figures
from alerts.model import Development, Story
from alerts.summaries.tolls import Tolls, people
from alerts.summaries.weights import Weights, likeness
from alerts.text import COMMON_WORDS, folds, lead, primary, words_in

NO_TITLE = "(no title)"

CENTRAL = 2.0
"""The weight of how like the rest of the story a headline is; of the most like one it counts in full."""

MOVED = timedelta(hours=12)
"""How long before its last step a title may be to head a story: what came before led up to it."""

ASIDE = 0.65
"""A report whose title is less like the story, as a share of the most like one, is of its side and no step of it."""

LEAD = 30
"""How many words of each new text are looked at."""

FEW = 4
"""In a story of fewer articles than this every figure is the story's own."""

MANY = 100
"""How many articles of a story, the newest, say which figures are its own."""

OWN = 0.2
"""The share of a story's articles that tell what is the story's own figure."""

OPENS = 0.5
"""What speaks for the first report of a story: it says what happened, and those after it what came of it.

Of two reports the second is the news."""

NEWER = 0.5
"""The weight of being the newest; of what is twelve hours older, nothing is left."""

SAYS = 0.8
"""The weight of what a title says by itself, beside how typical it is and how new."""

_NUMBER = re.compile(r"\d")
_VAGUE = re.compile(
    r"^\W*(?:why|how|what|who|where|when|is|are|can|could|will|should|watch|live|video|analysis|opinion|explainer|listen)\b"
    r"|\?\W*$|^(?:[^:]{0,25}): |^\W*(?:here|these) (?:is|are)\b|^\W*here's\b|\bwhat (?:to|we) know\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(r"\b(?:was|were|been|being|is|are) \w+(?:ed|en)\b|\b(?:killed|seen|said) by\b", re.IGNORECASE)
# English headlines are in the present: the verb, or the verb and an s.
_ACTIVE = re.compile(
    r"\b(?:accuse|add|agree|announce|approve|arrest|attack|back|ban|block|bomb|call|capture|charge|climb|close|condemn|confirm|"
    r"cut|delay|demand|deny|deploy|detain|die|drop|ease|elect|evacuate|exempt|expand|expel|face|fall|fine|fire|free|freeze|halt|hike|hit|"
    r"impose|join|jump|kill|launch|leave|levy|lift|lose|meet|offer|open|order|plan|plunge|protest|quit|raise|rally|reject|"
    r"release|resign|resume|rise|say|seize|send|sentence|shoot|shut|sign|slash|strike|sue|summon|surge|target|threaten|urge|"
    r"veto|visit|voice|vote|vow|warn|widen|win|withdraw)(?:s|es)?\b|\b\w+ies\b",
    re.IGNORECASE,
)


def headline(news: Sequence[Development], story: Story | None) -> str:
    """Choose the most specific title of the newest developments, in the language that most of the story speaks.

    A correction says what was wrong and not what happened, and is taken only when there is nothing else.  The language
    is looked at because a reader who follows a story in one language should not meet it under the headline of its only
    foreign member.  ``news`` is in the order of time.
    """
    spoken = in_common_language(news, story)
    reports = [d for d in spoken if not d.reason.startswith("correction")] or spoken
    reports = [d for d in reports if d.article.title]
    titles = [d.article.title for d in reports]
    if not titles:
        return NO_TITLE
    typical = _typicality(titles, reports, spoken, story)
    names, own = _names(reports), _own(reports, story)
    opens = [OPENS if d.reason.startswith("new story") and len(reports) > 2 else 0.0 for d in reports]
    ages = [(reports[-1].article.when - d.article.when) / MOVED for d in reports]
    fresh = [max(0.0, 1 - age) for age in ages]
    tolls = Tolls(titles)
    scored = [
        (SAYS * specificity(title, names, own) + CENTRAL * typical[n] + NEWER * fresh[n] + opens[n], n)
        for n, title in enumerate(titles)
        if not tolls.exceed(title)
    ]
    since = _last_step(reports, typical) - MOVED
    newest = [(score, n) for score, n in scored if reports[n].article.when >= since]
    return titles[max(newest or scored)[1]]


def _last_step(reports: Sequence[Development], typical: Sequence[float]) -> datetime:
    """Give when the story last moved: a report from its side is no step, nor is a question about it."""
    steps = [
        d for d, like in zip(reports, typical, strict=True) if like >= ASIDE and not _VAGUE.search(d.article.title)
    ]
    return (steps or reports)[-1].article.when


def _typicality(
    titles: Sequence[str], reports: Sequence[Development], spoken: Sequence[Development], story: Story | None
) -> list[float]:
    """Give for each title how like the story it is: 1 for the one that is most like it.

    The measure is the likeness to the other articles, those that were told before too; a copy has no say.
    """
    if len(reports) < 3:  # each of two is as like the other
        return [1.0] * len(titles)
    lang = primary(spoken[0].article.lang)
    texts = {d.article.id: f"{d.article.title}. {lead(d.article.text, LEAD)}" for d in reports}
    for m in story.members if story else ():
        if primary(m.lang) == lang and not m.copy_of:
            texts.setdefault(m.article, f"{m.title}. {lead(m.lead, LEAD)}")
    weights = Weights(texts.values())
    vectors = {name: weights.vector(text) for name, text in texts.items()}
    likely = []
    for d, title in zip(reports, titles, strict=True):
        own = weights.vector(title)
        likely.append(sum(likeness(own, other) for name, other in vectors.items() if name != d.article.id))
    most = max(likely)
    return [one / most if most else 1.0 for one in likely]


def specificity(title: str, names: frozenset[str] = frozenset(), own: frozenset[str] | None = None) -> float:
    """Score a title by what it tells.

    ``names`` are words that the texts write with a capital inside a sentence, ``own`` the figures that are the story's;
    without it every figure is.

    >>> specificity("Iran seizes 2 tankers", frozenset({"iran"})) > specificity("What to know about Iran's seizures")
    True
    """
    told = folds(title)
    found = figures(title)
    figured = any(own is None or f.name in own for f in found)
    score = 2.0 if people(title) else 1.5 if figured else 0.3 if _NUMBER.search(title) else 0.0
    score += 0.4 * min(3, len(names.intersection(told)))
    score += 0.1 * min(8, sum(word not in COMMON_WORDS for word in told))
    score += 0.5 if _ACTIVE.search(title.partition(" ")[2]) else 0.0
    score -= 0.5 if _PASSIVE.search(title) else 0.0
    score -= 2.0 if _VAGUE.search(title) else 0.0
    score -= 3.0 if title.rstrip().endswith(("…", "...")) else 0.0
    score -= 0.5 if len(told) < 4 or len(told) > 16 else 0.0
    score -= 0.5 if len(told) > 22 else 0.0
    return score


def _own(reports: Sequence[Development], story: Story | None) -> frozenset[str] | None:
    """Name the figures that a fifth of the story's newest articles tell; ``None`` if it has too few articles to say."""
    texts = {d.article.id: f"{d.article.title}. {lead(d.article.text)}" for d in reports}
    texts |= {m.article: f"{m.title}. {m.lead}" for m in (story.members[-MANY:] if story else ())}
    if len(texts) < FEW:
        return None
    told = Counter(name for text in texts.values() for name in {f.name for f in figures(text)})
    return frozenset(name for name, n in told.items() if n >= max(2, OWN * len(texts)))


def in_common_language(news: Sequence[Development], story: Story | None) -> list[Development]:
    """Keep what is written in the primary language of most of the story's articles; among equals, of the earliest."""
    langs = [m.lang for m in story.members] if story and story.members else [d.article.lang for d in news]
    common = Counter(map(primary, langs)).most_common(1)[0][0]
    return [d for d in news if primary(d.article.lang) == common] or list(news)


def _names(news: Sequence[Development]) -> frozenset[str]:
    """Give the words that begin with a capital where no sentence begins, folded."""
    found = frozenset[str]().union(*(_capitals(d.article.text[:2000]) for d in news))
    return frozenset(folds(" ".join(sorted(found))))


@lru_cache(maxsize=4_096)
def _capitals(body: str) -> frozenset[str]:
    """Give the words of a text that begin with a capital where no sentence begins."""
    found = ((m.group(), m.start()) for m in words_in(body))
    return frozenset(word for word, at in found if word[0].isupper() and at > 1 and body[at - 2] not in ".!?")
