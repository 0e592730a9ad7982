"""What every table promises, and that every value comes back from its JSON as it was."""

from __future__ import annotations

import threading
from dataclasses import is_dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticSerializationError
from sqlalchemy import Engine
from sqlalchemy.exc import StatementError

from alerts.adapters import sql
from alerts.adapters.codec import Codec
from alerts.adapters.memory import MemoryTable
from alerts.errors import StoreError
from alerts.model import Article, Delivery, Development, FeedState, Kind, Match, Message, Receipt, Report, Story
from alerts.ports import Table
from tests.contract.values import NOW, story

HOUR = timedelta(hours=1)


@pytest.fixture
def table(anywhere: Engine | None) -> Table[FeedState]:
    if anywhere is None:
        return MemoryTable()
    return sql.SqlTable(anywhere, "states", FeedState)


def state(feed: str, failures: int = 0) -> FeedState:
    return FeedState(feed, NOW + HOUR, etag='W/"x"', modified="Wed, 01 Jul 2026", last_good=NOW, failures=failures)


def test_a_key_that_was_never_put_has_no_value(table: Table[FeedState]) -> None:
    assert table.get("bbc") is None
    assert table.values() == ()


def test_what_is_put_comes_back(table: Table[FeedState]) -> None:
    table.put({"bbc": state("bbc")}, at=NOW)
    assert table.get("bbc") == state("bbc")


def test_the_latest_value_counts(table: Table[FeedState]) -> None:
    table.put({"bbc": state("bbc")}, at=NOW)
    table.put({"bbc": state("bbc", failures=3)}, at=NOW + HOUR)
    assert table.values() == (state("bbc", failures=3),)


def test_values_come_in_the_order_of_their_keys_whatever_the_locale(table: Table[FeedState]) -> None:
    keys = ["b", "Ä", "a", "B", "-a", "이란", "a-b", "ab"]
    table.put({key: state(key) for key in keys}, at=NOW)
    assert [value.feed for value in table.values()] == sorted(keys)


def test_values_can_be_asked_for_from_a_time_on(table: Table[FeedState]) -> None:
    table.put({"old": state("old"), "again": state("again")}, at=NOW)
    table.put({"again": state("again", 1), "new": state("new")}, at=NOW + HOUR)
    assert [value.feed for value in table.values(since=NOW + HOUR)] == ["again", "new"]
    assert len(table.values(since=NOW)) == 3
    assert table.values(since=NOW + 2 * HOUR) == ()


def test_putting_nothing_is_allowed(table: Table[FeedState]) -> None:
    table.put({}, at=NOW)
    assert table.values() == ()


def test_tables_in_one_database_do_not_meet(engine: Engine) -> None:
    stories, texts = sql.SqlTable(engine, "stories", Story), sql.SqlTable(engine, "sound", str)
    stories.put({"x": story("x", 1)}, at=NOW)
    texts.put({"x": "rules:\n- id: Öl\n"}, at=NOW)
    assert stories.values() == (story("x", 1),)
    assert texts.get("x") == "rules:\n- id: Öl\n"


def test_a_slot_is_the_same_instant_in_whatever_zone_it_was_put(engine: Engine) -> None:
    slots = sql.SqlTable(engine, "slots", datetime)
    slot = datetime(2026, 7, 1, 7, 30, tzinfo=ZoneInfo("Europe/Warsaw"))
    slots.put({"anna": slot}, at=slot)
    assert slots.get("anna") == datetime(2026, 7, 1, 5, 30, tzinfo=UTC)
    assert slots.values(since=slot) == (slot,)


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="a time without a zone cannot be stored"):
        sql.SqlTable(engine, "slots", datetime).put({"anna": NOW}, at=NOW.replace(tzinfo=None))


def test_rows_put_together_are_kept_together_or_not_at_all(engine: Engine) -> None:
    table = sql.SqlTable(engine, "states", FeedState)
    rows: dict[str, Any] = {"a": state("a"), "b": "no state at all"}
    with pytest.raises(PydanticSerializationError, match="Expected `FeedState`"):
        table.put(rows, at=NOW)
    assert table.values() == ()


def test_two_that_put_the_same_rows_in_another_order_do_not_block_each_other(engine: Engine) -> None:
    table = sql.SqlTable(engine, "states", FeedState)
    keys = [str(n) for n in range(50)]

    def put(order: list[str]) -> None:
        for _ in range(10):
            table.put({key: state(key) for key in order}, at=NOW)

    threads = [threading.Thread(target=put, args=(order,)) for order in (keys, keys[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(table.values()) == 50


# ── values and their text ────────────────────────────────────────────────────────────────────────────────────────────

texts = st.text(st.characters(codec="utf-8"))
times = st.datetimes(
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=3))])
)
leaves = st.builds(Message, st.sampled_from(get_args(Kind)), texts, texts, texts, texts)
"""Messages are the one value that may hold others of its kind; one level of them is enough."""
strategies: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    datetime: times,
    tuple[Message, ...]: st.lists(leaves, max_size=2).map(tuple),
}


def built(*types: type) -> st.SearchStrategy[Any]:
    """Values of our types, from their annotations."""
    return st.sampled_from(types).flatmap(_value)


def _value(of: Any) -> st.SearchStrategy[Any]:
    if of in strategies:
        return strategies[of]
    if is_dataclass(of):
        make: Any = of
        return st.builds(make, **{name: _value(hint) for name, hint in get_type_hints(of).items()})
    if get_origin(of) is tuple and get_args(of)[-1] is Ellipsis:
        return st.lists(_value(get_args(of)[0]), max_size=2).map(tuple)
    if get_origin(of) is tuple:
        return st.tuples(*map(_value, get_args(of)))
    if get_origin(of) is UnionType:
        return st.one_of(*map(_value, get_args(of)))
    return st.from_type(of)


@given(built(Article, Match, Story, Delivery))
def test_a_value_comes_back_from_its_text_as_it_was(value: Any) -> None:
    codec: Codec[Any] = Codec(type(value))
    assert codec.decode(codec.encode(value)) == value


@given(built(Development, Receipt, Report, FeedState))
def test_so_do_the_smaller_ones(value: Any) -> None:
    codec: Codec[Any] = Codec(type(value))
    assert codec.decode(codec.encode(value)) == value


@given(st.timedeltas())
def test_a_duration_comes_back_to_the_microsecond(value: timedelta) -> None:
    assert Codec(timedelta).decode(Codec(timedelta).encode(value)) == value


@given(st.text())
def test_any_text_at_all_can_be_written(value: str) -> None:
    """Also with halves of surrogate pairs, which come back as U+FFFD."""
    back = Codec(str).decode(Codec(str).encode(value))
    assert back == value or "\ufffd" in back or any("\ud800" <= letter <= "\udfff" for letter in value)


def test_a_time_of_the_day_comes_back() -> None:
    assert Codec(time).decode(Codec(time).encode(time(7, 30))) == time(7, 30)


@pytest.mark.parametrize("text", ["", "{", "null", '"x"', "[]", '{"id": 5}'])
def test_text_that_is_no_value_is_a_plain_error(text: str) -> None:
    with pytest.raises(StoreError, match="a stored Article cannot be read by this version"):
        Codec(Article).decode(text)
