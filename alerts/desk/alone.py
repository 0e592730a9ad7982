"""The desk without Airflow: behind a token, shown once in a form and then kept as a session in a cookie.

A program sends ``Authorization: Bearer`` instead.  The session names the token that opened it, so that another token
in the settings ends every session.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from alerts import pushing
from alerts.desk import pages, readers
from alerts.desk.guards import Form, refuse_strangers
from alerts.desk.opening import Desk
from alerts.desk.web import At, Caller, app, digests
from alerts.errors import AlertsError
from alerts.serving import Bucket

PORT = 8587
"""The port of the desk."""

TOKEN = "ALERTS_DESK_TOKEN"  # noqa: S105 - the name of the setting, not the token

COOKIE = "tocsin_desk"
LASTS = timedelta(hours=12)
"""How long a session lasts."""

TRIES, AGAIN = 10.0, 0.2
"""How often a token may be wrong at once, and how many tries a second come back."""


def desk(open_desk: Callable[[], Desk], tokens: Sequence[str]) -> FastAPI:
    """Make the desk behind its tokens."""
    tries = Bucket(time.monotonic, rate=AGAIN, burst=TRIES, left=TRIES, last=time.monotonic())
    lock = threading.Lock()

    def authenticate(request: Request, at: At) -> Caller:
        if pushing.is_authorised(request.headers.get("Authorization", ""), tokens):
            return Caller("bearer", may_act=True)
        name = at.signer.read("session", request.cookies.get(COOKIE, ""), at.clock())
        if name is None or name not in {_session(at, token) for token in tokens}:
            raise HTTPException(401, f"log in with the token of {TOKEN}", headers={"WWW-Authenticate": "Bearer"})
        return Caller("desk", may_act=True, leaves=True)

    def login(request: Request, at: At, written: Form) -> Response:
        refuse_strangers(request)
        with lock:
            wait = tries.take()
        if wait:
            return _form(request, "too many tries; wait a minute", status=429)
        shown = written.get("token", [""])[0]
        if not pushing.is_authorised(f"Bearer {shown}", tokens):
            return _form(request, "that is not the token", status=401)
        token = next(token for token in tokens if token == shown.strip())
        return _in(request, at, token)

    public = APIRouter()
    public.add_api_route("/login", login, methods=["POST"], include_in_schema=False)
    public.add_api_route("/logout", _logout, methods=["POST"], include_in_schema=False)
    doors = (public, digests(), *readers.doors())
    return app(open_desk, authenticate, public=doors, login=_form, feeds=True)


def _session(at: Desk, token: str) -> str:
    """Name the sessions that a token opened."""
    return at.signer.mark("session", token)


def _in(request: Request, at: Desk, token: str) -> Response:
    """Begin a session."""
    answer = RedirectResponse("./", status_code=303)
    answer.set_cookie(
        COOKIE,
        at.signer.sign("session", _session(at, token), at.clock() + LASTS),
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https" or at.url.startswith("https://"),
    )
    return answer


def _logout(request: Request) -> Response:
    """End the session of this browser."""
    refuse_strangers(request)
    answer = RedirectResponse("./", status_code=303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _form(request: Request, wrong: str = "", *, status: int = 401) -> HTMLResponse:
    return pages.page(request, "login.html", status=status, wrong=wrong)


@contextmanager
def serving(made: FastAPI, *, host: str = "127.0.0.1", port: int = PORT) -> Iterator[str]:
    """Serve in a thread of its own; gives the URL.  Port 0 takes one that is free.

    Raises:
        AlertsError: The address cannot be had.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise AlertsError(
            f"{host}:{port} cannot be listened on: {error.strerror}; choose another with --port"
        ) from error
    server = uvicorn.Server(uvicorn.Config(made, log_config=None, access_log=False, server_header=False))
    name, number = listening.getsockname()[:2]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="desk", daemon=True)
    thread.start()
    try:
        yield f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
