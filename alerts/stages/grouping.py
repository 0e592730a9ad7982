"""Group: place each match in a story, and say what is new in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from alerts import stories as stories_
from alerts.model import (
    Development,
    Match,
    Report,
    Rule,
    Story,
)
from alerts.ports import Log, Table


def group(
    rules: Sequence[Rule] = (),
    families: Sequence[stories_.Family] = (),
    *,
    matches: Log[Match],
    stories: Table[Story],
    developments: Log[Development],
    now: datetime,
) -> Report:
    """Place every match in a story once, and append what is new.

    Developments before stories: a run that dies in between decides the same again, and the log knows it already.
    The other way round it would find its own article in the story, call it a repeat, and tell nobody.
    """
    count: Counter[str] = Counter(read=0, developments=0, new_stories=0)
    while batch := matches.read("group"):
        since = min(now, *(match.article.seen for match in batch.values)) - stories_.OPEN
        open_stories = stories.values(since=since)
        placed = stories_.place_all(batch.values, open_stories, now=now, rules=rules, families=families)
        count["read"] += len(batch.values)
        count["developments"] += developments.append(p.development for p in placed if p.development)
        count["new_stories"] += sum(p.reason.startswith("new story") for p in placed)
        count["copies"] += sum(p.reason.startswith("copy of") for p in placed)
        count["held"] += sum("; held by " in p.reason for p in placed)
        stories.put({p.story.id: p.story for p in placed}, at=now)
        matches.commit("group", batch.end)
    return Report("group", now, tuple(count.items()))
