"""What a rule holds back of what is new: until enough outlets carry it, and for a while after it was told.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from alerts.model import Match, Member, Rule
from alerts.stories import novelty


def held(
    match: Match, member: Member, earlier: Sequence[Member], voices: int, rules: Mapping[str, Rule]
) -> tuple[Match | None, str]:
    """Give the match with the hits that are told now, and why the others are held; ``None`` if nothing is told.

    ``voices`` counts the independent outlets of the story, this one included.  A rule that asks for several outlets
    tells nothing before, then the report that confirms it, and from then on what is new.
    """
    kept, why = [], []
    for hit in match.hits:
        rule = rules.get(hit.rule)
        reason = _holds(rule, member, earlier, voices) if rule else "" if novelty.is_told(member.reason) else "no news"
        if reason:
            why.append(reason)
        else:
            kept.append(hit)
    told = replace(match, hits=tuple(kept)) if kept else None
    return told, "; ".join(dict.fromkeys(reason for reason in why if reason != "no news"))


def _holds(rule: Rule, member: Member, earlier: Sequence[Member], voices: int) -> str:
    """Say why the rule tells nothing of it; empty if it tells."""
    told = [m for m in earlier if rule.id in m.told]
    confirms = (
        rule.min_outlets > 1 and not told and voices >= rule.min_outlets and member.reason.startswith("confirmed")
    )
    if not (novelty.is_told(member.reason) or confirms):
        return "no news"
    if voices < rule.min_outlets:
        return f"held by {rule.id}: {voices} of {rule.min_outlets} outlets"
    last = max((m.seen for m in told), default=None)
    if last is not None and member.seen - last < rule.cooldown:
        return f"held by {rule.id}: told {last:%Y-%m-%d %H:%M} UTC, cooldown {_span(rule.cooldown)}"
    return ""


def _span(span: timedelta) -> str:
    """Write a duration as a rule does.

    >>> _span(timedelta(hours=2)), _span(timedelta(minutes=90)), _span(timedelta(days=1))
    ('2h', '90m', '1d')
    """
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
