"""What was counted so far: a slow reader of the logs and the receipts, that keeps numbers and nothing else.

Tasks are short-lived and many, so no process can count for all of them; the logs know.  Each thing is counted once,
whoever wrote it, and what was counted outlives the rows that it was counted from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, func, select

from alerts.adapters.codec import Codec
from alerts.adapters.sql.engine import insert, reading, serialise, writing
from alerts.adapters.sql.tables import log, outbox, receipts, rows
from alerts.model import Article, Development, Receipt

V = TypeVar("V")

STEP = 500
"""The most rows that are counted in one transaction."""

STEPS = 40
"""The most transactions of one look at one source: who looks again and again catches up with whatever there was."""

SETTLED = timedelta(minutes=2)
"""How old a receipt must be on PostgreSQL: many write them at once, and a lower position may come later."""

_NAME, _KEY = "tally", "tally"


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers by name, and the position up to which each source is counted."""

    counts: Mapping[str, float] = field(default_factory=dict)
    upto: Mapping[str, int] = field(default_factory=dict)


Count = Callable[[Connection, int], tuple[Mapping[str, float], int]]
"""Counts what comes after a position: the numbers, and the position where it ends; the same one if there is nothing."""

_tallies = Codec(Tally)


def advance(engine: Engine, sources: Mapping[str, Count], *, now: datetime) -> Tally:
    """Count what is new in each source, and give all that was counted so far."""
    for name, count in sources.items():
        for _ in range(STEPS):
            if not _step(engine, name, count, now):
                break
    with reading(engine) as connection:
        return _kept(connection)


def _step(engine: Engine, name: str, count: Count, now: datetime) -> bool:
    """Count a piece of one source; false if there was none.  Nothing is locked while there is nothing to count."""
    with reading(engine) as connection:
        before = _kept(connection).upto.get(name, 0)
        if count(connection, before)[1] == before:
            return False
    with writing(engine) as connection:
        serialise(connection, "tally")
        tally = _kept(connection)
        found, end = count(connection, tally.upto.get(name, 0))
        counts = Counter(tally.counts)
        counts.update(found)
        new = insert(connection, rows).values(
            name=_NAME, key=_KEY, at=now, body=_tallies.encode(Tally(dict(counts), {**tally.upto, name: end}))
        )
        set_ = {"at": new.excluded.at, "body": new.excluded.body}
        connection.execute(new.on_conflict_do_update(index_elements=[rows.c.name, rows.c.key], set_=set_))
    return True


def _kept(connection: Connection) -> Tally:
    body = connection.execute(select(rows.c.body).where(rows.c.name == _NAME, rows.c.key == _KEY)).scalar()
    return Tally() if body is None else _tallies.decode(body)


# ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def number(connection: Connection, name: str, position: int) -> tuple[int, int]:
    """Count the values of a log after a position, without reading them."""
    query = select(func.count(), func.max(log.c.position)).where(log.c.name == name, log.c.position > position)
    count, end = connection.execute(query).one()
    return count, end or position


def values(connection: Connection, name: str, of: type[V], position: int) -> tuple[Sequence[V], int]:
    """Give some values of a log after a position, and the position of the last of them."""
    codec = Codec(of)
    query = select(log.c.position, log.c.body).where(log.c.name == name, log.c.position > position)
    found = connection.execute(query.order_by(log.c.position).limit(STEP)).all()
    return [codec.decode(row.body) for row in found], found[-1].position if found else position


class Attempt(NamedTuple):
    """A receipt, the channel that it came through, and the article that an alert told of, if it is still kept."""

    receipt: Receipt
    channel: str
    article: Article | None


def attempts(connection: Connection, now: datetime, position: int) -> tuple[Sequence[Attempt], int]:
    """Give some receipts after a position, and the position of the last of them."""
    query = (
        select(receipts.c.position, receipts.c.body, receipts.c.at, outbox.c.channel, outbox.c.subscription)
        .join_from(receipts, outbox, receipts.c.delivery == outbox.c.id)
        .where(receipts.c.position > position)
        .order_by(receipts.c.position)
        .limit(STEP)
    )
    found = connection.execute(query).all()
    if connection.dialect.name == "postgresql":
        unsettled = next((n for n, row in enumerate(found) if row.at > now - SETTLED), len(found))
        found = found[:unsettled]
    codec = Codec(Receipt)
    made = [(codec.decode(row.body), row) for row in found]
    told = _told(connection, {_development(receipt.delivery, row.subscription) for receipt, row in made} - {""})
    attempts_ = [Attempt(r, row.channel, told.get(_development(r.delivery, row.subscription))) for r, row in made]
    return attempts_, found[-1].position if found else position


def _development(delivery: str, subscription: str) -> str:
    """Give the key of the development that an alert tells, by the alert's id; of a digest, which tells many, nothing.

    >>> _development("alert:desk:a-1@v1:0f3c5a77", "desk"), _development("digest:desk:20260701T0730", "desk")
    ('a-1@v1', '')
    """
    head = f"alert:{subscription}:"
    return delivery.removeprefix(head).split(":")[0] if delivery.startswith(head) else ""


def _told(connection: Connection, keys: set[str]) -> dict[str, Article]:
    codec = Codec(Development)
    query = select(log.c.key, log.c.body).where(log.c.name == "developments", log.c.key.in_(sorted(keys)))
    return {row.key: codec.decode(row.body).article for row in connection.execute(query)} if keys else {}
