"""Silences: what nobody is to be told for a while, and the word before one ends.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from alerts.model import Development, Hit, Notice, Silence, Subscription

REMINDER = timedelta(hours=1)
"""How long before its end a silence is announced to end; one that is short, a tenth of its length before."""


def name(author: str, begins: datetime, covers: Iterable[str]) -> str:
    """Name a silence by what it says: to say it twice is to say it once."""
    return sha256("\n".join((author, begins.isoformat(), *covers)).encode()).hexdigest()[:8]


def left(
    s: Subscription, development: Development, hits: tuple[Hit, ...], silences: Iterable[Silence], now: datetime
) -> tuple[tuple[Hit, ...], str]:
    """Give the hits that no silence covers; if none is left, the reason.

    A silence covers what developed while it held, and what is told while it holds: so what it held back does not come
    later, and what it is made for does not come out of last night.
    """
    reason = ""
    for silence in silences:
        if _holds(silence, development.made) or _holds(silence, now):
            covered = {hit.rule for hit in hits if _covers(silence, s, development, hit)}
            hits = tuple(hit for hit in hits if hit.rule not in covered)
            reason = said(silence) if covered else reason
    return hits, reason


def said(silence: Silence) -> str:
    """Give the reason for which something is not told."""
    return f"silenced until {silence.until:%Y-%m-%d %H:%M} UTC by {silence.author}: {silence.reason}"


def matchers(silence: Silence) -> tuple[tuple[str, str], ...]:
    """Give what it covers, each with the name of its kind; a thing is covered if all of them meet it."""
    pairs = (
        ("story", silence.story),
        ("rule", silence.rule),
        ("outlet", silence.outlet),
        ("subscription", silence.subscription),
    )
    return tuple(pair for pair in pairs if pair[1])


def ending(silences: Iterable[Silence], now: datetime) -> tuple[Silence, ...]:
    """Give the silences whose end is near and was not announced."""
    near = []
    for silence in silences:
        early = min(REMINDER, (silence.until - silence.begins) / 10)
        if silence.reminded is None and silence.until - early <= now < silence.until:
            near.append(silence)
    return tuple(near)


def notice(silence: Silence) -> Notice:
    """Give what the operator is told of a silence that ends soon."""
    covers = ", ".join(" ".join(pair) for pair in matchers(silence))
    title = f"The silence of {covers} ends at {silence.until:%Y-%m-%d %H:%M} UTC"
    text = (
        f"{title}.\nIt was made by {silence.author}: {silence.reason}.\n"
        "What comes after that is told; what it has held back is not.  Another is made with: alerts silences add"
    )
    return Notice(f"silence:{silence.id}:{silence.until:%Y%m%dT%H%M%S}", title, text)


def _holds(silence: Silence, when: datetime) -> bool:
    return silence.begins <= when < silence.until


def _covers(silence: Silence, s: Subscription, development: Development, hit: Hit) -> bool:
    """Whether all that it names is met."""
    is_ = {
        "story": development.story,
        "rule": hit.rule,
        "outlet": development.article.outlet.casefold(),
        "subscription": s.id,
    }
    return all(is_[kind] == (value.casefold() if kind == "outlet" else value) for kind, value in matchers(silence))
