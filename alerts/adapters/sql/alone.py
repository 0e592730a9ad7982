"""One at a time: what two processes may not do together.  Whoever dies lets go."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from alerts.adapters.sql.engine import lock_number, reading


@contextmanager
def alone(engine: Engine, name: str) -> Iterator[None]:
    """Wait until nobody else who names the same thing is in such a block on this store, in whatever process.

    PostgreSQL keeps the lock for a connection and frees it when the connection ends; beside a SQLite file lies an empty
    one that the system locks, and frees when the process ends.
    """
    if engine.dialect.name == "postgresql":
        with reading(engine) as connection:
            connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": lock_number(f"alone:{name}")})
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": lock_number(f"alone:{name}")})
        return
    with Path(f"{engine.url.database}-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
