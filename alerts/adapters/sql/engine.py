"""One way to read and one way to write, on both databases.

SQLite: WAL, every commit on the disk (``synchronous=FULL``), and every write in ``BEGIN IMMEDIATE``.  A transaction
that begins by reading and then writes is refused by SQLite as soon as another has written in between, and waiting does
not help it; one that takes the write lock first only waits.  PostgreSQL: READ COMMITTED, whatever the server's default
is, because a lock that a transaction waited for is of use only if its next statement sees what the other one wrote.

What goes wrong with the database itself is a ``StoreError`` in one plain line, without the password and without values.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError
from sqlalchemy.sql.schema import Table

from alerts.errors import StoreError

BUSY = 30
"""Seconds that a write to SQLite waits for the others."""

Insert = sqlite.Insert | postgresql.Insert

_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


def open_engine(url: str) -> Engine:
    """Make the engine for a URL; nothing is read yet, but the last folder of a SQLite file is made.

    Raises ``StoreError`` if the URL is neither SQLite's nor PostgreSQL's, or its folder or driver is missing.
    """
    parsed = _parse(url)
    if parsed.drivername == "sqlite":
        return _sqlite(parsed)
    return _postgresql(parsed)


def file_url(path: Path) -> str:
    """Give the URL of a SQLite file, whatever letters its path has.

    >>> file_url(Path("/var/50% off?.db"))
    'sqlite:////var/50%25 off%3F.db'
    """
    return URL.create("sqlite", database=str(path)).render_as_string()


def place(url: URL) -> str:
    """Name a database to people: no password, and no parameters, which may hold one.

    >>> place(make_url("postgresql://anna:secret@db:5432/alerts?password=secret"))
    'postgresql://db:5432/alerts'
    """
    host = f"{url.host or ''}:{url.port}" if url.port else url.host or ""
    return f"{url.get_backend_name()}://{host}/{url.database or ''}"


def reading(engine: Engine) -> AbstractContextManager[Connection]:
    """Give a connection on which every statement stands alone: it holds nobody up."""
    options = {"alerts_reads": True} if engine.dialect.name == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
    return engine.connect().execution_options(**options)


def writing(engine: Engine) -> AbstractContextManager[Connection]:
    """Give a connection in a transaction: all of it is kept at the end of the block, or nothing on an exception."""
    return engine.begin()


def serialise(connection: Connection, name: str) -> None:
    """Let nobody else who names the same thing go on before this transaction ends.  SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(lock_number(name))))


def lock_number(name: str) -> int:
    """Make a PostgreSQL lock's number of a name; 64 bits, so that two names do not meet."""
    return int.from_bytes(hashlib.blake2b(f"alerts:{name}".encode(), digest_size=8).digest(), signed=True)


def insert(connection: Connection, table: Table) -> Insert:
    """Give the INSERT that knows ON CONFLICT, which each database has in a module of its own."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


# ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(
            "the URL of the store is not understood; write sqlite:///var/alerts.db or postgresql://user@host/alerts"
        ) from None
    if parsed.drivername in _POSTGRESQL:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return parsed.set(drivername="sqlite")
    raise StoreError(
        f'the store cannot be kept in "{parsed.drivername}"; '
        "write sqlite:///var/alerts.db or postgresql://user@host/alerts"
    )


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise StoreError("a SQLite store in memory would forget everything; name a file: sqlite:///var/alerts.db")
    _make_folder(Path(str(url.database)).absolute().parent)
    engine = create_engine(url, connect_args={"timeout": BUSY}, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _say)
    return engine


def _make_folder(folder: Path) -> None:
    """Make the last folder only: a long path that is not there is more likely wrong, or a disk that is not mounted."""
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError:
        raise StoreError(f"the store cannot be opened: there is no folder {folder.parent}") from None
    except OSError as error:
        raise StoreError(f"the store cannot be opened: {folder}: {error.strerror}") from None


def _postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(url, isolation_level="READ COMMITTED", pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise StoreError(f'PostgreSQL needs {error.name}; run: pip install "tocsin[postgres]"') from None
    event.listen(engine, "handle_error", _say)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    """Take BEGIN out of Python's hands, and set what SQLite forgets with each connection."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    if not connection.get_execution_options().get("alerts_reads"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _say(context: ExceptionContext) -> None:
    """Turn what is wrong with the database, not with our SQL, into a plain error.

    A connection that died while it was idle is found by a ping and replaced: that is no error yet.
    """
    error: Any = context.sqlalchemy_exception
    broken = isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError
    if not broken or context.is_pre_ping:
        return
    where = place(context.engine.url) if context.engine else "the store"
    reason = (str(context.original_exception).strip() or "no answer").splitlines()[0]
    raise StoreError(f"the store cannot be used: {where}: {reason}") from context.original_exception
