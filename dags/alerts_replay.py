"""A span of the archive through other rules, in memory: what would have been told; by hand, and dry by default."""

from __future__ import annotations

from typing import Any, Final

from airflow.sdk import Param, dag, task
from alerts_airflow import careful

WHEN: Final[dict[str, Any]] = {"type": ["null", "string"], "format": "date-time"}


@dag(
    dag_id="alerts_replay",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=careful(),
    params={
        "rules": Param(
            default="",
            type="string",
            pattern=r"^([\w-]+(/[\w-]+)*)?$",
            title="Rules",
            description="A folder inside the configuration's; empty for the rules in force",
        ),
        "since": Param(default=None, **WHEN, title="From", description="When articles were seen; empty for a day ago"),
        "until": Param(default=None, **WHEN, title="To", description="Empty for now"),
        "dry": Param(default=True, type="boolean", title="Dry", description="Keep nothing; off, write files"),
    },
    tags=["alerts"],
    doc_md="Plays the articles of a span of time through rules, and into stories, in memory. **Nothing is ever sent.**"
    "\n\nDry, it says how many were matched, placed and told. Otherwise it also writes a line for each, and each "
    "digest, into `replay/` of the installation's folder.",
)
def alerts_replay() -> None:
    """Replay, and say what came of it."""

    @task
    def replay(params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Play the span."""
        from alerts_airflow import run_replay  # noqa: PLC0415 - heavy, and only tasks need it

        return run_replay(**(params or {}))

    replay()


alerts_replay()
