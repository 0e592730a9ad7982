"""Compose: make the alerts and the digests that are due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from alerts import deliveries as deliveries_
from alerts import digests as digests_
from alerts import render
from alerts import summaries as summaries_
from alerts import volumes as volumes_
from alerts.model import (
    Delivery,
    Development,
    Digest,
    Report,
    Rule,
    Spike,
    Story,
    Subscription,
    Volume,
)
from alerts.ports import Log, Outbox, Rewrite, Table
from alerts.stages.matching import VOLUME

DIGEST_LIMIT = 10_000
"""The most developments that one digest reads; what is beyond is in the next one."""


def compose(
    subscriptions: Sequence[Subscription],
    rules: Sequence[Rule],
    *,
    developments: Log[Development],
    stories: Table[Story],
    slots: Table[datetime],
    outbox: Outbox,
    now: datetime,
    digest_now: bool = False,
    rewrite: Rewrite | None = None,
    volumes: Table[Volume] | None = None,
) -> Report:
    """Make the alerts and the digests that are due to each subscription, at its own pace."""
    count: Counter[str] = Counter(alerts=0, digests=0)
    asked = _counted(rewrite, count) if rewrite else None
    volume = (volumes.get(VOLUME) if volumes is not None else None) or Volume()
    for s in subscriptions:
        if not s.cron:
            count["alerts"] += _alerts(s, rules, developments, stories, outbox, now)
        elif slot := _due_slot(s, developments, slots, now, digest_now=digest_now):
            since = slots.get(s.id) or slot - timedelta(hours=24)
            wanted = sorted((rule for rule in rules if rule.id in s.rules), key=lambda rule: s.rules.index(rule.id))
            spikes = volumes_.spikes(volume, wanted, since=since, until=slot)
            tell = partial(_in_words, rewrite=asked, spikes=spikes)
            count["digests"] += _digest(s, slot, rules, developments, stories, outbox, tell, now, digest_now=digest_now)
            slots.put({s.id: slot}, at=now)
    silent = count["asked"] > 0 and not count["answered"]
    lines = (f"language model: no answer for any of {count['asked']} stories; they are told in extracts",) * silent
    return Report("compose", now, tuple(count.items()), lines)


def _counted(rewrite: Rewrite, count: Counter[str]) -> Rewrite:
    """Count how many stories the model was asked about, and how many it answered: silence must be seen by somebody."""

    def ask(texts: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
        answers = rewrite(texts)
        count.update(asked=len(texts), answered=len(answers))
        return answers

    return ask


def _alerts(
    s: Subscription,
    rules: Sequence[Rule],
    developments: Log[Development],
    stories: Table[Story],
    outbox: Outbox,
    now: datetime,
) -> int:
    """Put an alert into the outbox for each development that the subscription has not read."""
    made = 0
    while batch := developments.read(s.id):
        made_now: list[Delivery] = []
        for development in digests_.select(s, batch.values):
            story = stories.get(development.story)
            alert = digests_.alert(s, development, rules, story)
            alert = replace(alert, told=summaries_.summarise(alert.told, story))
            made_now += deliveries_.for_alert(alert, development, render.alert(alert), now)
        made += len(outbox.add(made_now))
        developments.commit(s.id, batch.end)
    return made


def _due_slot(
    s: Subscription, developments: Log[Development], slots: Table[datetime], now: datetime, *, digest_now: bool
) -> datetime | None:
    """Name the slot that is owed: asked for now, or passed since the last one served or since the beginning."""
    if digest_now:
        return now.replace(second=0, microsecond=0)
    slot = digests_.last_slot(s, now)
    served = slots.get(s.id) or developments.subscribed(s.id)
    return slot if served is None or slot > served else None


def _digest(  # noqa: PLR0917 - the ports of compose, as it has them
    s: Subscription,
    slot: datetime,
    rules: Sequence[Rule],
    developments: Log[Development],
    stories: Table[Story],
    outbox: Outbox,
    tell: Callable[[Digest, Mapping[str, Story | None]], Digest],
    now: datetime,
    *,
    digest_now: bool,
) -> int:
    """Put one digest of all that came since the last one into the outbox; nothing new makes none, unless asked for.

    The digests that are kept decide how far the reader is: a dead run may have made one, for this slot or for an
    earlier one, without living to commit it.
    """
    developments.commit(s.id, outbox.upto(s.id))
    batch = developments.read(s.id, DIGEST_LIMIT)
    chosen = digests_.select(s, batch.values)
    if not digest_now and len(batch.values) < DIGEST_LIMIT and digests_.waits(s, chosen, rules, slot):
        return 0
    if not chosen and s.min_stories:
        developments.commit(s.id, batch.end)
        return 0
    known = {d.story: stories.get(d.story) for d in chosen}
    digest = tell(digests_.digest(s, slot, chosen, rules, known), known)
    kept = outbox.add(deliveries_.for_digest(digest, render.digest(digest), now, upto=batch.end))
    developments.commit(s.id, min(delivery.upto for delivery in kept))
    return len(kept)


def _in_words(
    digest: Digest, known: Mapping[str, Story | None], *, rewrite: Rewrite | None, spikes: tuple[Spike, ...]
) -> Digest:
    """Summarise every story; what a language model makes of it is used only if all of it stands in the sources."""
    digest = replace(digest, spikes=spikes)
    digest = digests_.each(digest, lambda told: summaries_.summarise(told, known.get(told.story)))
    if rewrite is None:
        return digest
    texts = rewrite({told.story: summaries_.sources(told) for section in digest.sections for told in section.stories})
    return digests_.each(digest, lambda told: summaries_.rewritten(told, texts.get(told.story, "")))
