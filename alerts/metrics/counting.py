"""What each thing adds to which counter, and the counters with their labels."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import get_args

from prometheus_client.core import Metric
from sqlalchemy import Connection

from alerts.adapters.sql import tallies
from alerts.adapters.sql.tallies import Attempt
from alerts.config import Config
from alerts.metrics.families import counter, histogram
from alerts.model import Development, Match, Outcome, Report

OTHER = "other"
"""The label of what is in no list and in no configuration."""

STAGES = ("poll", "match", "group", "compose", "deliver", "keep")

REASONS = ("new story", "new facts", "correction", "confirmed")
"""The kinds of reason for which something is told; they stand before the colon."""

FAILURES = (
    ("accepted", re.compile(r"2\d\d|ok\b|written to the inbox", re.IGNORECASE)),
    ("too many", re.compile(r"429|rate.?limit|ratelimited", re.IGNORECASE)),
    ("login", re.compile(r"401|403|535|530|invalid_auth|not_authed|token_revoked", re.IGNORECASE)),
    ("gone", re.compile(r"404|410|no_service|channel_not_found|channel_is_archived", re.IGNORECASE)),
    ("4xx", re.compile(r"4\d\d")),
    ("5xx", re.compile(r"5\d\d")),
    ("redirect", re.compile(r"3\d\d|redirects", re.IGNORECASE)),
    ("no answer", re.compile(r"no answer|cannot speak|timed out|cannot connect|connection", re.IGNORECASE)),
    ("set up wrong", re.compile(r"channel \"|the recipient is not", re.IGNORECASE)),
)
"""The kinds of words of a receipt, the first that fits: words of strangers are no labels."""

SENT_BUCKETS = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1_800.0, 3_600.0, 10_800.0, 21_600.0, 86_400.0)
RUN_BUCKETS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)

_MARK = "|"

Numbers = defaultdict[str, float]


# ── what adds what ───────────────────────────────────────────────────────────────────────────────────────────────────


def sources(now: datetime) -> Mapping[str, tallies.Count]:
    """Give what is counted, and how."""
    return {
        "articles": _articles,
        "matches": _matches,
        "developments": _developments,
        "reports": _reports,
        "receipts": partial(_attempts, now),
    }


def _articles(connection: Connection, position: int) -> tuple[Mapping[str, float], int]:
    number, end = tallies.number(connection, "articles", position)
    return {"alerts_articles_total": number}, end


def _matches(connection: Connection, position: int) -> tuple[Mapping[str, float], int]:
    found, end = tallies.values(connection, "matches", Match, position)
    return Counter(_name("alerts_matches_total", hit.rule) for match in found for hit in match.hits), end


def _developments(connection: Connection, position: int) -> tuple[Mapping[str, float], int]:
    found, end = tallies.values(connection, "developments", Development, position)
    return Counter(_name("alerts_developments_total", kind(d.reason)) for d in found), end


def _reports(connection: Connection, position: int) -> tuple[Mapping[str, float], int]:
    found, end = tallies.values(connection, "reports", Report, position)
    counts: Numbers = defaultdict(float)
    for report in found:
        stage = report.stage if report.stage in STAGES else OTHER
        counts[_name("alerts_runs_total", stage)] += 1
        for name, number in report.counts:
            counts[_name("alerts_run_counts_total", stage, name)] += number
        _observe(counts, _name("alerts_run_seconds", stage), report.took, RUN_BUCKETS)
    return counts, end


def _attempts(now: datetime, connection: Connection, position: int) -> tuple[Mapping[str, float], int]:
    found, end = tallies.attempts(connection, now, position)
    counts: Numbers = defaultdict(float)
    for attempt in found:
        _count_attempt(counts, attempt)
    return counts, end


def _count_attempt(counts: Numbers, attempt: Attempt) -> None:
    receipt, channel, article = attempt
    counts[_name("alerts_attempts_total", channel, receipt.outcome, failure(receipt.reason))] += 1
    if receipt.outcome != "delivered" or article is None:
        return
    for name, since in (("published", article.published), ("seen", article.seen)):
        if since is not None:
            took = max(0.0, (receipt.at - since).total_seconds())
            _observe(counts, _name(f"alerts_sent_after_{name}_seconds", channel), took, SENT_BUCKETS)


def kind(reason: str) -> str:
    """Give the kind of a development's reason.

    >>> kind("new facts: 25% → 50%"), kind("a new one")
    ('new facts', 'other')
    """
    return next((known for known in REASONS if reason.startswith(known)), OTHER)


def failure(reason: str) -> str:
    """Give the kind of a receipt's words.

    >>> failure("451 try again later"), failure("429 Too Many Requests"), failure("Zut!")
    ('4xx', 'too many', 'other')
    """
    return next((known for known, words in FAILURES if words.match(reason)), OTHER)


def _observe(counts: Numbers, name: str, value: float, buckets: Sequence[float]) -> None:
    """Add a value to a histogram: to the first bucket that holds it, and to the sum."""
    bucket = next((str(bound) for bound in buckets if value <= bound), "+Inf")
    counts[_name(name, bucket)] += 1
    counts[_name(name, "sum")] += value


def _name(*parts: str) -> str:
    return _MARK.join(parts)


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────────────


def counters(counts: Mapping[str, float], config: Config) -> Iterator[Metric]:
    """Give the counters and histograms, with the labels that are known."""
    rules, channels = {rule.id for rule in config.rules}, {channel.id for channel in config.channels}
    by_name, zeros = _by_name(counts), _zeros(rules, channels)
    shown: dict[str, tuple[Collection[str] | None, ...]] = {
        "alerts_articles_total": (),
        "alerts_matches_total": (rules,),
        "alerts_developments_total": (None,),
        "alerts_attempts_total": (channels, get_args(Outcome), None),
        "alerts_runs_total": (None,),
        "alerts_run_counts_total": (None, None),
    }
    for name, known in shown.items():
        at_zero = dict.fromkeys(zeros.get(name, ()), 0.0)
        yield counter(name, at_zero | _known(by_name.get(name, {}), known))
    runs = by_name.get("alerts_run_seconds", {})
    yield histogram("alerts_run_seconds", _buckets(runs, STAGES, None, RUN_BUCKETS))
    for name in ("alerts_sent_after_published_seconds", "alerts_sent_after_seen_seconds"):
        yield histogram(name, _buckets(by_name.get(name, {}), channels, channels, SENT_BUCKETS))


def _zeros(rules: Iterable[str], channels: Collection[str]) -> Mapping[str, Iterable[tuple[str, ...]]]:
    """Name what stands at 0 before it is counted.

    Prometheus counts a step from what it saw before: a first refusal that made its counter would not be seen at all.
    """
    kinds = [kind for kind, _ in FAILURES if kind != "accepted"]
    failed = [(outcome, kind) for outcome in get_args(Outcome) if outcome != "delivered" for kind in (*kinds, OTHER)]
    return {
        "alerts_matches_total": [(rule,) for rule in rules],
        "alerts_developments_total": [(reason,) for reason in REASONS],
        "alerts_runs_total": [(stage,) for stage in STAGES],
        "alerts_attempts_total": [(c, *said) for c in channels for said in (("delivered", "accepted"), *failed)],
    }


def _by_name(counts: Mapping[str, float]) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for key, number in counts.items():
        name, *labels = key.split(_MARK)
        found.setdefault(name, {})[tuple(labels)] = number
    return found


def _known(
    rows: Mapping[tuple[str, ...], float], known: Sequence[Collection[str] | None]
) -> dict[tuple[str, ...], float]:
    """Add up under ``other`` what is not known; ``None`` is a label that the code itself bounds."""
    if not known:
        return dict(rows) or {(): 0.0}
    made: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for labels, number in rows.items():
        shown = (label if ok is None or label in ok else OTHER for label, ok in zip(labels, known, strict=True))
        made[tuple(shown)] += number
    return made


def _buckets(
    rows: Mapping[tuple[str, ...], float],
    labels: Collection[str],
    known: Collection[str] | None,
    bounds: Sequence[float],
) -> Iterable[tuple[tuple[str, ...], list[tuple[str, float]], float]]:
    """Give the histogram of each label, its buckets added up as Prometheus wants them."""
    kept = _known(rows, (known, None))
    for label in sorted({*labels, *(label for label, _ in kept)}):
        total, buckets = 0.0, []
        for bound in (*map(str, bounds), "+Inf"):
            total += kept.get((label, bound), 0.0)
            buckets.append((bound, total))
        yield (label,), buckets, kept.get((label, "sum"), 0.0)
