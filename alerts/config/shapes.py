"""The files as they are written: one small class for each thing that a file may hold.

They are kept apart from the values of :mod:`alerts.model`: here a key may be left out and a default is not applied yet;
there every value is finished.  The JSON Schemas for editors are made from these classes, docstrings and all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import time, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from alerts.config import scalars
from alerts.config.annotations import (
    EVERY,
    FIRST_POLL,
    FLAG,
    POLITE_EVERY,
    QUIET,
    Flag,
    Host,
    Id,
    Langs,
    Line,
    Rules,
    Sample,
    Term,
    Text,
    choice,
)
from alerts.model import Identity, Kind, Lang, Severity, Strength

_STRICT = ConfigDict(extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class DefaultsShape:
    """What holds for every feed that does not say otherwise."""

    __pydantic_config__ = _STRICT

    every: Annotated[timedelta | None, POLITE_EVERY] = None
    """How often to ask, from 1m to 7d.  Learnt from each feed if left out."""
    first_poll: Annotated[timedelta | None, FIRST_POLL] = None
    """On the first poll, tell only what is younger than this; `all` tells everything.  24h if left out."""


@dataclass(frozen=True, slots=True)
class FeedShape:
    """One feed."""

    __pydantic_config__ = _STRICT

    id: Id
    """A name for the machine, never to be changed: small letters, digits and dashes."""
    url: Annotated[str, Text(scalars.url, pattern="^https?://")]
    """Where the feed is."""
    outlet: Line
    """Who publishes, as readers know it."""
    lang: Annotated[str, Text(scalars.lang, pattern=f"^{scalars.LANG}$")] = ""
    """The language of the articles, such as en or ko."""
    country: Annotated[str, Text(scalars.country, pattern=f"^{scalars.COUNTRY}$")] = ""
    """Where the outlet sits: two letters of ISO 3166, such as gb."""
    every: Annotated[timedelta | None, EVERY] = None
    """How often to ask, from 1m to 7d.  Learnt from the feed if left out.  Under allow_hosts 1s is allowed too."""
    first_poll: Annotated[timedelta | None, FIRST_POLL] = None
    """On the first poll, tell only what is younger than this; `all` tells everything."""
    identity: Annotated[Identity, Text(choice(Identity), enum=list(get_args(Identity)))] = "auto"
    """By what an article is known again: guid, url or content, for feeds whose guids change or repeat; or auto."""
    full_text: Annotated[Flag, FLAG] = "false"
    """Whether the page of each new article is fetched and read, as its robots.txt allows: true or false."""
    secret: Annotated[str, Text(scalars.secret, pattern=f"^{scalars.ID}$", maxLength=64)] = ""
    """The name of the secret that its server asks for, such as wire-pro; the secret itself is a setting."""


@dataclass(frozen=True, slots=True)
class FeedsFile:
    """Where the news comes from."""

    __pydantic_config__ = _STRICT

    feeds: tuple[FeedShape, ...]
    """The feeds that are polled."""
    contact: Annotated[str, Text(scalars.contact)] = ""
    """A page or a mailto: address of whoever runs this, sent with every request as politeness asks."""
    allow_hosts: tuple[Host, ...] = ()
    """Hosts on this machine or in a private network that may be asked all the same."""
    defaults: DefaultsShape = DefaultsShape()
    """What holds for every feed that does not say otherwise."""


@dataclass(frozen=True, slots=True)
class WatchlistShape:
    """A named set of aliases for one subject, in any script.  A rule uses it as "@id"."""

    __pydantic_config__ = _STRICT

    id: Id
    """What a rule writes after the @."""
    aliases: Annotated[tuple[Term, ...], Field(min_length=1)]
    """Words, phrases, term* prefixes and other watchlists ("@id"), any one of which will do."""
    none: tuple[Term, ...] = ()
    """Phrases inside which an alias does not count."""


@dataclass(frozen=True, slots=True)
class WatchlistsFile:
    """Names for the subjects that are watched."""

    __pydantic_config__ = _STRICT

    watchlists: tuple[WatchlistShape, ...]
    """The watchlists."""


@dataclass(frozen=True, slots=True)
class FamilyShape:
    """Outlets that count as one voice when reports are held against each other."""

    __pydantic_config__ = _STRICT

    id: Id
    """A name for the machine: small letters, digits and dashes."""
    members: Annotated[tuple[Line, ...], Field(min_length=1)]
    """The outlets of one owner, or the agency, by the names that feeds.yaml gives them."""
    cited_as: tuple[Line, ...] = ()
    """How others name it when they only pass on its report, such as WSJ."""
    wire: Annotated[Flag, FLAG] = "false"
    """Whether it is an agency, whose texts others print under their own roof: true or false."""


@dataclass(frozen=True, slots=True)
class FamiliesFile:
    """Which outlets are one voice."""

    __pydantic_config__ = _STRICT

    families: tuple[FamilyShape, ...]
    """The families."""


@dataclass(frozen=True, slots=True)
class OutletsShape:
    """Which outlets a rule looks at, by the names that feeds.yaml gives them."""

    __pydantic_config__ = _STRICT

    only: tuple[Line, ...] = ()
    """These and no others."""
    but: Annotated[tuple[Line, ...], Field(alias="not")] = ()
    """All but these."""


@dataclass(frozen=True, slots=True)
class ExpectShape:
    """Texts on which `alerts check` tries the rule."""

    __pydantic_config__ = _STRICT

    match: tuple[Sample, ...] = ()
    """Each of these must meet the rule."""
    ignore: tuple[Sample, ...] = ()
    """None of these may meet it."""


@dataclass(frozen=True, slots=True)
class RuleShape:
    """A watch rule: at least one of `any`, every one of `all`, and none of `none`; or an expression, `match`."""

    __pydantic_config__ = _STRICT

    id: Id
    """A name for the machine; subscriptions go by it."""
    title: Line
    """The heading under which a digest shows what the rule met."""
    severity: Annotated[Severity, Text(choice(Severity), enum=list(get_args(Severity)))] = "routine"
    """How urgent it is: flash, urgent or routine."""
    tags: tuple[Line, ...] = ()
    """Words of your own, passed on with every alert."""
    any: tuple[Term, ...] = ()
    """One of these must be there."""
    all: tuple[Term, ...] = ()
    """Every one of these must be there."""
    none: tuple[Term, ...] = ()
    """None of these may be there."""
    match: Annotated[str, Text(scalars.expression, minLength=1, maxLength=20_000)] = ""
    """An expression, in place of the three lists: iran AND (oil OR gas) AND NOT title:football."""
    strength: Annotated[Strength, Text(choice(Strength), enum=list(get_args(Strength)))] = "mention"
    """What is asked of an article: that it is about the subject (`about`), or that it mentions it (`mention`)."""
    min_outlets: Annotated[int, Text(scalars.count, type="integer", minimum=1, maximum=500)] = 1
    """How many outlets must carry a story before it is told.  1 if left out."""
    cooldown: Annotated[timedelta, Text(scalars.cooldown, pattern=f"^{scalars.DURATION}$")] = timedelta(0)
    """How long nothing more is told of a story after it was told, at most 30d.  0 if left out."""
    lang: Langs = ()
    """The language, or a list of languages, of the articles that are looked at.  Every one if left out."""
    outlets: OutletsShape = OutletsShape()
    """The outlets whose articles are looked at: `only` these, or all but those under `not`."""
    expect: ExpectShape = ExpectShape()
    """Texts on which the rule is tried by `alerts check`: `match` must meet it, `ignore` must not."""


@dataclass(frozen=True, slots=True)
class RulesFile:
    """What is watched for."""

    __pydantic_config__ = _STRICT

    rules: tuple[RuleShape, ...]
    """The watch rules."""


@dataclass(frozen=True, slots=True)
class ChannelShape:
    """A way out."""

    __pydantic_config__ = _STRICT

    id: Id
    """What subscriptions call it."""
    kind: Annotated[Kind, Text(choice(Kind), enum=list(get_args(Kind)))]
    """mail, slack, webhook or apprise."""
    connection: Annotated[str, Text(scalars.connection, pattern=f"^{scalars.CONNECTION}$")] = ""
    """The name of the connection that holds the address and the secret; alerts_smtp, alerts_slack, …"""
    sender: Annotated[str, Field(alias="from"), Text(scalars.sender)] = ""
    """Who the mail is from: `Name <name@example.org>`.  For mail only."""


@dataclass(frozen=True, slots=True)
class OperatorShape:
    """How whoever runs this is told that a channel is paused or disabled, and that it is well again; each once."""

    __pydantic_config__ = _STRICT

    channel: Annotated[str, Text(str)] = ""
    """The id of a channel."""
    to: tuple[Annotated[str, Text(scalars.recipient)], ...] = ()
    """The mail addresses, and the channels of Slack's if a bot is to write there."""
    otherwise: Annotated[str, Text(str)] = ""
    """The id of the channel that is taken while the first is the one that is not well."""


