"""The DAGs: Airflow loads them, they hold the line, and they run the same five functions as `alerts run`."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from alerts import app as app_
from alerts import demo
from alerts.adapters import sql
from alerts.adapters.sql import queries, tables
from alerts.app import LINE
from alerts.model import Story
from tests.airflow.conftest import ROOT, in_airflow

pytestmark = pytest.mark.airflow

LOAD = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from alerts.errors import ConfigError, StoreError
bag = DagBag()

def told(task):
    errors = {"yaml": ConfigError(()), "store": StoreError("away"), "ours": ValueError()}
    decided = {name: task.retry_policy.evaluate(error, 1, 3).action.value for name, error in errors.items()}
    outlets = [asset.uri.rstrip("/") for asset in task.outlets]
    return {"pool": task.pool, "retry": decided, "retries": task.retries, "outlets": outlets,
            "hour": task.execution_timeout.total_seconds() / 3600}

def woken_by(dag):
    condition = getattr(dag.timetable, "asset_condition", None)
    return sorted(asset.uri.rstrip("/") for asset in condition.objects) if condition else []

json.dump({
    "errors": bag.import_errors,
    "dags": {d.dag_id: {"tasks": {t.task_id: told(t) for t in d.tasks}, "runs": d.max_active_runs, "catchup": d.catchup,
                        "doc": d.doc_md, "late": [a.interval.total_seconds() / 60 for a in d.deadline or ()],
                        "woken_by": woken_by(d), "params": d.params.dump()}
             for d in bag.dags.values()},
}, open(sys.argv[1], "w"), default=str)
"""

TINY = """
from airflow.sdk import dag, task
from alerts_airflow import in_time

@dag(dag_id="tiny", schedule=None, deadline=in_time(minutes=1))
def tiny():
    task(lambda: None, task_id="nothing")()

tiny()
"""

LATE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
try:
    told = DagBag().get_dag("tiny").test().state
except Exception as error:
    told = str(error)
json.dump(told, open(sys.argv[1], "w"))
"""

RUN = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag()
states = {}
others = [(dag_id, {}) for dag_id in ("alerts_housekeeping", "alerts_replay")]
for dag_id, conf in [("alerts_collect", {}), ("alerts_watch", {}), ("alerts_send", {"digest_now": True}), *others]:
    states[dag_id] = bag.get_dag(dag_id).test(run_conf=conf).state
json.dump(states, open(sys.argv[1], "w"))
"""


@pytest.fixture(scope="module")
def loaded(airflow_home: Path) -> dict[str, Any]:
    """Without a config folder, a store or a network: a DAG file reads nothing when it is imported."""
    return dict(in_airflow(LOAD, airflow_home, ALERTS_CONFIG="/nonexistent", ALERTS_SQL="sqlite:////nonexistent/x.db"))


def test_airflow_loads_the_dags_and_they_hold_the_line(loaded: dict[str, Any]) -> None:
    stages = [task for dag in loaded["dags"].values() for task in dag["tasks"] if task in LINE]

    assert loaded["errors"] == {}
    assert sorted(loaded["dags"]) == [
        "alerts_collect", "alerts_housekeeping", "alerts_replay", "alerts_send", "alerts_watch"
    ]  # fmt: skip
    assert Counter(stages) == Counter(LINE)
    assert all(dag["runs"] == 1 and not dag["catchup"] and dag["doc"] for dag in loaded["dags"].values())


def test_what_arrives_wakes_what_reads_it(loaded: dict[str, Any]) -> None:
    dags = loaded["dags"]
    woken = {name: dag["woken_by"] for name, dag in dags.items() if dag["woken_by"]}
    outlets = {uri for dag in dags.values() for task in dag["tasks"].values() for uri in task["outlets"]}

    # what is pushed comes from no task: a watcher rings for it
    assert woken == {
        "alerts_watch": ["alerts://articles", "alerts://unread"],
        "alerts_send": ["alerts://developments"],
    }
    assert outlets == {"alerts://articles", "alerts://developments"}
    assert {name: dag["late"] for name, dag in dags.items() if dag["late"]} == {
        "alerts_collect": [15.0], "alerts_send": [10.0]
    }  # fmt: skip


def test_bad_yaml_is_never_tried_again_and_a_lost_store_is(loaded: dict[str, Any]) -> None:
    tasks = [task for dag in loaded["dags"].values() for task in dag["tasks"].values()]

    assert len(tasks) == 9
    for task in tasks:
        assert task["retry"] == {"yaml": "fail", "store": "retry", "ours": "default"}
        assert task["retries"] == 3
        assert task["hour"] == 1


