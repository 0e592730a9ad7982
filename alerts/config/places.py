"""Where the rules and watchlists stand in their files, for what is found out about them once they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from alerts.config.values import Row, keys
from alerts.errors import Problem

_NOUNS = {"rules": "rule", "watchlists": "watchlist"}


@dataclass(frozen=True, slots=True)
class Places:
    """The entries of the files by kind and id.  It keeps the text of the files: it is for a check, not for a run."""

    rows: Mapping[tuple[str, str], Row] = field(default_factory=dict)

    def problem(self, entry: str, path: str, message: str, *, warning: bool = False) -> Problem:
        """Say something of a key of a rule, or of ``@watchlist``; of one whose file is not known, without a place.

        >>> Places().problem("@iran", "aliases.2", "take Tehran out").message
        'watchlist "iran": take Tehran out'
        """
        kind, name = ("watchlists", entry[1:]) if entry.startswith("@") else ("rules", entry)
        row = self.rows.get((kind, name))
        found = (
            row.fault(message, *keys(path)).problem if row else Problem("", 0, 0, f'{_NOUNS[kind]} "{name}": {message}')
        )
        return replace(found, message=f"warning: {found.message}") if warning else found


def of(rows: Iterable[Row]) -> Places:
    """Index entries by their kind and id."""
    return Places({(row.draft.kind, row.value.id): row for row in rows})
