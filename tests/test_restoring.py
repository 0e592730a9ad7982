"""A backup is restored: nobody is told again what was in it, and what came since is told once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner

from alerts import app as app_
from alerts import cli
from alerts.adapters import sql
from alerts.adapters.memory import MemoryChannel
from alerts.adapters.sql import dumps
from tests.shop import Shop, open_shop, rss

START = datetime(2099, 7, 1, 8, tzinfo=UTC)
"""Not in the past: Redis ends a generation by its own clock."""

FIRST = ("Iran cuts internet as forces fire on protesters", "https://wire.example/1", "Residents of Tehran said so.")
SECOND = ("Wrestlers of Iran win gold in Astana", "https://wire.example/2", "Twelve medals were taken.")
THIRD = ("Drought empties lakes in Iran", "https://wire.example/3", "Farmers leave their orchards.")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        yield opened


def line(environ: dict[str, str], now: datetime) -> list[str]:
    """Run the line, and give the ids of what its receivers were sent, with whatever was sent twice twice."""
    with app_.open_app(environ.get, clock=lambda: now) as app:
        channels = {name: MemoryChannel() for name in app.channels}
        app.channels.clear()  # type: ignore[attr-defined]
        app.channels.update(channels)  # type: ignore[attr-defined]
        for stage in app_.LINE:
            app.run(stage)
        return [delivery.id for channel in channels.values() for delivery in channel.sent]


@pytest.mark.parametrize("flushed", [False, True], ids=["Redis knows what came since", "Redis is empty"])
@pytest.mark.parametrize("other", ["the same database", "another kind of database"])
def test_what_was_in_it_is_not_told_again_and_what_came_since_is_told_once(
    shop: Shop,
    valkey_url: str,
    valkey: redis.Redis,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    flushed: bool,
    other: str,
) -> None:
    environ = {**shop.environ, "ALERTS_REDIS": valkey_url}
    shop.serves("wire", rss(FIRST))
    first = line(environ, START)
    with app_.open_sql(environ.get) as engine:
        dumps.write(engine, tmp_path / "b", now=START)
    shop.serves("wire", rss(FIRST, SECOND))
    second = line(environ, START + timedelta(hours=1))
    assert (len(first), len(second)) == (1, 1)

    if flushed:
        valkey.flushall()
    if other == "another kind of database":
        environ["ALERTS_SQL"] = request.getfixturevalue("empty_postgresql_url")
    app_.restore(environ.get, tmp_path / "b", replace=True)
    shop.serves("wire", rss(FIRST, SECOND, THIRD))
    third = line(environ, START + timedelta(hours=2))
    assert first[0] not in third
    assert second[0] in third, "it is told again under its old id: the receipt is lost"
    assert len(third) == 2
    assert line(environ, START + timedelta(hours=3)) == []


def test_the_commands(shop: Shop, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup is made, looked at and put back; over what is there only when it is said."""
    environ = {**shop.environ, "ALERTS_REDIS": valkey_url}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    shop.serves("wire", rss(FIRST))
    line(environ, START)
    file = str(tmp_path / "b.gz")

    def run(*words: str) -> int:
        return CliRunner().invoke(cli.cli, [*words, "--config", str(shop.config)]).exit_code

    codes = [run("backup", file), run("backup", file), run("restore", "--check", file), run("restore", file)]
    assert codes == [0, 1, 0, 1], "a file that is there, and a store that holds something, are left alone"
    with app_.open_sql(environ.get) as engine:
        before = sql.store_id(engine)
    assert run("restore", "--replace", file) == 0
    with app_.open_sql(environ.get) as engine:
        assert sql.store_id(engine) != before, "what Redis knew of the old store is never met again"
    assert line(environ, START) == []


def test_a_delivery_that_was_open_in_the_backup_goes_out_with_its_old_id(
    shop: Shop, valkey_url: str, tmp_path: Path
) -> None:
    environ = {**shop.environ, "ALERTS_REDIS": valkey_url}
    shop.serves("wire", rss(FIRST))
    with app_.open_app(environ.get, clock=lambda: START) as app:
        for stage in app_.LINE[:4]:
            app.run(stage)
        assert app.engine
        dumps.write(app.engine, tmp_path / "b", now=START)
    sent = line(environ, START)
    app_.restore(environ.get, tmp_path / "b", replace=True)
    assert line(environ, START) == sent
    assert len(sent) == 1
