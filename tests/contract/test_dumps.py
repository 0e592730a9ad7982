"""Backups: what goes in comes out, in any database; what is damaged is refused; nothing is half restored."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from alerts.adapters import sql
from alerts.adapters.sql import dumps, queries, schema, tables, upgrades
from alerts.adapters.sql.engine import open_engine, reading
from alerts.errors import StoreError
from alerts.model import Article, Development, Match, Story
from alerts.subscribers import Subscriber, Wishes
from tests.contract.values import NOW, article, delivery, development, match, receipt, story


@pytest.fixture
def full(engine: Engine) -> Engine:
    """A store with something in every table."""
    articles = sql.SqlLog(engine, "articles", Article, lasting=True)
    articles.append([article(n) for n in range(5)])
    articles.commit("match", articles.read("match").end)
    articles.subscribe("anna", now=NOW)
    sql.SqlLog(engine, "matches", Match).append([match(n) for n in range(2)])
    sql.SqlLog(engine, "developments", Development).append([development(1)])
    sql.SqlTable(engine, "stories", Story).put({"s-1": story("s-1", 1)}, at=NOW)
    sql.SqlTable(engine, "slots", datetime).put({"anna": NOW}, at=NOW)
    mina = Subscriber("a" * 32, "mina@example.org", "active", Wishes(("iran",), "30 7 * * *"), NOW, NOW)
    sql.SqlSubscribers(engine).put(mina, "m1")
    outbox = sql.SqlOutbox(engine)
    outbox.add([delivery("one"), delivery("two")])
    token = outbox.claim(["one"], now=NOW, until=NOW + timedelta(minutes=5))["one"]
    assert token
    outbox.record(receipt("one"), token=token, next_attempt=None)
    return engine


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without a table, of each kind."""
    if request.param == "sqlite":
        made = open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    else:
        made = open_engine(request.getfixturevalue("empty_postgresql_url"))
    yield made
    made.dispose()


def rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with reading(engine) as connection:
        every = tables.metadata.sorted_tables
        return {t.name: sorted(map(tuple, connection.execute(t.select())), key=str) for t in every}


def test_what_goes_in_comes_out_in_any_database(full: Engine, other: Engine, tmp_path: Path) -> None:
    path = tmp_path / "backup.gz"
    assert [table for table, found in rows(full).items() if not found] == [], "every table is tried"
    made = dumps.write(full, path, now=NOW)
    assert made.rows["log"] == 8
    assert dumps.restore(other, path) == made == dumps.examine(path)
    assert rows(other) == rows(full)
    with reading(other) as connection:
        assert schema.version_of(connection) == schema.HEAD


def test_positions_go_on_where_they_were(full: Engine, other: Engine, tmp_path: Path) -> None:
    """Even if the last rows are gone: a reader stands behind them, and would never meet a position that comes again."""
    articles = sql.SqlLog(full, "articles", Article)
    end = articles.read("nobody").end
    articles.commit("late", end)
    with full.begin() as connection:
        connection.execute(tables.log.delete())
    dumps.write(full, tmp_path / "b", now=NOW)
    dumps.restore(other, tmp_path / "b")
    restored = sql.SqlLog(other, "articles", Article)
    restored.append([article(9)])
    assert [value.id for value in restored.read("late").values] == ["a-9"]
    assert restored.read("late").end > end


def test_a_backup_is_a_snapshot(full: Engine) -> None:
    """What is written while it is made is not in it, not even in the table that is read last."""
    with dumps._snapshot(full) as connection:
        before = connection.execute(tables.log.select()).all()
        sql.SqlLog(full, "articles", Article).append([article(99)])
        assert connection.execute(tables.log.select()).all() == before
    assert queries.find_articles(full, "a-99")


def test_only_its_owner_can_read_it_and_nothing_is_overwritten(full: Engine, tmp_path: Path) -> None:
    path = tmp_path / "b"
    dumps.write(full, path, now=NOW)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreError, match="is there already"):
        dumps.write(full, path, now=NOW)
    with pytest.raises(StoreError, match="cannot be written"):
        dumps.write(full, tmp_path / "none" / "b", now=NOW)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


