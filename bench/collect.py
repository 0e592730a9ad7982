"""Measure how fast ten thousand feeds are collected, against what one would write in an afternoon, in one run.

The feeds are those of ``bench/farm.py``, on loopback, each with a host of its own.  Everything is as in production: the
guard, one request at a time of a host and a second's rest, leases in a Valkey, states and articles in SQLite with every
commit on the disk, children for what is not in good order.  Only names are looked up here, and the socket that the
guard gives leads to the farm.  Each line is a process of its own; those that are compared take turns.

    python bench/collect.py              all tables, in a quarter of an hour on a busy machine
    python bench/collect.py --only chain
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import farm
from aiohttp.abc import AbstractResolver, ResolveResult
from redis.connection import AbstractConnection

from alerts import garbage, stages
from alerts.adapters import redis as redis_
from alerts.adapters import sql
from alerts.adapters.children import ChildParse, Children
from alerts.adapters.http import HttpFetch, Network
from alerts.adapters.memory import MemoryPages
from alerts.adapters.valkey import embedded
from alerts.app import BEAT, Stores
from alerts.model import Feed, FeedRequest, FeedState

START = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)
EVERY = timedelta(hours=2)
"""How far apart cycles are, by the clock that the stage is given: some feeds ask to be left alone for an hour."""

TICK = os.sysconf("SC_CLK_TCK")


# ── where the feeds are ──────────────────────────────────────────────────────────────────────────────────────────────


class Names(AbstractResolver):
    """Gives every feed an address of its own that looks public, and remembers when it was asked for."""

    asked: dict[str, float] = {}  # noqa: RUF012

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        number = int(host.partition(".")[0][1:])
        self.asked[str(number)] = time.perf_counter()
        ip = f"8.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        flags = socket.AI_NUMERICHOST
        return [{"hostname": host, "host": ip, "port": port, "family": socket.AF_INET, "proto": 0, "flags": flags}]

    async def close(self) -> None:
        """Nothing is open."""


def network(port: int, folder: Path) -> Network:
    """Give a network in which whatever is dialled is the farm; its certificate is the one that is trusted."""

    class Socket(socket.socket):
        def connect(self, address: Any) -> None:
            super().connect((farm.ADDRESSES[int(address[0].rpartition(".")[2]) % len(farm.ADDRESSES)], port))

    return Network(Names, Socket, ssl.create_default_context(cafile=str(folder / "cert.pem")))


def feeds(count: int, scheme: str) -> list[Feed]:
    return [
        Feed(str(n), f"{scheme}://f{n}.farm.test/{n}", "Outlet", every=timedelta(minutes=5), first_poll=None)
        for n in range(count)
    ]


def tell(port: int, generation: int, percent: int, *, bad: int = 0, delay: int = 0) -> None:
    """Say what the farm answers next."""
    client = HTTPConnection("127.0.0.1", port)
    client.request("GET", f"/set/{generation}/{percent}/{bad}/{delay}")
    assert client.getresponse().status == 204
    client.close()


# ── what is measured ─────────────────────────────────────────────────────────────────────────────────────────────────


def descendants() -> list[int]:
    """Give the children of this process, theirs, and so on."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, level = [], [os.getpid()]
    while level := [pid for pid, parent in parents.items() if parent in level]:
        found += level
    return found


def cpu(pids: Iterable[int]) -> float:
    """Give the seconds of CPU of these processes so far."""
    used = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used += sum(map(int, fields[11:15])) / TICK
    return used


def memory(pids: Iterable[int]) -> int:
    """Give the bytes that these processes hold; what two share counts twice."""
    held = 0
    for pid in pids:
        try:
            held += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
        except OSError:
            continue
    return held


