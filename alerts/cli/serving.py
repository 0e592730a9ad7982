"""``alerts serve``, ``desk``, ``demo-feeds`` and ``with-services``: what runs until it is told to end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from alerts import app as app_
from alerts import demo, doors, pushing, services, serving
from alerts import metrics as metrics_
from alerts.cli.shell import ConfigFolder, cli, lookup, out, until_told
from alerts.errors import AlertsError


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.")] = serving.PORT,
    config: ConfigFolder = Path("config"),
) -> None:
    """Take pushed articles (/api/articles) and what hubs deliver (/websub), give metrics (/metrics), until Ctrl-C."""
    callback, seers = os.environ.get("ALERTS_CALLBACK"), _tokens(serving.METRICS_TOKEN)
    tokens = _tokens(serving.TOKEN, needed=not (callback or seers))
    with doors.open_calls(lookup(config)) as calls, app_.open_sql(lookup(config)) as engine:
        shown = serving.Metrics(metrics_.Scrape(engine, config), metrics_.CONTENT_TYPE, seers)
        heard = calls if callback else None
        with serving.serving(calls.door, tokens, calls=heard, metrics=shown, host=host, port=port) as url:
            what = {"articles": tokens, "what hubs deliver": callback}
            taken = " and ".join(name for name, on in what.items() if on)
            out.print(f"{f'taking {taken}, ' if taken else ''}giving metrics at {url}; Ctrl-C ends it")
            until_told()


@cli.command()
def desk(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.")] = 8587,
    config: ConfigFolder = Path("config"),
) -> None:
    """Serve the desk, the pages in a browser, behind the token ALERTS_DESK_TOKEN, until Ctrl-C."""
    try:
        from alerts.desk import alone, open_desk  # noqa: PLC0415 - an extra, and heavy
    except ModuleNotFoundError as error:
        raise AlertsError(f'the desk needs {error.name}; run: pip install "tocsin[desk]"') from None
    tokens = _tokens(alone.TOKEN, needed=True)
    with (
        open_desk(lookup(config)) as opened,
        alone.serving(alone.desk(lambda: opened, tokens), host=host, port=port) as url,
    ):
        out.print(f"the desk is at {url}/; Ctrl-C ends it")
        until_told()


def _tokens(name: str, *, needed: bool = False) -> tuple[str, ...]:
    """Read the tokens of a setting.

    Raises:
        AlertsError: They are too short, or not set and needed.
    """
    written = os.environ.get(name)
    try:
        return pushing.tokens(written) if written or needed else ()
    except ValueError as error:
        raise AlertsError(f"{name} {error}") from error


@cli.command(name="demo-feeds")
def demo_feeds(
    folder: Annotated[Path, typer.Option(help="The folder of the sample feeds.")] = Path("examples"),
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.")] = demo.PORT,
) -> None:
    """Serve the sample feeds over HTTP until Ctrl-C."""
    var = Path(os.environ.get("ALERTS_VAR") or "var")
    with demo.serving(folder, port=port, anchor_file=var / "demo-anchor") as url:
        out.print(f"serving {', '.join(demo.feed_names(folder))} on {url}; Ctrl-C ends it")
        until_told()


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
