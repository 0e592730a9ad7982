"""From a push to its webhook through Airflow: the services of docker-compose.yml, left alone, then killed in turn.

    make doorbell                                                       (root; about ten minutes)
    tests/rehearsal/enter.sh python bench/doorbell.py [articles] [alone]

Articles are pushed at random moments.  After the first hundred the triggerer, the scheduler with the tasks it runs,
and the door are killed in turn and started again, again and again.  It prints the milliseconds from the first byte of
a POST to the arrival, and how many articles had not come seven minutes after the last push, or came twice.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.push import line
from tests.rehearsal.receivers import Received, receiving
from tests.rehearsal.stack import Airflow, Stack, example, here, mounted, standing

CONFIG = {
    "feeds.yaml": 'allow_hosts: [127.0.0.1]\nfeeds:\n  - {id: no, url: "http://127.0.0.1:9/", outlet: A, every: 1h}\n',
    "channels.yaml": "allow_hosts: [receiver]\nchannels:\n  - {id: hook, kind: webhook}\n",
    "subscriptions.yaml": (
        "subscriptions:\n  - {id: desk, title: Desk, rules: all, channel: hook, when: instant, strength: mention}\n"
    ),
    "rules/iran.yaml": "rules:\n  - {id: iran, title: Iran, any: [Iran]}\n",
}
GAP = 0.25
"""Seconds between two pushes, on average."""
KILLED = ("triggerer", "scheduler", "serve")
EVERY = 25.0
"""Seconds between two kills; the killed one stays away for a tenth of it."""


def push(token: str, body: bytes) -> None:
    """Push one article; whoever is refused tries again, as a client of ours must."""
    for _ in range(600):
        try:
            door = HTTPConnection("127.0.0.1", 8586, timeout=10)
            door.request("POST", "/api/articles", body, {"Authorization": f"Bearer {token}"})
            if door.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError("the door stayed shut")


def pushes(numbers: range, token: str, words: random.Random) -> dict[int, float]:
    """Push each at a random moment; when each was begun."""
    began: dict[int, float] = {}
    for n in numbers:
        time.sleep(words.expovariate(1 / GAP))
        began[n] = time.monotonic()
        push(token, line(n, words))
    return began


def killing(stack: Stack, stop: threading.Event) -> list[str]:
    """Kill in turn, until it is told to stop; who was killed."""
    killed: list[str] = []
    while not stop.wait(EVERY):
        name = KILLED[len(killed) % len(KILLED)]
        stack.kill(name)
        time.sleep(EVERY / 10)
        stack.start(name)
        killed.append(name)
    return killed


def came(received: Received) -> dict[int, list[float]]:
    """When each article came; an article has one word that no other has."""
    found: dict[int, list[float]] = {}
    for at, body in list(received.webhook):
        for n in set(map(int, re.findall(r"push(\d+)", body))):
            found.setdefault(n, []).append(at)
    return found


def told(what: str, began: dict[int, float], received: Received, seconds: float) -> int:
    """Wait for the last, then print how long they took, and which have not come or came twice."""
    until = time.monotonic() + seconds
    while began.keys() - came(received).keys() and time.monotonic() < until:
        time.sleep(0.5)
    time.sleep(5)
    found = came(received)
    ms = sorted(1_000 * (found[n][0] - began[n]) for n in began if n in found)
    lost, twice = len(began) - len(ms), sum(len(found.get(n, ())) > 1 for n in began)
    p95 = ms[min(len(ms) - 1, round(0.95 * len(ms)))]
    print(
        f"{what:<30} n={len(began):<5} p50 {statistics.median(ms):8.0f} ms   p95 {p95:8.0f} ms   "
        f"max {ms[-1]:8.0f} ms   not come {lost}   twice {twice}",
        flush=True,
    )
    return lost + twice


def main() -> None:
    if not here():
        sys.exit("run it by tests/rehearsal/enter.sh, as root")
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    alone = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    words = random.Random(7)
    environment = example(ALERTS_WEBHOOK="http://receiver:9099/hook")
    token = environment["ALERTS_PUSH_TOKEN"]
    with (
        tempfile.TemporaryDirectory(prefix="doorbell") as folder,
        mounted(CONFIG, Path(folder) / "config"),
        receiving() as received,
        standing(environment, Path(folder)) as stack,
    ):
        airflow = Airflow(environment)
        while len(airflow.ask("dags")["dags"]) < 5:
            time.sleep(0.5)
        told("the first one", pushes(range(1), token, words), received, 120)
        bad = told("nobody is killed", pushes(range(1, 1 + alone), token, words), received, 300)
        stop, killed = threading.Event(), []
        killer = threading.Thread(target=lambda: killed.extend(killing(stack, stop)))
        killer.start()
        began = pushes(range(1 + alone, 1 + alone + number), token, words)
        stop.set()
        killer.join()
        bad += told("one after another is killed", began, received, 420)
        print("killed:", ", ".join(f"{name} {times}" for name, times in Counter(killed).items()))
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
