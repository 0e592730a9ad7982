"""Which keys a log has ever had, and when each was last shown to it: this outlives the values.

A feed may show an entry for a year, and some send everything again after one; but its text is kept for a shorter time.
What the log is asked to append is written down here as shown.  It is asked at least once in each generation of the
index in Redis (25 days), so that what a feed still shows never grows old here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, select

from alerts.adapters.sql.engine import insert, reading, writing
from alerts.adapters.sql.tables import shown

KEEP = timedelta(days=400 + 25)
"""How long after a key was last written down as shown it may be forgotten: 400 days after it was last shown."""

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


def keys(engine: Engine, name: str, *, chunk: int = 10_000) -> Iterator[tuple[str, ...]]:
    """Give all keys in pieces: what the index of seen articles is rebuilt from."""
    last = ""
    while True:
        query = select(shown.c.key).where(shown.c.name == name, shown.c.key > last).order_by(shown.c.key).limit(chunk)
        with reading(engine) as connection:
            found = tuple(connection.execute(query).scalars())
        if not found:
            return
        last = found[-1]
        yield found


def forget(engine: Engine, before: datetime) -> int:
    """Forget the keys that were last shown before then; gives their number.  For housekeeping: ``now - KEEP``."""
    with writing(engine) as connection:
        return connection.execute(delete(shown).where(shown.c.at < before)).rowcount
