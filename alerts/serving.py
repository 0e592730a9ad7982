"""What is served over HTTP: ``/api/articles``, ``/websub/…`` for hubs, ``/metrics``.  On this machine only, by default.

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
from ipaddress import ip_address
from typing import TypeVar

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy.exc import DBAPIError

from alerts import pushing, subscribing
from alerts.errors import AlertsError, StoreError
from alerts.pushing import Door, Reply
from alerts.subscribing import Calls

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

_LATER = 10
"""Seconds after which a store that did not take an article may be tried again."""

T = TypeVar("T")
log = structlog.get_logger("alerts")

METRICS_TOKEN = "ALERTS_METRICS_TOKEN"  # noqa: S105 - the name of the setting, not the token

PROXIED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""What a proxy says of those for whom it asks."""

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


@dataclass(frozen=True, slots=True)
class Metrics:
    """What gives the metrics, in which format, and who may see them: whoever has a token, or else this machine."""

    collect: Callable[[], bytes]
    kind: str
    tokens: tuple[str, ...] = ()


@contextmanager
def serving(
    door: Door,
    tokens: tuple[str, ...],
    *,
    calls: Calls | None = None,
    metrics: Metrics | None = None,
    host: str = "127.0.0.1",
    port: int = PORT,
) -> Iterator[str]:
    """Serve in a thread of its own; gives the URL.  Port 0 takes one that is free; hubs are heard only with ``calls``.

    :raises AlertsError: the address cannot be had.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="serving", daemon=True)
    thread.start()
    buckets = Bucket(loop.time, last=loop.time()), Bucket(loop.time, last=loop.time())
    routes = _Routes(door, tokens, calls, metrics, *buckets)
    runner = web.AppRunner(routes.application(), access_log=None, handle_signals=False)
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


class _Routes:
    """The routes.  One thread writes, because one store is written and the children belong to one thread."""

    def __init__(
        self,
        door: Door,
        tokens: tuple[str, ...],
        calls: Calls | None,
        metrics: Metrics | None,
        pushed: Bucket,
        called: Bucket,
    ) -> None:
        self._door, self._tokens, self._calls, self._metrics = door, tokens, calls, metrics
        self._pushed, self._called = pushed, called
        self._executor = ThreadPoolExecutor(1, "served")
        self._crowd = asyncio.Semaphore(AT_ONCE)
        self._scrape = asyncio.Lock()

    def application(self) -> web.Application:
        """Mount them."""
        app = web.Application(client_max_size=pushing.MOST_BYTES, middlewares=[_unless_kept])
        app.router.add_post("/api/articles", self.articles)
        if self._calls:
            app.router.add_get("/websub/{feed}/{mark}", self.confirm, allow_head=False)
            app.router.add_post("/websub/{feed}/{mark}", self.deliver)
        if self._metrics:
            app.router.add_get("/metrics", self.metrics)
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, _: web.Application) -> None:
        await asyncio.to_thread(self._executor.shutdown)

    async def metrics(self, request: web.Request) -> web.Response:
        """Give the metrics to those who may see them; pushed articles do not wait for it."""
        if self._metrics is None or not _may_see(request, self._metrics.tokens):
            return _response(pushing.refused(401, f"send `Authorization: Bearer` and the token of {METRICS_TOKEN}"))
        async with self._scrape:
            text = await asyncio.to_thread(self._metrics.collect)
        return web.Response(body=text, headers={"Content-Type": self._metrics.kind, "Cache-Control": "no-store"})

    async def articles(self, request: web.Request) -> web.Response:
        """Take pushed articles."""
        refusal = _refusal(request, self._tokens, self._pushed)
        body = refusal or await self._body(request)
        if isinstance(body, Reply):
            return _response(body)
        return _response(await self._run(lambda: pushing.receive(body, self._door)))

    async def confirm(self, request: web.Request) -> web.Response:
        """Answer a hub that asks whether we meant it; its challenge goes back as plain text."""
        calls, feed, mark = self._call(request)
        status, said = await self._run(lambda: subscribing.confirm(feed, mark, request.query, calls))
        headers = {"X-Content-Type-Options": "nosniff"}
        return web.Response(status=status, text=said, content_type="text/plain", headers=headers)

    async def deliver(self, request: web.Request) -> web.Response:
        """Take what a hub delivers; whatever is wrong with its content is logged here and not told there."""
        calls, feed, mark = self._call(request)
        status = await self._run(lambda: subscribing.admits(feed, mark, calls))
        body = await self._body(request) if status == 200 else b""
        if isinstance(body, Reply):
            return _response(body)
        if status == 200:
            signature, kind = request.headers.get("X-Hub-Signature", ""), request.headers.get("Content-Type", "")
            wrong = await self._run(lambda: subscribing.deliver(feed, mark, signature, kind, body, calls))
            if wrong:
                log.warning("a hub's delivery is passed over", feed=feed, reason=wrong)
        return web.Response(status=202 if status == 200 else status)

    def _call(self, request: web.Request) -> tuple[Calls, str, str]:
        """Take an address apart; a hub that calls too often is told to wait."""
        if self._calls is None or self._called.take():
            raise web.HTTPTooManyRequests(headers={"Retry-After": "1"})
        return self._calls, request.match_info["feed"], request.match_info["mark"]

    async def _body(self, request: web.Request) -> bytes | Reply:
        """Read a body within its time and its size."""
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return pushing.refused(415, "the body must not be compressed")
        try:
            async with asyncio.timeout(SLOWEST), self._crowd:
                return await request.read()
        except TimeoutError:
            return pushing.refused(408, f"the body did not come within {SLOWEST:g} s")
        except web.HTTPRequestEntityTooLarge:
            return pushing.refused(413, f"the body is larger than {pushing.MOST_BYTES / 1_000_000:g} MB")

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


@web.middleware
async def _unless_kept(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Ask for the same again later while SQL fails: nothing was kept, whether it was pushed or a hub has sent it.

    The log has the pattern of the address, for that of a hub is a secret.
    """
    try:
        return await handler(request)
    except (StoreError, DBAPIError) as error:
        asked = request.match_info.route.resource
        reason = str(error) if isinstance(error, StoreError) else type(error.orig).__name__
        log.warning("SQL fails; whoever called is told to come again", path=asked and asked.canonical, reason=reason)
        return _response(pushing.refused(503, f"the store fails, and nothing was kept; send it again in {_LATER} s"))


