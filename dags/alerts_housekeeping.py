"""What nobody waits for: what is old goes, what Redis has lost is put back, what is sick is named; daily."""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task
from alerts_airflow import careful


@dag(
    dag_id="alerts_housekeeping",
    schedule=CronTriggerTimetable("17 3 * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=careful(),
    tags=["alerts"],
    doc_md="Deletes what is old and needed by nobody (the settings `ALERTS_KEEP_…`), puts back what Redis has lost, "
    "and names the feeds that are sick.\n\nThe line goes on without it: the next run makes up for one that is missed.",
)
def alerts_housekeeping() -> None:
    """Keep house."""

    @task
    def keep() -> dict[str, Any]:
        """Do what `alerts housekeep` does."""
        from alerts_airflow import housekeep  # noqa: PLC0415 - heavy, and only tasks need it

        return housekeep()

    keep()


alerts_housekeeping()
