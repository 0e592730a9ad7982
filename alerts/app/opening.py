"""From settings to an App: what is opened here is closed here.

It is straight-line on purpose: nearly every step needs what the one before it made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from redis import Redis
from sqlalchemy import Engine

from alerts import config as config_
from alerts import rules as rules_
from alerts.adapters import redis as redis_
from alerts.adapters import sql
from alerts.adapters.children import ChildParse, Children
from alerts.adapters.http import HttpFetch
from alerts.adapters.indexes import IndexParse
from alerts.adapters.pages import WebPages
from alerts.adapters.sql import dumps, shown
from alerts.adapters.templates import OwnTemplates
from alerts.adapters.valkey import embedded
from alerts.app.pulse import Heart, address
from alerts.app.readers import SqlReaders, desk_signer, desk_url
from alerts.app.running import App, Clock, utc
from alerts.app.stores import Stores
from alerts.app.ways import Lookup, Shared, callback, channel, config_of, fetcher, rewriter
from alerts.config import Config, Loaded
from alerts.errors import ConfigError
from alerts.ports import Table

BEAT = timedelta(seconds=0.05)
"""After how long without an answer a poll keeps what it has."""


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
        stores = Stores.in_sql(engine, redis_.RedisFingerprints(client, store, clock=clock), clock=clock)
        folder = config_of(lookup)
        loaded = load(folder, stores.sound, clock())
        config = loaded.config
        rules = rules_.compile(config.rules, {w.id: w for w in config.watchlists})
        hosts = redis_.RedisHosts(client)
        fetch, shared = fetcher(config, lookup, hosts), Shared(hosts, stores.threads)
        channels = {c.id: channel(c, lookup, var, shared) for c in config.channels}
        beating, model = replace(fetch, beat=BEAT), rewriter(lookup)
        parse = IndexParse(ChildParse(children, BEAT.total_seconds()), beating)
        pages = WebPages(fetch, children)
        heart = Heart(address(lookup))
        readers = SqlReaders(engine, desk_signer(lookup, var), desk_url(lookup))
        news, back = redis_.RedisNews(client, store), callback(config, lookup, var)
        dress = OwnTemplates(folder / "templates", children)
        app = App(
            loaded,
            rules,
            stores,
            beating,
            channels,
            parse,
            pages,
            clock,
            engine=engine,
            rewriter=model,
            news=news,
            callback=back,
            readers=readers,
            heart=heart,
            dress=dress,
        )
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
    engine = sql.connect(_sql_url(lookup))
    try:
        yield engine
    finally:
        engine.dispose()


def _sql_url(lookup: Lookup) -> str:
    return lookup("ALERTS_SQL") or sql.file_url(folder_of(lookup).resolve() / "alerts.db")


@contextmanager
def open_redis(lookup: Lookup) -> Iterator[Redis]:
    """Open the Redis that is configured, or the embedded Valkey of the installation's folder."""
    with ExitStack() as stack:
        url = lookup("ALERTS_REDIS") or stack.enter_context(embedded(folder_of(lookup) / "valkey"))
        yield stack.enter_context(redis_.connect(url))


@contextmanager
def open_fetch(lookup: Lookup) -> Iterator[tuple[HttpFetch, Children]]:
    """Open the way in alone, with the children that read: ``contact`` and ``allow_hosts`` hold, if they are set."""
    folder = config_of(lookup)
    config = config_.examine(config_.read(folder)).config if folder.is_dir() else Config()
    with open_redis(lookup) as client, Children() as children:
        yield fetcher(config, lookup, redis_.RedisHosts(client)), children


def restore(lookup: Lookup, file: Path, *, replace: bool = False) -> dumps.Dump:
    """Make the store what a backup says, and the index of seen articles what the store says.

    Raises:
        StoreError: The backup will not do, or the store holds something and ``replace`` is not said.
    """
    engine = sql.open_engine(_sql_url(lookup))
    try:
        made = dumps.restore(engine, file, replace=replace)
    finally:
        engine.dispose()
    rebuild_index(lookup)
    return made


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
