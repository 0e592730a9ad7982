"""The nouns, in the order the news travels.  Pure: values only, no behaviour beyond naming a part of themselves.

::

    Feed ─▶ Entry ─▶ Article ─▶ Match (Hits) ─▶ Development (of a Story) ─▶ Delivery (Alert or Digest) ─▶ Receipt

Times are aware UTC ``datetime``, named by the event: ``seen``, ``published``, ``made``, ``at``.  Where the news comes
from, and what we know of it, is in ``sources``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from alerts.model.sources import Fault as Fault
from alerts.model.sources import Feed as Feed
from alerts.model.sources import FeedRequest as FeedRequest
from alerts.model.sources import FeedState as FeedState
from alerts.model.sources import Fetched as Fetched
from alerts.model.sources import Health as Health
from alerts.model.sources import Hints as Hints
from alerts.model.sources import HubState as HubState
from alerts.model.sources import Identity as Identity
from alerts.model.sources import Lease as Lease
from alerts.model.sources import Moved as Moved

Severity = Literal["flash", "urgent", "routine"]
Kind = Literal["mail", "slack", "webhook"]
Strength = Literal["about", "mention"]
Outcome = Literal["delivered", "deferred", "refused"]
Field = Literal["title", "lead", "text", "outlet", "author", "category", "lang", "country"]

LEAD_WORDS = 60


# ── news in ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed said, in plain text, before it is made ours.

    ``outlet`` is whom an aggregator names, and ``lang`` the entry's own language; most feeds say neither.
    """

    guid: str = ""
    link: str = ""
    title: str = ""
    summary: str = ""
    text: str = ""
    author: str = ""
    categories: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    outlet: str = ""
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """An entry made ours: an identity, a canonical URL, plain text, times in UTC.

    ``id`` comes from the guid or the canonical URL, ``version`` from the title and the text: an edit is a new version
    of the same article, never a new article.  ``published`` and ``updated`` are claims of the feed, not after ``seen``.
    ``quiet`` is the reason for which nobody is told of it ("first poll of the feed: older than 24 h"), or empty.
    ``notes`` are what was odd about the entry, in words.
    """

    id: str
    version: str
    feed: str
    outlet: str
    url: str
    title: str
    text: str
    seen: datetime
    published: datetime | None = None
    lang: str = ""
    country: str = ""
    author: str = ""
    categories: tuple[str, ...] = ()
    quiet: str = ""
    notes: tuple[str, ...] = ()
    updated: datetime | None = None

    @property
    def key(self) -> str:
        """The name of this version of this article: what the logs and the seen-index go by."""
        return f"{self.id}@{self.version}"

    @property
    def when(self) -> datetime:
        """The time to show: what the feed claims, or when we saw it."""
        return self.published or self.seen


# ── what it means ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Expect:
    """A text that a rule must match, or must not: a test that lives in the rule."""

    text: str
    matches: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A watch rule: what someone watches for.

    Terms are written as in the YAML: a word or a phrase, ``term*``, ``@watchlist``, each with an optional ``field:``.
    At least one of ``any`` must be there, every one of ``all``, and none of ``none``; or else ``match`` is the
    expression that must hold.  ``strength`` is what is asked of a hit: ``mention`` takes any, ``about`` only those that
    are about the subject.  ``lang``, ``only_outlets`` and ``not_outlets`` say which articles are looked at; empty means
    every one.
    """

    id: str
    title: str
    severity: Severity = "routine"
    tags: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    match: str = ""
    strength: Strength = "mention"
    min_outlets: int = 1
    cooldown: timedelta = timedelta(0)
    lang: tuple[str, ...] = ()
    only_outlets: tuple[str, ...] = ()
    not_outlets: tuple[str, ...] = ()
    expect: tuple[Expect, ...] = ()


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A named set of aliases for one subject, in any script.

    An alias may be another watchlist, ``@other``.  A place of an alias inside a phrase of ``none`` does not count.
    """

    id: str
    aliases: tuple[str, ...]
    none: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a term was met: ``words`` is ``field[start:end]`` of the article, as printed there."""

    term: str
    field: Field
    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One rule met, with the evidence for it, and whether the article is about it or only mentions it."""

    rule: str
    evidence: tuple[Evidence, ...]
    strength: Strength = "mention"


@dataclass(frozen=True, slots=True)
class Match:
    """An article with all its hits.  ``rules`` is the hash of the rules that were in force."""

    article: Article
    hits: tuple[Hit, ...]
    rules: str = ""

    @property
    def key(self) -> str:
        """One match for one version of an article, however many rules it meets."""
        return self.article.key


@dataclass(frozen=True, slots=True)
class Member:
    """An article's place in a story, and the reason for which it was, or was not, news there."""

    article: str
    version: str
    outlet: str
    url: str
    title: str
    lead: str
    seen: datetime
    reason: str
    lang: str = ""
    copy_of: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """Articles about one event, in the order in which they came."""

    id: str
    opened: datetime
    updated: datetime
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Development:
    """Something new in a story: what subscribers are told.  ``reason`` says what is new about it."""

    story: str
    match: Match
    reason: str
    made: datetime

    @property
    def key(self) -> str:
        """One version of one article brings one development at most, whichever story it was placed in."""
        return self.match.key

    @property
    def article(self) -> Article:
        """The article that brought it."""
        return self.match.article


# ── mail out ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told, of which rules, through which channel, and when.

    ``at`` is a wall-clock time in ``zone`` for a daily digest; ``None`` means at once.  ``recipients`` are addresses
    for mail; Slack and webhook channels have one recipient, which has no name.  ``strength`` is what is asked of a hit:
    ``mention`` takes any, ``about`` only those of articles that are about the subject.
    """

    id: str
    rules: tuple[str, ...]
    channel: str
    kind: Kind
    title: str = ""
    recipients: tuple[str, ...] = ("",)
    at: time | None = None
    zone: str = "UTC"
    backfill: timedelta = timedelta(0)
    max_stories: int = 50
    strength: Strength = "mention"


@dataclass(frozen=True, slots=True)
class Told:
    """A story as one subscriber is told it: what is new, and who else carries it."""

    story: str
    headline: str
    developments: tuple[Development, ...]
    also_in: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The stories of a digest that stand under one rule."""

    rule: Rule
    stories: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """Many developments, told at a slot.  ``more`` counts the stories that did not fit."""

    subscription: Subscription
    slot: datetime
    sections: tuple[Section, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """One development, told at once."""

    subscription: Subscription
    rule: Rule
    told: Told


@dataclass(frozen=True, slots=True)
class Message:
    """The rendered thing: subject, text and HTML for mail; ``body`` is the JSON for Slack and webhooks."""

    kind: Kind
    subject: str
    text: str
    html: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient through one channel.

    ``id`` is made of what it tells, so that making it twice is making it once.  ``upto`` is the log position up to
    which a digest tells; 0 for an alert.
    """

    id: str
    subscription: str
    channel: str
    recipient: str
    message: Message
    made: datetime
    upto: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one attempt.  ``retry_after`` is when the other side will hear us again, if it said so."""

    delivery: str
    attempt: int
    outcome: Outcome
    reason: str
    at: datetime
    retry_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A delivery that is not closed, and how many attempts were made at it."""

    delivery: Delivery
    attempts: int = 0


# ── what was done ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Report:
    """What a stage did: counts by name, and one line for each thing that an operator must know."""

    stage: str
    at: datetime
    counts: tuple[tuple[str, int], ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A stage makes one report at one instant."""
        return f"{self.stage}@{self.at.isoformat()}"
