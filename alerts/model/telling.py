"""What is told to whom: subscriptions, digests, alerts, deliveries, and what became of them.  Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from alerts.model.watching import Blame, ChannelHealth, Development, Kind, Outcome, Rule, Severity, Spike, Strength

Lang = Literal["en", "ko"]
"""The languages in which we frame what others wrote."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told, of which rules, through which channel, and when.

    ``cron`` are the slots of its digests on the clock of ``zone``; empty means at once.  ``recipients`` are addresses
    for mail; Slack and webhook channels have one recipient, which has no name.  ``strength`` is what is asked of a hit:
    ``mention`` takes any, ``about`` only those of articles that are about the subject.

    ``rules`` are those that are grave enough; ``milder`` are those that it names and ``min_severity`` leaves out.
    ``quiet`` are the hours in which only a flash wakes the reader, on the clock of ``zone``.  A digest of fewer than
    ``min_stories`` stories waits for the next slot, 7 days at most; with 0 it is sent when there are none.

    The rest is for what is told at once.  ``group_wait`` is how long an alert waits for more of its story; a flash is
    told again every ``repeat`` while its story goes on.  ``inhibitions`` are pairs of rules: what meets the first is
    not told once the second was told of the same story.  What it takes ``stops`` before later subscriptions.
    """

    id: str
    rules: tuple[str, ...]
    channel: str
    kind: Kind
    title: str = ""
    recipients: tuple[str, ...] = ("",)
    cron: str = ""
    zone: str = "UTC"
    backfill: timedelta = timedelta(0)
    max_stories: int = 50
    min_stories: int = 1
    strength: Strength = "mention"
    min_severity: Severity = "routine"
    milder: tuple[str, ...] = ()
    quiet: tuple[time, time] | None = None
    lang: Lang = "en"
    group_wait: timedelta = timedelta(0)
    repeat: timedelta = timedelta(0)
    inhibitions: tuple[tuple[str, str], ...] = ()
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """What nobody is to be told, from ``begins`` until ``until``, and who says so.

    It covers what meets all of ``story``, ``rule``, ``outlet`` and ``subscription`` that are not empty; one of them is
    not.  ``reminded`` is when its end was announced.
    """

    id: str
    author: str
    reason: str
    begins: datetime
    until: datetime
    story: str = ""
    rule: str = ""
    outlet: str = ""
    subscription: str = ""
    reminded: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Developments of one story that are told in one alert.

    It grows until it is ``sealed``: then what is in it is what is told, whatever comes of the run.  ``told`` is when
    that was, ``times`` how often it has been told again.
    """

    story: str
    developments: tuple[Development, ...]
    sealed: bool = False
    told: datetime | None = None
    times: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a subscription has read and not told yet, or tells again."""

    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where words were printed.  ``article`` is its key: ``id@version``."""

    article: str
    outlet: str
    url: str
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Cited:
    """A sentence as its source printed it.  One that is not ``whole`` was cut off, by the feed or by us."""

    words: str
    source: Source
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Measure:
    """A key figure with what it measures, both as printed, one behind the other: "25% tariff", "on goods of Iran"."""

    words: str
    what: str
    source: Source


@dataclass(frozen=True, slots=True)
class Quote:
    """Who said what: the words between the quotation marks, and the speaker as the sentence names them."""

    speaker: str
    words: str
    source: Source


