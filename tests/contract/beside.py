"""One run of ``deliver``, as a program: what Airflow's task and ``alerts run`` are to each other.

``python -m tests.contract.beside STORE RECEIVER FOLDER NAME`` waits for the other ones, delivers, and prints its counts.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from alerts import stages
from alerts.adapters import sql
from alerts.adapters.webhook import WebhookChannel
from alerts.model import ChannelState

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CHANNELS = ("one", "two")
HERE = frozenset({"127.0.0.1"})


def main(store: str, receiver: str, folder: Path, name: str) -> None:
    """Meet the others, then make one attempt at all that is due."""
    engine = sql.connect(store)
    (folder / name).touch()
    while len([*folder.glob("run-*")]) < 2:
        time.sleep(0.01)
    report = stages.deliver(
        channels={channel: WebhookChannel(f"{receiver}/{channel}", SECRET, allow_hosts=HERE) for channel in CHANNELS},
        outbox=sql.SqlOutbox(engine),
        states=sql.SqlTable(engine, "channels", ChannelState),
        clock=lambda: datetime.now(UTC),  # noqa: TID251 - a program of its own
        at_once=2,
    )
    print(json.dumps(dict(report.counts)))
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4])
