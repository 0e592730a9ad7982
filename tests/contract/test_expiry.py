"""What goes and what stays: in each database, what is old goes in small pieces, and what somebody needs stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event, select

from alerts.adapters import sql
from alerts.adapters.sql import expiry, queries, tables
from alerts.model import Article, Development, Group, Story, Waiting
from tests.contract.values import NOW, TestClock, article, delivery, development, receipt, story

DAY = timedelta(days=1)
CUT = NOW + 90 * DAY
"""What was written at NOW is older than this."""


def log_of(engine: Engine, clock: TestClock) -> sql.SqlLog[Article]:
    return sql.SqlLog(engine, "articles", Article, clock=clock)


def left(engine: Engine, name: str = "articles") -> list[str]:
    with engine.connect() as connection:
        query = select(tables.log.c.key).where(tables.log.c.name == name).order_by(tables.log.c.position)
        return [*connection.execute(query).scalars()]


def expire(engine: Engine, before: datetime = CUT, *, strangers: bool = True) -> int:
    return expiry.from_log(engine, "articles", before=before, needed_by=("match",), all_readers=strangers)


# ── logs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def articles(engine: Engine) -> sql.SqlLog[Article]:
    """Three old values, then three young ones."""
    clock = TestClock()
    made = log_of(engine, clock)
    made.append([article(n) for n in range(3)])
    clock.move(100 * DAY)
    made.append([article(n) for n in range(3, 6)])
    return made


def read_to(log: sql.SqlLog[Article], reader: str, count: int) -> None:
    log.commit(reader, log.read(reader, count).end)


def test_what_is_old_and_read_goes(engine: Engine, articles: sql.SqlLog[Article]) -> None:
    read_to(articles, "match", 6)
    assert expire(engine) == 3
    assert left(engine) == [article(n).key for n in (3, 4, 5)]
    assert expire(engine) == 0


CASES = [
    ("a reader that counts has never read", {}, True, 0),
    ("a reader that counts has read two", {"match": 2}, True, 2),
    ("another has read one", {"match": 6, "anna": 1}, True, 1),
    ("another holds nothing when only those count that must", {"match": 6, "anna": 1}, False, 3),
    ("all have read", {"match": 6, "anna": 6}, True, 3),
]


@pytest.mark.parametrize(("what", "places", "strangers", "gone"), CASES, ids=[case[0] for case in CASES])
def test_what_a_reader_has_not_read_stays(
    engine: Engine,
    articles: sql.SqlLog[Article],
    what: str,
    places: dict[str, int],
    strangers: bool,
    gone: int,
) -> None:
    unread = {reader: articles.read(reader, 100).values[count:] for reader, count in places.items()}
    for reader, count in places.items():
        read_to(articles, reader, count)
    assert expire(engine, strangers=strangers) == gone
    if strangers:
        assert all(articles.read(reader, 100).values == values for reader, values in unread.items())


def test_who_holds_what_is_old_is_named(engine: Engine, articles: sql.SqlLog[Article]) -> None:
    for reader, count in (("match", 6), ("anna", 1), ("ben", 6)):
        read_to(articles, reader, count)
    expire(engine)
    assert expiry.held(engine, "articles", before=CUT) == ("anna",)
    read_to(articles, "anna", 6)
    expire(engine)
    assert expiry.held(engine, "articles", before=CUT) == ()


def test_another_log_is_left_alone(engine: Engine, articles: sql.SqlLog[Article]) -> None:
    sql.SqlLog(engine, "developments", Development, clock=TestClock()).append([development(1)])
    read_to(articles, "match", 6)
    expire(engine)
    assert left(engine, "developments") == [development(1).key]


def test_no_transaction_deletes_many(engine: Engine) -> None:
    """The others' wait is that of one piece, whatever there is to delete."""
    clock = TestClock()
    many = log_of(engine, clock)
    many.append([article(n) for n in range(expiry.CHUNK * 2 + 1)])
    read_to(many, "match", 10_000)
    deleted: list[int] = []
    event.listen(
        engine,
        "after_cursor_execute",
        lambda _, cursor, statement, *__: deleted.append(cursor.rowcount) if statement.startswith("DELETE") else None,
    )
    assert expire(engine) == expiry.CHUNK * 2 + 1
    assert deleted == [expiry.CHUNK, expiry.CHUNK, 1]


def test_positions_never_come_again(engine: Engine) -> None:
    """A reader at the end of a log that was emptied still meets what comes next."""
    clock = TestClock()
    log = log_of(engine, clock)
    log.append([article(1), article(2)])
    read_to(log, "match", 2)
    expire(engine)
    log.append([article(3)])
    assert [value.id for value in log.read("match").values] == ["a-3"]


# ── stories ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_story_goes_when_it_is_old_and_no_development_of_it_is_kept(engine: Engine) -> None:
    stories = sql.SqlTable(engine, "stories", Story)
    stories.put({key: story(key, 1) for key in ("s-1", "s-2")}, at=NOW)
    stories.put({"s-3": story("s-3", 3)}, at=NOW + 100 * DAY)
    sql.SqlTable(engine, "slots", datetime).put({"s-2": NOW}, at=NOW)
    sql.SqlLog(engine, "developments", Development, clock=TestClock()).append([development(1, "s-1")])
    assert expiry.stories(engine, before=CUT) == 1
    assert [kept.id for kept in stories.values()] == ["s-1", "s-3"]
    assert sql.SqlTable(engine, "slots", datetime).get("s-2") == NOW


