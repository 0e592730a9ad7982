"""What was written of a story, kept so that it is written once for all who are told it alike.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from alerts.model import Told

T = TypeVar("T")

FEW = 100
"""How many are kept where it is not said: some ten kilobytes each."""


class Plates:
    """Plates as printers have them: what is set once is printed as often as it is asked for.

    A story goes by which value it is, not by what is in it: to compare two takes longer than to write one anew.  So
    whoever is to be told the same must be told it by the same value.
    """

    def __init__(self, many: int = FEW) -> None:
        self._many = many
        self._set: dict[tuple[int, Hashable], tuple[Told, Any]] = {}

    def once(self, told: Told, form: Hashable, make: Callable[[], T]) -> T:
        """Give what ``make`` made of a story in this form, the first time or now."""
        found = self._set.get((id(told), form))
        if found is None:
            if len(self._set) >= self._many:
                self._set.clear()
            found = self._set[id(told), form] = told, make()  # the story is held, or its id would be another's
        made: T = found[1]
        return made
