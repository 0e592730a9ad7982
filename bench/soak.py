"""Let the line run for a month in less than an hour, and see whether anything grows, is lost or is told twice.

    python bench/soak.py                  30 simulated days (make soak)
    python bench/soak.py --days 3 --every 90
    python bench/soak.py --cold           what this process remembers of texts begins empty and grows

The clock is simulated; everything else is real: feeds and webhooks over HTTP on loopback, SQLite with every commit on
the disk, a Valkey, the shipped rules, housekeeping once a day with short spans.  The App is closed and opened again
every 36 hours, as after a restart.  A feed or a receiver answers 500 now and then.

What a process remembers of texts (``functools.lru_cache``) has an end, but would not come to it in a month of so few
news: it would hide a leak as small as itself.  So it is filled before the first day, by other texts that go through the
same stages in memory, and what then still grows is no memory of texts.

Counted are: memory of this process (with the feeds and the receiver in it) at each simulated hour, the SQLite file, the
files of the local inbox, what the logs hold; what the receiver got twice under one id; and markers, articles of which
each must be told once.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path

from alerts import app as app_
from alerts import config as config_
from alerts.adapters.memory import MemoryChannel, MemoryFetch
from alerts.adapters.sql import expiry, queries
from alerts.adapters.valkey import embedded
from alerts.app.retention import Retention
from alerts.model import Article

ROOT = Path(__file__).resolve().parents[1]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RESTART = 36 * HOUR
MARKER = 6 * HOUR
FEEDS = 12
SHOWN = 20
"""How many entries a feed shows."""

A_DAY = 300
"""How many articles all feeds together have in a day."""

SPANS = Retention(articles=4 * DAY, deliveries=4 * DAY, reports=2 * DAY, seen=30 * DAY)
"""Short, so that in a month everything goes seven times over."""

WARM = 10 * DAY
"""By then everything has gone twice, and nothing should grow any more."""

FILLED = 34_000
"""How many other texts fill what is remembered, before the first day."""

AT_ONCE = 500
"""How many of them go through a line in memory, which is then thrown away: it must leave no room for a leak."""

FAULTS = 0.03

SUBJECTS = ("Iran", "Tehran", "tariffs", "sanctions", "China", "Beijing")

CHANNELS = """\
allow_hosts: [127.0.0.1]
channels:
  - {id: mail, kind: mail, from: "Tocsin <tocsin@example.org>"}
  - {id: hook, kind: webhook}
"""
SUBSCRIPTIONS = """\
subscriptions:
  - {id: desk, title: Desk, rules: all, channel: hook, when: instant}
  - {id: morning, title: M, rules: all, channel: mail, to: [anna@example.org], when: daily at 07:30, zone: Asia/Seoul}
"""
MARKERS = "rules:\n  - {id: marker, title: Marker, any: [soakmarker]}\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a feed."""

    name: str
    title: str
    text: str


