"""How many people were killed, injured, arrested or are missing, and whether that was exceeded since.  Pure.

Such counts grow: of two, the lower one was yesterday's, and beside today's it would be a riddle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from alerts.figures import figures

TOLL = re.compile(
    r"\b(?:death )?toll (?:[\w'’-]+ ){0,5}?(?:at|to|past|over|reaches|hits|tops|passes|climbs|rises|nears)"
    r"(?: (?:to|past|above))?(?: (?:at least|more than|over|nearly|about))? (?P<dead>\d[\d,]*)\b",
    re.IGNORECASE,
)

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
)
_UNITS += "eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {word: n for n, word in enumerate(_UNITS.split())} | {word: 10 * n for n, word in enumerate(_TENS.split(), 2)}
_IN_WORDS = re.compile(
    rf"\b(?:({'|'.join(_TENS.split())})(?:-({'|'.join(_UNITS.split()[1:10])}))?|({'|'.join(_UNITS.split()[2:])}))\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=2_048)
def people(words: str) -> Mapping[str, int]:
    """Give the most people that a text counts, by what became of them.

    >>> people("Death toll in Iran rises to 62; more than 1,300 were arrested")
    {'arrested': 1300, 'dead': 62}
    >>> people("Twenty-five people were killed")
    {'dead': 25}
    """
    found: dict[str, int] = {}
    for figure in figures(_IN_WORDS.sub(_in_digits, words)):
        if figure.what:
            found[figure.what] = max(int(figure.value.replace(",", "")), found.get(figure.what, 0))
    if toll := TOLL.search(words):
        found["dead"] = max(int(toll["dead"].replace(",", "")), found.get("dead", 0))
    return found


def _in_digits(found: re.Match[str]) -> str:
    """Write a number of English words, two to ninety-nine, in digits."""
    return str(sum(_VALUES[word.lower()] for word in found.groups() if word))


class Tolls:
    """The highest counts of some texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._most: dict[str, int] = {}
        for text in texts:
            for what, count in people(text).items():
                self._most[what] = max(count, self._most.get(what, 0))

    def exceed(self, words: str) -> bool:
        """Tell whether a text counts people, and every count of it was exceeded."""
        counted = people(words)
        return bool(counted) and all(count < self._most.get(what, 0) for what, count in counted.items())
