"""``alerts check``, ``match``, ``replay`` and ``explain``: what rules say of articles."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from alerts import app as app_
from alerts import config as config_
from alerts import explain, lines, replay, show, trials
from alerts import rules as rules_
from alerts.cli.shell import ConfigFolder, bad_line, cli, each, err, lookup, one_of, out
from alerts.errors import ConfigError, Problem
from alerts.model import Article


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
            bad_line(read)
        else:
            found.append(read)
    out.print(f"{file}: {show.number(len(found), 'article')} read", markup=False)
    return found


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
                bad_line(found)
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
        bad_line(problem)
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
    one_of(article, text, file)
    if text or file or article == "-":
        _explain_unseen(text, file, config)
        return
    with app_.open_app(lookup(config)) as app:
        told = explain.article(article, app)
    out.print("\n".join(told), markup=False)
    if not told:
        err.print(f"no article {article} was seen; `alerts feeds` says which feeds are polled and how they do")
        raise typer.Exit(1)


def _explain_unseen(text: str, file: Path | None, config: Path) -> None:
    """Hold a text, the articles of a file, or what is read from the input, against each rule."""
    rules = trials.rules_in(config)
    each([lines.plain(text)] if text else trials.articles(file), lambda read: explain.unseen(read, rules))
