"""Three days of the soak that `make soak` runs for thirty: nothing is lost, nothing comes twice, nothing piles up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.app.retention import Retention
from bench import soak

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SHORT = Retention(articles=DAY, deliveries=DAY, reports=DAY / 2, seen=30 * DAY)


@pytest.fixture(scope="module")
def result() -> soak.Result:
    return soak.run(3, 3 * HOUR, SHORT)


def test_every_marker_is_told_once_and_no_call_comes_twice(result: soak.Result) -> None:
    assert (result.markers, result.lost, result.twice) == (12, (), ())
    assert result.deliveries > 100
    assert result.faults > 5, "a feed or a receiver failed now and then"
    assert result.restarts == 2


def test_what_is_kept_is_bounded(result: soak.Result) -> None:
    """After a day and a half everything has gone once: then there is no more of it."""
    late = result.after(1.5 * DAY)
    assert max(s.kept for s in late[6:]) < 1.25 * max(s.kept for s in late[:6])
    assert late[-1].kept < result.written, "without housekeeping the logs hold half as much again"
    assert max(s.files for s in late) < 20


def test_memory_does_not_run_away(result: soak.Result) -> None:
    assert result.fit(1 * DAY).slope < 1


def test_a_slope_has_an_error_and_is_that_of_the_days() -> None:
    """Two megabytes a day, up and down within each."""
    samples = [soak.Sample(h, 100 + 2 * (h // 24) + (h % 2), 0, 0, 0, 0) for h in range(24 * 10)]
    steady = soak.Result(10, 1, 0, 0, 0, 0, 0, (), 0, (), tuple(samples)).fit(DAY)
    assert (round(24 * steady.slope, 6), round(steady.error, 6)) == (2, 0)
    shaken = [replace(s, rss=s.rss + 5 * (s.hours // 24 % 2)) for s in samples]
    assert soak.Result(10, 1, 0, 0, 0, 0, 0, (), 0, (), tuple(shaken)).fit(DAY).error > 0.01
