"""The routes.  A route asks ``rows`` for what is shown, and gives it as JSON under ``/api`` or as a page.

Every route is behind ``authenticate`` but those of ``public``, and a test holds the list of those.  What changes
something is a POST from a page of ours by somebody who may act.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

from alerts import pauses, sent, syndication
from alerts.adapters import sql
from alerts.adapters.sql import queries
from alerts.desk import pages, rows, service
from alerts.desk.guards import Headers, refuse_strangers
from alerts.desk.opening import Desk
from alerts.errors import StoreError
from alerts.model import ChannelState, Delivery, Message, Pausable, Paused, Silence
from alerts.model import DeliveryState as State

WANTED = 100
"""How many of the newest developments stand under a digest: among them is what did not fit."""

MOST = 500
"""The most rows of one answer."""

Pausables = Literal["channels", "subscriptions"]
_KINDS: Mapping[Pausables, Pausable] = {"channels": "channel", "subscriptions": "subscription"}
"""What can be paused, by the word in the address."""

Limit = Annotated[int, Query(ge=1, le=MOST)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is there, whether they may act or only read, and whether they can log out here."""

    name: str
    may_act: bool = False
    leaves: bool = False


def app(
    open_desk: Callable[[], Desk],
    authenticate: Callable[..., Caller | Awaitable[Caller]],
    *,
    public: tuple[APIRouter, ...] = (),
    login: Callable[[Request], HTMLResponse] | None = None,
    feeds: bool = False,
) -> FastAPI:
    """Make the desk.

    ``open_desk`` is called by each request, and gives the same Desk each time.  ``authenticate`` is a dependency of
    FastAPI: it gives the caller, or raises 401.  ``public`` are routes that anybody may call; ``login`` is the page
    that is shown to somebody who is not known, with status 401; ``feeds`` says that ``public`` has those of
    subscriptions.
    """
    made = FastAPI(title="News watch", openapi_url=None, docs_url=None, redoc_url=None)
    made.state.open_desk = open_desk
    made.state.feeds = feeds
    for router in public:
        made.include_router(router)
    guarded = [Depends(authenticate)]
    made.include_router(_api, prefix="/api", dependencies=guarded)
    made.include_router(_pages(authenticate), dependencies=guarded)
    made.include_router(_acts(authenticate), dependencies=guarded)
    made.add_middleware(Headers)
    made.exception_handler(StarletteHTTPException)(_refusal(login))
    made.exception_handler(StoreError)(_broken)
    made.exception_handler(RequestValidationError)(_mistyped)
    return made


def desk_of(request: Request) -> Desk:
    """Give what the desk works with."""
    desk: Desk = request.app.state.open_desk()
    return desk


At = Annotated[Desk, Depends(desk_of)]


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_api = APIRouter()


@_api.get("/developments")
def developments(desk: At, limit: Limit = 50) -> tuple[rows.DevelopmentRow, ...]:
    """Give the last developments, newest first."""
    return rows.developments(desk, limit)


@_api.get("/feeds")
def feeds(desk: At) -> tuple[rows.FeedRow, ...]:
    """Give the health of every feed, the sick ones first."""
    return rows.feeds(desk)


@_api.get("/rules")
def rules(desk: At) -> tuple[rows.RuleRow, ...]:
    """Give every rule with what it met."""
    return rows.rules(desk)


@_api.get("/channels")
def channels(desk: At) -> tuple[rows.ChannelRow, ...]:
    """Give every channel with what went through it."""
    return rows.channels(desk)


@_api.get("/subscriptions")
def subscriptions(request: Request, desk: At) -> tuple[rows.SubscriptionRow, ...]:
    """Give every subscription of the file."""
    return rows.subscriptions(desk, feeds=request.app.state.feeds)


@_api.get("/silences")
def silences(desk: At) -> tuple[rows.SilenceRow, ...]:
    """Give the silences that hold."""
    return rows.silences(desk)


@_api.get("/deliveries")
def deliveries(
    desk: At, limit: Limit = 50, state: State | None = None, subscription: str | None = None
) -> tuple[rows.DeliveryRow, ...]:
    """Give the last deliveries, newest first."""
    return rows.deliveries(desk, limit, state=state, subscription=subscription)


