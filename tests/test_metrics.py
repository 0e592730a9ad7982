"""Metrics: counted once by whoever asks, bounded in their labels, without an address, and named as the page says."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from alerts import app as app_
from alerts import metrics, serving
from alerts.adapters import sql
from alerts.adapters.sql import tallies
from alerts.config import ChannelSettings, Config, Loaded
from alerts.metrics import counting
from alerts.model import Article, Development, Match, Receipt, Report, Rule
from tests.contract.values import NOW, article, delivery, development, match
from tests.shop import Shop, open_shop, rss
from tests.test_pushing import TOKEN, a_door

ROOT = Path(__file__).parents[1]
OBSERVABILITY = ROOT / "docs" / "observability"
LOADED = Loaded(
    Config(
        rules=(Rule("tariffs", "Tariffs", any=("tariff",)), Rule("quiet", "Quiet", any=("x",))),
        channels=(ChannelSettings("mail", "mail", "alerts_smtp", "t@example.org"),),
    )
)


def scrape(engine: Engine, now: datetime = NOW + timedelta(hours=1), loaded: Loaded = LOADED) -> dict[str, float]:
    """Every sample, by its name with its labels."""
    text = metrics.exposition(engine, loaded, now).decode()
    return {
        f"{sample.name}{json.dumps(sample.labels, sort_keys=True) if sample.labels else ''}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def told(engine: Engine, n: int, *, channel: str = "mail", reason: str = "250 OK", seconds: int = 40) -> None:
    """A development, an alert of it, and its receipt so long after it was seen."""
    sql.SqlLog(engine, "developments", Development).append([development(n)])
    outbox, made = sql.SqlOutbox(engine), delivery(f"alert:anna:{article(n).key}:0f3c5a77")
    outbox.add([type(made)(made.id, "anna", channel, made.recipient, made.message, NOW)])
    token = outbox.claim([made.id], now=NOW, until=NOW + timedelta(minutes=5))[made.id]
    assert token
    at = NOW + timedelta(seconds=seconds)
    outbox.record(Receipt(made.id, 1, "delivered", reason, at), token=token, next_attempt=None)


# ── counting ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_thing_is_counted_once_however_often_it_is_asked(engine: Engine) -> None:
    sql.SqlLog(engine, "articles", Article).append([article(n) for n in range(3)])
    sql.SqlLog(engine, "matches", Match).append([match(1), match(2)])
    told(engine, 1)
    first = scrape(engine)
    assert first["alerts_articles_total"] == 3
    assert first['alerts_matches_total{"rule": "tariffs"}'] == 2
    assert first['alerts_matches_total{"rule": "quiet"}'] == 0
    assert first['alerts_developments_total{"reason": "new story"}'] == 1
    assert first['alerts_attempts_total{"channel": "mail", "outcome": "delivered", "reason": "accepted"}'] == 1
    assert scrape(engine) == first
    sql.SqlLog(engine, "articles", Article).append([article(9)])
    assert scrape(engine)["alerts_articles_total"] == 4


def test_what_can_be_counted_stands_at_0_before(engine: Engine) -> None:
    """Or Prometheus would not see the first step."""
    got = scrape(engine)
    for name in (
        'alerts_matches_total{"rule": "quiet"}',
        'alerts_developments_total{"reason": "confirmed"}',
        'alerts_runs_total{"stage": "keep"}',
        'alerts_attempts_total{"channel": "mail", "outcome": "delivered", "reason": "accepted"}',
        'alerts_attempts_total{"channel": "mail", "outcome": "refused", "reason": "5xx"}',
        'alerts_attempts_total{"channel": "mail", "outcome": "deferred", "reason": "other"}',
        'alerts_sent_after_seen_seconds_count{"channel": "mail"}',
        'alerts_run_seconds_count{"stage": "poll"}',
        'alerts_deliveries{"channel": "mail", "state": "open"}',
    ):
        assert got[name] == 0, name


def test_counters_never_go_back_when_rows_are_deleted(engine: Engine) -> None:
    sql.SqlLog(engine, "articles", Article).append([article(n) for n in range(3)])
    before = scrape(engine)["alerts_articles_total"]
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM log")
    assert scrape(engine)["alerts_articles_total"] == before == 3


def test_more_than_one_step_is_counted_to_the_last(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "STEP", 2)
    sql.SqlLog(engine, "matches", Match).append([match(n) for n in range(7)])
    assert scrape(engine)['alerts_matches_total{"rule": "tariffs"}'] == 7


def test_a_store_full_of_history_is_caught_up_with_in_pieces(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """No scrape takes for ever, however much there is."""
    monkeypatch.setattr(tallies, "STEP", 2)
    monkeypatch.setattr(tallies, "STEPS", 2)
    sql.SqlLog(engine, "matches", Match).append([match(n) for n in range(7)])
    assert [scrape(engine)['alerts_matches_total{"rule": "tariffs"}'] for _ in range(3)] == [4, 7, 7]


def test_how_long_it_took_from_published_and_from_seen(engine: Engine) -> None:
    for n, seconds in enumerate((2, 40, 40)):
        told(engine, n, seconds=seconds)
    got = scrape(engine)
    seen = "alerts_sent_after_seen_seconds"
    assert [got[f'{seen}_bucket{{"channel": "mail", "le": "{le}"}}'] for le in ("1.0", "5.0", "60.0", "+Inf")] == [
        0,
        1,
        3,
        3,
    ]
    assert got[f'{seen}_sum{{"channel": "mail"}}'] == 82
    assert got['alerts_sent_after_published_seconds_bucket{"channel": "mail", "le": "3600.0"}'] == 0
    assert got['alerts_sent_after_published_seconds_count{"channel": "mail"}'] == 3


def test_the_runs_of_stages(engine: Engine) -> None:
    made = [Report("poll", NOW, (("articles", 4),), took=0.2), Report("poll", NOW + timedelta(minutes=1), took=700.0)]
    sql.SqlLog(engine, "reports", Report).append([*made, Report("strange", NOW)])
    got = scrape(engine)
    assert got['alerts_runs_total{"stage": "poll"}'] == 2
    assert got['alerts_runs_total{"stage": "other"}'] == 1
    assert got['alerts_run_counts_total{"count": "articles", "stage": "poll"}'] == 4
    assert got['alerts_run_seconds_bucket{"le": "0.3", "stage": "poll"}'] == 1
    assert got['alerts_run_seconds_count{"stage": "poll"}'] == 2
    assert got['alerts_last_run_timestamp_seconds{"stage": "poll"}'] == (NOW + timedelta(minutes=1)).timestamp()


REASONS = [
    ("250 OK", "accepted"),
    ("ok", "accepted"),
    ("written to the inbox as x", "accepted"),
    ("451 4.7.1 greylisted", "4xx"),
    ("550 no such user", "5xx"),
    ("535 bad password", "login"),
    ("429 Too Many Requests", "too many"),
    ("410 gone: the receiver wants no more of this", "gone"),
    ("redirects are not followed; put the new address into the setting", "redirect"),
    ("no answer in time", "no answer"),
    ('channel "slack" is not configured in channels.yaml', "set up wrong"),
    ("anna@example.org says no", "other"),
]


@pytest.mark.parametrize(("words", "kind"), REASONS, ids=[case[0] for case in REASONS])
def test_the_kind_of_what_the_other_side_says(words: str, kind: str) -> None:
    assert counting.failure(words) == kind


# ── labels ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_in_no_configuration_is_other(engine: Engine) -> None:
    """A rule, a channel and a reader that are gone, and the words of strangers, make no label of their own."""
    sql.SqlLog(engine, "matches", Match).append([match(1)])
    told(engine, 1, channel="old", reason="anna@example.org\nsays no")
    sql.SqlLog(engine, "developments", Development).commit("nobody", 0)
    text = metrics.exposition(engine, Loaded(Config()), NOW).decode()
    assert 'alerts_matches_total{rule="other"} 1.0' in text
    assert 'channel="other"' in text
    assert 'alerts_reader_backlog{log="developments",reader="other"} 1.0' in text
    for word in ("tariffs", '"old"', "nobody", "anna", "example.org"):
        assert word not in text, word


def test_the_version_is_that_of_the_package(engine: Engine) -> None:
    """As mails, polls and the doctor say it, wherever it is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert scrape(engine)[f'alerts_version_info{{"version": "{project["version"]}"}}'] == 1


