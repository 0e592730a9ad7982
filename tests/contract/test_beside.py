"""Two programs deliver from one store at the same time, as `alerts run` beside Airflow does: nothing is sent twice."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from sqlalchemy import Engine

from alerts import stages
from alerts.adapters import apprise, slack, smtp, sql, webhook
from alerts.adapters.sql import queries
from alerts.model import Delivery, Message
from tests.contract.beside import CHANNELS
from tests.contract.values import NOW
from tests.servers import say, serving

ROOT = Path(__file__).parents[2]
MANY = 200


def test_each_of_two_hundred_deliveries_goes_out_once(engine: Engine, tmp_path: Path) -> None:
    message = Message("webhook", "subject", "text", body="{}")
    ids = [f"alert:hook:{n:03}" for n in range(MANY)]
    made = [Delivery(id_, "hook", CHANNELS[n % 2], "", message, NOW - timedelta(days=1)) for n, id_ in enumerate(ids)]
    sql.SqlOutbox(engine).add(made)
    got: Counter[str] = Counter()
    lock = threading.Lock()

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        with lock:
            got[handler.headers["webhook-id"]] += 1
        say(handler, 204)

    store = engine.url.render_as_string(hide_password=False)
    with serving(answer) as receiver:
        command = [sys.executable, "-m", "tests.contract.beside", store, receiver, str(tmp_path)]
        runs = [subprocess.Popen([*command, f"run-{n}"], cwd=ROOT, stdout=subprocess.PIPE) for n in range(2)]
        counts = [json.loads(run.communicate(timeout=120)[0]) for run in runs]

    assert got == Counter(dict.fromkeys(ids, 1))
    assert sum(count["delivered"] for count in counts) == MANY
    assert min(count["delivered"] for count in counts) > 0, "one of them did everything, and nothing was shown"
    assert queries.delivery_counts(engine) == {"delivered": MANY}


def test_a_lease_is_longer_than_any_attempt() -> None:
    longest = max(smtp.TIMEOUT, webhook.TIMEOUT, slack.TIMEOUT + slack.PATIENCE, apprise.TIMEOUT)
    assert longest <= timedelta(seconds=60)
    assert longest * 2 < stages.LEASE
