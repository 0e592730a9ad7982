"""What an answer is: new, not changed, elsewhere, or a failure; its body is counted while it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

import aiohttp
from aiohttp.connector import Connection

from alerts import text, urls
from alerts.adapters.http.answers import retry_after, standard_phrase
from alerts.adapters.http.inflate import PIECE, Unpacking
from alerts.errors import FetchError
from alerts.feeds import freshness
from alerts.model import Fetched

MAX_INTERIM = 10
"""How many answers with a status of 1xx may come before the one that counts; there is rarely one."""

_CHUNK = 65_536
_LINKS = 8_192


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an answer is taken, in bytes: of the body as sent and as decoded, and of the headers."""

    wire: int
    body: int
    headers: int


class Answer(aiohttp.ClientResponse):
    """An answer that is not preceded by interim ones without an end: aiohttp would read them until the deadline."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Read status and headers.

        :raises FetchError: a final answer does not come.
        """
        if connection.protocol is not None:
            connection.protocol.read = _counted(connection.protocol.read)  # type: ignore[method-assign, assignment]
        return await super().start(connection)


def _counted(read_on: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """Read one answer after the other, but not for ever."""
    left = iter(range(MAX_INTERIM + 1))

    async def read_next() -> Any:
        if next(left, None) is None:
            raise FetchError(f"more than {MAX_INTERIM} interim answers", fault="content")
        return await read_on()

    return read_next


async def read(
    response: aiohttp.ClientResponse,
    url: str,
    limits: Limits,
    *,
    conditional: bool,
    clock: Callable[[], datetime] | None,
) -> Fetched:
    """Take an answer that is no redirect.

    :raises FetchError: it is none of 200, 203 and 304; or it is more than we take.
    """
    status, headers = response.status, response.headers
    if sum(len(name) + len(value) + 4 for name, value in response.raw_headers) > limits.headers:
        raise FetchError(f"the headers are larger than {limits.headers / 1_000:g} kB", fault="content")
    if status not in (200, 203, 304):
        now = clock() if clock else None
        raise FetchError(standard_phrase(status), status=status, retry_after=retry_after(response, now))
    if status == 304 and not conditional:
        raise FetchError("304 Not Modified, though we had said nothing of what we have", status=304)
    return Fetched(
        status=304 if status == 304 else 200,
        body=b"" if status == 304 else await _body(response, limits),
        etag=_echoable(headers.get("ETag", "")),
        modified=_echoable(headers.get("Last-Modified", "")),
        url=url,
        content_type=text.one_line(headers.get("Content-Type", "")),
        fresh=freshness.lifetime(
            ", ".join(headers.getall("Cache-Control", ())),
            ", ".join(headers.getall("Expires", ())),
            headers.get("Date", ""),
            ", ".join(headers.getall("Age", ())),
        ),
        links=text.one_line(", ".join(headers.getall("Link", ())))[:_LINKS],
    )


async def _body(response: aiohttp.ClientResponse, limits: Limits) -> bytes:
    """Read a body, counting what comes on the wire and what it becomes, and stop at the first byte too many."""
    if (response.content_length or 0) > limits.wire:
        raise _too_large(limits.wire)
    decode = Unpacking(response.headers.get("Content-Encoding", ""))
    body, wire = bytearray(), 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        wire += len(chunk)
        if wire > limits.wire:
            raise _too_large(limits.wire)
        for piece in decode.feed(chunk):
            body += piece
            if len(body) > limits.body:
                raise _too_large(limits.body)
            if len(piece) == PIECE:
                await asyncio.sleep(0)
    if wire and not decode.complete:
        raise FetchError("the body is cut short: its compression has no end")
    return bytes(body)


def target(url: str, response: aiohttp.ClientResponse) -> str:
    """Give the address that a redirect leads to.

    :raises FetchError: we do not go there.
    """
    location = response.headers.get("Location", "")
    phrase = standard_phrase(response.status)
    if not location:
        raise FetchError(f"{phrase}, but no Location", status=response.status)
    try:
        led = urljoin(url, location.strip().replace(" ", "%20"))
    except ValueError:
        led = ""
    if not urls.is_web(led):
        raise _refused("redirected to what is no http(s) address without credentials", response.status)
    if url.lower().startswith("https:") and not led.lower().startswith("https:"):
        raise _refused(f"redirected from https to http on {urls.host(led)}", response.status)
    return led


def _refused(why: str, status: int) -> FetchError:
    return FetchError(f"refused: {why}", status=status, fault="content")


def _too_large(limit: int) -> FetchError:
    """Say which limit a body broke."""
    return FetchError(f"body is larger than {limit / 1_000_000:g} MB", fault="content")


def _echoable(value: str) -> str:
    """Give a validator that can be sent back byte for byte; one that is no UTF-8 cannot, and is not kept."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return ""
    return value