@dataclass
class Meter:
    """Seconds, CPU, and the most memory of this process and its children while it runs."""

    seconds: float = 0.0
    cpu: float = 0.0
    children: float = 0.0
    peak: int = 0
    own: int = 0
    _end: threading.Event = field(default_factory=threading.Event)

    def _watch(self) -> None:
        while not self._end.wait(0.25):
            own = memory([os.getpid()])
            self.own, self.peak = max(self.own, own), max(self.peak, own + memory(descendants()))

    @contextmanager
    def running(self) -> Iterator[None]:
        watch = threading.Thread(target=self._watch)
        watch.start()
        began, own, theirs = time.perf_counter(), cpu([os.getpid()]), cpu(descendants())
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began
            self.cpu += cpu([os.getpid()]) - own
            self.children += cpu(descendants()) - theirs
            self._end.set()
            watch.join()


@dataclass
class Timed:
    """A table of states that remembers when each was kept."""

    table: Any
    kept: dict[str, float] = field(default_factory=dict)

    def get(self, key: str) -> FeedState | None:
        return self.table.get(key)  # type: ignore[no-any-return]

    def put(self, rows: Mapping[str, FeedState], *, at: datetime) -> None:
        self.table.put(rows, at=at)
        self.kept |= dict.fromkeys(rows, time.perf_counter())

    def values(self, **since: datetime) -> tuple[FeedState, ...]:
        return self.table.values(**since)  # type: ignore[no-any-return]


# ── ours ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def ours(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Poll some cycles one after the other, and match what is new if there are rules."""
    folder = Path(options.folder)
    some = feeds(options.feeds, "https" if options.tls else "http")
    rules = compiled(options.rules) if options.rules else None
    asked = count_asks()
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client = stack.enter_context(redis_.connect(stack.enter_context(embedded(var / "valkey"))))
        engine = sql.connect(sql.file_url(var / "alerts.db"))
        stack.callback(engine.dispose)
        stores = Stores.in_sql(engine, redis_.RedisFingerprints(client, sql.store_id(engine)))
        states = Timed(stores.states)
        parse = ChildParse(stack.enter_context(Children()), BEAT.total_seconds())
        via = network(options.secret if options.tls else options.plain, folder)
        fetch = HttpFetch(network=via, hosts=redis_.RedisHosts(client), beat=BEAT)
        lines = []
        for generation, cycle in enumerate(options.cycles.split(",")):
            bad = {"bad": 1, "others": 2}.get(cycle, 0)
            tell(options.plain, generation, (100, 10, 100)[bad] if bad else int(cycle), bad=bad, delay=options.delay)
            meter, polled, began = Meter(), 0.0, time.perf_counter()
            before = len(asked)
            with meter.running(), garbage.rarely():
                now = START + generation * EVERY
                report = stages.poll(
                    some,
                    fetch=fetch,
                    parse=parse,
                    states=states,
                    pages=MemoryPages(),
                    seen=stores.seen,
                    articles=stores.articles,
                    now=now,
                )
                polled = time.perf_counter() - began
                if rules:
                    stages.match(rules, articles=stores.articles, matches=stores.matches, now=now)
            lines.append(
                {"cycle": cycle, "poll": polled, "asks": len(asked) - before, **line(meter, dict(report.counts))}
                | latencies(states, began, bad_too=options.bad_farm)
            )
    return lines


