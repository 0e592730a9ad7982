"""How many people were killed, injured, arrested or are missing, and whether that was exceeded since.  Pure.

Such counts grow: of two, the lower one was yesterday's, and beside today's it would be a riddle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from alerts.figures import figures

TOLL = re.compile(
    r"\b(?:death )?toll (?:[\w'’-]+ ){0,5}?(?:at|to|past|over|reaches|hits|tops|passes|climbs|rises|nears)"
    r"(?: (?:to|past|above))?(?: (?:at least|more than|over|nearly|about))? (?P<dead>\d[\d,]*)\b",
    re.IGNORECASE,
)


def people(words: str) -> dict[str, int]:
    """Give the most people that a text counts, by what became of them.

    >>> people("Death toll in Iran rises to 62; more than 1,300 were arrested")
    {'arrested': 1300, 'dead': 62}
    """
    found: dict[str, int] = {}
    for figure in figures(words):
        if figure.what:
            found[figure.what] = max(int(figure.value.replace(",", "")), found.get(figure.what, 0))
    if toll := TOLL.search(words):
        found["dead"] = max(int(toll["dead"].replace(",", "")), found.get("dead", 0))
    return found


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
