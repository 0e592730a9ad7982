"""Logs: one line a run, one for each thing to know, one for each decision at debug; by ids, and without a secret."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from alerts import app as app_
from alerts.adapters import logs
from alerts.errors import AlertsError
from alerts.model import Report
from tests.contract.values import NOW
from tests.shop import Shop, open_shop, rss

FIRST = ("Iran cuts internet as forces fire on protesters", "https://wire.example/1", "Residents of Tehran said so.")


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        opened.serves("wire", rss(FIRST))
        yield opened


def logged(shop: Shop, valkey_url: str, **settings: str) -> str:
    """What one run of the line and one of housekeeping log."""
    environ = {**shop.environ, "ALERTS_REDIS": valkey_url, **settings}
    file = io.StringIO()
    logs.configure(environ.get, file)
    with app_.open_app(environ.get) as app:
        for stage in app_.LINE:
            app.run(stage, digest_now=True)
    app_.housekeep(environ.get)
    return file.getvalue()


def lines(text: str, **wanted: Any) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    return [line for line in found if all(line.get(key) == value for key, value in wanted.items())]


def test_there_is_a_line_for_each_run_of_a_stage(shop: Shop, valkey_url: str) -> None:
    text = logged(shop, valkey_url, ALERTS_LOG="json")
    found = lines(text)
    assert [line["stage"] for line in found] == [*app_.LINE, "keep"]
    assert {line["level"] for line in found} == {"info"}
    assert found[0]["articles"] == 1
    assert found[0]["at"].endswith("Z")
    assert found[0]["took"] >= 0


def test_what_an_operator_must_know_is_a_warning_about_a_feed(shop: Shop, valkey_url: str) -> None:
    shop.serves("wire", b"", 500)
    (line,) = lines(logged(shop, valkey_url, ALERTS_LOG="json", ALERTS_LOG_LEVEL="warning"), stage="poll")
    assert (line["level"], line["feed"]) == ("warning", "wire")
    assert "500" in line["event"]


def test_every_decision_is_a_line_with_its_ids_at_debug(shop: Shop, valkey_url: str) -> None:
    found = lines(logged(shop, valkey_url, ALERTS_LOG="json", ALERTS_LOG_LEVEL="debug"), level="debug")
    assert [line["event"] for line in found] == [
        "articles", "matches", "developments", *["delivery made"] * 2, *["delivery tried"] * 2,
    ]  # fmt: skip
    article, match, development, made, *_ = found
    tried = next(line for line in found if line["event"] == "delivery tried" and line["delivery"] == made["delivery"])
    assert article["feed"] == "wire"
    assert {article["article"]} == {match["article"]} == {development["article"]}
    assert match["rules"] == ["iran"]
    assert development["reason"] == "new story"
    assert development["story"]
    assert made["delivery"].startswith("alert:desk:")
    assert (tried["outcome"], tried["attempt"]) == ("delivered", 1)


def test_what_was_there_already_is_no_decision(shop: Shop, valkey_url: str) -> None:
    settings = {"ALERTS_LOG": "json", "ALERTS_LOG_LEVEL": "debug"}
    logged(shop, valkey_url, **settings)
    assert lines(logged(shop, valkey_url, **settings), event="articles") == []


def test_text_is_for_people(shop: Shop, valkey_url: str) -> None:
    text = logged(shop, valkey_url, ALERTS_LOG="text")
    assert "stage done" in text
    assert "{" not in text
    assert "\x1b" not in text, "a file has no colours"


def test_without_a_setting_only_errors_are_logged(shop: Shop, valkey_url: str) -> None:
    assert logged(shop, valkey_url) == ""


def test_no_secret_and_no_address_is_logged(shop: Shop, valkey_url: str) -> None:
    """Whatever is set, whatever goes wrong, at the level that says most."""
    shop.write(
        "channels.yaml",
        'channels:\n  - {id: mail, kind: mail, from: "T <t@example.org>"}\n  - {id: slack, kind: slack}\n',
    )
    feeds = (shop.config / "feeds.yaml").read_text().replace("outlet: Wire", "outlet: Wire, secret: wire")
    shop.write("feeds.yaml", feeds)
    shop.serves("wire", b"no CANARY-feed", 401)
    bad = {
        "ALERTS_FEED_WIRE": "user:CANARY-feed",
        "ALERTS_SMTP": "https://user:CANARY-smtp@mail.example.org",
        "ALERTS_SLACK": "http://127.0.0.1:1/CANARY-slack",
        "ALERTS_WEBHOOK_SECRET": "whsec_CANARY-webhook",
    }
    settings = {"ALERTS_LOG": "json", "ALERTS_LOG_LEVEL": "debug"}
    text = logged(shop, valkey_url, **settings, **bad)
    shop.serves("wire", rss(FIRST))
    text += logged(shop, valkey_url, **settings, **{**bad, "ALERTS_FEED_WIRE": ""})
    assert "deferred" in text or "401" in text
    assert len(text) > 500
    assert [word for word in ("CANARY", "anna@example.org") if word in text] == []


def test_a_line_of_a_report_is_about_what_it_begins_with() -> None:
    file = io.StringIO()
    logs.configure({"ALERTS_LOG": "json"}.get, file)
    said = ('delivery "alert:a:b": refused: 550', 'the "middle" is not the beginning')
    logs.reported(Report("deliver", NOW, (), said))
    _, first, second = lines(file.getvalue())
    assert (first["delivery"], first["event"]) == ("alert:a:b", "refused: 550")
    assert second["event"] == said[1]


BAD = [
    ("ALERTS_LOG", "xml", "ALERTS_LOG is 'xml'; write one of json, text"),
    ("ALERTS_LOG_LEVEL", "loud", "ALERTS_LOG_LEVEL is 'loud'; write one of debug, info, warning, error"),
]


@pytest.mark.parametrize(("name", "written", "said"), BAD, ids=[case[0] for case in BAD])
def test_a_setting_that_will_not_do(name: str, written: str, said: str) -> None:
    with pytest.raises(AlertsError, match=said):
        logs.configure({name: written}.get)
