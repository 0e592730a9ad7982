"""The DAGs: Airflow loads them, they hold the line, and they run the same five functions as `alerts run`."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from alerts import app as app_
from alerts import demo
from alerts.adapters import sql
from alerts.adapters.sql import queries
from alerts.app import LINE
from alerts.model import Story
from tests.airflow.conftest import ROOT, in_airflow

pytestmark = pytest.mark.airflow

LOAD = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag()
json.dump({
    "errors": bag.import_errors,
    "dags": {d.dag_id: {"tasks": d.topological_sort() and [t.task_id for t in d.topological_sort()],
                        "runs": d.max_active_runs, "catchup": d.catchup} for d in bag.dags.values()},
}, open(sys.argv[1], "w"))
"""

RUN = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag()
states = {}
for dag_id, conf in (("alerts_collect", {}), ("alerts_watch", {}), ("alerts_send", {"digest_now": True})):
    states[dag_id] = bag.get_dag(dag_id).test(run_conf=conf).state
json.dump(states, open(sys.argv[1], "w"))
"""


def test_airflow_loads_the_dags_and_they_hold_the_line(airflow_home: Path) -> None:
    """Without a config folder, a store or a network: a DAG file reads nothing when it is imported."""
    loaded = in_airflow(LOAD, airflow_home, ALERTS_CONFIG="/nonexistent", ALERTS_SQL="sqlite:////nonexistent/x.db")
    stages = [task for dag in loaded["dags"].values() for task in dag["tasks"] if task in LINE]

    assert loaded["errors"] == {}
    assert sorted(loaded["dags"]) == ["alerts_collect", "alerts_send", "alerts_watch"]
    assert Counter(stages) == Counter(LINE)
    assert all(dag["runs"] == 1 and not dag["catchup"] for dag in loaded["dags"].values())


def test_the_dags_and_the_command_run_the_same_line(airflow_home: Path, tmp_path: Path) -> None:
    """`dag.test()` in Airflow and `App.run` in process leave the same in their stores, to the id."""
    with demo.serving(ROOT / "examples", port=0, anchor=datetime(2026, 7, 1, 8, tzinfo=UTC)) as url:
        config = sample_config(tmp_path / "config", url)
        states = in_airflow(RUN, airflow_home, ALERTS_CONFIG=str(config), ALERTS_VAR=str(tmp_path / "airflow"))
        here = {"ALERTS_CONFIG": str(config), "ALERTS_VAR": str(tmp_path / "here")}
        with app_.open_app(here.get) as app:
            for stage in LINE:
                app.run(stage, digest_now=True)

    assert states == dict.fromkeys(("alerts_collect", "alerts_watch", "alerts_send"), "success")
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
    return sorted(key for some in queries.log_keys(engine, name) for key in some)


def counts(engine: Engine) -> dict[tuple[str, str], int]:
    """The counts of all reports, added up over the shards."""
    total: Counter[tuple[str, str]] = Counter()
    for report in queries.reports_since(engine, datetime(2000, 1, 1, tzinfo=UTC)):
        total.update({(report.stage, name): value for name, value in report.counts})
    return dict(total)


def test_the_environment_of_the_test_is_clean() -> None:
    """The comparison above means something only if no setting of this machine reaches both runs."""
    assert not [name for name in os.environ if name.startswith("ALERTS_S")]
