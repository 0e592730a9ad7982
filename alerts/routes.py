"""Who is told of an article, when, and why not: every subscription, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts import digests
from alerts import rules as rules_
from alerts.app import App
from alerts.model import Article, Development, Story, Subscription, Waiting


@dataclass(frozen=True, slots=True)
class Route:
    """What becomes of a development for one subscription; ``told`` if it is, now or later."""

    subscription: str
    told: bool
    why: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{'' if self.told else 'not '}told to {self.subscription}: {self.why}"


def of_article(read: Article, app: App) -> Iterator[str]:
    """Say who would be told of an article that came now, as the first of its story."""
    now = app.clock()
    match = rules_.match(read, app.rules)
    yield read.title or "(no title)"
    if match is None:
        yield "  told to nobody: it meets no rule; `alerts explain` says why"
        return
    yield f"  meets {', '.join(f'{hit.rule} ({hit.strength})' for hit in match.hits)}"
    for route in routes(Development("", match, "new story", now), None, app):
        yield f"  {route}"


def routes(development: Development, story: Story | None, app: App) -> Iterator[Route]:
    """Walk through the subscriptions as compose does, in the order of the file."""
    now, silences = app.clock(), app.stores.silences.values()
    subscriptions = app.config.subscriptions
    for n, s in enumerate(subscriptions):
        before = [other for other in subscriptions[:n] if not other.cron]
        said = digests.verdict(s, development, story=story, silences=silences, before=before, now=now)
        if isinstance(said, str):
            yield Route(s.id, told=False, why=said)
        else:
            rules = ", ".join(hit.rule for hit in said.match.hits)
            yield Route(s.id, told=True, why=f"{_when(s, said, app, now)}, because of {rules}")


def _when(s: Subscription, development: Development, app: App, now: datetime) -> str:
    """Say when it is told, and what it waits for."""
    if s.cron:
        return _digest(s, now)
    waiting = app.stores.waiting.get(s.id) or Waiting()
    groups = (g.developments for g in waiting.groups if development.key in {d.key for d in g.developments})
    held = digests.pacing.holds(s, next(groups, (development,)), app.config.rules, now)
    return f"later ({held})" if held else "at once"


def _digest(s: Subscription, now: datetime) -> str:
    """Name the digest that it will be in, and what that may wait for."""
    slot = digests.next_slot(s, now)
    while digests.quiet_until(s, slot):
        slot = digests.next_slot(s, slot)
    few = f", or a later one while there are fewer than {s.min_stories} stories" if s.min_stories > 1 else ""
    return f"in the digest of {slot.astimezone(ZoneInfo(s.zone)):%Y-%m-%d %H:%M} ({s.zone}){few}"
