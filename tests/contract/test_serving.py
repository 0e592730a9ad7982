"""``POST /api/articles`` on a real socket: who is let in, how much is taken, and that a slow sender stops no other."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from alerts import pushing, serving
from alerts.adapters.sql import SqlLog, connect
from alerts.errors import AlertsError, StoreError
from alerts.model import Article
from alerts.pushing import Door
from alerts.serving import Bucket
from tests.test_pushing import OIL, TOKEN, a_door, body, kept

AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def door() -> Door:
    return a_door()


@pytest.fixture
def url(door: Door) -> Iterator[str]:
    with serving.serving(door, (TOKEN,), port=0) as url:
        yield url


def ask(
    url: str, sent: bytes = b"", method: str = "POST", path: str = "/api/articles", **headers: str
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request(method, path, sent, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_it_is_served_on_this_machine_alone(url: str) -> None:
    assert url.startswith("http://127.0.0.1:")


def test_an_article_is_taken(url: str, door: Door) -> None:
    status, text = ask(url, body(OIL, OIL), **AUTHORISED)
    assert (status, json.loads(text)["accepted"], json.loads(text)["new"], len(kept(door))) == (200, 2, 1, 1)
    assert door.news.wait(0)


REFUSED = [
    ("without a token", {}, body(OIL), 401, "no token, or a wrong one"),
    ("with a wrong one", {"Authorization": "Bearer " + "x" * 32}, body(OIL), 401, "no token, or a wrong one"),
    ("packed", {**AUTHORISED, "Content_Encoding": "gzip"}, gzip.compress(body(OIL)), 415, "must not be compressed"),
    ("too large", AUTHORISED, b" " * (pushing.MOST_BYTES + 1), 413, "larger than 10 MB"),
    ("nonsense", AUTHORISED, b"nonsense", 422, "not JSON"),
    ("nothing", AUTHORISED, b"", 400, "the body is empty"),
]


@pytest.mark.parametrize(("why", "headers", "sent", "status", "said"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_is_refused(
    url: str, door: Door, why: str, headers: dict[str, str], sent: bytes, status: int, said: str
) -> None:
    answer = ask(url, sent, **headers)
    assert answer[0] == status
    assert said in answer[1]
    assert TOKEN not in answer[1]
    assert kept(door) == ()


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/api/articles", 405), ("POST", "/", 404), ("POST", "/api/articles/", 404)]
)
def test_there_is_nothing_else(url: str, method: str, path: str, status: int) -> None:
    assert ask(url, b"", method, path, **AUTHORISED)[0] == status


def test_a_body_that_does_not_come_stops_no_other(url: str, door: Door) -> None:
    parts = urlsplit(url)
    head = f"POST /api/articles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as slow:
        slow.sendall(head.encode())
        assert ask(url, body(OIL), **AUTHORISED)[0] == 200


class Full:
    """A log whose disk is full."""

    def append(self, values: Iterable[Article]) -> int:
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))


def a_full_sqlite(folder: Path) -> SqlLog[Article]:
    """A real log on a real SQLite that takes nothing more, as on a full disk."""
    engine = connect(f"sqlite:///{folder / 'alerts.db'}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
    engine.dispose()
    return SqlLog(engine, "articles", Article)


STORES: list[tuple[str, Callable[[Path], Any]]] = [
    ("a driver's own error", lambda _: Full()),
    ("a real SQLite that takes nothing more", a_full_sqlite),
]


@pytest.mark.parametrize(("what", "made"), STORES, ids=[case[0] for case in STORES])
def test_a_store_that_fails_asks_for_the_same_again_later(
    what: str, made: Callable[[Path], Any], tmp_path: Path
) -> None:
    door = a_door()
    broken = Door(door.seen, made(tmp_path), door.news, door.clock)
    with serving.serving(broken, (TOKEN,), port=0) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        connection.request("POST", "/api/articles", body(OIL), AUTHORISED)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert said == {"error": "the store fails, and nothing was kept; send it again in 10 s"}
    assert not door.news.wait(0), "nothing was kept, so nobody is woken"


def test_metrics_that_cannot_be_counted_are_asked_for_again_later(door: Door) -> None:
    def fails() -> bytes:
        raise StoreError("the store cannot be used")

    shown = serving.Metrics(fails, "text/plain", (TOKEN,))
    with serving.serving(door, (), metrics=shown, port=0) as url:
        assert ask(url, method="GET", path="/metrics", **AUTHORISED)[0] == 503


def test_too_many_requests_are_told_to_wait(url: str) -> None:
    statuses = [ask(url, b"")[0] for _ in range(int(serving.BURST) + 20)]
    assert statuses[0] == 401, "the wrong ones count as well"
    assert 429 in statuses


def test_the_budget_fills_again() -> None:
    clock = iter([0.0, 0.0, 0.0, 0.25, 0.5, 100.0, 100.0, 100.0])
    bucket = Bucket(lambda: next(clock), rate=2.0, burst=2.0, left=2.0)
    assert [bucket.take() for _ in range(8)] == [0, 0, 0.5, 0.25, 0, 0, 0, 0.5]


def test_a_port_that_is_taken_is_said(url: str) -> None:
    with (
        pytest.raises(AlertsError, match="cannot be listened on"),
        serving.serving(a_door(), (TOKEN,), port=urlsplit(url).port or 0),
    ):
        pass