@dataclass(slots=True)
class World:
    """Newspapers that write as time passes, and what a receiver was told."""

    now: datetime
    random: random.Random
    words: tuple[str, ...] = ()
    shown: tuple[deque[Entry], ...] = field(default_factory=lambda: tuple(deque(maxlen=SHOWN) for _ in range(FEEDS)))
    written: int = 0
    owed: float = 0.0
    next_marker: datetime | None = None
    markers: list[str] = field(default_factory=list)
    got: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    dated: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        syllables = "ba ro ki ten lu mar sho ve dan pil gor ne zu fa tri".split()
        made = {"".join(self.random.choices(syllables, k=self.random.randint(2, 4))) for _ in range(4_000)}
        self.words = tuple(sorted(made))
        self.next_marker = self.now + MARKER

    def goes_on(self, by: timedelta) -> None:
        """Let time pass, and the newspapers write."""
        self.now += by
        self.owed += A_DAY * (by / DAY)
        while self.owed >= 1:
            self.owed -= 1
            self._write()
        if self.next_marker and self.now >= self.next_marker:
            self.next_marker += MARKER
            name = f"marker{len(self.markers)}x"
            self.markers.append(name)
            self._put(Entry(name, f"Soakmarker {name} {self.some(6)}", self.some(40)))

    def _write(self) -> None:
        """Write about nothing that is watched, about a subject, or once more what another has."""
        kind = self.random.random()
        feed = self.shown[self.random.randrange(FEEDS)]
        if kind < 0.15 and feed and not feed[-1].name.startswith("marker"):
            self._put(replace(feed[-1], name=f"a{self.written}"))
            return
        about = f"{self.random.choice(SUBJECTS)} " if kind < 0.3 else ""
        self._put(Entry(f"a{self.written}", f"{about}{self.some(7)}", f"{about}{self.some(40)}"))

    def _put(self, entry: Entry) -> None:
        self.written += 1
        self.shown[self.random.randrange(FEEDS)].append(entry)

    def some(self, count: int) -> str:
        """Give some words."""
        return " ".join(self.random.choices(self.words, k=count)).capitalize()

    def fails(self) -> bool:
        """Let a server answer 500 now and then."""
        failed = self.random.random() < FAULTS
        self.faults += failed
        return failed

    def feed(self, number: int) -> bytes:
        """Give a feed, as RSS."""
        items = "".join(
            f"<item><title>{e.title}</title><link>https://paper{number}.example/{e.name}</link>"
            f"<guid>{e.name}-{number}</guid><description>{e.text}</description></item>"
            for e in reversed(self.shown[number])
        )
        return f'<rss version="2.0"><channel><title>{number}</title>{items}</channel></rss>'.encode()

    def hears(self, id_: str, body: str) -> None:
        """Take a call of the webhook; told is what is new in it, not what it calls to mind of the story."""
        self.got[id_] += 1
        self.told.update(new["url"].rpartition("/")[2] for new in json.loads(body)["developments"])


@contextmanager
def serving(world: World) -> Iterator[str]:
    """Serve the feeds, and a receiver of webhooks, on loopback."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with lock:
                failed = world.fails()
                body = b"" if failed else world.feed(int(self.path.removeprefix("/")))
            self._say(500 if failed else 200, body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            with lock:
                failed = world.fails()
                if not failed:
                    world.hears(self.headers["webhook-id"], body)
            self._say(500 if failed else 204, b"")

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# ── the installation ─────────────────────────────────────────────────────────────────────────────────────────────────


def configure(folder: Path, url: str) -> dict[str, str]:
    """Write the configuration: the shipped rules, and the feeds of the world; give the settings."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    (config / "rules" / "marker.yaml").write_text(MARKERS)
    (config / "channels.yaml").write_text(CHANNELS)
    (config / "subscriptions.yaml").write_text(SUBSCRIPTIONS)
    rows = "".join(
        f'  - {{id: paper{n}, url: "{url}/{n}", outlet: Paper {n}, every: 1s, first_poll: all}}\n' for n in range(FEEDS)
    )
    (config / "feeds.yaml").write_text(f"contact: https://example.org\nallow_hosts: [127.0.0.1]\nfeeds:\n{rows}")
    return {"ALERTS_CONFIG": str(config), "ALERTS_VAR": str(folder / "var"), "ALERTS_WEBHOOK": f"{url}/hook"}


