"""The doorbell: it rings while there are unread articles, whatever became of what rang."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from alerts import app as app_
from alerts import doors, pushing
from alerts.adapters import sql
from alerts.doorbell import AGAIN, GAP, Bell
from alerts.model import Article

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)


class World:
    """A door, a bell beside it, and a clock that stands until it is told to go."""

    def __init__(self, var: Path, redis_url: str, url: str) -> None:
        self.lookup = {"ALERTS_VAR": str(var), "ALERTS_SQL": url, "ALERTS_REDIS": redis_url}.get
        self.now = 1_000.0
        self.bell = Bell(self.lookup, lambda: self.now)

    def push(self, *names: str) -> None:
        body = b"\n".join(f'{{"id": "{name}", "title": "Iran {name}"}}'.encode() for name in names)
        with doors.open_door(self.lookup, clock=lambda: NOW) as door:
            assert pushing.receive(body, door).status == 200

    def read(self) -> None:
        """As `match` does: to the end of the log."""
        with app_.open_sql(self.lookup) as engine:
            log = sql.SqlLog(engine, "articles", Article)
            while batch := log.read("match"):
                log.commit("match", batch.end)

    def rings(self, *, after: float = 0.0) -> bool:
        self.now += after
        return bool(self.bell.wait(0.01))


@pytest.fixture
def world(sql_url: str, valkey_url: str, valkey: redis.Redis, tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, valkey_url, sql_url)
    yield world
    world.bell.close()


def test_it_rings_for_what_is_unread_and_only_for_that(world: World) -> None:
    assert not world.rings(), "an empty log"
    world.push("a")
    assert world.rings()
    assert not world.rings(), "once is enough for whoever is about to read"
    world.read()
    assert not world.rings(after=AGAIN), "all is read"


def test_what_nobody_read_is_rung_for_again(world: World) -> None:
    """Airflow may lose the event, or its worker may die before it has read."""
    world.push("a")
    assert world.rings()
    assert not world.rings(after=AGAIN - 1)
    assert world.rings(after=1)


def test_what_came_while_the_bell_was_away_rings_as_soon_as_it_is_back(world: World) -> None:
    world.push("a")
    world.bell.close()
    world.bell = Bell(world.lookup, lambda: world.now)
    assert world.rings()


def test_a_second_article_rings_at_once_but_not_a_hundred_times(world: World) -> None:
    world.push("a")
    assert world.rings()
    world.push("b", "c")
    assert not world.rings(after=GAP / 2)
    assert world.rings(after=GAP / 2)


def test_a_store_that_is_away_is_waited_for(world: World, tmp_path: Path) -> None:
    nowhere = {"ALERTS_SQL": "postgresql://nobody@127.0.0.1:9/no", "ALERTS_VAR": str(tmp_path)}
    bell = Bell(nowhere.get)
    assert bell.wait(0.01) == 0
    bell.lookup = world.lookup  # it is back
    world.push("a")
    assert bell.wait(0.01) > 0
    bell.close()
