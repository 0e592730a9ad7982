"""``alerts deliveries`` and ``alerts channels``: what was sent to whom and why, again, and by which ways."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, get_args

import typer

from alerts import app as app_
from alerts import sent, show
from alerts.adapters.sql import queries
from alerts.app import App
from alerts.cli.shell import ConfigFolder, cli, lookup, out, past
from alerts.model import DeliveryState

STATES = ", ".join(get_args(DeliveryState))

deliveries_ = typer.Typer(add_completion=False)
cli.add_typer(deliveries_, name="deliveries")

State = Annotated[str, typer.Option(help=f"Only those in this state: {STATES}.")]
Channel = Annotated[str, typer.Option(help="Only those of this channel.")]
Whose = Annotated[str, typer.Option("--subscription", help="Only those of this subscription; operator for notices.")]
Since = Annotated[str, typer.Option(help="Only those made since then: 24h, or 2026-07-01T07:30:00Z.")]


@deliveries_.callback(invoke_without_command=True)
def deliveries(
    context: typer.Context,
    state: State = "",
    channel: Channel = "",
    subscription: Whose = "",
    since: Since = "",
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    config: ConfigFolder = Path("config"),
) -> None:
    """Show the last deliveries: state, attempts, and the last receipt; or one of them whole, or send some again."""
    if context.invoked_subcommand is None:
        with app_.open_app(lookup(config)) as app:
            out.print(sent.listed(_chosen(app, limit, state, channel, subscription, since)))


@deliveries_.command(name="show")
def show_(
    delivery: Annotated[str, typer.Argument(help="The id of a delivery, or a beginning that no other has.")],
    config: ConfigFolder = Path("config"),
) -> None:
    """Show one delivery: its state, every receipt, why it was made, and its message."""
    with app_.open_app(lookup(config)) as app:
        out.print("\n".join(sent.told(sent.found(app, delivery), app)), markup=False)


@deliveries_.command()
def redrive(
    ids: Annotated[list[str] | None, typer.Argument(help="The ids of deliveries.")] = None,
    state: State = "",
    channel: Channel = "",
    subscription: Whose = "",
    since: Since = "",
    config: ConfigFolder = Path("config"),
) -> None:
    """Send deliveries again that did not arrive: the same ids and the same bytes, and the attempts are counted anew.

    Name them by their ids, or choose them by their state, such as given_up.  What was delivered is left alone.
    """
    if bool(ids) == bool(state) or state in ("delivered", "open"):
        raise typer.BadParameter("name ids, or a --state: refused, quarantined or given_up")
    with app_.open_app(lookup(config)) as app:
        if ids:
            chosen = [sent.found(app, one).delivery.id for one in ids]
        else:
            records = _chosen(app, sent.EVERY, state, channel, subscription, since)
            chosen = [record.delivery.id for record in reversed(records)]
        count = sent.redriven(app, chosen, app_.utc())
    out.print(f"{show.number(count, 'delivery')} will be sent again")


@deliveries_.command()
def resume(
    channel: Annotated[str, typer.Argument(help="The id of a channel.")], config: ConfigFolder = Path("config")
) -> None:
    """Open a channel that is paused or disabled: what waits for it is sent with the next run."""
    with app_.open_app(lookup(config)) as app:
        state = sent.resumed(app, channel, app_.utc())
    out.print(f'channel "{channel}": {state.health}; the next delivery will tell', markup=False)


@cli.command()
def channels(config: ConfigFolder = Path("config")) -> None:
    """Show how each channel does: since when, why, when it is tried next, and how much waits for it."""
    with app_.open_app(lookup(config)) as app:
        out.print(sent.channels(app))


def _chosen(
    app: App, limit: int, state: str, channel: str, subscription: str, since: str
) -> tuple[queries.DeliveryRecord, ...]:
    """Find the deliveries that the options ask for, newest first."""
    if state and state not in get_args(DeliveryState):
        raise typer.BadParameter(f"{state!r} is no state; the states are {STATES}")
    began: datetime | None = past(since) if since else None
    return sent.chosen(app, limit, state=state, channel=channel, subscription=subscription, since=began)
