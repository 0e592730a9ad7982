"""From the entries of the files to our values, with what is wrong with them together: references, times, ways out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from alerts import rules as rules_
from alerts import stories as stories_
from alerts.config import drafts, scalars, shapes
from alerts.config.drafts import Draft, Entry
from alerts.config.tree import Fault, Loc
from alerts.errors import Problem
from alerts.model import Expect, Feed, Kind, Rule, Watchlist, Way

_SHOWN = ("rules", "watchlists")
"""The kinds of file whose lines may be shown: in the others there could be an address or a password."""

_PATH = re.compile(r"\b(any|all|none|aliases)\.([0-9]+)\b")
"""How the rules name a term; readers count from 1."""

_CONNECTIONS: dict[Kind, str] = {
    "mail": "alerts_smtp",
    "slack": "alerts_slack",
    "webhook": "alerts_webhook",
    "apprise": "alerts_apprise",
}


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """A configured way out: its kind, the name of the connection with its secret, and who the mail is from.

    ``allow_hosts`` are hosts that may have an address that is not public.
    """

    id: str
    kind: Kind
    connection: str
    sender: str = ""
    allow_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a list, and where it stands."""

    draft: Draft
    entry: Entry

    @property
    def value(self) -> Any:
        """What the entry says, in its shape."""
        return self.entry.value

    def loc(self, *keys: str | int) -> Loc:
        """Give the way to one of its keys."""
        return (self.draft.kind, self.entry.index, *keys)

    def where(self, key: str) -> str:
        """Name the place of a key."""
        line, column = self.draft.tree.place(self.loc(key))
        return f"{self.draft.path}:{line}:{column}"

    def is_sound(self, *keys: str) -> bool:
        """Whether these keys hold what was written, and no stand-in."""
        return self.entry.broken.isdisjoint(keys)

    def fault(self, message: str, *keys: str | int, soft: bool = False) -> Found:
        """Say what is wrong with a key of the entry."""
        tree, loc = self.draft.tree, self.loc(*keys)
        named = loc[:-1] if loc[:-1] in tree.texts else loc
        return Found(self.draft, Fault(tree.place(loc), f"{drafts.label(tree, named)}: {message}"), soft=soft)


@dataclass(frozen=True, slots=True)
class Found:
    """A fault of a file.  A soft one is only there because another file is broken: the file itself may be right."""

    draft: Draft
    fault: Fault
    soft: bool = False

    @property
    def problem(self) -> Problem:
        """What is told of it."""
        line, column = self.fault.place
        text = self.draft.tree.line(line) if self.draft.kind in _SHOWN else ""
        return Problem(self.draft.path, line, column, self.fault.message, text)


# ── feeds, watchlists, rules, channels ────────────────────────────────────────────────────────────────────────────────


def feed(row: Row, head: shapes.FeedsFile) -> tuple[Feed | None, list[Found]]:
    """Apply the defaults of the file, and behind them those of the model; an interval that nobody set is learnt."""
    shape, defaults = row.value, head.defaults
    hostname = urlsplit(shape.url).hostname or ""
    if scalars.is_private(hostname) and hostname not in head.allow_hosts:
        return None, [row.fault(f"{hostname} is a private address; if you mean it, add it to allow_hosts", "url")]
    if shape.every is not None and shape.every < scalars.POLITE and hostname not in head.allow_hosts:
        return None, [row.fault("a server of others is asked every 1m at most; write 1m or more", "every")]
    if shape.secret and shape.url.startswith("http:") and hostname not in head.allow_hosts:
        return None, [row.fault("a secret is not sent without TLS; write https:// in url", "secret")]
    given: dict[str, Any] = {"every": None}
    for key in ("every", "first_poll"):
        own = getattr(shape, key)
        value = getattr(defaults, key) if own is None else own
        given |= {} if value is None else {key: None if value == scalars.ALL else value}
    given |= {"identity": shape.identity, "full_text": shape.full_text == "true", "secret": shape.secret}
    return Feed(shape.id, shape.url, shape.outlet, shape.lang, shape.country, **given), []


def family(row: Row) -> tuple[stories_.Family, list[Found]]:
    """Give the family that stands there."""
    shape = row.value
    return stories_.Family(shape.id, shape.members, shape.cited_as, shape.wire == "true"), []


def as_watchlist(row: Row) -> Watchlist:
    """Give the watchlist that stands there, right or wrong."""
    return Watchlist(row.value.id, row.value.aliases, row.value.none)


def watchlist(row: Row, named: Mapping[str, Watchlist]) -> tuple[Watchlist | None, list[Found]]:
    """Check a watchlist; ``named`` are those that it may hold."""
    value = as_watchlist(row)
    found = _said(row, rules_.check_watchlist(value, named))
    return (None if found else value), found


def whole(watchlists: Sequence[Watchlist]) -> tuple[Watchlist, ...]:
    """Leave out the watchlists that hold one which is wrong: half of a subject would pass for all of it."""
    kept = {f"@{w.id}" for w in watchlists}
    left = tuple(w for w in watchlists if all(alias[:1] != "@" or alias.strip() in kept for alias in w.aliases))
    return left if len(left) == len(watchlists) else whole(left)