# ── what will not do ─────────────────────────────────────────────────────────────────────────────────────────────────


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _lines(change: Callable[[list[bytes]], Sequence[bytes]]) -> Callable[[bytes], bytes]:
    return lambda data: gzip.compress(b"".join(change(gzip.decompress(data).splitlines(keepends=True))))


BAD = [
    ("cut off", _cut, "is not whole"),
    ("without its end", _lines(lambda lines: lines[:-1]), "is not whole: its end is missing"),
    ("a row less", _lines(lambda lines: [*lines[:2], *lines[3:]]), "was changed since it was made"),
    ("a word changed", _lines(lambda lines: [line.replace(b"tariff", b"tarifa") for line in lines]), "was changed"),
    ("something behind its end", _lines(lambda lines: [*lines, b"[1]\n"]), "goes on behind its end"),
    ("no backup", lambda _: gzip.compress(b'{"a": 1}\n'), "is no backup of Tocsin"),
    ("no JSON", lambda _: gzip.compress(b"hello\n"), "is no backup of Tocsin, or is damaged"),
    ("not packed", lambda _: b"hello", "is no backup of Tocsin, or is damaged"),
    ("empty", lambda _: b"", "is no backup of Tocsin"),
]


@pytest.mark.parametrize(("what", "change", "said"), BAD, ids=[case[0] for case in BAD])
def test_a_file_that_will_not_do_changes_nothing(
    sqlite_url: str, tmp_path: Path, what: str, change: Callable[[bytes], bytes], said: str
) -> None:
    engine = sql.connect(sqlite_url)
    sql.SqlLog(engine, "articles", Article).append([article(1)])
    before = rows(engine)
    path = tmp_path / "b"
    dumps.write(engine, path, now=NOW)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(StoreError, match=said):
        dumps.restore(engine, path, replace=True)
    assert rows(engine) == before
    engine.dispose()


