"""The names that are promised: dashboards and alert rules of others stand on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric


class Family(NamedTuple):
    """A metric: its kind, its labels, and what it says."""

    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    said: str


FAMILIES: Mapping[str, Family] = {
    "alerts_articles_total": Family("counter", (), "articles that were new"),
    "alerts_matches_total": Family("counter", ("rule",), "articles that met the rule"),
    "alerts_developments_total": Family("counter", ("reason",), "what was new in stories, by the kind of reason"),
    "alerts_attempts_total": Family(
        "counter", ("channel", "outcome", "reason"), "attempts at deliveries, by outcome and kind of reason"
    ),
    "alerts_runs_total": Family("counter", ("stage",), "runs of the stage"),
    "alerts_run_counts_total": Family("counter", ("stage", "count"), "what the stage counted in its reports"),
    "alerts_run_seconds": Family("histogram", ("stage",), "how long a run of the stage took"),
    "alerts_sent_after_published_seconds": Family(
        "histogram", ("channel",), "from when an article says it was published to when its alert was delivered"
    ),
    "alerts_sent_after_seen_seconds": Family(
        "histogram", ("channel",), "from when an article was seen to when its alert was delivered"
    ),
    "alerts_last_run_timestamp_seconds": Family("gauge", ("stage",), "when the stage ran last"),
    "alerts_feeds": Family("gauge", ("health",), "feeds, by how they do"),
    "alerts_deliveries": Family("gauge", ("channel", "state"), "deliveries that are kept, by their state"),
    "alerts_oldest_due_seconds": Family(
        "gauge", ("channel",), "for how long the delivery that is due longest has been due; 0 if none is"
    ),
    "alerts_reader_backlog": Family("gauge", ("log", "reader"), "what the reader has not read of the log"),
    "alerts_reader_oldest_seconds": Family(
        "gauge", ("log", "reader"), "for how long the oldest of it has waited; 0 if there is none"
    ),
    "alerts_log_values": Family("gauge", ("log",), "values that the log keeps"),
    "alerts_sql_bytes": Family("gauge", (), "what the SQL store takes"),
    "alerts_sql_free_bytes": Family("gauge", (), "what of it is free for what comes (SQLite)"),
    "alerts_config_problems": Family("gauge", (), "mistakes in the configuration"),
    "alerts_version_info": Family("gauge", ("version",), "the version of Tocsin; always 1"),
}


def counter(name: str, rows: Mapping[tuple[str, ...], float]) -> Metric:
    """Make a counter of numbers by their labels."""
    family = FAMILIES[name]
    made = CounterMetricFamily(name.removesuffix("_total"), family.said, labels=family.labels)
    for labels, number in sorted(rows.items()):
        made.add_metric(labels, number)
    return made


def gauge(name: str, rows: Mapping[tuple[str, ...], float]) -> Metric:
    """Make a gauge of numbers by their labels."""
    family = FAMILIES[name]
    made = GaugeMetricFamily(name, family.said, labels=family.labels)
    for labels, number in sorted(rows.items()):
        made.add_metric(labels, number)
    return made


def histogram(name: str, rows: Iterable[tuple[tuple[str, ...], list[tuple[str, float]], float]]) -> Metric:
    """Make a histogram of labels, cumulative buckets (the last is ``+Inf``), and a sum."""
    family = FAMILIES[name]
    made = HistogramMetricFamily(name, family.said, labels=family.labels)
    for labels, buckets, total in rows:
        made.add_metric(labels, buckets, total)
    return made