def test_a_story_that_waits_to_be_told_stays(engine: Engine) -> None:
    sql.SqlTable(engine, "stories", Story).put({key: story(key, 1) for key in ("s-1", "s-2")}, at=NOW)
    waiting = Waiting((Group("s-1", (development(1, "s-1"),)),))
    sql.SqlTable(engine, "waiting", Waiting).put({"anna": waiting}, at=NOW)
    assert expiry.stories(engine, before=CUT) == 1
    assert [kept.id for kept in sql.SqlTable(engine, "stories", Story).values()] == ["s-1"]


def test_threads_of_old_stories_are_forgotten(engine: Engine) -> None:
    threads = sql.SqlTable(engine, "threads", str)
    threads.put({"slack:s-1": "1.2"}, at=NOW)
    threads.put({"slack:s-2": "1.3"}, at=CUT)
    assert expiry.threads(engine, before=CUT) == 1
    assert threads.values() == ("1.3",)


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def outbox(engine: Engine) -> sql.SqlOutbox:
    return sql.SqlOutbox(engine)


def closed(outbox: sql.SqlOutbox, id_: str, at: datetime = NOW, upto: int = 0) -> None:
    outbox.add([delivery(id_, made=NOW, upto=upto)])
    token = outbox.claim([id_], now=at, until=at + DAY)[id_]
    assert token
    outbox.record(receipt(id_, at=at), token=token, next_attempt=None)


def kept(engine: Engine) -> list[str]:
    return [record.delivery.id for record in reversed(queries.recent_deliveries(engine))]


def test_a_closed_delivery_goes_with_its_receipts(engine: Engine, outbox: sql.SqlOutbox) -> None:
    closed(outbox, "one")
    assert expiry.deliveries(engine, before=NOW) == 0
    assert expiry.deliveries(engine, before=CUT) == 1
    assert outbox.receipts("one") == ()
    assert kept(engine) == []


def test_an_open_one_stays_however_old_it_is(engine: Engine, outbox: sql.SqlOutbox) -> None:
    outbox.add([delivery("open"), delivery("tried")])
    token = outbox.claim(["tried"], now=NOW, until=NOW + DAY)["tried"]
    assert token
    outbox.record(receipt("tried", "deferred"), token=token, next_attempt=NOW + DAY)
    assert expiry.deliveries(engine, before=NOW + 9_999 * DAY) == 0
    assert kept(engine) == ["open", "tried"]


def test_one_that_was_tried_lately_stays(engine: Engine, outbox: sql.SqlOutbox) -> None:
    closed(outbox, "late", at=NOW + 100 * DAY)
    assert expiry.deliveries(engine, before=CUT) == 0
    assert expiry.deliveries(engine, before=CUT + 100 * DAY) == 1


def test_a_digest_whose_reader_is_not_there_yet_stays(engine: Engine, outbox: sql.SqlOutbox) -> None:
    """A run that died after the outbox and before the reader's commit: the digest says where the reader is."""
    developments = sql.SqlLog(engine, "developments", Development, clock=TestClock())
    developments.append([development(n) for n in range(5)])
    closed(outbox, "digest", upto=5)
    assert expiry.deliveries(engine, before=CUT) == 0
    developments.commit("anna", 4)
    assert expiry.deliveries(engine, before=CUT) == 0
    developments.commit("anna", 5)
    assert expiry.deliveries(engine, before=CUT) == 1


def test_deliveries_go_in_pieces_too(engine: Engine, outbox: sql.SqlOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "CHUNK", 2)
    for n in range(5):
        closed(outbox, f"d{n}")
    outbox.add([delivery("open")])
    assert expiry.deliveries(engine, before=CUT) == 5
    assert kept(engine) == ["open"]


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_deleted_is_free_and_vacuum_gives_it_back(sqlite_url: str) -> None:
    engine = sql.connect(sqlite_url)
    log = log_of(engine, TestClock())
    log.append([article(n) for n in range(2_000)])
    read_to(log, "match", 2_000)
    full, _ = expiry.size(engine)
    expire(engine)
    whole, free = expiry.size(engine)
    assert whole == full
    assert free > full / 2
    log.append([article(n) for n in range(3_000, 4_000)])
    assert expiry.size(engine)[0] == full, "free pages are filled before the file grows"
    read_to(log, "match", 2_000)
    expire(engine)
    expiry.vacuum(engine)
    assert expiry.size(engine)[0] < full / 2
    engine.dispose()


def test_postgresql_says_what_it_takes(postgresql_url: str) -> None:
    engine = sql.connect(postgresql_url)
    whole, free = expiry.size(engine)
    assert (whole > 1_000_000, free) == (True, 0)
    expiry.vacuum(engine)
    engine.dispose()
