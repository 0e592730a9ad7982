"""Deliveries and their receipts.

::

    add ─▶ open ──claim──▶ held ──record──▶ delivered | refused | quarantined | given_up
            ▲                │                              │
            ├── next attempt ┘                              │   (or the lease ran out: then the token is another's)
            └────────────────────── redrive ────────────────┘
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, func, or_, select, update
from sqlalchemy import insert as plain_insert

from alerts import deliveries as deliveries_
from alerts.adapters.codec import Codec
from alerts.adapters.logs import decided
from alerts.adapters.sql.engine import reading, serialise, writing
from alerts.adapters.sql.tables import outbox, receipts
from alerts.model import Delivery, Pending, Receipt

_CHUNK = 500
"""The most ids in one question."""

_deliveries = Codec(Delivery)
_receipts = Codec(Receipt)


class SqlOutbox:
    """Deliveries not closed, and the receipts of all."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
        """Keep those whose id is new, all or none, and give back what is kept under each id: the older one wins."""
        wanted: dict[str, Delivery] = {}
        for delivery in deliveries:
            wanted.setdefault(delivery.id, delivery)
        if not wanted:
            return ()
        with writing(self._engine) as connection:
            serialise(connection, "outbox")
            kept = _kept(connection, [*wanted, *{d.after for d in wanted.values() if d.after} - wanted.keys()])
            fresh = [d for key, d in wanted.items() if key not in kept and d.after not in kept]
            if fresh:
                connection.execute(plain_insert(outbox), [_row(delivery) for delivery in fresh])
        decided("delivery made", fresh)
        there = kept | {delivery.id: delivery for delivery in fresh}
        return tuple(there[key] for key in wanted if key in there)

    def upto(self, subscription: str) -> int:
        """How far into the log of developments the digests that are kept of the subscription tell; 0 if none is."""
        query = select(func.max(outbox.c.upto)).where(outbox.c.subscription == subscription)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar() or 0

    def channels(self, now: datetime) -> tuple[str, ...]:
        """Name the channels for which something is due, in the order of their names."""
        with reading(self._engine) as connection:
            return tuple(sorted(connection.execute(select(outbox.c.channel).where(_is_due(now)).distinct()).scalars()))

    def due(self, now: datetime, limit: int = 100, *, channel: str | None = None) -> tuple[Pending, ...]:
        """Open deliveries whose next attempt is due and that nobody holds, oldest first; of one channel, or of all."""
        query = select(outbox.c.body, outbox.c.attempts).where(_is_due(now))
        if channel is not None:
            query = query.where(outbox.c.channel == channel)
        with reading(self._engine) as connection:
            found = connection.execute(query.order_by(outbox.c.made, outbox.c.position).limit(limit)).all()
        return tuple(Pending(_deliveries.decode(body), attempts) for body, attempts in found)

    def claim(self, deliveries: Sequence[str], *, now: datetime, until: datetime) -> Mapping[str, str]:
        """Hold deliveries until then: a token for each, but for those that are closed, not due, or held by another.

        In one transaction, for the disk is waited for at each.  In the order of their ids: of two that want the same
        ones, one waits, and never both for each other.
        """
        held: dict[str, str] = {}
        hold = update(outbox).where(outbox.c.id == bindparam("which"), _is_due(now))
        hold = hold.values(token=bindparam("held_by"), lease_until=until)
        with writing(self._engine) as connection:
            for delivery in sorted(deliveries):
                token = secrets.token_hex(16)
                if connection.execute(hold, {"which": delivery, "held_by": token}).rowcount:
                    held[delivery] = token
        return held

    def release(self, tokens: Mapping[str, str]) -> None:
        """Give back what is held and was not attempted; what its token no longer holds stays as it is."""
        if not tokens:
            return
        free = update(outbox).where(outbox.c.id == bindparam("which"), outbox.c.token == bindparam("held_by"))
        free = free.values(token=None, lease_until=None)
        with writing(self._engine) as connection:
            connection.execute(free, [{"which": which, "held_by": token} for which, token in sorted(tokens.items())])

    def record(self, receipt: Receipt, *, token: str, next_attempt: datetime | None) -> bool:
        """Write the receipt and set the next attempt, or close when there is none.

        False, and nothing written, if the token is no longer the one that holds the delivery.  One whose lease ran
        out still holds it as long as nobody else has taken it: what happened is better known than not.
        """
        done = (
            update(outbox)
            .where(outbox.c.id == receipt.delivery, outbox.c.token == token, outbox.c.state == "open")
            .values(
                state=deliveries_.state_after(receipt, next_attempt),
                attempts=outbox.c.attempts + 1,
                next_attempt=next_attempt,
                not_before=deliveries_.not_before(receipt, next_attempt),
                lease_until=None,
                token=None,
            )
        )
        with writing(self._engine) as connection:
            if not connection.execute(done).rowcount:
                return False
            connection.execute(
                plain_insert(receipts).values(
                    delivery=receipt.delivery, at=receipt.at, outcome=receipt.outcome, body=_receipts.encode(receipt)
                )
            )
        decided("delivery tried", [receipt])
        return True

    def receipts(self, delivery: str) -> tuple[Receipt, ...]:
        """Give the receipts of one delivery, oldest first."""
        query = select(receipts.c.body).where(receipts.c.delivery == delivery).order_by(receipts.c.position)
        with reading(self._engine) as connection:
            return tuple(_receipts.decode(body) for body in connection.execute(query).scalars())

    def hasten(self, channel: str, *, now: datetime) -> int:
        """Make due what waits only because the channel was not well; how many that are."""
        free = or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now)
        waits = (outbox.c.state == "open") & (outbox.c.channel == channel) & (outbox.c.next_attempt > now) & free
        with writing(self._engine) as connection:
            return connection.execute(update(outbox).where(waits).values(next_attempt=now)).rowcount

    def redrive(self, deliveries: Sequence[str], *, now: datetime) -> int:
        """Open deliveries again that were closed without being delivered, under their ids; how many that are."""
        again = {"state": "open", "attempts": 0, "next_attempt": now, "not_before": None}
        count = 0
        with writing(self._engine) as connection:
            for first in range(0, len(deliveries), _CHUNK):
                named = outbox.c.id.in_(deliveries[first : first + _CHUNK]) & (outbox.c.state != "delivered")
                count += connection.execute(update(outbox).where(named).values(again)).rowcount
        return count


def _is_due(now: datetime) -> ColumnElement[bool]:
    free = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now)
    return (outbox.c.state == "open") & (outbox.c.next_attempt <= now) & free


def _kept(connection: Connection, ids: Sequence[str]) -> dict[str, Delivery]:
    kept: dict[str, Delivery] = {}
    for first in range(0, len(ids), _CHUNK):
        query = select(outbox.c.id, outbox.c.body).where(outbox.c.id.in_(ids[first : first + _CHUNK]))
        kept |= {key: _deliveries.decode(body) for key, body in connection.execute(query)}
    return kept


def _row(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "subscription": delivery.subscription,
        "channel": delivery.channel,
        "made": delivery.made,
        "upto": delivery.upto,
        "state": "open",
        "attempts": 0,
        "next_attempt": delivery.made,
        "body": _deliveries.encode(delivery),
    }