def test_an_installation_without_anything_has_every_family(engine: Engine) -> None:
    text = metrics.exposition(engine, Loaded(Config()), NOW).decode()
    there = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    assert there == set(metrics.FAMILIES)


# ── how it is ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_due_and_what_is_not_read(engine: Engine) -> None:
    sql.SqlOutbox(engine).add([delivery("one"), delivery("two", made=NOW + timedelta(minutes=50))])
    articles = sql.SqlLog(engine, "articles", Article, clock=lambda: NOW)
    articles.append([article(n) for n in range(3)])
    articles.commit("match", articles.read("match", 1).end)
    got = scrape(engine)
    assert got['alerts_oldest_due_seconds{"channel": "mail"}'] == 3_600
    assert got['alerts_deliveries{"channel": "mail", "state": "open"}'] == 2
    assert got['alerts_reader_backlog{"log": "articles", "reader": "match"}'] == 2
    assert got['alerts_reader_oldest_seconds{"log": "articles", "reader": "match"}'] == 3_600


@pytest.fixture
def shop(tmp_path: Path, valkey_url: str) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        opened.serves("wire", rss(("Iran cuts internet", "https://wire.example/1", "Tehran said so.")))
        yield opened


def test_the_line_as_it_runs(shop: Shop, valkey_url: str) -> None:
    environ = {**shop.environ, "ALERTS_REDIS": valkey_url}
    with app_.open_app(environ.get) as app:
        for stage in app_.LINE:
            app.run(stage, digest_now=True)
        assert app.engine
        text = metrics.Scrape(app.engine, shop.config)().decode()
    assert 'alerts_feeds{health="healthy"} 1.0' in text
    assert 'alerts_attempts_total{channel="slack",outcome="delivered",reason="accepted"} 1.0' in text
    assert 'alerts_sent_after_seen_seconds_count{channel="slack"} 1.0' in text
    assert "anna" not in text


