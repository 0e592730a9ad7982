"""Whether a hit is about its subject or only mentions it.  Pure.

An article is about a subject when a name of it stands in the title, or in the first 20 words of the text, or four
times in the text; a dateline ("TEHRAN, March 3 - ") does not count.  What a rule joins by AND is as strong as the
weaker of the two.  The figures were chosen on one half of a labelled set and tried on the other: ``bench/about.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from alerts.model import Evidence, Strength
from alerts.text import lead_end

OPENING = 20
"""So many words of the text are its opening: a news text says there what it is about."""

TIMES = 4
"""So many places in the text make a subject of what is neither in the title nor in the opening."""

_DATELINE = re.compile(r"\s*([^\W\d_][^\n–—:;!?\"]{1,58}?)\s*(?:[–—]|--|-(?=\s))")
_PLACE_ENDS = re.compile(r"[,(]")


class Place(Protocol):
    """Where something stands in the text, in letters."""

    @property
    def start(self) -> int:
        """Where it begins."""

    @property
    def end(self) -> int:
        """Where it ends."""


def opening(text: str) -> tuple[int, int]:
    """Find where the opening of a text begins and ends, in letters: its first 20 words, behind a dateline.

    >>> text = "TEHRAN, March 3 (Reuters) - Oil rose."
    >>> text[slice(*opening(text))]
    ' Oil rose.'
    """
    begin = dateline(text)
    return begin, begin + lead_end(text[begin : begin + 1_000], OPENING)


def dateline(text: str) -> int:
    """Find where the dateline ends, in letters; 0 if there is none.

    It is the place where an article was written, in capitals or with the agency in parentheses, before a dash.
    """
    head = text[:80]
    found = _DATELINE.match(head) if any(dash in head for dash in "-–—") else None
    if found is None:
        return 0
    place = found[1]
    return found.end() if _PLACE_ENDS.split(place)[0].isupper() or place.endswith(")") else 0


def strength(evidence: Sequence[Evidence], stretch: tuple[int, int], places: Callable[[], Sequence[Place]]) -> Strength:
    """Judge one subject by where its names stand.

    ``stretch`` is the opening of the text, and ``places`` gives all places in the text, which cost something and are
    asked for only if the evidence, the first place of each name, does not decide.
    """
    begin, end = stretch
    for one in evidence:
        if one.field != "text" or (begin <= one.start and one.end <= end):
            return "about"  # what is no text (the title, a category) is never a mention
    every = places()
    if len(every) >= TIMES:
        return "about"
    for place in every:
        if begin <= place.start and place.end <= end:
            return "about"
    return "mention"
