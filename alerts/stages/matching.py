"""Match: hold articles against the rules."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from alerts import rules as rules_
from alerts import volumes as volumes_
from alerts.model import (
    Article,
    Match,
    Report,
    Volume,
)
from alerts.ports import Log, Table

VOLUME = "volume"
"""The reader of matches that counts them, and the key of what it counts."""


def match(
    rules: rules_.Rules,
    *,
    articles: Log[Article],
    matches: Log[Match],
    volumes: Table[Volume] | None = None,
    now: datetime,
) -> Report:
    """Hold every new article against every rule; an article that meets several is one match with all its hits."""
    count: Counter[str] = Counter(read=0, matched=0, quiet=0, no_rule=0)
    while batch := articles.read("match"):
        told = [article for article in batch.values if not article.quiet]
        found = [hit for article in told if (hit := rules_.match(article, rules))]
        count["read"] += len(batch.values)
        count["quiet"] += len(batch.values) - len(told)
        count["no_rule"] += len(told) - len(found)
        count["matched"] += matches.append(found)
        articles.commit("match", batch.end)
    if volumes is not None:
        _count(matches, volumes, now)
    return Report("match", now, tuple(count.items()))


def _count(matches: Log[Match], volumes: Table[Volume], now: datetime) -> None:
    """Count by rule and hour what was matched; what a run counted that died before it could commit counts once."""
    volume = volumes.get(VOLUME) or Volume()
    while batch := matches.read(VOLUME):
        volume = volumes_.count(volume, batch.values, now=now)
        volumes.put({VOLUME: volume}, at=now)
        matches.commit(VOLUME, batch.end)
