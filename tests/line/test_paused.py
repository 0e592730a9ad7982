"""What is paused at the desk: a channel keeps what is meant for it, a subscription is told nothing of what comes then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from alerts import pauses, stages
from alerts.adapters.memory import MemoryChannel, MemoryOutbox, MemoryTable
from alerts.model import ChannelState, Delivery, Message, Receipt
from tests.line.world import CONCERN, CRACKDOWN, DESK, HOOK, START, TARIFF, WIRE, World, a_config

CUT_OFF = "Iran cuts internet as forces fire on protesters"
CHINA = "China voices concern over Iran crackdown, offers no tangible support"
TARIFFS = "US announces 25% tariff on countries that transact with Iran"


def a_world() -> World:
    return World(a_config(subscriptions=[DESK, HOOK]))


def come(world: World, title: str, text: str) -> tuple[int, int]:
    """Let something happen; what Slack and the webhook have been told by then."""
    world.says(WIRE, title, text)
    world.passes(minutes=20)
    world.run()
    return len(world.told("slack")), len(world.told("webhook"))


def test_what_is_meant_for_a_paused_channel_waits_and_other_channels_go_on() -> None:
    world = a_world()
    pauses.pause(world.stores.paused, "channel", "slack", author="anna", now=world.now)
    assert come(world, CUT_OFF, CRACKDOWN) == (0, 1)
    assert come(world, CHINA, CONCERN) == (0, 2)
    assert pauses.resume(world.stores.paused, "channel", "slack", now=world.now)
    world.run()
    assert [title in d.message.body for d, title in zip(world.told("slack"), (CUT_OFF, CHINA), strict=True)] == [
        True
    ] * 2


def test_a_pause_holds_from_the_next_batch_of_a_run_that_is_going_on() -> None:
    """Twenty are held at once: of fifty, those after the first twenty stay where they are."""
    outbox, sent = MemoryOutbox(), MemoryChannel()
    told = Message("webhook", "s", "t", body="{}")
    outbox.add([Delivery(f"alert:desk:{n:02}", "desk", "hook", "", told, START) for n in range(50)])
    paused: list[str] = []

    class Hook:
        def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
            paused.append("hook")
            return sent.send(delivery, attempt=attempt, now=now)

    states = MemoryTable[ChannelState]()
    stages.deliver(
        channels={"hook": Hook()}, outbox=outbox, states=states, clock=lambda: START, paused=lambda name: name in paused
    )
    assert len(sent.sent) == 20
    assert len(outbox.due(START)) == 30
    state = states.get("hook")
    assert state is None or state.health == "healthy", "how the channel does is another matter"


def test_what_comes_while_a_subscription_is_paused_is_not_told_later() -> None:
    world = a_world()
    assert come(world, CUT_OFF, CRACKDOWN) == (1, 1)
    pauses.pause(world.stores.paused, "subscription", "desk", author="anna", now=world.now)
    assert come(world, CHINA, CONCERN) == (1, 2)
    assert pauses.resume(world.stores.paused, "subscription", "desk", now=world.now)
    assert not pauses.resume(world.stores.paused, "subscription", "desk", now=world.now)
    world.run()
    assert come(world, TARIFFS, TARIFF) == (2, 3)
    assert TARIFFS in world.told("slack")[-1].message.body


def test_a_channel_and_a_subscription_of_one_name_are_paused_apart() -> None:
    world = World(a_config(subscriptions=[replace(DESK, id="slack")]))
    pauses.pause(world.stores.paused, "subscription", "slack", author="anna", now=world.now)
    assert pauses.found(world.stores.paused, "channel", "slack") is None
    assert [s.recipients for s in pauses.untold(world.stores.paused, world.config.subscriptions)] == [()]
