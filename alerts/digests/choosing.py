"""What of the log concerns a subscription.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.digests.slots import quiet_until
from alerts.model import Development, Hit, Match, Rule, Subscription

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
            chosen.setdefault(development.key, replace(development, match=replace(development.match, hits=hits)))
    return tuple(chosen.values())


def wanted(s: Subscription, match: Match) -> tuple[Hit, ...]:
    """Give the hits of rules that the subscription asks for, if they are strong enough for it."""
    return tuple(
        hit for hit in match.hits if hit.rule in s.rules and (s.strength == "mention" or hit.strength == "about")
    )


def waits(s: Subscription, chosen: Sequence[Development], rules: Iterable[Rule], slot: datetime) -> str:
    """Say why what was chosen waits for the next slot; empty if it is told now.  What waits is not read yet."""
    quiet = quiet_until(s, slot)
    if quiet and not has_flash(chosen, rules):
        return f"quiet hours until {quiet:%Y-%m-%d %H:%M} UTC"
    stories = len({d.story for d in chosen})
    if not 0 < stories < s.min_stories:
        return ""
    latest = min(d.made for d in chosen) + LONGEST_WAIT
    return (
        ""
        if slot >= latest
        else f"{stories} of {s.min_stories} stories; told by {latest:%Y-%m-%d %H:%M} UTC at the latest"
    )


def has_flash(chosen: Iterable[Development], rules: Iterable[Rule]) -> bool:
    """Whether a rule that one of them meets is a flash."""
    flash = {rule.id for rule in rules if rule.severity == "flash"}
    return any(hit.rule in flash for d in chosen for hit in d.match.hits)
