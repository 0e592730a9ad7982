"""The latest value under each key: feed states, stories, slots served, the last good files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Generic

from sqlalchemy import Engine, select

from alerts.adapters.codec import Codec
from alerts.adapters.sql.engine import insert, reading, writing
from alerts.adapters.sql.tables import rows as rows_
from alerts.ports import T


class SqlTable(Generic[T]):
    """The rows of one kind of value, under a name."""

    def __init__(self, engine: Engine, name: str, of: type[T]) -> None:
        self._engine = engine
        self._name = name
        self._codec = Codec(of)

    def get(self, key: str) -> T | None:
        """Give the value, or ``None``."""
        with reading(self._engine) as connection:
            body = connection.execute(
                select(rows_.c.body).where(rows_.c.name == self._name, rows_.c.key == key)
            ).scalar()
        return None if body is None else self._codec.decode(body)

    def put(self, rows: Mapping[str, T], *, at: datetime) -> None:
        """Set all rows, or none.

        In the order of the keys: of two that put the same rows, one waits, and never both for each other.
        """
        if not rows:
            return
        made = [
            {"name": self._name, "key": key, "at": at, "body": self._codec.encode(value)}
            for key, value in sorted(rows.items(), key=lambda row: row[0])
        ]
        with writing(self._engine) as connection:
            new = insert(connection, rows_)
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=[rows_.c.name, rows_.c.key],
                    set_={"at": new.excluded.at, "body": new.excluded.body},
                ),
                made,
            )

    def values(self, *, since: datetime | None = None) -> tuple[T, ...]:
        """Give the values put at or after ``since``, in the order of their keys.

        Sorted here: PostgreSQL's order of text is that of its locale.
        """
        query = select(rows_.c.key, rows_.c.body).where(rows_.c.name == self._name)
        if since is not None:
            query = query.where(rows_.c.at >= since)
        with reading(self._engine) as connection:
            found = sorted((key, body) for key, body in connection.execute(query))
        return tuple(self._codec.decode(body) for _, body in found)