def test_a_configuration_that_is_wrong_is_a_number(shop: Shop) -> None:
    shop.write("feeds.yaml", "feeds: no\n")
    with app_.open_sql(shop.environ.get) as engine:
        assert "alerts_config_problems 1.0" in metrics.Scrape(engine, shop.config)().decode()


# ── the page, the dashboard, the rules ───────────────────────────────────────────────────────────────────────────────


def test_the_page_has_every_metric_as_it_is() -> None:
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    found = re.findall(r"^\| `(alerts_\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", page, re.MULTILINE)
    rows = [(name, kind, tuple(re.findall(r"`(\w+)`", labels)), said) for name, kind, labels, said in found]
    assert rows == [(name, f.kind, f.labels, f.said) for name, f in metrics.FAMILIES.items()]
    for kind in (*(name for name, _ in counting.FAILURES), *counting.REASONS, *counting.STAGES):
        assert f"`{kind}`" in page, kind


@pytest.mark.parametrize("name", ["grafana.json", "alerts.rules.yml"])
def test_what_is_drawn_and_watched_exists(name: str) -> None:
    used = set(re.findall(r"\balerts_[a-z_]+", (OBSERVABILITY / name).read_text()))
    known = set(metrics.FAMILIES) | {
        f"{n}{end}"
        for n, f in metrics.FAMILIES.items()
        if f.kind == "histogram"
        for end in ("_bucket", "_sum", "_count")
    }
    assert used
    assert used - known == set()


def test_the_dashboard_is_whole() -> None:
    board = json.loads((OBSERVABILITY / "grafana.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids) > 10
    assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
@pytest.mark.parametrize("command", [["check", "rules", "alerts.rules.yml"], ["test", "rules", "alerts.test.yml"]])
def test_the_rules_are_tried_by_promtool(command: list[str]) -> None:
    done = subprocess.run(["promtool", *command], cwd=OBSERVABILITY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_the_names_and_the_text_are_as_promtool_wants_them(engine: Engine) -> None:
    sql.SqlLog(engine, "matches", Match).append([match(1)])
    told(engine, 1)
    text = metrics.exposition(engine, LOADED, NOW)
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


# ── over HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────


def ask(url: str, **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("GET", "/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    said = answer.status, answer.getheader("Content-Type") or "", answer.read().decode()
    connection.close()
    return said


WHO = [
    ("this machine, where no token is set", (), {}, 200),
    ("a proxy on this machine for somebody else", (), {"X_Forwarded_For": "203.0.113.7"}, 401),
    ("this machine, where one is set", (TOKEN,), {}, 401),
    ("a wrong token", (TOKEN,), {"Authorization": "Bearer " + "x" * 32}, 401),
    ("the token", (TOKEN,), {"Authorization": f"Bearer {TOKEN}"}, 200),
]


@pytest.mark.parametrize(("who", "tokens", "headers", "status"), WHO, ids=[case[0] for case in WHO])
def test_who_may_see_them(who: str, tokens: tuple[str, ...], headers: dict[str, str], status: int) -> None:
    shown = serving.Metrics(lambda: b"alerts_articles_total 3.0\n", metrics.CONTENT_TYPE, tokens)
    with serving.serving(a_door(), (), metrics=shown, port=0) as url:
        got = ask(url, **headers)
    assert got[0] == status
    if status == 200:
        assert got[1:] == (metrics.CONTENT_TYPE, "alerts_articles_total 3.0\n")
    else:
        assert "alerts_articles_total" not in got[2]
