"""What answers and failures say, in our words: statuses, waits, dates; never an address or a URL."""

from __future__ import annotations

import os
import socket
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from aiohttp.http import RESPONSES

import alerts
from alerts import text
from alerts.feeds import freshness

# All that the network, a server or an address can do to us; whatever else is raised is our own fault.
FAILURES = (aiohttp.ClientError, OSError, ValueError, zlib.error)

_UNKNOWN_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


def agent(contact: str) -> str:
    """Name product, version and whom to write to."""
    return f"Tocsin/{alerts.__version__}" + (f" (+{contact})" if contact else "")


def phrase(response: aiohttp.ClientResponse) -> str:
    """Give the status line's code and phrase, in safe characters."""
    return text.cut(text.one_line(f"{response.status} {response.reason or ''}"), 80)


def standard_phrase(status: int) -> str:
    """Give a status with the phrase of the standard: a server may write anything into its own.

    >>> standard_phrase(404), standard_phrase(599)
    ('404 Not Found', '599')
    """
    return f"{status} {RESPONSES[status][0]}" if status in RESPONSES else str(status)


def words(error: BaseException, limit: timedelta, connect: timedelta | None = None) -> str:
    """Say what went wrong, without the URL; the limits are those that may have been met."""
    if connect and isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"cannot connect: no connection within {connect.total_seconds():g} s"
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientConnectorError):
        return f"timed out after {limit.total_seconds():g} s"
    return next(say(error) for kind, say in _WORDS if isinstance(error, kind))


def _lookup(error: Any) -> str:
    """Tell a name that does not exist from one that cannot be looked up now."""
    known = error.os_error.errno in _UNKNOWN_NAME
    return "cannot connect: name not known" if known else "cannot connect: the name cannot be looked up"


def _system(error: OSError) -> str:
    """Give the system's words for an error, for aiohttp's hold the address."""
    return os.strerror(error.errno).lower() if error.errno and error.errno > 0 else _safe(error.strerror or "no reason")


def _safe(words: object) -> str:
    """Make foreign words fit for a line of a report."""
    return text.cut(text.one_line(str(words)), 120)


def retry_after(response: aiohttp.ClientResponse, now: datetime | None) -> timedelta | None:
    """Read how long the server asks us to wait: seconds, or a date, which counts from the answer's own ``Date``."""
    value = response.headers.get("Retry-After", "").strip()
    if (span := freshness.seconds(value)) is not None:
        return span
    until, since = freshness.moment(value), freshness.moment(response.headers.get("Date", "")) or now
    return max(until - since, timedelta(0)) if until and since else None


# The first that fits says it.
_WORDS: tuple[tuple[type[BaseException], Callable[[Any], str]], ...] = (
    (aiohttp.ClientConnectorDNSError, _lookup),
    (
        aiohttp.ClientConnectorCertificateError,
        lambda e: f"cannot connect: the TLS certificate is not valid: {_safe(e.certificate_error)}",
    ),
    (aiohttp.ClientConnectorError, lambda e: f"cannot connect: {_system(e.os_error)}"),
    (aiohttp.ServerDisconnectedError, lambda _: "the server hung up without an answer"),
    (aiohttp.ClientPayloadError, lambda _: "the body is cut short: the connection ended before it did"),
    (aiohttp.ClientResponseError, lambda e: f"the answer is not HTTP: {_safe(e.message)}"),
    (OSError, lambda e: f"connection lost: {_system(e)}"),
    (zlib.error, lambda _: "the body is not compressed as its Content-Encoding says"),
    (BaseException, lambda _: "the URL or a header of the answer cannot be used"),
)
