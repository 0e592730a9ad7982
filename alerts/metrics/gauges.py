"""How it is at this moment: feeds, deliveries, readers, the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import get_args

from prometheus_client.core import Metric
from sqlalchemy import Engine

import alerts
from alerts import feeds as feeds_
from alerts.adapters.sql import SqlTable, expiry, queries
from alerts.config import Config, Loaded
from alerts.metrics.counting import OTHER, STAGES
from alerts.metrics.families import gauge
from alerts.model import DeliveryState, FeedState, Health

READERS = ("match", "group", "volume")
"""The readers that are stages; the others are subscriptions."""

Rows = dict[tuple[str, ...], float]


def gauges(engine: Engine, loaded: Loaded, now: datetime) -> Iterator[Metric]:
    """Give every gauge."""
    yield gauge("alerts_last_run_timestamp_seconds", _last_runs(engine))
    yield gauge("alerts_feeds", _feeds(engine, loaded.config))
    yield from _deliveries(engine, loaded.config, now)
    yield from _readers(engine, loaded.config, now)
    whole, free = expiry.size(engine)
    yield gauge("alerts_sql_bytes", {(): whole})
    yield gauge("alerts_sql_free_bytes", {(): free})
    yield gauge("alerts_config_problems", {(): len(loaded.problems)})
    yield gauge("alerts_version_info", {(alerts.__version__,): 1})


def _last_runs(engine: Engine) -> Rows:
    found = ((stage, queries.last_report(engine, stage)) for stage in STAGES)
    return {(stage,): last.at.timestamp() for stage, last in found if last}


def _feeds(engine: Engine, config: Config) -> Rows:
    states = {state.feed: state for state in SqlTable(engine, "states", FeedState).values()}
    made: Rows = {(health,): 0 for health in get_args(Health)}
    for feed in config.feeds:
        state = feeds_.settled(feed, states.get(feed.id))
        made[state.health if state else "new",] += 1
    return made


def _deliveries(engine: Engine, config: Config, now: datetime) -> Iterator[Metric]:
    channels = {channel.id for channel in config.channels}
    states: Rows = {(channel, state): 0 for channel in channels for state in get_args(DeliveryState)}
    for (channel, state), number in queries.channel_counts(engine).items():
        name = (channel if channel in channels else OTHER, state)
        states[name] = states.get(name, 0) + number
    yield gauge("alerts_deliveries", states)
    oldest: Rows = {(channel,): 0 for channel in channels}
    for channel, since in queries.oldest_due(engine, now).items():
        key = (channel if channel in channels else OTHER,)
        oldest[key] = max(oldest.get(key, 0), (now - since).total_seconds())
    yield gauge("alerts_oldest_due_seconds", oldest)


def _readers(engine: Engine, config: Config, now: datetime) -> Iterator[Metric]:
    known = {*READERS, *(s.id for s in config.subscriptions)}
    values: Rows = {}
    backlog: Rows = {}
    oldest: Rows = {}
    for log in queries.log_counts(engine):
        values[log.log,] = log.values
        for reader in log.readers:
            key = (log.log, reader.reader if reader.reader in known else OTHER)
            waits = (now - reader.oldest).total_seconds() if reader.oldest else 0.0
            backlog[key] = max(backlog.get(key, 0), reader.backlog)
            oldest[key] = max(oldest.get(key, 0), waits)
    yield gauge("alerts_log_values", values)
    yield gauge("alerts_reader_backlog", backlog)
    yield gauge("alerts_reader_oldest_seconds", oldest)
