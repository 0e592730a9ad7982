"""The rehearsal of docker-compose.yml: its services start, are well, and bring the sample feeds to three receivers.

make compose-check
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
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


def until(true: Callable[[], object], seconds: float) -> None:
    """Wait until something is true; what the services have said is printed when it does not come about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"it did not come about within {seconds:g} s"
        time.sleep(0.2)


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
    twice = {body for _, body in received.slack if [b for _, b in received.slack].count(body) > 1}
    assert not twice


@pytest.mark.parametrize("executor", ["LocalExecutor", "CeleryExecutor"])
def test_every_service_runs_as_it_is_written_and_the_line_comes_out(tmp_path: Path, executor: str) -> None:
    environment = example(**WAYS, AIRFLOW_EXECUTOR=executor)
    profiles, workers = (("demo", "celery"), ("worker",)) if executor == "CeleryExecutor" else (("demo",), ())
    with (
        mounted(configured(), tmp_path / "config"),
        receiving() as received,
        standing(environment, tmp_path, *profiles, also=workers) as stack,
    ):
        the_line_runs_to_its_ends(stack, Airflow(environment), received, environment["ALERTS_PUSH_TOKEN"])
        well = Airflow(environment).ask("monitor/health")
        assert {part: told["status"] for part, told in well.items()} == dict.fromkeys(
            ("metadatabase", "scheduler", "triggerer", "dag_processor"), "healthy"
        )
