"""A month of polling: hundreds of feeds with servers that remember everything, twenty restarts, and a clock of our own.

Each server knows what it asked for and what it gave, and writes down whatever a polite client would not have done: a
request without the validators that it gave, one that is too early, one to an address that it should not have.
"""

from __future__ import annotations

import email.utils
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts import feeds, stages
from alerts.adapters import sql
from alerts.adapters.codec import Codec
from alerts.adapters.memory import MemoryFingerprints, MemoryPages, MemoryParse, MemoryTable
from alerts.app import Stores
from alerts.errors import FetchError
from alerts.model import Feed, FeedRequest, FeedState, Fetched

START = datetime(2026, 7, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RESTARTS = 20
EVERY = (None, 15 * MINUTE, HOUR)


def body(name: str, version: int, extra: str = "") -> bytes:
    entries = "".join(
        f"<item><title>{name} {n}</title><link>https://{name}.example/{n}</link>"
        f"<pubDate>{email.utils.format_datetime(START + n * 2 * DAY)}</pubDate></item>"
        for n in range(version, version - 3, -1)
    )
    return f'<rss version="2.0"><channel><title>{name}</title>{extra}{entries}</channel></rss>'.encode()


@dataclass
class Server:
    """One feed's server: an entry every two days, a kind of behaviour, and a memory for what was asked of it."""

    kind: str
    feed: Feed
    wrong: list[str] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    given: set[tuple[str, str, str]] = field(default_factory=set)
    not_before: datetime = START
    failures: int = 0

    def __call__(self, request: FeedRequest, now: datetime) -> Fetched | FetchError:
        self._look(request, now)
        self.times.append(now)
        answer = getattr(self, self.kind.replace("-", "_"), self.plain)(request, now)
        if isinstance(answer, FetchError):
            self._failed(answer, now)
        else:
            self.failures = 0
            self.not_before = now + max(answer.fresh or timedelta(0), self._least())
            if answer.etag or answer.modified:
                self.given.add((answer.url, answer.etag, answer.modified))
        return answer

    def _look(self, request: FeedRequest, now: datetime) -> None:
        if now < self.not_before:
            self.wrong.append(f"{self.feed.id} at {now}: asked {self.not_before - now} early")
        shown = (request.validated, request.etag, request.modified)
        if self.given and not (request.etag or request.modified):
            self.wrong.append(f"{self.feed.id} at {now}: asked without conditions")
        elif self.given and shown not in self.given:
            self.wrong.append(f"{self.feed.id} at {now}: asked with what it was never given: {shown}")

    def _failed(self, error: FetchError, now: datetime) -> None:
        self.failures += 1
        least = min((self.feed.every or 5 * MINUTE) * 2**self.failures, DAY)
        self.not_before = now + max(least, error.retry_after or timedelta(0))

    def _least(self) -> timedelta:
        """The shortest interval that is right after a good answer, with the seconds of grace that a schedule needs."""
        return (self.feed.every or 5 * MINUTE) - 30 * timedelta(seconds=1)

    def _version(self, now: datetime) -> int:
        return (now - START) // (2 * DAY)

    def plain(
        self,
        request: FeedRequest,
        now: datetime,
        *,
        url: str = "",
        etag: bool = True,
        modified: bool = True,
        extra: str = "",
        fresh: timedelta | None = None,
        permanent: str = "",
    ) -> Fetched:
        """Answer as a server does that knows conditional requests."""
        url, version = url or request.asked, self._version(now)
        e = f'W/"{version}-ü"' if etag else ""
        m = f"  version {version}, of no calendar " if modified else ""
        if (request.etag, request.modified, request.validated) == (e, m, url):
            return Fetched(304, url=url, etag=e, modified=m, fresh=fresh, permanent=permanent)
        return Fetched(200, body(self.feed.id, version, extra), e, m, url, "text/xml", permanent, fresh)

    def etag_only(self, request: FeedRequest, now: datetime) -> Fetched:
        return self.plain(request, now, modified=False)

    def modified_only(self, request: FeedRequest, now: datetime) -> Fetched:
        return self.plain(request, now, etag=False)

    def silent_304(self, request: FeedRequest, now: datetime) -> Fetched:
        """Its 304 does not repeat the validators."""
        got = self.plain(request, now)
        return Fetched(304, url=got.url) if got.status == 304 else got

    def elsewhere(self, request: FeedRequest, now: datetime) -> Fetched:
        return self.plain(request, now, url="https://cdn.example/feed")

    def moved(self, request: FeedRequest, now: datetime) -> Fetched:
        new = "https://new.example/" + self.feed.id
        if request.asked == new and len(self.times) > 1 and now - START < 7 * DAY:
            self.wrong.append(f"{self.feed.id} at {now}: a redirect was believed too soon")
        return self.plain(request, now, url=new, permanent=new if request.asked != new else "")

    def to_https(self, request: FeedRequest, now: datetime) -> Fetched:
        new = request.feed.url.replace("http:", "https:")
        if request.asked != new and len(self.times) > 1:
            self.wrong.append(f"{self.feed.id} at {now}: asked without TLS again")
        return self.plain(request, now, url=new, permanent=new if request.asked != new else "")

    def max_age(self, request: FeedRequest, now: datetime) -> Fetched:
        return self.plain(request, now, fresh=7 * HOUR)

    def ttl(self, request: FeedRequest, now: datetime) -> Fetched:
        return self.plain(request, now, extra="<ttl>300</ttl>")

    def nights(self, request: FeedRequest, now: datetime) -> Fetched:
        hours = "".join(f"<hour>{hour}</hour>" for hour in range(6))
        if self.given and now.hour < 6:
            self.wrong.append(f"{self.feed.id} at {now}: asked in an hour to be skipped")
        return self.plain(request, now, extra=f"<skipHours>{hours}</skipHours>")

    def weekends(self, request: FeedRequest, now: datetime) -> Fetched:
        if self.given and now.weekday() > 4:
            self.wrong.append(f"{self.feed.id} at {now}: asked on a day to be skipped")
        return self.plain(request, now, extra="<skipDays><day>Saturday</day><day>Sunday</day></skipDays>")

    def busy(self, request: FeedRequest, now: datetime) -> Fetched | FetchError:
        """Says 429 to every fifth request, with seconds."""
        if len(self.times) % 5 == 0:
            return FetchError("429 Too Many Requests", status=429, retry_after=11 * HOUR)
        return self.plain(request, now)

    def outage(self, request: FeedRequest, now: datetime) -> Fetched | FetchError:
        """Is down for a week, and for an hour every day."""
        if 5 <= (now - START).days < 12 or now.hour == 12:
            return FetchError("503 Service Unavailable", status=503)
        return self.plain(request, now)

    def lost(self, request: FeedRequest, now: datetime) -> Fetched | FetchError:
        """Is lost for good after ten days."""
        if (now - START).days >= 10:
            return FetchError("404 Not Found", status=404)
        return self.plain(request, now)

    def gone(self, request: FeedRequest, now: datetime) -> Fetched | FetchError:
        """Is gone after ten days, and was for a moment before."""
        if (now - START).days >= 10 or len(self.times) == 3:
            if self.failures >= 3:
                self.wrong.append(f"{self.feed.id} at {now}: asked though it said three times that it is gone")
            return FetchError("410 Gone", status=410)
        return self.plain(request, now)

    def slow(self, request: FeedRequest, now: datetime) -> Fetched | FetchError:
        """Times out now and then."""
        if len(self.times) % 3 == 0:
            return FetchError("timed out after 30 s")
        return self.plain(request, now)


KINDS = [
    "plain", "etag-only", "modified-only", "silent-304", "elsewhere", "moved", "to-https", "max-age",
    "busy", "outage", "lost", "gone", "slow",
]  # fmt: skip
HINTED = ["ttl", "nights", "weekends"]
"""Kinds whose wishes stand in the body: they are asked of once the parser tells of them."""


def kinds() -> list[str]:
    told = feeds.parse(Fetched(200, body("x", 1, "<ttl>5</ttl>"))).hints
    return KINDS + (HINTED if told.ttl else [])


def servers(each: int) -> dict[str, Server]:
    made = {}
    for kind in kinds():
        for n in range(each):
            scheme = "http" if kind == "to-https" else "https"
            feed = Feed(f"{kind}-{n}", f"{scheme}://{kind}-{n}.example/rss", "Outlet", every=EVERY[n % 3])
            made[feed.id] = Server(kind, feed)
    return made


def month(
    made: dict[str, Server], restarted: Callable[[Stores | None], Stores], tick: timedelta
) -> tuple[Stores, Counter[str], list[str]]:
    """Poll for thirty days, restarted twenty times, with every fourth restart five hours late."""
    stores, now, count, lines = restarted(None), START, Counter[str](), list[str]()
    all_feeds = [server.feed for server in made.values()]
    turns = math.ceil(30 * DAY / tick)
    for turn in range(turns):
        if turn % (turns // (RESTARTS + 1)) == turns // (RESTARTS + 1) - 1:
            stores = restarted(stores)
            count["restarts"] += 1
            now += 5 * HOUR if count["restarts"] % 4 == 0 else timedelta(0)

        def fetch(requests: Sequence[FeedRequest], at: datetime = now) -> Iterator[tuple[Feed, Fetched | FetchError]]:
            return ((request.feed, made[request.feed.id](request, at)) for request in requests)

        report = stages.poll(
            all_feeds,
            parse=MemoryParse(),
            pages=MemoryPages(),
            fetch=fetch,
            states=stores.states,
            seen=stores.seen,
            articles=stores.articles,
            now=now,
        )
        count.update(dict(report.counts))
        lines += report.lines
        now += tick
    return stores, count, lines


def in_memory(old: Stores | None) -> Stores:
    """Take over what would have been written down, as text, and nothing else."""
    made = Stores.in_memory()
    if old is None:
        return made
    codec, states = Codec(FeedState), MemoryTable[FeedState]()
    states.put({s.feed: codec.decode(codec.encode(s)) for s in old.states.values()}, at=START)
    return Stores(**{
        name: getattr(old, name) for name in Stores.__dataclass_fields__
    } | {"states": states, "seen": MemoryFingerprints()})  # fmt: skip


def asked_too_often(made: dict[str, Server]) -> list[str]:
    return [wrong for server in made.values() for wrong in server.wrong]


def test_a_month_in_memory() -> None:
    made = servers(16)
    assert len(made) >= 200
    stores, count, lines = month(made, in_memory, 10 * MINUTE)
    assert asked_too_often(made) == []
    assert count["restarts"] >= RESTARTS
    assert count["due"] > 60_000
    _all_is_known(made, stores)
    _told_once(made, lines)


def test_a_month_in_sqlite(tmp_path: Path) -> None:
    made = servers(2)
    opened = []

    def restarted(old: Stores | None) -> Stores:
        for engine in opened:
            engine.dispose()
        opened.append(sql.connect(f"sqlite:///{tmp_path / 'alerts.db'}"))
        return Stores.in_sql(opened[-1], MemoryFingerprints())

    stores, count, _ = month(made, restarted, 2 * HOUR)
    assert asked_too_often(made) == []
    assert count["restarts"] >= RESTARTS
    assert count["due"] > 1_500
    _all_is_known(made, stores)
    opened[-1].dispose()


def _all_is_known(made: dict[str, Server], stores: Stores) -> None:
    """Nothing was missed: each feed that lives has told of every entry, and none was given up in silence."""
    end = max(server.times[-1] for server in made.values())
    for server in made.values():
        state = stores.states.get(server.feed.id)
        assert state is not None
        if server.kind == "gone":
            assert state.health == "gone", server.feed.id
        elif server.kind == "lost":
            assert (state.health, end - server.times[-1] < 1.3 * DAY) == ("backing off", True), server.feed.id
        else:
            assert state.last_good, server.feed.id
            assert end - state.last_good < 3 * DAY, server.feed.id
            # Three entries are shown, and four came in the week of the outage: that is said, and of no other feed.
            assert (state.missed is not None) is (server.kind == "outage"), server.feed.id
        if server.kind == "moved":
            assert state.adopted == "https://new.example/" + server.feed.id
        if server.kind == "to-https":
            assert state.adopted == server.feed.url.replace("http:", "https:")


def _told_once(made: dict[str, Server], lines: list[str]) -> None:
    """A server that is lost for twenty days is told of twice: that it fails, and that it is backed off from."""
    told = Counter(line.partition('"')[2].partition('"')[0] for line in lines)
    assert {told[server.feed.id] for server in made.values() if server.kind == "lost"} == {2}
    assert not [server.feed.id for server in made.values() if server.kind == "plain" and told[server.feed.id]]


@pytest.mark.parametrize("step", [-50 * MINUTE, -3 * DAY, 3 * DAY])
def test_a_step_of_the_clock_brings_each_feed_once(step: timedelta) -> None:
    """A clock that was wrong is put right: nobody is asked twice for it."""
    made = servers(1)
    stores, start = Stores.in_memory(), START + 5 * DAY
    asked: Counter[str] = Counter()

    def run(now: datetime) -> None:
        def fetch(requests: Sequence[FeedRequest]) -> Iterator[tuple[Feed, Fetched | FetchError]]:
            asked.update(request.feed.id for request in requests)
            return ((request.feed, Fetched(304)) for request in requests)

        every = [Feed(feed.feed.id, feed.feed.url, "O", every=HOUR) for feed in made.values()]
        stages.poll(
            every,
            fetch=fetch,
            parse=MemoryParse(),
            pages=MemoryPages(),
            states=stores.states,
            seen=stores.seen,
            articles=stores.articles,
            now=now,
        )

    run(start)
    asked.clear()
    for minutes in range(0, 55, 5):
        run(start + step + minutes * MINUTE)
    assert max(asked.values(), default=0) <= 1