@dataclass(frozen=True, slots=True)
class ChannelsFile:
    """The ways out."""

    __pydantic_config__ = _STRICT

    channels: tuple[ChannelShape, ...]
    """The channels."""
    operator: OperatorShape = OperatorShape()
    """How whoever runs this is told of a channel that is not well: `channel`, `to` and `otherwise`."""
    allow_hosts: tuple[Host, ...] = ()
    """Hosts on this machine or in a private network to which Slack, webhooks and Apprise may go all the same."""


@dataclass(frozen=True, slots=True)
class SubscriptionShape:
    """Who is told, of which rules, through which channel, and when."""

    __pydantic_config__ = _STRICT

    id: Id
    """A name for the machine.  Under a new one, the subscription begins anew."""
    rules: Rules
    """`all`, or a list of ids of rules, "tag:…" for the rules with a tag, and patterns such as "sanction*"."""
    channel: Annotated[str, Text(str)]
    """The id of a channel."""
    when: Annotated[str, Text(scalars.when)]
    """`instant`, `hourly`, `daily at 07:30`, `weekdays at 07:30`, `weekly on monday at 07:30`, `cron 30 7 * * 1-5`."""
    title: Line = ""
    """The heading of its messages."""
    to: tuple[Annotated[str, Text(scalars.recipient)], ...] = ()
    """The mail addresses, or the channels of Slack for a bot (`#news`); each gets a message of its own."""
    zone: Annotated[str, Text(scalars.zone)] = ""
    """The time zone of `when` and `quiet`, such as Europe/London.  A digest needs one, and so do quiet hours."""
    backfill: Annotated[timedelta, Text(scalars.backfill, pattern=f"^{scalars.DURATION}$")] = timedelta(0)
    """How much of the past a new subscription is told, at most 90d.  Nothing if left out."""
    min_severity: Annotated[Severity, Text(choice(Severity), enum=list(get_args(Severity)))] = "routine"
    """Leaves out the rules that are less urgent: flash, urgent or routine.  routine, which is all, if left out."""
    strength: Annotated[Strength | None, Text(choice(Strength), enum=list(get_args(Strength)))] = None
    """about: only what is about the subject of a rule; mention: what mentions it too.  about for a digest."""
    quiet: Annotated[tuple[time, time] | None, Text(scalars.quiet, pattern=QUIET)] = None
    """Hours in which only a flash is told, such as 22:00-07:00; the rest is told when they end."""
    lang: Annotated[Lang, Text(choice(Lang), enum=list(get_args(Lang)))] = "en"
    """The language of the words around the news, which stay in their own: en or ko.  en if left out."""
    empty: Annotated[Literal["send", "skip"], Text(choice(Literal["send", "skip"]), enum=["send", "skip"])] = "skip"
    """What is done when a digest has nothing to tell: send it all the same, or skip it.  skip if left out."""
    min_items: Annotated[int, Text(scalars.count, type="integer", minimum=1, maximum=500)] = 1
    """With fewer stories than this a digest waits for its next slot, 7 days at most.  1 if left out."""
    max_items: Annotated[int | None, Text(scalars.count, type="integer", minimum=1, maximum=500)] = None
    """The most stories of one digest, from 1 to 500; the rest are counted.  50 if left out."""
    group_wait: Annotated[timedelta, Text(scalars.group_wait, pattern=f"^{scalars.DURATION}$")] = timedelta(0)
    """How long an alert waits for more of its story, at most 1h.  0s, which tells each at once, if left out."""
    repeat: Annotated[timedelta, Text(scalars.repeat, pattern=f"^{scalars.DURATION}$")] = timedelta(0)
    """After how long a flash is told again if its story goes on, from 15m to 7d.  Never if left out."""
    inhibit: tuple[Annotated[tuple[str, str], Text(scalars.inhibition, pattern=scalars.INHIBITION)], ...] = ()
    """What is not told of a story while something graver is: "tariffs while trade-war".  Names as in `rules`."""
    goes_on: Annotated[Flag, Field(alias="continue"), FLAG] = "true"
    """Whether subscriptions below it are told at once of what it takes: true or false.  true if left out."""


