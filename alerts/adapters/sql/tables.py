"""The tables, as the newest migration leaves them.

One ``log`` table holds every log: a new log needs no migration, one index serves all readers, and the database's own
counter gives positions that never come again.  Positions of one log therefore have gaps; they are compared, never
counted.  Bodies are JSON text, readable in any shell; what is asked for by id stands in a column of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC.  A naive one is refused: nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn to UTC; SQLite then keeps the digits alone, and they sort as the times do."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _position() -> Column[Any]:
    """SQLite counts up only in a column that is called INTEGER."""
    return Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


store = Table(
    "store",
    metadata,
    Column("id", Text, primary_key=True),
    Column("made", Moment, nullable=False),
)

log = Table(
    "log",
    metadata,
    _position(),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("written", Moment, nullable=False),
    Column("article", Text, comment="the id of the article that it is about"),
    Column("url_hash", Text, comment="of its canonical URL: a URL may be longer than an index can hold"),
    Column("story", Text),
    Column("body", Text, nullable=False),
    UniqueConstraint("name", "key"),
    Index(None, "name", "position"),
    Index(None, "article"),
    Index(None, "url_hash"),
    sqlite_autoincrement=True,
)

shown = Table(
    "shown",
    metadata,
    Column("name", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Index(None, "name", "at"),
)

readers = Table(
    "readers",
    metadata,
    Column("log", Text, primary_key=True),
    Column("reader", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("subscribed", Moment),
)

rows = Table(
    "rows",
    metadata,
    Column("name", Text, primary_key=True, comment="of the Table: feed states, stories, slots, …"),
    Column("key", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "name", "at"),
)

outbox = Table(
    "outbox",
    metadata,
    _position(),
    Column("id", Text, nullable=False, unique=True),
    Column("subscription", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("made", Moment, nullable=False),
    Column("upto", BigInteger, nullable=False),
    Column("state", Text, nullable=False, comment="open, delivered, refused, quarantined, given_up"),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt", Moment),
    Column("lease_until", Moment),
    Column("token", Text),
    Column("body", Text, nullable=False),
    Column("not_before", Moment, comment="no attempt is earlier, even when the channel is well again"),
    Index(None, "state", "channel", "made", "position"),
    Index(None, "subscription", "upto"),
    sqlite_autoincrement=True,
)

receipts = Table(
    "receipts",
    metadata,
    _position(),
    Column("delivery", Text, ForeignKey("outbox.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "delivery"),
    sqlite_autoincrement=True,
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mark", Text, nullable=False, unique=True, comment="stands for the address"),
    Column("standing", Text, nullable=False, comment="asked, active, paused"),
    Column("made", Moment, nullable=False),
    Column("body", Text, nullable=False, comment="the one place of the address"),
    Index(None, "standing", "made"),
)
