"""Who is killed is started again, and nothing is lost or told twice: the scheduler with its tasks, and the triggerer.

`make doorbell` does it with a thousand articles, on PostgreSQL, and says how long each took.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from string import ascii_lowercase

import pytest

from alerts import app as app_
from alerts import doors, pushing
from alerts.adapters.sql import queries
from tests.airflow.conftest import ROOT, environ, in_airflow
from tests.servers import headers_of, say, serving

pytestmark = pytest.mark.airflow

LONG = 240.0
"""Seconds after which what has not come about will not; each wait ends as soon as it has, after some seconds."""

KNOWN = """
import json, sys
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.pool import Pool
from airflow.utils.session import create_session

DagBundlesManager().sync_bundles_to_db()
with create_session() as session:
    sync_bag_to_db(DagBag(), "dags-folder", None, session=session)
Pool.create_or_update_pool("alerts_channels", slots=2, description="", include_deferred=False)
json.dump(None, open(sys.argv[1], "w"))
"""

CONFIG = {
    "feeds.yaml": 'allow_hosts: [127.0.0.1]\nfeeds:\n  - {id: no, url: "http://127.0.0.1:9/", outlet: A, every: 1h}\n',
    "channels.yaml": "allow_hosts: [127.0.0.1]\nchannels:\n  - {id: hook, kind: webhook}\n",
    "subscriptions.yaml": (
        "subscriptions:\n  - {id: desk, title: Desk, rules: all, channel: hook, when: instant, strength: mention}\n"
    ),
    "rules/iran.yaml": "rules:\n  - {id: iran, title: Iran, any: [Iran]}\n",
}
PUSHED = ("calm", "torn", "unheard")
"""What is pushed, each a word that no other has: while all is well, before the kill, and while nobody hears it."""


class Received:
    """What came: of each word the ids under which it was sent; an id that comes again is the same message."""

    def __init__(self) -> None:
        self.ids: dict[str, set[str]] = {}

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        for name in PUSHED:
            if name in body.decode().split():
                self.ids.setdefault(name, set()).add(headers_of(handler)["webhook-id"])
        say(handler, 204)

    def wait_for(self, *names: str) -> None:
        until(lambda: set(names) <= self.ids.keys(), f"not all of {names} have come")


class Services:
    """Airflow's services, each a process with children of its own."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment, self._folder = environment, folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                ["airflow", name],
                env={**self._environment, "AIRFLOW__CORE__LAZY_LOAD_PLUGINS": str(name != "scheduler")},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """End a service and all that it has started, as a machine does that loses power."""
        child = self._running.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def end(self) -> None:
        for name in tuple(self._running):
            self.kill(name)

    def said(self) -> str:
        return "\n".join(f"── {log.stem}\n{log.read_text()[-3000:]}" for log in sorted(self._folder.glob("*.log")))


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on; all are held until the last is found."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


@pytest.fixture
def environment(airflow_home: Path, tmp_path: Path) -> dict[str, str]:
    """As in docker-compose.yml, but that who is gone is missed sooner."""
    port, logs, more_logs = free_ports(3)
    for name in ("alerts_watch.py", "alerts_send.py"):
        (tmp_path / "dags").mkdir(exist_ok=True)
        shutil.copy(ROOT / "dags" / name, tmp_path / "dags")
    for name, text in CONFIG.items():
        path = tmp_path / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    given = {
        "CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "CORE__PARALLELISM": "2",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API_AUTH__JWT_SECRET": "no secret, and at least sixty-four characters long, as it has to be",
        "LOGGING__WORKER_LOG_SERVER_PORT": str(logs),
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(more_logs),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "4",
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "1",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
        "TRIGGERER__JOB_HEARTBEAT_SEC": "1",
        "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "4",
    }
    ours = {"ALERTS_CONFIG": str(tmp_path / "config"), "ALERTS_VAR": str(tmp_path / "var")}
    return environ(airflow_home, **{f"AIRFLOW__{name}": value for name, value in given.items()}, **ours)


@contextmanager
def running(environment: Mapping[str, str], folder: Path) -> Iterator[Services]:
    """The services that bring a push to its channel; what they have said is shown when it does not come about."""
    services = Services(environment, folder)
    try:
        for name in ("api-server", "scheduler", "triggerer"):
            services.start(name)
        yield services
    except BaseException:
        print(services.said())
        raise
    finally:
        services.end()


def push(door: pushing.Door, name: str) -> str:
    """Push an article that no other is like, so that it is a story of its own; gives its name."""
    words = random.Random(name)
    text = " ".join("".join(words.choices(ascii_lowercase, k=8)) for _ in range(120))
    said = {"id": name, "title": f"Iran {name} {text[:60]}", "text": text}
    assert pushing.receive(json.dumps(said).encode(), door).said["new"] == 1
    return name


def until(true: Callable[[], object], otherwise: str) -> None:
    """Wait until something is true."""
    end = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < end, otherwise
        time.sleep(0.1)


def test_nothing_is_lost_or_told_twice(environment: dict[str, str], tmp_path: Path, airflow_home: Path) -> None:
    received = Received()
    with serving(received.answer, wait=False) as url, ExitStack() as stack:
        environment["ALERTS_WEBHOOK"] = f"{url}/"
        door = stack.enter_context(doors.open_door(environment.get))
        engine = stack.enter_context(app_.open_sql(environment.get))
        in_airflow(KNOWN, airflow_home, **{k: v for k, v in environment.items() if k.startswith("AIRFLOW__")})
        services = stack.enter_context(running(environment, tmp_path))
        received.wait_for(push(door, "calm"))

        torn = push(door, "torn")
        until(lambda: not queries.unread(engine, "articles", "match"), "alerts_watch has not begun")
        for name in ("scheduler", "triggerer"):
            services.kill(name)
        unheard = push(door, "unheard")
        for name in ("scheduler", "triggerer"):
            services.start(name)
        received.wait_for(torn, unheard)

    assert {name: len(ids) for name, ids in received.ids.items()} == dict.fromkeys(PUSHED, 1)