def client(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Fetch only, and look at nothing: no way of ours can be faster than its client."""
    tell(options.plain, 0, 100, delay=options.delay)
    meter = Meter()
    with tempfile.TemporaryDirectory() as var, embedded(Path(var) / "valkey") as url, redis_.connect(url) as known:
        fetch = HttpFetch(network=network(options.plain, Path(options.folder)), hosts=redis_.RedisHosts(known))
        with meter.running(), garbage.rarely():
            answers = sum(1 for _ in fetch([FeedRequest(feed) for feed in feeds(options.feeds, "http")]))
    return [line(meter, {"due": answers})]


def compiled(count: int) -> Any:
    """Compile rules as ``bench/rules.py`` has them."""
    import corpus  # noqa: PLC0415

    from alerts import rules  # noqa: PLC0415

    texts, _ = corpus.articles(1_000)
    return rules.compile(corpus.rules(count, corpus.Vocabulary([one.text for one in texts])), corpus.WATCHLISTS)


def count_asks() -> list[int]:
    """Count the round trips to the Valkey: a list that grows by one with each."""
    asked: list[int] = []
    send = AbstractConnection.send_packed_command

    def counted(self: Any, *command: Any, **options: Any) -> None:
        asked.append(1)
        send(self, *command, **options)

    AbstractConnection.send_packed_command = counted
    return asked


def line(meter: Meter, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "seconds": meter.seconds,
        "cpu": meter.cpu,
        "children": meter.children,
        "peak": meter.peak / 1e6,
        "own": meter.own / 1e6,
        **{name: counts.get(name, 0) for name in ("due", "entries", "articles", "unchanged", "failed", "held")},
    }


def latencies(states: Timed, began: float, *, bad_too: bool) -> dict[str, Any]:
    """Give the 99th percentile of the good feeds: from the beginning of the run, and from the look-up of the name."""
    good = [key for key in states.kept if not bad_too or int(key) % 100 >= len(farm.BAD)]
    whole = sorted(states.kept[key] - began for key in good)
    alone = sorted(states.kept[key] - Names.asked[key] for key in good if key in Names.asked)
    at = len(good) * 99 // 100
    return {"good": len(good), "p99": whole[at], "p99_alone": alone[at] if len(alone) > at else 0.0}


# ── the peers ────────────────────────────────────────────────────────────────────────────────────────────────────────


def urls(options: argparse.Namespace) -> list[str]:
    places = farm.ADDRESSES
    return [f"http://{places[n % len(places)]}:{options.plain}/{n}" for n in range(options.feeds)]


def afternoon(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Fetch with requests and read with feedparser, one after the other."""
    import feedparser  # noqa: PLC0415
    import requests  # noqa: PLC0415

    tell(options.plain, 0, 100, bad=2 if options.cycles == "others" else 0, delay=options.delay)
    meter, entries = Meter(), 0
    with meter.running(), requests.Session() as client:
        for url in urls(options):
            entries += len(feedparser.parse(client.get(url, timeout=30).content).entries)
    return [line(meter, {"due": options.feeds, "entries": entries, "articles": entries})]


def reader(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Let ``reader`` update them, with ten threads, into its SQLite."""
    from reader import make_reader  # noqa: PLC0415

    tell(options.plain, 0, 100, delay=options.delay)
    meter = Meter()
    with tempfile.TemporaryDirectory() as folder, make_reader(f"{folder}/reader.db") as made:
        for url in urls(options):
            made.add_feed(url)
        with meter.running():
            made.update_feeds(workers=10)
        entries = made.get_entry_counts().total or 0
    return [line(meter, {"due": options.feeds, "entries": entries, "articles": entries})]


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────

WAYS = {"ours": ours, "client": client, "afternoon": afternoon, "reader": reader}
HEAD = (
    f"{'':34} {'feeds':>6} {'s':>6} {'feeds/s':>8} {'entries/s':>10} {'new':>7} {'CPU ms/feed':>12} {'children':>9} "
    f"{'peak MB':>8} {'own':>5} {'asks':>6}"
)


def run(place: list[str], way: str, count: int, *more: str) -> list[dict[str, Any]]:
    """Let a process of its own measure a way."""
    command = [sys.executable, __file__, "--way", way, "--feeds", str(count), *place, *more]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=1_200)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def show(title: str, one: dict[str, Any]) -> None:
    count, seconds = one["due"], one["seconds"]
    print(
        f"{title:34} {count:6} {seconds:6.1f} {count / seconds:8.0f} {one['entries'] / seconds:10.0f} "
        f"{one['articles']:7} {one['cpu'] / count * 1e3:12.2f} {one['children'] / count * 1e3:9.2f} "
        f"{one['peak']:8.0f} {one['own']:5.0f} {one.get('asks', 0) / count:6.2f}",
        flush=True,
    )


def cycles(place: list[str], counts: Iterable[int]) -> None:
    """Show a first poll, and one in which 90 of a hundred feeds have not changed."""
    for count in counts:
        first, steady = run(place, "ours", count, "--cycles", "100,10")
        show(f"first poll of {count:,}", first)
        show("90 % unchanged", steady)


def bodies(place: list[str], rounds: int = 2) -> None:
    """Show ours and the peers on feeds that all answer 200, in turns, and the ratios of the best of each."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        made = {
            "requests and feedparser": run(place, "afternoon", 60)[0],
            "reader, ten threads": run(place, "reader", 60)[0],
        }
        known = run(place, "ours", 1_000, "--cycles", "100,100")
        made |= {"ours, all new": known[0], "ours, two new of each": known[1]}
        made["our client alone"] = run(place, "client", 1_000)[0]
        for title, one in made.items():
            show(title, one)
            best[title] = max(best.get(title, 0), one["due"] / one["seconds"])
    for title in ("ours, all new", "ours, two new of each", "our client alone"):
        for other in ("requests and feedparser", "reader, ten threads"):
            print(f"{title}: {best[title] / best[other]:.1f} × {other}")
    for title, count, more in (
        ("longer, disorderly bodies", 92, ("--cycles", "others")),
        ("answers take 100 ms", 60, ("--cycles", "100", "--delay", "100")),
    ):
        theirs = run(place, "afternoon", count, *more)[0]
        made = run(place, "ours", 10 * count, *more)[0]
        show(f"{title}: feedparser", theirs)
        show(f"{title}: ours", made)
        print(f"{title}: {made['due'] / made['seconds'] / (theirs['due'] / theirs['seconds']):.1f} × feedparser")


def chain(place: list[str]) -> None:
    """Show the whole way to matches, over TLS, at 1,000 rules and 80 of a hundred feeds unchanged."""
    for title, one in zip(
        ("first poll, TLS, 1,000 rules", "80 % unchanged, TLS, 1,000 rules", "the same, once more"),
        run(place, "ours", 2_000, "--cycles", "100,20,20", "--rules", "1000", "--tls"),
        strict=True,
    ):
        show(title, one)


def hostile(place: list[str]) -> None:
    """Show runs with 24 bad feeds of a hundred beside one in which all are good: as they go bad, and the next time."""
    _, good, first, again, known = run(place, "ours", 2_000, "--cycles", "100,10,bad,10,bad", "--bad-farm")
    usual = (good["p99"] + again["p99"]) / 2
    for title, one in (("all good, 90 % unchanged", good), ("the same, later", again)):
        show(title, one)
    for title, bad in (("24 % have gone bad", first), ("24 % bad, as they were before", known)):
        show(title, bad)
        print(
            f"  good feeds kept: {bad['good']} of {good['good']}; their p99 since the beginning {bad['p99']:.2f} s, "
            f"all-good runs {usual:.2f} s, ratio {bad['p99'] / usual:.2f}"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", choices=("cycles", "bodies", "chain", "hostile"))
    options.add_argument("--feeds", type=int, default=0, help="the cycles of so many feeds only")
    for name in ("way", "folder", "cycles"):
        options.add_argument(f"--{name}")
    for name in ("plain", "secret", "rules", "delay"):
        options.add_argument(f"--{name}", type=int, default=0)
    for name in ("tls", "bad-farm"):
        options.add_argument(f"--{name}", action="store_true")
    given = options.parse_args()
    if given.way:
        print(json.dumps(WAYS[given.way](given)))
        return
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n{HEAD}", flush=True)
    counts = (given.feeds,) if given.feeds else (1_000, 10_000)
    with tempfile.TemporaryDirectory() as folder, farm.running(Path(folder)) as (plain, secret):
        place = ["--folder", folder, "--plain", str(plain), "--secret", str(secret)]
        parts = {
            "cycles": lambda: cycles(place, counts),
            "bodies": lambda: bodies(place),
            "chain": lambda: chain(place),
            "hostile": lambda: hostile(place),
        }
        for name, part in parts.items():
            if given.only in (None, name):
                part()
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
