"""What was sent to whom and why, and how the channels do: for the command line.

No address of a recipient is shown: ``a…@e….org`` stands for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.box import SIMPLE
from rich.table import Column, Table
from sqlalchemy import Engine

from alerts import channels as channels_
from alerts import deliveries as deliveries_
from alerts import pauses, ports
from alerts.adapters.sql import queries
from alerts.adapters.sql.queries import DeliveryRecord
from alerts.app import App
from alerts.errors import AlertsError
from alerts.model import ChannelState, Delivery


def listed(records: Sequence[DeliveryRecord]) -> Table:
    """Make the table of deliveries, newest first."""
    heads = ("made", Column("delivery", overflow="fold"), "channel", "to", "state", "attempts", "next", "last receipt")
    table = Table(*heads, box=SIMPLE)
    for record in records:
        delivery = record.delivery
        last = _plain(record.receipts[-1].reason) if record.receipts else ""
        to = deliveries_.masked(delivery.recipient)
        state = (record.state, str(record.attempts), _time(record.next_attempt), last)
        table.add_row(_time(delivery.made), _plain(delivery.id), delivery.channel, to, *state)
    return table


def told(record: DeliveryRecord, app: App) -> Iterator[str]:
    """Tell all of one delivery: its state, every receipt, why it was made, and its message."""
    delivery = record.delivery
    yield delivery.id
    yield f"  made          {delivery.made:%Y-%m-%d %H:%M:%S} UTC, for {_whom(delivery)}"
    after = f", next attempt {record.next_attempt:%Y-%m-%d %H:%M:%S} UTC" if record.next_attempt else ""
    yield f"  state         {record.state.replace('_', ' ')}, {record.attempts} attempts{after}"
    state = app.stores.channels.get(delivery.channel)
    if state and state.health != "healthy":
        yield f"  channel       {state.health}: {channels_.why(state)}"
    for receipt in record.receipts:
        yield f"  {receipt.at:%m-%d %H:%M:%S} attempt {receipt.attempt}: {receipt.outcome}: {receipt.reason}"
    yield from (f"  why           {line}" for line in _why(delivery, app))
    yield f"  subject       {delivery.message.subject}"
    yield from (f"  | {line}" for line in delivery.message.text.splitlines())


def _whom(delivery: Delivery) -> str:
    to = f" to {deliveries_.masked(delivery.recipient)}" if delivery.recipient else ""
    whose = "the operator" if delivery.subscription == deliveries_.OPERATOR else f'"{delivery.subscription}"'
    return f'{whose} by "{delivery.channel}"{to}'


def _why(delivery: Delivery, app: App) -> Iterator[str]:
    """Say which rules an alert met and what is new in which story, or what a digest covers."""
    kind, _, rest = delivery.id.partition(":")
    if kind == "notice":
        yield "something that the operator must know; `operator` of channels.yaml names who is told"
        return
    s = next((s for s in app.config.subscriptions if s.id == delivery.subscription), None)
    if kind == "digest":
        rules = f", which watches {', '.join(s.rules)}" if s else ", which is no longer configured"
        yield f'the digest of "{delivery.subscription}"{rules}, up to position {delivery.upto} of the log'
        return
    article = rest.removeprefix(f"{delivery.subscription}:").partition("@")[0]
    for found in queries.find_developments(_engine(app), article):
        if delivery.id.startswith(f"alert:{delivery.subscription}:{found.key}"):
            hits = ", ".join(f"{hit.rule} ({hit.strength})" for hit in found.match.hits)
            yield f"met {hits}; {found.reason}; in the story {found.story}"
            yield f"{found.match.article.outlet}: {found.match.article.url}"


def found(app: App, delivery: str) -> DeliveryRecord:
    """Find a delivery by its id, or by a beginning that no other has.

    Raises:
        AlertsError: There is none, or more than one.
    """
    records = queries.find_deliveries(_engine(app), delivery)
    exact = [record for record in records if record.delivery.id == delivery]
    if len(exact or records) != 1:
        many = f"{len(records)} deliveries or more begin so" if records else "no delivery begins so"
        raise AlertsError(f"{delivery}: {many}; `alerts deliveries` lists their ids")
    return (exact or records)[0]


EVERY = 1_000_000
"""As many as there are."""


def chosen(
    app: App, limit: int, *, state: str = "", channel: str = "", subscription: str = "", since: datetime | None = None
) -> tuple[DeliveryRecord, ...]:
    """Give the last deliveries of a state, a channel, a subscription, or since a time; newest first."""
    return queries.recent_deliveries(
        _engine(app),
        limit,
        state=state or None,
        channel=channel or None,
        subscription=subscription or None,
        since=since,
    )


def redriven(app: App, ids: Sequence[str], now: datetime) -> int:
    """Open these deliveries again, in the order in which they were made; how many that are."""
    return app.stores.outbox.redrive(ids, now=now)


def resumed(app: App, channel: str, now: datetime) -> ChannelState:
    """Open a channel that is paused, disabled or left alone for a while.

    Raises:
        AlertsError: There is no such channel.
    """
    known = [settings.id for settings in app.config.channels]
    if app.stores.channels.get(channel) is None and channel not in known:
        raise AlertsError(f'there is no channel "{channel}"; the channels are {", ".join(known)}')
    pauses.resume(app.stores.paused, "channel", channel, now=now)
    return reopened(app.stores.channels, app.stores.outbox, channel, now)


def reopened(states: ports.Table[ChannelState], outbox: ports.Outbox, channel: str, now: datetime) -> ChannelState:
    """Keep that a channel is open, and make what waits for it due at once; gives how it does now."""
    after = channels_.resumed(states.get(channel) or ChannelState(channel), now)
    states.put({channel: after}, at=now)
    outbox.hasten(channel, now=now)
    return after


def channels(app: App) -> Table:
    """Make the table of how the channels do, and what waits for each."""
    table = Table("channel", "kind", "health", "since", "last good", "next probe", "waiting", "why", box=SIMPLE)
    waiting = queries.waiting(_engine(app))
    kinds: dict[str, str] = {settings.id: settings.kind for settings in app.config.channels}
    states = {state.channel: state for state in app.stores.channels.values()}
    for name in dict.fromkeys([*kinds, *sorted(waiting)]):
        state = states.get(name) or ChannelState(name)
        probe = "never" if state.health == "disabled" else _time(state.next_probe)
        times = (_time(state.since), _time(state.last_good), probe)
        count = str(waiting.get(name, 0))
        kind = kinds.get(name, "not configured")
        held = pauses.found(app.stores.paused, "channel", name)
        why = "; ".join(words for words in (pauses.said(held) if held else "", channels_.why(state)) if words)
        table.add_row(name, kind, state.health, *times, count, _plain(why))
    return table


def _engine(app: App) -> Engine:
    if app.engine is None:
        raise AlertsError("nothing is kept in memory; open a store")
    return app.engine


def _time(at: datetime | None) -> str:
    return f"{at:%m-%d %H:%M:%S}" if at else ""


def _plain(text: str) -> str:
    """Keep brackets from being read as markup."""
    return text.replace("[", r"\[")
