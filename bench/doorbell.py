"""From a push to its webhook through Airflow: the services of docker-compose.yml, left alone, then killed in turn.

    make doorbell                                        (root, a machine of its own; it ends within twelve minutes)
    tests/rehearsal/enter.sh python bench/doorbell.py [articles] [alone]

First, as a peer, the line without Airflow: ``alerts run --follow``, an article after the other.  Then Airflow: articles
are pushed at random moments (the gaps are exponential, so that some come together and some alone), 150 of them
0.6 seconds apart on average while nobody is killed, and 1,000 of them 0.33 seconds apart, over five and a half
minutes, while every 40 seconds one is killed with SIGKILL: the triggerer, a process that looks after a task, the
scheduler with all its tasks, the door, and so on.  Two cores keep pace with that: a run of each DAG takes what has come
since the last.

It prints the seconds from the first byte of a POST to the arrival of its webhook, where they went by Airflow's own
tables, and how many articles had not come, or came twice.  It waits until all have come, or none has come for three
minutes.  What has not come counts as slower than all others.
"""

from __future__ import annotations

import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg

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
CALM, GAP = 0.6, 0.33
"""Seconds between two pushes, on average, while nobody is killed and while one after the other is."""

KILLED = ("triggerer", "a task", "scheduler", "serve")
EVERY, AWAY = 40.0, 3.0
"""Seconds between two kills, and for which the killed one stays away."""

PATIENCE = 180.0
"""Seconds without an arrival after which what has not come is not waited for."""

END = time.monotonic() + 680.0
"""When it ends in any case."""

TASKS = """
SELECT dag_id || '.' || task_id, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM start_date - scheduled_dttm)),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM end_date - start_date))
FROM task_instance WHERE dag_id IN ('alerts_watch', 'alerts_send') AND end_date > now() - %s * interval '1 second'
GROUP BY dag_id, task_id ORDER BY min(start_date)
"""

WAKES = """
SELECT dag_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM woken - rang)) FROM (
  SELECT r.dag_id, r.id, max(r.start_date) AS woken, min(e.timestamp) AS rang FROM dag_run r
  JOIN dagrun_asset_event d ON d.dag_run_id = r.id JOIN asset_event e ON e.id = d.event_id
  WHERE r.start_date > now() - %s * interval '1 second' GROUP BY r.dag_id, r.id) AS runs GROUP BY dag_id ORDER BY 1
"""


def push(token: str, body: bytes) -> None:
    """Push one article; whoever is refused tries again, as a client of ours must."""
    for _ in range(600):
        try:
            door = HTTPConnection("127.0.0.1", 8586, timeout=10)
            door.request("POST", "/api/articles", body, {"Authorization": f"Bearer {token}"})
            if door.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.2)
    raise AssertionError("the door stayed shut")


def pushes(numbers: range, gap: float, token: str, words: random.Random) -> dict[int, float]:
    """Push each at a random moment, until it must end; when each was begun."""
    began: dict[int, float] = {}
    for n in numbers:
        time.sleep(words.expovariate(1 / gap))
        if time.monotonic() > END - 60:
            print(f"there was time for {len(began)} of {len(numbers)} pushes", flush=True)
            break
        began[n] = time.monotonic()
        push(token, line(n, words))
    return began


def killing(stack: Stack, stop: threading.Event) -> list[str]:
    """Kill in turn, until it is told to stop; who was killed."""
    killed: list[str] = []
    turn = 0
    while not stop.wait(EVERY):
        name = KILLED[turn % len(KILLED)]
        turn += 1
        if name != "a task":
            stack.kill(name)
            time.sleep(AWAY)
            stack.start(name)
        elif not one_is_killed(stack):
            continue
        killed.append(name)
    return killed


def one_is_killed(stack: Stack) -> bool:
    """Kill a process that looks after a task, as soon as there is one."""
    until = time.monotonic() + 10
    while not (killed := stack.kill_a_task()) and time.monotonic() < until:
        time.sleep(0.05)
    return killed


