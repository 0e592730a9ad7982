"""Whether a text says only what its sources say, as far as numbers, names and dates can tell.  Pure.

It is strict on purpose, because the extract is there to fall back on: a word with a capital that no source has is taken
for a name, even where it only begins a sentence.  It does not see who did what to whom: see the page on summaries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from alerts.figures import figures
from alerts.text import folds, words_in

LONGEST = 1_500
"""Characters: a longer text is no summary."""

_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_COUNTED = frozenset(
    "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands "
    "million millions billion billions trillion dozen dozens scores half third quarter double doubled twice tripled "
    "both first second fourth fifth single several "
    "today yesterday tomorrow tonight week weeks month months year years day days hour hours decade "
    "no not never none nobody without deny denied denies denying unless fail failed fails failing".split()
)
_OPENING = frozenset(
    "the a an this that these those it its he his she her they their in on at by for from to with after before but and "
    "or as if when while since there here of into over under more most some many all other another such also".split()
)


def is_grounded(text: str, sources: Iterable[str]) -> bool:
    """Whether every number, name and date of a text stands in one of the sources.

    >>> is_grounded("The US put 25% on Iran.", ["US announces 25% tariff on all who trade with Iran"])
    True
    >>> is_grounded("The US put 50% on Iraq.", ["US announces 25% tariff on all who trade with Iran"])
    False
    """
    said = list(sources)
    if not text.strip() or len(text) > LONGEST or "://" in text:
        return False
    known = [word for source in said for word in folds(source)]
    pairs = set(pairwise(known))
    return (
        _numbers([text]) <= _numbers(said)
        and _measured([text]) <= _measured(said)
        and set(_counted(text)) <= set(known)
        and all(run[0] in known if len(run) == 1 else set(pairwise(run)) <= pairs for run in _names(text))
    )


def _numbers(texts: Iterable[str]) -> set[str]:
    """Give the numbers, in western digits and without the commas of thousands."""
    return {_western(number) for text in texts for number in _NUMBER.findall(text)}


def _measured(texts: Iterable[str]) -> set[str]:
    """Name what is measured: 10,600 arrested are other 10,600 than those killed."""
    return {figure.name.replace(",", "") for text in texts for figure in figures(text)}


def _western(number: str) -> str:
    """Write a number in one way.

    >>> _western("۲۵"), _western("10,600")
    ('25', '10600')
    """
    plain = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in number)
    return re.sub(r",(?=\d{3}\b)", "", plain)


def _counted(text: str) -> Iterator[str]:
    """Give the words that count, date or deny."""
    return (word for word in folds(text) if word in _COUNTED)


def _names(text: str) -> Iterator[tuple[str, ...]]:
    """Give the runs of words with a capital, and each word of a script that has none: there any could be a name."""
    run: list[str] = []
    end = -1
    for m in words_in(text):
        word = m.group()
        is_name = not word.islower() and not word.isdecimal()
        joined = text[end : m.start()] in {" ", "-", "’", "'"} if run else False
        if run and not (is_name and joined):
            yield tuple(run)
            run = []
        if is_name and not (folds(word)[0] in _OPENING and _begins(text, m.start())):
            run.append(folds(word)[0])
        end = m.end()
    if run:
        yield tuple(run)


def _begins(text: str, at: int) -> bool:
    """Whether a sentence begins here."""
    return not text[:at].rstrip(" \"“‘'(«").strip() or text[:at].rstrip(" \"“‘'(«")[-1:] in ".!?…:"
