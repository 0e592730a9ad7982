"""One at a time, on every store: who comes second waits, and who dies lets go."""

from __future__ import annotations

import subprocess
import sys
import threading

from sqlalchemy import Engine

from alerts.adapters import sql

WAIT = """
import sys
from alerts.adapters import sql
with sql.alone(sql.connect(sys.argv[1]), "group"):
    print("in", flush=True)
    sys.stdin.read()
"""


def test_the_second_waits_until_the_first_has_left(engine: Engine) -> None:
    order: list[str] = []

    def second() -> None:
        with sql.alone(engine, "group"):
            order.append("second")

    with sql.alone(engine, "group"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_another_name_is_another_matter(engine: Engine) -> None:
    entered = threading.Event()

    def other() -> None:
        with sql.alone(engine, "match"):
            entered.set()

    thread = threading.Thread(target=other)
    with sql.alone(engine, "group"):
        thread.start()
        assert entered.wait(10)
    thread.join(10)


def test_whoever_is_killed_lets_go(sql_url: str) -> None:
    engine = sql.connect(sql_url)
    other = subprocess.Popen(
        [sys.executable, "-c", WAIT, sql_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == "in\n"
    other.kill()
    other.wait()
    with sql.alone(engine, "group"):
        pass
    other.stdin.close()
    other.stdout.close()
    engine.dispose()
