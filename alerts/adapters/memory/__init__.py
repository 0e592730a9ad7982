"""Everything in one process and nothing on disk: for ``--dry-run``, the tutorial and the tests.

The stores promise what SQL's promise, for one thread.  ``MemoryFetch`` is a small world of feeds with verbs, and gives
real RSS, so that the real parser reads it.  ``MemoryChannel`` keeps what it is sent.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Generic
from xml.sax.saxutils import escape

from alerts import feeds
from alerts.adapters.clock import Clock, utc
from alerts.adapters.memory.outbox import MemoryOutbox as MemoryOutbox
from alerts.errors import FetchError, ParseError
from alerts.feeds import Parsed
from alerts.model import (
    Article,
    Blame,
    Delivery,
    Entry,
    Feed,
    FeedRequest,
    Fetched,
    Outcome,
    Receipt,
)
from alerts.ports import Batch, K, Reader, T


class MemoryLog(Generic[K]):
    """A log of one kind of value.  Positions count from 1."""

    def __init__(self, *, clock: Clock = utc) -> None:
        self._clock = clock
        self._values: dict[str, tuple[datetime, K]] = {}
        self._positions: dict[str, int] = {}
        self._subscribed: dict[str, datetime] = {}

    def append(self, values: Iterable[K]) -> int:
        """Write the values whose key is not there yet, all or none; the number written."""
        before, at = len(self._values), self._clock()
        for value in tuple(values):
            self._values.setdefault(value.key, (at, value))
        return len(self._values) - before

    def read(self, reader: str, limit: int = 500) -> Batch[K]:
        """Give what comes after the reader's position, oldest first."""
        start = self._positions.get(reader, 0)
        values = tuple(value for _, value in itertools.islice(self._values.values(), start, start + limit))
        return Batch(values, start + len(values))

    def commit(self, reader: str, end: int) -> None:
        """Move the reader to ``end``; never backwards."""
        self._positions[reader] = max(end, self._positions.get(reader, 0))

    def subscribe(self, reader: str, *, now: datetime, since: datetime | None = None) -> None:
        """Make the reader known, once: at the end, or before the first value written at or after ``since``."""
        if reader in self._subscribed:
            return
        self._subscribed[reader] = now
        self._positions.setdefault(reader, self._start(since))

    def subscribed(self, reader: str) -> datetime | None:
        """When the reader was made known; ``None`` if it was not."""
        return self._subscribed.get(reader)

    def readers(self) -> Mapping[str, Reader]:
        """Give every reader that was made known or has committed."""
        return {name: Reader(position, self._subscribed.get(name)) for name, position in self._positions.items()}

    def after(self, position: int, limit: int = 500) -> tuple[tuple[int, K], ...]:
        """Give what comes after a position, oldest first, each with its own."""
        values = itertools.islice(self._values.values(), position, position + limit)
        return tuple((position + n, value) for n, (_, value) in enumerate(values, start=1))

    def commit_all(self, ends: Mapping[str, int]) -> None:
        """Move each reader to its end; never backwards."""
        for reader, end in ends.items():
            self.commit(reader, end)

    def _start(self, since: datetime | None) -> int:
        if since is None:
            return len(self._values)
        written = [at for at, _ in self._values.values()]
        return next((n for n, at in enumerate(written) if at >= since), len(written))


class MemoryTable(Generic[T]):
    """The latest value under each key."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[datetime, T]] = {}

    def get(self, key: str) -> T | None:
        """Give the value, or ``None``."""
        return self._rows[key][1] if key in self._rows else None

    def put(self, rows: Mapping[str, T], *, at: datetime) -> None:
        """Set all rows, or none."""
        self._rows.update({key: (at, value) for key, value in rows.items()})

    def values(self, *, since: datetime | None = None) -> tuple[T, ...]:
        """Give the values put at or after ``since``, in the order of their keys."""
        return tuple(value for _, (at, value) in sorted(self._rows.items()) if since is None or at >= since)


class MemoryFingerprints:
    """Keys already seen."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def unseen(self, keys: Sequence[str]) -> frozenset[str]:
        """Give those of the keys that it does not know."""
        return frozenset(keys) - self._keys

    def add(self, keys: Sequence[str]) -> None:
        """Remember the keys."""
        self._keys.update(keys)

    def forget(self) -> None:
        """Lose everything, as a Redis that was flushed does."""
        self._keys.clear()


