"""Readers subscribe by themselves: their table, the one place of their addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table.  Frozen: a change of the tables is a step of its own."""
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("mark", sa.Text, nullable=False, comment="stands for the address"),
        sa.Column("standing", sa.Text, nullable=False, comment="asked, active, paused"),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text, nullable=False, comment="the one place of the address"),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("mark", name="uq_subscribers_mark"),
    )
    op.create_index("ix_subscribers_standing_made", "subscribers", ["standing", "made"])
