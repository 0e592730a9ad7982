"""What is old enough to go, and needed by nobody.

Every deletion is many small transactions: SQLite has one writer, and whoever polls or delivers must not wait for the
rows of a whole day.  A run that dies in between has deleted less, and nothing wrongly.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, Engine, Select, delete, func, or_, select, text

from alerts.adapters.sql.engine import reading, writing
from alerts.adapters.sql.tables import log, outbox, readers, receipts, rows, shown

CHUNK = 500
"""The most rows that one transaction deletes; some tens of milliseconds on a slow disk."""

CLOSED = ("delivered", "refused", "quarantined", "given_up")
"""The states in which a delivery is done with.  Any other may still be sent, and is kept."""


# ── logs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def from_log(engine: Engine, name: str, *, before: datetime, needed_by: Collection[str], all_readers: bool) -> int:
    """Delete the values that were written before then and that have been read; gives their number.

    ``needed_by`` are the readers that count in any case; one that has never read stands at the beginning, and holds
    everything.  With ``all_readers`` whoever else has a place in the log counts too.  A log is in the order in which it
    was written: the first value that is young or unread ends it.
    """
    end = _read_by_all(engine, name, needed_by, all_readers=all_readers)
    total = 0
    while positions := _oldest(engine, name, end, before):
        with writing(engine) as connection:
            total += connection.execute(delete(log).where(log.c.position.in_(positions))).rowcount
    return total


def held(engine: Engine, name: str, *, before: datetime) -> tuple[str, ...]:
    """Name the readers that have not read the oldest value, if that should have gone by its age."""
    first = select(log.c.position, log.c.written).where(log.c.name == name).order_by(log.c.position).limit(1)
    with reading(engine) as connection:
        found = connection.execute(first).one_or_none()
        if found is None or found.written >= before:
            return ()
        behind = select(readers.c.reader).where(readers.c.log == name, readers.c.position < found.position)
        return tuple(sorted(connection.execute(behind).scalars()))


def _read_by_all(engine: Engine, name: str, needed_by: Collection[str], *, all_readers: bool) -> int | None:
    """Give the position up to which everybody who counts has read; ``None`` if nobody counts."""
    query = select(readers.c.reader, readers.c.position).where(readers.c.log == name)
    with reading(engine) as connection:
        places = {reader: int(position) for reader, position in connection.execute(query)}
    counted = {*needed_by, *places} if all_readers else {*needed_by}
    return min((places.get(reader, 0) for reader in counted), default=None)


def _oldest(engine: Engine, name: str, end: int | None, before: datetime) -> list[int]:
    query = select(log.c.position, log.c.written).where(log.c.name == name)
    if end is not None:
        query = query.where(log.c.position <= end)
    with reading(engine) as connection:
        found = connection.execute(query.order_by(log.c.position).limit(CHUNK)).all()
    young = next((n for n, row in enumerate(found) if row.written >= before), len(found))
    return [row.position for row in found[:young]]


# ── stories ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def stories(engine: Engine, *, before: datetime) -> int:
    """Delete the stories that were put last before then, and of which no development is kept or waits to be told.

    Gives their number.
    """
    with reading(engine) as connection:
        told = {*connection.execute(select(log.c.story).where(log.c.name == "developments").distinct()).scalars()}
        waits = "".join(connection.execute(select(rows.c.body).where(rows.c.name == "waiting")).scalars())
        old = connection.execute(select(rows.c.key).where(rows.c.name == "stories", rows.c.at < before)).scalars()
        gone = [key for key in old if key not in told and json.dumps(key) not in waits]
    return _from_rows(engine, "stories", gone, before)


def threads(engine: Engine, *, before: datetime) -> int:
    """Forget the threads that were begun before then: a story that is so old gets no message more.  Their number."""
    with reading(engine) as connection:
        old = connection.execute(select(rows.c.key).where(rows.c.name == "threads", rows.c.at < before)).scalars().all()
    return _from_rows(engine, "threads", list(old), before)


def _from_rows(engine: Engine, name: str, keys: list[str], before: datetime) -> int:
    total = 0
    for some in _chunks(keys):
        with writing(engine) as connection:
            old_still = (rows.c.name == name, rows.c.key.in_(some), rows.c.at < before)
            total += connection.execute(delete(rows).where(*old_still)).rowcount
    return total


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────────────────────────


def deliveries(engine: Engine, *, before: datetime) -> int:
    """Delete the closed deliveries that were made and last tried before then, with their receipts; gives their number.

    One by which a reader would still find its place (``Delivery.upto``) is kept.
    """
    total, last = 0, 0
    while True:
        with writing(engine) as connection:
            ids = connection.execute(_closed(before, last)).all()
            if not ids:
                return total
            last = ids[-1].position
            total += _delete_deliveries(connection, [row.id for row in ids])


def _closed(before: datetime, last: int) -> Select[tuple[str, int]]:
    """Ask for some closed deliveries after a position, and hold them against a redrive while they are deleted."""
    mine = (readers.c.log == "developments") & (readers.c.reader == outbox.c.subscription)
    tried_lately = select(receipts.c.delivery).where(receipts.c.at >= before)
    return (
        select(outbox.c.id, outbox.c.position)
        .join_from(outbox, readers, mine, isouter=True)
        .where(outbox.c.state.in_(CLOSED), outbox.c.made < before, outbox.c.position > last)
        .where(or_(outbox.c.upto == 0, outbox.c.upto <= readers.c.position))
        .where(outbox.c.id.not_in(tried_lately))
        .order_by(outbox.c.position)
        .limit(CHUNK)
        .with_for_update(of=outbox)
    )


def _delete_deliveries(connection: Connection, ids: list[str]) -> int:
    connection.execute(delete(receipts).where(receipts.c.delivery.in_(ids)))
    return connection.execute(delete(outbox).where(outbox.c.id.in_(ids))).rowcount


# ── what was seen ────────────────────────────────────────────────────────────────────────────────────────────────────


def seen(engine: Engine, name: str, *, before: datetime) -> int:
    """Forget the keys of a log that were last shown before then; gives their number."""
    old = (shown.c.name == name, shown.c.at < before)
    total = 0
    while True:
        with reading(engine) as connection:
            keys = connection.execute(select(shown.c.key).where(*old).limit(CHUNK)).scalars().all()
        if not keys:
            return total
        with writing(engine) as connection:
            total += connection.execute(delete(shown).where(*old, shown.c.key.in_(keys))).rowcount


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def size(engine: Engine) -> tuple[int, int]:
    """Give the bytes that the database takes, and those of them that are free for what comes; 0 where it cannot say.

    What is deleted leaves free pages, which SQLite fills again before the file grows; PostgreSQL has its autovacuum.
    """
    with reading(engine) as connection:
        if engine.dialect.name == "postgresql":
            return int(connection.execute(select(func.pg_database_size(func.current_database()))).scalar_one()), 0
        page, pages, free = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_size", "page_count", "freelist_count")
        )
    return page * pages, page * free


def vacuum(engine: Engine) -> None:
    """Give the free space back to the disk.  SQLite writes the whole file anew, and nobody else may write meanwhile."""
    with reading(engine) as connection:
        connection.execute(text("VACUUM"))


def _chunks(keys: list[str]) -> Iterable[list[str]]:
    return (keys[first : first + CHUNK] for first in range(0, len(keys), CHUNK))
