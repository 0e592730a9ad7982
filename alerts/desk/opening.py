"""What the desk works with: the store, the configuration in force, and the time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from alerts import app as app_
from alerts.adapters import sql
from alerts.config import Config
from alerts.errors import ConfigError
from alerts.tokens import Signer

FRESH = timedelta(minutes=1)
"""For how long the configuration is not looked at again."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the desk works with.  ``url`` is the public address of the desk, without a slash at its end, or empty."""

    engine: Engine
    read: Configured
    signer: Signer
    lookup: app_.Lookup
    url: str = ""
    clock: app_.Clock = app_.utc

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self.read()


@dataclass(slots=True)
class Configured:
    """The configuration of a folder, read again when a file has changed; a broken one leaves the one before it.

    Pages are served by several threads, and one of them reads.
    """

    folder: Path
    engine: Engine
    clock: app_.Clock
    _looked: datetime | None = None
    _seen: frozenset[tuple[str, int, int]] = frozenset()
    _config: Config = field(default_factory=Config)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Config:
        """Give the configuration in force."""
        with self._lock:
            now = self.clock()
            if self._looked is None or now - self._looked >= FRESH:
                self._looked = now
                self._refresh(now)
            return self._config

    def _refresh(self, now: datetime) -> None:
        seen = frozenset(
            (str(path), stat.st_mtime_ns, stat.st_size)
            for path in self.folder.rglob("*.yaml")
            if (stat := path.stat()).st_size
        )
        if seen == self._seen:
            return
        try:
            self._config = app_.load(self.folder, sql.SqlTable(self.engine, "sound", str), now).config
        except ConfigError:
            return  # what is wrong with it is told by every run, and the pages stay as they are
        self._seen = seen


@contextmanager
def open_desk(lookup: app_.Lookup, *, clock: app_.Clock = app_.utc) -> Iterator[Desk]:
    """Open the store that the settings name, and close it.

    Raises:
        AlertsError: ALERTS_DESK_URL is no web address.
        StoreError: SQL cannot be opened.
    """
    with app_.open_sql(lookup) as engine:
        folder = app_.config_of(lookup)
        signer = app_.desk_signer(lookup, app_.folder_of(lookup))
        yield Desk(engine, Configured(folder, engine, clock), signer, lookup, app_.desk_url(lookup), clock)
