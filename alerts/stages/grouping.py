"""Group: place each match in a story, and say what is new in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts import stories as stories_
from alerts.model import (
    Development,
    Match,
    Report,
    Rule,
    Story,
)
from alerts.ports import Log, Table

SKEW = timedelta(minutes=15)
"""How far the clocks of two machines may be apart without one missing what the other kept of a story."""


class Opened:
    """The open stories as the last batch of this process left them, so that the next one need not read them all.

    They are used if nobody else kept one since, and none is closed that the batch may add to.  Whoever takes them has
    them alone: what dies on the way leaves nothing behind that is not in the store.
    """

    def __init__(self) -> None:
        self._kept: tuple[stories_.Desk, datetime, object] | None = None

    def take(
        self,
        stories: Table[Story],
        rules: Sequence[Rule],
        families: Sequence[stories_.Family],
        *,
        since: datetime,
    ) -> stories_.Desk:
        """Give the stories that had news since then."""
        kept, self._kept = self._kept, None
        if kept:
            desk, asof, configured = kept
            closed = desk.closed is not None and desk.closed >= since
            if configured == (rules, families) and not closed and all(map(desk.knows, stories.values(since=asof))):
                return desk
        return stories_.Desk(stories.values(since=since), rules=rules, families=families)

    def keep(
        self, desk: stories_.Desk, rules: Sequence[Rule], families: Sequence[stories_.Family], *, now: datetime
    ) -> None:
        """Take them back, with all that was placed in them kept in the store at ``now``."""
        self._kept = desk, now - SKEW, (rules, families)


def group(
    rules: Sequence[Rule] = (),
    families: Sequence[stories_.Family] = (),
    *,
    matches: Log[Match],
    stories: Table[Story],
    developments: Log[Development],
    now: datetime,
    opened: Opened | None = None,
) -> Report:
    """Place every match in a story once, and append what is new.

    Developments before stories: a run that dies in between decides the same again, and the log knows it already.
    The other way round it would find its own article in the story, call it a repeat, and tell nobody.
    """
    opened = opened or Opened()
    count: Counter[str] = Counter(read=0, developments=0, new_stories=0)
    while batch := matches.read("group"):
        since = min(now, *(match.article.seen for match in batch.values)) - stories_.OPEN
        desk = opened.take(stories, rules, families, since=since)
        placed = desk.place_all(batch.values, now=now)
        count["read"] += len(batch.values)
        count["developments"] += developments.append(p.development for p in placed if p.development)
        count["new_stories"] += sum(p.reason.startswith("new story") for p in placed)
        count["copies"] += sum(p.reason.startswith("copy of") for p in placed)
        count["held"] += sum("; held by " in p.reason for p in placed)
        stories.put({p.story.id: p.story for p in placed}, at=now)
        matches.commit("group", batch.end)
        opened.keep(desk, rules, families, now=now)
    return Report("group", now, tuple(count.items()))
