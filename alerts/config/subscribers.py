"""From an entry of subscriptions.yaml to our value, with what is wrong with it: rules, times, ways out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from alerts import digests
from alerts.config import scalars, shapes
from alerts.config.annotations import EVERY_RULE
from alerts.config.values import ChannelSettings, Found, Row
from alerts.model import SEVERITIES, Kind, Subscription
from alerts.subscribers import Service

_TAG = "tag:"


@dataclass(frozen=True, slots=True)
class Known:
    """What a subscription may refer to, and the kinds of file that are in doubt.

    A rule that is known but wrong is told where it stands, and not once more where it is referred to.
    """

    rules: Mapping[str, shapes.RuleShape]
    channels: Mapping[str, ChannelSettings]
    broken: frozenset[str]

    def why(self, kind: str) -> str:
        """Say that another file is to be repaired first, if it is."""
        what = "a rule file" if kind == "rules" else f"{kind}.yaml"
        return f" ({what} is wrong: repair that first)" if kind in self.broken else ""


def subscription(row: Row, known: Known) -> tuple[Subscription | None, list[Found]]:
    """Finish a subscription.  One that names a rule which is not there still stands: it has other rules."""
    shape = row.value
    found = _wrong_rules(row, known) if row.is_sound("rules") else []
    channel = known.channels.get(shape.channel)
    grave, milder = _asked(shape, known)
    wrong = _wrong_time(row)
    if row.is_sound("rules", "min_severity") and milder and not grave:
        words = f"none of its rules is as urgent as that; the most urgent is {_gravest(milder, known)}"
        wrong.append(row.fault(words, "min_severity", soft="rules" in known.broken))
    if row.is_sound("channel"):
        wrong += _wrong_way(row, channel.kind) if channel else [_unknown_channel(row, known)]
    if wrong or channel is None:
        return None, found + wrong
    made = Subscription(
        id=shape.id,
        rules=grave,
        channel=channel.id,
        kind=channel.kind,
        title=shape.title,
        recipients=shape.to or ("",),
        cron=shape.when,
        zone=shape.zone or "UTC",
        backfill=shape.backfill,
        min_stories=0 if shape.empty == "send" else shape.min_items,
        strength=shape.strength or ("about" if shape.when else "mention"),
        min_severity=shape.min_severity,
        milder=milder,
        quiet=shape.quiet,
        lang=shape.lang,
        group_wait=shape.group_wait,
        repeat=shape.repeat,
        inhibitions=_inhibitions(shape, known),
        stops=shape.goes_on == "false",
    )
    return (dataclasses.replace(made, max_stories=shape.max_items) if shape.max_items else made), found


def service(shape: shapes.SelfServiceShape, known: Known) -> tuple[Service | None, list[tuple[str, str]]]:
    """Finish what readers may subscribe to by themselves, with what is wrong with it: a key, and words for it."""
    rules = tuple(id_ for id_ in _asked_rules(shape.rules, known) if id_ in known.rules)
    channel = known.channels.get(shape.channel)
    wrong = [] if rules else [("rules", f"none of these is a rule{known.why('rules')}")]
    if channel is None or channel.kind != "mail":
        mail = [c.id for c in known.channels.values() if c.kind == "mail"]
        listed = f"; write {' or '.join(mail)}" if mail else known.why("channels")
        wrong.append(("channel", f"readers are told by mail, and this is no mail channel{listed}"))
    if wrong:
        return None, wrong
    return Service(rules, shape.channel, shape.title, shape.max_items or 50), []


def _asked_rules(names: tuple[str, ...], known: Known) -> Iterable[str]:
    """Give the ids of the rules that a list names, each once."""
    return dict.fromkeys(id_ for name in (known.rules if names == EVERY_RULE else names) for id_ in _meant(name, known))


# ── which rules ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _asked(shape: Any, known: Known) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the rules that it names and that are grave enough, and those that are not; in the order of its list."""
    ids = _asked_rules(shape.rules, known)
    limit = SEVERITIES.index(shape.min_severity)
    milder = tuple(id_ for id_ in ids if id_ in known.rules and SEVERITIES.index(known.rules[id_].severity) > limit)
    return tuple(id_ for id_ in ids if id_ not in milder), milder


def _meant(name: str, known: Known) -> Iterable[str]:
    """Give the ids of the rules that a name stands for.  A plain id stands for itself, even if the rule is missing."""
    if name.startswith(_TAG):
        tag = name.removeprefix(_TAG).strip().casefold()
        return [id_ for id_, rule in known.rules.items() if tag in map(str.casefold, rule.tags)]
    return [id_ for id_ in known.rules if fnmatchcase(id_, name)] if _is_pattern(name) else [name]


def _is_pattern(name: str) -> bool:
    return any(mark in name for mark in "*?[")


def _inhibitions(shape: Any, known: Known) -> tuple[tuple[str, str], ...]:
    """Give every pair of a rule that is held and one that holds it."""
    pairs = ((one, by) for held, holder in shape.inhibit for one in _meant(held, known) for by in _meant(holder, known))
    return tuple(dict.fromkeys((one, by) for one, by in pairs if one != by))


def _gravest(ids: Iterable[str], known: Known) -> str:
    """Name the gravest severity of the rules."""
    return SEVERITIES[min(SEVERITIES.index(known.rules[id_].severity) for id_ in ids)]


