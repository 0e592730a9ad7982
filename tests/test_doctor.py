"""The doctor: what is well is said to be, each thing that is wrong is found and has advice, and no secret is printed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from rich.console import Console
from sqlalchemy import Engine
from typer.testing import CliRunner

from alerts import app as app_
from alerts import cli, doctor, pauses
from alerts.adapters import http, sql
from alerts.config import Config
from alerts.doctor import Finding, clocks, machine, stores, ways
from alerts.errors import FetchError
from alerts.model import ChannelState, Paused
from tests.contract.values import delivery
from tests.servers import serving
from tests.shop import Shop, open_shop

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        yield opened


def found(environ: dict[str, str]) -> dict[str, list[Finding]]:
    """The findings that are not well, by part."""
    made: dict[str, list[Finding]] = {}
    for finding in doctor.examine(environ.get):
        if finding.state != "well":
            made.setdefault(finding.part, []).append(finding)
    return made


def said(findings: Iterator[Finding] | list[Finding]) -> list[tuple[str, str]]:
    return [(finding.state, finding.said) for finding in findings if finding.state != "well"]


def test_a_new_installation_has_nothing_wrong(shop: Shop) -> None:
    every = found(shop.environ)
    assert {part: [f.state for f in findings] for part, findings in every.items()} == {
        "keeping": ["look"],
        "channel mail": ["look"],
        "channel slack": ["look"],
        "heartbeat": ["look"],
    }
    app_.housekeep(shop.environ.get)
    assert "keeping" not in found(shop.environ)


def test_whatever_is_not_well_has_advice(shop: Shop) -> None:
    shop.write("rules/iran.yaml", "rules: [")
    environ = {
        **shop.environ,
        "ALERTS_SQL": "postgresql://tocsin:hunter2@127.0.0.1:1/alerts?password=hunter2",
        "ALERTS_REDIS": "redis://:hunter2@127.0.0.1:1/0",
        "ALERTS_SMTP": "https://user:hunter2@mail.example.org",
        "ALERTS_SLACK": "ftp://hunter2.example",
        "ALERTS_KEEP_SEEN": "1d",
        "ALERTS_HEARTBEAT_URL": "hunter2.example/ping",
    }
    every = found(environ)
    assert {part for part, findings in every.items() if findings[0].state == "wrong"} == {
        "sql", "redis", "config", "spans", "channel mail", "channel slack", "heartbeat",
    }  # fmt: skip
    assert [f for findings in every.values() for f in findings if not f.advice] == []
    assert "hunter2" not in str(every)


HEALTHS = [
    ("healthy", [], "", ""),
    ("failing", ["look"], "503 Busy; 2 times in a row; 3 waiting", "by itself"),
    ("paused", ["wrong"], "503 Busy; 2 times in a row; 3 waiting", "alerts deliveries resume slack"),
    ("disabled", ["wrong"], "503 Busy; 2 times in a row; 3 waiting", "alerts deliveries resume slack"),
]


@pytest.mark.parametrize(("health", "states", "words", "advice"), HEALTHS, ids=[case[0] for case in HEALTHS])
def test_a_channel_that_is_not_well_is_named_with_what_to_do(
    shop: Shop, health: Any, states: list[str], words: str, advice: str
) -> None:
    state = ChannelState("slack", health, NOW, failures=2, reason="503 Busy")
    with app_.open_sql(shop.environ.get) as engine:
        sql.SqlTable(engine, "channels", ChannelState).put({"slack": state}, at=NOW)
        sql.SqlOutbox(engine).add(
            [replace(delivery(f"alert:desk:{n}", recipient=""), channel="slack") for n in range(3)]
        )
    found = [f for f in doctor.examine(shop.environ.get) if f.part == "channel slack" and "not set" not in f.said]
    assert [f.state for f in found] == states
    for finding in found:
        assert finding.said == f"{health} since 2026-07-01 08:00 UTC: {words}"
        assert advice in finding.advice


def test_what_is_paused_at_the_desk_is_named(shop: Shop) -> None:
    with app_.open_sql(shop.environ.get) as engine:
        kept = sql.SqlTable(engine, "paused", Paused)
        pauses.pause(kept, "channel", "slack", author="anna", now=NOW)
        pauses.pause(kept, "subscription", "desk", author="anna", now=NOW)
        pauses.resume(kept, "channel", "slack", now=NOW)
    found = [f for f in doctor.examine(shop.environ.get) if "paused" in f.said]
    assert [(f.state, f.part, f.said) for f in found] == [
        ("look", "subscription desk", "paused by anna at 2026-07-01 08:00 UTC")
    ]
    assert "resume it at the desk" in found[0].advice


PRIVATE = [
    ("a public receiver", "https://hooks.example.org/x", [], "well"),
    ("one on this machine", "http://127.0.0.1:9/x", [], "wrong"),
    ("one in a private network", "http://[fd00::1]/x", [], "wrong"),
    ("one that is allowed", "http://10.0.0.7/x", ["10.0.0.7"], "well"),
]


@pytest.mark.parametrize(("why", "url", "allowed", "state"), PRIVATE, ids=[case[0] for case in PRIVATE])
def test_a_receiver_to_which_nothing_is_sent_is_wrong(
    shop: Shop, why: str, url: str, allowed: list[str], state: str
) -> None:
    shop.write("channels.yaml", f"allow_hosts: {allowed}\nchannels:\n  - {{id: hook, kind: webhook}}\n")
    (finding,) = [f for f in doctor.examine({**shop.environ, "ALERTS_WEBHOOK": url}.get) if f.part == "channel hook"]
    assert finding.state == state, why
    assert ("to allow_hosts in config/channels.yaml" in finding.advice) == (state == "wrong")


def test_the_command_ends_with_1_when_something_is_wrong(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**shop.environ, "ALERTS_SLACK": "ftp://nowhere"}.items():
        monkeypatch.setenv(name, value)
    from alerts.cli import keeping

    monkeypatch.setattr(keeping, "out", Console(width=200, soft_wrap=True))
    done = CliRunner().invoke(cli.cli, ["doctor", "--config", str(shop.config)])
    assert done.exit_code == 1
    monkeypatch.delenv("ALERTS_SLACK")
    assert CliRunner().invoke(cli.cli, ["doctor", "--config", str(shop.config)]).exit_code == 0


# ── the machine ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_our_mail_is_tried_and_a_serialiser_that_can_be_injected_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert machine.mail().state == "well"
    bad = b"Subject: Hello\r\nBcc: eve@example.org\r\n\r\ntext"
    monkeypatch.setattr(machine, "_pythons", lambda: bad)
    assert "this Python lets a title inject" in machine.mail().said
    monkeypatch.setattr(machine, "_ours", lambda: bad)
    assert machine.mail().state == "wrong"


def test_an_old_airflow_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, state in (("3.2.1", "wrong"), ("3.2.2", "well"), ("3.10.0", "well"), ("", "well")):
        monkeypatch.setattr(machine, "installed", lambda _, there=there: there)
        assert [f.state for f in machine._airflow()] == [state], there


def test_a_package_that_is_not_there_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PACKAGES", ("redis", "no-such-package"))
    assert said(machine._packages()) == [("wrong", "no-such-package not installed")]


def test_a_disk_that_is_nearly_full_is_wrong(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LEAST_FREE", 10**18)
    assert machine._disk(shop.environ.get).state == "wrong"


# ── SQL ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

SETTINGS = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
DURABLE = [
    ("as it comes", {}, []),
    ("a replica is waited for too", {"synchronous_commit": "remote_apply"}, []),
    ("commits do not wait", {"synchronous_commit": "off"}, ["synchronous_commit is off"]),
    ("nothing waits", {"fsync": "off"}, ["fsync is off"]),
    ("pages may be torn", {"full_page_writes": "off"}, ["full_page_writes is off"]),
]


@pytest.mark.parametrize(("what", "other", "begins"), DURABLE, ids=[case[0] for case in DURABLE])
def test_what_keeps_a_commit_in_postgresql(what: str, other: dict[str, str], begins: list[str]) -> None:
    wrong = [*stores.durability({**SETTINGS, **other})]
    assert [f.said.partition(":")[0] for f in wrong] == begins


def test_a_real_postgresql_that_does_not_wait_for_the_disk(shop: Shop, postgres: Engine, postgresql_url: str) -> None:
    with postgres.connect() as connection:
        waits = connection.exec_driver_sql("SHOW fsync").scalar_one() == "on"
    findings = found({**shop.environ, "ALERTS_SQL": postgresql_url}).get("sql", [])
    assert any(f.said.startswith("fsync is off") for f in findings) is not waits


def test_a_damaged_file_is_wrong(shop: Shop) -> None:
    with app_.open_sql(shop.environ.get) as engine, engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE big (x TEXT)")
        connection.exec_driver_sql("CREATE INDEX ix_big ON big (x)")
        connection.exec_driver_sql("INSERT INTO big VALUES (hex(randomblob(50000)))")
        root = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'ix_big'").scalar_one()
    path = shop.folder / "var" / "alerts.db"
    for left in ("-wal", "-shm"):
        Path(f"{path}{left}").unlink(missing_ok=True)
    whole = bytearray(path.read_bytes())
    whole[4096 * (root - 1) : 4096 * (root - 1) + 200] = b"\xff" * 200
    path.write_bytes(whole)
    assert found(shop.environ)["sql"][0].state == "wrong"


# ── Redis ────────────────────────────────────────────────────────────────────────────────────────────────────────────

INFO: dict[str, Any] = {
    "redis_version": "7.4.0",
    "maxmemory_policy": "noeviction",
    "aof_enabled": 1,
    "role": "master",
    "used_memory": 1_000_000,
    "maxmemory": 0,
}
SERVERS = [
    ("as it should be", {}, False, []),
    ("it throws away", {"maxmemory_policy": "allkeys-lru"}, False, [("look", "maxmemory-policy is allkeys-lru")]),
    ("it keeps nothing", {"aof_enabled": 0}, False, [("look", "it keeps no append-only file")]),
    ("the embedded one keeps snapshots", {"aof_enabled": 0}, True, []),
    ("it is a replica", {"role": "slave"}, False, [("wrong", "it is a replica and cannot be written")]),
    (
        "it is nearly full",
        {"used_memory": 95, "maxmemory": 100},
        False,
        [("look", "nine tenths of its memory are full")],
    ),
]


@pytest.mark.parametrize(("what", "other", "embedded", "told"), SERVERS, ids=[case[0] for case in SERVERS])
def test_what_a_server_says_of_itself(
    what: str, other: dict[str, Any], embedded: bool, told: list[tuple[str, str]]
) -> None:
    assert said(stores.server({**INFO, **other}, embedded=embedded)) == told


def test_a_real_server_is_named(valkey: redis.Redis) -> None:
    findings = [*stores.redis_(valkey, embedded=False)]
    assert any(f.said.startswith("Valkey ") for f in findings)
    assert findings[-1].part == "clock"


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_clocks_that_are_apart_are_wrong() -> None:
    assert clocks.clock("Redis", timedelta(seconds=4)).state == "well"
    assert clocks.clock("Redis", timedelta(seconds=6)).state == "wrong"


HOUR = timedelta(hours=1)
SAID: list[tuple[str, dict[str, timedelta | None], str, str, str]] = [
    ("the first agrees, and no other is asked", {"a": HOUR * 0, "b": None}, "", "well", "a"),
    ("one is wrong, and the next agrees", {"a": -HOUR, "b": HOUR * 0}, "", "well", "b"),
    ("two say that we are wrong: the nearer is named", {"a": HOUR, "b": 2 * HOUR}, "", "wrong", "a"),
    ("one alone says so", {"a": HOUR, "b": None}, "", "look", "a"),
    ("the one that was chosen says so", {"a": HOUR * 0, "chosen": HOUR}, "https://chosen/", "wrong", "chosen"),
    ("nobody answers", {"a": None, "b": None}, "", "look", "a: gone; b: gone"),
    ("more than three are not asked", {"a": None, "b": None, "c": None, "d": HOUR * 0}, "", "look", "a: gone"),
]


@pytest.mark.parametrize(("what", "off", "chosen", "state", "named"), SAID, ids=[case[0] for case in SAID])
def test_our_clock_against_web_servers(
    shop: Shop, what: str, off: dict[str, timedelta | None], chosen: str, state: str, named: str
) -> None:
    """Of each server one feed is asked, in the order of feeds.yaml."""
    rows = "".join(f"  - {{id: {n}{i}, url: https://{n}/{i}, outlet: O}}\n" for n in off for i in (1, 2))
    shop.write("feeds.yaml", f"allow_hosts: [{', '.join(off)}]\nfeeds:\n{rows}")
    asked: list[str] = []

    def time_at(url: str, config: Config) -> datetime:
        asked.append(url)
        host = urlsplit(url).hostname or ""
        if (late := off[host]) is None:
            raise FetchError("gone")
        return app_.utc().replace(microsecond=0) + late

    (finding,) = clocks.examine({**shop.environ, "ALERTS_CLOCK_URL": chosen}.get, time_at)
    assert (finding.state, finding.part) == (state, "clock"), finding
    assert named in finding.said
    assert bool(finding.advice) == (state != "well")
    assert len(asked) == len({urlsplit(url).hostname for url in asked}) <= 3


DATES = [
    ("its time", {"Date": "Wed, 01 Jul 2026 08:00:00 GMT"}, NOW),
    ("a cache's, and how old it is", {"Date": "Wed, 01 Jul 2026 07:59:00 GMT", "Age": "60"}, NOW),
    ("none", {}, None),
    ("nonsense", {"Date": "now"}, None),
]


@pytest.mark.parametrize(("what", "headers", "time"), DATES, ids=[case[0] for case in DATES])
def test_what_a_server_says_of_the_time(what: str, headers: dict[str, str], time: datetime | None) -> None:
    """Whatever else it answers: 404 has a time too."""

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response_only(404)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    with serving(answer) as url:
        if time:
            assert at(url) == time
        else:
            with pytest.raises(FetchError, match=r"404 .*, without the time"):
                at(url)


def test_who_is_asked_for_the_time_is_asked_only_where_a_feed_may_be() -> None:
    asked: list[str] = []
    with serving(lambda handler, _: asked.append(handler.path)) as url, pytest.raises(FetchError, match="allow_hosts"):
        at(url, frozenset())
    assert asked == []


def at(url: str, allowed: frozenset[str] = frozenset({"127.0.0.1"})) -> datetime:
    return http.time_at(url, contact="", allow_hosts=allowed, timeout=timedelta(seconds=10))


def test_a_clock_url_that_is_none_is_said_without_being_repeated(shop: Shop) -> None:
    (finding,) = clocks.examine({**shop.environ, "ALERTS_CLOCK_URL": "hunter2.example"}.get)
    assert finding.state == "wrong"
    assert "hunter2" not in finding.said


# ── ways ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_folder_that_is_not_there(shop: Shop) -> None:
    (finding,) = ways.examine({**shop.environ, "ALERTS_CONFIG": str(shop.folder / "none")}.get)
    assert (finding.state, finding.part) == ("wrong", "config")


def test_a_secret_that_others_can_read(shop: Shop) -> None:
    found(shop.environ)
    (shop.folder / "var" / "webhook.secret").chmod(0o644)
    assert found(shop.environ)["secrets"][0].said == "webhook.secret can be read by other users"
