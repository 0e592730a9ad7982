"""The routes that anybody may call: subscribing, and what the links in mails lead to.

A GET shows a page with a button and changes nothing, because mail programs and scanners follow links.  What a token
does not name is answered as what is over: nobody learns whether it ever was.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Request
from starlette.responses import HTMLResponse, Response

from alerts import syndication
from alerts.adapters import sql
from alerts.desk import pages, rows, service
from alerts.desk.guards import Form, refuse_strangers
from alerts.desk.opening import Desk
from alerts.desk.web import At
from alerts.serving import Bucket
from alerts.subscribers import Service, Subscriber, Wishes
from alerts.tokens import Purpose

BURST, AGAIN = 5.0, 1 / 60
"""How many forms one client may send at once, and how many a second come back."""

ALL_BURST, ALL_AGAIN = 60.0, 1.0
"""The same for all clients together: what a crowd of addresses can make us mail."""

CLIENTS = 10_000
"""How many clients are remembered."""

OVER = "this link is over, or was never one; ask for another"


@dataclass(slots=True)
class Turnstile:
    """Lets so many forms through, by client and in all."""

    ticks: Callable[[], float] = time.monotonic
    _clients: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)
    _all: Bucket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, client: str) -> float:
        """Let one through: 0, or the seconds to wait."""
        with self._lock:
            now = self.ticks()
            bucket = self._clients.pop(client, None) or Bucket(self.ticks, AGAIN, BURST, BURST, now)
            self._clients[client] = bucket
            while len(self._clients) > CLIENTS:
                self._clients.popitem(last=False)
            self._all = self._all or Bucket(self.ticks, ALL_AGAIN, ALL_BURST, ALL_BURST, now)
            return bucket.take() or self._all.take()


# ── unsubscribing: on every desk, also on Airflow's ──────────────────────────────────────────────────────────────────


def unsubscribing() -> APIRouter:
    """Make the one public route of a desk that is not open to readers: the button of a mail (RFC 8058)."""
    router = APIRouter(default_response_class=HTMLResponse)

    @router.get("/unsubscribe/{token}")
    def offer(request: Request, desk: At, token: str) -> HTMLResponse:
        _named(desk, "unsubscribe", token)
        return pages.page(request, "unsubscribe.html", done=False)

    @router.post("/unsubscribe/{token}")
    def unsubscribe(request: Request, desk: At, token: str) -> HTMLResponse:
        """No form is asked where it stood: the token is all that is needed, and mail programs send this themselves."""
        service.unsubscribe(desk, _named(desk, "unsubscribe", token))
        return pages.page(request, "unsubscribe.html", done=True)

    return router


def _named(desk: Desk, purpose: Purpose, token: str) -> str:
    name = desk.signer.read(purpose, token, desk.clock())
    if name is None:
        raise HTTPException(404, OVER)
    return name


# ── subscribing: on the desk that readers can reach ──────────────────────────────────────────────────────────────────


def open_service(desk: At) -> Service:
    """Give what readers may subscribe to.

    Raises:
        HTTPException: 404, nothing; or the desk does not know the address that a mail could lead to.
    """
    found = desk.config.self_service
    if found is None or not desk.url:
        raise HTTPException(404, "nobody can subscribe here by themselves")
    return found


def reader_of(desk: At, token: str) -> Subscriber:
    """Give the reader whose page a token opens.

    Raises:
        HTTPException: 404, the token is over, or the reader is gone.
    """
    reader = sql.SqlSubscribers(desk.engine).get(_named(desk, "manage", token))
    if reader is None or reader.standing == "asked":
        raise HTTPException(404, OVER)
    return reader


Offered = Annotated[Service, Depends(open_service)]
Reader = Annotated[Subscriber, Depends(reader_of)]


def doors() -> tuple[APIRouter, ...]:
    """Make all that readers and their programs may call."""
    return unsubscribing(), reading(), subscribing(Turnstile())


def reading() -> APIRouter:
    """Make the feeds of subscriptions, for whoever was given the address of one."""
    router = APIRouter()

    @router.get("/feed/{token}.{form}")
    def feed(desk: At, token: str, form: syndication.Form) -> Response:
        name = _named(desk, "feed", token)
        found = service.subscription_of(desk, name)
        if found is None:
            raise HTTPException(404, OVER)
        body = syndication.written(desk, found, form, url=f"{desk.url}/feed/{token}.{form}")
        return Response(body, media_type=syndication.TYPES[form])

    return router


def subscribing(turnstile: Turnstile) -> APIRouter:
    """Make the pages of readers."""
    router = APIRouter(default_response_class=HTMLResponse)

    @router.get("/subscribe")
    def form(request: Request, desk: At, offered: Offered) -> HTMLResponse:
        return _form(request, desk, offered)

    @router.post("/subscribe")
    def ask(request: Request, desk: At, offered: Offered, sent: Form, after: BackgroundTasks) -> HTMLResponse:
        refuse_strangers(request)
        _turn(request, turnstile)
        if sent.get("website", [""])[0]:  # a field that only robots see
            return pages.page(request, "said.html", title="Look into your mail", why=_ANSWER)
        try:
            read = service.read(sent, offered)
        except ValueError as error:
            return _form(request, desk, offered, wrong=str(error))
        after.add_task(service.ask, desk, offered, read)
        return pages.page(request, "said.html", title="Look into your mail", why=_ANSWER)

    @router.get("/confirm/{token}")
    def offer(request: Request, desk: At, offered: Offered, token: str) -> HTMLResponse:
        _named(desk, "confirm", token)
        return pages.page(request, "confirm.html", title=offered.title or "News watch")

    @router.post("/confirm/{token}", dependencies=[Depends(open_service)])
    def confirm(request: Request, desk: At, token: str) -> HTMLResponse:
        refuse_strangers(request)
        reader = service.confirm(desk, _named(desk, "confirm", token))
        if reader is None:
            raise HTTPException(404, OVER)
        why = "You are subscribed. What is new from now on comes to you; each mail has a link that ends it."
        return pages.page(request, "said.html", title="Confirmed", why=why)

    @router.get("/manage/{token}")
    def show(request: Request, desk: At, offered: Offered, reader: Reader) -> HTMLResponse:
        return _manage(request, desk, offered, reader)

    @router.post("/manage/{token}")
    def act(request: Request, desk: At, offered: Offered, reader: Reader, sent: Form) -> Response:
        refuse_strangers(request)
        return _act(request, desk, offered, reader, sent)

    return router


_ANSWER = (
    "If the address is one, a mail with a link is on its way to it. The link must be opened within two days. "
    "No mail goes to an address that had one within a quarter of an hour."
)


def _turn(request: Request, turnstile: Turnstile) -> None:
    wait = turnstile.wait(request.client.host if request.client else "")
    if wait:
        raise HTTPException(429, "too many forms; try again later", headers={"Retry-After": f"{wait:.0f}"})


def _act(
    request: Request, desk: Desk, offered: Service, reader: Subscriber, sent: dict[str, list[str]]
) -> HTMLResponse:
    """Do what the button says that was pressed."""
    match sent.get("do", [""])[0]:
        case "keep":
            try:
                kept = service.keep(desk, reader, service.wishes(sent, offered))
            except ValueError as error:
                return _manage(request, desk, offered, reader, wrong=str(error))
            return _manage(request, desk, offered, kept, said="Kept.")
        case "pause":
            paused = service.pause(desk, reader)
            return _manage(request, desk, offered, paused, said="You are told nothing until you resume.")
        case "resume":
            active = service.resume(desk, reader)
            return _manage(request, desk, offered, active, said="You are told again, of what is new from now on.")
        case "leave":
            service.leave(desk, reader)
            return pages.page(request, "unsubscribe.html", done=True)
    raise HTTPException(422, "the form asks for nothing that there is")


def _form(request: Request, desk: Desk, offered: Service, *, wrong: str = "") -> HTMLResponse:
    wishes = Wishes(offered.rules, "30 7 * * *")
    shown = _choices(desk, offered, wishes)
    return pages.page(request, "subscribe.html", status=422 if wrong else 200, wrong=wrong, **shown)


def _manage(
    request: Request, desk: Desk, offered: Service, reader: Subscriber, *, said: str = "", wrong: str = ""
) -> HTMLResponse:
    shown = _choices(desk, offered, reader.wishes)
    paused = reader.standing == "paused"
    return pages.page(
        request,
        "manage.html",
        status=422 if wrong else 200,
        said=said,
        wrong=wrong,
        paused=paused,
        feed=rows.feed_path(desk, reader.name),
        **shown,
    )


def _choices(desk: Desk, offered: Service, wishes: Wishes) -> dict[str, object]:
    """Give what the fields of the form show."""
    titles = {rule.id: rule.title or rule.id for rule in desk.config.rules}
    often, at = service.chosen(wishes)
    return {
        "title": offered.title or "News watch",
        "rules": [(rule, titles.get(rule, rule)) for rule in offered.rules],
        "wishes": wishes,
        "cadences": service.CADENCES,
        "langs": service.LANGS,
        "often": often,
        "at": at,
    }
