"""Alerts: each development at once, or each group of a story when its time has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from alerts import deliveries as deliveries_
from alerts import digests as digests_
from alerts.digests import pacing
from alerts.model import Delivery, Development, Group, Subscription, Waiting
from alerts.stages.composing.rounds import Round
from alerts.stages.composing.turns import Turn


def alerts(s: Subscription, before: Sequence[Subscription], round_: Round) -> Iterator[Turn]:
    """Tell what the subscription has not read, block by block."""
    keepers = tuple(other for other in before if other.stops and not other.cron)
    position, goes_on = round_.position(s), True
    waiting = (round_.waiting.get(s.id) or Waiting()) if pacing.is_paced(s) else None
    while goes_on:
        read, end, goes_on = round_.shelf.read(position, s.rules, blocks=1)
        if end == position and not (waiting and waiting.groups):
            return
        news, _ = round_.choose(s, read, keepers)
        if waiting is None:
            told = [d for development in news for d in _tell(s, round_, Group(development.story, (development,)))]
            round_.count["alerts"] += len(told)
            yield Turn(s.id, end, tuple(told))
        else:
            turn, waiting = _paced(s, waiting, news, end, round_)
            yield turn
        position = end


def _paced(
    s: Subscription, waiting: Waiting, news: Sequence[Development], end: int, round_: Round
) -> tuple[Turn, Waiting]:
    """Tell the groups whose time has come."""
    sealed = pacing.settle(s, pacing.join(waiting, news), round_.rules, round_.story, round_.now)
    told = [d for group in sealed.groups if group.sealed for d in _tell(s, round_, group)]
    left = pacing.told(s, sealed, round_.rules, round_.now)
    round_.count["alerts"] += len(told)
    round_.count["waiting"] += sum(group.told is None for group in left.groups)
    kept = (sealed if sealed != waiting else None, left if left != sealed else None)
    return Turn(s.id, end, tuple(told), sealed=kept[0], left=kept[1]), left


def _tell(s: Subscription, round_: Round, group: Group) -> tuple[Delivery, ...]:
    """Make the deliveries of one alert."""
    story = round_.story(group.story)
    alert = digests_.alert(s, group.developments, round_.rules, story, group.told)
    alert = replace(alert, told=round_.words.of(alert.told, story))
    return deliveries_.for_alert(alert, group.developments[0], round_.written(alert), round_.now, times=group.times)
