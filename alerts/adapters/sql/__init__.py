"""SQL: the truth.  SQLite in one file, or PostgreSQL; the same tables, the same promises.

::

    connect(url) ─▶ Engine ─▶ SqlLog · SqlTable · SqlOutbox      what the stages use
                          └─▶ queries                            what people ask
"""

from sqlalchemy import Engine

from alerts.adapters.sql import queries
from alerts.adapters.sql.alone import alone
from alerts.adapters.sql.engine import file_url, open_engine
from alerts.adapters.sql.logs import SqlLog
from alerts.adapters.sql.outbox import SqlOutbox
from alerts.adapters.sql.rows import SqlTable
from alerts.adapters.sql.schema import connect, renew_store_id, store_id
from alerts.adapters.sql.subscribers import SqlSubscribers

__all__ = [
    "Engine",
    "SqlLog",
    "SqlOutbox",
    "SqlSubscribers",
    "SqlTable",
    "alone",
    "connect",
    "file_url",
    "open_engine",
    "queries",
    "renew_store_id",
    "store_id",
]
