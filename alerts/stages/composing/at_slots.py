"""Digests: all that came since the last one, at a slot of the subscriber's clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from alerts import deliveries as deliveries_
from alerts import digests as digests_
from alerts import volumes as volumes_
from alerts.model import Spike, Subscription
from alerts.stages.composing.rounds import Round
from alerts.stages.composing.shelf import BLOCK, MANY
from alerts.stages.composing.turns import Turn

DIGEST_LIMIT = BLOCK * MANY
"""About the most developments that one digest reads; what is beyond is in the next one."""


def digest(s: Subscription, round_: Round, *, digest_now: bool) -> Iterator[Turn]:
    """Make the digest that is owed: asked for now, or of a slot that has passed since the last one served.

    What is in the outbox decides from where it reads: a dead run may have made a digest without living to commit it.
    """
    began = round_.readers[s.id].subscribed if s.id in round_.readers else None
    last = round_.slots.get(s.id)
    served = last or began
    slot = round_.now.replace(second=0, microsecond=0) if digest_now else digests_.last_slot(s, round_.now)
    if not digest_now and served is not None and slot <= served:
        return
    position = max(round_.position(s), round_.outbox.upto(s.id))
    read, end, goes_on = round_.shelf.read(position, s.rules, blocks=MANY)
    chosen, silenced = round_.choose(s, read)
    if not digest_now and not goes_on and digests_.waits(s, chosen, round_.rules, slot):
        round_.count["waiting"] += 1
        yield Turn(s.id, None, slot=slot)
        return
    if not chosen and s.min_stories:
        yield Turn(s.id, end, slot=slot)
        return
    known = {d.story: round_.story(d.story) for d in chosen}
    made = digests_.digest(s, slot, chosen, round_.rules, known, silenced)
    made = round_.words.of_digest(made, known)
    made = replace(made, spikes=_spikes(s, round_, last or slot - timedelta(hours=24), slot))
    made = replace(made, link=round_.link(deliveries_.digest_name(s, slot)), manage=round_.manage(s.id))
    sections = (replace(x, volume=volumes_.recent(round_.hours, x.rule.id, slot)) for x in made.sections)
    made = replace(made, sections=tuple(sections))
    told = deliveries_.for_digest(made, round_.written(made), round_.now, upto=end)
    round_.count["digests"] += len(told)
    yield Turn(s.id, end, told, slot=slot)


def _spikes(s: Subscription, round_: Round, since: datetime, until: datetime) -> tuple[Spike, ...]:
    """Give the hours in which a rule of the subscription met far more than usual."""
    asked = {rule.id: rule for rule in round_.rules}
    wanted = [asked[name] for name in s.rules if name in asked]
    return volumes_.spikes(round_.volume, wanted, since=since, until=until)