def _wrong_rules(row: Row, known: Known) -> list[Found]:
    names = row.value.rules
    found = [
        row.fault(f"{scalars.shown(name)} is in the list twice; delete one", "rules", n)
        for n, name in enumerate(names)
        if name in names[:n]
    ]
    for n, name in enumerate(names):
        if names != EVERY_RULE and not any(id_ in known.rules for id_ in _meant(name, known)):
            words = f"{_nothing_met(name, known)}{known.why('rules')}"
            found.append(row.fault(words, "rules", n, soft="rules" in known.broken))
    return found + _wrong_inhibitions(row, known)


def _wrong_inhibitions(row: Row, known: Known) -> list[Found]:
    """Tell of a rule that is not there, or not of this subscription: it would hold something back for nothing."""
    if not row.is_sound("inhibit"):
        return []
    grave, _ = _asked(row.value, known)
    found = []
    for n, pair in enumerate(row.value.inhibit):
        for name in pair:
            met = [id_ for id_ in _meant(name, known) if id_ in known.rules]
            words = "" if met else f"{_nothing_met(name, known)}{known.why('rules')}"
            if met and not set(met) & set(grave):
                words = f"{scalars.shown(name)} is none of the rules that this subscription tells; add it there"
            found += [row.fault(words, "inhibit", n, soft="rules" in known.broken)] if words else []
    return found


def _nothing_met(name: str, known: Known) -> str:
    """Say that no rule is meant by a name, and which was probably meant."""
    if name.startswith(_TAG):
        tags = dict.fromkeys(tag for rule in known.rules.values() for tag in rule.tags)
        meant = scalars.nearest(name.removeprefix(_TAG).strip(), tags)
        near = f'; did you mean "{_TAG}{meant}"?' if meant else ""
        listed = f"; the tags are {', '.join(tags)}" if tags else "; no rule has a tag"
        return f"no rule has the tag {scalars.shown(name.removeprefix(_TAG))}{near or listed}"
    if _is_pattern(name):
        near = scalars.nearest(name.strip("*"), known.rules)
        return f"no id of a rule is like {scalars.shown(name.strip('*'))}" + (
            f'; the nearest is "{near}"' if near else ""
        )
    return f"there is no rule {scalars.shown(name)}{scalars.near(name, known.rules)}"


# ── when, and which way ──────────────────────────────────────────────────────────────────────────────────────────────


def _unknown_channel(row: Row, known: Known) -> Found:
    listed = f"; the channels are {', '.join(known.channels)}" if known.channels else ""
    hint = known.why("channels") or scalars.near(row.value.channel, known.channels) or listed
    return row.fault(f"there is no channel {scalars.shown(row.value.channel)}{hint}", "channel")


def _wrong_time(row: Row) -> list[Found]:
    """A digest and quiet hours need a clock; what only a digest has is of no use to what is told at once."""
    shape = row.value
    if not row.is_sound("when", "zone"):
        return []
    if (shape.when or shape.quiet) and not shape.zone:
        what, key = ("a digest needs", "when") if shape.when else ("quiet hours need", "quiet")
        return [row.fault(f"{what} a time zone; add `zone: Europe/London`, or another", key)]
    if shape.when:
        both = shape.empty == "send" and shape.min_items > 1
        words = "a digest that is sent when it is empty waits for no more; delete this, or `empty: send`"
        return [*([row.fault(words, "min_items")] if both else []), *_at_once_only(row), *_never(row)]
    set_ = {"max_items": shape.max_items is not None, "min_items": shape.min_items > 1, "empty": shape.empty == "send"}
    words = "only a digest counts stories, and this is told at once; delete it"
    return [row.fault(words, key) for key, is_set in set_.items() if is_set]


def _at_once_only(row: Row) -> list[Found]:
    """Tell of what only an alert has."""
    shape = row.value
    set_ = {
        "group_wait": bool(shape.group_wait),
        "repeat": bool(shape.repeat),
        "inhibit": bool(shape.inhibit),
        "continue": shape.goes_on == "false",
    }
    words = "is for what is told at once, and this is a digest; delete it"
    return [row.fault(words, key) for key, is_set in set_.items() if is_set]


def _never(row: Row) -> list[Found]:
    """Tell of a digest whose slots are all in its quiet hours; looked at for so many slots as a month has days."""
    shape = row.value
    s = Subscription(shape.id, (), "", "mail", cron=shape.when, zone=shape.zone, quiet=shape.quiet)
    slot = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(31 if shape.quiet else 0):
        slot = digests.next_slot(s, slot)
        if digests.quiet_until(s, slot) is None:
            return []
    words = "all times of its `when` are in these hours; choose others, or delete it"
    return [row.fault(words, "quiet")] if shape.quiet else []


def _wrong_way(row: Row, kind: Kind) -> list[Found]:
    """Mail needs addresses, each once; a bot of Slack's needs channels; the others know where they write."""
    if kind not in {"mail", "slack"}:
        words = f"only mail and Slack have recipients, and this channel is {kind}; delete `to`"
        return [row.fault(words, "to")] if row.value.to else []
    if kind == "mail" and not row.value.to and row.is_sound("to"):
        return [row.fault("mail needs recipients; add `to:` with a list of addresses")]
    return [found for n, one in enumerate(row.value.to) if (found := _wrong_recipient(row, kind, n, one))]


def _wrong_recipient(row: Row, kind: Kind, n: int, recipient: str) -> Found | None:
    """Each is there once, and is of the kind that the channel takes.  It is not repeated: it may be an address."""
    if recipient.casefold() in (other.casefold() for other in row.value.to[:n]):
        return row.fault("this is in the list twice; delete one", "to", n)
    if scalars.is_slack(recipient) == (kind == "slack"):
        return None
    wanted = "a mail address" if kind == "mail" else "a channel of Slack's, such as #news"
    return row.fault(f"this channel is {kind}, and this is not {wanted}", "to", n)
