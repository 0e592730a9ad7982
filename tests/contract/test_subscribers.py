"""Readers who subscribed by themselves, in both databases: one row for an address, and nothing left of who is gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine, text

from alerts.adapters import sql
from alerts.model import Development
from alerts.subscribers import Pause, Subscriber, Wishes
from tests.contract.values import NOW

MINUTE = timedelta(minutes=1)
MINA = Subscriber("a" * 32, "mina@example.org", "asked", Wishes(("iran",), "30 7 * * *", "Asia/Seoul", "ko"), NOW, NOW)


def test_a_subscriber_is_found_by_id_and_by_mark(engine: Engine) -> None:
    store = sql.SqlSubscribers(engine)
    store.put(MINA, "m1")
    assert store.get(MINA.id) == store.find("m1") == MINA
    assert store.find("m2") is None
    active = replace(MINA, standing="active")
    store.put(active, "m1")
    assert store.all() == (active,)


def test_of_two_rows_of_one_address_the_older_stays(engine: Engine) -> None:
    store = sql.SqlSubscribers(engine)
    store.put(MINA, "m1")
    store.put(replace(MINA, id="b" * 32, standing="active"), "m1")
    assert store.all() == (MINA,)


def test_of_who_is_gone_nothing_is_left(engine: Engine) -> None:
    store, log = sql.SqlSubscribers(engine), sql.SqlLog(engine, "developments", Development)
    slots = sql.SqlTable(engine, "slots", type(NOW))
    store.put(MINA, "m1")
    log.subscribe(MINA.name, now=NOW)
    slots.put({MINA.name: NOW, "anna": NOW}, at=NOW)
    store.remove(MINA)
    store.remove(MINA)
    assert (store.all(), log.subscribed(MINA.name), slots.get(MINA.name), slots.get("anna")) == ((), None, None, NOW)


def test_only_who_did_not_confirm_is_tidied_away(engine: Engine) -> None:
    store = sql.SqlSubscribers(engine)
    active = replace(MINA, id="b" * 32, standing="active")
    late = replace(MINA, id="c" * 32, made=NOW + MINUTE)
    for n, reader in enumerate((MINA, active, late)):
        store.put(reader, f"m{n}")
    assert [store.tidy(NOW + MINUTE), store.tidy(NOW + MINUTE)] == [1, 0]
    assert {reader.id for reader in store.all()} == {active.id, late.id}


def test_an_address_is_left_alone_until_it_is_resumed_and_again_only_for_what_came_later(engine: Engine) -> None:
    store = sql.SqlSubscribers(engine)
    bounce = Pause("m1", "550 no such user", NOW)
    assert [store.pause(bounce), store.pause(replace(bounce, reason="551")), store.pauses()] == [True, False, (bounce,)]
    assert [store.resume("m1", NOW + MINUTE), store.resume("m1", NOW + MINUTE), store.resume("", NOW)] == [
        True, False, False,
    ]  # fmt: skip
    assert (store.pause(bounce), store.pauses()) == (False, ())
    again = replace(bounce, at=NOW + 2 * MINUTE)
    assert (store.pause(again), store.pauses()) == (True, (again,))


def test_the_address_is_in_one_column_of_one_table(engine: Engine) -> None:
    """And in no key: what is asked for by address is asked for by its mark."""
    store = sql.SqlSubscribers(engine)
    store.put(MINA, "m1")
    store.pause(Pause("m1", "550 no such user", NOW))
    with engine.connect() as connection:
        (row,) = connection.execute(text("SELECT * FROM subscribers")).mappings().all()
        kept = connection.execute(text("SELECT body FROM rows")).scalars().all()
    assert [name for name, value in row.items() if MINA.address in str(value)] == ["body"]
    assert not [body for body in kept if "mina" in body]