def test_a_file_that_is_not_there(sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no file"):
        dumps.restore(open_engine(sqlite_url), tmp_path / "none")


def test_a_store_that_holds_something_is_left_alone_unless_it_is_said(full: Engine, tmp_path: Path) -> None:
    path = tmp_path / "b"
    dumps.write(full, path, now=NOW)
    before = rows(full)
    sql.SqlLog(full, "articles", Article).append([article(99)])
    with pytest.raises(StoreError, match="say --replace"):
        dumps.restore(full, path)
    assert queries.find_articles(full, "a-99")
    dumps.restore(full, path, replace=True)
    assert rows(full) == before


def test_a_new_store_that_is_empty_needs_no_word(full: Engine, sqlite_url: str, tmp_path: Path) -> None:
    dumps.write(full, tmp_path / "b", now=NOW)
    new = sql.connect(f"sqlite:///{tmp_path / 'new.db'}")
    dumps.restore(new, tmp_path / "b")
    assert rows(new) == rows(full)
    new.dispose()


def test_a_restore_that_fails_in_the_middle_leaves_the_store_as_it_was(
    full: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dumps.write(full, tmp_path / "b", now=NOW)
    sql.SqlLog(full, "articles", Article).append([article(99)])
    before = rows(full)
    monkeypatch.setattr(dumps, "_go_on_behind", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        dumps.restore(full, tmp_path / "b", replace=True)
    assert rows(full) == before


def test_tables_of_another_program_are_left_alone(full: Engine, other: Engine, tmp_path: Path) -> None:
    dumps.write(full, tmp_path / "b", now=NOW)
    with other.begin() as connection:
        connection.execute(text("CREATE TABLE dag_run (id INTEGER)"))
    with pytest.raises(StoreError, match="tables of another program"):
        dumps.restore(other, tmp_path / "b", replace=True)


# ── of another version ───────────────────────────────────────────────────────────────────────────────────────────────


def written(path: Path, version: str, *parts: tuple[str, dict[str, Any]]) -> None:
    """A backup as another version would have written it, with one row in each table."""
    lines: list[Any] = [{"tocsin": "backup", "schema": version, "made": NOW.isoformat(), "positions": {"log": 40}}]
    for table, row in parts:
        lines += [{"table": table, "columns": [*row]}, [*row.values()]]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    foot = {"rows": {table: 1 for table, _ in parts}, "sha256": hashlib.sha256(body).hexdigest()}
    path.write_bytes(gzip.compress(body + json.dumps(foot).encode() + b"\n"))


def test_a_backup_of_the_first_version_is_brought_to_today(full: Engine, other: Engine, tmp_path: Path) -> None:
    with reading(full) as connection:
        body = connection.execute(text("SELECT body FROM log WHERE name = 'articles' ORDER BY position")).scalar()
    of_log = {"position": 7, "name": "articles", "key": article(0).key, "written": NOW.isoformat(), "body": body}
    written(tmp_path / "b", "0001", ("store", {"id": "s", "made": NOW.isoformat()}), ("log", of_log))
    dumps.restore(other, tmp_path / "b")
    articles = sql.SqlLog(other, "articles", Article, lasting=True)
    assert articles.read("r").values == (article(0),)
    assert articles.append([article(0), article(1)]) == 1, "it is known as seen, by the step that made the table of it"
    assert articles.read("r").end == 41
    assert sql.store_id(other) == "s"


def test_a_newer_backup_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    written(tmp_path / "b", "9999", ("store", {"id": "s", "made": NOW.isoformat()}))
    with pytest.raises(StoreError, match=r"newer Tocsin \(schema 9999"):
        dumps.restore(open_engine(sqlite_url), tmp_path / "b")


# ── every step, with rows in the tables ──────────────────────────────────────────────────────────────────────────────

FIRST = {
    "log": {"name": "articles", "key": "a-1@v1", "article": "a-1", "url_hash": "x", "story": None},
    "readers": {"log": "articles", "reader": "match", "position": 1, "subscribed": None},
    "rows": {"name": "slots", "key": "anna"},
    "outbox": {
        "id": "one", "subscription": "anna", "channel": "mail", "upto": 0, "state": "open", "attempts": 0,
        "lease_until": None, "token": None,
    },
    "receipts": {"delivery": "one", "outcome": "deferred"},
}  # fmt: skip
TIMES = {"log": ["written"], "readers": [], "rows": ["at"], "outbox": ["made", "next_attempt"], "receipts": ["at"]}


def old_bodies() -> dict[str, str]:
    """What the first version wrote: without the fields that came later."""
    from alerts.adapters.codec import Codec
    from alerts.model import Delivery, Receipt

    later = {"thread", "unsubscribe", "took", "blame", "retry_after"}

    def old(of: type, value: object) -> str:
        return json.dumps({k: v for k, v in json.loads(Codec(of).encode(value)).items() if k not in later})

    return {
        "log": old(Article, article(1)),
        "rows": json.dumps(NOW.isoformat()),
        "outbox": old(Delivery, delivery("one")),
        "receipts": old(Receipt, receipt("one", "deferred")),
    }


def test_a_store_with_rows_goes_up_step_by_step_from_the_first(other: Engine) -> None:
    bodies = old_bodies()
    every = [step.revision for step in upgrades.steps().walk_revisions()][::-1]
    assert every[0] == "0001"
    schema.prepare(other)
    with other.begin() as connection:
        upgrades.upgrade(connection, "0001")
        for table, row in FIRST.items():
            made = {**row, **({"body": bodies[table]} if table in bodies else {})}
            made |= dict.fromkeys(TIMES[table], NOW.strftime("%Y-%m-%d %H:%M:%S.%f"))
            names = ", ".join(made)
            values = ", ".join(f":{name}" for name in made)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), made)
    for revision in every[1:]:
        with other.begin() as connection:
            upgrades.upgrade(connection, revision)
    assert schema._current(other) == schema.HEAD
    assert sql.SqlLog(other, "articles", Article).read("r").values == (article(1),)
    assert sql.SqlTable(other, "slots", datetime).get("anna") == NOW
    outbox = sql.SqlOutbox(other)
    assert [pending.delivery.id for pending in outbox.due(NOW + timedelta(days=1))] == ["one"]
    assert outbox.claim(["one"], now=NOW + timedelta(days=1), until=NOW + timedelta(days=2))
    assert [r.outcome for r in outbox.receipts("one")] == ["deferred"]
