"""What every log promises: in memory, in SQLite and in PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select, text

from alerts.adapters import sql
from alerts.adapters.memory import MemoryLog
from alerts.adapters.sql import logs, tables
from alerts.adapters.sql.engine import lock_number
from alerts.errors import StoreError
from alerts.model import Article, Development, Match
from alerts.ports import Log
from tests.contract.values import NOW, TestClock, article, development, match

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def log(anywhere: Engine | None, clock: TestClock) -> Log[Article]:
    if anywhere is None:
        return MemoryLog(clock=clock)
    return sql.SqlLog(anywhere, "articles", Article, clock=clock)


def ids(log: Log[Article], reader: str, limit: int = 500) -> list[str]:
    return [value.id for value in log.read(reader, limit).values]


def test_values_come_back_equal_and_in_the_order_in_which_they_were_written(log: Log[Article]) -> None:
    assert log.append([article(2), article(1)]) == 2
    assert log.append([article(3)]) == 1
    assert log.read("r").values == (article(2), article(1), article(3))


def test_a_value_is_written_once_however_often_it_is_appended(log: Log[Article]) -> None:
    assert log.append([article(1), article(1)]) == 1
    assert log.append([article(1), article(2)]) == 1
    assert log.append([article(1), article(2)]) == 0
    assert ids(log, "r") == ["a-1", "a-2"]


def test_many_readers_are_moved_at_once_and_never_back(log: Log[Article], clock: TestClock) -> None:
    log.append([article(n) for n in range(4)])
    log.subscribe("anna", now=NOW, since=NOW)
    (_, first), (at, second) = log.after(0, 2)
    assert (first, second) == (article(0), article(1))
    assert [value for _, value in log.after(at)] == [article(2), article(3)]
    end = log.after(at)[-1][0]
    assert log.after(end) == ()

    log.commit_all({"anna": at, "bob": end})
    log.commit_all({"anna": end, "bob": at})
    log.commit_all({})
    assert ids(log, "anna") == ids(log, "bob") == []
    readers = log.readers()
    assert {name: reader.position for name, reader in readers.items()} == {"anna": end, "bob": end}
    assert (readers["anna"].subscribed, readers["bob"].subscribed) == (NOW, None)


def test_an_edit_is_a_value_of_its_own(log: Log[Article]) -> None:
    assert log.append([article(1), article(1, "v2")]) == 2


def test_nothing_appended_is_nothing_written(log: Log[Article]) -> None:
    assert log.append([]) == 0
    assert not log.read("r")


def test_values_that_fail_on_the_way_are_not_written_at_all(log: Log[Article]) -> None:
    def broken() -> Iterator[Article]:
        yield article(1)
        raise RuntimeError("the parser died")

    with pytest.raises(RuntimeError):
        log.append(broken())
    assert not log.read("r")


def test_a_reader_that_was_never_subscribed_starts_at_the_beginning(log: Log[Article]) -> None:
    log.append([article(1), article(2)])
    assert ids(log, "group") == ["a-1", "a-2"]
    assert log.subscribed("group") is None


def test_reading_again_without_a_commit_gives_the_same(log: Log[Article]) -> None:
    log.append([article(1), article(2)])
    assert log.read("r") == log.read("r")


def test_a_reader_goes_on_after_what_it_committed(log: Log[Article]) -> None:
    log.append([article(n) for n in range(5)])
    first = log.read("r", 2)
    log.commit("r", first.end)
    second = log.read("r", 2)
    log.commit("r", second.end)
    assert [v.id for v in (*first.values, *second.values)] == ["a-0", "a-1", "a-2", "a-3"]
    assert ids(log, "r") == ["a-4"]


def test_readers_do_not_move_each_other(log: Log[Article]) -> None:
    log.append([article(1)])
    log.commit("r", log.read("r").end)
    assert ids(log, "r") == []
    assert ids(log, "s") == ["a-1"]


def test_a_commit_never_moves_a_reader_back(log: Log[Article]) -> None:
    log.append([article(1), article(2)])
    early = log.read("r", 1).end
    log.commit("r", log.read("r").end)
    log.commit("r", early)
    assert ids(log, "r") == []


def test_an_empty_batch_can_be_committed_and_changes_nothing(log: Log[Article]) -> None:
    log.append([article(1)])
    log.commit("r", log.read("r").end)
    empty = log.read("r")
    assert not empty
    log.commit("r", empty.end)
    log.append([article(2)])
    assert ids(log, "r") == ["a-2"]


def test_a_new_subscription_starts_at_the_end_and_never_tells_the_past(log: Log[Article]) -> None:
    log.append([article(1)])
    log.subscribe("anna", now=NOW)
    assert ids(log, "anna") == []
    log.append([article(2)])
    assert ids(log, "anna") == ["a-2"]


def test_a_subscription_of_an_empty_log_gets_all_that_comes(log: Log[Article]) -> None:
    log.subscribe("anna", now=NOW)
    log.append([article(1)])
    assert ids(log, "anna") == ["a-1"]


def test_subscribing_again_changes_nothing(log: Log[Article]) -> None:
    log.subscribe("anna", now=NOW)
    log.append([article(1)])
    log.subscribe("anna", now=NOW + HOUR)
    log.subscribe("anna", now=NOW + HOUR, since=NOW - HOUR)
    assert log.subscribed("anna") == NOW
    assert ids(log, "anna") == ["a-1"]


def test_a_reader_that_was_at_work_keeps_its_place_when_it_is_made_known(log: Log[Article]) -> None:
    log.append([article(1), article(2)])
    log.commit("anna", log.read("anna", 1).end)
    log.subscribe("anna", now=NOW)
    assert log.subscribed("anna") == NOW
    assert ids(log, "anna") == ["a-2"]


@pytest.mark.parametrize(
    ("since", "told"),
    [
        pytest.param(-3 * HOUR, ["a-0", "a-1", "a-2"], id="before the first value: all of them"),
        pytest.param(1 * HOUR, ["a-1", "a-2"], id="the very time at which a value was written: that one too"),
        pytest.param(1.5 * HOUR, ["a-2"], id="between two: the later ones"),
        pytest.param(9 * HOUR, [], id="after the last: none"),
    ],
)
def test_a_subscription_can_begin_in_the_past(
    log: Log[Article], clock: TestClock, since: timedelta, told: list[str]
) -> None:
    for n in range(3):
        log.append([article(n)])
        clock.move(HOUR)
    log.subscribe("anna", now=clock.at, since=NOW + since)
    assert ids(log, "anna") == told


def test_logs_in_one_database_do_not_meet(engine: Engine) -> None:
    articles, matches = sql.SqlLog(engine, "articles", Article), sql.SqlLog(engine, "matches", Match)
    articles.append([article(1)])
    assert matches.append([match(1)]) == 1
    matches.commit("group", matches.read("group").end)
    assert articles.read("group").values == (article(1),)


def test_a_log_takes_more_keys_at_once_than_a_database_takes_parameters(engine: Engine) -> None:
    log = sql.SqlLog(engine, "articles", Article)
    assert log.append([article(n) for n in range(1200)]) == 1200
    assert log.append([article(n) for n in range(1201)]) == 1


def test_half_a_surrogate_pair_and_a_nul_from_a_feed_stop_nothing(engine: Engine) -> None:
    log = sql.SqlLog(engine, "articles", Article)
    log.append([replace(article(1), title="a\ud800b\x00c", url="https://example.com/" + "x" * 5000)])
    assert log.read("r").values[0].title == "a\ufffdb\x00c"


def test_a_value_of_another_shape_is_named_without_what_stands_in_it(engine: Engine) -> None:
    log = sql.SqlLog(engine, "articles", Article)
    log.append([article(1)])
    with engine.begin() as connection:
        connection.execute(tables.log.update().values(body='{"id": "a-1", "seen": "secret@example.com"}'))
    with pytest.raises(StoreError, match=r"a stored Article cannot be read by this version .*seen: ") as raised:
        log.read("r")
    assert "secret" not in str(raised.value)


def test_what_is_asked_for_by_id_stands_in_columns(engine: Engine) -> None:
    sql.SqlLog(engine, "developments", Development).append([development(1, "s-7")])
    with engine.connect() as connection:
        row = connection.execute(select(tables.log.c.article, tables.log.c.url_hash, tables.log.c.story)).one()
    assert row == ("a-1", logs.url_hash("https://example.com/1"), "s-7")


# ── at the same time ─────────────────────────────────────────────────────────────────────────────────────────────────


def _waiting_for_a_lock(engine: Engine) -> bool:
    query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with engine.connect() as connection:
        return bool(connection.execute(query).scalar())


def _until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come about in 5 s")


def _append_slowly(engine: Engine, log: Log[Article], written: threading.Event, go_on: threading.Event) -> None:
    """Append article 1, and commit only when told to."""

    def hold(*_: object) -> None:
        written.set()
        assert go_on.wait(10)

    event.listen(engine, "commit", hold)
    log.append([article(1)])


def _two_writers(url: str) -> tuple[list[str], list[str]]:
    """Let one writer write first and commit last; what a quick reader saw in all, and the order of the positions."""
    slow, quick = sql.connect(url), sql.connect(url)
    log = sql.SqlLog(quick, "articles", Article)
    written, go_on = threading.Event(), threading.Event()
    first = threading.Thread(
        target=_append_slowly, args=(slow, sql.SqlLog(slow, "articles", Article), written, go_on), daemon=True
    )
    second = threading.Thread(target=log.append, args=([article(2)],), daemon=True)
    first.start()
    assert written.wait(10)
    second.start()
    _until(lambda: _waiting_for_a_lock(quick) or bool(log.read("other")))

    seen = []
    for _ in ("before the first one commits", "after it"):
        batch = log.read("reader")
        seen += [value.id for value in batch.values]
        log.commit("reader", batch.end)
        go_on.set()
        first.join(10)
        second.join(10)
    order = [value.id for value in log.read("late").values]
    slow.dispose()
    quick.dispose()
    return seen, order


def test_a_reader_never_passes_a_value_that_is_committed_later(postgresql_url: str) -> None:
    seen, order = _two_writers(postgresql_url)
    assert seen == order == ["a-1", "a-2"]


def test_without_the_lock_a_reader_would_miss_one(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that the test above can fail: the same, with the lock taken out."""
    monkeypatch.setattr(logs, "serialise", lambda connection, name: None)
    seen, order = _two_writers(postgresql_url)
    assert order == ["a-1", "a-2"]
    assert seen == ["a-2"]


