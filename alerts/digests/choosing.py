"""What of the log concerns a subscription, and why not.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.digests import silences as silences_
from alerts.digests.slots import quiet_until
from alerts.model import Development, Hit, Match, Rule, Silence, Story, Subscription

LONGEST_WAIT = timedelta(days=7)
"""How long a digest of few stories may wait for more."""


def select(s: Subscription, developments: Iterable[Development]) -> tuple[Development, ...]:
    """Keep the developments that meet a rule of the subscription at its strength, each once, in the order given.

    Each keeps only the hits that are wanted: what is about Iran and mentions tariffs does not stand under tariffs in a
    digest that asks what is about them.
    """
    chosen: dict[str, Development] = {}
    for development in developments:
        hits = wanted(s, development.match)
        if hits:
            chosen.setdefault(development.key, _with(development, hits))
    return tuple(chosen.values())


def wanted(s: Subscription, match: Match) -> tuple[Hit, ...]:
    """Give the hits of rules that the subscription asks for, if they are strong enough for it."""
    return tuple(
        hit for hit in match.hits if hit.rule in s.rules and (s.strength == "mention" or hit.strength == "about")
    )


def verdict(
    s: Subscription,
    development: Development,
    *,
    story: Story | None = None,
    silences: Iterable[Silence] = (),
    before: Iterable[Subscription] = (),
    now: datetime,
) -> Development | str:
    """Give the development with the hits for which it is told, or say why it is not.

    ``before`` are the subscriptions that stand above this one and keep what they take (``continue: false``).
    """
    hits = wanted(s, development.match)
    if not hits:
        return _unwanted(s, development.match)
    if not s.cron:
        inhibited = _inhibited(s, hits, story)
        hits = tuple(hit for hit in hits if hit.rule not in inhibited)
        if not hits:
            rule, by = next(iter(inhibited.items()))
            return f"held: {rule} is not told while {by} is told of the same story"
        keeper = next((other.id for other in before if other.stops and wanted(other, development.match)), "")
        if keeper:
            return f'kept by the subscription "{keeper}", which stands above it and says continue: false'
    left, reason = silences_.left(s, development, hits, silences, now)
    return _with(development, left) if left else reason


def _with(development: Development, hits: tuple[Hit, ...]) -> Development:
    """Give the development with these hits alone; the same one, if those are all that it has."""
    if len(hits) == len(development.match.hits):
        return development
    return replace(development, match=replace(development.match, hits=hits))


def _unwanted(s: Subscription, match: Match) -> str:
    """Say why none of the hits is wanted."""
    met = {hit.rule for hit in match.hits}
    milder = [rule for rule in s.milder if rule in met]
    if met & set(s.rules):
        return "it asks for what is about its rules (strength: about), and this is a mention"
    if milder:
        return f"it asks for what is {s.min_severity} (min_severity), and {', '.join(milder)} is less urgent"
    return f"it asks for none of the rules that are met ({', '.join(sorted(met)) or 'none'})"


def _inhibited(s: Subscription, hits: Sequence[Hit], story: Story | None) -> dict[str, str]:
    """Name the rules that are held, each with the one that holds it: one met here, or told of the story before."""
    told = {hit.rule for hit in hits} | {rule for member in (story.members if story else ()) for rule in member.told}
    met = {hit.rule for hit in hits}
    return {held: by for held, by in s.inhibitions if held in met and by in told and held != by}


def waits(s: Subscription, chosen: Sequence[Development], rules: Iterable[Rule], slot: datetime) -> str:
    """Say why what was chosen waits for the next slot; empty if it is told now.  What waits is not read yet."""
    quiet = quiet_until(s, slot)
    if quiet and not has_flash(chosen, rules):
        return f"quiet hours until {quiet:%Y-%m-%d %H:%M} UTC"
    stories = len({d.story for d in chosen})
    if not 0 < stories < s.min_stories:
        return ""
    latest = min(d.made for d in chosen) + LONGEST_WAIT
    words = f"{stories} of {s.min_stories} stories; told by {latest:%Y-%m-%d %H:%M} UTC at the latest"
    return words if slot < latest else ""


def has_flash(chosen: Iterable[Development], rules: Iterable[Rule]) -> bool:
    """Whether a rule that one of them meets is a flash."""
    flash = {rule.id for rule in rules if rule.severity == "flash"}
    return any(hit.rule in flash for d in chosen for hit in d.match.hits)
