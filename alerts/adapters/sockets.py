"""Where the sockets of a library may not go that opens its own: the rule of ``http.guard``, for one thread at a time.

Python tells its audit hooks of every look-up and every connection before it is made, and what a hook raises ends it
(PEP 578).  A hook cannot be taken away again: there is one, and it looks only at threads that are watched.
"""

from __future__ import annotations

import errno
import ipaddress
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from alerts import urls
from alerts.adapters.http.guard import CHANNELS, refused

_LOOKS_UP = "socket.getaddrinfo"
_DIALS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_thread = threading.local()


@dataclass(slots=True)
class Watch:
    """What a thread may dial: what is public, and ``allow_hosts``.  ``refusal`` says what it was kept from."""

    allow_hosts: frozenset[str]
    refusal: str = ""
    _name: str = ""

    def look_up(self, host: object) -> None:
        """Hear which name is asked for: the addresses that are dialled next are its own."""
        self._name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")

    def dial(self, address: object) -> None:
        """Let an address be dialled.  A path is a socket of this machine's own programs, and no host.

        Raises:
            OSError: It is not public, and not allowed.
        """
        if not isinstance(address, tuple):
            return
        ip = str(address[0]).partition("%")[0]
        name = self._name.strip("[]").rstrip(".").lower() or ip
        what = "" if {name, ip} & self.allow_hosts else _what(ip)
        if what:
            self.refusal = refused(ip, what, "it" if name == ip else name, CHANNELS)
            raise OSError(errno.EACCES, "not a public address")


def _what(ip: str) -> str:
    """Say what an address is if it is not public; a name that nobody has looked up might be anything."""
    try:
        ipaddress.ip_address(ip)
    except ValueError:
        return "a name that was not looked up"
    return urls.not_public(ip)


@contextmanager
def watched(allow_hosts: frozenset[str]) -> Iterator[Watch]:
    """Keep this thread from dialling what is neither public nor allowed, while the block runs."""
    _listen()
    _thread.watch = watch = Watch(allow_hosts)
    try:
        yield watch
    finally:
        del _thread.watch


@cache
def _listen() -> None:
    """Hook into Python, once in this process."""
    sys.addaudithook(_heard)


def _heard(event: str, args: tuple[Any, ...]) -> None:
    if event != _LOOKS_UP and event not in _DIALS:
        return
    watch: Watch | None = getattr(_thread, "watch", None)
    if watch is None:
        return
    if event == _LOOKS_UP:
        watch.look_up(args[0])
    else:
        watch.dial(args[-1])
