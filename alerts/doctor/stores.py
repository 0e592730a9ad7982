"""Whether SQL and Redis keep what they are given, and what time it is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from sqlalchemy import Engine

from alerts.adapters.sql import expiry, queries
from alerts.adapters.sql.engine import reading
from alerts.app import Lookup, open_redis, open_sql, retention, utc
from alerts.doctor.clocks import clock
from alerts.doctor.finding import Finding
from alerts.errors import AlertsError, StoreError

KEPT_WITHIN = timedelta(days=3)


def examine(lookup: Lookup) -> Iterator[Finding]:
    """Look at both stores, each as it is configured."""
    try:
        with open_sql(lookup) as engine:
            yield from _sqlite(engine) if engine.dialect.name == "sqlite" else _postgresql(engine)
            yield _housekeeping(engine)
    except StoreError as error:
        yield Finding("wrong", "sql", str(error), "nothing runs without it: mend ALERTS_SQL, or start the server")
    yield _spans(lookup)
    try:
        with open_redis(lookup) as client:
            yield from redis_(client, embedded=not lookup("ALERTS_REDIS"))
    except StoreError as error:
        yield Finding("wrong", "redis", str(error), "mend ALERTS_REDIS")


# ── SQL ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sqlite(engine: Engine) -> Iterator[Finding]:
    with reading(engine) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "quick_check(1)")
        }
    whole, free = expiry.size(engine)
    said = f"SQLite, {whole / 1e6:.1f} MB, of which {free / 1e6:.1f} are free for what comes"
    if found["quick_check(1)"] != "ok":
        yield Finding("wrong", "sql", "the SQLite file is damaged", "restore the last backup: alerts restore FILE")
    if found["journal_mode"] != "wal":
        yield Finding(
            "wrong", "sql", f"journal_mode is {found['journal_mode']}", "put the file on a local disk: no NFS"
        )
    if found["synchronous"] < 2:
        yield Finding("wrong", "sql", "a commit does not wait for the disk", "PRAGMA synchronous must be FULL")
    yield Finding("well", "sql", f"{said}; every commit is on the disk")


DURABLE = {
    "fsync": ("on", "a crash of the machine destroys the database"),
    "full_page_writes": ("on", "a crash of the machine can damage pages"),
    "synchronous_commit": ("on", "the last commits before a crash are lost: what they sent is sent again"),
}
"""What PostgreSQL must be set to, and what happens otherwise."""


def _postgresql(engine: Engine) -> Iterator[Finding]:
    with reading(engine) as connection:
        found = {name: str(connection.exec_driver_sql(f"SHOW {name}").scalar_one()) for name in DURABLE}
        server = str(connection.exec_driver_sql("SHOW server_version").scalar_one())
        there = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    wrong = [*durability(found)]
    yield from wrong
    if not wrong:
        whole, _ = expiry.size(engine)
        yield Finding("well", "sql", f"PostgreSQL {server}, {whole / 1e6:.1f} MB; every commit is on the disk")
    yield clock("PostgreSQL", abs(there - utc()))


def durability(found: Mapping[str, str]) -> Iterator[Finding]:
    """Hold PostgreSQL's settings against what keeps a commit."""
    for name, (needed, otherwise) in DURABLE.items():
        more = ("remote_write", "remote_apply", "local") if name == "synchronous_commit" else ()
        if found[name] not in (needed, *more):
            yield Finding("wrong", "sql", f"{name} is {found[name]}: {otherwise}", f"set {name} = {needed}")


def _housekeeping(engine: Engine) -> Finding:
    last = queries.last_report(engine, "keep")
    if last is None:
        return Finding("look", "keeping", "no house was kept yet", "run `alerts housekeep` once a day")
    age = utc() - last.at
    said = f"house was kept {age.total_seconds() / 3600:.0f} hours ago"
    if age > KEPT_WITHIN:
        return Finding("look", "keeping", said, "run `alerts housekeep` once a day, or nothing is ever deleted")
    return Finding("well", "keeping", said)


def _spans(lookup: Lookup) -> Finding:
    try:
        spans = retention.read(lookup)
    except AlertsError as error:
        return Finding("wrong", "spans", str(error), "no house is kept until it is mended")
    said = ", ".join(f"{name} {getattr(spans, name).days} days" for name in retention.SETTINGS)
    return Finding("well", "spans", f"kept: {said}")


# ── Redis ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def redis_(client: redis.Redis, *, embedded: bool) -> Iterator[Finding]:
    """Look at a Redis or Valkey: does it answer, does it keep, does it throw away, is it on time."""
    try:
        told: Any = client.info("everything")
        seconds: Any = client.time()
    except redis.RedisError as error:
        said = f"it does not answer: {type(error).__name__}"
        yield Finding("wrong", "redis", said, "SQL is asked for everything: slower, and nothing is lost; start it")
        return
    yield from server(told, embedded=embedded)
    there = datetime.fromtimestamp(seconds[0] + seconds[1] / 1e6, UTC)
    yield clock("Redis", abs(there - utc()))


def server(told: Mapping[str, Any], *, embedded: bool) -> Iterator[Finding]:
    """Judge what the server says of itself (INFO)."""
    name = f"Valkey {told['valkey_version']}" if "valkey_version" in told else f"Redis {told.get('redis_version', '?')}"
    policy, limit = told.get("maxmemory_policy", "?"), int(told.get("maxmemory", 0))
    if policy != "noeviction":
        advice = "set maxmemory-policy noeviction: a turn at a server that is thrown away is one asked twice at once"
        yield Finding("look", "redis", f"maxmemory-policy is {policy}", advice)
    if limit and int(told.get("used_memory", 0)) > 0.9 * limit:
        yield Finding("look", "redis", "nine tenths of its memory are full", "give it more: what does not fit asks SQL")
    if told.get("role") == "slave":
        yield Finding("wrong", "redis", "it is a replica and cannot be written", "let ALERTS_REDIS name the primary")
    if not embedded and not int(told.get("aof_enabled", 0)):
        advice = "set appendonly yes, or every restart costs a day of slower polls"
        yield Finding("look", "redis", "it keeps no append-only file", advice)
    kept = "snapshots" if embedded else "an append-only file" if int(told.get("aof_enabled", 0)) else "nothing"
    own = ", started by each command" if embedded else ""
    yield Finding("well", "redis", f"{name}{own}, {int(told.get('used_memory', 0)) / 1e6:.1f} MB; it keeps {kept}")