@_api.get("/deliveries/{name}")
def delivery(desk: At, name: str) -> rows.DeliveryRow:
    """Give one delivery with its receipts."""
    return rows.delivery(_record(desk, name))


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _pages(authenticate: Callable[..., Caller | Awaitable[Caller]]) -> APIRouter:
    """Make the pages, which are asked who looks at them."""
    router = APIRouter(default_response_class=HTMLResponse)

    # Not Annotated: FastAPI reads annotations from the module, where there is no ``authenticate``.
    def front(
        request: Request,
        desk: At,
        state: State | None = None,
        caller: Caller = Depends(authenticate),  # noqa: B008
    ) -> HTMLResponse:
        found = rows.feeds(desk)
        return pages.page(
            request,
            "front.html",
            now=desk.clock(),
            developments=rows.developments(desk),
            feeds=found,
            healths=rows.healths(found),
            rules=rows.rules(desk),
            channels=rows.channels(desk),
            subscriptions=rows.subscriptions(desk, feeds=request.app.state.feeds),
            silences=rows.silences(desk),
            deliveries=rows.deliveries(desk, state=state),
            counts=queries.delivery_counts(desk.engine),
            state=state,
            caller=caller,
        )

    def one(request: Request, desk: At, name: str, caller: Caller = Depends(authenticate)) -> HTMLResponse:  # noqa: B008
        record = _record(desk, name)
        message = _shown(desk, record.delivery)
        return pages.page(
            request,
            "delivery.html",
            now=desk.clock(),
            delivery=rows.delivery(record),
            has_page=bool(message.html),
            text=message.text,
            body=_spread(message.body),
            caller=caller,
        )

    router.add_api_route("/", front, methods=["GET"])
    router.add_api_route("/deliveries/{name}", one, methods=["GET"])
    router.add_api_route("/deliveries/{name}/message", snapshot, methods=["GET"])
    router.include_router(digests())
    return router


def digests() -> APIRouter:
    """Make the pages that links in digests lead to: behind the login, unless they are mounted before it too."""
    router = APIRouter(default_response_class=HTMLResponse)

    def page(request: Request, desk: At, name: str, token: str) -> HTMLResponse:
        delivery = _digest(desk, name, token)
        message = _shown(desk, delivery)
        subscription = next((s for s in desk.config.subscriptions if s.id == delivery.subscription), None)
        return pages.page(
            request,
            "digest.html",
            subject=message.subject,
            has_page=bool(message.html),
            text=message.text,
            source=f"read/{quote(name)}/{token}/message",
            wanted=syndication.entries(desk, subscription, WANTED) if subscription else (),
        )

    def message(desk: At, name: str, token: str) -> HTMLResponse:
        return _framed(_shown(desk, _digest(desk, name, token)))

    router.add_api_route("/read/{name}/{token}", page, methods=["GET"])
    router.add_api_route("/read/{name}/{token}/message", message, methods=["GET"])
    return router


def _digest(desk: Desk, name: str, token: str) -> Delivery:
    known = desk.signer.read("read", token, desk.clock()) == desk.signer.mark("read", name)
    record = queries.find_digest(desk.engine, name) if known else None
    if record is None:
        raise HTTPException(404, "this link is over, or was never one")
    return record.delivery


def _acts(authenticate: Callable[..., Caller | Awaitable[Caller]]) -> APIRouter:
    """Make what changes something: for those who may act, from a page of ours."""

    def acting(request: Request, caller: Caller = Depends(authenticate)) -> None:  # noqa: B008
        refuse_strangers(request)
        if not caller.may_act:
            raise HTTPException(403, "you may look, and not act; ask whoever runs this")

    router = APIRouter(dependencies=[Depends(acting)])
    router.add_api_route("/deliveries/{name}/redrive", redrive, methods=["POST"])

    def pause(desk: At, what: Pausables, name: str, caller: Caller = Depends(authenticate)) -> Response:  # noqa: B008
        """Pause a channel or a subscription."""
        pauses.pause(_pauses(desk, what, name), _KINDS[what], name, author=caller.name, now=desk.clock())
        return RedirectResponse(f"../../#{what}", status_code=303)

    router.add_api_route("/{what}/{name}/pause", pause, methods=["POST"])
    router.add_api_route("/{what}/{name}/resume", resume, methods=["POST"])
    router.add_api_route("/silences/{name}/expire", expire, methods=["POST"])
    return router


