"""``alerts subscribers``: who subscribed by themselves, and who is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from alerts import app as app_
from alerts import config as config_
from alerts import deliveries, show, subscribers
from alerts.adapters.sql import SqlSubscribers
from alerts.cli.shell import ConfigFolder, cli, err, lookup, out
from alerts.config import Config
from alerts.tokens import Signer

subscribers_ = typer.Typer(add_completion=False)
cli.add_typer(subscribers_, name="subscribers")

Named = Annotated[str, typer.Argument(help="The id in the first column of the list.")]


@subscribers_.callback(invoke_without_command=True)
def list_(context: typer.Context, config: ConfigFolder = Path("config")) -> None:
    """Show who subscribed by themselves, and which addresses are told nothing and why; no address is shown whole."""
    if context.invoked_subcommand is not None:
        return
    found = lookup(config)
    with app_.open_sql(found) as engine:
        signer = app_.desk_signer(found, app_.folder_of(found))
        out.print(show.subscribers(list(_rows(engine, signer, config_.examine(config_.read(config)).config))))


@subscribers_.command()
def remove(name: Named, config: ConfigFolder = Path("config")) -> None:
    """Delete a subscriber, and the address with it; exit code 1 if there is none of this id."""
    with app_.open_sql(lookup(config)) as engine:
        store = SqlSubscribers(engine)
        reader = next((reader for reader in store.all() if reader.id.startswith(name)), None)
        if reader is None:
            err.print(f"there is no subscriber {name}", markup=False)
            raise typer.Exit(1)
        store.remove(reader)
    out.print(f"{name}: deleted", markup=False)


@subscribers_.command()
def resume(name: Named, config: ConfigFolder = Path("config")) -> None:
    """Tell an address again that was left alone; exit code 1 if there is none of this id."""
    with app_.open_sql(lookup(config)) as engine:
        store = SqlSubscribers(engine)
        mark = next((pause.mark for pause in store.pauses() if pause.mark.startswith(name)), "")
        if not store.resume(mark, app_.utc()):
            err.print(f"nobody is left alone under {name}", markup=False)
            raise typer.Exit(1)
    out.print(f"{name}: told again", markup=False)


def _rows(engine: Engine, signer: Signer, config: Config) -> Iterator[tuple[str, str, str, str, str]]:
    """Give the rows of the list: id, address in part, subscription, since, and how it stands."""
    store = SqlSubscribers(engine)
    readers = store.all()
    for reader in readers:
        when = f"{', '.join(reader.wishes.rules)}; {reader.wishes.cron or 'instant'} {reader.wishes.zone}"
        made = f"{reader.made:%Y-%m-%d %H:%M}"
        yield reader.id[:12], deliveries.masked(reader.address), reader.name, made, f"{reader.standing}: {when}"
    known = [(s.id, address) for s in config.subscriptions for address in s.recipients if "@" in address]
    known += [(reader.name, reader.address) for reader in readers]
    whose = {subscribers.recipient_mark(signer.mark, *pair): pair for pair in known}
    whose |= {subscribers.address_mark(signer.mark, address): ("all", address) for _, address in known}
    for pause in store.pauses():
        subscription, address = whose.get(pause.mark, ("", ""))
        shown = deliveries.masked(address)
        yield pause.mark[:12], shown, subscription, f"{pause.at:%Y-%m-%d %H:%M}", f"left alone: {pause.reason}"
