"""Where we do not go: the address that is really dialled is looked at, whatever its name, its spelling, or DNS says."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver

from alerts import urls


@dataclass(frozen=True, slots=True)
class Network:
    """How names are looked up, sockets are made and certificates are trusted.

    A test has a network of its own, in which every address leads to one listener.
    """

    resolver: Callable[[], AbstractResolver] = aiohttp.ThreadedResolver
    socket: Callable[[int, int, int], socket.socket] = socket.socket
    tls: ssl.SSLContext | bool = True


INTERNET = Network()
"""The real one."""

FEEDS, CHANNELS = "config/feeds.yaml", "config/channels.yaml"
"""The files in which an operator says which hosts may be private: for what is fetched, and for what is sent."""


def refused(ip: str, what: str, name: str, file: str) -> str:
    """Say that an address is not dialled, and what to do if it is meant."""
    return f"refused: {ip} is not a public address ({what}); add {name} to allow_hosts in {file}"


class Guard:
    """Opens sockets to public addresses only, at the moment of dialling: after the name, whatever DNS says next time.

    A private address may be dialled if its host is allowed and the feed's own host is, so that a stranger's redirect
    cannot reach what was allowed for another feed.  ``file`` is where hosts are allowed.
    """

    def __init__(self, network: Network = INTERNET, file: str = FEEDS) -> None:
        self.refusal = ""
        self._network = network
        self._file = file
        self._host = ""
        self._allowed = False
        self._redirected = False

    def expect(self, feed: str, url: str, allow_hosts: frozenset[str]) -> None:
        """Say which host is dialled next."""
        self._host = urls.host(url).strip("[]")
        allowed = {name.strip("[]").lower() for name in allow_hosts}
        self._allowed = {self._host, urls.host(feed).strip("[]")} <= allowed
        self._redirected = url != feed

    def __call__(self, address: tuple[Any, ...]) -> socket.socket:
        """Open a socket for an address of :func:`socket.getaddrinfo`.

        :raises OSError: the address is not public.
        """
        family, kind, protocol, _, (ip, *_) = address
        what = "" if self._allowed else urls.not_public(ip)
        if not what:
            return self._network.socket(family, kind, protocol)
        self.refusal = self._refused(ip, what)
        raise OSError(errno.EACCES, "not a public address")

    def _refused(self, ip: str, what: str) -> str:
        """Say what was refused, and what to do if it is meant to be."""
        if self._redirected:
            return f"refused: redirected to {ip}, which is not a public address ({what})"
        return refused(ip, what, "it" if self._host == ip else self._host, self._file)


def session(
    guard: Guard | None = None,
    network: Network = INTERNET,
    connect: timedelta | None = None,
    answer: type[aiohttp.ClientResponse] = aiohttp.ClientResponse,
) -> aiohttp.ClientSession:
    """Open a session that keeps nothing: no connection (1,000 hosts would hold 342 MB), no cookie, no proxy.

    ``connect`` limits the time for look-up, connection and TLS together.
    """
    limit = connect.total_seconds() if connect else None
    connector = aiohttp.TCPConnector(
        force_close=True, socket_factory=guard, resolver=network.resolver(), use_dns_cache=False, ssl=network.tls
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=None, connect=limit, sock_connect=None, sock_read=None),
        auto_decompress=False,
        response_class=answer,
    )