def test_every_pool_of_a_task_is_made_and_none_for_nothing(loaded: dict[str, Any]) -> None:
    """Airflow lets a task whose pool it does not know wait for ever."""
    used = {task["pool"] for dag in loaded["dags"].values() for task in dag["tasks"].values()} - {"default_pool"}
    made = json.loads((ROOT / "dags" / "alerts_pools.json").read_text())

    assert used == set(made) == {"alerts_feeds", "alerts_channels"}
    assert made["alerts_feeds"]["slots"] >= 4, "as many as there are shards"


def test_a_replay_is_dry_unless_it_is_asked_for(loaded: dict[str, Any]) -> None:
    assert loaded["dags"]["alerts_replay"]["params"] == {"rules": "", "since": None, "until": None, "dry": True}


@pytest.mark.parametrize("file", sorted((ROOT / "dags").glob("*.py")), ids=lambda file: file.stem)
def test_a_dag_is_short_and_takes_airflow_from_its_sdk(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) < 60
    assert set(re.findall(r"^(?:from|import) (airflow[\w.]*)", text, re.MULTILINE)) <= {
        "airflow.sdk", "airflow.sdk.exceptions"
    }  # fmt: skip


def test_a_dag_with_a_deadline_cannot_be_tested(airflow_home: Path, tmp_path: Path) -> None:
    """Airflow 3.3.2 cannot end a `dag.test()` of a DAG with a deadline; once it can, ALERTS_DEADLINES may go."""
    (tmp_path / "tiny.py").write_text(TINY)
    assert "has no attribute 'hex'" in in_airflow(LATE, airflow_home, AIRFLOW__CORE__DAGS_FOLDER=str(tmp_path))


def test_the_dags_and_the_command_run_the_same_line(airflow_home: Path, tmp_path: Path) -> None:
    """`dag.test()` in Airflow and `App.run` in process leave the same in their stores, to the id."""
    with demo.serving(ROOT / "examples", port=0, anchor=datetime(2026, 7, 1, 8, tzinfo=UTC)) as url:
        config = sample_config(tmp_path / "config", url)
        there = {"ALERTS_CONFIG": str(config), "ALERTS_VAR": str(tmp_path / "airflow"), "ALERTS_DEADLINES": "off"}
        states = in_airflow(RUN, airflow_home, **there)
        here = {"ALERTS_CONFIG": str(config), "ALERTS_VAR": str(tmp_path / "here")}
        with app_.open_app(here.get) as app:
            for stage in LINE:
                app.run(stage, digest_now=True)

    assert set(states.values()) == {"success"}
    assert len(states) == 5
    inside, outside = left_behind(tmp_path / "airflow"), left_behind(tmp_path / "here")
    assert inside == outside
    assert len(inside["developments"]) > 10
    assert {name.partition(":")[0] for name in inside["deliveries"]} == {"alert", "digest"}
    assert {stage for stage, _ in inside["counts"]} == set(LINE)


def sample_config(folder: Path, url: str) -> Path:
    """The shipped configuration with the sample feeds alone, served at the URL."""
    shutil.copytree(ROOT / "config", folder)
    feeds = folder / "feeds.yaml"
    kept = [line for line in feeds.read_text().splitlines() if "{id: " not in line or "{id: sample-" in line]
    assert len([line for line in kept if "sample-" in line]) == 9
    feeds.write_text("\n".join(kept).replace("http://127.0.0.1:8585", url))
    return folder


def left_behind(var: Path) -> dict[str, Any]:
    """What a run left in its store, without the times at which it ran."""
    engine = sql.connect(f"sqlite:///{var / 'alerts.db'}")
    try:
        return {
            **{name: keys(engine, name) for name in ("articles", "matches", "developments")},
            "reasons": sorted(
                (member.reason, member.article)
                for story in sql.SqlTable(engine, "stories", Story).values()
                for member in story.members
            ),
            "deliveries": sorted(
                re.sub(r":\d{8}T\d{4}", "", record.delivery.id) for record in queries.recent_deliveries(engine, 1000)
            ),
            "counts": counts(engine),
        }
    finally:
        engine.dispose()


def keys(engine: Engine, name: str) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.execute(select(tables.log.c.key).where(tables.log.c.name == name)).scalars())


def counts(engine: Engine) -> dict[tuple[str, str], int]:
    """The counts of all reports, added up over the shards."""
    total: Counter[tuple[str, str]] = Counter()
    for report in queries.reports_since(engine, datetime(2000, 1, 1, tzinfo=UTC)):
        if report.stage not in LINE:
            continue
        total.update({(report.stage, name): value for name, value in report.counts})
    return dict(total)


def test_the_environment_of_the_test_is_clean() -> None:
    """The comparison above means something only if no setting of this machine reaches both runs."""
    assert not [name for name in os.environ if name.startswith("ALERTS_S")]
