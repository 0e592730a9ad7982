"""The command line, as a person types it: what it prints, and with which code it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer

from alerts import cli
from tests.shop import Shop, open_shop, rss
from tests.test_app import FIRST, SECOND


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        opened.serves("wire", rss(FIRST, SECOND))
        yield opened


def alerts(shop: Shop, *words: str, code: int = 0) -> str:
    """Run the command in the shop; what it prints, of both kinds."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ALERTS_")}
    done = subprocess.run(
        [sys.executable, "-m", "alerts", *words],
        env={**kept, **shop.environ},
        cwd=shop.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_run_prints_what_was_done_and_where_to_read_it(shop: Shop) -> None:
    said = alerts(shop, "run", "--digest-now")

    assert "collected     2 new articles; 1 feed polled: 1 answered" in said
    assert "matched       2 of 2" in said
    assert "slack: 2 delivered to the local inbox: ALERTS_SLACK is not set" in said
    for line in said.splitlines():
        if ": var/inbox/" in line:
            assert (shop.folder / line.rpartition(": ")[2]).is_file()
    assert said.count(": var/inbox/") == 4  # the digest's .eml, .html and .txt, and one alert


def test_a_dry_run_prints_what_would_go_out_and_keeps_nothing(shop: Shop) -> None:
    said = alerts(shop, "run", "--dry-run")

    assert FIRST[0] in said
    assert "digest:morning:" in said
    assert not (shop.folder / "var").exists()


def test_check_is_content_with_what_is_sound(shop: Shop) -> None:
    assert "sound: 1 feeds, 1 watchlists, 2 rules, 2 subscriptions, 2 channels" in alerts(shop, "check")


def test_check_prints_every_mistake_of_every_file_with_its_place(shop: Shop) -> None:
    shop.write("rules/iran.yaml", "rules:\n  - id: iran\n    title: Iran\n    any: ['@irn']\n    any: [x]\n")
    shop.write("channels.yaml", "channels:\n  - {id: slack, kind: slak}\n  - {id: mail, kind: mail}\n")
    shop.write(
        "subscriptions.yaml", "subscriptions:\n  - {id: a, title: A, rules: [tarifs], channel: slack, when: instant}\n"
    )
    said = alerts(shop, "check", code=2)

    assert "config/rules/iran.yaml:5:5:" in said
    assert "config/channels.yaml:2:23:" in said
    assert "config/subscriptions.yaml:2:" in said
    assert "tariffs" in said  # the nearest name
    assert "problems" in said


def test_a_folder_that_is_not_there_is_a_mistake_of_the_configuration(shop: Shop) -> None:
    assert "there is no such folder" in alerts(shop, "check", "--config", "elsewhere", code=2)


def test_run_goes_on_with_a_broken_file_and_says_so(shop: Shop) -> None:
    alerts(shop, "run")
    shop.write("rules/iran.yaml", "rules: [")
    said = alerts(shop, "run")

    assert "config/rules/iran.yaml:1:" in said
    assert "its last good version is in force" in said


def test_explain_feeds_deliveries_and_report(shop: Shop) -> None:
    alerts(shop, "run")

    assert "rule iran met" in alerts(shop, "explain", FIRST[1])
    assert "healthy" in alerts(shop, "feeds")
    assert "alert:desk:" in alerts(shop, "deliveries", "--limit", "5")
    assert "collected     2 new articles" in alerts(shop, "report")
    assert "2 articles are in the index" in alerts(shop, "rebuild-index")


def test_explain_of_what_was_never_seen_ends_with_1(shop: Shop) -> None:
    assert "no article https://x.example/ was seen" in alerts(shop, "explain", "https://x.example/", code=1)


def test_a_database_of_another_program_is_refused(shop: Shop) -> None:
    shop.environ  # noqa: B018
    (shop.folder / "var").mkdir()
    (shop.folder / "var" / "alerts.db").write_bytes(b"this is no database" * 100)

    assert alerts(shop, "feeds", code=1).startswith("alerts: ")


def test_with_services_gives_a_command_a_redis(shop: Shop) -> None:
    code = "import os, redis, json; print(json.dumps(redis.Redis.from_url(os.environ['ALERTS_REDIS']).ping()))"

    assert json.loads(alerts(shop, "with-services", "--", sys.executable, "-c", code)) is True
    alerts(shop, "with-services", "--", sys.executable, "-c", "raise SystemExit(7)", code=7)


DURATIONS = [
    ("90s", timedelta(seconds=90)),
    ("5m", timedelta(minutes=5)),
    ("2h", timedelta(hours=2)),
    ("1d", timedelta(days=1)),
]


@pytest.mark.parametrize(("written", "meant"), DURATIONS)
def test_durations(written: str, meant: timedelta) -> None:
    assert cli.duration(written) == meant


@pytest.mark.parametrize("written", ["5", "m", "-5m", "5 minutes", "", "5m5m"])
def test_what_is_no_duration_is_refused(written: str) -> None:
    with pytest.raises(typer.BadParameter, match="write a number and s, m, h or d"):
        cli.duration(written)