def test_two_logs_do_not_wait_for_each_other() -> None:
    assert lock_number("log:articles") != lock_number("log:matches")
    assert -(2**63) <= lock_number("log:articles") < 2**63


WRITER = """
import sys
from tests.contract.values import article
from alerts.adapters import sql
from alerts.model import Article
engine = sql.connect(sys.argv[1])
log = sql.SqlLog(engine, "articles", Article)
for n in range(200):
    assert log.append([article(n), article(1000 * int(sys.argv[2]) + n)]) in (1, 2)
"""


def test_two_processes_write_at_once_and_nothing_is_lost(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, str(n)], cwd=root, stderr=subprocess.PIPE) for n in (1, 2)
    ]
    errors = [writer.communicate(timeout=60)[1].decode() for writer in writers]
    assert errors == ["", ""]
    with engine.connect() as connection:
        total = connection.execute(select(func.count(), func.count(tables.log.c.key.distinct()))).one()
    assert total == (600, 600)
    assert len(sql.SqlLog(engine, "articles", Article).read("r", 1000).values) == 600


def test_many_threads_subscribe_the_same_reader_and_one_of_them_counts(engine: Engine) -> None:
    log = sql.SqlLog(engine, "articles", Article)
    log.append([article(1)])
    times = [NOW + n * HOUR for n in range(8)]
    threads = [threading.Thread(target=partial(log.subscribe, "anna", now=at)) for at in times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert log.subscribed("anna") in times
    assert not log.read("anna")
