"""What is open to others: the door for pushed articles, and for hubs.  It needs no rules and no channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from redis import Redis
from sqlalchemy import Engine

from alerts import app as app_
from alerts import config as config_
from alerts.adapters import redis as redis_
from alerts.adapters import secrets, sql
from alerts.adapters.children import ChildParse, Children
from alerts.model import Article, Feed, HubState
from alerts.pushing import Door
from alerts.subscribing import Calls

_FRESH = timedelta(minutes=1)


@contextmanager
def open_door(lookup: app_.Lookup, *, clock: app_.Clock = app_.utc) -> Iterator[Door]:
    """Open what takes pushed articles: the log, the index in front of it, and the doorbell.

    Raises:
        StoreError: SQL cannot be opened.
    """
    with app_.open_sql(lookup) as engine, app_.open_redis(lookup) as client:
        yield _door(engine, client, clock)


def _door(engine: Engine, client: Redis, clock: app_.Clock) -> Door:
    store = sql.store_id(engine)
    articles = sql.SqlLog(engine, "articles", Article, lasting=True, clock=clock)
    return Door(redis_.RedisFingerprints(client, store, clock=clock), articles, redis_.RedisNews(client, store), clock)


@contextmanager
def open_calls(lookup: app_.Lookup, *, clock: app_.Clock = app_.utc) -> Iterator[Calls]:
    """Open what takes the calls of hubs, and pushed articles beside them.

    Raises:
        StoreError: SQL cannot be opened.
    """
    with app_.open_sql(lookup) as engine, app_.open_redis(lookup) as client, Children() as children:
        key = secrets.websub_key(app_.folder_of(lookup))
        hubs = sql.SqlTable(engine, "hubs", HubState)
        feeds = _Feeds(app_.config_of(lookup), clock)
        yield Calls(key, hubs, feeds, ChildParse(children), _door(engine, client, clock))


@dataclass(slots=True)
class _Feeds:
    """The feeds of a configuration, read again when they are a minute old."""

    folder: Path
    clock: app_.Clock
    _read: datetime | None = None
    _feeds: Mapping[str, Feed] = field(default_factory=dict)

    def __call__(self) -> Mapping[str, Feed]:
        """Give the feeds by their ids; those that were, while the folder cannot be read."""
        now = self.clock()
        if self._read is None or now - self._read >= _FRESH:
            self._read = now
            if self.folder.is_dir():
                self._feeds = {feed.id: feed for feed in config_.examine(config_.read(self.folder)).config.feeds}
        return self._feeds
