"""The wiring, on one page: settings → stores, channels and rules → an App with the five stages.

It is straight-line on purpose: nearly every step needs what the one before it made.  The clock is read here and in
``cli.py``, nowhere else.
"""

from __future__ import annotations

import gc
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

import structlog
from redis import Redis
from sqlalchemy import Engine

from alerts import config as config_
from alerts import rules as rules_
from alerts import stages, subscribing, urls
from alerts.adapters import http, secrets, sql
from alerts.adapters import redis as redis_
from alerts.adapters.broken import BrokenChannel
from alerts.adapters.children import ChildParse, Children
from alerts.adapters.http import HttpFetch
from alerts.adapters.http.credentials import setting
from alerts.adapters.inbox import InboxChannel
from alerts.adapters.memory import (
    MemoryFingerprints,
    MemoryHosts,
    MemoryLog,
    MemoryNews,
    MemoryOutbox,
    MemoryPages,
    MemoryParse,
    MemoryTable,
)
from alerts.adapters.pages import WebPages
from alerts.adapters.rewriter import Rewriter
from alerts.adapters.slack import SlackChannel
from alerts.adapters.smtp import SmtpChannel
from alerts.adapters.sql import shown
from alerts.adapters.valkey import embedded
from alerts.adapters.webhook import WebhookChannel
from alerts.config import ChannelSettings, Config, Loaded
from alerts.errors import AlertsError, ConfigError
from alerts.model import Article, Development, Feed, FeedState, HubState, Match, Report, Story, Volume
from alerts.ports import Channel, Fetch, Fingerprints, Hosts, Log, News, Outbox, Pages, Parse, Table
from alerts.subscribing import Callback

Stage = Literal["poll", "match", "group", "compose", "deliver"]
LINE: tuple[Stage, ...] = get_args(Stage)

Lookup = Callable[[str], str | None]
"""How a setting is found by its name (``ALERTS_SQL``): ``os.environ.get``, or Airflow's Connections before it."""

Clock = Callable[[], datetime]

BEAT = timedelta(seconds=0.05)
"""After how long without an answer a poll keeps what it has."""

log = structlog.get_logger("alerts")


def utc() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)  # noqa: TID251 - this is the edge


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the line keeps what it knows; each is a port."""

    states: Table[FeedState]
    seen: Fingerprints
    articles: Log[Article]
    matches: Log[Match]
    stories: Table[Story]
    developments: Log[Development]
    slots: Table[datetime]
    outbox: Outbox
    reports: Log[Report]
    sound: Table[str]
    """The last good version of each file of the configuration."""
    volumes: Table[Volume] = field(default_factory=MemoryTable)
    hubs: Table[HubState] = field(default_factory=MemoryTable)

    @classmethod
    def in_memory(cls) -> Stores:
        """Keep everything in this process: for dry runs, the tutorial and the tests."""
        return cls(
            states=MemoryTable(),
            seen=MemoryFingerprints(),
            articles=MemoryLog(),
            matches=MemoryLog(),
            stories=MemoryTable(),
            developments=MemoryLog(),
            slots=MemoryTable(),
            outbox=MemoryOutbox(),
            reports=MemoryLog(),
            sound=MemoryTable(),
        )

    @classmethod
    def in_sql(cls, engine: Engine, seen: Fingerprints) -> Stores:
        """Keep the truth in SQL, with an index of what was seen in front of it."""
        return cls(
            states=sql.SqlTable(engine, "states", FeedState),
            seen=seen,
            articles=sql.SqlLog(engine, "articles", Article, lasting=True),
            matches=sql.SqlLog(engine, "matches", Match),
            stories=sql.SqlTable(engine, "stories", Story),
            developments=sql.SqlLog(engine, "developments", Development),
            slots=sql.SqlTable(engine, "slots", datetime),
            outbox=sql.SqlOutbox(engine),
            reports=sql.SqlLog(engine, "reports", Report),
            sound=sql.SqlTable(engine, "sound", str),
            volumes=sql.SqlTable(engine, "volumes", Volume),
            hubs=sql.SqlTable(engine, "hubs", HubState),
        )


@dataclass(frozen=True, slots=True)
class App:
    """The five stages with everything that they need.

    ``engine`` is there for questions; ``None`` in memory.  ``rewriter`` is a language model, if one is configured.
    """

    loaded: Loaded
    rules: rules_.Rules
    stores: Stores
    fetch: Fetch
    channels: Mapping[str, Channel]
    parse: Parse
    pages: Pages
    clock: Clock = utc
    engine: Engine | None = None
    rewriter: Rewriter | None = None
    news: News = field(default_factory=MemoryNews)
    callback: Callback | None = None
    """Where hubs call us; without it none is asked."""

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self.loaded.config

    def run(self, stage: Stage, *, shard: tuple[int, int] = (0, 1), digest_now: bool = False) -> Report:
        """Run one stage and keep its report.  ``shard`` (n, of) makes ``poll`` take only the hosts that fall to n."""
        stores, now = self.stores, self.clock()
        match stage:
            case "poll":
                report = self._poll(now, shard)
            case "match":
                report = stages.match(
                    self.rules, articles=stores.articles, matches=stores.matches, volumes=stores.volumes, now=now
                )
            case "group":
                report = stages.group(
                    self.config.rules,
                    self.config.families,
                    matches=stores.matches,
                    stories=stores.stories,
                    developments=stores.developments,
                    now=now,
                )
            case "compose":
                report = stages.compose(
                    self.config.subscriptions,
                    self.config.rules,
                    developments=stores.developments,
                    stories=stores.stories,
                    slots=stores.slots,
                    outbox=stores.outbox,
                    now=now,
                    digest_now=digest_now,
                    rewrite=self.rewriter.run() if self.rewriter else None,
                    volumes=stores.volumes,
                )
            case "deliver":
                report = stages.deliver(channels=self.channels, outbox=stores.outbox, clock=self.clock)
        stores.reports.append([report])
        if structlog.is_configured():  # else it would print, in a program that has not asked for it
            log.info("stage done", stage=stage, **dict(report.counts))
            for line in report.lines:
                log.warning(line, stage=stage)
        return report

    def _poll(self, now: datetime, shard: tuple[int, int]) -> Report:
        """Poll the shard's feeds; what is wrong with the configuration is said here, where the line begins."""
        feeds, states, hubs = shard_of(self.config.feeds, *shard), self.stores.states, self.stores.hubs
        with rare_collections():
            report = stages.poll(
                tuple(subscribing.awake(feeds, states=states, hubs=hubs, now=now)) if self.callback else feeds,
                fetch=self.fetch,
                parse=self.parse,
                pages=self.pages,
                states=states,
                seen=self.stores.seen,
                articles=self.stores.articles,
                now=now,
            )
        asked: tuple[str, ...] = ()
        if self.callback and shard[0] == 0:
            asked = subscribing.subscribe(self.config.feeds, self.callback, states=states, hubs=hubs, now=now)
        problems = [str(problem) for problem in self.loaded.problems] if shard[0] == 0 else []
        kept = [f"{path}: its last good version is in force" for path in self.loaded.kept] if problems else []
        return replace(report, lines=(*problems, *kept, *report.lines, *asked))

    def subscribe(self) -> None:
        """Make new subscriptions known to the log of developments, each at its end (or as far back as it asks)."""
        now = self.clock()
        for s in self.config.subscriptions:
            self.stores.developments.subscribe(s.id, now=now, since=now - s.backfill if s.backfill else None)


