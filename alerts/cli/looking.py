"""``alerts report``, ``feed``, ``preview`` and ``rebuild-index``: what was done, and what is kept."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from alerts import app as app_
from alerts import preview as preview_
from alerts import show, syndication
from alerts.cli.shell import ConfigFolder, cli, err, lookup, moment, out
from alerts.syndication import Form


@cli.command()
def report(
    config: ConfigFolder = Path("config"),
    since: Annotated[str, typer.Option(help="A time such as 2026-07-01T07:30:00Z; without it, the last hour.")] = "",
) -> None:
    """Print what was collected, matched, grouped and sent, and where it went."""
    with app_.open_app(lookup(config)) as app:
        began = moment(since) if since else app_.utc() - timedelta(hours=1)
        show.report(app, began, out)


@cli.command()
def feed(
    subscription: Annotated[str, typer.Argument(help="The id of a subscription.")],
    form: Annotated[Form, typer.Option("--format", help="atom or json.")] = "atom",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many entries, newest first.")] = 50,
    url: Annotated[str, typer.Option(help="Where the feed will be found, for readers that ask.")] = "",
    config: ConfigFolder = Path("config"),
) -> None:
    """Print what a subscription is told as a feed for readers, in Atom or JSON Feed."""
    with app_.open_app(lookup(config)) as app:
        sys.stdout.buffer.write(syndication.feed(app, subscription, form, limit=limit, url=url))


@cli.command()
def preview(
    subscription: Annotated[str, typer.Option(help="The id of a subscription.")],
    text: Annotated[bool, typer.Option("--text", help="The text part of a mail, not its HTML.")] = False,
    config: ConfigFolder = Path("config"),
) -> None:
    """Print what a subscription's messages look like, with sample news and your own templates; nothing is sent."""
    message, wrong = preview_.message(config, subscription, app_.utc())
    body = message.text if text else message.html or message.body or message.text
    for part in (message, *message.rest):
        sys.stdout.write(body if part is message else "\n" + (part.body or part.text))
    sys.stdout.write("\n")
    if wrong:
        err.print(wrong, style="red", markup=False)
        raise typer.Exit(1)


@cli.command(name="rebuild-index")
def rebuild_index() -> None:
    """Refill the index of seen articles in Redis from SQL; only speed depends on it."""
    out.print(f"{app_.rebuild_index(os.environ.get)} articles are in the index")
