"""Deliver: one attempt at all that is due, each channel by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts import channels as channels_
from alerts import deliveries as deliveries_
from alerts import render
from alerts.model import ChannelState, Pending, Receipt, Report, Way
from alerts.ports import Channel, Outbox, Table

LEASE = timedelta(minutes=5)
"""How long a run may hold a delivery: longer than a channel's turn, and an attempt (60 s) that its end meets."""

TOGETHER = 20
"""How many deliveries are held in one commit.  Each is sent and recorded by itself; who dies lets so many wait."""

TURN = timedelta(minutes=2)
"""How long a channel is served in one run; what is left goes with the next, and nobody waits for it longer."""


def deliver(
    *,
    channels: Mapping[str, Channel],
    outbox: Outbox,
    states: Table[ChannelState],
    clock: Callable[[], datetime],
    operator: Sequence[Way] = (),
    at_once: int = 1,
    paused: Callable[[str], bool] = lambda _: False,
) -> Report:
    """Make one attempt at every delivery that is due, ``at_once`` channels at a time, and tell the operator.

    Of a channel that is ``paused`` by the operator nothing is sent, also if that is said while it is being served.
    The one stage that takes the clock and not the time: a lease must be longer than the attempt that it covers, and
    the hundredth attempt may begin an hour after the first.
    """
    started = clock()
    due = outbox.channels(started)
    turns = [_Turn(name, channels.get(name), outbox, states, clock, started, paused) for name in due]
    with ThreadPoolExecutor(min(at_once, max(len(turns), 1)), "deliver") as crowd:
        list(crowd.map(_Turn.take, turns))
    _tell(operator, outbox, states, clock())
    count: Counter[str] = Counter(attempts=0, delivered=0, deferred=0, refused=0)
    for turn in turns:
        count.update(turn.count)
    return Report("deliver", started, tuple(count.items()), tuple(line for turn in turns for line in turn.lines))


@dataclass(slots=True)
class _Turn:
    """One channel's part of a run: its deliveries one after the other, the oldest first."""

    name: str
    channel: Channel | None
    outbox: Outbox
    states: Table[ChannelState]
    clock: Callable[[], datetime]
    started: datetime
    paused: Callable[[str], bool]
    count: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def take(self) -> None:
        """Attempt what is due until nothing is, the channel is to be left alone, or the time is up."""
        before = state = self.states.get(self.name) or ChannelState(self.name)
        until = self.clock() + TURN
        while channels_.is_open(state, self.clock()) and (due := self._due(state)):
            state = self._attempt_all(due, state, until)
            if self.clock() >= until:
                self.lines.append(f'channel "{self.name}": its time is up for this run; the rest goes with the next')
                break
        self._conclude(before, state)

    def _due(self, state: ChannelState) -> Sequence[Pending]:
        """Give what comes next: one, to try a channel that was not well."""
        if self.paused(self.name):
            return ()
        return self.outbox.due(self.started, TOGETHER if state.health == "healthy" else 1, channel=self.name)

    def _attempt_all(self, due: Sequence[Pending], state: ChannelState, until: datetime) -> ChannelState:
        """Hold the deliveries, and attempt one after the other while there is time; how the channel does then."""
        now = self.clock()
        held = dict(self.outbox.claim([pending.delivery.id for pending in due], now=now, until=now + LEASE))
        for pending in due:
            now = self.clock()
            if now >= until or not channels_.is_open(state, now):
                break
            token = held.pop(pending.delivery.id, None)
            if token is None:  # another run has it
                continue
            receipt = self._attempt(pending, token, now)
            if receipt is None:  # we have slept for longer than our lease, and the rest may be another's too
                break
            state = self._learn(state, receipt)
        self.outbox.release(held)
        return state

    def _attempt(self, pending: Pending, token: str, now: datetime) -> Receipt | None:
        """Send what is held, and write the receipt; ``None`` if another run has taken it from us."""
        delivery = pending.delivery
        if self.channel is None:
            receipt = deliveries_.no_channel(pending, now)
        else:
            receipt = self.channel.send(delivery, attempt=pending.attempts + 1, now=now)
        if not self.outbox.record(receipt, token=token, next_attempt=deliveries_.next_attempt(receipt)):
            return None
        self.count.update(("attempts", receipt.outcome))
        if receipt.outcome != "delivered":
            self.lines.append(f'delivery "{delivery.id}": {receipt.outcome}: {receipt.reason}')
        return receipt

    def _learn(self, state: ChannelState, receipt: Receipt) -> ChannelState:
        """Keep how the channel does, when that is another thing than before.

        What waited only for the channel is due once it is well again, and not when its own next attempt would be.
        """
        known = channels_.after(state, receipt)
        if replace(known, last_good=None) != replace(state, last_good=None):
            self.states.put({self.name: known}, at=receipt.at)
        if known.health == "healthy" != state.health:
            self.outbox.hasten(self.name, now=receipt.at)
        return known

    def _conclude(self, before: ChannelState, state: ChannelState) -> None:
        """Keep when the channel took its last message, and say how it does if it is not well."""
        if state.last_good != before.last_good:
            self.states.put({self.name: state}, at=self.clock())
        if state.health in ("paused", "disabled"):
            self.lines.append(f'channel "{self.name}": {state.health}: {channels_.why(state)}')
        elif state.health == "healthy" and before.health != "healthy":
            self.lines.append(f'channel "{self.name}": well again, after {before.failures} attempts that went wrong')


def _tell(operator: Sequence[Way], outbox: Outbox, states: Table[ChannelState], now: datetime) -> None:
    """Put a notice into the outbox for each channel whose health the operator was not told, by another channel.

    What is to be told is read from what was kept, and has an id made of that: a death in between tells nothing twice.
    """
    known = {state.channel: state for state in states.values()}
    for state in known.values():
        notice = channels_.notice(state)
        if notice is None:
            continue
        if way := channels_.way_past(state.channel, operator, known):
            outbox.add(deliveries_.for_notice(notice, way, render.notice(way.kind, notice), now))
        states.put({state.channel: replace(state, told=state.health)}, at=now)
