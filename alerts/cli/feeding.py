"""``alerts feeds``: their health; finding, importing and exporting them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from alerts import app as app_
from alerts import exchange, show, urls
from alerts.adapters import discovery
from alerts.cli.shell import ConfigFolder, cli, err, lookup, out

feeds_ = typer.Typer(add_completion=False)
cli.add_typer(feeds_, name="feeds")


@feeds_.callback(invoke_without_command=True)
def feeds(context: typer.Context, config: ConfigFolder = Path("config")) -> None:
    """Show each feed's health: since when, why, and when it is polled next; or find, import and export feeds."""
    if context.invoked_subcommand is None:
        with app_.open_app(lookup(config)) as app:
            out.print(show.feeds(app))


@feeds_.command()
def discover(
    url: Annotated[str, typer.Argument(help="A page of the site, such as https://example.org/.")],
    config: ConfigFolder = Path("config"),
) -> None:
    """Find the feeds of a site: what its page names, or else what is where feeds often are; exit code 1 if none is."""
    if not urls.is_web(url):
        raise typer.BadParameter("write an address that begins with https:// or http://, without a password in it")
    with app_.open_fetch(lookup(config)) as (fetch, children):
        found = discovery.discover(url, fetch, children)
    for candidate in found:
        out.print(show.candidate(candidate), markup=False)
    if not any(candidate.feed for candidate in found):
        err.print(f"no feed was found at {url}; look on the site for a page on RSS", markup=False)
        raise typer.Exit(1)


@feeds_.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="A list of feeds, in OPML.")],
    write: Annotated[bool, typer.Option("--write", help="Put the rows behind those of feeds.yaml.")] = False,
    config: ConfigFolder = Path("config"),
) -> None:
    """Make rows for feeds.yaml of a list in OPML: printed, or written behind the others; exit code 1 if there is none.

    What is left out is told on the error output, with its line.
    """
    found = exchange.imported(file, config)
    for problem in found.problems:
        err.print(str(problem), markup=False)
    if found.folders:
        err.print(show.folders(found.folders), markup=False)
    if not found.rows:
        err.print(f"no new feed is in {file}", markup=False)
        raise typer.Exit(1)
    if write:
        out.print(f"{exchange.write(config, found.rows)}: {show.number(len(found.rows), 'feed')} added", markup=False)
    else:
        print("\n".join(f"  {row}" for row in found.rows))


@feeds_.command()
def export(config: ConfigFolder = Path("config")) -> None:
    """Write the configured feeds to the output as OPML 2.0, for other programs."""
    sys.stdout.buffer.write(exchange.exported(config, app_.utc()))
