"""Metrics for Prometheus: what the logs, the outbox and the states say, as text.

::

    counting    what a match, a development, an attempt and a report add to which counter
    gauges      how it is at this moment
    families    the names that are promised

Nothing is counted in a process: whoever asks, and how often, changes nothing but the time at which it is known.  Labels
are bounded by the configuration and by lists in the code; what is not in them is ``other``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from sqlalchemy import Engine

from alerts import app as app_
from alerts.adapters import sql
from alerts.adapters.sql import tallies
from alerts.config import Config, Loaded
from alerts.errors import ConfigError
from alerts.metrics import counting, gauges
from alerts.metrics.families import FAMILIES, Family

__all__ = ["CONTENT_TYPE", "FAMILIES", "Family", "Scrape", "exposition", "families"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_FRESH = timedelta(minutes=1)


def families(engine: Engine, loaded: Loaded, now: datetime) -> Iterator[Metric]:
    """Count what is new, look at how it is, and give every family."""
    tally = tallies.advance(engine, counting.sources(now), now=now)
    yield from counting.counters(tally.counts, loaded.config)
    yield from gauges.gauges(engine, loaded, now)


def exposition(engine: Engine, loaded: Loaded, now: datetime) -> bytes:
    """Give all metrics in the text format of Prometheus.

    Raises:
        StoreError: SQL cannot be used.
    """
    registry = CollectorRegistry()
    registry.register(_Ready(tuple(families(engine, loaded, now))))
    return generate_latest(registry)


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """What the library asks for its metrics."""

    made: tuple[Metric, ...]

    def collect(self) -> tuple[Metric, ...]:
        """Give them."""
        return self.made


@dataclass(slots=True)
class Scrape:
    """Gives the metrics as often as it is asked; the configuration is read again when it is a minute old."""

    engine: Engine
    folder: Path
    clock: app_.Clock = app_.utc
    _read: datetime | None = None
    _loaded: Loaded = field(default_factory=lambda: Loaded(Config()))

    def __call__(self) -> bytes:
        """Give the text.

        Raises:
            StoreError: SQL cannot be used.
        """
        now = self.clock()
        if self._read is None or now - self._read >= _FRESH:
            self._read, self._loaded = now, self._load(now)
        return exposition(self.engine, self._loaded, now)

    def _load(self, now: datetime) -> Loaded:
        """Read the configuration as the line does; one of which nothing is good has only mistakes."""
        try:
            return app_.load(self.folder, sql.SqlTable(self.engine, "sound", str), now)
        except ConfigError as error:
            return Loaded(Config(), problems=tuple(error.problems))
