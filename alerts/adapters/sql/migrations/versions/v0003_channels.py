"""Each channel is served by itself, and one that is well again brings forward what waited for it alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATES = "open, delivered, refused, quarantined, given_up"
WHY = "no attempt is earlier, even when the channel is well again"


def upgrade() -> None:
    """Add the time, and an index for each channel's turn.  Frozen: a change of the tables is a step of its own."""
    op.add_column("outbox", sa.Column("not_before", sa.DateTime(timezone=True), comment=WHY))
    op.create_index("ix_outbox_state_channel_made_position", "outbox", ["state", "channel", "made", "position"])
    op.drop_index("ix_outbox_state_made", "outbox")
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("outbox", "state", comment=STATES)
