"""What each subscription's turn comes to, and how it is kept: many in one transaction, in the order that is safe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.model import Delivery, Development, Waiting
from alerts.ports import Log, Outbox, Table

MANY = 100
"""How many deliveries are kept at once: a digest in mail is a few hundred kilobytes."""

Unsubscribe = Callable[[str, str], str]
"""From a subscription and its recipient to the address at which they end it; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How far a subscription has read, what it is told, and what is left to wait.

    ``sealed`` is what is kept before anything is told, and ``left`` what is kept after: a run that dies in between
    tells the same groups again, under the same ids.
    """

    subscription: str
    end: int | None
    deliveries: tuple[Delivery, ...] = ()
    slot: datetime | None = None
    sealed: Waiting | None = None
    left: Waiting | None = None


@dataclass(slots=True)
class Turns:
    """The turns that are not kept yet."""

    developments: Log[Development]
    outbox: Outbox
    slots: Table[datetime]
    waiting: Table[Waiting]
    now: datetime
    unsubscribe: Unsubscribe | None = None
    held: dict[str, Turn] = field(default_factory=dict)
    much: int = 0

    def add(self, turn: Turn) -> None:
        """Take a turn, and keep what was taken when it is much."""
        if turn.subscription in self.held:
            self.keep()  # what the first has sealed must be told before the second takes its place
        self.held[turn.subscription] = turn
        self.much += len(turn.deliveries)
        if self.much >= MANY:
            self.keep()

    def keep(self) -> None:
        """Keep all that was taken.

        The digests that are in the outbox decide how far their reader is: one that was there already, of a run that
        died, tells less than the one that was made now.
        """
        turns, self.held, self.much = [*self.held.values()], {}, 0
        self.waiting.put({t.subscription: t.sealed for t in turns if t.sealed is not None}, at=self.now)
        self._commit({t.subscription: t.end for t in turns if t.end is not None and t.sealed is not None})
        kept = {d.id: d for d in self.outbox.add([self._addressed(d) for t in turns for d in t.deliveries])}
        ends: dict[str, int] = {}
        for turn in turns:
            if turn.end is not None and turn.sealed is None:
                told = [kept[d.id].upto for d in turn.deliveries if d.upto and d.id in kept]
                ends[turn.subscription] = min([turn.end, *told])
        self._commit(ends)
        self.waiting.put({t.subscription: t.left for t in turns if t.left is not None}, at=self.now)
        self.slots.put({t.subscription: t.slot for t in turns if t.slot is not None}, at=self.now)

    def _addressed(self, delivery: Delivery) -> Delivery:
        """Say how the recipient unsubscribes."""
        if self.unsubscribe is None:
            return delivery
        return replace(delivery, unsubscribe=self.unsubscribe(delivery.subscription, delivery.recipient))

    def _commit(self, ends: dict[str, int]) -> None:
        if ends:
            self.developments.commit_all(ends)