def shard_of(feeds: Sequence[Feed], n: int, of: int) -> tuple[Feed, ...]:
    """Give the feeds whose host falls to shard ``n`` of ``of``: one host is never asked by two shards."""
    return tuple(feed for feed in feeds if zlib.crc32(urls.host(feed.url).encode()) % of == n)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let Python look for cycles of garbage more rarely: a poll makes many values, and hardly a cycle.

    Measured by ``bench/collect.py``: a sixth of the CPU of a poll, for some ten megabytes.
    """
    before = gc.get_threshold()
    gc.set_threshold(50_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def in_memory(
    config: Config, fetch: Fetch, channels: Mapping[str, Channel], *, parse: Parse | None = None, clock: Clock = utc
) -> App:
    """Give an App that keeps nothing and sends through the channels it is given.

    Feeds are read in this process, unless it is said how else; the pages of articles are left alone.
    """
    rules = rules_.compile(config.rules, {w.id: w for w in config.watchlists})
    app = App(Loaded(config), rules, Stores.in_memory(), fetch, channels, parse or MemoryParse(), MemoryPages(), clock)
    app.subscribe()
    return app


@contextmanager
def open_app(lookup: Lookup, *, clock: Clock = utc) -> Iterator[App]:
    """Open the App that the settings describe, and close what was opened.

    Raises:
        ConfigError: A file is wrong and has no last good version, so that nothing could be watched.
        StoreError: SQL cannot be opened.
    """
    var = folder_of(lookup)
    with open_sql(lookup) as engine, open_redis(lookup) as client, Children() as children:
        store = sql.store_id(engine)
        stores = Stores.in_sql(engine, redis_.RedisFingerprints(client, store))
        loaded = load(Path(lookup("ALERTS_CONFIG") or "config"), stores.sound, clock())
        config = loaded.config
        rules = rules_.compile(config.rules, {w.id: w for w in config.watchlists})
        fetch = fetcher(config, lookup, redis_.RedisHosts(client))
        channels = {c.id: channel(c, lookup, var) for c in config.channels}
        parse, pages = ChildParse(children, BEAT.total_seconds()), WebPages(fetch, children)
        beating, model = replace(fetch, beat=BEAT), rewriter(lookup)
        news, back = redis_.RedisNews(client, store), callback(config, lookup, var)
        app = App(loaded, rules, stores, beating, channels, parse, pages, clock, engine, model, news, back)
        app.subscribe()
        yield app


def folder_of(lookup: Lookup) -> Path:
    """Give the folder of this installation's own files, made if it is not there."""
    var = Path(lookup("ALERTS_VAR") or "var")
    var.mkdir(parents=True, exist_ok=True)
    return var


