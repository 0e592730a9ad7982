"""Housekeeping on a real installation: what goes, what stays, what is put back, and that nobody is told anything twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from alerts import app as app_
from alerts import show
from alerts.adapters.sql import queries
from alerts.app import LINE, keeping, retention
from alerts.app.retention import Retention
from alerts.errors import AlertsError, StoreError
from alerts.model import Report
from tests.line.world import World
from tests.shop import SUBSCRIPTIONS, Shop, open_shop, rss

DAY = timedelta(days=1)
START = datetime(2099, 7, 1, 8, tzinfo=UTC)
"""Not in the past: Redis ends a generation by its own clock."""
FIRST = ("Iran cuts internet as forces fire on protesters", "https://wire.example/1", "Residents of Tehran said so.")
SECOND = ("Wrestlers of Iran win gold in Astana", "https://wire.example/2", "Twelve medals were taken.")


@dataclass
class Site:
    """An installation, and a clock that is told to move."""

    shop: Shop
    environ: dict[str, str]
    now: datetime = START
    told: list[str] = field(default_factory=list)

    def line(self) -> None:
        with app_.open_app(self.environ.get, clock=lambda: self.now) as app:
            for stage in LINE:
                app.run(stage, digest_now=True)
            assert app.engine
            self.told = sorted(r.delivery.id for r in queries.recent_deliveries(app.engine, 1_000))

    def keep(self) -> Report:
        return app_.housekeep(self.environ.get, clock=lambda: self.now)

    def logs(self) -> dict[str, int]:
        with app_.open_sql(self.environ.get) as engine:
            return {counted.log: counted.values for counted in queries.log_counts(engine)}


@pytest.fixture
def site(tmp_path: Path, valkey_url: str) -> Iterator[Site]:
    with open_shop(tmp_path) as shop:
        shop.serves("wire", rss(FIRST))
        yield Site(shop, {**shop.environ, "ALERTS_REDIS": valkey_url})


def counts(report: Report) -> dict[str, int]:
    """What is not nothing; the dates of files are the machine's, not the test's."""
    return {name: number for name, number in report.counts if number and name != "files"}


# ── what goes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_goes_that_is_young(site: Site) -> None:
    site.line()
    site.now += 29 * DAY
    assert counts(site.keep()) == {}


def test_what_goes_and_when(site: Site) -> None:
    site.line()
    site.now += 31 * DAY
    assert counts(site.keep()) == {"reports": 5}
    site.now += 60 * DAY
    kept = counts(site.keep())
    assert kept == {"articles": 1, "matches": 1, "developments": 1, "stories": 1, "reports": 1}
    site.now += 310 * DAY
    assert counts(site.keep()) == {"deliveries": 2, "reports": 1}
    site.now += 25 * DAY
    assert counts(site.keep())["seen"] == 1


def test_the_files_of_the_inbox_go_with_their_deliveries(site: Site) -> None:
    site.line()
    inbox = site.shop.folder / "var" / "inbox"
    files = [*inbox.iterdir()]
    os.utime(files[0], (START.timestamp(), START.timestamp() + 1))
    site.now = START + 400 * DAY
    assert dict(site.keep().counts)["files"] == len(files) - 1 == 3
    assert [*inbox.iterdir()] == files[:1]


def test_a_feed_that_shows_an_entry_for_years_tells_it_once(site: Site, valkey: redis.Redis) -> None:
    """Texts go, marks end with their generation, Redis is flushed now and then: the entry is never news again."""
    site.line()
    first = site.told
    for n in range(20):
        site.now += 22 * DAY
        if n % 7 == 3:
            valkey.flushall()
        site.keep()
        site.line()
        assert set(site.told) <= set(first)
    assert site.logs()["articles"] == 0


# ── what stays ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_slow_digest_has_not_read_stays_and_is_told(site: Site) -> None:
    """The digest was never composed: its reader holds its news, and the story that belongs to them."""
    with app_.open_app(site.environ.get, clock=lambda: site.now) as app:
        for stage in ("poll", "match", "group"):
            app.run(stage)
    site.now += 500 * DAY
    report = site.keep()
    assert dict(report.counts)["developments"] == dict(report.counts)["stories"] == 0
    assert [line for line in report.lines if "developments" in line] == [
        f'developments older than 90 days are kept, because "{name}" has not read them' for name in ("desk", "morning")
    ]
    site.line()
    assert [id_.partition(":")[0] for id_ in site.told] == ["alert", "digest"]
    assert dict(site.keep().counts)["developments"] == 1


def test_what_is_open_in_the_outbox_stays(site: Site) -> None:
    site.environ["ALERTS_SLACK"] = "ftp://nowhere"
    site.line()
    site.now += 420 * DAY
    assert dict(site.keep().counts)["deliveries"] == 1
    del site.environ["ALERTS_SLACK"]
    site.line()
    with app_.open_sql(site.environ.get) as engine:
        assert [record.state for record in queries.recent_deliveries(engine)] == ["delivered"]


def test_a_subscription_that_is_gone_holds_its_news_no_longer_than_deliveries(site: Site) -> None:
    """It may be one that comes back; for ever it may not be waited for."""
    with app_.open_app(site.environ.get, clock=lambda: site.now) as app:
        for stage in ("poll", "match", "group"):
            app.run(stage)
    site.shop.write("subscriptions.yaml", "\n".join(SUBSCRIPTIONS.splitlines()[:2]) + "\n")
    site.line()
    site.now += 100 * DAY
    report = site.keep()
    assert dict(report.counts)["developments"] == 0
    assert 'because "morning" has not read them' in "".join(report.lines)
    site.now += 301 * DAY
    assert dict(site.keep().counts)["developments"] == 1


# ── the index in Redis ───────────────────────────────────────────────────────────────────────────────────────────────


def test_marks_that_redis_has_lost_are_put_back(site: Site, valkey: redis.Redis) -> None:
    site.shop.serves("wire", rss(FIRST, SECOND))
    site.line()
    assert dict(site.keep().counts)["index"] == 0
    valkey.flushall()
    assert dict(site.keep().counts)["index"] == 2
    assert dict(site.keep().counts)["index"] == 0


def test_a_redis_that_does_not_answer_is_no_reason_to_fail(site: Site) -> None:
    site.line()
    site.environ["ALERTS_REDIS"] = "redis://127.0.0.1:1/0"
    assert dict(site.keep().counts)["index"] == 0


def test_marks_of_an_earlier_generation_are_not_put_back(site: Site) -> None:
    """Else SQL would never again be asked, and would forget what a feed still shows."""
    site.line()
    site.now += 26 * DAY
    assert dict(site.keep().counts)["index"] == 0


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_sick_feeds_are_named(site: Site) -> None:
    site.shop.serves("wire", b"", 500)
    for _ in range(4):
        site.line()
        site.now += 2 * DAY
    report = site.keep()
    assert dict(report.counts)["sick"] == 1
    assert report.lines[-1].startswith('feed "wire": backing off for ')
    assert "500" in report.lines[-1]


def test_free_space_is_told_when_there_is_much(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.shop.serves("wire", rss(*((f"Iran {n}", f"https://wire.example/{n}", "x" * 20_000) for n in range(20))))
    site.line()
    monkeypatch.setattr(keeping, "WASTE", 100_000)
    assert [line for line in site.keep().lines if "vacuum" in line] == []
    site.now += 450 * DAY
    assert [line for line in site.keep().lines if "`alerts housekeep --vacuum`" in line]


def test_the_report_in_words() -> None:
    made = Report("keep", START, (("articles", 1), ("matches", 2), ("index", 1), ("sick", 1)), ('feed "x": gone',))
    said = "\n".join(show.kept(made))
    assert "deleted       1 article, 2 matches, 0 developments, 0 stories" in said
    assert "              0 sign-ups that nobody confirmed" in said
    assert "put back      1 mark that" in said
    assert said.endswith('feed "x": gone')


def test_it_is_in_the_log_of_reports(site: Site) -> None:
    made = site.keep()
    with app_.open_sql(site.environ.get) as engine:
        assert queries.reports_since(engine, START) == (made,)


def test_there_is_nothing_to_keep_in_memory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="use a SQL store"):
        app_.keep(World().app, Retention(), tmp_path)


def test_a_program_that_runs_for_good_keeps_house_once_a_day(site: Site) -> None:
    ticks = [0.0]
    daily = app_.Daily(site.environ.get, ticks=lambda: ticks[0])
    done = []
    with app_.open_app(site.environ.get, clock=lambda: site.now) as app:
        for _ in range(50):
            ticks[0] += 3_600
            done.append(daily.keep(app) is not None)
            site.now += timedelta(hours=1)
    assert [hour for hour, kept in enumerate(done, 1) if kept] == [1, 25, 49]


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_not_set_is_as_usual() -> None:
    assert retention.read({}.get) == Retention()
    assert retention.read({"ALERTS_KEEP_REPORTS": "7d"}.get) == Retention(reports=7 * DAY)


BAD = [
    ("no duration", "ALERTS_KEEP_ARTICLES", "soon", 'ALERTS_KEEP_ARTICLES "soon" is no duration; write a number'),
    ("shorter than stories are open", "ALERTS_KEEP_ARTICLES", "48h", "ALERTS_KEEP_ARTICLES is too short; write 8d"),
    ("shorter than a generation", "ALERTS_KEEP_SEEN", "7d", "ALERTS_KEEP_SEEN is too short; write 30d or more"),
]


@pytest.mark.parametrize(("what", "name", "written", "said"), BAD, ids=[case[0] for case in BAD])
def test_a_span_that_will_not_do(what: str, name: str, written: str, said: str) -> None:
    with pytest.raises(AlertsError) as caught:
        retention.read({name: written}.get)
    assert str(caught.value).startswith(said)
