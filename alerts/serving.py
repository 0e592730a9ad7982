"""What is served over HTTP: ``POST /api/articles``.  On this machine only, unless another address is named.

aiohttp serves it because it is there already.  A route only reads the request, calls a function of ``pushing`` that
knows nothing of HTTP's libraries, and sends what that says; so another server can mount the same functions.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

from alerts import pushing
from alerts.errors import AlertsError
from alerts.pushing import Door, Reply

PORT = 8586
"""The port on which articles are taken."""

SLOWEST = 30.0
"""Seconds for a body to come."""

AT_ONCE = 4
"""How many bodies are held at once; the others wait."""

RATE = 20.0
"""Requests a second, in the long run."""

BURST = 100.0
"""Requests at once, after a rest."""

TOKEN = "ALERTS_PUSH_TOKEN"  # noqa: S105 - the name of the setting, not the token


@dataclass(slots=True)
class Bucket:
    """A budget of requests that fills again with time.  ``ticks`` are seconds that never go back."""

    ticks: Callable[[], float]
    rate: float = RATE
    burst: float = BURST
    left: float = BURST
    last: float = 0.0

    def take(self) -> float:
        """Take one request: 0, or the seconds to wait for it."""
        now = self.ticks()
        self.left = min(self.burst, self.left + (now - self.last) * self.rate)
        self.last = now
        if self.left < 1:
            return (1 - self.left) / self.rate
        self.left -= 1
        return 0.0


@contextmanager
def serving(door: Door, tokens: tuple[str, ...], *, host: str = "127.0.0.1", port: int = PORT) -> Iterator[str]:
    """Serve in a thread of its own; gives the URL.  Port 0 takes one that is free.

    :raises AlertsError: the address cannot be had.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="serving", daemon=True)
    thread.start()
    runner = web.AppRunner(_application(door, tokens, loop.time), access_log=None, handle_signals=False)
    try:
        yield asyncio.run_coroutine_threadsafe(_start(runner, host, port), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(runner: web.AppRunner, host: str, port: int) -> str:
    """Listen, and say where."""
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise AlertsError(
            f"{host}:{port} cannot be listened on: {error.strerror}; choose another with --port"
        ) from error
    name, number, *_ = runner.addresses[0]
    return f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"


def _application(door: Door, tokens: tuple[str, ...], ticks: Callable[[], float]) -> web.Application:
    """Mount the routes.  One thread writes, because one store is written."""
    executor, crowd, bucket = ThreadPoolExecutor(1, "pushed"), asyncio.Semaphore(AT_ONCE), Bucket(ticks, last=ticks())

    async def articles(request: web.Request) -> web.Response:
        refusal = _refusal(request, tokens, bucket)
        if refusal:
            return _response(refusal)
        try:
            async with asyncio.timeout(SLOWEST), crowd:
                body = await request.read()
        except TimeoutError:
            return _response(pushing.refused(408, f"the body did not come within {SLOWEST:g} s"))
        except web.HTTPRequestEntityTooLarge:
            return _response(pushing.refused(413, f"the body is larger than {pushing.MOST_BYTES / 1_000_000:g} MB"))
        return _response(await asyncio.get_running_loop().run_in_executor(executor, pushing.receive, body, door))

    app = web.Application(client_max_size=pushing.MOST_BYTES)
    app.router.add_post("/api/articles", articles)
    app.on_cleanup.append(lambda _: asyncio.to_thread(executor.shutdown))
    return app


def _refusal(request: web.Request, tokens: tuple[str, ...], bucket: Bucket) -> Reply | None:
    """Refuse by the headers alone, before a byte of the body is read."""
    if wait := bucket.take():
        return pushing.refused(429, f"too many requests; wait {wait:.1f} s")
    if not pushing.is_authorised(request.headers.get("Authorization", ""), tokens):
        return pushing.refused(401, f"no token, or a wrong one; send `Authorization: Bearer` and the one of {TOKEN}")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return pushing.refused(415, "the body must not be compressed")
    return None


def _response(reply: Reply) -> web.Response:
    """Send a reply, and ask for what the status obliges us to ask for."""
    asked = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}}.get(reply.status, {})
    return web.Response(status=reply.status, body=reply.body, headers={"Content-Type": "application/json"} | asked)
