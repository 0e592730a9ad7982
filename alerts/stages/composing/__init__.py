"""Compose: make the alerts and the digests that are due.

::

    shelf (the log, read once) ─▶ at_once | at_slots ─▶ words ─▶ turns (kept, many in one transaction)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from alerts import digests as digests_
from alerts import render
from alerts import volumes as volumes_
from alerts.model import Development, Notice, Report, Rule, Silence, Story, Subscription, Volume, Waiting
from alerts.ports import Dress, Log, Outbox, Rewrite, Table
from alerts.stages.composing.at_once import alerts
from alerts.stages.composing.at_slots import DIGEST_LIMIT as DIGEST_LIMIT
from alerts.stages.composing.at_slots import digest
from alerts.stages.composing.rounds import Round
from alerts.stages.composing.shelf import Shelf
from alerts.stages.composing.turns import Turns, Unsubscribe
from alerts.stages.composing.words import Words
from alerts.stages.matching import VOLUME

STORIES = 4_096
"""How many stories are remembered in one run."""

TOLD_ONCE, TOLD_AT_SLOTS = 1_000, 12_000
"""How many stories in words are remembered, some ten kilobytes each.

A digest shows some of the stories, and a thousand digests show the same ones.  Alerts show every one, so that a flood
of them is not kept: each subscription tells all of it before the next one begins.
"""


def compose(
    subscriptions: Sequence[Subscription],
    rules: Sequence[Rule],
    *,
    developments: Log[Development],
    stories: Table[Story],
    slots: Table[datetime],
    outbox: Outbox,
    silences: Table[Silence],
    waiting: Table[Waiting],
    now: datetime,
    digest_now: bool = False,
    rewrite: Rewrite | None = None,
    volumes: Table[Volume] | None = None,
    unsubscribe: Unsubscribe | None = None,
    dress: Dress | None = None,
    link: Callable[[str], str] | None = None,
    tell: Callable[[Notice], object] = lambda _: None,
    manage: Callable[[str], str] = lambda _: "",
) -> Report:
    """Make the alerts and the digests that are due to each subscription, at its own pace.

    ``tell`` puts a notice to the operator into the outbox.  ``link`` and ``manage`` are as in a :class:`Round`.
    One without recipients reads on and tells nobody, so that it begins with what is new when it has some again.
    """
    count: Counter[str] = Counter(alerts=0, digests=0)
    known = silences.values()
    volume = (volumes.get(VOLUME) if volumes is not None else None) or Volume()
    at_slots = Round(
        rules=tuple(rules),
        shelf=Shelf(developments),
        readers=developments.readers(),
        story=lru_cache(STORIES)(stories.get),
        words=Words(rewrite, count, TOLD_AT_SLOTS),
        plates=render.Plates(TOLD_AT_SLOTS),
        volume=volume,
        hours=volumes_.counts(volume),
        silences=tuple(s for s in known if s.begins <= now),
        slots=slots,
        outbox=outbox,
        waiting=waiting,
        dress=dress,
        notices={},
        count=count,
        now=now,
        link=link or (lambda _: ""),
        manage=manage,
    )
    at_once = replace(at_slots, words=Words(rewrite, count, TOLD_ONCE), plates=render.Plates(TOLD_ONCE))
    turns = Turns(developments, outbox, slots, waiting, now, unsubscribe)
    told = [s for s in subscriptions if s.recipients]
    for n, s in enumerate(told):
        made = digest(s, at_slots, digest_now=digest_now) if s.cron else alerts(s, told[:n], at_once)
        for turn in made:
            turns.add(turn)
    for s in subscriptions:
        if not s.recipients:
            turns.add(at_slots.passed_over(s))
    turns.keep()
    silent = count["asked"] > 0 and not count["answered"]
    lines = (f"language model: no answer for any of {count['asked']} stories; they are told in extracts",) * silent
    return Report(
        "compose", now, tuple(count.items()), (*lines, *at_slots.notices, *_remind(silences, known, tell, now))
    )


def _remind(
    silences: Table[Silence], known: Sequence[Silence], tell: Callable[[Notice], object], now: datetime
) -> tuple[str, ...]:
    """Announce the end of silences, each once: that it was said is kept last, and the notice has an id of its own."""
    near = digests_.silences.ending(known, now)
    for silence in near:
        tell(digests_.silences.notice(silence))
    if near:
        silences.put({silence.id: replace(silence, reminded=now) for silence in near}, at=now)
    return tuple(f"silence {s.id} ends at {s.until:%Y-%m-%d %H:%M} UTC ({s.author}: {s.reason})" for s in near)
