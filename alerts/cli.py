"""The command line: ``alerts run``, ``check``, ``match``, ``explain`` and more; ``alerts --help`` has them all."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console

from alerts import app as app_
from alerts import config as config_
from alerts import (
    demo,
    doors,
    exchange,
    explain,
    following,
    lines,
    pushing,
    replay,
    services,
    serving,
    show,
    trials,
    urls,
)
from alerts import rules as rules_
from alerts.adapters import discovery
from alerts.errors import AlertsError, ConfigError, Problem
from alerts.model import Article

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tocsin, a self-hosted news watch: feeds in; what is new comes out as digests, Slack alerts and webhooks.",
)
feeds_ = typer.Typer(add_completion=False)
cli.add_typer(feeds_, name="feeds")
# A pipe has no width: a table in it is read by a program, and must not be cut.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 250)
err = Console(highlight=False, soft_wrap=True, stderr=True)

ConfigFolder = Annotated[Path, typer.Option("--config", envvar="ALERTS_CONFIG", help="The folder of the YAML files.")]
_DURATION = re.compile(r"(\d+)(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def main() -> None:
    """Run the command; what is wrong is said in plain words, and a mistake in the configuration ends with code 2.

    Only errors are logged: what a stage has to say is in its report, which is printed.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        cli()
    except ConfigError as error:
        _problems(error.problems)
        sys.exit(2)
    except AlertsError as error:
        err.print(f"alerts: {error}", style="red")
        sys.exit(1)


