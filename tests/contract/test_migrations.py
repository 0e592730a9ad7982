"""Opening the store: made at once, by one, and never somebody else's."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, text

from alerts.adapters import sql
from alerts.adapters.sql import schema, tables, upgrades
from alerts.adapters.sql.engine import open_engine, place
from alerts.errors import StoreError
from alerts.model import Article
from tests.contract.values import article

ROOT = Path(__file__).parents[2]


def test_an_empty_database_gets_the_tables_that_the_code_reads(empty_sql_url: str) -> None:
    engine = sql.connect(empty_sql_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == schema.HEAD
    engine.dispose()


def test_the_code_reads_the_version_that_the_last_step_leaves() -> None:
    assert upgrades.steps().get_heads() == [schema.HEAD]


def test_opening_again_changes_nothing_and_asks_two_questions(engine: Engine) -> None:
    before = sql.store_id(engine)
    asked: list[str] = []
    again = open_engine(engine.url.render_as_string(hide_password=False))
    event.listen(again, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert schema._current(again) == schema.HEAD
    assert sql.store_id(again) == before
    assert len([statement for statement in asked if "pg_catalog.version" not in statement]) <= 6
    again.dispose()


def test_alembic_is_not_imported_when_there_is_nothing_to_migrate(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    code = (
        "import sys; from alerts.adapters import sql; sql.connect(sys.argv[1]).dispose(); "
        "assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, url], cwd=ROOT, check=True, timeout=60)


def test_several_programs_may_open_a_new_store_at_once(empty_sql_url: str) -> None:
    code = "import sys; from alerts.adapters import sql; print(sql.store_id(sql.connect(sys.argv[1])))"
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_sql_url], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    said = [program.communicate(timeout=60) for program in programs]
    assert [error.decode() for _, error in said] == ["", "", "", ""]
    assert len({out for out, _ in said}) == 1


def test_two_stores_have_two_ids_and_a_restored_one_can_get_a_new_one(engine: Engine, tmp_path: Path) -> None:
    other = sql.connect(f"sqlite:///{tmp_path / 'other.db'}")
    old = sql.store_id(engine)
    assert sql.store_id(other) != old
    fresh = sql.renew_store_id(engine)
    assert sql.store_id(engine) == fresh != old
    other.dispose()


def test_a_step_that_fails_leaves_nothing_behind(empty_sql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = upgrades.upgrade
    monkeypatch.setattr(upgrades, "upgrade", lambda connection, to: (real(connection, to), 1 / 0))
    with pytest.raises(ZeroDivisionError):
        sql.connect(empty_sql_url)
    engine = open_engine(empty_sql_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engine.dispose()
    monkeypatch.undo()
    sql.connect(empty_sql_url).dispose()


def test_a_newer_store_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(
        StoreError, match=rf"was written by a newer Tocsin \(schema 9999, this is {schema.HEAD}\); install"
    ):
        sql.connect(engine.url.render_as_string(hide_password=False))


def test_the_database_of_another_program_is_left_alone(empty_sql_url: str) -> None:
    engine = open_engine(empty_sql_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("CREATE TABLE dag_run (id INTEGER)"))
    with pytest.raises(StoreError, match=r"has tables of another program \(alembic_version, dag_run\); give Tocsin"):
        sql.connect(empty_sql_url)
    with engine.connect() as connection:
        assert sorted(inspect(connection).get_table_names()) == ["alembic_version", "dag_run"]
    engine.dispose()


def test_a_user_who_may_not_make_tables_is_told(postgres: Engine, empty_postgresql_url: str) -> None:
    with postgres.connect() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS guest")
        connection.exec_driver_sql("CREATE ROLE guest LOGIN")
    url = empty_postgresql_url.replace("postgres:", "guest:").replace("postgres@", "guest@")
    with pytest.raises(StoreError, match=r"the tables cannot be made in postgresql://.*permission denied"):
        sql.connect(url)


# ── URLs and places ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("", "the URL of the store is not understood; write sqlite:///", id="nothing"),
        pytest.param("alerts.db", "the URL of the store is not understood", id="a path is no URL"),
        pytest.param("postgresql://u:secret@h:port/x", "the URL of the store is not understood", id="a port in words"),
        pytest.param("mysql://u:secret@h/x", 'the store cannot be kept in "mysql"', id="another database"),
        pytest.param("postgresql+asyncpg://u:secret@h/x", 'kept in "postgresql.asyncpg"', id="another driver"),
        pytest.param("sqlite://", "in memory would forget everything; name a file", id="SQLite without a file"),
        pytest.param("sqlite:///:memory:", "in memory would forget everything", id="SQLite in memory"),
        pytest.param("sqlite:////no/such/folder/x.db", "there is no folder /no/such", id="a disk that is not mounted"),
        pytest.param("sqlite:////dev/null/x.db", "cannot be (opened|used)", id="a folder that is none"),
        pytest.param(
            "postgresql://u:secret@127.0.0.1:1/x?password=secret",
            "the store cannot be used: postgresql://127.0.0.1:1/x: ",
            id="nobody listens",
        ),
        pytest.param("postgres://u:secret@127.0.0.1:1/x", "postgresql://127.0.0.1:1/x: ", id="the short name"),
    ],
)
def test_a_store_that_cannot_be_opened_is_named_without_its_password(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as raised:
        sql.connect(url)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("remember the milk " * 100)
    with pytest.raises(StoreError, match=r"notes\.txt: file is not a database"):
        sql.connect(f"sqlite:///{path}")
    assert path.read_text() == "remember the milk " * 100


def test_the_last_folder_is_made(tmp_path: Path) -> None:
    sql.connect(f"sqlite:///{tmp_path / 'var' / 'alerts.db'}").dispose()
    assert (tmp_path / "var" / "alerts.db").is_file()


def test_a_path_with_odd_letters_will_do(tmp_path: Path) -> None:
    path = tmp_path / "a b%20é?x=1#.db"
    sql.connect(sql.file_url(path)).dispose()
    assert path.is_file()


def test_a_place_is_said_without_what_is_secret() -> None:
    assert place(open_engine("postgres://u:secret@db/alerts?sslpassword=secret").url) == "postgresql://db/alerts"


# ── SQLite ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_sqlite_writes_ahead_and_keeps_every_commit(sqlite_url: str) -> None:
    engine = sql.connect(sqlite_url)
    with engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30_000, "foreign_keys": 1}
    engine.dispose()


def test_a_writer_waits_for_another_and_a_reader_for_nobody(sqlite_url: str) -> None:
    engine = sql.connect(sqlite_url)
    log = sql.SqlLog(engine, "articles", Article)
    path = engine.url.database
    assert path
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert not log.read("r")
    engine.dispose()
    short = open_engine(sqlite_url)
    event.listen(short, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=50"))
    with pytest.raises(StoreError, match="database is locked"):
        sql.SqlLog(short, "articles", Article).append([article(1)])
    other.execute("ROLLBACK")
    other.close()
    assert sql.SqlLog(short, "articles", Article).append([article(1)]) == 1
    short.dispose()


def test_a_database_that_goes_away_is_a_plain_error(postgres: Engine, postgresql_url: str) -> None:
    engine = sql.connect(postgresql_url)
    log = sql.SqlLog(engine, "articles", Article)
    log.append([article(1)])
    name = engine.url.database
    with postgres.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    with pytest.raises(StoreError, match="the store cannot be used: postgresql://"):
        log.read("r")
    with postgres.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert log.read("r").values == (article(1),)
    engine.dispose()
