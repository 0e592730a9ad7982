"""A flood, and a receiver that is away: what one poll with very many matches takes, and how soon a backlog is gone.

    python bench/load.py [matches]              50,000 if left out
    python bench/load.py --backlog [messages]   what comes after compose alone: the outbox is filled by hand

Feeds with as many articles as asked, all of which meet a rule, go through the real line: SQLite on the disk, the real
renderers, HTTP to a receiver in a process of its own.  The receiver is away for an hour, during which ``deliver`` runs
every two minutes by a clock that is moved; then it is back, and real time counts.  Beside it a channel of Slack's takes
what a rarer rule meets, and the receiver notes how far apart its messages came.

Prints, as JSON, seconds and megabytes of each stage, the attempts of the hour, and the seconds until everything has
arrived; and, in the same run, what a program without an outbox does that sends in a loop and forgets what failed.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from aiohttp import web

from alerts import app as app_
from alerts.adapters import http, sql
from alerts.adapters.memory import MemoryFetch, MemoryFingerprints
from alerts.adapters.slack import SlackChannel
from alerts.adapters.sql import queries
from alerts.adapters.webhook import WebhookChannel
from alerts.app import App, Stores
from alerts.config import ChannelSettings, Config
from alerts.errors import FetchError
from alerts.model import Delivery, Feed, FeedRequest, Fetched, Message, Rule, Subscription

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HERE = frozenset({"127.0.0.1"})
EACH = 500
"""Articles of one feed."""

EVERY = timedelta(minutes=2)
"""How often ``deliver`` runs, as with Airflow."""

AWAY = timedelta(hours=1)
RARE = 20
"""How many of the articles are for Slack too."""


# ── the receiver ─────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def receiver(folder: Path) -> Iterator[str]:
    """Serve in a process of its own: 503 while there is a file ``away``; what is taken is a line of ``taken``."""
    listener = socket.create_server(("127.0.0.1", 0))
    pid = os.fork()
    if not pid:
        _serve(folder, listener)
        os._exit(0)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        listener.close()


def _serve(folder: Path, listener: socket.socket) -> None:
    taken, tried = (folder / "taken").open("a", buffering=1), (folder / "tried").open("a", buffering=1)

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        kind = request.path.strip("/")
        tried.write(f"{kind}\n")
        if (folder / "away").exists():
            return web.Response(status=503)
        key = request.headers.get("webhook-id") or json.loads(body)["text"]
        taken.write(json.dumps([kind, key, time.time()]) + "\n")
        return web.Response(text="ok")

    served = web.Application(client_max_size=10_000_000)
    served.router.add_post("/{kind}", answer)
    web.run_app(served, sock=listener, print=None, handle_signals=False, access_log=None)


def taken(folder: Path) -> list[tuple[str, str, float]]:
    """What the receiver has on record."""
    path = folder / "taken"
    return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


# ── the line ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Clock:
    """Real time, moved forwards by hand."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead  # noqa: TID251 - a program of its own


