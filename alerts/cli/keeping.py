"""``alerts housekeep``, ``doctor``, ``metrics``, ``backup`` and ``restore``: what is kept, and whether all is well."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from alerts import app as app_
from alerts import doctor as doctor_
from alerts import metrics as metrics_
from alerts import show
from alerts.adapters.sql import dumps, expiry
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


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; one that is there already is left alone.")],
    config: ConfigFolder = Path("config"),
) -> None:
    """Write all that SQL holds into one file, while everything runs."""
    with app_.open_sql(lookup(config)) as engine:
        made = dumps.write(engine, file, now=app_.utc())
    out.print(f"{file}: {_said(made)}, {file.stat().st_size / 1e6:.1f} MB", markup=False)


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `alerts backup` has written.")],
    replace: Annotated[bool, typer.Option("--replace", help="Delete first what the store holds.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only read the file and say whether it is whole.")] = False,
    config: ConfigFolder = Path("config"),
) -> None:
    """Make the store what a backup says; whatever uses it must have been stopped."""
    if check:
        out.print(f"{file} is whole: {_said(dumps.examine(file))}", markup=False)
        return
    made = app_.restore(lookup(config), file, replace=replace)
    out.print(f"restored {_said(made)}; what Redis knew of the old store is never met again", markup=False)


def _said(made: dumps.Dump) -> str:
    rows = {name: count for name, count in made.rows.items() if count}
    return f"made {made.made:%Y-%m-%d %H:%M} UTC, {', '.join(f'{count} {name}' for name, count in rows.items())}"
