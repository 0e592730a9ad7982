"""What was seen outlives what was kept of it: when each version of an article was last shown by its feed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and fill it from the log of articles.  Frozen: a change of the tables is a step of its own."""
    op.create_table(
        "shown",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "key", name="pk_shown"),
    )
    op.create_index("ix_shown_name_at", "shown", ["name", "at"])
    op.execute("INSERT INTO shown (name, key, at) SELECT name, key, written FROM log WHERE name = 'articles'")
