"""The conformance tests of HTTP caches that concern who polls: when an answer is fresh, and how it is asked about again.

A client that polls keeps no bodies and answers nobody: of a cache it has the part that decides whether to ask, and with
which conditions.  A suite that is about the other parts is named here with the reason.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from alerts import feeds
from alerts.adapters.http import HttpFetch
from alerts.model import Feed, FeedState, Fetched
from tests.contract.test_fetch import LOCAL, RSS, Server, running

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "http_cache_tests.tar.gz"
NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
PAUSE = timedelta(seconds=3)

OURS = (
    "cc-freshness", "cc-parse", "age-parse", "expires", "expires-parse", "cc-response", "conditional-inm", "update304",
    "interim",
)  # fmt: skip

NOT_OURS = {
    "stale": "stale bodies in the place of errors: we keep no bodies",
    "heuristic": "guesses how long an answer is fresh that does not say so: our own interval is that guess",
    "method": "POST: we only GET",
    "status": "which statuses a cache may store: a feed is a 200",
    "cc-request": "what a cache is asked for: nobody asks us",
    "pragma": "of HTTP/1.0, and about requests to a cache",
    "vary": "which of several stored bodies to give: we keep none, and ask the same each time",
    "vary-parse": "the same",
    "conditional-lm": "how a cache answers conditions: nobody asks us",
    "headers": "which headers a cache passes on: we pass none",
    "updateHEAD": "HEAD: we only GET",
    "invalidation": "POST, PUT and DELETE: we only GET",
    "partial": "ranges: a feed is read whole",
    "auth": "what a shared cache may give to others",
    "other": "ages that a cache writes, and query strings as keys of a store",
    "cdn-cache-control": "for the caches of a content network",
}

SHARED = "s-maxage is for caches that are shared"
PASSED_ON = "a header that a cache passes on: we pass none"
QUESTION = "a question of the suite, which has no right answer; ours is the careful one"
ASKED = "how a cache answers conditions: nobody asks us"

OTHERWISE = {
    "freshness-s-maxage-shared": SHARED,
    "freshness-max-age-s-maxage-shared-longer": SHARED,
    "freshness-max-age-s-maxage-shared-longer-reversed": SHARED,
    "freshness-max-age-s-maxage-shared-longer-multiple": SHARED,
    "freshness-max-age-s-maxage-shared-shorter": SHARED,
    "freshness-max-age-s-maxage-shared-shorter-expires": SHARED,
    "cc-resp-private-shared": "private is for caches that are shared",
    "freshness-max-age-date": "an old Date without an Age is a wrong clock as often as a cache; " + QUESTION,
    "freshness-max-age-two-stale-fresh-sameline": "of two the first counts; " + QUESTION,
    "freshness-max-age-two-stale-fresh-sepline": "of two the first counts; " + QUESTION,
    "freshness-max-age-space-before-equals": "it is clear what is meant; " + QUESTION,
    "freshness-max-age-space-after-equals": "it is clear what is meant; " + QUESTION,
    "freshness-max-age-decimal-zero": "no whole number is no number; " + QUESTION,
    "freshness-max-age-decimal-five": "no whole number is no number; " + QUESTION,
    "freshness-max-age-a100": "no whole number is no number; " + QUESTION,
    "freshness-max-age-100a": "no whole number is no number; " + QUESTION,
    "freshness-expires-invalid-date": "an Expires without a Date to count from is not believed; our own interval holds",
    "cc-resp-immutable-stale": "what a browser sends when somebody presses reload",
    "conditional-etag-strong-generate-unquoted": "a validator goes back byte for byte, and gets no quotes",
}


def _all() -> dict[str, list[dict[str, Any]]]:
    if not ARCHIVE.exists():
        return {}
    with tarfile.open(ARCHIVE) as files:
        stream = files.extractfile("http_cache_tests/tests.json")
        assert stream
        return {suite["id"]: suite["tests"] for suite in json.load(stream)}


SUITES = _all()


def reason(test: dict[str, Any]) -> str:
    """Why a test of our suites is not run; empty if it is."""
    last = test["requests"][-1]
    if test["id"] in OTHERWISE:
        return OTHERWISE[test["id"]]
    if test["id"].startswith("conditional-") and "-generate" not in test["id"]:
        return ASKED
    if test["id"].startswith(("304-", "headers-omit")) and not {"ETag", "Expires", "Cache-Control"} & {
        name for name, *_ in last.get("expected_response_headers", [])
    }:
        return PASSED_ON
    return ""


CASES = [test for suite in OURS for test in SUITES.get(suite, []) if not reason(test)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as made:
        yield made


def test_every_suite_is_run_or_has_a_reason() -> None:
    if not SUITES:
        pytest.skip(f"{ARCHIVE.name} is not here")
    assert set(SUITES) == {*OURS, *NOT_OURS}
    assert len(CASES) >= 75
    known = {test["id"] for suite in OURS for test in SUITES[suite]}
    assert set(OTHERWISE) <= known


@pytest.mark.parametrize("test", CASES, ids=[test["id"] for test in CASES])
def test_case(server: Server, test: dict[str, Any]) -> None:
    feed = Feed("f", f"{server.url}/{test['id']}", "Outlet", every=timedelta(seconds=1))
    state, now = None, NOW
    for step in test["requests"]:
        expected, asked = step.get("expected_type"), feeds.is_due(state, now)
        if state and expected:
            assert asked is (expected != "cached"), test["name"]
        if asked:
            state = _poll(server, feed, state, step, now)
        now += PAUSE if step.get("pause_after") else timedelta(seconds=1)


def _poll(server: Server, feed: Feed, state: FeedState | None, step: dict[str, Any], now: datetime) -> FeedState:
    """Ask once, and hold what is sent against what the step expects."""
    server.does("/" + feed.url.rpartition("/")[2], lambda handler: _answer(handler, step, now))
    ((_, got),) = HttpFetch(allow_hosts=LOCAL)([feeds.request(feed, state)])
    assert isinstance(got, Fetched), got
    sent = server.asked[-1][1]
    for name, value in step.get("expected_request_headers", []):
        assert sent[name.lower()] == value
    if step.get("expected_type") == "etag_validated":
        assert state is not None
        assert (sent["if-none-match"], got.status) == (state.etag, 304)
    return feeds.after_success(feed, state, got, now)


def _answer(handler: BaseHTTPRequestHandler, step: dict[str, Any], now: datetime) -> None:
    """Write the answer of a step: the interim ones, then 304 to a condition that is expected, or 200."""
    for status, *headers in step.get("interim_responses", []):
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers[0] if headers else []))
        handler.wfile.write(f"HTTP/1.1 {status} Interim\r\n{lines}\r\n".encode())
    validated = str(step.get("expected_type")).endswith("_validated")
    handler.wfile.write(b"HTTP/1.1 304 Not Modified\r\n" if validated else b"HTTP/1.1 200 OK\r\n")
    given = [(name, value) for name, value, *_ in step.get("response_headers", []) if name != "Content-Length"]
    lines = "".join(f"{name}: {_written(value, now)}\r\n" for name, value in given)
    handler.wfile.write(f"{lines}Content-Length: {0 if validated else len(RSS)}\r\n\r\n".encode())
    handler.wfile.write(b"" if validated else RSS)


def _written(value: str | int, now: datetime) -> str:
    """Write a header; a number is a time from now, in seconds."""
    return format_datetime(now + timedelta(seconds=value), usegmt=True) if isinstance(value, int) else value
