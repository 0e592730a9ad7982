"""What the desk shows, as values: the pages and the JSON are made of the same.

Feed text is left as it is here, on one line; each page escapes it.  Addresses of recipients are never whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts import feeds as feeds_
from alerts import pauses, text
from alerts.adapters import sql
from alerts.adapters.sql import queries
from alerts.adapters.sql.queries import DeliveryRecord
from alerts.deliveries import masked
from alerts.desk.opening import Desk
from alerts.digests.silences import matchers
from alerts.model import (
    ChannelHealth,
    ChannelState,
    Development,
    FeedState,
    Health,
    Kind,
    Paused,
    Rule,
    Severity,
    Silence,
    Story,
    Volume,
)
from alerts.model import DeliveryState as State
from alerts.render.views import link
from alerts.stages.matching import VOLUME
from alerts.tokens import FOREVER

TITLE_LIMIT = 300
OUTLETS = 12
"""The most outlets that are named of a story; the others are counted."""

STATES: tuple[State, ...] = ("delivered", "open", "refused", "quarantined", "given_up")
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class OutletRow:
    """Who else carries a story, and where; ``url`` is empty if it is no web link."""

    outlet: str
    url: str


@dataclass(frozen=True, slots=True)
class DevelopmentRow:
    """Something new in a story, and why it is new.  ``more`` counts the outlets that are not named."""

    key: str
    made: datetime
    reason: str
    story: str
    title: str
    lang: str
    url: str
    outlet: str
    published: datetime
    severity: Severity
    rules: tuple[str, ...]
    also_in: tuple[OutletRow, ...]
    more: int


@dataclass(frozen=True, slots=True)
class FeedRow:
    """How a feed does, since when and why."""

    id: str
    outlet: str
    health: Health
    since: datetime | None
    last_good: datetime | None
    next_poll: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """What a rule met: different texts in the last 24 hours and 7 days."""

    id: str
    title: str
    severity: Severity
    day: int
    week: int


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """What became of one attempt."""

    attempt: int
    at: datetime
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery, to whom in part, and what became of it."""

    id: str
    subscription: str
    channel: str
    kind: Kind
    to: str
    subject: str
    made: datetime
    state: State
    attempts: int
    next_attempt: datetime | None
    receipts: tuple[AttemptRow, ...]

    @property
    def last(self) -> str:
        """Why it is as it is."""
        return self.receipts[-1].reason if self.receipts else ""


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A way out: how it does, whether its connection is set, and what went through it in the last 7 days."""

    id: str
    kind: Kind
    connected: bool
    health: ChannelHealth
    since: datetime | None
    why: str
    delivered: int
    open: int
    refused: int
    quarantined: int
    given_up: int
    paused: str = ""
    """Who has paused it, and since when."""


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A subscription of the file, and the address of its feed, if readers can reach this desk."""

    id: str
    title: str
    channel: str
    recipients: int
    rules: tuple[str, ...]
    feed: str
    paused: str = ""
    """Who has paused it, and since when."""


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """What nobody is told for a while, and who says so."""

    id: str
    what: str
    until: datetime
    author: str
    reason: str


def subscriptions(desk: Desk, *, feeds: bool = False) -> tuple[SubscriptionRow, ...]:
    """Show every subscription of the file; ``feeds`` if their feeds have addresses here."""
    paused = _paused(desk)
    return tuple(
        SubscriptionRow(
            s.id,
            s.title or s.id,
            s.channel,
            len(s.recipients),
            s.rules,
            feed_path(desk, s.id) if feeds and desk.url else "",
            paused.get(f"subscription {s.id}", ""),
        )
        for s in desk.config.subscriptions
    )


def feed_path(desk: Desk, subscription: str) -> str:
    """Give where the feed of a subscription is, from the desk's first page; nobody can guess it."""
    return f"feed/{desk.signer.sign('feed', desk.signer.mark('feed', subscription), FOREVER)}"


def silences(desk: Desk) -> tuple[SilenceRow, ...]:
    """Show the silences that hold, the first to end first."""
    found = sql.SqlTable(desk.engine, "silences", Silence).values()
    holding = sorted((s for s in found if desk.clock() < s.until), key=lambda s: s.until)
    return tuple(
        SilenceRow(s.id, _line(", ".join(map(" ".join, matchers(s)))), s.until, _line(s.author), _line(s.reason))
        for s in holding
    )


def developments(desk: Desk, limit: int = 50) -> tuple[DevelopmentRow, ...]:
    """Show the last developments, newest first."""
    found = queries.recent_developments(desk.engine, limit)
    stories = queries.stories_by_id(desk.engine, sorted({d.story for d in found}))
    rules = {rule.id: rule for rule in desk.config.rules}
    return tuple(_development(d, stories.get(d.story), rules) for d in found)