@dataclass(frozen=True, slots=True)
class SelfServiceShape:
    """What readers may subscribe to by themselves, on the pages of `alerts desk`."""

    __pydantic_config__ = _STRICT

    rules: Rules = ()
    """The rules that a reader may choose from: `all`, or ids, tags and patterns as for a subscription."""
    channel: Annotated[str, Text(str)] = ""
    """The id of the mail channel through which readers are told."""
    title: Line = ""
    """The heading of their messages."""
    max_items: Annotated[int | None, Text(scalars.count, type="integer", minimum=1, maximum=500)] = None
    """The most stories of one digest, from 1 to 500; the rest are counted.  50 if left out."""


@dataclass(frozen=True, slots=True)
class SubscriptionsFile:
    """Who is told, and when."""

    __pydantic_config__ = _STRICT

    subscriptions: tuple[SubscriptionShape, ...]
    """The subscriptions."""
    self_service: SelfServiceShape = SelfServiceShape()
    """What readers may subscribe to by themselves.  Nothing if left out."""


_KINDS: dict[str, tuple[type, type]] = {
    "feeds": (FeedsFile, FeedShape),
    "families": (FamiliesFile, FamilyShape),
    "watchlists": (WatchlistsFile, WatchlistShape),
    "rules": (RulesFile, RuleShape),
    "channels": (ChannelsFile, ChannelShape),
    "subscriptions": (SubscriptionsFile, SubscriptionShape),
}
FILES: dict[str, type] = {kind: file for kind, (file, _) in _KINDS.items()}
"""The kinds of file, in the order in which they refer to each other.  Each has its list under its own name."""

