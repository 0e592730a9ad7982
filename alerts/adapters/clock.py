"""The clock of the adapters: for what the line never decides on, such as the time at which a log was written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc() -> datetime:
    """Read the machine's clock, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  the one place where an adapter reads it; tests hand in a clock of theirs
