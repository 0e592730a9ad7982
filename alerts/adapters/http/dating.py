"""What time it is at a web server: the ``Date`` of an answer."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from alerts.adapters.http.answers import FAILURES, agent, phrase, words
from alerts.adapters.http.guard import INTERNET, Guard, Network, session
from alerts.adapters.http.loop import running_loop
from alerts.errors import FetchError
from alerts.feeds import freshness


def time_at(
    url: str, *, contact: str, allow_hosts: frozenset[str], timeout: timedelta, network: Network = INTERNET
) -> datetime:
    """Ask a stranger's server for its time by one HEAD, whatever else it answers; to the second, rounded down.

    A cache gives the ``Date`` of when it kept the answer, and its ``Age`` since (RFC 9111, section 4.2.3).

    Raises:
        FetchError: It does not answer, may not be asked, or says no time.
    """
    with running_loop() as loop:
        asked = _time_at(url, contact, allow_hosts, timeout, network)
        return asyncio.run_coroutine_threadsafe(asked, loop).result()


async def _time_at(url: str, contact: str, allow_hosts: frozenset[str], limit: timedelta, network: Network) -> datetime:
    guard, sent = Guard(network), {"User-Agent": agent(contact), "Cache-Control": "no-cache"}
    guard.expect(url, url, allow_hosts)
    try:
        async with (
            asyncio.timeout(limit.total_seconds()),
            session(guard, network) as client,
            client.head(url, headers=sent, allow_redirects=False) as response,
        ):
            said = freshness.moment(response.headers.get("Date", ""))
            age = freshness.seconds(response.headers.get("Age", "")) or timedelta(0)
            reason = phrase(response)
    except FAILURES as error:
        raise FetchError(guard.refusal or words(error, limit)) from None
    if said is None:
        raise FetchError(f"{reason}, without the time")
    return said + age
