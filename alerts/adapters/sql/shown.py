"""Which keys a log has ever had, and when each was last shown to it: this outlives the values.

A feed may show an entry for a year, and some send everything again after one; but its text is kept for a shorter time.
What the log is asked to append is written down here as shown.  It is asked at least once in each generation of the
index in Redis (25 days), so that what a feed still shows never grows old here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from alerts.adapters.sql.engine import insert, reading
from alerts.adapters.sql.tables import shown

_DAY = timedelta(days=1)


def note(connection: Connection, name: str, keys: Sequence[str], at: datetime) -> None:
    """Write down that the keys were shown; those of the last day are left alone."""
    new = insert(connection, shown)
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[shown.c.name, shown.c.key],
            set_={"at": new.excluded.at},
            where=shown.c.at < at - _DAY,
        ),
        [{"name": name, "key": key, "at": at} for key in keys],
    )


def known(connection: Connection, name: str, keys: Sequence[str]) -> set[str]:
    """Give those of the keys that were shown before."""
    return set(connection.execute(select(shown.c.key).where(shown.c.name == name, shown.c.key.in_(keys))).scalars())


def keys(engine: Engine, name: str, *, since: datetime | None = None, chunk: int = 10_000) -> Iterator[tuple[str, ...]]:
    """Give all keys, or those shown at or after ``since``, in pieces: what the index of seen articles is made from."""
    last = ""
    while True:
        query = select(shown.c.key).where(shown.c.name == name, shown.c.key > last)
        if since is not None:
            query = query.where(shown.c.at >= since)
        query = query.order_by(shown.c.key).limit(chunk)
        with reading(engine) as connection:
            found = tuple(connection.execute(query).scalars())
        if not found:
            return
        last = found[-1]
        yield found
