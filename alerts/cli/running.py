"""``alerts run``: the line, once or for good."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from alerts import app as app_
from alerts import following, show
from alerts.cli.shell import ConfigFolder, cli, duration, lookup, out


@cli.command()
def run(
    config: ConfigFolder = Path("config"),
    every: Annotated[str, typer.Option(help="Go on, and begin again after so long: 5m.")] = "",
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on: poll every minute, and run at once when an article is pushed.")
    ] = False,
    digest_now: Annotated[
        bool, typer.Option("--digest-now", help="Compose the digests now, not at their hour.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Keep nothing, send nothing, print what would go out.")
    ] = False,
) -> None:
    """Run the line once, or for good with --every or --follow: poll, match, group, compose, deliver."""
    if follow and (every or digest_now or dry_run):
        raise typer.BadParameter("--follow goes with none of --every, --digest-now and --dry-run")
    interval = duration(every) if every else None
    if dry_run:
        show.dry_run(config, out)
        return
    if follow:
        following.follow(lookup(config), threading.Event())
    house = app_.Daily(lookup(config))
    while True:
        began = app_.utc()
        with app_.open_app(lookup(config)) as app:
            for stage in app_.LINE:
                app.run(stage, digest_now=digest_now)
            if interval:
                out.print(f"{began:%Y-%m-%d %H:%M:%S} UTC")
            show.report(app, began, out)
            house.keep(app)
        if interval is None:
            return
        time.sleep(max(0.0, (began + interval - app_.utc()).total_seconds()))
