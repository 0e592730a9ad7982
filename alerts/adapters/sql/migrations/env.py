"""What Alembic runs: the migrations, on the connection and in the transaction that it is handed."""

from __future__ import annotations

from alembic import context

from alerts.adapters.sql.schema import VERSION_TABLE
from alerts.adapters.sql.tables import metadata


def run() -> None:
    """Run the migrations; the caller holds the lock and commits."""
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
    )
    context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic runs this file; under any other it is only imported
    run()