def duration(written: str) -> timedelta:
    """Read ``90s``, ``5m``, ``2h`` or ``1d``."""
    match = _DURATION.fullmatch(written)
    if not match:
        raise typer.BadParameter(f"{written!r} is no duration; write a number and s, m, h or d, such as 5m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


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
        following.follow(_lookup(config), threading.Event())
    while True:
        began = app_.utc()
        with app_.open_app(_lookup(config)) as app:
            for stage in app_.LINE:
                app.run(stage, digest_now=digest_now)
            if interval:
                out.print(f"{began:%Y-%m-%d %H:%M:%S} UTC")
            show.report(app, began, out)
        if interval is None:
            return
        time.sleep(max(0.0, (began + interval - app_.utc()).total_seconds()))


@cli.command()
def check(
    config: ConfigFolder = Path("config"),
    schema: Annotated[bool, typer.Option("--schema", help="Also write the JSON Schemas for editors.")] = False,
    archive: Annotated[
        Path | None, typer.Option(help="Articles, .jsonl or .jsonl.gz: warn of terms that meet too many of them.")
    ] = None,
) -> None:
    """Check the configuration: every mistake at once, with its place; exit code 2 if there is one.

    Then try the expect cases of every rule; exit code 1 if one fails.  What looks wrong and is none is a warning.
    """
    if schema:
        show.schemas(config / "schema", out)
    found = config_.examine(config_.read(config))
    if found.problems:
        raise ConfigError(found.problems)
    checked = found.config
    failures = list(trials.failures(rules_.compile(checked.rules, {w.id: w for w in checked.watchlists}), found.places))
    articles = _archive(archive) if archive else []
    warnings = (*trials.warnings(checked, found.places), *trials.common(checked, found.places, articles))
    for told in (*failures, *warnings):
        err.print(told.pointed, markup=False)
    if failures:
        err.print(f"{show.number(len(failures), 'expect case')} failed", style="red")
        raise typer.Exit(1)
    out.print(
        f"{config}: sound: {len(checked.feeds)} feeds, {len(checked.watchlists)} watchlists, {len(checked.rules)} "
        f"rules, {len(checked.subscriptions)} subscriptions, {len(checked.channels)} channels"
    )
    cases = sum(len(rule.expect) for rule in checked.rules)
    if cases:
        out.print(f"{show.number(cases, 'expect case')} of the rules tried: all hold")


def _archive(file: Path) -> list[Article]:
    """Read articles; lines that are wrong are told and left out."""
    found: list[Article] = []
    for read in trials.articles(file):
        if isinstance(read, Problem):
            _bad_line(read)
        else:
            found.append(read)
    out.print(f"{file}: {show.number(len(found), 'article')} read", markup=False)
    return found


def _bad_line(problem: Problem) -> None:
    """Say what is wrong with a line of articles."""
    err.print(f"line {problem.line}: {problem.message}", markup=False)


@cli.command(name="match")
def match_(
    rules: Annotated[
        Path, typer.Option("--rules", envvar="ALERTS_CONFIG", help="A configuration, or a folder of rule files.")
    ] = Path("config"),
) -> None:
    """Hold articles against the rules: JSON Lines from the input, a line to the output for each hit.

    A line that cannot be read is told on the error output, and the others go on; exit code 1 if there was one.
    """
    compiled = trials.rules_in(rules)
    bad = 0
    try:
        for found in trials.matched(sys.stdin.buffer, compiled):
            if isinstance(found, Problem):
                bad += 1
                _bad_line(found)
            else:
                print(found, flush=True)  # rich would look for markup in it
    except BrokenPipeError:
        # Who reads has enough.  What is still in the buffer must not be written when the program ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if bad:
        raise typer.Exit(1)


@cli.command(name="replay")
def replay_(
    rules: Annotated[
        Path, typer.Option("--rules", envvar="ALERTS_CONFIG", help="A configuration, or a folder of rule files.")
    ] = Path("config"),
    batch: Annotated[int, typer.Option(min=1, help="How many articles are grouped at once.")] = replay.BATCH,
    digests: Annotated[
        Path | None, typer.Option(help="Also write each daily subscription's digests into this folder.")
    ] = None,
) -> None:
    """Play articles through the rules and into stories, in memory: JSON Lines in, a line out for each that is matched.

    A line that cannot be read is told on the error output, and the others go on; exit code 1 if there was one.
    """
    played = replay.Replay(replay.configured(rules, whole=digests is not None), batch=batch, folder=digests)
    found = [lines.read(line, number) for number, line in lines.split(sys.stdin.buffer)]
    bad = [one for one in found if isinstance(one, Problem)]
    for problem in bad:
        _bad_line(problem)
    played.run(one for one in found if not isinstance(one, Problem))
    for line in played.placed():
        print(line)  # rich would look for markup in it
    if bad:
        raise typer.Exit(1)


@cli.command(name="explain")
def explain_(
    article: Annotated[
        str, typer.Argument(help="An article's URL, as printed anywhere, or its id (a-…); - reads the input.")
    ] = "",
    text: Annotated[str, typer.Option(help="Explain this text; its first line is the title.")] = "",
    file: Annotated[
        Path | None, typer.Option(help="Explain a text file, or every article of a .jsonl or .jsonl.gz file.")
    ] = None,
    config: ConfigFolder = Path("config"),
) -> None:
    """Say why an article was, or was not, told to whom; or hold a text against each rule.

    Of an article that was seen: feed, rules, story, deliveries, receipts.  A text or a file opens no store.
    """
    if sum(map(bool, (article, text, file))) != 1:
        raise typer.BadParameter("name one of: a URL, an id, - for the input, --text or --file")
    if text or file or article == "-":
        _explain_unseen(text, file, config)
        return
    with app_.open_app(_lookup(config)) as app:
        told = explain.article(article, app)
    out.print("\n".join(told), markup=False)
    if not told:
        err.print(f"no article {article} was seen; `alerts feeds` says which feeds are polled and how they do")
        raise typer.Exit(1)


def _explain_unseen(text: str, file: Path | None, config: Path) -> None:
    """Hold a text, the articles of a file, or what is read from the input, against each rule."""
    rules = trials.rules_in(config)
    bad = 0
    for read in [lines.plain(text)] if text else trials.articles(file):
        if isinstance(read, Problem):
            bad += 1
            _bad_line(read)
        else:
            out.print("\n".join(explain.unseen(read, rules)), markup=False)
    if bad:
        raise typer.Exit(1)


@feeds_.callback(invoke_without_command=True)
def feeds(context: typer.Context, config: ConfigFolder = Path("config")) -> None:
    """Show each feed's health: since when, why, and when it is polled next; or find, import and export feeds."""
    if context.invoked_subcommand is None:
        with app_.open_app(_lookup(config)) as app:
            out.print(show.feeds(app))


@feeds_.command()
def discover(
    url: Annotated[str, typer.Argument(help="A page of the site, such as https://example.org/.")],
    config: ConfigFolder = Path("config"),
) -> None:
    """Find the feeds of a site: what its page names, or else what is where feeds often are; exit code 1 if none is."""
    if not urls.is_web(url):
        raise typer.BadParameter("write an address that begins with https:// or http://, without a password in it")
    with app_.open_fetch(_lookup(config)) as (fetch, children):
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


@cli.command()
def deliveries(
    config: ConfigFolder = Path("config"),
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
) -> None:
    """Show the last deliveries with their states and the reason of their last receipt."""
    with app_.open_app(_lookup(config)) as app:
        out.print(show.deliveries(app, limit))


@cli.command()
def report(
    config: ConfigFolder = Path("config"),
    since: Annotated[str, typer.Option(help="A time such as 2026-07-01T07:30:00Z; without it, the last hour.")] = "",
) -> None:
    """Print what was collected, matched, grouped and sent, and where it went."""
    with app_.open_app(_lookup(config)) as app:
        began = _time(since) if since else app_.utc() - timedelta(hours=1)
        show.report(app, began, out)


@cli.command(name="rebuild-index")
def rebuild_index() -> None:
    """Refill the index of seen articles in Redis from SQL; only speed depends on it."""
    out.print(f"{app_.rebuild_index(os.environ.get)} articles are in the index")


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.")] = serving.PORT,
    config: ConfigFolder = Path("config"),
) -> None:
    """Take articles that are pushed, at POST /api/articles, and what hubs deliver, at /websub, until Ctrl-C."""
    callback, written = os.environ.get("ALERTS_CALLBACK"), os.environ.get(serving.TOKEN)
    try:
        tokens = pushing.tokens(written) if written or not callback else ()
    except ValueError as error:
        raise AlertsError(f"{serving.TOKEN} {error}") from error
    with doors.open_calls(_lookup(config)) as calls:
        heard = calls if callback else None
        with serving.serving(calls.door, tokens, calls=heard, host=host, port=port) as url:
            what = "articles" if tokens else "what hubs deliver"
            out.print(f"taking {what} at {url}{'/api/articles' if tokens else '/websub'}; Ctrl-C ends it")
            _until_told()