def came(received: Received) -> dict[int, list[float]]:
    """When each article came; an article has one word that no other has."""
    found: dict[int, list[float]] = {}
    for at, body in list(received.webhook):
        for n in set(map(int, re.findall(r"push(\d+)", body))):
            found.setdefault(n, []).append(at)
    return found


def all_came(began: Mapping[int, float], received: Received, settle: float) -> dict[int, list[float]]:
    """Wait until all have come, or none has for long, and then whether one comes again."""
    last = time.monotonic()
    count = 0
    while began.keys() - (found := came(received)).keys() and time.monotonic() < min(END, last + PATIENCE):
        if len(found) > count:
            count, last = len(found), time.monotonic()
        time.sleep(0.5)
    time.sleep(settle)
    return came(received)


def told(what: str, began: Mapping[int, float], received: Received, settle: float = 5) -> int:
    """Wait for the last, then print how long they took, and which have not come or came twice."""
    found = all_came(began, received, settle)
    took = sorted(found[n][0] - at if n in found else float("inf") for n, at in began.items())
    lost, twice = len(began.keys() - found.keys()), sum(len(found.get(n, ())) > 1 for n in began)
    p95 = took[min(len(took) - 1, round(0.95 * len(took)))]
    late = sum(t > 10 for t in took)
    print(
        f"{what:<42} n={len(began):<5} p50 {statistics.median(took):6.1f} s    p95 {p95:6.1f} s    "
        f"max {took[-1]:6.1f} s    over 10 s {late}   lost {lost}   twice {twice}",
        flush=True,
    )
    return lost + twice


def legs(environment: Mapping[str, str], seconds: float) -> None:
    """Print where the seconds go, by Airflow's own tables: medians of what began in the last seconds."""
    url = f"postgresql://airflow:{environment['AIRFLOW_DB_PASSWORD']}@127.0.0.1:5432/airflow"
    with psycopg.connect(url) as server:
        for dag, count, woken in server.execute(WAKES, [seconds]).fetchall():
            print(f"  {dag:<24} from its first event to its run  {woken:5.2f} s                  ({count} runs)")
        for name, count, wait, took in server.execute(TASKS, [seconds]).fetchall():
            print(f"  {name:<24} waits for a process {wait:5.2f} s   takes {took:5.2f} s   ({count} times)")
    sys.stdout.flush()


def through_airflow(number: int, alone: int) -> int:
    """Push while nobody is killed, then while one after the other is; how many were lost or came twice."""
    words, environment = random.Random(7), example(ALERTS_WEBHOOK="http://receiver:9099/hook")
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
        told("the first one", pushes(range(1), 0.1, token, words), received)
        began = time.monotonic()
        calm = pushes(range(1, 1 + alone), CALM, token, words)
        bad = told("Airflow, nobody is killed", calm, received)
        legs(environment, time.monotonic() - began)
        stop, killed = threading.Event(), []
        killer = threading.Thread(target=lambda: killed.extend(killing(stack, stop)), daemon=True)
        killer.start()
        rough = pushes(range(1 + alone, 1 + alone + number), GAP, token, words)
        stop.set()
        killer.join()
        bad += told("Airflow, one after another is killed", rough, received, settle=20)
        print("killed:", ", ".join(f"{name} {times}" for name, times in Counter(killed).items()), flush=True)
    return bad


def main() -> None:
    if not here():
        sys.exit("run it by tests/rehearsal/enter.sh, as root")
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    alone = int(sys.argv[2]) if len(sys.argv) > 2 else 150
    subprocess.run([sys.executable, str(Path(__file__).with_name("push.py")), "100", "follow"], check=True)
    bad = through_airflow(number, alone)
    print(f"{bad} lost or twice; {680 - (END - time.monotonic()):.0f} s in all")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
