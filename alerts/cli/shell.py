"""What every command has: the application, the two outputs, the folder of the configuration, and its settings."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from alerts import app as app_
from alerts.errors import Problem
from alerts.model import Article

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tocsin, a self-hosted news watch: feeds in; what is new comes out as digests, Slack alerts and webhooks.",
)
# A pipe has no width: a table in it is read by a program, and must not be cut.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 250)
err = Console(highlight=False, soft_wrap=True, stderr=True)

ConfigFolder = Annotated[Path, typer.Option("--config", envvar="ALERTS_CONFIG", help="The folder of the YAML files.")]
_DURATION = re.compile(r"(\d+)(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(written: str) -> timedelta:
    """Read ``90s``, ``5m``, ``2h`` or ``1d``."""
    match = _DURATION.fullmatch(written)
    if not match:
        raise typer.BadParameter(f"{written!r} is no duration; write a number and s, m, h or d, such as 5m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def moment(written: str) -> datetime:
    """Read an ISO time; one without a zone is UTC."""
    try:
        time_ = datetime.fromisoformat(written)
    except ValueError as error:
        raise typer.BadParameter(f"{written!r} is no time; write one such as 2026-07-01T07:30:00Z") from error
    return time_ if time_.tzinfo else time_.replace(tzinfo=UTC)


def past(written: str) -> datetime:
    """Read a time, or how long ago it was: ``24h``."""
    return app_.utc() - duration(written) if _DURATION.fullmatch(written) else moment(written)


def lookup(config: Path) -> app_.Lookup:
    """Find settings in the environment; the folder of the configuration is what the option says."""
    found = {**os.environ, "ALERTS_CONFIG": str(config)}
    return found.get


def problems(problems: Sequence[Problem]) -> None:
    """Print every problem, with a caret under its place where the line may be shown, and their number."""
    for problem in problems:
        err.print(problem.pointed, markup=False)
    err.print(f"{len(problems)} problem{'s' if len(problems) != 1 else ''}", style="red")


def bad_line(problem: Problem) -> None:
    """Say what is wrong with a line of articles."""
    err.print(f"line {problem.line}: {problem.message}", markup=False)


def one_of(article: str, text: str, file: Path | None) -> None:
    """Refuse more than one way to name what is meant, or none."""
    if sum(map(bool, (article, text, file))) != 1:
        raise typer.BadParameter("name one of: a URL, an id, - for the input, --text or --file")


def each(articles: Iterable[Article | Problem], told: Callable[[Article], Iterable[str]]) -> None:
    """Print what is told of each; a line that cannot be read is told too, and ends the command with 1 at its end."""
    bad = 0
    for read in articles:
        if isinstance(read, Problem):
            bad += 1
            bad_line(read)
        else:
            out.print("\n".join(told(read)), markup=False)
    if bad:
        raise typer.Exit(1)


def until_told() -> None:
    """Wait for Ctrl-C."""
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        out.print("ended")
