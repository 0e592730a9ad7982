"""The stage: what is wrong with one channel, message or recipient stops nothing else, and is told to the operator once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts import channels as channels_
from alerts import stages
from alerts.adapters.memory import MemoryChannel, MemoryOutbox, MemoryTable
from alerts.model import Blame, ChannelState, Delivery, Message, Outcome, Receipt, Report, Way
from alerts.ports import Channel
from alerts.stages.delivering import TOGETHER

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPERATOR = (Way("mail", "mail", ("ops@example.org",)), Way("slack", "slack"))


@dataclass
class Office:
    """An outbox, two channels that collect, and a clock that is told to move."""

    now: datetime = NOW
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    states: MemoryTable[ChannelState] = field(default_factory=MemoryTable)
    mail: MemoryChannel = field(default_factory=MemoryChannel)
    slack: MemoryChannel = field(default_factory=MemoryChannel)
    others: dict[str, Channel] = field(default_factory=dict)

    def owes(self, channel: str, *names: str, recipient: str = "") -> None:
        """Put deliveries into the outbox."""
        message = Message("slack", "subject", "text")
        self.outbox.add([Delivery(name, "desk", channel, recipient, message, self.now) for name in names])

    def deliver(self, *, clock: Callable[[], datetime] | None = None, at_once: int = 1, **passes: float) -> Report:
        """Let time pass, then run the stage."""
        self.now += timedelta(**passes)
        return stages.deliver(
            channels={"mail": self.mail, "slack": self.slack, **self.others},
            outbox=self.outbox,
            states=self.states,
            clock=clock or (lambda: self.now),
            operator=OPERATOR,
            at_once=at_once,
        )

    def health(self, channel: str = "slack") -> str:
        state = self.states.get(channel)
        return state.health if state else "healthy"

    def always(self, outcome: Outcome, blame: Blame = "", reason: str = "503 no", times: int = 1) -> None:
        """Let the next attempts at Slack end so."""
        for _ in range(times):
            self.slack.then(outcome, reason, blame=blame)


def ids(channel: MemoryChannel) -> list[str]:
    return [delivery.id for delivery in channel.sent]


@pytest.fixture
def office() -> Office:
    return Office()


def test_what_is_refused_is_one_messages_matter(office: Office) -> None:
    office.owes("slack", "a", "b", "c")
    office.slack.then("delivered")
    office.always("refused", "message", "400 invalid_blocks")
    report = office.deliver()
    assert ids(office.slack) == ["a", "c"]
    assert office.health() == "healthy"
    assert report.lines == ('delivery "b": refused: 400 invalid_blocks',)


def test_a_login_that_fails_pauses_the_channel_after_one_attempt_and_loses_nothing(office: Office) -> None:
    office.owes("slack", "a", "b", "c")
    office.owes("mail", "d", recipient="anna@example.org")
    office.always("deferred", "login", "403 invalid_token")
    office.deliver()
    assert office.health() == "paused"
    assert len(office.slack.attempts) == 1
    assert ids(office.mail) == ["d"]
    office.deliver(minutes=4)
    assert len(office.slack.attempts) == 1
    office.deliver(minutes=2)
    assert ids(office.slack) == ["b", "c"] or ids(office.slack) == ["a", "b", "c"]
    office.deliver()
    assert sorted(ids(office.slack)[:3]) == ["a", "b", "c"]
    assert office.health() == "healthy"


def test_an_address_that_is_gone_disables_the_channel_until_the_operator_resumes_it(office: Office) -> None:
    office.owes("slack", "a", "b")
    office.always("deferred", "gone", "410 channel_is_archived")
    office.deliver()
    for _ in range(6):
        report = office.deliver(days=1)
    assert len(office.slack.attempts) == 1
    assert report.lines[0].startswith('channel "slack": disabled: 410 channel_is_archived')
    state = office.states.get("slack")
    assert state is not None
    office.states.put({"slack": channels_.resumed(state, office.now)}, at=office.now)
    office.deliver()
    assert ids(office.slack)[:2] == ["a", "b"]


def test_the_operator_is_told_once_by_another_channel_and_once_of_the_recovery(office: Office) -> None:
    office.owes("slack", "a", "b")
    office.always("deferred", "login", "403 invalid_token", times=5)
    for _ in range(8):
        office.deliver(minutes=10)
    assert [d.message.subject for d in office.mail.sent] == [
        '[Tocsin] Channel "slack" is paused',
        '[Tocsin] Channel "slack" is well again',
    ]
    assert [d.recipient for d in office.mail.sent] == ["ops@example.org"] * 2
    assert sorted(ids(office.slack)) == ["a", "b"]


def test_who_is_told_of_the_operators_own_channel_is_the_other_one(office: Office) -> None:
    office.owes("mail", "a", recipient="anna@example.org")
    office.mail.then("deferred", "535 5.7.8 no", blame="login")
    office.deliver()
    office.deliver(minutes=1)
    assert [d.message.subject for d in office.slack.sent] == ['[Tocsin] Channel "mail" is paused']


def test_a_death_before_the_notice_is_noted_does_not_tell_twice(office: Office) -> None:
    office.owes("slack", "a")
    office.always("deferred", "login", times=3)
    office.deliver()
    state = office.states.get("slack")
    assert state is not None
    office.states.put({"slack": replace(state, told="healthy")}, at=NOW)  # as if the run had died just before
    office.deliver(minutes=1)
    assert len(office.mail.sent) == 1


def test_a_receiver_that_is_down_for_an_hour_costs_few_attempts_and_gets_everything_within_minutes(
    office: Office,
) -> None:
    names = [f"{n:03}" for n in range(200)]
    office.owes("slack", *names)
    office.slack._script.extend([("deferred", "503 down", None, "")] * 10_000)
    while office.now < NOW + HOUR:
        office.deliver(minutes=1)
    tried = len(office.slack.attempts)
    assert tried < 60
    office.slack._script.clear()
    for _ in range(4):
        office.deliver(minutes=1)
    assert sorted(ids(office.slack)) == names
    assert office.health() == "healthy"
    assert max(len(office.outbox.receipts(name)) for name in names) <= 10


def test_nothing_is_sent_before_the_time_that_a_server_names(office: Office) -> None:
    office.owes("slack", "a", "b", "c", "d")
    office.slack.then("deferred", "429 rate_limited", retry_after=NOW + 90 * MINUTE)
    office.deliver()
    for _ in range(89):
        office.deliver(minutes=1)
    assert len(office.slack.attempts) == 1
    for _ in range(3):
        office.deliver(minutes=1)
    assert sorted(ids(office.slack)) == ["a", "b", "c", "d"]


def test_a_channel_that_is_not_configured_is_paused_and_its_deliveries_wait_without_attempts(office: Office) -> None:
    office.owes("teams", "a", "b")
    for _ in range(6):
        office.deliver(hours=1)
    assert office.health("teams") == "paused"
    assert sum(len(office.outbox.receipts(name)) for name in "ab") <= 6
    office.others["teams"] = MemoryChannel()
    office.deliver(hours=30)
    office.deliver()
    assert sorted(ids(office.others["teams"])) == ["a", "b"]  # type: ignore[arg-type]


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_channel_is_served_for_two_minutes_and_the_rest_goes_with_the_next_run(office: Office) -> None:
    office.owes("slack", *(f"{n:02}" for n in range(10)))

    class Slow(MemoryChannel):
        def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
            office.now += timedelta(seconds=50)
            return super().send(delivery, attempt=attempt, now=now)

    office.slack = Slow()
    report = office.deliver()
    assert len(office.slack.sent) == 3
    assert report.lines == ('channel "slack": its time is up for this run; the rest goes with the next',)
    for _ in range(3):
        office.deliver()
    assert len(office.slack.sent) == 10


def test_a_channel_that_hangs_holds_up_no_other(office: Office) -> None:
    """Mail is through while Slack still hangs: else this test would wait for ever, and fail by its own time-out."""
    mail_is_through = threading.Event()

    class Hangs(MemoryChannel):
        def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
            self.freed = mail_is_through.wait(20)
            return Receipt(delivery.id, attempt, "deferred", "no answer", now)

    class Last(MemoryChannel):
        def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
            receipt = super().send(delivery, attempt=attempt, now=now)
            if len(self.sent) == 20:
                mail_is_through.set()
            return receipt

    hangs = office.others["a-hook"] = Hangs()
    office.mail = Last()
    office.owes("a-hook", "h")
    office.owes("mail", *(f"m{n}" for n in range(20)), recipient="anna@example.org")
    report = office.deliver(at_once=4)
    assert hangs.freed
    assert dict(report.counts) == {"attempts": 21, "delivered": 20, "deferred": 1, "refused": 0}


def test_many_are_held_in_one_commit_and_what_is_not_attempted_is_given_back(office: Office) -> None:
    """The disk is waited for at each commit: one for what is held, and one for each receipt."""
    names = [f"{n:03}" for n in range(2 * TOGETHER + 1)]
    office.owes("slack", *names)
    writes: Counter[str] = Counter()

    class Counted(MemoryOutbox):
        def claim(self, deliveries: Sequence[str], *, now: datetime, until: datetime) -> Mapping[str, str]:
            writes["claim"] += 1
            return super().claim(deliveries, now=now, until=until)

    office.outbox.__class__ = Counted
    for _ in range(TOGETHER + 3):
        office.slack.then("delivered")
    office.slack.then("deferred", "403 invalid_token", blame="login")
    office.deliver()
    assert writes["claim"] == 2
    assert len(office.slack.attempts) == TOGETHER + 4
    left = [pending.delivery.id for pending in office.outbox.due(office.now, channel="slack")]
    assert left == names[TOGETHER + 4 :], "nobody waits for a lease"


def test_a_turn_and_its_last_attempt_end_within_the_lease() -> None:
    assert stages.TURN + timedelta(minutes=1) < stages.LEASE


def test_who_slept_sends_nothing_of_what_another_run_may_have_sent(office: Office) -> None:
    office.owes("slack", "a", "b", "c")
    other = MemoryChannel()

    class Sleepy(MemoryChannel):
        def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
            if not self.sent:
                office.slack = other
                office.deliver(minutes=6)
            return super().send(delivery, attempt=attempt, now=now)

    started, sleepy = office.now, Sleepy()
    office.slack = sleepy
    office.deliver(clock=lambda: started)  # whose clock has stood still, too
    assert ids(other) == ["a", "b", "c"]
    assert ids(sleepy) == ["a"], "the one that it was at"


def test_what_another_run_has_taken_meanwhile_is_not_counted(office: Office) -> None:
    office.owes("slack", "a")

    class Stolen(MemoryChannel):
        def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
            later = now + stages.LEASE
            assert office.outbox.claim([delivery.id], now=later, until=later + stages.LEASE)
            return super().send(delivery, attempt=attempt, now=now)

    office.slack = Stolen()
    assert dict(office.deliver().counts)["delivered"] == 0
    assert office.outbox.receipts("a") == ()
