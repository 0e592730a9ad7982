"""Lulls: by whose own rhythm something is silent, what is told of it and when, and the ping that somebody waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from alerts import app as app_
from alerts import lulls
from alerts.adapters.sql import queries
from alerts.app import pulse
from alerts.app.pulse import Heart
from alerts.errors import AlertsError
from alerts.lulls import Pulse
from alerts.model import Feed, FeedState, Hour, Lull, Rule, Volume
from alerts.stages.matching import VOLUME
from tests.servers import say, serving
from tests.shop import Shop, open_shop, rss

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def silent(pulses: Iterator[Pulse], now: datetime = NOW) -> list[str]:
    return [lull.what for pulse in pulses if (lull := pulse.lull(now))]


# ── whose rhythm ─────────────────────────────────────────────────────────────────────────────────────────────────────

STAGES = [
    ("every minute, and late by a quarter of an hour: that is a restart", MINUTE, 15 * MINUTE, 10, False),
    ("every minute, and not for half an hour", MINUTE, 30 * MINUTE, 10, True),
    ("every hour, and not for half a day", HOUR, 12 * HOUR, 10, True),
    ("every hour, and not for a working day", HOUR, 9 * HOUR, 10, False),
    ("too few runs to know", MINUTE, DAY, 5, False),
    ("it never ran", MINUTE, DAY, 0, False),
]


@pytest.mark.parametrize(("what", "every", "since", "runs", "is_silent"), STAGES, ids=[case[0] for case in STAGES])
def test_a_stage(what: str, every: timedelta, since: timedelta, runs: int, is_silent: bool) -> None:
    times = [NOW - since - n * every for n in range(runs)]
    assert silent(lulls.of_stages({"poll": times})) == ['stage "poll"'] * is_silent


def feeds(*hosts: str) -> list[Feed]:
    return [Feed(f"f{n}", f"https://{host}/{n}", "O") for n, host in enumerate(hosts)]


def states(gap: timedelta, since: timedelta, count: int) -> dict[str, FeedState]:
    return {
        f"f{n}": FeedState(f"f{n}", NOW, health="healthy", gap=gap, last_new=NOW - since - n * HOUR)
        for n in range(count)
    }


def test_all_feeds_together() -> None:
    """Four feeds with something every four hours are one with something every hour."""
    some = feeds("a", "b", "c", "d")
    assert silent(lulls.of_feeds(some, states(4 * HOUR, 9 * HOUR, 4))) == []
    assert silent(lulls.of_feeds(some, states(4 * HOUR, 11 * HOUR, 4))) == ["all feeds"]
    assert silent(lulls.of_feeds(some[:2], states(4 * HOUR, DAY, 4))) == [], "two are no set"
    assert silent(lulls.of_feeds(some, {})) == []


def test_the_feeds_of_one_server_while_others_go_on() -> None:
    known = states(HOUR, 4 * DAY, 3) | {"f3": FeedState("f3", NOW, gap=HOUR, last_new=NOW)}
    assert silent(lulls.of_feeds(feeds("a", "a", "a", "b"), known)) == ['feeds of "a"']
    assert silent(lulls.of_feeds(feeds("a", "a", "b", "b"), known)) == [], "two are no set"
    gone = {name: replace(state, health="gone") for name, state in known.items()}
    assert silent(lulls.of_feeds(feeds("a", "a", "a", "b"), gone)) == []


def hours(every: timedelta, since: timedelta, count: int) -> list[Hour]:
    return [Hour("iran", NOW - since - HOUR - n * every) for n in range(count)]


RULES = [
    ("every two hours, and not for a day: that is a quiet day", 2 * HOUR, DAY, 20, False),
    ("every two hours, and not for three days", 2 * HOUR, 3 * DAY, 20, True),
    ("once a day, and not for six days", DAY, 6 * DAY, 8, False),
    ("too few hours to know", 2 * HOUR, 7 * DAY, 5, False),
]


@pytest.mark.parametrize(("what", "every", "since", "count", "is_silent"), RULES, ids=[case[0] for case in RULES])
def test_a_rule(what: str, every: timedelta, since: timedelta, count: int, is_silent: bool) -> None:
    found = lulls.of_rules(hours(every, since, count), [Rule("iran", "Iran"), Rule("never", "Never")])
    assert silent(found) == ['rule "iran"'] * is_silent


# ── what is told, and when ───────────────────────────────────────────────────────────────────────────────────────────

LULL = Lull("x", NOW - DAY, HOUR, told=True)
STILL = Pulse("x", NOW - DAY, HOUR, HOUR)
CHANGES = [
    ("it begins", [], STILL, 1, 0),
    ("it goes on", [LULL], STILL, 0, 0),
    ("it ends", [LULL], replace(STILL, last=NOW - MINUTE), 0, 1),
    ("it was heard once, and has no rhythm any more", [LULL], replace(STILL, last=NOW, usual=None), 0, 1),
    ("its rhythm is forgotten, and it was not heard", [LULL], replace(STILL, usual=None), 0, 0),
    ("it is not silent", [], replace(STILL, last=NOW), 0, 0),
]


@pytest.mark.parametrize(("what", "told", "found", "began", "ended"), CHANGES, ids=[case[0] for case in CHANGES])
def test_what_is_told(what: str, told: list[Lull], found: Pulse, began: int, ended: int) -> None:
    assert [len(some) for some in lulls.changes(told, [found], NOW)] == [began, ended]


def test_a_lull_whose_rule_is_gone_is_not_heard_again() -> None:
    assert lulls.changes([LULL], [], NOW) == ((), ())


# ── the heart ────────────────────────────────────────────────────────────────────────────────────────────────────────

OPERATOR = "operator: {channel: hook}\n"
CHANNELS = "allow_hosts: [127.0.0.1]\nchannels:\n  - {id: hook, kind: webhook}\n"
ROUNDS = 8


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        opened.write("channels.yaml", OPERATOR + CHANNELS)
        opened.write(
            "subscriptions.yaml",
            "subscriptions:\n  - {id: desk, title: Desk, rules: all, channel: hook, when: instant}\n",
        )
        opened.serves("wire", rss(("Iran cuts internet", "https://wire.example/1", "Tehran said so.")))
        yield opened


class Outside:
    """The service that waits for a ping."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.status = 200

    def __call__(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.got.append((handler.path, body.decode()))
        say(handler, self.status)


def test_a_healthy_round_is_a_ping_and_a_silent_stage_a_failing_one_told_once(shop: Shop, valkey_url: str) -> None:
    outside, now = Outside(), [NOW]
    with serving(outside) as url:
        settings = {**shop.environ, "ALERTS_REDIS": valkey_url, "ALERTS_HEARTBEAT_URL": f"{url}/ping/s3cret"}
        said: list[str] = []

        def round_(*stages: app_.Stage) -> None:
            with app_.open_app(settings.get, clock=lambda: now[0]) as app:
                for stage in stages:
                    said.extend(app.run(stage).lines)
            now[0] += 5 * MINUTE

        for _ in range(ROUNDS):
            round_(*app_.LINE)
        assert outside.got == [("/ping/s3cret", "well")] * ROUNDS
        for _ in range(15):
            round_("match", "group", "compose", "deliver")
        failed = [body for path, body in outside.got if path == "/ping/s3cret/fail"]
        assert len(failed) == 5
        assert failed[0].startswith('stage "poll": nothing for 55 min, where 5 min is usual')
        for _ in range(2):
            round_(*app_.LINE)
        assert outside.got[-1] == ("/ping/s3cret", "well")

    told = [line for line in said if line.startswith('stage "poll"')]
    assert [line.partition(": ")[2][:11] for line in told] == ["nothing for", "heard again"]
    assert "s3cret" not in "".join(said)
    with app_.open_sql(settings.get) as engine:
        notices = [r for r in queries.recent_deliveries(engine, 100) if r.delivery.id.startswith("notice:")]
    assert [(r.delivery.message.subject, r.state) for r in reversed(notices)] == [
        ('[Tocsin] stage "poll": nothing for 55 min', "delivered"),
        ('[Tocsin] stage "poll": heard again', "delivered"),
    ]


def test_feeds_and_a_rule_that_are_silent_are_told_of_the_same_way(shop: Shop, valkey_url: str) -> None:
    """Only the feeds, which are all of ours, make the ping a failing one: a rule may be silent for good reasons."""
    outside, now = Outside(), NOW
    with serving(outside) as url:
        settings = {**shop.environ, "ALERTS_REDIS": valkey_url, "ALERTS_HEARTBEAT_URL": f"{url}/ping"}
        shop.feeds("wire", "post", "times")
        with app_.open_app(settings.get, clock=lambda: now) as app:
            known = {f.id: FeedState(f.id, NOW, home=f.url, gap=2 * HOUR, last_new=NOW - DAY) for f in app.config.feeds}
            app.stores.states.put(known, at=NOW)
            app.stores.volumes.put({VOLUME: Volume(tuple(hours(2 * HOUR, 3 * DAY, 20)))}, at=NOW)
            lines = [line for line in app.run("deliver").lines if "nothing for" in line]
            assert app.run("deliver").lines == (), "once"
        settings |= {"ALERTS_HEARTBEAT_URL": ""}
        now += DAY
        with app_.open_app(settings.get, clock=lambda: now) as app:
            app.stores.states.put({name: replace(state, last_new=now) for name, state in known.items()}, at=now)
            over = app.run("deliver").lines
            notices = [r.delivery.message.subject for r in queries.recent_deliveries(app.engine, 9)]  # type: ignore[arg-type]
    assert lines == [
        "all feeds: nothing for 24 h, where 40 min is usual",
        'rule "iran": nothing for 3 days, where 2 h is usual',
    ]
    assert outside.got == [("/ping/fail", lines[0])]
    assert over == ("all feeds: heard again",)
    assert sorted(notices) == [
        "[Tocsin] all feeds: heard again",
        "[Tocsin] all feeds: nothing for 24 h",
        '[Tocsin] rule "iran": nothing for 3 days',
    ]


def test_a_service_that_does_not_answer_is_a_line_without_its_address(shop: Shop, valkey_url: str) -> None:
    outside = Outside()
    outside.status = 500
    with serving(outside) as url:
        settings = {**shop.environ, "ALERTS_REDIS": valkey_url, "ALERTS_HEARTBEAT_URL": f"{url}/ping/s3cret"}
        with app_.open_app(settings.get) as app:
            lines = app.run("deliver").lines
    assert [line for line in lines if line.startswith("heartbeat: 500")]
    assert "s3cret" not in "".join(lines)


def test_a_line_that_is_rung_does_not_beat_at_every_round(shop: Shop, valkey_url: str) -> None:
    ticks, pinged = [0.0], []
    heart = Heart("https://hc.example/x", lambda url, words: pinged.append(url) or "", lambda: ticks[0])
    with app_.open_app({**shop.environ, "ALERTS_REDIS": valkey_url}.get) as app:
        beating = replace(app, heart=heart)
        for _ in range(13):
            beating.run("deliver")
            ticks[0] += 10
    assert len(pinged) == 3


def test_an_address_that_is_none_is_refused_without_being_repeated() -> None:
    with pytest.raises(AlertsError, match="ALERTS_HEARTBEAT_URL is no http") as caught:
        pulse.address({"ALERTS_HEARTBEAT_URL": "hc.example/s3cret"}.get)
    assert "s3cret" not in str(caught.value)
