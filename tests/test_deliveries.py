"""Ids of deliveries, and when an attempt is made again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import deliveries
from alerts.model import Digest, Message, Notice, Pending, Receipt, Way
from tests.newsroom import NIGHT, SLOT, alert, digest, subscription

MESSAGE = Message("mail", "subject", "text")
NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)


def receipt(attempt: int = 1, outcome: str = "deferred", **other: object) -> Receipt:
    return Receipt("digest:anna:20260701T0730", attempt, outcome, "450 busy", NOW, **other)  # type: ignore[arg-type]


# ── ids ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_alert_is_named_by_subscription_and_version_of_the_article() -> None:
    (made,) = deliveries.for_alert(alert("slack"), NIGHT[2], MESSAGE, NOW)
    assert (made.id, made.channel, made.recipient, made.upto) == ("alert:anna:tariff@v1", "slack", "", 0)
    assert (made.made, made.message, made.subscription) == (NOW, MESSAGE, "anna")


def test_a_digest_is_named_by_its_slot_on_the_subscribers_clock() -> None:
    (made,) = deliveries.for_digest(digest("webhook"), MESSAGE, NOW, upto=17)
    assert (made.id, made.upto) == ("digest:anna:20260701T0730", 17)


def test_each_recipient_has_a_delivery_and_no_address_is_in_an_id() -> None:
    s = subscription(recipients=("anna@example.org", "bo@example.org", "anna@example.org"))
    made = deliveries.for_digest(Digest(s, SLOT, ()), MESSAGE, NOW, upto=1)
    assert [d.recipient for d in made] == ["anna@example.org", "bo@example.org"]
    assert made[0].id == "digest:anna:20260701T0730:a3bf8623"
    assert len({d.id for d in made}) == 2
    assert not any("@" in d.id or "example" in d.id for d in made)


def test_making_it_twice_makes_the_same_ids() -> None:
    first, second = (deliveries.for_alert(alert(), NIGHT[2], MESSAGE, now) for now in (NOW, NOW + timedelta(hours=1)))
    assert [d.id for d in first] == [d.id for d in second]


def test_an_edited_article_is_told_under_another_id() -> None:
    edited = replace(NIGHT[2], match=replace(NIGHT[2].match, article=replace(NIGHT[2].article, version="v2")))
    ids = [deliveries.for_alert(alert("slack"), d, MESSAGE, NOW)[0].id for d in (NIGHT[2], edited)]
    assert ids == ["alert:anna:tariff@v1", "alert:anna:tariff@v2"]


# ── the next attempt ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("outcome", ["delivered", "refused"])
def test_what_is_settled_is_not_tried_again(outcome: str) -> None:
    assert deliveries.next_attempt(receipt(outcome=outcome, retry_after=NOW + timedelta(hours=1))) is None


@pytest.mark.parametrize(("attempt", "wait"), list(enumerate(deliveries.DELAYS[1:], start=1)))
def test_each_wait_is_that_of_the_table_give_or_take_a_fifth(attempt: int, wait: timedelta) -> None:
    after = deliveries.next_attempt(receipt(attempt))
    assert after is not None
    assert wait * 0.8 <= after - NOW <= wait * 1.2


def test_the_tenth_attempt_is_the_last_whatever_the_other_side_asks() -> None:
    assert deliveries.next_attempt(receipt(9)) is not None
    assert deliveries.next_attempt(receipt(10)) is None
    assert deliveries.next_attempt(receipt(10, retry_after=NOW + timedelta(hours=1))) is None


def test_it_is_given_up_after_about_three_days() -> None:
    assert timedelta(days=3) <= sum(deliveries.DELAYS, timedelta(0)) <= timedelta(days=4)


def test_the_other_side_can_ask_for_more_time_but_not_for_less_nor_for_ever() -> None:
    hour, year = timedelta(hours=1), timedelta(days=365)
    assert deliveries.next_attempt(receipt(1, retry_after=NOW + hour)) == NOW + hour
    assert deliveries.next_attempt(receipt(1, retry_after=NOW - hour)) == deliveries.next_attempt(receipt(1))
    assert deliveries.next_attempt(receipt(1, retry_after=NOW + year)) == NOW + timedelta(hours=24)


@given(st.text(), st.integers(1, 9))
def test_the_jitter_of_an_attempt_is_always_the_same(name: str, attempt: int) -> None:
    made = replace(receipt(attempt), delivery=name)
    first = deliveries.next_attempt(made)
    assert first == deliveries.next_attempt(made)
    assert first is not None
    assert first > NOW


def test_deliveries_that_failed_together_come_back_one_by_one() -> None:
    again = {deliveries.next_attempt(replace(receipt(4), delivery=f"alert:a:{n}")) for n in range(100)}
    assert len(again) == 100


def test_a_channel_that_is_not_configured_puts_it_off_and_says_where_to_look() -> None:
    (made,) = deliveries.for_alert(alert("slack"), NIGHT[2], MESSAGE, NOW)
    got = deliveries.no_channel(Pending(made, attempts=2), NOW)
    reason = 'channel "slack" is not configured in channels.yaml'
    assert got == Receipt(made.id, 3, "deferred", reason, NOW, blame="login")
    assert deliveries.next_attempt(got) is not None


def test_what_follows_a_message_is_a_delivery_of_its_own_to_each_recipient() -> None:
    told = digest("slack", recipients=("#news", "#trade"))
    parts = [Message("slack", f"part {n}", "", body=f"{n}") for n in range(3)]
    made = deliveries.for_digest(told, replace(parts[0], rest=tuple(parts[1:])), SLOT, upto=7)
    assert [(d.recipient, d.message.body) for d in made] == [
        (to, f"{n}") for to in ("#news", "#trade") for n in range(3)
    ]
    assert len({d.id for d in made}) == 6
    assert all(d.message.rest == () and d.upto == 7 for d in made)
    first = [d.id for d in made if d.recipient == "#news"]
    assert [id_.rpartition(":")[0] for id_ in first] == [
        "digest:anna:20260701T0730",
        "digest:anna:20260701T0730:2",
        "digest:anna:20260701T0730:3",
    ]


# ── states, bounces, addresses ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("outcome", "blame", "again", "state"),
    [
        ("delivered", "", False, "delivered"),
        ("refused", "recipient", False, "refused"),
        ("refused", "message", False, "quarantined"),
        ("deferred", "login", True, "open"),
        ("deferred", "", False, "given_up"),
    ],
)
def test_what_an_attempt_leaves(outcome: str, blame: str, again: bool, state: str) -> None:
    assert deliveries.state_after(receipt(outcome=outcome, blame=blame), NOW if again else None) == state


def test_only_what_waits_for_the_channel_may_be_brought_forward() -> None:
    later, asked = NOW + timedelta(hours=2), NOW + timedelta(hours=1)
    assert deliveries.not_before(receipt(), later) is None
    assert deliveries.not_before(receipt(blame="gone"), later) is None
    assert deliveries.not_before(receipt(retry_after=asked), later) == asked
    assert deliveries.not_before(receipt(blame="recipient"), later) == later


def test_a_bounce_is_an_address_that_is_refused_for_good() -> None:
    assert deliveries.is_bounce(receipt(outcome="refused", blame="recipient"))
    assert not deliveries.is_bounce(receipt(outcome="refused", blame="message"))
    assert not deliveries.is_bounce(receipt(outcome="deferred", blame="recipient"))


@given(st.emails())
def test_a_masked_address_tells_neither_name_nor_domain(address: str) -> None:
    name, _, domain = address.rpartition("@")
    shown = deliveries.masked(address)
    assert shown.count("…") == 2
    assert len(name) < 3 or name not in shown
    assert domain not in shown


def test_a_notice_has_one_delivery_a_recipient_and_is_named_by_what_it_is_about() -> None:
    notice, way = (
        Notice("slack:paused:20260701T080000", "t", "t"),
        Way("mail", "mail", ("a@example.org", "b@example.org")),
    )
    ids = [d.id for d in deliveries.for_notice(notice, way, MESSAGE, NOW)]
    assert len(set(ids)) == 2
    assert all(id_.startswith("notice:slack:paused:20260701T080000:") for id_ in ids)