@dataclass(frozen=True, slots=True)
class Moment:
    """A development of a story in its timeline; ``fresh`` if this reader is told it now."""

    at: datetime
    title: str
    reason: str
    source: Source
    fresh: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """A story in sentences of its sources.  ``rewritten`` is what a language model made of them, or empty."""

    sentences: tuple[Cited, ...] = ()
    measures: tuple[Measure, ...] = ()
    quotes: tuple[Quote, ...] = ()
    timeline: tuple[Moment, ...] = ()
    rewritten: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """Why a story stands where it does in a digest: by severity, then by outlets, then by recency.

    ``severity`` is that of the gravest rule that it meets.  ``outlets`` counts those that have reported on their own,
    one for a family or a wire, since the first of what is told now.  ``newest`` is when the last of that was published.
    """

    severity: Severity
    outlets: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A story as one subscriber is told it: what is new, and who else carries it.

    ``rules`` are those of the subscription that it meets, the gravest first.
    """

    story: str
    headline: str
    developments: tuple[Development, ...]
    also_in: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    summary: Summary = Summary()
    rules: tuple[Rule, ...] = ()
    score: Score | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """The stories of a digest that stand under one rule.

    ``volume`` is how many articles met it in each two hours of the last 24, the oldest first; empty if none did.
    """

    rule: Rule
    stories: tuple[Told, ...]
    volume: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """Many developments, told at a slot.

    ``more`` counts the stories that did not fit; ``spikes`` are the hours in which a rule met far more than usual;
    ``silenced`` counts the developments that a silence holds back.  ``link`` is where it can be seen in a browser, and
    ``manage`` where its one reader changes, pauses or ends it.
    """

    subscription: Subscription
    slot: datetime
    sections: tuple[Section, ...]
    more: int = 0
    spikes: tuple[Spike, ...] = ()
    silenced: int = 0
    link: str = ""
    manage: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """What is new in one story, told at once; ``told_before`` is when it was told already, if it goes on."""

    subscription: Subscription
    rule: Rule
    told: Told
    told_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """The rendered thing: subject, text and HTML for mail; ``body`` is the JSON for Slack and webhooks.

    ``rest`` are the messages that follow it, where one is too small; each is a delivery of its own, without any rest.
    """

    kind: Kind
    subject: str
    text: str
    html: str = ""
    body: str = ""
    rest: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient through one channel.

    ``id`` is made of what it tells, so that making it twice is making it once.  ``upto`` is the log position up to
    which a digest tells; 0 for an alert.  ``thread`` is the story that an alert belongs to; empty for a digest.
    ``after`` is the id of the first part of a message of several, of which this is a later one: a part of a digest that
    was made anew is not kept beside the older digest.
    ``unsubscribe`` is the https address whose POST ends the subscription of this recipient, or empty.  ``tells`` are
    the keys of the developments in it; those of a digest that only counts them are not among them.
    """

    id: str
    subscription: str
    channel: str
    recipient: str
    message: Message
    made: datetime
    upto: int = 0
    thread: str = ""
    unsubscribe: str = ""
    tells: tuple[str, ...] = ()
    after: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one attempt.  ``retry_after`` is when the other side will hear us again, if it said so.

    ``blame`` says what is at fault, if it went wrong: this ``recipient`` alone, this ``message`` alone, the ``login``
    or the settings of the channel, or its address, which is ``gone``.  Empty is the other side: it is busy, broken or
    out of reach, and so it is for every message.
    """

    delivery: str
    attempt: int
    outcome: Outcome
    reason: str
    at: datetime
    retry_after: datetime | None = None
    blame: Blame = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A delivery that is not closed, and how many attempts were made at it."""

    delivery: Delivery
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """A channel and the addresses there: how the operator is told.  Slack and a webhook have one, without a name."""

    channel: str
    kind: Kind
    recipients: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the operator must know.  Told twice under one ``key``, it is told once."""

    key: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Lull:
    """A silence that is longer than usual: of what, since when, what is usual, and whether the operator was told."""

    what: str
    since: datetime
    usual: timedelta
    told: bool = False


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel does.

    ``since`` is since when it does so, ``bad_since`` the first failure since the last success, ``failures`` how many
    came since.  Nothing is sent before ``next_probe``.  ``told`` is the health of which the operator was told last.
    """

    channel: str
    health: ChannelHealth = "healthy"
    since: datetime | None = None
    last_good: datetime | None = None
    failures: int = 0
    bad_since: datetime | None = None
    reason: str = ""
    next_probe: datetime | None = None
    told: ChannelHealth = "healthy"


Pausable = Literal["channel", "subscription"]


@dataclass(frozen=True, slots=True)
class Paused:
    """What somebody has paused: since when, and until when, if it was resumed."""

    what: Pausable
    name: str
    author: str
    at: datetime
    resumed: datetime | None = None

    @property
    def key(self) -> str:
        """One pause is kept of each thing."""
        return f"{self.what} {self.name}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a stage did: counts by name, and one line for each thing that an operator must know."""

    stage: str
    at: datetime
    counts: tuple[tuple[str, int], ...] = ()
    lines: tuple[str, ...] = ()
    took: float = 0.0
    """How many seconds it took."""

    @property
    def key(self) -> str:
        """A stage makes one report at one instant."""
        return f"{self.stage}@{self.at.isoformat()}"
