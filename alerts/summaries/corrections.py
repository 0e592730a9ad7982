"""What was corrected is not told: neither the sentence nor the figure.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from alerts.figures import figures
from alerts.model import Development
from alerts.summaries.sentences import sentences

_WRONG = re.compile(r"\b(?:not|instead of|rather than)\s(?P<wrong>[$€£¥]?\d[\d,.]*\d|\d)")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


def corrected(development: Development, news: Sequence[Development]) -> Development:
    """Leave out the sentences with a number that one of the corrections says was wrong, and the corrections' own notes.

    A number is wrong if a correction says "not 4,200"; and one of people killed, injured or arrested, if the correction
    gives another of the same kind and the article is older.
    """
    corrections = [d for d in news if d.reason.startswith("correction")]
    if not corrections:
        return development
    wrong = set(_wrong(corrections))
    counted = _counted(corrections) if development not in corrections else {}
    kept = [s for s in sentences(development.article.text) if not _tells(s, wrong, counted)]
    article = replace(development.article, text=" ".join(kept))
    return replace(development, match=replace(development.match, article=article))


def _wrong(corrections: Iterable[Development]) -> Iterable[str]:
    """Give the numbers that the corrections take back."""
    return (
        m["wrong"].lstrip("$€£¥") for d in corrections for m in _WRONG.finditer(f"{d.article.title} {d.article.text}")
    )


def _counted(corrections: Iterable[Development]) -> dict[str, set[str]]:
    """Give the people whom the corrections count, by what became of them."""
    found: dict[str, set[str]] = {}
    for d in corrections:
        for figure in figures(d.article.text):
            if figure.what:
                found.setdefault(figure.what, set()).add(figure.value)
    return found


def _tells(sentence: str, wrong: set[str], counted: dict[str, set[str]]) -> bool:
    """Whether a sentence tells a number that is known to be wrong."""
    if wrong.intersection(_NUMBER.findall(sentence)):
        return True
    return any(f.what in counted and f.value not in counted[f.what] for f in figures(sentence))
