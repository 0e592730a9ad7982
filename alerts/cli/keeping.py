"""``alerts housekeep``, ``doctor`` and ``metrics``: what is kept, and whether all is well."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from alerts import app as app_
from alerts import doctor as doctor_
from alerts import metrics as metrics_
from alerts import show
from alerts.adapters.sql import expiry
from alerts.cli.shell import ConfigFolder, cli, lookup, out


@cli.command()
def housekeep(
    config: ConfigFolder = Path("config"),
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Then give free space back to the disk; SQLite's writers wait for it.")
    ] = False,
) -> None:
    """Delete what is old and needed by nobody, put back what Redis has lost, and name the feeds that are sick."""
    for line in show.kept(app_.housekeep(lookup(config))):
        out.print(line, markup=False)
    if vacuum:
        with app_.open_sql(lookup(config)) as engine:
            before, _ = expiry.size(engine)
            expiry.vacuum(engine)
            after, _ = expiry.size(engine)
        out.print(f"vacuum        {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB after", markup=False)


@cli.command()
def doctor(config: ConfigFolder = Path("config")) -> None:
    """Say what is right and wrong with this installation, and what to do; exit code 1 if something is wrong."""
    wrong = False
    for found in doctor_.examine(lookup(config)):
        wrong = wrong or found.state == "wrong"
        out.print(f"{found.state:<6} {found.part:<16} {found.said}", markup=False)
        if found.advice:
            out.print(f"{'':<24}{found.advice}", markup=False)
    raise typer.Exit(wrong)


@cli.command()
def metrics(config: ConfigFolder = Path("config")) -> None:
    """Print the metrics once, in the text format of Prometheus."""
    with app_.open_sql(lookup(config)) as engine:
        sys.stdout.buffer.write(metrics_.Scrape(engine, config)())
