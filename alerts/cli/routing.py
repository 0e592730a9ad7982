"""``alerts routes test`` and ``alerts silences``: who is told, and what nobody is told for a while."""

from __future__ import annotations

import getpass
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from alerts import app as app_
from alerts import digests, lines, routes, show, trials, urls
from alerts.adapters.sql import queries
from alerts.app import App
from alerts.cli.shell import ConfigFolder, cli, duration, each, err, lookup, moment, one_of, out
from alerts.errors import AlertsError, Problem
from alerts.model import Article, Silence

LONGEST = timedelta(days=366)
"""A silence that has no end is a rule to be deleted."""

routes_ = typer.Typer(add_completion=False, no_args_is_help=True, help="See who is told of an article.")
cli.add_typer(routes_, name="routes")
silences_ = typer.Typer(add_completion=False)
cli.add_typer(silences_, name="silences")


@routes_.command(name="test")
def would(
    article: Annotated[
        str, typer.Argument(help="The URL or the id of an article that was seen; - reads the input.")
    ] = "",
    text: Annotated[str, typer.Option(help="This text; its first line is the title.")] = "",
    file: Annotated[
        Path | None, typer.Option(help="A text file, or every article of a .jsonl or .jsonl.gz file.")
    ] = None,
    config: ConfigFolder = Path("config"),
) -> None:
    """Say of every subscription whether it would be told of an article that came now, when, and why not."""
    one_of(article, text, file)
    with app_.open_app(lookup(config)) as app:
        each(_articles(article, text, file, app), lambda read: routes.of_article(read, app))


def _articles(named: str, text: str, file: Path | None, app: App) -> list[Article | Problem]:
    """Find the articles that are meant.  Of one that was seen, its newest version.

    Raises:
        AlertsError: It was not seen.
    """
    if text:
        return [lines.plain(text)]
    if file or named == "-":
        return list(trials.articles(file))
    canonical = urls.canonical(named) if urls.is_web(named) else named
    seen = queries.find_articles(app.engine, canonical) if app.engine else ()
    if not seen:
        raise AlertsError(f"no article {named} was seen; give its words with --text")
    return [seen[-1]]


@silences_.callback(invoke_without_command=True)
def silences(
    context: typer.Context,
    config: ConfigFolder = Path("config"),
    every: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
) -> None:
    """Show what nobody is told for a while: until when, who says so, and why; or add and end such silences."""
    if context.invoked_subcommand is None:
        with app_.open_app(lookup(config)) as app:
            now = app.clock()
            found = [s for s in app.stores.silences.values() if every or now < s.until]
            out.print(show.silences(found, now))


@silences_.command()
def add(  # noqa: PLR0917 - typer reads the options off the signature
    story: Annotated[str, typer.Option(help="The id of a story, as `alerts explain` names it.")] = "",
    rule: Annotated[str, typer.Option(help="The id of a rule.")] = "",
    outlet: Annotated[str, typer.Option(help="An outlet, by the name that feeds.yaml gives it.")] = "",
    subscription: Annotated[str, typer.Option(help="The id of a subscription.")] = "",
    until: Annotated[str, typer.Option(help="Its end: 4h from now, or a time such as 2026-07-01T07:30:00Z.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    author: Annotated[str, typer.Option(help="Who says so; your login name if left out.")] = "",
    config: ConfigFolder = Path("config"),
) -> None:
    """Hold back what meets all that is named; what is held back is not told later."""
    covers = (story, rule, outlet, subscription)
    if not any(covers):
        raise typer.BadParameter("name what is silenced: --story, --rule, --outlet or --subscription")
    if not until or not reason.strip():
        raise typer.BadParameter("a silence needs --until, such as 4h, and a --reason that others understand")
    with app_.open_app(lookup(config)) as app:
        _must_be_known(rule, subscription, app)
        now = app.clock()
        end = moment(until) if "-" in until else now + duration(until)
        if not now < end <= now + LONGEST:
            raise typer.BadParameter("its end must be ahead, and within a year; to end a rule, delete it")
        by = author or getpass.getuser()
        silence = Silence(digests.silences.name(by, now, covers), by, reason.strip(), now, end, *covers)
        app.stores.silences.put({silence.id: silence}, at=now)
    out.print(
        f"silence {silence.id} holds until {end:%Y-%m-%d %H:%M} UTC; `alerts silences expire {silence.id}` ends it"
    )


def _must_be_known(rule: str, subscription: str, app: App) -> None:
    """Refuse a silence of what is not there: it would hold nothing, and nobody would see why."""
    for kind, named, known in (
        ("rule", rule, [r.id for r in app.config.rules]),
        ("subscription", subscription, [s.id for s in app.config.subscriptions]),
    ):
        if named and named not in known:
            raise AlertsError(f"there is no {kind} {named}; the {kind}s are {', '.join(known)}")


@silences_.command()
def expire(
    silence: Annotated[str, typer.Argument(help="Its id, as `alerts silences` shows it.")],
    config: ConfigFolder = Path("config"),
) -> None:
    """End a silence now; exit code 1 if it has ended already."""
    with app_.open_app(lookup(config)) as app:
        now, found = app.clock(), app.stores.silences.get(silence)
        if found is None:
            raise AlertsError(f"there is no silence {silence}; `alerts silences --all` shows them")
        if found.until <= now:
            err.print(f"silence {silence} ended at {found.until:%Y-%m-%d %H:%M} UTC")
            raise typer.Exit(1)
        app.stores.silences.put({silence: replace(found, until=now)}, at=now)
    out.print(f"silence {silence} has ended; what comes from now on is told")
