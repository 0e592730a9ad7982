"""Deliver: one attempt at all that is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from alerts import deliveries as deliveries_
from alerts.model import (
    Pending,
    Receipt,
    Report,
)
from alerts.ports import Channel, Outbox

LEASE = timedelta(minutes=5)
"""How long an attempt may hold a delivery; longer than any channel's time-out (60 s)."""


def deliver(*, channels: Mapping[str, Channel], outbox: Outbox, clock: Callable[[], datetime]) -> Report:
    """Make one attempt at every delivery that is due.

    The one stage that takes the clock and not the time: a lease must be longer than the attempt that it covers, and
    the hundredth attempt may begin an hour after the first.
    """
    started = clock()
    count: Counter[str] = Counter(attempts=0, delivered=0, deferred=0, refused=0)
    lines: list[str] = []
    while due := outbox.due(started):
        for pending in due:
            receipt = _attempt(pending, channels, outbox, clock)
            if receipt is None:
                continue
            count["attempts"] += 1
            count[receipt.outcome] += 1
            if receipt.outcome != "delivered":
                lines.append(f'delivery "{pending.delivery.id}": {receipt.outcome}: {receipt.reason}')
    return Report("deliver", started, tuple(count.items()), tuple(lines))


def _attempt(
    pending: Pending, channels: Mapping[str, Channel], outbox: Outbox, clock: Callable[[], datetime]
) -> Receipt | None:
    """Look in the outbox, send, write the receipt; ``None`` if another run holds the delivery."""
    delivery, now = pending.delivery, clock()
    token = outbox.claim(delivery.id, now=now, until=now + LEASE)
    if token is None:
        return None
    channel = channels.get(delivery.channel)
    if channel is None:
        receipt = deliveries_.no_channel(pending, now)
    else:
        receipt = channel.send(delivery, attempt=pending.attempts + 1, now=now)
    outbox.record(receipt, token=token, next_attempt=deliveries_.next_attempt(receipt))
    return receipt
