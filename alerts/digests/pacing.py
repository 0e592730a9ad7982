"""Alerts that wait: for the end of the quiet hours, for more of their story, or to be told again.  Pure.

::

    join ─▶ growing ──settle──▶ sealed ──told──▶ gone, or kept to be told again

As Alertmanager has it (group_wait, repeat_interval), with the story as the group.  A group that is sealed is told as it
is, however often the run that tells it dies; what comes later is of the next group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.digests.choosing import has_flash
from alerts.digests.slots import quiet_until
from alerts.model import Development, Group, Rule, Story, Subscription, Waiting


def is_paced(s: Subscription) -> bool:
    """Whether something may wait: else every development is told as it is read."""
    return bool(s.quiet or s.group_wait or s.repeat)


def join(waiting: Waiting, news: Iterable[Development]) -> Waiting:
    """Put what is new to the group of its story that still grows, or to a new one; what is there already is left."""
    groups = list(waiting.groups)
    known = {d.key for group in groups for d in group.developments}
    for development in news:
        if development.key in known:
            continue
        known.add(development.key)
        open_ = (n for n, g in enumerate(groups) if g.story == development.story and not g.sealed and g.told is None)
        at = next(open_, None)
        if at is None:
            groups.append(Group(development.story, (development,)))
        else:
            groups[at] = replace(groups[at], developments=(*groups[at].developments, development))
    return Waiting(tuple(groups))


def holds(s: Subscription, group: Sequence[Development], rules: Iterable[Rule], now: datetime) -> str:
    """Say why a group is not told yet; empty if it is told now."""
    ready = group[0].made + s.group_wait
    if now < ready:
        return f"waits for more of its story until {ready:%Y-%m-%d %H:%M} UTC (group_wait)"
    quiet = quiet_until(s, now)
    if quiet and not has_flash(group, rules):
        return f"quiet hours until {quiet:%Y-%m-%d %H:%M} UTC"
    return ""


def settle(
    s: Subscription,
    waiting: Waiting,
    rules: Sequence[Rule],
    story: Callable[[str], Story | None],
    now: datetime,
) -> Waiting:
    """Seal the groups that are told now, and drop what is told no more."""
    groups: list[Group] = []
    for group in waiting.groups:
        if group.told is not None and not group.sealed:
            groups += _again(s, group, rules, story, now)
        elif group.sealed or holds(s, group.developments, rules, now):
            groups.append(group)
        else:
            groups.append(replace(group, sealed=True))
    return Waiting(tuple(groups))


def _again(
    s: Subscription, group: Group, rules: Sequence[Rule], story: Callable[[str], Story | None], now: datetime
) -> list[Group]:
    """Keep what is to be told again, seal it at its time, and drop it if nobody has reported on it since."""
    if group.told is None or not s.repeat or not has_flash(group.developments, rules):
        return []
    if now < group.told + s.repeat:
        return [group]
    known = story(group.story)
    goes_on = known is not None and known.updated > group.told
    return [replace(group, sealed=True, times=group.times + 1)] if goes_on else []


def told(s: Subscription, waiting: Waiting, rules: Sequence[Rule], now: datetime) -> Waiting:
    """Give what is left once the sealed groups are in the outbox: what grows, and each flash that may be told again.

    Of a story that was told twice, only the later group is kept to be told again.
    """
    repeated = {
        group.story: replace(group, sealed=False, told=now)
        for group in waiting.groups
        if group.sealed and s.repeat and has_flash(group.developments, rules)
    }
    fresh = {group.story for group in waiting.groups if group.sealed}
    kept = [g for g in waiting.groups if not g.sealed and not (g.told is not None and g.story in fresh)]
    return Waiting((*kept, *repeated.values()))