@contextmanager
def open_sql(lookup: Lookup) -> Iterator[Engine]:
    """Open the SQL store that is configured, or the SQLite file in the installation's folder."""
    engine = sql.connect(lookup("ALERTS_SQL") or sql.file_url(folder_of(lookup).resolve() / "alerts.db"))
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def open_redis(lookup: Lookup) -> Iterator[Redis]:
    """Open the Redis that is configured, or the embedded Valkey of the installation's folder."""
    with ExitStack() as stack:
        url = lookup("ALERTS_REDIS") or stack.enter_context(embedded(folder_of(lookup) / "valkey"))
        yield stack.enter_context(redis_.connect(url))


@contextmanager
def open_fetch(lookup: Lookup) -> Iterator[tuple[HttpFetch, Children]]:
    """Open the way in alone, with the children that read: ``contact`` and ``allow_hosts`` hold, if they are set."""
    folder = Path(lookup("ALERTS_CONFIG") or "config")
    config = config_.examine(config_.read(folder)).config if folder.is_dir() else Config()
    with open_redis(lookup) as client, Children() as children:
        yield fetcher(config, lookup, redis_.RedisHosts(client)), children


def load(folder: Path, sound: Table[str], now: datetime) -> Loaded:
    """Read the configuration, put the last good version in the place of a faulty file, and keep the good ones.

    Raises:
        ConfigError: There is no feed or no rule left to work with.
    """
    files = config_.read(folder)
    # A required file that was deleted is missed by its name, and has a last good version too.
    paths = {file.path for file in files} | {f"{folder.resolve().name}/{name}" for name in config_.REQUIRED}
    good = {path: text.encode() for path in sorted(paths) if (text := sound.get(path)) is not None}
    loaded = config_.load(files, good)
    if loaded.problems and not (loaded.config.feeds and loaded.config.rules):
        raise ConfigError(loaded.problems)
    changed = {path: text.decode() for path, text in loaded.sound.items() if good.get(path) != text}
    if changed:
        sound.put(changed, at=now)
    return loaded


def fetcher(config: Config, lookup: Lookup, hosts: Hosts | None = None) -> HttpFetch:
    """Give the way in that is configured, with the secrets of the feeds that need one."""
    names = {feed.secret for feed in config.feeds if feed.secret}
    found = {name: secret for name in sorted(names) if (secret := lookup(setting(name)))}
    return HttpFetch(
        contact=config.contact, allow_hosts=config.allow_hosts, hosts=hosts or MemoryHosts(), secrets=found, clock=utc
    )


def callback(config: Config, lookup: Lookup, var: Path) -> Callback | None:
    """Give where hubs call us, if that is set.

    Raises:
        AlertsError: The setting is no web address.
    """
    url = (lookup("ALERTS_CALLBACK") or "").rstrip("/")
    if not url:
        return None
    if not urls.is_web(url):
        raise AlertsError("ALERTS_CALLBACK is no http(s) address; write the one at which `alerts serve` is reached")

    def ask(hub: str, body: bytes) -> tuple[int, str]:
        limit, allowed = subscribing.SLOWEST, config.allow_hosts
        posted = http.ask(hub, body=body, contact=config.contact, allow_hosts=allowed, timeout=limit)
        return posted.status, posted.reason

    return Callback(url, secrets.websub_key(var), ask, config.allow_hosts)


def channel(settings: ChannelSettings, lookup: Lookup, var: Path) -> Channel:
    """Give the way out that is configured, or the local inbox while its connection is not.

    A wrong URL or secret stops this channel alone; what is meant for it waits.
    """
    name = settings.connection.upper()
    url, secret = lookup(name), lookup(f"{name}_SECRET") or secrets.webhook_secret(var)
    if not url:
        return InboxChannel(var / "inbox", settings.kind, sender=settings.sender, secret=secret)
    if settings.kind != "mail" and not urls.is_web(url):
        return BrokenChannel(f'channel "{settings.id}" cannot be used: {name} is no http(s) address')
    try:
        match settings.kind:
            case "mail":
                return SmtpChannel(url, settings.sender)
            case "slack":
                return SlackChannel(url)
            case "webhook":
                return WebhookChannel(url, secret)
    except ValueError as error:
        return BrokenChannel(f'channel "{settings.id}" cannot be used: {name}: {error}')


def rewriter(lookup: Lookup) -> Rewriter | None:
    """Give the language model that is configured, or none; it takes an address and the name of a model."""
    url, model = lookup("ALERTS_MODEL"), lookup("ALERTS_MODEL_NAME")
    return Rewriter(url, model, lookup("ALERTS_MODEL_SECRET") or "") if url and model else None


def rebuild_index(lookup: Lookup) -> int:
    """Refill the index of seen articles from SQL, under a new name; gives the number of keys.

    The new name is for a SQL store that was restored from a backup: the old index knows articles that it has lost.
    """
    count = 0
    with open_sql(lookup) as engine, open_redis(lookup) as client:
        seen = redis_.RedisFingerprints(client, sql.renew_store_id(engine))
        for keys in shown.keys(engine, "articles"):
            seen.add(keys)
            count += len(keys)
    return count