@dataclass(frozen=True, slots=True)
class Sample:
    """How it was at a moment: ``hours`` are simulated ones, ``rss`` and ``sql`` megabytes."""

    hours: float
    rss: float
    sql: float
    used: float
    files: int
    kept: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a run has shown."""

    days: float
    seconds: float
    rounds: int
    restarts: int
    written: int
    faults: int
    deliveries: int
    twice: tuple[str, ...]
    markers: int
    lost: tuple[str, ...]
    samples: tuple[Sample, ...]

    def after(self, warm: timedelta) -> list[Sample]:
        """Give the samples behind the warm-up."""
        return [sample for sample in self.samples if sample.hours >= warm / HOUR]

    def fit(self, warm: timedelta = WARM) -> Fit:
        """Give by how much memory grew behind the warm-up: the line of least squares through the means of the days.

        Of days and not of hours, because an hour is like the one before it, and the error would look too small.
        """
        days: defaultdict[int, list[float]] = defaultdict(list)
        for sample in self.after(warm):
            days[int(sample.hours // 24)].append(sample.rss)
        hours, means = [24.0 * day for day in days], [statistics.fmean(some) for some in days.values()]
        line = statistics.linear_regression(hours, means)
        off = sum((y - line.intercept - line.slope * x) ** 2 for x, y in zip(hours, means, strict=True))
        spread = sum((x - statistics.fmean(hours)) ** 2 for x in hours)
        return Fit(line.slope, math.sqrt(off / max(len(hours) - 2, 1) / spread))


@dataclass(frozen=True, slots=True)
class Fit:
    """A slope with its standard error, in megabytes a simulated hour."""

    slope: float
    error: float


def fill(settings: dict[str, str], world: World, texts: int) -> None:
    """Let other texts go through the stages in memory, so that whatever remembers texts is full."""
    config, problems = config_.check(config_.read(Path(settings["ALERTS_CONFIG"])))
    assert not problems, problems
    others = _others(texts, world)
    for _ in range(0, texts, AT_ONCE):
        app = app_.in_memory(config, MemoryFetch(), {c.id: MemoryChannel() for c in config.channels})
        app.stores.articles.append(islice(others, AT_ONCE))
        for stage in app_.LINE[1:]:
            app.run(stage, digest_now=True)


def _others(texts: int, world: World) -> Iterator[Article]:
    """Write about what is watched, as nobody else does, and each a second time with a word more, to be compared."""
    for n in range(0, texts, 2):
        title, body = f"{world.random.choice(SUBJECTS)} {world.some(7)}", f"Iran {world.some(40)}"
        for m, text in ((n, body), (n + 1, f"{body} {world.some(1)}")):
            yield Article(
                f"a-{m}", "v", "f", f"Paper {m % FEEDS}", f"https://other.example/{m}", title, text, world.now
            )


def run(
    days: float, every: timedelta, spans: Retention = SPANS, *, seed: int = 7, say: bool = False, filled: int = 0
) -> Result:
    """Run the line for so many simulated days, a round each ``every``; ``filled`` texts go before."""
    start = app_.utc().replace(minute=0, second=0, microsecond=0)
    world = World(start, random.Random(seed))
    samples, rounds, restarts = list[Sample](), 0, 0
    with (
        tempfile.TemporaryDirectory(prefix="soak-", dir="/tmp") as name,
        serving(world) as url,
        embedded(Path(name) / "valkey") as redis_url,
    ):
        settings = {**configure(Path(name), url), "ALERTS_REDIS": redis_url}
        fill(settings, World(start, random.Random(seed + 1)), filled)
        began = time.monotonic()
        while world.now < start + days * DAY:
            restarts += 1
            with app_.open_app(settings.get, clock=lambda: world.now) as app:
                assert not app.loaded.problems, app.loaded.problems
                quick = replace(app, fetch=replace(app.fetch, spacing=timedelta(0)))  # type: ignore[type-var]
                until = min(world.now + RESTART, start + days * DAY)
                while world.now < until:
                    rounds += 1
                    _round(quick, world, every, spans, Path(name) / "var")
                    if world.now.hour != (world.now - every).hour:
                        samples.append(_sample(quick, world.now - start, Path(name) / "var"))
                        if say and world.now.hour == 0:
                            print(_shown(samples[-1], time.monotonic() - began), flush=True)
        _drain(settings, world)
    twice = tuple(id_ for id_, times in world.got.items() if times > 1)
    lost = tuple(f"{name}: {world.told[name]} times" for name in world.markers if world.told[name] != 1)
    took = time.monotonic() - began
    counts = (rounds, restarts, world.written, world.faults, len(world.got))
    return Result(days, took, *counts, twice, len(world.markers), lost, tuple(samples))


def _round(app: app_.App, world: World, every: timedelta, spans: Retention, var: Path) -> None:
    before = world.now
    world.goes_on(every)
    for stage in app_.LINE:
        app.run(stage)
    for path in (var / "inbox").glob("*"):
        if path.name not in world.dated:  # as it was written: by the clock of the machine
            world.dated.add(path.name)
            os.utime(path, (world.now.timestamp(), world.now.timestamp()))
    if before.date() != world.now.date():
        app_.keep(app, spans, var)


def _drain(settings: dict[str, str], world: World) -> None:
    """Let what failed at last come through, in a feed or at the receiver: a day without news, a round an hour."""
    with app_.open_app(settings.get, clock=lambda: world.now) as app:
        for _ in range(24):
            world.now += HOUR
            for stage in app_.LINE:
                app.run(stage)


def _sample(app: app_.App, since: timedelta, var: Path) -> Sample:
    assert app.engine
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    whole, free = expiry.size(app.engine)
    kept = sum(log.values for log in queries.log_counts(app.engine))
    files = sum(1 for path in var.rglob("*") if path.is_file())
    rss = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return Sample(since / HOUR, rss, whole / 1e6, (whole - free) / 1e6, files, kept)


def _shown(sample: Sample, took: float) -> str:
    return (
        f"day {sample.hours / 24:5.1f}  {took:6.0f} s  memory {sample.rss:6.1f} MB  SQLite {sample.sql:6.1f} MB "
        f"({sample.used:.1f} used)  {sample.files} files  {sample.kept} values in logs"
    )


def verdicts(result: Result, warm: timedelta = WARM) -> Sequence[tuple[str, bool]]:
    """Say what was asked, and whether it is so."""
    some = result.after(warm)
    half = len(some) // 2
    sql_first, sql_last = max(s.sql for s in some[:half]), max(s.sql for s in some[half:])
    files_first, files_last = max(s.files for s in some[:half]), max(s.files for s in some[half:])
    grew, faster = result.fit(warm), result.days * 24 / (result.seconds / 3_600)
    slope = f"{grew.slope:+.4f} ± {grew.error:.4f} MB a simulated hour, which is an hour of a watch (1 at most)"
    here = f"{grew.slope * faster:+.1f} ± {grew.error * faster:.1f} MB an hour of this machine, told and not judged"
    return (
        (f"memory from day {warm / DAY:g} on: {slope}; {max(s.rss for s in some):.0f} MB at most", grew.slope <= 1.0),
        (f"an hour of this machine was {faster:,.0f} simulated ones: {here}", True),
        (
            f"SQLite: {sql_first:.1f} MB in the first half, {sql_last:.1f} in the second",
            sql_last < 1.2 * sql_first,
        ),
        (f"files: {files_first} in the first half, {files_last} in the second", files_last < 1.2 * files_first),
        (f"{len(result.twice)} of {result.deliveries} calls came twice under one id", not result.twice),
        (
            f"{len(result.lost)} of {result.markers} markers were not told just once {result.lost or ''}",
            not result.lost,
        ),
    )


def main() -> None:
    """Run, and print the table; exit code 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=float, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--every", type=float, default=30, help="simulated minutes from one round to the next")
    parser.add_argument("--cold", action="store_true", help="do not fill first what is remembered of texts")
    asked = parser.parse_args()
    load = os.getloadavg()
    filled = 0 if asked.cold else FILLED
    result = run(asked.days, timedelta(minutes=asked.every), seed=asked.seed, say=True, filled=filled)
    print(f"load of the machine: {load[0]:.1f} before, {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores")
    print(
        f"{result.days:g} days in {result.seconds / 60:.1f} minutes: {result.rounds} rounds, {result.restarts} starts, "
        f"{result.written} articles, {result.faults} answers of 500"
    )
    made = verdicts(result, min(WARM, asked.days * DAY / 3))
    for said, good in made:
        print(f"{'ok   ' if good else 'WRONG'} {said}")
    sys.exit(not all(good for _, good in made))


if __name__ == "__main__":
    main()
