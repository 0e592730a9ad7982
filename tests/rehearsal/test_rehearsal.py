"""The rehearsal of docker-compose.yml: its services start, are well, and bring the sample feeds to three receivers.

make compose-check
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen  # noqa: TID251 - to loopback, where nothing else is

import pytest

from tests.rehearsal.receivers import Received, receiving
from tests.rehearsal.stack import ROOT, Airflow, Stack, example, here, mounted, standing

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(not here(), reason="needs a network and folders of its own: make compose-check"),
]

WAYS = {
    "ALERTS_SLACK": "http://receiver:9099/slack",
    "ALERTS_WEBHOOK": "http://receiver:9099/hook",
    "ALERTS_SMTP": "smtp://mailpit:1025?starttls=off",
}


def configured() -> dict[str, str]:
    """The shipped configuration, but that the receiver, which is on this machine, may be posted to."""
    files = {str(p.relative_to(ROOT / "config")): p.read_text() for p in (ROOT / "config").rglob("*.yaml")}
    return files | {"channels.yaml": f"{files['channels.yaml']}\nallow_hosts: [receiver]\n"}


def until(true: Callable[[], object], seconds: float, look: float = 0.2) -> None:
    """Wait until something is true; what the services have said is printed when it does not come about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"it did not come about within {seconds:g} s"
        time.sleep(look)


def push(token: str, title: str) -> None:
    """Push an article at the door, as somebody on this machine would."""
    line = json.dumps({"id": title, "title": title, "text": "Iran, Iran and Iran."}).encode()
    asked = Request("http://127.0.0.1:8586/api/articles", data=line, headers={"Authorization": f"Bearer {token}"})
    with urlopen(asked, timeout=30) as answer:
        assert json.load(answer)["new"] == 1


def the_line_runs_to_its_ends(stack: Stack, airflow: Airflow, received: Received, token: str) -> None:
    """From the sample feeds to Slack, webhook and mail; then from a push to Slack."""
    until(lambda: len(airflow.ask("dags")["dags"]) >= 5, 60)
    airflow.run("alerts_collect")
    until(lambda: received.slack and received.webhook, 120)
    airflow.run("alerts_send", digest_now=True)
    until(lambda: received.mail, 30)
    assert "Subject: " in received.mail[0][1]

    before = time.monotonic()
    push(token, "Iran opens a pass through the mountains of Tocsin")
    until(lambda: any("mountains of Tocsin" in body for _, body in received.slack), 60)
    print(f"push to Slack: {time.monotonic() - before:.1f} s")
    assert "sample-polaris-wire" in stack.alerts("feeds")


def a_worker_is_killed(stack: Stack, airflow: Airflow, received: Received, token: str) -> None:
    """In the midst of its task, which another takes up again: what was pushed is told all the same."""

    def told() -> bool:
        return any("storks of Tocsin" in body for _, body in received.slack)

    def runs() -> bool:
        found = airflow.ask("dags/alerts_watch/dagRuns/~/taskInstances?state=running")
        return bool(found["total_entries"])

    push(token, "Iran counts the storks of Tocsin")
    until(lambda: runs() or told(), 60, look=0.02)
    print("the worker is killed", "too late" if told() else "while it runs a task")
    stack.kill("worker")
    stack.start("worker")
    stack.wait_until_healthy("worker")
    until(told, 120)


def the_desk_shows_it(token: str) -> None:
    """To who has the token, and to nobody else."""
    asked = Request("http://127.0.0.1:8587/api/developments")
    with pytest.raises(HTTPError, match="401"):
        urlopen(asked, timeout=30)
    asked.add_header("Authorization", f"Bearer {token}")
    with urlopen(asked, timeout=30) as answer:
        assert "mountains of Tocsin" in answer.read().decode()


@pytest.mark.parametrize("executor", ["LocalExecutor", "CeleryExecutor"])
def test_every_service_runs_as_it_is_written_and_the_line_comes_out(tmp_path: Path, executor: str) -> None:
    environment = example(**WAYS, AIRFLOW_EXECUTOR=executor)
    profiles, workers = (("demo", "celery"), ("worker",)) if executor == "CeleryExecutor" else (("demo",), ())
    with (
        mounted(configured(), tmp_path / "config"),
        receiving() as received,
        standing(environment, tmp_path, *profiles, also=workers) as stack,
    ):
        airflow, token = Airflow(environment), environment["ALERTS_PUSH_TOKEN"]
        the_line_runs_to_its_ends(stack, airflow, received, token)
        the_desk_shows_it(environment["ALERTS_DESK_TOKEN"])
        if workers:
            a_worker_is_killed(stack, airflow, received, token)
        bodies = Counter(body for _, body in received.slack)
        assert {body: count for body, count in bodies.items() if count > 1} == {}
        well = airflow.ask("monitor/health")
        assert {part: told["status"] for part, told in well.items()} == dict.fromkeys(
            ("metadatabase", "scheduler", "triggerer", "dag_processor"), "healthy"
        )
