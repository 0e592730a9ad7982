"""News in: plan → poll, over a few shards by host → report; every 5 minutes."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from alerts_airflow import careful, in_time

ARTICLES = Asset("alerts://articles")
SHARDS = 4
"""How many tasks poll side by side; a host is always polled by one of them."""


@dag(
    dag_id="alerts_collect",
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=careful(),
    deadline=in_time(minutes=15),
    tags=["alerts"],
    doc_md="Polls the feeds that are due. A feed that fails is a line of the report and stops nothing.\n\n"
    "**Late?** The pool `alerts_feeds` may be full, or a server slow; `alerts feeds` tells the health of each feed.",
)
def alerts_collect() -> None:
    """Poll every feed that is due, and ring for `alerts_watch` when there are new articles."""

    @task
    def plan() -> list[int]:
        """Name the shards."""
        return list(range(SHARDS))

    @task(map_index_template="{{ row }}", pool="alerts_feeds")
    def poll(n: int) -> dict[str, Any]:
        """Poll the feeds whose host falls to this shard."""
        from alerts_airflow import name_row, run_stage  # noqa: PLC0415 - heavy, and only tasks need it

        name_row(shard := f"shard {n + 1} of {SHARDS}")
        report = run_stage("poll", shard=(n, SHARDS))
        name_row(shard, report)
        return report

    @task(outlets=[ARTICLES])
    def report(polled: list[dict[str, Any]]) -> dict[str, int]:
        """Add the shards up; an asset event rings for the next DAG only when there is something to read."""
        total = {key: sum(r.get(key, 0) for r in polled) for key in ("due", "unchanged", "failed", "articles")}
        if not total["articles"]:
            raise AirflowSkipException(f"nothing new: {total}")
        return total

    report(poll.expand(n=plan()))  # type: ignore[arg-type]


alerts_collect()
