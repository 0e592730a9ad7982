"""The outbox in this process: what SQL's promises, for several threads."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts import deliveries as deliveries_
from alerts.model import Delivery, DeliveryState, Pending, Receipt


@dataclass(frozen=True, slots=True)
class _Kept:
    """A delivery in the outbox; ``next_attempt`` is ``None`` once it is closed."""

    delivery: Delivery
    next_attempt: datetime | None
    receipts: tuple[Receipt, ...] = ()
    attempts: int = 0
    state: DeliveryState = "open"
    not_before: datetime | None = None
    token: str = ""
    lease_until: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        free = self.lease_until is None or self.lease_until <= now
        return self.next_attempt is not None and self.next_attempt <= now and free

    def waits(self, now: datetime) -> bool:
        """Whether nothing but its channel makes it wait."""
        free = self.not_before is None or self.not_before <= now
        return self.next_attempt is not None and self.next_attempt > now and free


class MemoryOutbox:
    """Deliveries not closed, and the receipts of all; for several threads, as channels are served at the same time."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._tokens = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
        """Keep those whose id is new, all or none, and give back what is kept under each id: the older one wins."""
        with self._lock:
            older = frozenset(d.after for d in deliveries if d.after in self._kept)
            for delivery in deliveries:
                if delivery.after not in older:
                    self._kept.setdefault(delivery.id, _Kept(delivery, delivery.made))
            asked = dict.fromkeys(delivery.id for delivery in deliveries)
            return tuple(self._kept[key].delivery for key in asked if key in self._kept)

    def upto(self, subscription: str) -> int:
        """How far into the log of developments the digests that are kept of the subscription tell; 0 if none is."""
        kept = (k.delivery for k in self._all())
        return max((d.upto for d in kept if d.subscription == subscription), default=0)

    def channels(self, now: datetime) -> tuple[str, ...]:
        """Name the channels for which something is due, in the order of their names."""
        return tuple(sorted({kept.delivery.channel for kept in self._all() if kept.is_due(now)}))

    def due(self, now: datetime, limit: int = 100, *, channel: str | None = None) -> tuple[Pending, ...]:
        """Open deliveries whose next attempt is due and that nobody holds, oldest first; of one channel, or of all."""
        due = [kept for kept in self._all() if kept.is_due(now) and channel in (None, kept.delivery.channel)]
        due.sort(key=lambda kept: kept.delivery.made)
        return tuple(Pending(kept.delivery, kept.attempts) for kept in due[:limit])

    def claim(self, deliveries: Sequence[str], *, now: datetime, until: datetime) -> Mapping[str, str]:
        """Hold deliveries until then: a token for each, but for those that are closed, not due, or held by another."""
        with self._lock:
            free = [k for k in deliveries if k in self._kept and self._kept[k].is_due(now)]
            token = str(next(self._tokens))
            self._kept |= {k: replace(self._kept[k], token=token, lease_until=until) for k in free}
            return dict.fromkeys(free, token)

    def release(self, tokens: Mapping[str, str]) -> None:
        """Give back what is held and was not attempted; what its token no longer holds stays as it is."""
        with self._lock:
            ours = [k for k, token in tokens.items() if k in self._kept and self._kept[k].token == token]
            self._kept |= {k: replace(self._kept[k], token="", lease_until=None) for k in ours}

    def record(self, receipt: Receipt, *, token: str, next_attempt: datetime | None) -> bool:
        """Write the receipt and set the next attempt, or close when there is none.

        False, and nothing written, if the token is no longer the one that holds the delivery.
        """
        with self._lock:
            kept = self._kept.get(receipt.delivery)
            if kept is None or not token or kept.token != token:
                return False
            self._kept[receipt.delivery] = _Kept(
                kept.delivery,
                next_attempt,
                (*kept.receipts, receipt),
                kept.attempts + 1,
                deliveries_.state_after(receipt, next_attempt),
                deliveries_.not_before(receipt, next_attempt),
            )
            return True

    def receipts(self, delivery: str) -> tuple[Receipt, ...]:
        """Give the receipts of one delivery, oldest first."""
        return self._kept[delivery].receipts if delivery in self._kept else ()

    def hasten(self, channel: str, *, now: datetime) -> int:
        """Make due what waits only because the channel was not well; how many that are."""
        with self._lock:
            waits = [k for k, kept in self._kept.items() if kept.delivery.channel == channel and kept.waits(now)]
            self._kept |= {k: replace(self._kept[k], next_attempt=now) for k in waits}
            return len(waits)

    def redrive(self, deliveries: Sequence[str], *, now: datetime) -> int:
        """Open deliveries again that were closed without being delivered, under their ids; how many that are."""
        with self._lock:
            again = {k for k in deliveries if k in self._kept and self._kept[k].state != "delivered"}
            fresh = {"next_attempt": now, "attempts": 0, "state": "open", "not_before": None}
            self._kept |= {k: replace(self._kept[k], **fresh) for k in again}  # type: ignore[arg-type]
            return len(again)

    def _all(self) -> tuple[_Kept, ...]:
        with self._lock:
            return tuple(self._kept.values())
