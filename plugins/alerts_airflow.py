"""Tocsin inside Airflow: Connections → settings → App, and a stage as the body of a task.

The one file of this folder.  Airflow executes every file in ``plugins/`` in each of its processes, so nothing heavy is
imported here outside of functions.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from alerts.app import Stage

LINES = 20
"""How many lines of a report go into XCom; all of them are in the task's log and in SQL."""


def run_stage(stage: Stage, *, shard: tuple[int, int] = (0, 1), digest_now: bool = False) -> dict[str, Any]:
    """Run one stage with the settings of this Airflow; gives a small report, never articles."""
    from alerts.app import open_app  # noqa: PLC0415 - heavy, and only tasks need it

    with open_app(setting) as app:
        report = app.run(stage, shard=shard, digest_now=digest_now)
    return {**dict(report.counts), "lines": list(report.lines[:LINES])}


def setting(name: str) -> str | None:
    """Give a setting: from the Airflow Connection of its name in lower case, else from the environment.

    ``ALERTS_SLACK`` is the Connection ``alerts_slack``: its URI, or what its extra field ``url`` says.
    ``ALERTS_WEBHOOK_SECRET`` is the password of the Connection ``alerts_webhook``, and ``ALERTS_FEED_WIRE`` login and
    password of ``alerts_feed_wire``, or its password alone, which is then a token.  Connections are asked for the
    names that are secrets; folders are settings of the environment alone.
    """
    if name in {"ALERTS_CONFIG", "ALERTS_VAR"}:
        return os.environ.get(name)
    return _connection(name.lower()) or os.environ.get(name)


def _connection(name: str) -> str | None:
    """Give the URL, or for ``…_secret`` the password, that an Airflow Connection holds; ``None`` if there is none."""
    from airflow.sdk import Connection  # noqa: PLC0415 - heavy, and only tasks need it
    from airflow.sdk.exceptions import AirflowNotFoundException  # noqa: PLC0415

    is_feed = name.startswith("alerts_feed_")
    try:
        connection = Connection.get(name if is_feed else name.removesuffix("_secret"))
    except AirflowNotFoundException:
        return None
    if is_feed:
        found = f"{connection.login}:{connection.password}" if connection.login else connection.password
    else:
        found = connection.password if name.endswith("_secret") else _url(connection)
    return str(found) if found else None


def _url(connection: Any) -> str:
    """Give the URL of a Connection: its extra field ``url``, a host that is a whole URL, or its own URI.

    Airflow escapes the slashes of a path in its URI; a webhook's path is nothing without them.
    """
    host = connection.host or ""
    if whole := connection.extra_dejson.get("url") or (host if "://" in host else ""):
        return str(whole)
    parts = urlsplit(str(connection.get_uri()))
    return urlunsplit(parts._replace(path=parts.path.replace("%2F", "/")))
