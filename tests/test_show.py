"""What the command line shows of feeds: the table of their health, and the line of what a run left undone."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from alerts import app as app_
from alerts import show
from alerts.adapters.memory import MemoryFetch
from alerts.config import Config
from alerts.model import Feed, FeedState, Report

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEEDS = tuple(
    Feed(name, f"https://{name}.example/", name.title()) for name in ("wire", "lost", "ended", "moved", "fresh")
)


@pytest.fixture
def app() -> app_.App:
    app = app_.in_memory(Config(feeds=FEEDS), MemoryFetch(), {}, clock=lambda: NOW)
    states = [
        FeedState("wire", NOW + HOUR, last_poll=NOW, last_good=NOW, health="healthy", since=NOW - 9 * HOUR),
        FeedState("lost", NOW + HOUR, failures=4, reason="404 Not Found [x]", health="backing off", since=NOW),
        FeedState("ended", NOW, failures=3, reason="410 Gone", health="gone", since=NOW),
        FeedState("moved", NOW, health="healthy", home="https://elsewhere.example/", last_good=NOW),
    ]
    app.stores.states.put({state.feed: state for state in states}, at=NOW)
    return app


def test_the_table_of_feeds(app: app_.App) -> None:
    out = io.StringIO()
    Console(file=out, width=200).print(show.feeds(app))
    rows = [line.split("  ") for line in out.getvalue().splitlines() if "  " in line]
    told = {cells[0]: cells[1:] for row in rows if (cells := [cell.strip() for cell in row if cell.strip()])}
    assert told["feed"] == ["outlet", "health", "since", "last good", "next poll", "why"]
    assert told["wire"] == ["Wire", "healthy", "06-30 23:00:00", "07-01 08:00:00", "07-01 09:00:00"]
    assert told["lost"] == [
        "Lost",
        "backing off",
        "07-01 08:00:00",
        "07-01 09:00:00",
        "404 Not Found [x]; 4 times in a row",
    ]
    assert told["ended"] == ["Ended", "gone", "07-01 08:00:00", "never", "410 Gone"]
    assert told["moved"] == ["Moved", "new", "at once"], "what is known is of another address"
    assert told["fresh"] == ["Fresh", "new", "at once"]


def test_what_a_run_left_for_the_next() -> None:
    report = Report("poll", NOW, (("due", 9), ("held", 4), ("failed", 1), ("unchanged", 2)))
    assert next(show._summary([report])) == (
        "collected     0 new articles; 5 feeds polled: 4 answered, 2 of them unchanged (304), 1 failed; "
        "4 left for the next run, because their hosts are to be left alone"
    )
