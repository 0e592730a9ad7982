"""A desk on a store that holds a little of everything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from alerts.adapters import sql
from alerts.desk import Desk, alone, open_desk
from alerts.model import Development, FeedState, Hour, Member, Message, Story, Volume
from tests.contract.values import NOW, TestClock, delivery, development, receipt, story
from tests.desk.visitor import Visitor

URL = "https://desk.example"
TOKEN = "a-token-of-this-desk-01"
CONFIG = {
    "feeds.yaml": """
feeds:
  - {id: ofac, url: "https://feeds.example/ofac.xml", outlet: US Treasury}
  - {id: wire, url: "https://feeds.example/wire.xml", outlet: Polaris Wire}
""",
    "rules/all.yaml": """
rules:
  - {id: iran, title: Iran, severity: urgent, any: [iran]}
  - {id: china, title: China, any: [china]}
  - {id: tariffs, title: Tariffs, any: [tariff*]}
""",
    "channels.yaml": """
channels:
  - {id: mail, kind: mail, from: Tocsin <tocsin@example.org>}
  - {id: slack, kind: slack}
""",
    "subscriptions.yaml": """
self_service: {rules: [iran, china], channel: mail, title: Our news}
subscriptions:
  - {id: anna, rules: all, channel: mail, to: [anna@example.com], when: daily at 07:30, zone: Europe/London}
""",
}


def write_config(folder: Path) -> None:
    for name, said in CONFIG.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(said)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that is migrated and holds nothing, to be copied."""
    path = tmp_path_factory.mktemp("store") / "alerts.db"
    sql.connect(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def settings(tmp_path: Path, empty_store: Path) -> dict[str, str]:
    (tmp_path / "var").mkdir()
    shutil.copy(empty_store, tmp_path / "var")
    write_config(tmp_path / "config")
    return {"ALERTS_DESK_URL": URL, "ALERTS_VAR": str(tmp_path / "var"), "ALERTS_CONFIG": str(tmp_path / "config")}


@pytest.fixture
def desk(settings: dict[str, str], clock: TestClock) -> Iterator[Desk]:
    with open_desk(settings.get, clock=clock) as opened:
        yield opened


@pytest.fixture
def made(desk: Desk) -> FastAPI:
    return alone.desk(lambda: desk, (TOKEN,))


@pytest.fixture
def reader(made: FastAPI) -> Visitor:
    """Somebody who has logged in."""
    visitor = Visitor(made)
    assert visitor.post("/login", data={"token": TOKEN}).status_code == 303
    return visitor


@pytest.fixture
def stranger(made: FastAPI) -> Visitor:
    return Visitor(made)


def fill(desk: Desk, words: str = "", url: str = "https://example.com/1", html: str = "") -> None:
    """Put a little of everything into the store; ``words`` are added to every text that a stranger wrote."""
    engine = desk.engine
    d = development(1)
    article = replace(d.article, title=f"Tariff {words}", outlet=f"Korea Herald {words}", url=url, lang=words or "en")
    told = replace(d, match=replace(d.match, article=article), reason=f"new facts: {words or '25%'}")
    sql.SqlLog(engine, "developments", Development).append([told])
    other = Member("a-2", "v1", f"Other {words}", url, f"t {words}", "lead", NOW, "same story")
    first = replace(story("s-1", 1).members[0], url=url)
    kept = replace(story("s-1", 1), members=(first, other))
    sql.SqlTable(engine, "stories", Story).put({"s-1": kept}, at=NOW)
    state = FeedState(
        "ofac", NOW + timedelta(hours=1), health="failing", failures=1, since=NOW, reason=f"503 {words}",
        last_poll=NOW, home=next(feed.url for feed in desk.config.feeds if feed.id == "ofac"),
    )  # fmt: skip
    sql.SqlTable(engine, "states", FeedState).put({"ofac": state}, at=NOW)
    hours = (Hour("iran", NOW, ("t1", "t2")), Hour("iran", NOW - timedelta(days=3), ("t2", "t3")))
    sql.SqlTable(engine, "volumes", Volume).put({"volume": Volume(hours)}, at=NOW)
    outbox = sql.SqlOutbox(engine)
    message = Message("mail", f"Iran {words}", f"text {words}", html or "<html><head></head><p>told</p></html>")
    outbox.add([replace(delivery("digest:anna:1"), message=message)])
    outbox.add(
        [replace(delivery("alert:desk:2", recipient=""), message=Message("slack", "S", f"t {words}", body="{}"))]
    )
    token = outbox.claim(["digest:anna:1"], now=NOW, until=NOW + timedelta(minutes=5))["digest:anna:1"]
    assert token
    answered = replace(receipt("digest:anna:1", "refused"), reason=f"550 no {words}")
    assert outbox.record(answered, token=token, next_attempt=None)
