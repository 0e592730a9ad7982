"""A backup that any of our databases can be restored from: one compressed file of JSON lines.

::

    {"tocsin": …, "schema": …, "made": …, "positions": …}      the head
    {"table": "log", "columns": […]}                           then each table, parents first
    […]                                                        its rows, one a line
    {"rows": …, "sha256": …}                                   the foot: how many, and what all before it hashes to

It is written in one snapshot while the line goes on, and read in one transaction: all of it, or nothing.  The schema
that it was written with is made first, and then brought to today's by the same steps as a store that lives.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from sqlalchemy import Connection, DateTime, Engine, MetaData, Table, func, insert, inspect, select, text

from alerts.adapters.sql.engine import serialise, writing
from alerts.adapters.sql.schema import HEAD, VERSION_TABLE, prepare, version_of
from alerts.adapters.sql.tables import metadata
from alerts.errors import StoreError

COUNTED = ("log", "outbox", "receipts")
"""The tables with positions: those must never come again, even when the rows that had them are deleted."""

_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Dump:
    """What a file holds: the version of its tables, when it was made, and how many rows each table has."""

    schema: str
    made: datetime
    rows: Mapping[str, int]
    positions: Mapping[str, int]


# ── out ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(engine: Engine, path: Path, *, now: datetime) -> Dump:
    """Write a backup, which is there when it is whole.  Its owner alone can read it, for it holds addresses.

    Raises:
        StoreError: The file is there already, or cannot be written.
    """
    if path.exists():
        raise StoreError(f"{path} is there already; name another file")
    try:
        with NamedTemporaryFile(dir=path.absolute().parent, prefix=f".{path.name}.") as draft:
            with gzip.open(draft, "wb", compresslevel=6) as file, _snapshot(engine) as connection:
                made = _write(connection, _Hashed(file), now)
            draft.flush()
            path.hardlink_to(draft.name)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from None
    return made


class _Hashed:
    """Writes lines of JSON, and knows what they hash to."""

    def __init__(self, file: IO[bytes] | gzip.GzipFile) -> None:
        self._file = file
        self.hash = hashlib.sha256()

    def line(self, value: object) -> None:
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self.hash.update(written)
        self._file.write(written)


def _write(connection: Connection, file: _Hashed, now: datetime) -> Dump:
    positions = {name: _last_position(connection, name) for name in COUNTED}
    file.line({"tocsin": "backup", "schema": HEAD, "made": now.isoformat(), "positions": positions})
    rows: dict[str, int] = {}
    for table in metadata.sorted_tables:
        file.line({"table": table.name, "columns": [column.name for column in table.columns]})
        rows[table.name] = 0
        order = table.primary_key.columns
        for row in connection.execution_options(yield_per=_CHUNK).execute(select(table).order_by(*order)):
            file.line([value.isoformat() if isinstance(value, datetime) else value for value in row])
            rows[table.name] += 1
    file.line({"rows": rows, "sha256": file.hash.hexdigest()})
    return Dump(HEAD, now, rows, positions)


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees the store as it is at this moment, and holds up nobody."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            yield connection
        return
    with engine.connect().execution_options(alerts_reads=True) as connection:
        connection.exec_driver_sql("BEGIN")
        try:
            yield connection
        finally:
            connection.exec_driver_sql("ROLLBACK")


def _last_position(connection: Connection, name: str) -> int:
    """Give the last position that was given out, whatever has become of its row."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": name}).scalar()
        return int(found or 0)
    sequence = connection.execute(select(func.pg_get_serial_sequence(name, "position"))).scalar_one()
    found = connection.exec_driver_sql(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608 - a name out of our own tables
    return int(found.scalar_one())


# ── in ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def examine(path: Path) -> Dump:
    """Read a whole backup and hold it against its foot; nothing is restored.

    Raises:
        StoreError: It is no backup, it is not whole, or it was changed.
    """
    hashed, table = hashlib.sha256(), ""
    rows: dict[str, int] = {}
    head: dict[str, Any] = {}
    foot: dict[str, Any] = {}
    for written, value in _lines(path):
        if foot:
            raise StoreError(f"{path} goes on behind its end: it was changed")
        if isinstance(value, dict) and "sha256" in value:
            foot = value
            continue
        hashed.update(written)
        if isinstance(value, dict):
            head = head or value
            table = value.get("table", "")
            rows |= {table: 0} if table else {}
        elif table:
            rows[table] += 1
    if head.get("tocsin") != "backup":
        raise StoreError(f"{path} is no backup of Tocsin")
    if not foot:
        raise StoreError(f"{path} is not whole: its end is missing; take another backup")
    if foot["sha256"] != hashed.hexdigest() or foot["rows"] != rows:
        raise StoreError(f"{path} was changed since it was made: what it holds is not what its end says")
    return Dump(head["schema"], datetime.fromisoformat(head["made"]), rows, head["positions"])


def restore(engine: Engine, path: Path, *, replace: bool = False) -> Dump:
    """Make the store what the backup says, in one transaction.  Whoever uses it must have been stopped.

    Raises:
        StoreError: The backup will not do, or is of a newer version; or the store holds something, and ``replace`` is
            not said.
    """
    dump = examine(path)
    from alerts.adapters.sql import upgrades  # noqa: PLC0415  Alembic costs a tenth of a second

    if not upgrades.knows(dump.schema):
        raise StoreError(f"{path} was written by a newer Tocsin (schema {dump.schema}, this is {HEAD}); install that")
    prepare(engine)
    with writing(engine) as connection:
        serialise(connection, "schema")
        _empty(connection, replace=replace)
        upgrades.upgrade(connection, dump.schema)
        _fill(connection, path)
        for name, position in dump.positions.items():
            _go_on_behind(connection, name, position)
        upgrades.upgrade(connection, HEAD)
    return dump


def _empty(connection: Connection, *, replace: bool) -> None:
    """Take away what is there, if that may be: tables of another program never, and our own only when it is said."""
    there = inspect(connection).get_table_names()
    if not there:
        return
    if version_of(connection) is None:
        raise StoreError("the database has tables of another program; give Tocsin a database of its own")
    ours = MetaData()
    ours.reflect(connection, only=[name for name in there if name in metadata.tables or name == VERSION_TABLE])
    full = [t.name for t in ours.sorted_tables if t.name in COUNTED and connection.execute(select(t).limit(1)).first()]
    if full and not replace:
        raise StoreError("the store holds something already; say --replace to delete it and restore the backup")
    ours.drop_all(connection)


def _fill(connection: Connection, path: Path) -> None:
    """Insert the rows, into the tables as they were when it was written; the steps have put a first row into some."""
    known = MetaData()
    known.reflect(connection)
    for name in reversed(known.sorted_tables):
        if name.name != VERSION_TABLE:
            connection.execute(name.delete())
    for table, columns, rows in _tables(path):
        made = known.tables[table]
        for some in _chunks(rows):
            connection.execute(insert(made), [_row(connection, made, columns, row) for row in some])


def _row(connection: Connection, table: Table, columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    """Give a row as the database takes it: SQLite keeps a time as its digits in UTC."""
    plain = connection.dialect.name == "sqlite"
    made = dict(zip(columns, row, strict=True))
    for name, value in made.items():
        if value is not None and isinstance(table.c[name].type, DateTime):
            at = datetime.fromisoformat(value).astimezone(UTC)
            made[name] = at.replace(tzinfo=None) if plain else at
    return made


def _go_on_behind(connection: Connection, name: str, position: int) -> None:
    """Let the next position be behind the last one that was ever given out."""
    if not position:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.setval(func.pg_get_serial_sequence(name, "position"), position)))
        return
    connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
    new = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)")
    connection.execute(new, {"name": name, "seq": position})


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _lines(path: Path) -> Iterator[tuple[bytes, Any]]:
    """Give each line, as it is written and as it is meant."""
    try:
        with gzip.open(path, "rb") as file:
            for written in file:
                yield written, json.loads(written)
    except FileNotFoundError:
        raise StoreError(f"there is no file {path}") from None
    except EOFError:
        raise StoreError(f"{path} is not whole: its end is missing; take another backup") from None
    except (OSError, ValueError, zlib.error):
        raise StoreError(f"{path} is no backup of Tocsin, or is damaged") from None


def _tables(path: Path) -> Iterator[tuple[str, list[str], Iterator[list[Any]]]]:
    """Give each table with its columns and its rows; the rows of one must be taken before the next is asked for."""
    lines = (value for _, value in _lines(path))
    value = next(lines, None)
    while value is not None:
        if not (isinstance(value, dict) and "table" in value):
            value = next(lines, None)
            continue
        rest: list[Any] = []
        yield value["table"], value["columns"], _rows(lines, rest)
        value = rest[0] if rest else next(lines, None)


def _rows(lines: Iterator[Any], rest: list[Any]) -> Iterator[list[Any]]:
    """Give rows up to what is no row, and leave that in ``rest``."""
    for value in lines:
        if not isinstance(value, list):
            rest.append(value)
            return
        yield value


def _chunks(rows: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    some: list[list[Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == _CHUNK:
            yield some
            some = []
    if some:
        yield some
