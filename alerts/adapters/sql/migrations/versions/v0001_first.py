"""The first schema: logs and readers, tables, outbox and receipts, and the id of the store."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _position() -> sa.Column[int]:
    return sa.Column("position", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True)


def upgrade() -> None:
    """Make everything.  Frozen: a change of the tables is a step of its own."""
    _logs()
    _rows()
    _outbox()
    store = op.create_table(
        "store",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("made", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_store"),
    )
    op.bulk_insert(store, [{"id": secrets.token_hex(8), "made": datetime.now(UTC)}])


def _logs() -> None:
    op.create_table(
        "log",
        _position(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("written", MOMENT, nullable=False),
        sa.Column("article", sa.Text, comment="the id of the article that it is about"),
        sa.Column("url_hash", sa.Text, comment="of its canonical URL: a URL may be longer than an index can hold"),
        sa.Column("story", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_log"),
        sa.UniqueConstraint("name", "key", name="uq_log_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_log_name_position", "log", ["name", "position"])
    op.create_index("ix_log_article", "log", ["article"])
    op.create_index("ix_log_url_hash", "log", ["url_hash"])
    op.create_table(
        "readers",
        sa.Column("log", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("subscribed", MOMENT),
        sa.PrimaryKeyConstraint("log", "reader", name="pk_readers"),
    )


def _rows() -> None:
    op.create_table(
        "rows",
        sa.Column("name", sa.Text, nullable=False, comment="of the Table: feed states, stories, slots, …"),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", "key", name="pk_rows"),
    )
    op.create_index("ix_rows_name_at", "rows", ["name", "at"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        _position(),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("subscription", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("made", MOMENT, nullable=False),
        sa.Column("upto", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False, comment="open, delivered, refused, given_up"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt", MOMENT),
        sa.Column("lease_until", MOMENT),
        sa.Column("token", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_state_made", "outbox", ["state", "made"])
    op.create_index("ix_outbox_subscription_upto", "outbox", ["subscription", "upto"])
    op.create_table(
        "receipts",
        _position(),
        sa.Column("delivery", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_receipts"),
        sa.ForeignKeyConstraint(["delivery"], ["outbox.id"], name="fk_receipts_delivery"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_receipts_delivery", "receipts", ["delivery"])
