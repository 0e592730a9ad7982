"""A real Prometheus, with the configuration that is shipped: it scrapes while the line runs on the sample feeds, is
asked everything that the dashboard asks, and watches by the rules.  Skipped where there is none.
"""

from __future__ import annotations

import http.client
import json
import math
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from ruamel.yaml import YAML

from alerts import app as app_
from alerts import demo, metrics, serving
from alerts.app.retention import Retention
from tests import servers
from tests.test_pushing import TOKEN, a_door

PROGRAM = shutil.which("prometheus")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="prometheus is not installed")

ROOT = Path(__file__).parents[1]
OBSERVABILITY = ROOT / "docs" / "observability"
RULES = [
    rule for group in YAML(typ="safe").load(OBSERVABILITY / "alerts.rules.yml")["groups"] for rule in group["rules"]
]
QUERIES = [
    (f"{panel['title']} {target['refId']}", target["expr"])
    for panel in json.loads((OBSERVABILITY / "grafana.json").read_text())["panels"]
    for target in panel["targets"]
]
EMPTY: dict[str, str] = {}
"""Queries of the dashboard that may give nothing, each with the reason."""

MOVED = {
    "New articles A", "Matches by rule A", "Developments by reason A", "Attempts A", "Why attempts fail A",
    "Published to told A", "Published to told B", "Published to told C", "Seen to told, p95 A",
    "How long stages take, p95 A", "Feeds by health A",
}  # fmt: skip
"""Queries whose answers cannot all be 0 once the line has run."""

PATIENCE = 60.0
"""Seconds after which something is wrong; usually it takes three."""


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    url: str

    def get(self, path: str, **asked: str) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        connection.request("GET", f"/api/v1/{path}?{urlencode(asked)}")
        answer = json.loads(connection.getresponse().read())
        connection.close()
        assert answer["status"] == "success", answer
        return answer["data"]

    def values(self, query: str) -> list[float]:
        return [float(row["value"][1]) for row in self.get("query", query=query)["result"]]

    def states(self) -> dict[str, str]:
        return {rule["name"]: rule["state"] for group in self.get("rules")["groups"] for rule in group["rules"]}


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


def configure(folder: Path, target: str) -> Path:
    """What is shipped, with another address, and scraped each second."""
    shutil.copy(OBSERVABILITY / "alerts.rules.yml", folder)
    (folder / "tocsin.token").write_text(TOKEN)
    written = (OBSERVABILITY / "prometheus.yml").read_text()
    for old, new in (("127.0.0.1:8586", target), ("30s", "1s\n  evaluation_interval: 1s")):
        assert old in written
        written = written.replace(old, new)
    (folder / "prometheus.yml").write_text(written)
    return folder / "prometheus.yml"


def listens(log: Path) -> str:
    found = re.search(r'msg="Listening on".*? address=(\S+)', log.read_text())
    return f"http://{found[1]}" if found else ""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One that saw the line run."""
    folder = tmp_path_factory.mktemp("prometheus")
    calls = count()

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        servers.say(handler, 200 if next(calls) % 2 else 422)  # every other message is refused

    with (
        demo.serving(ROOT / "examples", port=0) as feeds,
        servers.serving(answer) as receiver,
        app_.open_app(settings(folder, feeds, receiver).get) as app,
    ):
        assert app.engine
        shown = serving.Metrics(metrics.Scrape(app.engine, folder / "config"), metrics.CONTENT_TYPE, (TOKEN,))
        with serving.serving(a_door(), (), metrics=shown, port=0) as url:
            with running(folder, configure(folder, urlsplit(url).netloc)) as opened:
                until(lambda: opened.values("alerts_version_info"))
                for stage in app_.LINE:
                    app.run(stage, digest_now=True)
                app_.keep(app, Retention(), folder / "var")
                # What ran last is counted: then all of it is.
                until(lambda: sum(opened.values('increase(alerts_runs_total{stage="keep"}[15m])')) > 0)
                yield opened
            assert status(url) == 401, "our server has seen what was closed before, and ends after that"


def status(url: str) -> int:
    """What a stranger is answered."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def settings(folder: Path, feeds: str, receiver: str) -> dict[str, str]:
    shutil.copytree(ROOT / "config", folder / "config")
    path = folder / "config" / "feeds.yaml"  # of its feeds, only those that are served here
    lines = [line for line in path.read_text().splitlines() if "- {id: " not in line or "id: sample-" in line]
    path.write_text("\n".join(lines).replace("http://127.0.0.1:8585", feeds))
    with (folder / "config" / "channels.yaml").open("a") as channels:
        channels.write("\nallow_hosts: [127.0.0.1]\n")
    return {
        "ALERTS_CONFIG": str(folder / "config"),
        "ALERTS_VAR": str(folder / "var"),
        "ALERTS_WEBHOOK": receiver,
    }


class running:  # noqa: N801 - it reads as what it does
    """Prometheus, while the block runs."""

    def __init__(self, folder: Path, config: Path) -> None:
        self._folder, self._config = folder, config

    def __enter__(self) -> Prometheus:
        log = self._folder / "prometheus.log"
        words = (f"--config.file={self._config}", f"--storage.tsdb.path={self._folder / 'tsdb'}")
        with log.open("w") as out:
            self._process = subprocess.Popen(
                [PROGRAM or "", *words, "--web.listen-address=127.0.0.1:0"], stdout=out, stderr=out
            )
        until(lambda: listens(log) or self._process.poll() is not None)
        assert listens(log), log.read_text()
        return Prometheus(listens(log))

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)


@pytest.mark.parametrize(("panel", "query"), QUERIES, ids=[case[0] for case in QUERIES])
def test_every_query_of_the_dashboard_gives_something(prometheus: Prometheus, panel: str, query: str) -> None:
    """Asked again, should a scrape fail on a machine that is busy for longer than its second."""

    def said() -> bool:
        found = prometheus.values(query)
        moved = any(value > 0 for value in found if not math.isnan(value))
        return moved if panel in MOVED else bool(found)

    if panel not in EMPTY:
        until(said)


def test_nothing_is_said_of_panels_that_are_not_there() -> None:
    assert {*EMPTY, *MOVED} <= {panel for panel, _ in QUERIES}


def test_every_rule_is_evaluated(prometheus: Prometheus) -> None:
    def every() -> list[dict[str, Any]]:
        return [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]

    until(lambda: all(rule["health"] != "unknown" for rule in every()))
    assert [(rule["name"], rule["health"], rule.get("lastError", "")) for rule in every()] == [
        (rule["alert"], "ok", "") for rule in RULES
    ]
    for rule in RULES:
        prometheus.values(rule["expr"])


def test_the_first_refusal_of_all_calls_somebody_and_nothing_else_does(prometheus: Prometheus) -> None:
    """Its counter stood at 0 before: one that began with the refusal would have no increase."""
    until(lambda: {n: s for n, s in prometheus.states().items() if s != "inactive"} == {"TocsinRefused": "firing"})


def test_nothing_is_scraped_without_the_token(prometheus: Prometheus) -> None:
    until(lambda: prometheus.get("targets")["activeTargets"][0]["health"] == "up")
    (target,) = prometheus.get("targets")["activeTargets"]
    assert target["labels"]["job"] == "tocsin"
    assert status(target["scrapeUrl"]) == 401
