"""The line that waits: it runs at once when somebody rings, and every minute in any case.

Polling has a thread of its own, because a slow feed must not hold up what was pushed.  The configuration is read again
when a file of it has changed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from alerts import app as app_
from alerts import config as config_
from alerts.app import App, Daily, Lookup
from alerts.errors import ConfigError
from alerts.model import Report

SWEEP = 60.0
"""Seconds between two looks by the clock: a ring may be lost."""


def follow(lookup: Lookup, stop: threading.Event, *, sweep: float = SWEEP) -> None:
    """Run the line for good, until ``stop`` is set and somebody rings or the minute ends.

    :raises ConfigError: the configuration is wrong, and there is no last good version.
    :raises StoreError: SQL cannot be opened.
    """
    folder = app_.config_of(lookup)
    house = app_.Daily(lookup)
    while not stop.is_set():
        with app_.open_app(lookup) as app, ThreadPoolExecutor(1, "poll") as poller:
            _until_changed(app, poller, house, stop, lambda: _print_of(folder), sweep)


def _until_changed(
    app: App,
    poller: ThreadPoolExecutor,
    house: Daily,
    stop: threading.Event,
    look: Callable[[], str],
    sweep: float,
) -> None:
    """Follow with the configuration as it is, until it is another."""
    before, next_sweep = look(), time.monotonic()
    polling: Future[Report] | None = None
    while not stop.is_set():
        if time.monotonic() >= next_sweep:
            next_sweep = time.monotonic() + sweep
            if look() != before:
                break
            polling = _poll_again(app, poller, house, polling)
        for stage in app_.LINE[1:]:
            app.run(stage)
        app.news.wait(next_sweep - time.monotonic())
    if polling is not None:
        polling.result()


def _poll_again(app: App, poller: ThreadPoolExecutor, house: Daily, polling: Future[Report] | None) -> Future[Report]:
    """Poll, unless the last poll is still at it; what went wrong in that one is raised here."""
    if polling is not None and not polling.done():
        return polling
    if polling is not None:
        polling.result()
    return poller.submit(_poll, app, house)


def _poll(app: App, house: Daily) -> Report:
    """Poll, and ring if there is news; once a day, keep house behind it."""
    report = app.run("poll")
    if dict(report.counts).get("articles"):
        app.news.ring()
    house.keep(app)
    return report


def _print_of(folder: Path) -> str:
    """Give a fingerprint of the configuration."""
    try:
        files = config_.read(folder)
    except ConfigError:
        return ""
    return sha256(b"\0".join(part for file in files for part in (file.path.encode(), file.text))).hexdigest()