class Flood:
    """Feeds of ``EACH`` articles that share no story, each written when it is asked for: they are not ours to hold."""

    def __init__(self, matches: int) -> None:
        names = [f"feed-{n}" for n in range(-(-matches // EACH))]
        self._left = {name: min(EACH, matches - n * EACH) for n, name in enumerate(names)}
        self.feeds = tuple(
            Feed(name, f"https://{name}.example/rss", name.title(), lang="en", first_poll=None) for name in names
        )

    def __call__(self, requests: Sequence[FeedRequest]) -> Iterator[tuple[Feed, Fetched | FetchError]]:
        """Answer each request with a feed that says the same every time."""
        for request in requests:
            said = MemoryFetch()
            first = int(request.feed.id.removeprefix("feed-")) * EACH
            for n in range(first, first + self._left[request.feed.id]):
                said.entry(request.feed.id, **_entry(request.feed.id, n))
            yield from said([request])


def _entry(feed: str, n: int) -> dict[str, str]:
    """Write an article of words that no other has, but for the one by which it is met."""
    drawn = random.Random(n)
    own = [
        "".join(drawn.choices("bcdfglmnprstvz", k=1)[0] + drawn.choice("aeiou") for _ in range(4)) for _ in range(24)
    ]
    title = f"{' '.join(own[:3]).title()} {'tariff quota' if n < RARE else 'tariff'} {' '.join(own[3:6])}"
    return {
        "title": title,
        "link": f"https://{feed}.example/{n}",
        "summary": f"{' '.join(own[6:]).capitalize()}.",
    }


def line(folder: Path, url: str, matches: int, clock: Clock) -> App:
    """Open the line on a new store."""
    fetch = Flood(matches)
    rules = (Rule("all", "Tariffs", any=("tariff",)), Rule("rare", "Quotas", any=("quota",)))
    hook = Subscription("hook", ("all",), "hook", "webhook", title="Hook")
    slack = Subscription("desk", ("rare",), "slack", "slack", title="Desk")
    ways = (ChannelSettings("hook", "webhook", "x"), ChannelSettings("slack", "slack", "y"))
    config = Config(feeds=fetch.feeds, rules=rules, subscriptions=(hook, slack), channels=ways)
    channels = {
        "hook": WebhookChannel(f"{url}/webhook", SECRET, allow_hosts=HERE),
        "slack": SlackChannel(f"{url}/slack", allow_hosts=HERE),
    }
    engine = sql.connect(f"sqlite:///{folder / 'alerts.db'}")
    app = app_.in_memory(config, fetch, channels, clock=clock)
    app = replace(app, stores=Stores.in_sql(engine, MemoryFingerprints()), engine=engine)
    app.subscribe()
    return app


class Watch:
    """Seconds by the clock on the wall, and of this process's own work: on a busy machine they are far apart."""

    def __init__(self) -> None:
        self._wall, self._own = time.perf_counter(), time.process_time()

    def told(self) -> dict[str, float]:
        wall, own = time.perf_counter() - self._wall, time.process_time() - self._own
        return {"seconds": round(wall, 1), "CPU": round(own, 1)}


def megabytes() -> int:
    """The most that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def fill(app: App, messages: int) -> None:
    """Put alerts of the usual size into the outbox, a thousand at a time, and some for Slack."""
    now, body = app.clock(), json.dumps({"text": "one", "blocks": [], "filling": "x" * 2_000})
    message = Message("webhook", "subject", "text", body=body)
    for first in range(0, messages, 1_000):
        ids = [f"alert:hook:{n}" for n in range(first, min(first + 1_000, messages))]
        app.stores.outbox.add([Delivery(id_, "hook", "hook", "", message, now) for id_ in ids])
    app.stores.outbox.add([Delivery(f"alert:desk:{n}", "desk", "slack", "", message, now) for n in range(RARE)])


def measure(folder: Path, matches: int, *, backlog: bool = False) -> Mapping[str, Any]:
    """Run all of it."""
    clock = Clock()
    (folder / "away").touch()
    with receiver(folder) as url:
        app = line(folder, url, 0 if backlog else matches, clock)
        told: dict[str, Any] = {"matches": matches}
        if backlog:
            fill(app, matches)
        for stage in () if backlog else app_.LINE[:-1]:
            took = Watch()
            app.run(stage)
            told[stage] = took.told() | {"megabytes": megabytes()}
        took = Watch()
        until = clock() + AWAY
        while clock() < until:
            app.run("deliver")
            clock.ahead += EVERY
        told["away"] = {"attempts": len((folder / "tried").read_text().splitlines()), **took.told()}
        (folder / "away").unlink()
        assert app.engine
        made = Counter(record for record in _channels(app))
        told |= drained(app)
        told["states"] = dict(queries.delivery_counts(app.engine))
        app.engine.dispose()
        (folder / "forgotten").write_text(str(forgets(url, folder, matches)))
    return told | judged(taken(folder), made) | {"megabytes": megabytes()}


def drained(app: App) -> dict[str, Any]:
    """Deliver until nothing is open, in real time."""
    took = Watch()
    assert app.engine
    open_ = queries.delivery_counts(app.engine)["open"]
    while queries.delivery_counts(app.engine).get("open"):
        app.run("deliver")
        time.sleep(0.5)
    return {"drained": {**took.told(), "deliveries": open_}}


def _channels(app: App) -> Iterator[str]:
    assert app.engine
    for channel, count in queries.waiting(app.engine).items():
        yield from [channel] * count


def judged(records: Sequence[tuple[str, str, float]], made: Mapping[str, int]) -> dict[str, Any]:
    """Say what is missing, what is twice, and how far apart Slack's messages came."""
    hooks = Counter(key for kind, key, _ in records if kind == "webhook")
    slack = sorted(at for kind, _, at in records if kind == "slack")
    gaps = [later - earlier for earlier, later in pairwise(slack)]
    return {
        "lost": made["hook"] - len(hooks) + made["slack"] - len(slack),
        "twice": sum(count - 1 for count in hooks.values()),
        "slack": {"messages": len(slack), "least seconds between two": round(min(gaps), 2) if gaps else None},
    }


def forgets(url: str, folder: Path, matches: int) -> int:
    """What is lost by a program that sends in a loop while the receiver is away, and logs what failed."""
    (folder / "away").touch()
    some = min(matches, 200)
    failed = 0
    for _ in range(some):
        posted = http.post(f"{url}/peer", headers={}, body=b"{}", timeout=timedelta(seconds=5), allow_hosts=HERE)
        failed += not 200 <= posted.status < 300
    return failed * matches // some


def main(matches: int, *, backlog: bool) -> None:
    """Measure in a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        told = measure(Path(folder), matches, backlog=backlog)
        print(
            json.dumps({**told, "lost by sending in a loop": int((Path(folder) / "forgotten").read_text())}, indent=1)
        )


if __name__ == "__main__":
    asked = [word for word in sys.argv[1:] if word != "--backlog"]
    main(int(asked[0]) if asked else 50_000, backlog="--backlog" in sys.argv)