def _development(d: Development, story: Story | None, rules: dict[str, Rule]) -> DevelopmentRow:
    met = list(dict.fromkeys(hit.rule for hit in d.match.hits))
    severities = {rules[name].severity for name in met if name in rules}
    worst: Severity = next((s for s in ("flash", "urgent") if s in severities), "routine")
    others = _others(d, story)
    return DevelopmentRow(
        key=d.key,
        made=d.made,
        reason=_line(d.reason),
        story=d.story,
        title=_line(d.article.title) or "(no title)",
        lang=d.article.lang,
        url=link(d.article.url),
        outlet=_line(d.article.outlet),
        published=d.article.when,
        severity=worst,
        rules=tuple(_line(rules[name].title if name in rules else name) for name in met),
        also_in=tuple(OutletRow(_line(outlet), link(url)) for outlet, url in others[:OUTLETS]),
        more=max(0, len(others) - OUTLETS),
    )


def _others(d: Development, story: Story | None) -> list[tuple[str, str]]:
    """Name the other outlets that carry the story, each with the first address that it had there."""
    found: dict[str, str] = {}
    for member in story.members if story else ():
        if member.outlet and member.outlet != d.article.outlet:
            found.setdefault(member.outlet, member.url)
    return list(found.items())


def feeds(desk: Desk) -> tuple[FeedRow, ...]:
    """Show how every feed does, the sick ones first."""
    states = {state.feed: state for state in sql.SqlTable(desk.engine, "states", FeedState).values()}
    now = desk.clock()
    made = []
    for feed in desk.config.feeds:
        state = feeds_.settled(feed, states.get(feed.id))
        if state is None:
            made.append(FeedRow(feed.id, feed.outlet, "new", None, None, None, ""))
            continue
        following = None if state.health == "gone" else state.next_poll
        why = _line(feeds_.why(feed, state, now))
        made.append(FeedRow(feed.id, feed.outlet, state.health, state.since, state.last_good, following, why))
    return tuple(sorted(made, key=lambda row: (row.health in {"healthy", "new"}, row.id)))


def healths(rows: tuple[FeedRow, ...]) -> tuple[tuple[Health, int], ...]:
    """Count the feeds that do alike, in the order of the rows."""
    return tuple(Counter(row.health for row in rows).items())


def rules(desk: Desk) -> tuple[RuleRow, ...]:
    """Show what every rule met, in the order of the configuration."""
    volume = sql.SqlTable(desk.engine, "volumes", Volume).get(VOLUME) or Volume()
    now = desk.clock()
    day: defaultdict[str, set[str]] = defaultdict(set)
    week: defaultdict[str, set[str]] = defaultdict(set)
    for hour in volume.hours:
        if hour.at > now - WEEK:
            week[hour.rule].update(hour.texts)
        if hour.at > now - DAY:
            day[hour.rule].update(hour.texts)
    return tuple(
        RuleRow(rule.id, rule.title or rule.id, rule.severity, len(day[rule.id]), len(week[rule.id]))
        for rule in desk.config.rules
    )


def deliveries(
    desk: Desk, limit: int = 50, *, state: State | None = None, subscription: str | None = None
) -> tuple[DeliveryRow, ...]:
    """Show the last deliveries, newest first."""
    found = queries.recent_deliveries(desk.engine, limit, state=state, subscription=subscription)
    return tuple(map(delivery, found))


def delivery(record: DeliveryRecord) -> DeliveryRow:
    """Show one delivery."""
    d = record.delivery
    return DeliveryRow(
        id=d.id,
        subscription=d.subscription,
        channel=d.channel,
        kind=d.message.kind,
        to=masked(d.recipient),
        subject=_line(d.message.subject),
        made=d.made,
        state=record.state,
        attempts=record.attempts,
        next_attempt=record.next_attempt,
        receipts=tuple(AttemptRow(r.attempt, r.at, r.outcome, _line(r.reason)) for r in record.receipts),
    )


def channels(desk: Desk) -> tuple[ChannelRow, ...]:
    """Show every way out."""
    count = queries.channel_counts(desk.engine, desk.clock() - WEEK)
    states = {state.channel: state for state in sql.SqlTable(desk.engine, "channels", ChannelState).values()}
    made, paused = [], _paused(desk)
    for c in desk.config.channels:
        state = states.get(c.id) or ChannelState(c.id)
        delivered, waiting, refused, quarantined, given_up = (count.get((c.id, s), 0) for s in STATES)
        connected, why = bool(desk.lookup(c.connection.upper())), _line(state.reason)
        made.append(
            ChannelRow(
                c.id, c.kind, connected, state.health, state.since, why,
                delivered, waiting, refused, quarantined, given_up, paused.get(f"channel {c.id}", ""),
            )
        )  # fmt: skip
    return tuple(made)


def _paused(desk: Desk) -> dict[str, str]:
    """Say of each thing that is paused, by its key, who has paused it."""
    kept = sql.SqlTable(desk.engine, "paused", Paused).values()
    return {one.key: _line(pauses.said(one)) for one in kept if one.resumed is None}


def _line(words: str) -> str:
    """Put words on one line of bounded length, without control characters."""
    sound = words[: text.FIELD_LIMIT].encode("utf-8", "replace").decode()
    return text.cut(text.one_line(sound), TITLE_LIMIT)