class MemoryParse:
    """Reads every feed in this process, in the order in which they come: for feeds that one knows."""

    def __call__(
        self, answers: Iterable[tuple[Feed, Fetched | FetchError] | None]
    ) -> Iterator[tuple[Feed, Fetched | FetchError, Parsed | ParseError | None]]:
        """Give each answer back once, with what was read of it."""
        for feed, got in filter(None, answers):
            if isinstance(got, FetchError) or got.status == 304:
                yield feed, got, None
                continue
            try:
                yield feed, got, feeds.parse(got)
            except ParseError as error:
                yield feed, got, error


class MemoryPages:
    """Leaves the pages of articles alone, and says so."""

    def __call__(self, articles: Sequence[Article]) -> Sequence[Article]:
        """Give each article back as it was, with a note."""
        return [
            replace(article, notes=(*article.notes, "no full text: pages are left alone here")) for article in articles
        ]


# ── the world of feeds ───────────────────────────────────────────────────────────────────────────────────────────────


class MemoryFetch:
    """Feeds that say what they are told to.

    ::

        fetch.entry("bbc", title="Tariffs doubled", link="https://…")   # from now on it is in the feed
        fetch.fail("bbc", "time-out after 30 s")                         # the next answer only
        fetch.not_modified("bbc")                                        # the next answer only

    A feed that was told nothing is a valid one without entries.  A request that carries the validator of what the feed
    says now is answered by 304, as a server would.  ``asked`` holds every request, in order.
    """

    def __init__(self) -> None:
        self.asked: list[FeedRequest] = []
        self._entries: defaultdict[str, list[Entry]] = defaultdict(list)
        self._next: defaultdict[str, deque[Fetched | FetchError]] = defaultdict(deque)

    def __call__(self, requests: Sequence[FeedRequest]) -> Iterator[tuple[Feed, Fetched | FetchError]]:
        """Give each request's feed back once, with the answer."""
        for request in requests:
            self.asked.append(request)
            scripted = self._next[request.feed.id]
            yield request.feed, scripted.popleft() if scripted else self._answer(request)

    def entry(
        self,
        feed: str,
        *,
        title: str,
        link: str,
        summary: str = "",
        guid: str = "",
        author: str = "",
        categories: tuple[str, ...] = (),
        published: datetime | None = None,
    ) -> None:
        """Put an entry at the top of a feed."""
        self._entries[feed].insert(0, Entry(guid, link, title, summary, "", author, categories, published))

    def drop(self, feed: str) -> None:
        """Take all entries out of a feed."""
        self._entries[feed].clear()

    def answer(self, feed: str, answer: Fetched | FetchError) -> None:
        """Let the feed's next request, and only it, have this answer; several are given in turn."""
        self._next[feed].append(answer)

    def fail(self, feed: str, reason: str, *, status: int = 0, times: int = 1) -> None:
        """Let the feed's next requests fail."""
        for _ in range(times):
            self.answer(feed, FetchError(reason, status=status))

    def not_modified(self, feed: str) -> None:
        """Let the feed's next request be answered by 304, whatever it asks."""
        self.answer(feed, Fetched(304))

    def _answer(self, request: FeedRequest) -> Fetched:
        body = _rss(request.feed, self._entries[request.feed.id])
        etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
        if request.etag == etag:
            return Fetched(304, etag=etag, url=request.feed.url)
        return Fetched(200, body, etag=etag, url=request.feed.url, content_type="application/rss+xml; charset=utf-8")


