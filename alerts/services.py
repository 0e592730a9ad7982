"""What a command needs around it on one machine: the embedded Valkey, the sample feeds, and an end for all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from alerts import demo
from alerts.adapters.valkey import embedded

GRACE = 20.0
"""Seconds between asking a command's processes to end and ending them."""


@contextmanager
def services(environ: Mapping[str, str], *, demo_feeds: Path | None, port: int = demo.PORT) -> Iterator[dict[str, str]]:
    """Give the environment for a command: with ``ALERTS_REDIS`` of a server that lives as long as this block.

    A Redis that is configured already is left alone.  ``demo_feeds`` is the folder of the sample feeds to serve.
    """
    var = Path(environ.get("ALERTS_VAR") or "var")
    with ExitStack() as stack:
        redis_url = environ.get("ALERTS_REDIS") or stack.enter_context(embedded(var / "valkey"))
        if demo_feeds:
            stack.enter_context(demo.serving(demo_feeds, port=port, anchor_file=var / "demo-anchor"))
        yield {**environ, "ALERTS_REDIS": redis_url}


def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command in a process group of its own until it ends or we are told to, and leave nothing of it running.

    ``airflow standalone`` leaves its four services behind when only it is ended; so the group is ended.
    Gives the command's exit code; 130 or 143 when a signal ended it.
    """
    told: list[int] = []
    child = subprocess.Popen(command, env=dict(environ), start_new_session=True)  # noqa: S603 - the command is what our caller typed

    def stop(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        _signal(child.pid, signal.SIGTERM)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        code = _wait(child, told)
        _end_group(child.pid)
    finally:
        for number, old in before.items():
            signal.signal(number, old)
    return 128 + told[0] if told else code


def _wait(child: subprocess.Popen[bytes], told: Sequence[int]) -> int:
    """Wait for the command; once it was told to end, no longer than the grace."""
    while True:
        try:
            return child.wait(timeout=GRACE if told else 1.0)
        except subprocess.TimeoutExpired:
            if told:
                _signal(child.pid, signal.SIGKILL)


def _end_group(group: int) -> None:
    """End what the command has left behind in its group: ask, wait, kill."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _signal(group, number):
            return
        end = time.monotonic() + GRACE
        while _signal(group, 0) and time.monotonic() < end:
            time.sleep(0.1)


def _signal(group: int, number: int) -> bool:
    """Send a signal to every process of the group; False when there is none."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