def redrive(desk: At, name: str) -> Response:
    """Send a delivery again that did not arrive, under its id."""
    _record(desk, name)
    sql.SqlOutbox(desk.engine).redrive([name], now=desk.clock())
    return RedirectResponse(f"../{quote(name)}", status_code=303)


def expire(desk: At, name: str) -> Response:
    """End a silence: what comes from now on is told."""
    kept, now = sql.SqlTable(desk.engine, "silences", Silence), desk.clock()
    silence = kept.get(name)
    if silence is None:
        raise HTTPException(404, "there is no such silence")
    if now < silence.until:
        kept.put({name: replace(silence, until=now)}, at=now)
    return RedirectResponse("../../#silences", status_code=303)


def resume(desk: At, what: Pausables, name: str) -> Response:
    """End a pause, and open a channel that is left alone: what waits for it is due at once."""
    pauses.resume(_pauses(desk, what, name), _KINDS[what], name, now=desk.clock())
    if what == "channels":
        states = sql.SqlTable(desk.engine, "channels", ChannelState)
        sent.reopened(states, sql.SqlOutbox(desk.engine), name, desk.clock())
    return RedirectResponse(f"../../#{what}", status_code=303)


def _pauses(desk: Desk, what: Pausables, name: str) -> sql.SqlTable[Paused]:
    """Give where pauses are kept, for a thing that is there."""
    there = {c.id for c in desk.config.channels} if what == "channels" else {s.id for s in desk.config.subscriptions}
    if name not in there:
        raise HTTPException(404, f"there is no such {_KINDS[what]}")
    return sql.SqlTable(desk.engine, "paused", Paused)


def _spread(body: str) -> str:
    """Write JSON over several lines, for people; what is none is left as it is."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body


def snapshot(desk: At, name: str) -> HTMLResponse:
    """Show a message as it was sent, in a frame that can do nothing.  Its links open in a tab of their own."""
    return _framed(_shown(desk, _record(desk, name).delivery))


def _framed(message: Message) -> HTMLResponse:
    """Give a message's own page, which can do nothing but open its links."""
    if not message.html:
        raise HTTPException(404, "this message has no page; it is text")
    html = message.html.replace("</head>", '<base target="_blank"></head>', 1)
    return HTMLResponse(
        html, headers={"Content-Security-Policy": pages.SNAPSHOT_POLICY, "Referrer-Policy": "no-referrer"}
    )


def _shown(desk: Desk, delivery: Delivery) -> Message:
    """Give the message without the links that are for its reader alone: whoever has one could use it."""
    message = delivery.message
    if delivery.id.startswith(service.PREFIX):
        return Message("mail", message.subject, "The link in this mail is for its reader alone.")
    own = re.compile(re.escape(desk.url) + r"/manage/[\w=-]+") if desk.url else None
    if own is None or not own.search(message.text):
        return message
    return replace(message, text=own.sub(desk.url, message.text), html=own.sub(desk.url, message.html))


def _record(desk: Desk, name: str) -> queries.DeliveryRecord:
    record = queries.find_delivery(desk.engine, name)
    if record is None:
        raise HTTPException(404, "there is no such delivery; it may be older than what is kept")
    return record


# ── who may, and what goes wrong ─────────────────────────────────────────────────────────────────────────────────────


def _wants_page(request: Request) -> bool:
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return not path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


def _said(request: Request, status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    """Say what is wrong in the form that was asked for."""
    if _wants_page(request):
        answer: Response = pages.page(request, "trouble.html", status=status, why=why)
    else:
        answer = JSONResponse({"error": why}, status)
    answer.headers.update(headers or {})
    return answer


def _refusal(login: Callable[[Request], HTMLResponse] | None) -> Callable[[Request, Exception], Response]:
    def refuse(request: Request, error: Exception) -> Response:
        if not isinstance(error, StarletteHTTPException):  # it is bound to this class alone
            raise error
        if error.status_code == 401 and login and _wants_page(request):
            return login(request)
        return _said(request, error.status_code, str(error.detail), dict(error.headers or {}))

    return refuse


def _broken(request: Request, error: Exception) -> Response:
    return _said(request, 503, str(error))


def _mistyped(request: Request, _: Exception) -> Response:
    """Say that an address is wrong, without what was written there."""
    return _said(request, 422, "the address asks for something that there is not; look at what stands after the ?")
