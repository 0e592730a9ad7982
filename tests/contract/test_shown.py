"""What was seen outlives what was kept of it, and is known as long as a feed shows it and 400 days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, text

from alerts.adapters import sql
from alerts.adapters.redis import GENERATION
from alerts.adapters.sql import expiry, shown, tables, upgrades
from alerts.adapters.sql.engine import open_engine, reading
from alerts.app.retention import Retention
from alerts.model import Article
from tests.contract.values import NOW, TestClock, article

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def articles(engine: Engine, clock: TestClock) -> sql.SqlLog[Article]:
    return sql.SqlLog(engine, "articles", Article, lasting=True, clock=clock)


def lose_the_texts(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(delete(tables.log))


def forget(engine: Engine, clock: TestClock) -> int:
    """As housekeeping does."""
    return expiry.seen(engine, "articles", before=clock() - Retention().seen - GENERATION)


def moments(engine: Engine) -> dict[str, object]:
    with reading(engine) as connection:
        return {row.key: row.at for row in connection.execute(tables.shown.select())}


def test_a_key_is_known_when_its_text_is_gone(engine: Engine, articles: sql.SqlLog[Article]) -> None:
    articles.append([article(1)])
    lose_the_texts(engine)
    assert articles.append([article(1), article(2)]) == 1
    assert [value.id for value in articles.read("r").values] == ["a-2"]


def test_a_log_that_does_not_last_forgets(engine: Engine) -> None:
    plain = sql.SqlLog(engine, "articles", Article)
    plain.append([article(1)])
    lose_the_texts(engine)
    assert plain.append([article(1)]) == 1
    assert moments(engine) == {}


def test_what_is_shown_again_is_young_again(engine: Engine, articles: sql.SqlLog[Article], clock: TestClock) -> None:
    begin = clock()
    articles.append([article(1), article(2)])
    clock.move(GENERATION)
    articles.append([article(2)])
    assert moments(engine) == {article(1).key: begin, article(2).key: begin + GENERATION}


def test_a_poll_of_the_same_day_writes_nothing(engine: Engine, articles: sql.SqlLog[Article], clock: TestClock) -> None:
    begin = clock()
    articles.append([article(1)])
    clock.move(timedelta(hours=23))
    articles.append([article(1)])
    assert set(moments(engine).values()) == {begin}


def test_a_feed_that_shows_an_entry_for_years_tells_it_once(
    engine: Engine, articles: sql.SqlLog[Article], clock: TestClock
) -> None:
    """Texts go after 90 days, and what was not shown for long is forgotten: the entry is still known."""
    told = articles.append([article(1), article(2)])
    for _ in range(40):
        clock.move(GENERATION)
        lose_the_texts(engine)
        forget(engine, clock)
        told += articles.append([article(1)])
    assert told == 2
    assert articles.append([article(2)]) == 1, "what nobody has shown for 1,000 days is news again"


@pytest.mark.parametrize(("days", "known"), [(400, True), (424, True), (426, False)])
def test_how_long_what_is_no_longer_shown_is_known(
    engine: Engine, articles: sql.SqlLog[Article], clock: TestClock, days: int, known: bool
) -> None:
    articles.append([article(1)])
    lose_the_texts(engine)
    clock.move(days * DAY)
    assert forget(engine, clock) == (0 if known else 1)
    assert articles.append([article(1)]) == (0 if known else 1)


def test_the_keys_come_in_pieces(engine: Engine, articles: sql.SqlLog[Article]) -> None:
    articles.append([article(n) for n in range(7)])
    pieces = list(shown.keys(engine, "articles", chunk=3))
    assert [len(piece) for piece in pieces] == [3, 3, 1]
    assert sorted(key for piece in pieces for key in piece) == sorted(article(n).key for n in range(7))
    assert list(shown.keys(engine, "matches")) == []


def test_a_store_of_the_first_version_knows_what_it_has_seen(empty_sql_url: str) -> None:
    old = open_engine(empty_sql_url)
    with old.begin() as connection:
        upgrades.upgrade(connection, "0001")
        for name in ("articles", "matches"):
            connection.execute(
                text("INSERT INTO log (name, key, written, body) VALUES (:name, :key, :at, '{}')"),
                {"name": name, "key": article(1).key, "at": NOW.strftime("%Y-%m-%d %H:%M:%S+00:00")},
            )
    old.dispose()
    engine = sql.connect(empty_sql_url)
    lose_the_texts(engine)
    assert list(shown.keys(engine, "articles")) == [(article(1).key,)]
    assert sql.SqlLog(engine, "articles", Article, lasting=True).append([article(1)]) == 0
    engine.dispose()