@cli.command(name="demo-feeds")
def demo_feeds(
    folder: Annotated[Path, typer.Option(help="The folder of the sample feeds.")] = Path("examples"),
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.")] = demo.PORT,
) -> None:
    """Serve the sample feeds over HTTP until Ctrl-C."""
    var = Path(os.environ.get("ALERTS_VAR") or "var")
    with demo.serving(folder, port=port, anchor_file=var / "demo-anchor") as url:
        out.print(f"serving {', '.join(demo.feed_names(folder))} on {url}; Ctrl-C ends it")
        _until_told()


@cli.command(name="with-services", context_settings={"ignore_unknown_options": True})
def with_services(
    command: Annotated[list[str], typer.Argument(help="The command, after --.")],
    demo_feeds: Annotated[bool, typer.Option("--demo-feeds", help="Serve the sample feeds as well.")] = False,
) -> None:
    """Run a command with the embedded Valkey around it, and end everything with it."""
    folder = Path("examples") if demo_feeds else None
    with services.services(os.environ, demo_feeds=folder) as environ:
        code = services.run(command, environ)
    raise typer.Exit(code)


def _until_told() -> None:
    """Wait for Ctrl-C."""
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        out.print("ended")


def _lookup(config: Path) -> app_.Lookup:
    """Find settings in the environment; the folder of the configuration is what the option says."""
    found = {**os.environ, "ALERTS_CONFIG": str(config)}
    return found.get


def _time(written: str) -> datetime:
    """Read an ISO time; one without a zone is UTC."""
    try:
        time_ = datetime.fromisoformat(written)
    except ValueError as error:
        raise typer.BadParameter(f"{written!r} is no time; write one such as 2026-07-01T07:30:00Z") from error
    return time_ if time_.tzinfo else time_.replace(tzinfo=UTC)


def _problems(problems: Sequence[Problem]) -> None:
    """Print every problem, with a caret under its place where the line may be shown, and their number."""
    for problem in problems:
        err.print(problem.pointed, markup=False)
    err.print(f"{len(problems)} problem{'s' if len(problems) != 1 else ''}", style="red")
