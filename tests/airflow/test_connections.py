"""Secrets out of Airflow's Connections, in every form in which people write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.airflow.conftest import ROOT, in_airflow

pytestmark = pytest.mark.airflow

ASK = f"""
import json, sys
sys.path.insert(0, {str(ROOT / "plugins")!r})
import alerts_airflow
names = ["SLACK", "SMTP", "SQL", "REDIS", "WEBHOOK", "WEBHOOK_SECRET", "OTHER", "SLACK_SECRET", "CONFIG", "NOWHERE", "PLAIN", "FEED_WIRE", "FEED_TOKEN"]
json.dump({{name: alerts_airflow.setting("ALERTS_" + name) for name in names}}, open(sys.argv[1], "w"))
"""


def test_settings_come_from_connections_before_the_environment(airflow_home: Path) -> None:
    url_in_extra = {"conn_type": "http", "password": "whsec_c2VjcmV0", "extra": {"url": "https://hook.example/x?y=1"}}
    url_as_host = {"conn_type": "http", "host": "https://hooks.slack.example/services/T1/B1/abc"}
    found = in_airflow(
        ASK,
        airflow_home,
        AIRFLOW_CONN_ALERTS_SLACK="https://hooks.slack.example/services/T0/B0/xyz",
        AIRFLOW_CONN_ALERTS_SMTP="smtp://user:p%40s%2Fs@mail.example.org:587?starttls=required",
        AIRFLOW_CONN_ALERTS_SQL="postgresql://tocsin:secret@db:5432/alerts",
        AIRFLOW_CONN_ALERTS_REDIS="redis://:secret@redis:6379/0",
        AIRFLOW_CONN_ALERTS_WEBHOOK=json.dumps(url_in_extra),
        AIRFLOW_CONN_ALERTS_OTHER=json.dumps(url_as_host),
        AIRFLOW_CONN_ALERTS_FEED_WIRE=json.dumps({"conn_type": "http", "login": "desk", "password": "p:w"}),
        AIRFLOW_CONN_ALERTS_FEED_TOKEN=json.dumps({"conn_type": "http", "password": "t0ken"}),
        ALERTS_SLACK="https://not.this.example/",
        ALERTS_PLAIN="from the environment",
        ALERTS_CONFIG="/etc/alerts",
    )

    assert found == {
        "SLACK": "https://hooks.slack.example/services/T0/B0/xyz",
        "SMTP": "smtp://user:p%40s%2Fs@mail.example.org:587/?starttls=required",
        "SQL": "postgres://tocsin:secret@db:5432/alerts",
        "REDIS": "redis://:secret@redis:6379/0",
        "WEBHOOK": "https://hook.example/x?y=1",
        "WEBHOOK_SECRET": "whsec_c2VjcmV0",
        "OTHER": "https://hooks.slack.example/services/T1/B1/abc",
        "SLACK_SECRET": None,
        "CONFIG": "/etc/alerts",
        "NOWHERE": None,
        "PLAIN": "from the environment",
        "FEED_WIRE": "desk:p:w",
        "FEED_TOKEN": "t0ken",
    }


DAEMON = f"""
import json, os, sys
from multiprocessing import get_context
import billiard
sys.path.insert(0, {str(ROOT / "plugins")!r})
import alerts_airflow

def task(answer):
    if not os.environ.get("STAY"):
        alerts_airflow._may_have_children()
    try:
        child = get_context("spawn").Process(target=print)
        child.start()
        child.join()
        said = "read"
    except AssertionError as error:
        said = str(error)
    json.dump(said, open(answer, "w"))

if __name__ == "__main__":
  worker = billiard.Process(target=task, args=(sys.argv[1],), daemon=True)
  worker.start()
  worker.join()
"""


@pytest.mark.parametrize(("stay", "said"), [("", "read"), ("1", "daemonic processes are not allowed to have children")])
def test_a_task_in_a_worker_of_celery_may_read_feeds_in_a_child(airflow_home: Path, stay: str, said: str) -> None:
    """Such a worker is a daemon process; and the second case fails when Python no longer minds."""
    assert in_airflow(DAEMON, airflow_home, STAY=stay) == said
