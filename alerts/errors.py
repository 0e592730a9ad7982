"""The errors, as a tree. Pure.

::

    AlertsError               something that a caller may want to name
    ├── ConfigError           a file of the configuration is wrong: every problem at once, each with its place
    ├── FetchError            what a server did to us: status, time-out, size, refusal
    ├── ParseError            what a server gave us is not a feed
    └── StoreError            SQL cannot be used: the run stops, nothing is lost

What the world does wrong (``FetchError``, ``ParseError``) is a value: an adapter or a pure function makes it, a stage
turns it into a state and a line of its report.  What we do wrong is an exception that nobody catches.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

_SHOWN = 120
"""The most letters that are shown of a line."""


def _width(letter: str) -> int:
    """How many columns a terminal gives to a letter."""
    if unicodedata.combining(letter) or letter in "\u200c\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


class AlertsError(Exception):
    """The root of the tree."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in one file: what, which, where, and what to do.

    ``line`` and ``column`` count from 1; 0 means that the whole file is meant.  ``text`` is the line as it is written,
    where it may be shown: files that could hold an address or a secret have none.
    """

    path: str
    line: int
    column: int
    message: str
    text: str = ""

    def __str__(self) -> str:
        """The place in the form that editors and terminals turn into a link."""
        return f"{self.path}:{self.line}:{self.column}: {self.message}"

    @property
    def pointed(self) -> str:
        """All of it, with the line and a caret under the place, if the line may be shown.

        >>> print(Problem("rules/a.yaml", 3, 15, "write AND", "    match: oil adn gas").pointed)
        rules/a.yaml:3:15: write AND
            match: oil adn gas
                      ^
        """
        if not self.text or not 0 < self.column <= len(self.text) + 1:
            return str(self)
        at = self.column - 1
        begin = max(0, at - _SHOWN // 2) if len(self.text) > _SHOWN else 0
        shown = "".join(c if c.isprintable() else " " for c in self.text[begin : begin + _SHOWN])
        blanks = sum(_width(letter) for letter in self.text[begin:at])
        return f"{self}\n{shown.rstrip()}\n{' ' * blanks}^"


class ConfigError(AlertsError):
    """The configuration cannot be used.  ``problems`` holds every one of them, in the order of the files."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class FetchError(AlertsError):
    """A feed could not be fetched.

    ``status`` is the HTTP status, 0 when none came.  ``retry_after`` is what the server asked us to wait.  ``fault`` is
    ``content`` if what came, or where it led, is not safe to take, and ``held`` if the server was not asked at all,
    because its host is to be left alone for ``retry_after``: no fault of the feed.  ``led`` is the address of another
    site to which a request that should ``stay`` was redirected.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int = 0,
        retry_after: timedelta | None = None,
        fault: Literal["answer", "content", "held"] = "answer",
        led: str = "",
    ) -> None:
        self.reason = reason
        self.status = status
        self.retry_after = retry_after
        self.fault = fault
        self.led = led
        super().__init__(reason)


class ParseError(AlertsError):
    """A body is not a feed.  The message says what it looks like instead."""


class StoreError(AlertsError):
    """The SQL store cannot be opened or is of another version.  The message says what to do."""
