"""A listener on loopback that must never be reached, and a network in which every address leads to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from aiohttp.abc import AbstractResolver, ResolveResult

from alerts.adapters.http import Network

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret"
REDIRECT = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\nConnection: close\r\n\r\n"


class Victim:
    """Counts who connects, on 127.0.0.1 and on ::1, at one port."""

    def __init__(self, answer: bytes) -> None:
        self.times: list[float] = []
        self._answer = answer
        self._four, self._six = _pair()
        self.port: int = self._four.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve, args=(one,)) for one in (self._four, self._six)]
        for thread in self._threads:
            thread.start()

    @property
    def reached(self) -> int:
        return len(self.times)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                asked = connection.recv(65_536)
                if asked == b"end":
                    return
                self.times.append(time.monotonic())
                connection.sendall(self._answer)

    def close(self) -> None:
        for host, listener, thread in zip(("127.0.0.1", "::1"), (self._four, self._six), self._threads, strict=True):
            with socket.create_connection((host, self.port)) as last:
                last.sendall(b"end")
            thread.join()
            listener.close()


def _pair() -> tuple[socket.socket, socket.socket]:
    """Two listeners at one port, which may take a few tries."""
    while True:
        four = socket.create_server(("127.0.0.1", 0))
        try:
            return four, socket.create_server(("::1", four.getsockname()[1]), family=socket.AF_INET6)
        except OSError:
            four.close()


@contextmanager
def a_victim(location: str = "", status: str = "", page: str = "") -> Iterator[Victim]:
    """Start one.  With a location it redirects to that, with a page it shows it; a status may bring more headers."""
    answer = REDIRECT % location.encode() if location else ANSWER
    if page:
        answer = (
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(page.encode()) + page.encode()
        )
    victim = Victim(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status.encode() if status else answer)
    try:
        yield victim
    finally:
        victim.close()


def network(port: int, names: Mapping[str, list[str]], elsewhere: Mapping[str, int] | None = None) -> Network:
    """A network with these names, in which whatever is dialled is the listener at this port.

    An address that is ``elsewhere`` has a listener of its own.
    """
    ports = elsewhere or {}

    class Names(AbstractResolver):
        asked: ClassVar[list[str]] = []

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            self.asked.append(host)
            listed = names[host]
            # A name with two answers gives them in turn: DNS may say something else the next time.
            ip = listed[min(self.asked.count(host), len(listed)) - 1]
            kind = socket.AF_INET6 if ":" in ip else socket.AF_INET
            flags = socket.AI_NUMERICHOST
            return [{"hostname": host, "host": ip, "port": port, "family": kind, "proto": 0, "flags": flags}]

        async def close(self) -> None:
            """Nothing is open."""

    class Socket(socket.socket):
        def connect(self, address: Any) -> None:
            super().connect(("::1" if self.family == socket.AF_INET6 else "127.0.0.1", ports.get(address[0], port)))

    return Network(resolver=Names, socket=Socket)
