"""A small flood: a receiver that is away for an hour gets all of it once it is back, in time.

``bench/load.py`` measures the same with 50,000 matches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from alerts import channels as channels_
from alerts import stages
from alerts.adapters import sql
from alerts.adapters.sql import queries
from alerts.model import ChannelState, Delivery, Message, Receipt, Report

START = datetime(2026, 7, 1, 8, tzinfo=UTC)
MANY = 300
EVERY = timedelta(minutes=2)


@dataclass
class Receiver:
    """Takes everything, unless it is away."""

    away: bool = True
    got: Counter[str] = field(default_factory=Counter)
    tried: int = 0

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        self.tried += 1
        if self.away:
            return Receipt(delivery.id, attempt, "deferred", "503 Service Unavailable", now)
        status = channels_.meaning(200)
        self.got[delivery.id] += 1
        return Receipt(delivery.id, attempt, *status[:1], "200", now)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = sql.connect(f"sqlite:///{tmp_path / 'alerts.db'}")
    yield opened
    opened.dispose()


def test_a_backlog_waits_without_attempts_and_is_gone_within_ten_minutes(engine: Engine) -> None:
    outbox, states = sql.SqlOutbox(engine), sql.SqlTable(engine, "channels", ChannelState)
    hook, mail = Receiver(), Receiver(away=False)
    body = Message("webhook", "subject", "text", body="{}" * 2_000)
    outbox.add([Delivery(f"h{n:05}", "hook", "hook", "", body, START) for n in range(MANY)])
    now = START

    def run() -> Report:
        return stages.deliver(channels={"hook": hook, "mail": mail}, outbox=outbox, states=states, clock=lambda: now)

    while now < START + timedelta(hours=1):
        outbox.add([Delivery(f"m{now:%H%M}", "anna", "mail", "anna@example.org", body, now)])
        run()
        now += EVERY
    assert hook.tried < 60, "a receiver that is away is asked now and then, and not for each of its messages"
    assert len(mail.got) == 30, "others are served meanwhile"

    hook.away, back = False, now
    while queries.delivery_counts(engine).get("open"):
        run()
        now += EVERY
    assert now - back <= timedelta(minutes=10)
    assert hook.got == Counter({f"h{n:05}": 1 for n in range(MANY)})


@pytest.mark.parametrize("channel", ["hook", None])
def test_what_is_due_is_found_by_an_index(engine: Engine, channel: str | None) -> None:
    """Else each hundred of a backlog reads the whole table, with everything that was ever sent."""
    asked: list[tuple[str, tuple[object, ...]]] = []
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    sql.SqlOutbox(engine).due(START, channel=channel)
    statement, values = asked[-1]
    with engine.connect() as connection:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
    assert "USING INDEX ix_outbox_state_channel_made_position (state=?" in plan
    assert ("TEMP B-TREE" in plan) == (channel is None), "the oldest of one channel come first without being sorted"
