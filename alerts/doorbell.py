"""The doorbell for who starts the line from outside, such as Airflow: it rings while there are unread articles.

::

    a ring of the news, or a second gone by ─▶ is the log of articles read to its end? ─▶ no: ring, until it is

A ring may be lost on its way, or come while whoever runs the line is down.  So it is the log that is asked: what is
unread stays unread until it is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog

from alerts import app as app_
from alerts.adapters import redis as redis_
from alerts.adapters import sql
from alerts.adapters.sql import queries
from alerts.errors import StoreError
from alerts.ports import News

LOOK = 1.0
"""Seconds between two looks at the log when nothing rings."""

GAP = 1.0
"""Seconds between two rings for articles of which the second came later: one run reads them all."""

AGAIN = 15.0
"""Seconds until it rings again for the same articles: whoever was woken has begun by then, or will not."""

log = structlog.get_logger("alerts")


@dataclass(slots=True)
class Bell:
    """Waits for unread articles.  Stores are opened when it first waits, and again after they were away."""

    lookup: app_.Lookup
    ticks: Callable[[], float] = time.monotonic
    _stack: ExitStack = field(default_factory=ExitStack)
    _stores: tuple[News, Callable[[], int]] | None = None
    _rung: tuple[int, float] = (0, 0.0)

    def wait(self, seconds: float = LOOK) -> int:
        """Wait for so long at most: the end of the log if it has unread articles and it is time to ring, else 0."""
        try:
            news, unread = self._stores or self._open()
            end = unread()
            if self._is_time(end):
                self._rung = (end, self.ticks())
                return end
            news.wait(seconds)
        except StoreError as error:
            log.warning("the doorbell cannot look", error=str(error))
            self.close()
            time.sleep(seconds)
        return 0

    def close(self) -> None:
        """Close what was opened; the next wait opens it again."""
        self._stores = None
        self._stack.close()

    def _is_time(self, end: int) -> bool:
        """Tell whether to ring for a log that is unread up to ``end``."""
        rung, at = self._rung
        return end > 0 and self.ticks() - at >= (GAP if end > rung else AGAIN)

    def _open(self) -> tuple[News, Callable[[], int]]:
        """Open SQL for the log, and Redis for what rings."""
        engine = self._stack.enter_context(app_.open_sql(self.lookup))
        client = self._stack.enter_context(app_.open_redis(self.lookup))
        news = redis_.RedisNews(client, sql.store_id(engine))
        self._stores = news, lambda: queries.unread(engine, "articles", "match")
        return self._stores
