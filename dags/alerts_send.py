"""Mail out: compose → deliver; when something developed, and every 2 minutes for digest slots and retries."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable, Param, dag, task
from alerts_airflow import careful, in_time

DEVELOPMENTS = Asset("alerts://developments")


@dag(
    dag_id="alerts_send",
    # An asset event is a doorbell: it may be lost or late, so the clock rings as well.
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("*/2 * * * *", timezone="UTC"), assets=[DEVELOPMENTS]),
    catchup=False,
    max_active_runs=1,
    default_args=careful(),
    deadline=in_time(minutes=10),
    params={"digest_now": Param(default=False, type="boolean", title="Compose the digests now, not at their hour")},
    tags=["alerts"],
    doc_md="Composes the alerts and the digests that are due, and makes an attempt at every delivery that is due.\n\n"
    "**Late?** A channel may be slow or away; `alerts deliveries` tells the state of each delivery, and why.",
)
def alerts_send() -> None:
    """Compose, then deliver."""

    @task
    def compose(params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make what is due to each subscription, at its own pace."""
        from alerts_airflow import run_stage  # noqa: PLC0415 - heavy, and only tasks need it

        return run_stage("compose", digest_now=bool(params and params["digest_now"]))

    @task(pool="alerts_channels")
    def deliver() -> dict[str, Any]:
        """Send, and write the receipts."""
        from alerts_airflow import run_stage  # noqa: PLC0415

        return run_stage("deliver")

    compose() >> deliver()


alerts_send()
