"""Tocsin inside Airflow: Connections → settings → App, a stage as the body of a task, and the doorbell.

The one file of this folder.  Airflow executes every file in ``plugins/`` in each of its processes, so nothing heavy is
imported here outside of functions.  The trigger's base class has no place in ``airflow.sdk``; it is light.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from airflow.sdk.plugins_manager import AirflowPlugin
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from airflow.sdk.definitions.deadline import DeadlineAlert

    from alerts.app import Stage
    from alerts.model import Report

LINES = 20
"""How many lines of a report go into XCom; all of them are in the task's log and in SQL."""


class Doorbell(BaseEventTrigger):
    """Rings while there are articles that no rule was held against: pushed ones above all, which no task brings.

    It looks at the log and not at what rang, so that a ring that Airflow loses, or one that came while the triggerer
    was down, is rung again.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Name the class, as the triggerer imports it; there is nothing to remember."""
        return "alerts_airflow.Doorbell", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait in a thread, for at most a second at a time: it can be told to end in between."""
        bell = await asyncio.to_thread(_bell)
        while True:
            if end := await asyncio.to_thread(bell.wait):
                yield TriggerEvent({"unread": end})  # type: ignore[no-untyped-call]

    async def cleanup(self) -> None:
        """Nothing is held but connections, which end with the process."""


def _bell() -> Any:
    """Import in the thread: a second in the event loop would hold up every other trigger."""
    from alerts.doorbell import Bell  # noqa: PLC0415 - heavy

    return Bell(setting)


def careful() -> dict[str, Any]:
    """Give the ``default_args`` of every DAG: what is tried again, when, and for how long a task may hold its place.

    A faulty configuration does not get better by waiting; a store that is away may be back.  A task that is ended
    loses nothing, and one that hangs would stop its DAG for good.
    """
    from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule  # noqa: PLC0415

    faulty = "the configuration is faulty: `alerts check` says where"
    policy = ExceptionRetryPolicy(
        rules=[
            RetryRule("alerts.errors.ConfigError", RetryAction.FAIL, reason=faulty),
            RetryRule("alerts.errors.StoreError", RetryAction.RETRY, timedelta(seconds=15), "the store is away"),
        ]
    )
    # Short, since what it mostly follows is a task whose process was killed, and it may succeed at once.
    hour, pause = timedelta(hours=1), timedelta(seconds=5)
    return {"retries": 3, "retry_delay": pause, "retry_policy": policy, "execution_timeout": hour}


def in_time(**span: float) -> DeadlineAlert | None:
    """Give the deadline of a run: Airflow marks a run that misses it, counts it, and leaves a line in a log.

    Nothing hangs on the callback; it is there because a deadline must have one.  ``airflow dags test`` of 3.3.2 fails
    at the end of a run that has a deadline; ``ALERTS_DEADLINES=off`` is for that command.
    """
    if os.environ.get("ALERTS_DEADLINES") == "off":
        return None
    from airflow.sdk.definitions.callback import AsyncCallback  # noqa: PLC0415 - the stubs of airflow.sdk lack them
    from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference  # noqa: PLC0415

    queued = DeadlineReference.DAGRUN_QUEUED_AT
    return DeadlineAlert(queued, timedelta(**span), AsyncCallback("alerts_airflow.late"), name="late")


async def late(**said: Any) -> None:
    """Say that a run is late; the triggerer calls it."""
    run = said.get("context", {}).get("dag_run", {})
    logging.getLogger(__name__).warning("late: %s", run.get("run_id") if isinstance(run, dict) else run)


def name_row(name: str, report: Mapping[str, Any] | None = None) -> None:
    """Name the row of a mapped task after what it did, where its template says ``{{ row }}``."""
    from airflow.sdk import get_current_context  # noqa: PLC0415

    counts = [f"{report[key]} {key}" for key in ("due", "failed", "articles") if key in report] if report else []
    get_current_context()["row"] = ": ".join([name, ", ".join(counts)] if counts else [name])  # type: ignore[typeddict-unknown-key]


def run_stage(stage: Stage, *, shard: tuple[int, int] = (0, 1), digest_now: bool = False) -> dict[str, Any]:
    """Run one stage with the settings of this Airflow; gives a small report, never articles."""
    from alerts.app import open_app  # noqa: PLC0415 - heavy, and only tasks need it

    _may_have_children()
    with open_app(setting) as app:
        return _small(app.run(stage, shard=shard, digest_now=digest_now))


def _may_have_children() -> None:
    """Be an ordinary process again in a worker of Celery, which is a daemon of another kind and may have no children.

    A task's children, which read feeds, end with the stage; and Airflow waits for the task.
    """
    from multiprocessing import Process, process  # noqa: PLC0415

    if process.current_process().daemon:
        ourself = Process()
        ourself.daemon, ourself.authkey = False, bytes(ourself.authkey)
        process._current_process = ourself  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other way


def run_replay(*, rules: str, since: str | None, until: str | None, dry: bool) -> dict[str, Any]:
    """Play a span of the archive through rules, in memory; gives the counts and the first lines."""
    from alerts import replay  # noqa: PLC0415 - heavy, and only tasks need it

    played = replay.span(setting, rules=rules, since=since, until=until, dry=dry)
    return {**played.counts, "folder": str(played.folder or ""), "lines": list(played.lines[:LINES])}


def housekeep() -> dict[str, Any]:
    """Delete what is old, put back what Redis has lost, name what is sick; gives a small report."""
    from alerts.app import housekeep as keep_house  # noqa: PLC0415 - heavy, and only tasks need it

    return _small(keep_house(setting))


def _small(report: Report) -> dict[str, Any]:
    """Give what of a report goes into XCom."""
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


# ── the desk ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def news_watch(scope: Any, receive: Any, send: Any) -> None:
    """Serve the desk; it is made at the first request, so that a process that is no web server pays nothing for it."""
    await _desk()(scope, receive, send)


@cache
def _desk() -> Any:
    """Make the desk behind the login of this Airflow; only who unsubscribes by the link of a mail needs none."""
    from alerts import desk  # noqa: PLC0415 - heavy, and only the API server needs it

    return desk.app(_opened, _authenticate(), public=(desk.unsubscribing(),))


@cache
def _opened() -> Any:
    """Open what the desk works with, once for this process; it is closed with the process."""
    from alerts import desk  # noqa: PLC0415

    return ExitStack().enter_context(desk.open_desk(setting))


def _authenticate() -> Any:
    """Give the dependency that asks Airflow who is there.

    Who may look at Airflow may read; who may run ``alerts_send`` may act, for that is what acting does.
    """
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415
    from airflow.api_fastapi.auth.managers.models.resource_details import (  # noqa: PLC0415
        AccessView,
        DagAccessEntity,
        DagDetails,
    )
    from airflow.api_fastapi.core_api.security import get_user  # noqa: PLC0415
    from fastapi import Depends, HTTPException  # noqa: PLC0415

    from alerts.desk import Caller  # noqa: PLC0415

    def caller(user: Any = Depends(get_user)) -> Caller:  # noqa: B008 - so FastAPI has it
        manager = get_auth_manager()
        if not manager.is_authorized_view(access_view=AccessView.WEBSITE, user=user):
            raise HTTPException(403, "your Airflow account may not look at this")
        dag, run = DagDetails(id="alerts_send"), DagAccessEntity.RUN
        return Caller(
            user.get_name(), may_act=manager.is_authorized_dag(method="POST", access_entity=run, details=dag, user=user)
        )

    return caller


class NewsWatch(AirflowPlugin):
    """The entry *News watch* in the menu *Browse* of Airflow.

    It is a link and no frame: Airflow's frame forbids new tabs, so that no link to an article could be followed.  It is
    in a menu, because a link beside the menus is drawn by Airflow 3.3 as a button that does nothing.
    """

    name = "alerts"
    fastapi_apps: list[Any] = [{"app": news_watch, "url_prefix": "/alerts", "name": "News watch"}]  # noqa: RUF012 - so Airflow has it
    external_views: list[Any] = [  # noqa: RUF012
        {"name": "News watch", "href": "alerts/", "destination": "nav", "category": "browse"}
    ]

    @classmethod
    def on_load(cls, *_: Any, **__: Any) -> None:
        """Import the line ahead, in a process that is told to load its plugins when it starts.

        Whoever runs tasks forks for each of them, so that what is imported before is there in every task; otherwise
        each would import for a second and work for a hundredth of one (note 0009).  A process that loads plugins
        later has forked already, or runs no task.
        """
        from airflow.sdk.configuration import conf  # noqa: PLC0415

        if not conf.getboolean("core", "lazy_load_plugins"):
            from alerts import app  # noqa: F401, PLC0415