def _rss(feed: Feed, entries: Sequence[Entry]) -> bytes:
    """Write RSS 2.0 by hand: what a feed says must not pass through a library that would put it right."""
    items = "".join(f"<item>{_element(entry)}</item>\n" for entry in entries)
    head = f"<title>{escape(feed.outlet)}</title><link>{escape(feed.url)}</link><description/>"
    xml = f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>{head}\n{items}</channel></rss>\n'
    return xml.encode()


def _element(entry: Entry) -> str:
    parts = [
        ("title", entry.title),
        ("link", entry.link),
        ("description", entry.summary),
        ("author", entry.author),
        *(("category", category) for category in entry.categories),
        ("pubDate", format_datetime(entry.published) if entry.published else ""),
    ]
    guid = f'<guid isPermaLink="false">{escape(entry.guid)}</guid>' if entry.guid else ""
    return guid + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts if text)


# ── whose turn it is ─────────────────────────────────────────────────────────────────────────────────────────────────


class MemoryHosts:
    """Whose turn it is at each server, for one process.  ``ticks`` are seconds that never go back."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._tokens = map(str, itertools.count(1))
        self._until: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def take(self, host: str, *, hold: timedelta) -> str | timedelta | None:
        """Hold a host, unless it rests or is held; a hold ends by itself."""
        with self._lock:
            until, holder = self._until.get(host, (0.0, ""))
            left = until - self._ticks()
            if left > 0:
                return None if holder else timedelta(seconds=left)
            token = next(self._tokens)
            self._until[host] = (self._ticks() + hold.total_seconds(), token)
            return token

    def leave(self, host: str, token: str, *, rest: timedelta) -> None:
        """Let the host rest, if it is held by this token."""
        with self._lock:
            if self._until.get(host, (0.0, ""))[1] == token:
                self._until[host] = (self._ticks() + rest.total_seconds(), "")

    def exchange(
        self, leaves: Sequence[tuple[str, str, timedelta]], takes: Sequence[str], *, hold: timedelta
    ) -> list[str | timedelta | None]:
        """Leave some hosts, then take others."""
        for host, token, rest in leaves:
            self.leave(host, token, rest=rest)
        return [self.take(host, hold=hold) for host in takes]


class MemoryNews:
    """The doorbell within one process."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        """Wake whoever waits."""
        self._rung.set()

    def wait(self, seconds: float) -> bool:
        """Wait for a ring; one is as good as many."""
        rung = self._rung.wait(max(0.0, seconds))
        self._rung.clear()
        return rung


# ── the collector ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class MemoryChannel:
    """A way out that keeps what it is sent, once for each time that it was sent."""

    sent: list[Delivery] = field(default_factory=list)
    """What was delivered."""
    attempts: list[Receipt] = field(default_factory=list)
    """What became of every attempt."""
    _script: deque[tuple[Outcome, str, datetime | None, Blame]] = field(default_factory=deque)
    _bad: dict[str, str] = field(default_factory=dict)

    def then(
        self, outcome: Outcome, reason: str = "", *, retry_after: datetime | None = None, blame: Blame = ""
    ) -> None:
        """Let the next attempt that has no answer yet end so."""
        self._script.append((outcome, reason, retry_after, blame))

    def refuse(self, recipient: str, reason: str = "550 no such user") -> None:
        """Let every attempt at this recipient be refused."""
        self._bad[recipient] = reason

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Make one attempt; it is delivered unless it was said otherwise."""
        outcome, reason, retry_after, blame = self._outcome(delivery)
        if outcome == "delivered":
            self.sent.append(delivery)
        receipt = Receipt(delivery.id, attempt, outcome, reason, now, retry_after, blame)
        self.attempts.append(receipt)
        return receipt

    def _outcome(self, delivery: Delivery) -> tuple[Outcome, str, datetime | None, Blame]:
        if delivery.recipient in self._bad:
            return "refused", self._bad[delivery.recipient], None, "recipient"
        return self._script.popleft() if self._script else ("delivered", "kept in memory", None, "")
