"""One POST, for the channels, and to the hubs of feeds."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import aiohttp

from alerts.adapters.http.answers import FAILURES, agent, phrase, retry_after, words
from alerts.adapters.http.guard import CHANNELS, INTERNET, Guard, Network, session
from alerts.adapters.http.loop import running_loop
from alerts.adapters.http.reading import target
from alerts.errors import FetchError

_ANSWER = 1_000
_HUB_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a POST.  ``status`` is 0 when no answer came; ``body`` is the beginning of the answer.

    ``barred`` says that we did not go there: the address is not public, and its host is not allowed.
    """

    status: int
    reason: str
    retry_after: timedelta | None = None
    body: str = ""
    barred: bool = False


def post(
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    timeout: timedelta,
    now: datetime | None = None,
    answer: int = _ANSWER,
    allow_hosts: frozenset[str] | None = frozenset(),
    network: Network = INTERNET,
) -> Posted:
    """POST once: no redirect is followed and nothing is tried again, because a second try may be a second message.

    ``timeout`` covers everything.  Of the answer the first ``answer`` characters are read.  ``now`` serves to read a
    ``Retry-After`` that is a date, if there is no ``Date``.  ``allow_hosts`` are hosts that may have an address that is
    not public; ``None`` lets every host, and is for the services of whoever runs this machine.
    Never raises for what the other side does, and never puts the URL, which may be a secret, into a reason.
    """
    guard = None if allow_hosts is None else Guard(network, CHANNELS)
    if guard is not None:
        guard.expect(url, url, allow_hosts or frozenset())
    with running_loop() as loop:
        asked = _post(url, headers, body, timeout, now, answer, partial(session, guard, network))
        posted = asyncio.run_coroutine_threadsafe(asked, loop).result()
    if guard is None or posted.status or not guard.refusal:
        return posted
    return replace(posted, reason=guard.refusal, barred=True)


def ask(
    url: str, *, body: bytes, contact: str, allow_hosts: frozenset[str], timeout: timedelta, network: Network = INTERNET
) -> Posted:
    """POST a form to a stranger's server, where a feed may be fetched and nowhere else.

    Redirects that keep a POST one (307, 308) are followed, because a hub may move.  Never raises for what the other
    side does.
    """
    with running_loop() as loop:
        asked = _ask(url, body, agent(contact), allow_hosts, timeout, network)
        return asyncio.run_coroutine_threadsafe(asked, loop).result()


async def _ask(
    url: str, body: bytes, name: str, allow_hosts: frozenset[str], limit: timedelta, network: Network
) -> Posted:
    guard, at = Guard(network), url
    sent = {"User-Agent": name, "Accept-Encoding": "identity", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        async with asyncio.timeout(limit.total_seconds()), session(guard, network) as client:
            for _ in range(_HUB_REDIRECTS + 1):
                guard.expect(url, at, allow_hosts)
                async with client.post(at, data=body, headers=sent, allow_redirects=False) as response:
                    if response.status not in (307, 308):
                        answer = await _beginning(response, None, _ANSWER)
                        return Posted(response.status, phrase(response), retry_after(response, None), answer)
                    at = target(at, response)
    except FetchError as error:
        return Posted(0, error.reason)
    except FAILURES as error:
        return Posted(0, guard.refusal or words(error, limit))
    return Posted(0, f"more than {_HUB_REDIRECTS} redirects")


async def _post(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    limit: timedelta,
    now: datetime | None,
    most: int,
    opened: Callable[[], aiohttp.ClientSession],
) -> Posted:
    """POST, and read the beginning of the answer; an answer that breaks off later is still an answer."""
    sent = {"User-Agent": agent(""), "Accept-Encoding": "identity", **headers}
    try:
        async with opened() as client:
            async with asyncio.timeout(limit.total_seconds()) as deadline:
                response = await client.post(url, data=io.BytesIO(body), headers=sent, allow_redirects=False)
            async with response:
                answer = await _beginning(response, deadline.when(), most)
                return Posted(response.status, phrase(response), retry_after(response, now), answer)
    except FAILURES as error:
        return Posted(0, words(error, limit))


async def _beginning(response: aiohttp.ClientResponse, deadline: float | None, most: int) -> str:
    """Read the first characters of an answer, as far as they come before the deadline."""
    read = bytearray()
    with contextlib.suppress(*FAILURES):
        async with asyncio.timeout_at(deadline):
            while len(read) < most * 4 and (chunk := await response.content.read(most * 4)):
                read += chunk
    return read.decode("utf-8", "replace")[:most]
