"""What every outbox promises: once, in order, held by one, closed for good."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from alerts.adapters import sql
from alerts.adapters.memory import MemoryOutbox
from alerts.adapters.sql import tables
from alerts.model import Outcome, Pending
from alerts.ports import Outbox
from tests.contract.values import NOW, delivery, receipt

MINUTE = timedelta(minutes=1)
LEASE = 5 * MINUTE


@pytest.fixture
def outbox(anywhere: Engine | None) -> Outbox:
    return MemoryOutbox() if anywhere is None else sql.SqlOutbox(anywhere)


def due(outbox: Outbox, now: datetime = NOW) -> list[str]:
    return [pending.delivery.id for pending in outbox.due(now)]


def claim(outbox: Outbox, id_: str, now: datetime = NOW) -> str:
    return outbox.claim([id_], now=now, until=now + LEASE)[id_]


def test_what_is_added_is_due_and_comes_back_equal(outbox: Outbox) -> None:
    assert outbox.add([delivery("alert:anna:1")]) == (delivery("alert:anna:1"),)
    assert outbox.due(NOW) == (Pending(delivery("alert:anna:1")),)


def test_adding_nothing_gives_nothing(outbox: Outbox) -> None:
    assert outbox.add([]) == ()
    assert outbox.due(NOW) == ()


def test_the_older_delivery_wins_and_is_given_back(outbox: Outbox) -> None:
    first, second = delivery("digest:anna:1", upto=7), delivery("digest:anna:1", upto=9, made=NOW + MINUTE)
    outbox.add([first])
    assert outbox.add([second]) == (first,)
    assert [pending.delivery for pending in outbox.due(NOW + MINUTE)] == [first]


def test_a_later_part_is_not_kept_beside_an_older_first(outbox: Outbox) -> None:
    """A digest that was made anew tells more, in more parts: of the two messages one is kept whole, and no part of both."""
    older = [delivery("digest:anna:1", upto=7), replace(delivery("digest:anna:1:2", upto=7), after="digest:anna:1")]
    newer = [replace(d, upto=9) for d in older] + [replace(delivery("digest:anna:1:3", upto=9), after="digest:anna:1")]
    outbox.add(older)
    assert list(outbox.add(newer)) == older
    assert list(outbox.add(older)) == older, "twice is once"
    assert due(outbox) == ["digest:anna:1", "digest:anna:1:2"]
    assert outbox.upto(older[0].subscription) == 7


def test_old_and_new_come_back_in_the_order_in_which_they_were_asked_for(outbox: Outbox) -> None:
    outbox.add([delivery("b", upto=1)])
    kept = outbox.add([delivery("c"), delivery("b", upto=2), delivery("a"), delivery("c", upto=3)])
    assert [(d.id, d.upto) for d in kept] == [("c", 0), ("b", 1), ("a", 0)]


def test_due_are_the_oldest_first_and_no_more_than_asked(outbox: Outbox) -> None:
    outbox.add([delivery("new", made=NOW), delivery("old", made=NOW - MINUTE), delivery("too"), delivery("third")])
    assert due(outbox) == ["old", "new", "too", "third"]
    assert [pending.delivery.id for pending in outbox.due(NOW, 2)] == ["old", "new"]


def test_what_is_made_for_later_is_not_due(outbox: Outbox) -> None:
    outbox.add([delivery("later", made=NOW + MINUTE)])
    assert due(outbox) == []
    assert not outbox.claim(["later"], now=NOW, until=NOW + LEASE)
    assert due(outbox, NOW + MINUTE) == ["later"]


def test_a_delivery_is_held_by_one_and_not_due_to_others(outbox: Outbox) -> None:
    outbox.add([delivery("a")])
    assert claim(outbox, "a")
    assert not outbox.claim(["a"], now=NOW + MINUTE, until=NOW + LEASE)
    assert due(outbox, NOW + MINUTE) == []


def test_many_are_held_in_one_go_but_for_those_that_another_has(outbox: Outbox) -> None:
    outbox.add([delivery("a"), delivery("b"), delivery("c", made=NOW + MINUTE), delivery("d")])
    claim(outbox, "b")
    held = outbox.claim(["d", "a", "b", "c", "ghost"], now=NOW, until=NOW + LEASE)
    assert set(held) == {"a", "d"}
    assert due(outbox) == []
    assert outbox.record(receipt("a"), token=held["a"], next_attempt=None)
    assert outbox.claim([], now=NOW, until=NOW + LEASE) == {}


def test_what_is_given_back_is_due_again_and_its_token_is_worth_nothing(outbox: Outbox) -> None:
    outbox.add([delivery("a"), delivery("b")])
    held = outbox.claim(["a", "b"], now=NOW, until=NOW + LEASE)
    outbox.release({"a": held["a"]})
    assert outbox.due(NOW) == (Pending(delivery("a")),), "no attempt was made"
    assert not outbox.record(receipt("a"), token=held["a"], next_attempt=None)


def test_nobody_gives_back_what_another_holds_by_now(outbox: Outbox) -> None:
    outbox.add([delivery("a"), delivery("b")])
    late = outbox.claim(["a", "b"], now=NOW, until=NOW + LEASE)
    assert outbox.record(receipt("b"), token=late["b"], next_attempt=None)
    quick = claim(outbox, "a", NOW + LEASE)
    outbox.release({**late, "ghost": "x"})
    assert due(outbox, NOW + LEASE) == []
    assert outbox.record(receipt("a"), token=quick, next_attempt=None)


def test_a_lease_that_ran_out_holds_nobody_up(outbox: Outbox) -> None:
    outbox.add([delivery("a")])
    first = claim(outbox, "a")
    assert due(outbox, NOW + LEASE) == ["a"]
    assert claim(outbox, "a", NOW + LEASE) != first


def test_what_does_not_exist_cannot_be_held_or_recorded(outbox: Outbox) -> None:
    assert not outbox.claim(["ghost"], now=NOW, until=NOW + LEASE)
    assert not outbox.record(receipt("ghost"), token="x", next_attempt=None)
    assert outbox.receipts("ghost") == ()


def test_a_receipt_needs_a_token(outbox: Outbox) -> None:
    outbox.add([delivery("a")])
    assert not outbox.record(receipt("a"), token="", next_attempt=None)
    assert due(outbox) == ["a"]


@pytest.mark.parametrize("outcome", ["delivered", "refused", "deferred"])
def test_a_delivery_without_a_next_attempt_is_closed_for_good(outbox: Outbox, outcome: Outcome) -> None:
    outbox.add([delivery("a")])
    assert outbox.record(receipt("a", outcome), token=claim(outbox, "a"), next_attempt=None)
    assert due(outbox, NOW + timedelta(days=999)) == []
    assert not outbox.claim(["a"], now=NOW + LEASE, until=NOW + 2 * LEASE)
    assert outbox.add([delivery("a", upto=5)]) == (delivery("a"),)
    assert outbox.receipts("a") == (receipt("a", outcome),)


def test_a_deferred_delivery_is_tried_again_at_its_time_and_counts_its_attempts(outbox: Outbox) -> None:
    outbox.add([delivery("a")])
    assert outbox.record(receipt("a", "deferred"), token=claim(outbox, "a"), next_attempt=NOW + MINUTE)
    assert due(outbox) == []
    assert outbox.due(NOW + MINUTE) == (Pending(delivery("a"), 1),)
    token = claim(outbox, "a", NOW + MINUTE)
    assert outbox.record(receipt("a", attempt=2, at=NOW + MINUTE), token=token, next_attempt=None)
    assert outbox.receipts("a") == (receipt("a", "deferred"), receipt("a", attempt=2, at=NOW + MINUTE))


def test_each_recipient_has_a_clock_and_a_state_of_its_own(outbox: Outbox) -> None:
    bad, good = delivery("d:bad", recipient="gone@example.com"), delivery("d:good")
    outbox.add([bad, good])
    assert outbox.record(receipt("d:bad", "refused"), token=claim(outbox, "d:bad"), next_attempt=None)
    assert due(outbox) == ["d:good"]


def test_recording_twice_is_recording_once(outbox: Outbox) -> None:
    outbox.add([delivery("a")])
    token = claim(outbox, "a")
    assert outbox.record(receipt("a", "deferred"), token=token, next_attempt=NOW)
    assert not outbox.record(receipt("a", "deferred"), token=token, next_attempt=NOW)
    assert len(outbox.receipts("a")) == 1


def test_a_late_worker_whose_lease_was_taken_is_refused_and_writes_nothing(outbox: Outbox) -> None:
    outbox.add([delivery("a")])
    late = claim(outbox, "a")
    quick = claim(outbox, "a", NOW + LEASE)
    assert not outbox.record(receipt("a", "refused"), token=late, next_attempt=None)
    assert outbox.receipts("a") == ()
    assert outbox.record(receipt("a"), token=quick, next_attempt=None)
    assert not outbox.record(receipt("a", "refused"), token=late, next_attempt=None)
    assert outbox.receipts("a") == (receipt("a"),)


def test_a_late_worker_whom_nobody_has_replaced_may_still_say_what_happened(outbox: Outbox) -> None:
    outbox.add([delivery("a")])
    token = claim(outbox, "a")
    assert due(outbox, NOW + LEASE) == ["a"]
    assert outbox.record(receipt("a", at=NOW + 2 * LEASE), token=token, next_attempt=None)
    assert due(outbox, NOW + 2 * LEASE) == []


def test_each_channel_is_due_by_itself(outbox: Outbox) -> None:
    outbox.add([delivery("a"), replace(delivery("b"), channel="slack"), delivery("later", made=NOW + MINUTE)])
    assert outbox.channels(NOW) == ("mail", "slack")
    assert [pending.delivery.id for pending in outbox.due(NOW, channel="slack")] == ["b"]
    claim(outbox, "b")
    assert outbox.channels(NOW) == ("mail",)
    assert outbox.due(NOW, channel="slack") == ()


def test_what_waits_for_its_channel_alone_is_brought_forward(outbox: Outbox) -> None:
    later, asked = NOW + 60 * MINUTE, NOW + 30 * MINUTE
    outbox.add([delivery("waits"), delivery("asked"), delivery("greylisted"), replace(delivery("other"), channel="x")])
    said = {"waits": {}, "other": {}, "asked": {"retry_after": asked}, "greylisted": {"blame": "recipient"}}
    for id_, more in said.items():
        put_off = replace(receipt(id_, "deferred"), **{"retry_after": None, **more})
        assert outbox.record(put_off, token=claim(outbox, id_), next_attempt=later)
    assert due(outbox) == []
    assert outbox.hasten("mail", now=NOW + MINUTE) == 1
    assert due(outbox, NOW + MINUTE) == ["waits"]
    assert outbox.hasten("mail", now=asked) == 1
    assert due(outbox, asked) == ["waits", "asked"]


def test_what_was_closed_is_opened_again_with_the_same_bytes_and_a_new_table_of_waits(outbox: Outbox) -> None:
    outbox.add([delivery("given up"), delivery("arrived"), delivery("open")])
    assert outbox.record(receipt("given up", "deferred", 10), token=claim(outbox, "given up"), next_attempt=None)
    assert outbox.record(receipt("arrived"), token=claim(outbox, "arrived"), next_attempt=None)
    assert outbox.record(receipt("open", "deferred"), token=claim(outbox, "open"), next_attempt=NOW + 9 * MINUTE)
    assert outbox.redrive(["given up", "arrived", "open", "ghost"], now=NOW + MINUTE) == 2
    assert outbox.due(NOW + MINUTE) == (Pending(delivery("given up")), Pending(delivery("open")))
    assert outbox.receipts("given up") == (receipt("given up", "deferred", 10),)
    assert outbox.record(receipt("given up"), token=claim(outbox, "given up", NOW + MINUTE), next_attempt=None)


@pytest.mark.parametrize(
    ("outcome", "next_attempt", "state"),
    [
        pytest.param("delivered", None, "delivered", id="it arrived"),
        pytest.param("refused", None, "refused", id="it will never arrive"),
        pytest.param("deferred", None, "given_up", id="it was put off once too often"),
        pytest.param("deferred", NOW, "open", id="it is put off"),
    ],
)
def test_the_state_says_how_it_ended(
    engine: Engine, outcome: Outcome, next_attempt: datetime | None, state: str
) -> None:
    outbox = sql.SqlOutbox(engine)
    outbox.add([delivery("a")])
    assert outbox.record(receipt("a", outcome), token=claim(outbox, "a"), next_attempt=next_attempt)
    with engine.connect() as connection:
        row = connection.execute(select(tables.outbox)).one()
    assert (row.state, row.attempts, row.token, row.lease_until) == (state, 1, None, None)


def test_a_receipt_of_a_server_that_answers_nonsense_is_kept(engine: Engine) -> None:
    outbox = sql.SqlOutbox(engine)
    outbox.add([delivery("a")])
    odd = replace(receipt("a"), reason="550 \x00\udc80 no")
    assert outbox.record(odd, token=claim(outbox, "a"), next_attempt=None)
    assert outbox.receipts("a")[0].reason == "550 \x00\ufffd no"


def test_of_many_workers_one_holds_each_delivery(engine: Engine) -> None:
    outbox = sql.SqlOutbox(engine)
    outbox.add([delivery(str(n)) for n in range(20)])
    held: Counter[str] = Counter()

    def work() -> None:
        for n in range(20):
            if outbox.claim([str(n)], now=NOW, until=NOW + LEASE):
                held[str(n)] += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert held == Counter({str(n): 1 for n in range(20)})


def test_two_that_add_the_same_deliveries_agree_on_which_are_kept(engine: Engine) -> None:
    outbox = sql.SqlOutbox(engine)
    kept: list[tuple[int, ...]] = []

    def add(upto: int) -> None:
        ids = [str(n) for n in range(30)]
        made = outbox.add([delivery(id_, upto=upto) for id_ in (ids if upto == 1 else reversed(ids))])
        kept.append(tuple(d.upto for d in sorted(made, key=lambda d: d.id)))

    threads = [threading.Thread(target=add, args=(upto,)) for upto in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert kept[0] == kept[1]
    assert len(set(kept[0])) == 1
