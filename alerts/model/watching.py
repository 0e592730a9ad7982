"""What is watched for, and what is found: entries, articles, rules, hits, stories and what is new.  Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

Severity = Literal["flash", "urgent", "routine"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The gravest first."""

Kind = Literal["mail", "slack", "webhook", "apprise"]
Strength = Literal["about", "mention"]
Outcome = Literal["delivered", "deferred", "refused"]
Blame = Literal["", "recipient", "message", "login", "gone"]
DeliveryState = Literal["open", "delivered", "refused", "quarantined", "given_up"]
ChannelHealth = Literal["healthy", "failing", "paused", "disabled"]
Field = Literal["title", "lead", "text", "outlet", "author", "category", "lang", "country"]

LEAD_WORDS = 60


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
    """An article's place in a story, and why it was news there or not; ``watch`` are watchlists, ``told`` rules."""

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
    voice: str = ""
    notes: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Hour:
    """What one rule met in one hour, each text once.  ``at`` is its beginning, ``texts`` are the names of the texts.

    ``words`` are those of its titles that several have, each with the number of titles.
    """

    rule: str
    at: datetime
    texts: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    words: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Volume:
    """How much every rule met, hour by hour."""

    hours: tuple[Hour, ...] = ()


@dataclass(frozen=True, slots=True)
class Spike:
    """An hour in which a rule met far more than usual, and what made it so: ``usual`` is the median of an hour."""

    rule: str
    title: str
    at: datetime
    count: int
    usual: float
    outlets: tuple[str, ...]
    words: tuple[str, ...]
