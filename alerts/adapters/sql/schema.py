"""Opening the store: which version of the tables it holds, and making it ours.

Alembic is imported only when there is something to migrate: most openings ask one question and go on.
"""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack

from sqlalchemy import Column, Connection, Engine, MetaData, Table, Text, inspect, select, update
from sqlalchemy.exc import ProgrammingError

from alerts.adapters.sql.engine import BUSY, open_engine, place, reading, serialise, writing
from alerts.adapters.sql.tables import store
from alerts.errors import StoreError

HEAD = "0004"
"""The version of the tables that this code reads and writes."""

VERSION_TABLE = "alerts_schema"
"""Where Alembic keeps the version.  Not its default name: then Airflow's own database would pass for one of ours."""

_version = Table(VERSION_TABLE, MetaData(), Column("version_num", Text))


def connect(url: str) -> Engine:
    """Open the store and bring it to this version.  Several programs may do so at once; one of them migrates.

    ``url`` is ``sqlite:///path`` or ``postgresql://user:password@host/name`` (``postgres://`` too).  Raises
    ``StoreError`` when the store cannot be opened, is newer than this code, or belongs to another program.
    """
    with ExitStack() as undo:
        engine = open_engine(url)
        undo.callback(engine.dispose)
        if _current(engine) != HEAD:
            _migrate(engine)
        undo.pop_all()
    return engine


def store_id(engine: Engine) -> str:
    """Give the random id that the store got when it was made: what is kept elsewhere about it goes by this name."""
    with reading(engine) as connection:
        return str(connection.execute(select(store.c.id)).scalar_one())


def renew_store_id(engine: Engine) -> str:
    """Give the store a new id, so that marks in Redis of its former life are never met; after restoring a backup."""
    fresh = secrets.token_hex(8)
    with writing(engine) as connection:
        connection.execute(update(store).values(id=fresh))
    return fresh


def _current(engine: Engine) -> str | None:
    with reading(engine) as connection:
        return version_of(connection)


def version_of(connection: Connection) -> str | None:
    """Give the version of the tables; ``None`` before the first migration."""
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return None
    return connection.execute(select(_version.c.version_num)).scalar()


def _migrate(engine: Engine) -> None:
    """Run the steps that are missing, in one transaction that holds the others up; all of them, or none."""
    prepare(engine)
    try:
        with writing(engine) as connection:
            serialise(connection, "schema")
            _upgrade(connection, version_of(connection))
    except ProgrammingError as error:
        reason = str(error.orig).splitlines()[0]
        raise StoreError(f"the tables cannot be made in {place(engine.url)}: {reason}") from None


def prepare(engine: Engine) -> None:
    """Switch a SQLite file to WAL, for good.  SQLite does not wait here as it does elsewhere, so we do."""
    if engine.dialect.name != "sqlite":
        return
    end = time.monotonic() + BUSY
    while not _is_wal(engine, last=time.monotonic() > end):
        time.sleep(0.05)


def _is_wal(engine: Engine, *, last: bool) -> bool:
    try:
        with reading(engine) as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    except StoreError as error:
        if last or "locked" not in str(error):
            raise
        return False
    return True


def _upgrade(connection: Connection, version: str | None) -> None:
    """Bring the tables from their version to ours; another program may have done it while we waited for the lock."""
    if version == HEAD:
        return
    if version is None:
        _refuse_strangers(connection)
    from alerts.adapters.sql import upgrades  # noqa: PLC0415  Alembic costs a tenth of a second, and is rarely needed

    if version is not None and not upgrades.knows(version):
        raise StoreError(
            f"the store {place(connection.engine.url)} was written by a newer Tocsin (schema {version}, this is "
            f"{HEAD}); install that version, or restore a backup made by this one"
        )
    upgrades.upgrade(connection, HEAD)


def _refuse_strangers(connection: Connection) -> None:
    """Refuse a database that has tables already: it is another program's."""
    theirs = sorted(inspect(connection).get_table_names())
    if theirs:
        raise StoreError(
            f"the database {place(connection.engine.url)} has tables of another program ({', '.join(theirs[:3])}); "
            "give Tocsin a database of its own"
        )
