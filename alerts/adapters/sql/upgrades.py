"""Alembic, behind two functions; imported only when there is something to upgrade."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

FOLDER = Path(__file__).parent / "migrations"


def steps() -> ScriptDirectory:
    """Give the steps from one version to the next."""
    return ScriptDirectory.from_config(_config())


def knows(version: str) -> bool:
    """Tell whether there is a way from this version."""
    return version in {step.revision for step in steps().walk_revisions()}


def upgrade(connection: Connection, to: str) -> None:
    """Run the missing steps, in the connection's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
