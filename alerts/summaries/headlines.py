"""Which of a story's titles says most: figures, names, somebody who does something.  Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from alerts.figures import figures
from alerts.model import Development, Story
from alerts.summaries.weights import Weights, likeness
from alerts.text import folds, words_in

NO_TITLE = "(no title)"

_NUMBER = re.compile(r"\d")
_VAGUE = re.compile(
    r"^\W*(?:why|how|what|who|where|when|is|are|can|could|will|should|watch|live|video|analysis|opinion|explainer|listen)\b"
    r"|\?\W*$|^(?:[^:]{0,25}): |^\W*(?:here|these) (?:is|are)\b|^\W*here's\b|\bwhat (?:to|we) know\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(r"\b(?:was|were|been|being|is|are) \w+(?:ed|en)\b|\b(?:killed|seen|said) by\b", re.IGNORECASE)
# English headlines are in the present: the verb, or the verb and an s.
_ACTIVE = re.compile(
    r"\b(?:accuse|agree|announce|approve|arrest|attack|back|ban|block|bomb|call|capture|charge|close|condemn|confirm|"
    r"cut|delay|demand|deny|deploy|detain|die|drop|ease|elect|evacuate|expel|face|fall|fine|fire|free|halt|hike|hit|"
    r"impose|join|jump|kill|launch|leave|levy|lift|lose|meet|open|order|plan|plunge|protest|quit|raise|rally|reject|"
    r"release|resign|resume|rise|say|seize|sentence|shoot|shut|sign|slash|strike|sue|summon|surge|target|threaten|urge|"
    r"veto|visit|vote|vow|warn|win|withdraw)(?:s|es)?\b|\b\w+ies\b",
    re.IGNORECASE,
)


def headline(news: Sequence[Development], story: Story | None) -> str:
    """Choose the most specific title in the language that most of the story speaks; among equals the newest.

    A correction says what was wrong and not what happened, and is taken only when there is nothing else.  The language
    is looked at because a reader who follows a story in one language should not meet it under the headline of its only
    foreign member.  ``news`` is in the order of time.
    """
    spoken = in_common_language(news, story)
    reports = [d for d in spoken if not d.reason.startswith("correction")] or spoken
    titles = [d.article.title for d in reports if d.article.title]
    if not titles:
        return NO_TITLE
    weights = Weights(titles)
    centre = weights.vector(*titles)
    names = _names(reports)
    scored = [
        (specificity(title, names) + 2 * likeness(weights.vector(title), centre) + n / len(titles), n)
        for n, title in enumerate(titles)
    ]
    return titles[max(scored)[1]]


def specificity(title: str, names: frozenset[str] = frozenset()) -> float:
    """Score a title by what it tells; ``names`` are words that the texts write with a capital inside a sentence.

    >>> specificity("Iran seizes 2 tankers", frozenset({"iran"})) > specificity("What to know about Iran's seizures")
    True
    """
    told = folds(title)
    score = 1.5 if figures(title) else 1.0 if _NUMBER.search(title) else 0.0
    score += 0.4 * min(3, len(names.intersection(told)))
    score += 0.5 if _ACTIVE.search(title.partition(" ")[2]) else 0.0
    score -= 0.5 if _PASSIVE.search(title) else 0.0
    score -= 2.0 if _VAGUE.search(title) else 0.0
    score -= 3.0 if title.rstrip().endswith(("…", "...")) else 0.0
    score -= 0.5 if len(told) < 4 or len(told) > 22 else 0.0
    return score


def in_common_language(news: Sequence[Development], story: Story | None) -> list[Development]:
    """Keep what is written in the primary language of most of the story's articles; among equals, of the earliest."""
    langs = [m.lang for m in story.members] if story and story.members else [d.article.lang for d in news]
    common = Counter(map(primary, langs)).most_common(1)[0][0]
    return [d for d in news if primary(d.article.lang) == common] or list(news)


def primary(lang: str) -> str:
    """Give the primary subtag of a language: ``en`` of ``en-GB``."""
    return lang.split("-", maxsplit=1)[0].lower()


def _names(news: Sequence[Development]) -> frozenset[str]:
    """Give the words that begin with a capital where no sentence begins, folded."""
    found: set[str] = set()
    for d in news:
        body = d.article.text[:2000]
        found.update(
            m.group()
            for m in words_in(body)
            if m.group()[0].isupper() and m.start() > 1 and body[m.start() - 2] not in ".!?"
        )
    return frozenset(folds(" ".join(sorted(found))))