def _may_see(request: web.Request, tokens: tuple[str, ...]) -> bool:
    """Ask for the token; where none is set, only this machine may see, and no proxy on it for somebody else."""
    if tokens:
        return pushing.is_authorised(request.headers.get("Authorization", ""), tokens)
    is_here = ip_address((request.remote or "0.0.0.0").partition("%")[0]).is_loopback  # noqa: S104 - of nobody
    return is_here and not any(name in request.headers for name in PROXIED)


def _refusal(request: web.Request, tokens: tuple[str, ...], bucket: Bucket) -> Reply | None:
    """Refuse by the headers alone, before a byte of the body is read."""
    if wait := bucket.take():
        return pushing.refused(429, f"too many requests; wait {wait:.1f} s")
    if not pushing.is_authorised(request.headers.get("Authorization", ""), tokens):
        return pushing.refused(401, f"no token, or a wrong one; send `Authorization: Bearer` and the one of {TOKEN}")
    return None


def _response(reply: Reply) -> web.Response:
    """Send a reply, and ask for what the status obliges us to ask for."""
    asked = {
        401: {"WWW-Authenticate": "Bearer"},
        429: {"Retry-After": "1"},
        503: {"Retry-After": str(_LATER)},
    }.get(reply.status, {})
    return web.Response(status=reply.status, body=reply.body, headers={"Content-Type": "application/json"} | asked)