ENTRIES: dict[str, type] = {kind: entry for kind, (_, entry) in _KINDS.items()}
NESTED: dict[str, type] = {
    "defaults": DefaultsShape,
    "outlets": OutletsShape,
    "expect": ExpectShape,
    "operator": OperatorShape,
    "self_service": SelfServiceShape,
}
"""The keys that hold keys."""

FILE_ADAPTERS: dict[str, TypeAdapter[Any]] = {kind: TypeAdapter(shape) for kind, shape in FILES.items()}
ENTRY_ADAPTERS: dict[str, TypeAdapter[Any]] = {kind: TypeAdapter(shape) for kind, shape in ENTRIES.items()}


_WRITTEN = {"sender": "from", "but": "not", "goes_on": "continue"}
"""Keys that Python keeps for itself."""


def keys(shape: type) -> tuple[str, ...]:
    """Name the keys of a shape as they are written."""
    return tuple(_WRITTEN.get(field.name, field.name) for field in fields(shape))


class _Schema(GenerateJsonSchema):
    """Leaves out defaults, which are said in words, and titles, which only repeat the key."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False


def schema() -> dict[str, dict[str, Any]]:
    """Give the JSON Schema of each kind of file, for editors: ``config/schema/<kind>.json``."""
    head = {"$schema": GenerateJsonSchema.schema_dialect}
    made = {kind: adapter.json_schema(schema_generator=_Schema) for kind, adapter in FILE_ADAPTERS.items()}
    return {kind: {**head, **schema} for kind, schema in made.items()}
