"""What it means: match → group; when articles have arrived, polled or pushed, and every 5 minutes."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from alerts_airflow import Doorbell, careful

ARTICLES = Asset("alerts://articles")
# An asset of its own: Airflow drops the watchers of an asset that another DAG file names without them.
UNREAD = Asset("alerts://unread", watchers=[AssetWatcher("doorbell", Doorbell())])
DEVELOPMENTS = Asset("alerts://developments")


@dag(
    dag_id="alerts_watch",
    # An asset event is a doorbell: it may be lost or late, so the clock rings as well.
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/5 * * * *", timezone="UTC"), assets=ARTICLES | UNREAD
    ),
    catchup=False,
    max_active_runs=1,
    default_args=careful(),
    tags=["alerts"],
    doc_md="Matches new articles against the watch rules and groups what matched into developing stories.\n\n"
    "Articles that `alerts serve` has taken ring at `alerts://unread`; those that were polled, at `alerts://articles`.",
)
def alerts_watch() -> None:
    """Match and group until both logs are read, and ring for `alerts_send` when something developed."""

    @task
    def match() -> dict[str, Any]:
        """Hold every new article against every rule."""
        from alerts_airflow import run_stage  # noqa: PLC0415 - heavy, and only tasks need it

        return run_stage("match")

    @task(outlets=[DEVELOPMENTS])
    def group() -> dict[str, Any]:
        """Place every match in a story, and keep what is new."""
        from alerts_airflow import run_stage  # noqa: PLC0415

        report = run_stage("group")
        if not report["developments"]:
            raise AirflowSkipException(f"nothing developed: {report}")
        return report

    match() >> group()


alerts_watch()
