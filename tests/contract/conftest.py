"""What the contracts of several adapters share: a client of a real Valkey, and no warning of an earlier test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from alerts.adapters import redis as redis_


@pytest.fixture(autouse=True)
def _not_warned_yet() -> Iterator[None]:
    redis_._warned.clear()
    yield
    redis_._warned.clear()


@pytest.fixture
def client(valkey_url: str) -> Iterator[redis.Redis]:
    with redis_.connect(valkey_url) as client:
        yield client
