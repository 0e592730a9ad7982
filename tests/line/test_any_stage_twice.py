"""Any stage twice, at once, in any order, or a month late: nothing doubled, nothing lost."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from alerts.adapters import sql
from alerts.adapters.memory import MemoryFingerprints
from alerts.adapters.sql import queries
from alerts.app import LINE, App, Stores
from alerts.model import Article, Development, Match, Story
from tests.line.world import CONCERN, CRACKDOWN, DESK, HOOK, POST, TARIFF, WIRE, World

SEEDS = 100
WORKERS = 3
SAID = [
    (WIRE, "Iran cuts internet as forces fire on protesters", CRACKDOWN),
    (POST, "Iran cuts internet as forces fire on protesters", CRACKDOWN + " (Polaris Wire)"),
    (WIRE, "China voices concern over Iran crackdown, offers no tangible support", CONCERN),
    (WIRE, "US announces 25% tariff on countries that transact with Iran", TARIFF),
    (POST, "Iran says 62 people died in the protests", "Iran said that 62 people died in the protests of Isfahan."),
    (WIRE, "Iran opens a dam in Fars", "Iran opened a dam of 40 metres in the province of Fars on Monday."),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the tables and nothing in them."""
    file = tmp_path_factory.mktemp("twice") / "empty.db"
    sql.connect(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory, if there is such a place: what is tested is not the disk, and a commit waits for it."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="alerts-", dir="/dev/shm") as made:
        yield Path(made)


@pytest.fixture
def engines(template: Path, folder: Path) -> Iterator[Iterator[list[Engine]]]:
    """Make a new store for each seed, opened once for each worker, as processes would."""
    opened: list[Engine] = []

    def make() -> Iterator[list[Engine]]:
        for n in range(SEEDS):
            file = folder / f"{n}.db"
            shutil.copy(template, file)
            some = [sql.connect(f"sqlite:///{file}") for _ in range(WORKERS)]
            opened.extend(some)
            yield some
            for engine in some:
                engine.dispose()
            file.unlink()

    yield make()
    for engine in opened:
        engine.dispose()


def at_once(apps: list[App], dice: random.Random) -> None:
    """Each worker runs some stages in an order of its own, together with the others."""
    plans = [dice.choices(LINE, k=4) for _ in apps]
    failed: list[BaseException] = []

    def work(app: App, plan: list[str]) -> None:
        try:
            for stage in plan:
                app.run(stage, digest_now=stage == "compose" and dice.random() < 0.3)  # type: ignore[arg-type]
        except BaseException as error:  # noqa: BLE001 - it is raised where the test sees it
            failed.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(apps, plans, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def whatever_happens(seed: int, engines: list[Engine]) -> tuple[World, Engine]:
    """News comes in pieces; between them workers run, and time passes, now and then a month of it."""
    dice, world = random.Random(seed), World()
    apps = [replace(world.app, stores=Stores.in_sql(engine, MemoryFingerprints()), engine=engine) for engine in engines]
    apps[0].subscribe()
    left = dice.sample(SAID, len(SAID))
    while left:
        for feed, title, text in (left.pop() for _ in range(dice.randint(1, len(left)))):
            world.says(feed, title, text)
        at_once(apps, dice)
        world.passes(**dice.choice([{"seconds": 1}, {"minutes": 7}, {"hours": 30}, {"days": 31}]))
    world.app = apps[0]
    for _ in range(2):
        world.passes(hours=25)
        world.run(digest_now=True)
    return world, engines[0]


def log_of(engine: Engine, name: str, of: type) -> list:  # type: ignore[type-arg]
    return list(sql.SqlLog(engine, name, of).read("reader of the test").values)


def test_nothing_is_doubled_and_nothing_is_lost(engines: Iterator[list[Engine]]) -> None:
    for seed, some in enumerate(engines):
        world, engine = whatever_happens(seed, some)
        articles = log_of(engine, "articles", Article)
        matches = log_of(engine, "matches", Match)
        developments = log_of(engine, "developments", Development)
        members = Counter(
            (m.article, m.version) for story in sql.SqlTable(engine, "stories", Story).values() for m in story.members
        )

        assert sorted(a.title for a in articles) == sorted(title for _, title, _ in SAID), f"seed {seed}: articles"
        assert sorted(m.key for m in matches) == sorted(a.key for a in articles), f"seed {seed}: matches"
        assert members == Counter((a.id, a.version) for a in articles), f"seed {seed}: members of stories"

        sent = Counter(delivery.id for channel in world.channels.values() for delivery in channel.sent)
        kept = {record.delivery.id: record.state for record in queries.recent_deliveries(engine, 1_000)}
        assert sent == Counter(kept.keys()), f"seed {seed}: sent and kept"
        assert set(kept.values()) == {"delivered"}, f"seed {seed}"
        for s in (DESK, HOOK):
            alerts = Counter(
                d.id.split(":")[2] for c in world.channels.values() for d in c.sent if d.subscription == s.id
            )
            assert set(alerts.values()) <= {1}, f"seed {seed}: told twice to {s.id}"
            assert alerts.keys() <= {d.key for d in developments}, f"seed {seed}"
        read = {
            r.reader: r.backlog
            for log in queries.log_counts(engine)
            for r in log.readers
            if r.reader != "reader of the test"
        }
        assert not any(read.values()), f"seed {seed}: unread"
