"""Housekeeping: what is old and needed by nobody goes, what Redis has lost is put back, what is sick is named.

It is no part of the line.  It may run at any time, beside it, twice, or not for a month.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from alerts import feeds as feeds_
from alerts import subscribers
from alerts.adapters import inbox, logs
from alerts.adapters import redis as redis_
from alerts.adapters.sql import SqlSubscribers, expiry, shown
from alerts.app import retention
from alerts.app.opening import folder_of, open_app
from alerts.app.retention import Retention
from alerts.app.running import App, Clock, utc
from alerts.app.ways import Lookup
from alerts.errors import StoreError
from alerts.feeds.health import length
from alerts.model import Report
from alerts.ports import Fingerprints

READERS = {"articles": ("match",), "matches": ("group", "volume")}
"""Who reads each log, besides the subscriptions, which read the developments."""

WASTE = 100_000_000
"""Bytes that may be free in a SQLite file before it is said, if they are more than half of it."""

SICK = ("failing", "backing off", "quarantined", "gone", "silent")


DAILY = 24 * 3_600.0
"""Seconds between two times, in a program that runs for good."""

FIRST = 3_600.0
"""Seconds after its start: whoever restarts it again and again does not want this each time."""


class Daily:
    """Keeps house once a day in a program that runs for good, so that it needs no cron beside it."""

    def __init__(self, lookup: Lookup, *, ticks: Callable[[], float] = time.monotonic) -> None:
        """Read the spans at the start.

        Raises:
            AlertsError: A span is no duration, or too short.
        """
        self._spans, self._var = retention.read(lookup), folder_of(lookup)
        self._ticks = ticks
        self._due = ticks() + FIRST

    def keep(self, app: App) -> Report | None:
        """Keep house, if it is time for it."""
        if self._ticks() < self._due:
            return None
        self._due = self._ticks() + DAILY
        return keep(app, self._spans, self._var)


def housekeep(lookup: Lookup, *, clock: Clock = utc) -> Report:
    """Open what the settings describe, keep house once, and give the report; it is kept like those of the stages.

    Raises:
        AlertsError: A span is no duration, or too short.
        ConfigError: There is no feed or no rule left to work with.
        StoreError: SQL cannot be used.
    """
    spans, var = retention.read(lookup), folder_of(lookup)
    with open_app(lookup, clock=clock) as app:
        return keep(app, spans, var)


def keep(app: App, spans: Retention, var: Path) -> Report:
    """Keep house once; ``var`` is the folder with the local inbox.  Whatever it deletes goes in small transactions.

    Raises:
        StoreError: SQL cannot be used, or there is none.
    """
    if app.engine is None:
        raise StoreError("there is nothing to keep in memory; use a SQL store")
    now, engine, began = app.clock(), app.engine, time.perf_counter()
    count: Counter[str] = Counter()
    lines = [*_logs(app, engine, spans, now, count)]
    count["stories"] = expiry.stories(engine, before=now - spans.articles)
    count["threads"] = expiry.threads(engine, before=now - spans.articles)
    count["deliveries"] = expiry.deliveries(engine, before=now - spans.deliveries)
    count["seen"] = expiry.seen(engine, "articles", before=now - spans.seen - redis_.GENERATION)
    count["asked"] = SqlSubscribers(engine).tidy(now - subscribers.CONFIRM_WITHIN)
    count["files"] = inbox.forget(var / "inbox", now - spans.deliveries)
    count["index"] = index(app.stores.seen, engine, now)
    sick = [*_sick(app, now)]
    count["sick"] = len(sick)
    took = round(time.perf_counter() - began, 3)
    report = Report("keep", now, tuple(count.items()), (*lines, *_waste(engine), *sick), took)
    app.stores.reports.append([report])
    logs.reported(report)
    return report


def _logs(app: App, engine: Engine, spans: Retention, now: datetime, count: Counter[str]) -> Iterator[str]:
    """Shorten the logs.  A reader that is in no configuration any more holds nothing for longer than deliveries."""
    subscribers = tuple(s.id for s in app.config.subscriptions)
    for name in ("articles", "matches", "developments"):
        needed_by = READERS.get(name, subscribers)
        for before, everybody in ((now - spans.articles, True), (now - max(spans.deliveries, spans.articles), False)):
            count[name] += expiry.from_log(engine, name, before=before, needed_by=needed_by, all_readers=everybody)
        for reader in expiry.held(engine, name, before=now - spans.articles):
            yield f'{name} older than {spans.articles.days} days are kept, because "{reader}" has not read them'
    old = now - spans.reports
    count["reports"] = expiry.from_log(engine, "reports", before=old, needed_by=(), all_readers=True)


def index(seen: Fingerprints, engine: Engine, now: datetime) -> int:
    """Put back into Redis what it has lost of this generation's marks; gives their number.

    Only of this generation: in each, SQL must be asked once for what a feed still shows, for that is how SQL knows.
    """
    since = redis_.generation(now)
    some: Sequence[str] = next(shown.keys(engine, "articles", since=since, chunk=expiry.CHUNK), ())
    if len(seen.unseen(some)) * 2 <= len(some):
        return 0
    count = 0
    for keys in shown.keys(engine, "articles", since=since):
        seen.add(keys)
        count += len(keys)
    return 0 if seen.unseen(some) else count


def _sick(app: App, now: datetime) -> Iterator[str]:
    """Name the feeds that do not do well, and since when."""
    for feed in app.config.feeds:
        state = feeds_.settled(feed, app.stores.states.get(feed.id))
        if state is None or state.health not in SICK:
            continue
        since = f" for {length(now - state.since)}" if state.since else ""
        yield f'feed "{feed.id}": {state.health}{since}: {feeds_.why(feed, state, now)}'


def _waste(engine: Engine) -> Iterator[str]:
    whole, free = expiry.size(engine)
    if free > WASTE and free * 2 > whole:
        yield (
            f"{free / 1e6:.0f} of the {whole / 1e6:.0f} MB of the SQLite file are free for what comes; "
            "`alerts housekeep --vacuum` gives them back to the disk, and holds up the line for that long"
        )
