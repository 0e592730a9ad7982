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

GROUP, BEGUN = "group", "group:begun"
"""The reader of matches that places them, and the one that says up to where somebody was about to keep stories."""


class Opened:
    """The open stories as the last batch of this process left them, so that the next one need not read them all.

    They are used if nobody else kept one since, and none is closed that the batch may add to.  Who keeps stories says
    so by two places in the log of matches, one before and one after: where both are as this process left them, nobody
    did, whole or half, however many stories there are.  Whoever takes them has them alone: what dies on the way leaves
    nothing behind that is not in the store.
    """

    def __init__(self) -> None:
        self._kept: tuple[stories_.Desk, int, object] | None = None

    def take(
        self,
        matches: Log[Match],
        stories: Table[Story],
        rules: Sequence[Rule],
        families: Sequence[stories_.Family],
        *,
        since: datetime,
    ) -> stories_.Desk:
        """Give the stories that had news since then."""
        kept, self._kept = self._kept, None
        if kept:
            desk, end, configured = kept
            closed = desk.closed is not None and desk.closed >= since
            if configured == (rules, families) and not closed and _places(matches) == {end}:
                return desk
        return stories_.Desk(stories.values(since=since), rules=rules, families=families)

    def keep(
        self, desk: stories_.Desk, rules: Sequence[Rule], families: Sequence[stories_.Family], *, end: int
    ) -> None:
        """Take them back, with all that was placed in them kept in the store, up to ``end`` of the log of matches."""
        self._kept = desk, end, (rules, families)


def _places(matches: Log[Match]) -> set[int]:
    """Give the places up to which stories were about to be kept, and were."""
    readers = matches.readers()
    return {readers[name].position for name in (GROUP, BEGUN) if name in readers}


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
    while batch := matches.read(GROUP):
        since = min(now, *(match.article.seen for match in batch.values)) - stories_.OPEN
        desk = opened.take(matches, stories, rules, families, since=since)
        placed = desk.place_all(batch.values, now=now)
        count["read"] += len(batch.values)
        count["developments"] += developments.append(p.development for p in placed if p.development)
        count["new_stories"] += sum(p.reason.startswith("new story") for p in placed)
        count["copies"] += sum(p.reason.startswith("copy of") for p in placed)
        count["held"] += sum("; held by " in p.reason for p in placed)
        matches.commit(BEGUN, batch.end)
        stories.put({p.story.id: p.story for p in placed}, at=now)
        matches.commit(GROUP, batch.end)
        opened.keep(desk, rules, families, end=batch.end)
    return Report("group", now, tuple(count.items()))
