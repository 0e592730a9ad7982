"""When something that has a rhythm of its own is silent for longer than that allows.  Pure.

Nobody sets these rhythms: that of a stage is the median time between its last runs, that of a set of feeds what the
feeds themselves do, that of a rule the median time between the hours in which it met something.  A lull is ten times
that, and no less than what a night or a weekend explains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from urllib.parse import urlsplit

from alerts.model import Feed, FeedState, Hour, Lull, Notice, Rule

TIMES = 10
"""How many times the usual is a lull."""

STAGE_AT_LEAST = timedelta(minutes=20)
"""A stage may be restarted, or run long, without being silent."""

RUNS = 5
"""How many runs of a stage there must have been for it to have a rhythm."""

ALL_AT_LEAST = timedelta(hours=6)
"""All feeds together are seldom without news for a night's worth of hours."""

SOME_AT_LEAST = timedelta(days=3)
"""Those of one server may be closed on a weekend."""

TOGETHER = 3
"""How many feeds of one server are a set."""

RULE_AT_LEAST = timedelta(days=2)
HOURS = 6
"""How many hours a rule must have met something in for it to have a rhythm."""

EVERY_FEED = "all feeds"


@dataclass(frozen=True, slots=True)
class Pulse:
    """What was heard of last when; ``usual`` is the time between two such, ``None`` while that is not known."""

    what: str
    last: datetime
    usual: timedelta | None
    least: timedelta

    def lull(self, now: datetime) -> Lull | None:
        """Give the lull that there is now, or none."""
        if self.usual is None or now - self.last <= max(self.usual * TIMES, self.least):
            return None
        return Lull(self.what, self.last, self.usual)


def of_stages(runs: Mapping[str, Sequence[datetime]]) -> Iterator[Pulse]:
    """Give the pulse of each stage; ``runs`` are the times of its last runs, in any order."""
    for stage, times in runs.items():
        if times:
            yield Pulse(f'stage "{stage}"', max(times), _usual(times, RUNS), STAGE_AT_LEAST)


def of_feeds(feeds: Iterable[Feed], states: Mapping[str, FeedState]) -> Iterator[Pulse]:
    """Give the pulse of all feeds together, and of those of each server that has several."""
    sets: defaultdict[str, list[FeedState]] = defaultdict(list)
    for feed in feeds:
        state = states.get(feed.id)
        if state is not None and state.health != "gone" and state.last_new and state.gap:
            sets[EVERY_FEED].append(state)
            sets[urlsplit(feed.url).hostname or ""].append(state)
    for name, some in sets.items():
        if len(some) < TOGETHER or (name != EVERY_FEED and len(some) == len(sets[EVERY_FEED])):
            continue
        usual = timedelta(seconds=1 / sum(1 / max(s.gap.total_seconds(), 1) for s in some if s.gap))
        last = max(s.last_new for s in some if s.last_new)
        what, least = (name, ALL_AT_LEAST) if name == EVERY_FEED else (f'feeds of "{name}"', SOME_AT_LEAST)
        yield Pulse(what, last, usual, least)


def of_rules(hours: Iterable[Hour], rules: Iterable[Rule]) -> Iterator[Pulse]:
    """Give the pulse of each rule; ``hours`` are those in which it met something."""
    met: defaultdict[str, list[datetime]] = defaultdict(list)
    for hour in hours:
        met[hour.rule].append(hour.at)
    for rule in rules:
        if times := met[rule.id]:
            yield Pulse(f'rule "{rule.id}"', max(times) + timedelta(hours=1), _usual(times, HOURS - 1), RULE_AT_LEAST)


def _usual(times: Sequence[datetime], least: int) -> timedelta | None:
    """Give the median time between two, if there are enough."""
    gaps = [(after - before).total_seconds() for before, after in pairwise(sorted(times))]
    return timedelta(seconds=median(gaps)) if len(gaps) >= least else None


# ── telling ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def changes(told: Iterable[Lull], pulses: Iterable[Pulse], now: datetime) -> tuple[tuple[Lull, ...], tuple[Lull, ...]]:
    """Give the lulls that were not told yet, and those of the told ones that have ended.

    One has ended when something was heard since it began: not when its rhythm is forgotten, and not when it is gone.
    """
    old = {lull.what: lull for lull in told}
    began, ended = [], []
    for pulse in pulses:
        before, lull = old.get(pulse.what), pulse.lull(now)
        if before is None and lull is not None:
            began.append(lull)
        elif before is not None and lull is None and pulse.last > before.since:
            ended.append(before)
    return tuple(began), tuple(ended)


def said(lull: Lull, now: datetime) -> str:
    """Put a lull in words."""
    return f"{lull.what}: nothing for {_span(now - lull.since)}, where {_span(lull.usual)} is usual"


def notice(lull: Lull, now: datetime, *, over: bool = False) -> Notice:
    """Give the notice of a lull, or of its end."""
    key = f"{'heard' if over else 'lull'}:{lull.what}:{lull.since:%Y%m%dT%H%M%S}"
    if over:
        return Notice(key, f"{lull.what}: heard again", f"{lull.what}: heard again, after {_span(now - lull.since)}.")
    return Notice(key, f"{lull.what}: nothing for {_span(now - lull.since)}", f"{said(lull, now)}.\n{_advice(lull)}")


def _advice(lull: Lull) -> str:
    if lull.what.startswith("stage"):
        return "Look whether it is scheduled, and whether it fails: `alerts doctor`, Airflow's page, the log."
    if lull.what.startswith("rule"):
        return "It may be a quiet time, or the rule was changed: `alerts check`, and `alerts explain --text`."
    return "`alerts feeds` says how each does; all at once is more likely our network than theirs."


def _span(span: timedelta) -> str:
    """Give a span of time in its largest unit.

    >>> _span(timedelta(hours=60)), _span(timedelta(minutes=90)), _span(timedelta(seconds=40))
    ('60 h', '90 min', '40 s')
    """
    seconds = int(span.total_seconds())
    for unit, size, least in (("days", 86_400, 3), ("h", 3_600, 2), ("min", 60, 2)):
        if seconds >= least * size:
            return f"{round(seconds / size)} {unit}"
    return f"{seconds} s"
