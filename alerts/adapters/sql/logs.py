"""The append-only logs, and where each reader is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy import insert as plain_insert

from alerts.adapters.clock import Clock, utc
from alerts.adapters.codec import Codec
from alerts.adapters.logs import decided
from alerts.adapters.sql import shown
from alerts.adapters.sql.engine import insert, reading, serialise, writing
from alerts.adapters.sql.tables import log, readers
from alerts.model import Article, Development, Match
from alerts.ports import Batch, K, Reader

_CHUNK = 500
"""The most keys in one question; SQLite takes 32,766 parameters, older ones 999."""


class SqlLog(Generic[K]):
    """A log of one kind of value, under a name.

    Appends to one log are made one after another, to the end of the transaction.  PostgreSQL gives out positions when
    a row is written and shows the row when its transaction commits; without the lock a slow writer could commit
    position 7 after readers have passed 8, and they would never see it.

    A ``lasting`` log knows its keys even when it no longer has the values.
    """

    def __init__(self, engine: Engine, name: str, of: type[K], *, lasting: bool = False, clock: Clock = utc) -> None:
        self._engine = engine
        self._name = name
        self._codec = Codec(of)
        self._lasting = lasting
        self._clock = clock

    def append(self, values: Iterable[K]) -> int:
        """Write the values whose key is not there yet, all or none; the number written."""
        bodies: dict[str, K] = {}
        for value in values:
            bodies.setdefault(value.key, value)
        if not bodies:
            return 0
        with writing(self._engine) as connection:
            serialise(connection, f"log:{self._name}")
            known = self._known(connection, list(bodies))
            at = self._clock()
            new = {key: value for key, value in bodies.items() if key not in known}
            if new:
                connection.execute(plain_insert(log), [self._row(key, value, at) for key, value in new.items()])
            if self._lasting:
                shown.note(connection, self._name, list(bodies), at)
        decided(self._name, new.values())
        return len(new)

    def read(self, reader: str, limit: int = 500) -> Batch[K]:
        """Give what comes after the reader's position, oldest first."""
        with reading(self._engine) as connection:
            position = self._position(connection, reader)
        found = self.after(position, limit)
        return Batch(tuple(value for _, value in found), found[-1][0] if found else position)

    def after(self, position: int, limit: int = 500) -> tuple[tuple[int, K], ...]:
        """Give what comes after a position, oldest first, each with its own."""
        query = select(log.c.position, log.c.body).where(log.c.name == self._name, log.c.position > position)
        with reading(self._engine) as connection:
            found = connection.execute(query.order_by(log.c.position).limit(limit)).all()
        return tuple((row.position, self._codec.decode(row.body)) for row in found)

    def commit(self, reader: str, end: int) -> None:
        """Move the reader to ``end``; never backwards."""
        self.commit_all({reader: end})

    def commit_all(self, ends: Mapping[str, int]) -> None:
        """Move each reader to its end, all or none; never backwards.

        In the order of their names: of two that move the same readers, one waits, and never both for each other.
        """
        if not ends:
            return
        made = [{"log": self._name, "reader": name, "position": end} for name, end in sorted(ends.items())]
        with writing(self._engine) as connection:
            new = insert(connection, readers)
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=[readers.c.log, readers.c.reader],
                    set_={"position": new.excluded.position},
                    where=readers.c.position < new.excluded.position,
                ),
                made,
            )

    def subscribe(self, reader: str, *, now: datetime, since: datetime | None = None) -> None:
        """Make the reader known, once: at the end, or before the first value written at or after ``since``.

        A reader that has committed without being known keeps its position.
        """
        if self.subscribed(reader) is not None:
            return
        with writing(self._engine) as connection:
            start = self._start(connection, since)
            new = insert(connection, readers).values(log=self._name, reader=reader, position=start, subscribed=now)
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=[readers.c.log, readers.c.reader],
                    set_={"subscribed": new.excluded.subscribed},
                    where=readers.c.subscribed.is_(None),
                )
            )

    def subscribed(self, reader: str) -> datetime | None:
        """When the reader was made known; ``None`` if it was not."""
        with reading(self._engine) as connection:
            return connection.execute(
                select(readers.c.subscribed).where(readers.c.log == self._name, readers.c.reader == reader)
            ).scalar()

    def readers(self) -> Mapping[str, Reader]:
        """Give every reader that was made known or has committed."""
        query = select(readers.c.reader, readers.c.position, readers.c.subscribed).where(readers.c.log == self._name)
        with reading(self._engine) as connection:
            return {row.reader: Reader(row.position, row.subscribed) for row in connection.execute(query)}

    def _known(self, connection: Connection, keys: Sequence[str]) -> set[str]:
        known: set[str] = set()
        for first in range(0, len(keys), _CHUNK):
            some = keys[first : first + _CHUNK]
            known.update(
                connection.execute(select(log.c.key).where(log.c.name == self._name, log.c.key.in_(some))).scalars()
            )
            known |= shown.known(connection, self._name, some) if self._lasting else set()
        return known

    def _position(self, connection: Connection, reader: str) -> int:
        where = (readers.c.log == self._name, readers.c.reader == reader)
        return connection.execute(select(readers.c.position).where(*where)).scalar() or 0

    def _start(self, connection: Connection, since: datetime | None) -> int:
        if since is not None:
            first = select(func.min(log.c.position)).where(log.c.name == self._name, log.c.written >= since)
            found = connection.execute(first).scalar()
            if found is not None:
                return int(found) - 1
        end = select(func.max(log.c.position)).where(log.c.name == self._name)
        return connection.execute(end).scalar() or 0

    def _row(self, key: str, value: K, at: datetime) -> dict[str, Any]:
        row = {"name": self._name, "key": key, "written": at, "body": self._codec.encode(value)}
        return row | _columns(value)


def url_hash(url: str) -> str:
    """Name a URL, of whatever length, in 32 letters."""
    return hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _columns(value: object) -> dict[str, str | None]:
    """Give what ``alerts explain`` finds a value by."""
    article = value if isinstance(value, Article) else value.article if isinstance(value, Match | Development) else None
    return {
        "article": article.id if article else None,
        "url_hash": url_hash(article.url) if article else None,
        "story": value.story if isinstance(value, Development) else None,
    }
