"""What the doorbell promises: who waits is woken, a ring between two waits counts, and without Redis nothing breaks."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import redis

from alerts.adapters import redis as redis_
from alerts.adapters.memory import MemoryNews
from alerts.adapters.redis import RedisNews
from alerts.ports import News


@pytest.fixture(params=["memory", "valkey"])
def news(request: pytest.FixtureRequest) -> News:
    return MemoryNews() if request.param == "memory" else RedisNews(request.getfixturevalue("client"), "a")


def test_a_ring_between_two_waits_counts_once(news: News) -> None:
    assert not news.wait(0.02)
    for _ in range(30):
        news.ring()
    assert news.wait(5)
    assert not news.wait(0.02)
    news.ring()
    assert news.wait(5)


def test_who_waits_is_woken_at_once(news: News) -> None:
    began = time.monotonic()
    ringer = threading.Timer(0.1, news.ring)
    ringer.start()
    assert news.wait(10)
    assert time.monotonic() - began < 2
    ringer.join()


def test_a_wait_ends_by_itself(news: News) -> None:
    began = time.monotonic()
    assert not news.wait(1.2), "longer than one piece"
    assert 1.1 < time.monotonic() - began < 3
    assert not news.wait(-1)


def test_all_who_wait_are_woken_but_not_those_of_another_store(client: redis.Redis) -> None:
    one, two, other = RedisNews(client, "a"), RedisNews(client, "a"), RedisNews(client, "b")
    RedisNews(client, "a").ring()
    assert one.wait(1)
    assert two.wait(1)
    assert not other.wait(0.02)
    assert client.xlen("alerts:{a}:news") == 1


def test_old_rings_wake_nobody_who_comes_later(client: redis.Redis) -> None:
    RedisNews(client, "a").ring()
    assert not RedisNews(client, "a").wait(0.02)


def test_without_redis_nothing_rings_and_nothing_breaks(tmp_path: Path) -> None:
    with redis_.connect(f"unix://{tmp_path}/none") as gone:
        news = RedisNews(gone, "a")
        news.ring()
        assert not news.wait(0.05)
