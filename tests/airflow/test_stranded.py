"""Why an asset event is a doorbell and never a message: Airflow strands events.  What we build on is only that it rings.

When this test fails, a newer Airflow strands them no longer: then see whether the doorbell may be simpler.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.airflow.conftest import in_airflow

pytestmark = pytest.mark.airflow

TWO_EVENTS = """
import json, sys, time
from sqlalchemy import delete, func, select
from airflow.assets.manager import asset_manager
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.asset import AssetDagRunQueue, AssetEvent, AssetModel
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session

DagBundlesManager().sync_bundles_to_db()
with create_session() as session:
    sync_bag_to_db(DagBag(), "dags-folder", None, session=session)
with create_session() as session:
    asset = session.scalar(select(AssetModel).where(AssetModel.uri.like("alerts://developments%")))
    for _ in range(2):
        asset_manager.register_asset_change(asset=asset, session=session)
        session.commit()
        time.sleep(0.005)
    runner = SchedulerJobRunner(job=Job())
    dag = session.scalar(select(DagModel).where(DagModel.dag_id == "alerts_send"))
    runner._create_dag_runs_asset_triggered(dag_models=[dag], session=session)
    session.commit()
    runs = session.scalars(select(DagRun).where(DagRun.dag_id == "alerts_send")).all()
    told = {
        "events": session.scalar(select(func.count()).select_from(AssetEvent)),
        "runs": len(runs),
        "consumed": sum(len(run.consumed_asset_events) for run in runs),
        "waiting": session.scalar(select(func.count()).select_from(AssetDagRunQueue)),
    }
json.dump(told, open(sys.argv[1], "w"))
"""


def test_of_two_events_five_milliseconds_apart_the_second_reaches_no_run(airflow_home: Path) -> None:
    told = in_airflow(TWO_EVENTS, airflow_home, AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False")
    assert told == {"events": 2, "runs": 1, "consumed": 1, "waiting": 0}