def rule(row: Row, watchlists: Mapping[str, Watchlist], doubt: frozenset[str]) -> tuple[Rule | None, list[Found]]:
    """Check a rule against the watchlists; ``doubt`` names the kinds of file that are wrong."""
    value = _as_rule(row.value)
    why = " (watchlists.yaml is wrong: repair that first)" if "watchlists" in doubt else ""
    said = [
        (path, f"{words}{why}" if "no watchlist" in words else words) for path, words in rules_.check(value, watchlists)
    ]
    found = _said(row, said)
    return (None if said else value), found


def _as_rule(shape: shapes.RuleShape) -> Rule:
    """Flatten what stands under ``outlets`` and ``expect``."""
    nested = {"outlets", "expect"}
    plain = {key: getattr(shape, key) for key in shapes.keys(shapes.RuleShape) if key not in nested}
    texts = ((shape.expect.match, True), (shape.expect.ignore, False))
    expect = tuple(Expect(text, matches) for said, matches in texts for text in said)
    return Rule(**plain, only_outlets=shape.outlets.only, not_outlets=shape.outlets.but, expect=expect)


def _said(row: Row, said: Iterable[tuple[str, str]]) -> list[Found]:
    """Give what the rules say a place.  Of a broken list they may say that it is empty: that is not news."""
    paths = [(keys(path), _PATH.sub(lambda m: f"{m[1]} {int(m[2]) + 1}", words)) for path, words in said]
    return [row.fault(words, *path) for path, words in paths if len(path) > 1 or not row.entry.broken]


def keys(path: str) -> tuple[str | int, ...]:
    """Read a path such as ``any.2``."""
    return tuple(int(part) if part.isdigit() else part for part in path.split(".") if part)


def channel(row: Row) -> tuple[ChannelSettings | None, list[Found]]:
    """Give a channel its connection.  Only mail has a sender, and it must have one."""
    shape = row.value
    if shape.sender and shape.kind != "mail" and row.is_sound("kind"):
        return None, [row.fault(f"only a mail channel has a sender, and this one is {shape.kind}; delete it", "from")]
    if shape.kind == "mail" and not shape.sender and row.is_sound("kind") and row.is_sound("from"):
        wanted = 'a mail channel needs a sender; write from: "Tocsin <tocsin@example.org>"'
        return None, [row.fault(wanted, "kind")]
    allowed = frozenset(row.draft.head.allow_hosts if row.draft.head else ())
    return ChannelSettings(
        shape.id, shape.kind, shape.connection or _CONNECTIONS[shape.kind], shape.sender, allowed
    ), []


def operator(draft: Draft, channels: Mapping[str, ChannelSettings]) -> tuple[tuple[Way, ...], list[Found]]:
    """Give the ways by which the operator is told, the first that is to be tried at the head."""
    shape = draft.head.operator if draft.head else shapes.OperatorShape()
    if shape == shapes.OperatorShape():
        return (), []
    names = {"channel": shape.channel, "otherwise": shape.otherwise}
    ways = [channels[name] for name in names.values() if name in channels]
    told = {fault.loc[:2] for fault in draft.faults}
    found = [
        _of_operator(draft, key, words)
        for key, words in _wrong_operator(shape, names, channels, ways)
        if ("operator", key) not in told
    ]
    made = tuple(Way(way.id, way.kind, _addresses(shape, way.kind) or ("",)) for way in ways)
    return (() if found else made), found


def _wrong_operator(
    shape: shapes.OperatorShape,
    names: Mapping[str, str],
    channels: Mapping[str, ChannelSettings],
    ways: Sequence[ChannelSettings],
) -> Iterator[tuple[str, str]]:
    """Say what is wrong with which key."""
    listed = f"; the channels are {', '.join(channels)}" if channels else ""
    for key, name in names.items():
        if name and name not in channels:
            near = scalars.near(name, tuple(channels)) or listed
            yield key, f"there is no channel {scalars.shown(name)}{near}"
    if not shape.channel:
        yield "channel", 'the key "channel" is missing'
    elif shape.otherwise == shape.channel:
        yield "otherwise", "this is the same channel; name another, or delete it"
    kinds = {way.kind for way in ways}
    if "mail" in kinds and not _addresses(shape, "mail"):
        yield "to", "mail needs recipients; write `to:` with a list of addresses"
    taken = sum(len(_addresses(shape, kind)) for kind in kinds)
    if ways and taken < len(shape.to):
        yield (
            "to",
            "only mail has addresses, only Slack has channels such as #news, and no channel here takes all of it",
        )


def _addresses(shape: shapes.OperatorShape, kind: Kind) -> tuple[str, ...]:
    """Give those of the recipients that a channel of this kind takes."""
    return tuple(to for to in shape.to if kind != "webhook" and scalars.is_slack(to) == (kind == "slack"))


def _of_operator(draft: Draft, key: str, words: str) -> Found:
    loc: Loc = ("operator", key)
    return Found(draft, Fault(draft.tree.place(loc), f"{drafts.label(draft.tree, loc)}: {words}"))
