"""The App on real stores and a real server: what an operator does to it, and what it does then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts import app as app_
from alerts import explain
from alerts.adapters.broken import BrokenChannel
from alerts.adapters.inbox import InboxChannel
from alerts.adapters.slack import SlackChannel
from alerts.adapters.smtp import SmtpChannel
from alerts.adapters.webhook import WebhookChannel
from alerts.app import LINE, App
from alerts.config import ChannelSettings
from alerts.errors import ConfigError, StoreError
from alerts.model import Report
from tests.shop import Shop, open_shop, rss

FIRST = ("Iran cuts internet as forces fire on protesters", "https://wire.example/1", "Residents of Tehran said so.")
SECOND = ("US announces 25% tariff on trade with Iran", "https://wire.example/2", "The White House said so.")
NOISE = ("Film festival opens in Busan", "https://wire.example/3", "Stars came.")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        opened.serves("wire", rss(FIRST))
        yield opened


def run(app: App) -> dict[str, Report]:
    return {stage: app.run(stage, digest_now=True) for stage in LINE}


def once(shop: Shop, at: datetime | None = None) -> dict[str, Report]:
    """Open the App, run the line once, close it: as every task of Airflow does."""
    now = at or datetime(2026, 7, 1, 8, tzinfo=UTC)
    with app_.open_app(shop.environ.get, clock=lambda: now) as app:
        return run(app)


def inbox(shop: Shop, ending: str) -> list[Path]:
    return sorted((shop.folder / "var" / "inbox").glob(f"*{ending}"))


def test_the_first_run_leaves_a_digest_and_an_alert_in_the_inbox(shop: Shop) -> None:
    once(shop)

    assert [path.name.partition("_")[0] for path in inbox(shop, ".slack.json")] == ["alert"]
    (page,) = inbox(shop, ".html")
    assert FIRST[0] in page.read_text()
    assert FIRST[0] in inbox(shop, ".txt")[0].read_text()


def test_the_second_run_sends_nothing_new(shop: Shop) -> None:
    start = datetime(2026, 7, 1, 8, tzinfo=UTC)
    once(shop, start)
    before = {path: path.stat().st_mtime_ns for path in inbox(shop, "")}
    reports = once(shop, start + timedelta(minutes=20))

    assert dict(reports["poll"].counts)["articles"] == 0
    assert dict(reports["deliver"].counts)["attempts"] == 0
    assert {path: path.stat().st_mtime_ns for path in inbox(shop, "")} == before


# ── the configuration goes wrong while it is in use ──────────────────────────────────────────────────────────────────


def test_a_broken_rule_file_keeps_its_last_good_version_and_stops_nothing_else(shop: Shop) -> None:
    start = datetime(2026, 7, 1, 8, tzinfo=UTC)
    once(shop, start)
    shop.write("rules/iran.yaml", "rules:\n  - id: iran\n    id: iran\n    any: ['@iran']\n")
    shop.serves(
        "wire", rss(FIRST, SECOND, ("Tehran calls the tariff unlawful", "https://wire.example/4", "It said so."))
    )
    reports = once(shop, start + timedelta(minutes=20))

    assert dict(reports["match"].counts)["matched"] == 2
    assert [line for line in reports["poll"].lines if line.startswith("config/rules/iran.yaml:3:5:")]
    assert "config/rules/iran.yaml: its last good version is in force" in reports["poll"].lines


def test_a_rule_file_that_was_never_good_is_left_out_and_said(shop: Shop) -> None:
    shop.write("rules/iran.yaml", "rules: [")
    shop.serves("wire", rss(FIRST, SECOND))
    reports = once(shop)

    assert dict(reports["match"].counts)["matched"] == 1
    assert any(line.startswith("config/rules/iran.yaml:1:") for line in reports["poll"].lines)


def test_feeds_that_were_deleted_are_polled_as_they_were(shop: Shop) -> None:
    start = datetime(2026, 7, 1, 8, tzinfo=UTC)
    once(shop, start)
    (shop.config / "feeds.yaml").unlink()
    reports = once(shop, start + timedelta(minutes=20))

    assert dict(reports["poll"].counts)["due"] == 1


def test_without_a_last_good_version_nothing_is_watched_in_silence(shop: Shop) -> None:
    shop.write("feeds.yaml", "feeds: no\n")
    with pytest.raises(ConfigError, match=r"config/feeds.yaml:1:8"):
        once(shop)


def test_a_mended_file_is_in_force_at_the_next_run(shop: Shop) -> None:
    start = datetime(2026, 7, 1, 8, tzinfo=UTC)
    once(shop, start)
    shop.write("rules/iran.yaml", "rules: [")
    once(shop, start + timedelta(minutes=20))
    shop.write("rules/iran.yaml", "rules:\n  - {id: iran, title: Iran, any: [festival]}\n")
    shop.serves("wire", rss(FIRST, NOISE))
    reports = once(shop, start + timedelta(minutes=40))

    assert reports["poll"].lines == ()
    assert dict(reports["match"].counts)["matched"] == 1


# ── feeds go wrong ───────────────────────────────────────────────────────────────────────────────────────────────────

BAD_FEEDS = [
    ("not XML", 200, b"hello, this is no feed", "feed"),
    ("an empty 200", 200, b"", "empty"),
    ("an HTML page", 200, b"<!doctype html><html><body>Sign in</body></html>", "HTML"),
    ("a 500", 500, b"", "500"),
    ("a body of 30 MB", 200, b"<rss>" + b" " * 30_000_000, "larger than"),
]


@pytest.mark.parametrize(("what", "status", "body", "word"), BAD_FEEDS, ids=[case[0] for case in BAD_FEEDS])
def test_a_bad_feed_is_a_clear_line_and_the_other_is_read(
    shop: Shop, what: str, status: int, body: bytes, word: str
) -> None:
    shop.feeds("bad", "wire")
    shop.serves("bad", body, status)
    reports = once(shop)

    (line,) = reports["poll"].lines
    assert line.startswith('feed "bad": ')
    assert word in line, line
    assert dict(reports["poll"].counts)["failed"] == 1
    assert dict(reports["match"].counts)["matched"] == 1


def test_a_feed_that_is_mended_has_lost_nothing(shop: Shop) -> None:
    start = datetime(2026, 7, 1, 8, tzinfo=UTC)
    shop.serves("wire", b"<html>down for maintenance</html>")
    once(shop, start)
    shop.serves("wire", rss(FIRST, SECOND))
    reports = once(shop, start + timedelta(days=2))

    assert dict(reports["match"].counts)["matched"] == 2


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

WAYS = [
    ("mail without a connection", "mail", {}, InboxChannel),
    ("mail", "mail", {"ALERTS_SMTP": "smtp://127.0.0.1:2525"}, SmtpChannel),
    ("Slack", "slack", {"ALERTS_SLACK": "https://hooks.slack.example/x"}, SlackChannel),
    ("a webhook with our own secret", "webhook", {"ALERTS_WEBHOOK": "https://hook.example/x"}, WebhookChannel),
    ("a wrong mail URL", "mail", {"ALERTS_SMTP": "mail.example.org"}, BrokenChannel),
    (
        "a wrong webhook secret",
        "webhook",
        {"ALERTS_WEBHOOK": "https://hook.example/x", "ALERTS_WEBHOOK_SECRET": "whsec_short"},
        BrokenChannel,
    ),
]


@pytest.mark.parametrize(("what", "kind", "settings", "way"), WAYS, ids=[case[0] for case in WAYS])
def test_which_way_out(tmp_path: Path, what: str, kind: str, settings: dict[str, str], way: type) -> None:
    connection = {"mail": "alerts_smtp", "slack": "alerts_slack", "webhook": "alerts_webhook"}[kind]
    sender = "Tocsin <tocsin@example.org>"
    made = app_.channel(ChannelSettings("out", kind, connection, sender), settings.get, tmp_path)  # type: ignore[arg-type]

    assert type(made) is way, what


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    settings = {"ALERTS_SMTP": "https://user:hunter2@mail.example.org"}
    made = app_.channel(ChannelSettings("out", "mail", "alerts_smtp", "a@example.org"), settings.get, tmp_path)

    assert isinstance(made, BrokenChannel)
    assert "hunter2" not in made.reason
    assert "ALERTS_SMTP" in made.reason


def test_a_broken_channel_stops_no_other_and_keeps_what_it_was_given(shop: Shop) -> None:
    start = datetime(2026, 7, 1, 8, tzinfo=UTC)
    environ = {**shop.environ, "ALERTS_SLACK": "ftp://nowhere"}
    with app_.open_app(environ.get, clock=lambda: start) as app:
        broken = run(app)["deliver"]
    mended = once(shop, start + timedelta(hours=1))["deliver"]

    assert dict(broken.counts) == {"attempts": 2, "delivered": 1, "deferred": 1, "refused": 0}
    assert dict(mended.counts)["delivered"] == 1
    assert len(inbox(shop, ".slack.json")) == 1


def test_a_database_that_cannot_be_opened_says_so_without_its_password(shop: Shop) -> None:
    environ = {**shop.environ, "ALERTS_SQL": "postgresql://tocsin:hunter2@127.0.0.1:1/alerts"}
    with pytest.raises(StoreError) as caught, app_.open_app(environ.get):
        pass

    assert "hunter2" not in str(caught.value)


def test_a_lost_redis_loses_nothing_and_repeats_nothing(shop: Shop) -> None:
    start = datetime(2026, 7, 1, 8, tzinfo=UTC)
    once(shop, start)
    shop.serves("wire", rss(FIRST, SECOND))
    environ = {**shop.environ, "ALERTS_REDIS": "redis://127.0.0.1:1/0"}
    with app_.open_app(environ.get, clock=lambda: start + timedelta(minutes=20)) as app:
        reports = run(app)

    assert dict(reports["poll"].counts)["articles"] == 1
    assert dict(reports["compose"].counts)["alerts"] == 1


def test_the_index_is_rebuilt_from_sql(shop: Shop) -> None:
    once(shop)

    assert app_.rebuild_index(shop.environ.get) == 1
    assert dict(once(shop, datetime(2026, 7, 1, 9, tzinfo=UTC))["poll"].counts)["articles"] == 0


# ── why ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_explain_walks_from_the_address_to_the_receipts(shop: Shop) -> None:
    shop.serves("wire", rss(FIRST, NOISE))
    once(shop)
    with app_.open_app(shop.environ.get) as app:
        told = "\n".join(explain.article(FIRST[1] + "?utm_source=x#top", app))
        noise = "\n".join(explain.article(NOISE[1], app))
        unknown = explain.article("https://wire.example/unknown", app)

    assert "rule iran met" in told
    assert "@iran in the title: **Iran** cuts internet" in told
    assert "new story" in told
    assert "delivery alert:desk:" in told
    assert "delivery digest:morning:" in told
    assert "delivered" in told
    assert "no rule was met" in noise
    assert "rule iran: none of any" in noise
    assert unknown == []


def test_explain_says_why_a_copy_was_told_to_nobody(shop: Shop) -> None:
    copy = (FIRST[0], "https://wire.example/copy", FIRST[2])
    shop.serves("wire", rss(FIRST, copy))
    once(shop)
    with app_.open_app(shop.environ.get) as app:
        lines = [*explain.article(FIRST[1], app), *explain.article(copy[1], app)]

    assert sum("): copy of Wire" in line for line in lines) == 1
    assert any(line.startswith("    copy of a-") and FIRST[1] in line for line in lines), "the original is named"
    assert sum("told to nobody: it is no development" in line for line in lines) == 1


def test_explain_says_why_an_article_joined_one_in_another_language(shop: Shop) -> None:
    english = ("Iran buys grain for $328.5 million", "https://wire.example/grain", "The ministry said so.")
    korean = ("이란, 곡물 3억2850만 달러 구매", "https://wire.example/grain-ko", "농업부가 밝혔다.")
    shop.serves("wire", rss(english, korean))
    once(shop)
    with app_.open_app(shop.environ.get) as app:
        lines = [*explain.article(english[1], app), *explain.article(korean[1], app)]

    (joined,) = [line for line in lines if "another language" in line]
    assert joined.endswith(" (Wire); both have @iran, 328500000")
    assert english[0] in joined or korean[0] in joined, "whichever came first"


def test_what_the_inbox_holds_is_what_a_channel_would_send(shop: Shop) -> None:
    once(shop)
    message = json.loads(inbox(shop, ".slack.json")[0].read_text())

    assert FIRST[0] in message["text"]
    assert message["blocks"]
