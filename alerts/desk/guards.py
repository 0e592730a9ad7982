"""What holds for every answer and every form: headers, the size of a form, and where it stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts.desk import pages

HEADERS = {
    "Content-Security-Policy": pages.POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with it, a browser sends its own forms with "Origin: null", which anybody's page sends too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}

FORM_BYTES = 16_000
"""The most bytes of a form."""


@dataclass(frozen=True, slots=True)
class Headers:
    """Puts the headers of ``HEADERS`` on every answer that does not say otherwise."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and put the headers on what comes back."""

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, headed)


async def form(request: Request) -> dict[str, list[str]]:
    """Read a form that is small, as browsers send it.

    Raises:
        HTTPException: 413, it is not small.
    """
    body = b""
    async for some in request.stream():
        body += some
        if len(body) > FORM_BYTES:
            raise HTTPException(413, "this is more than the form can hold")
    read: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        read.setdefault(name, []).append(value)
    return read


Form = Annotated[dict[str, list[str]], Depends(form)]


def refuse_strangers(request: Request) -> None:
    """Refuse a form that was not sent by a page of ours, whatever cookies came with it.

    A browser says itself where a form stood (Fetch Metadata), or else from which origin it came; a program that is no
    browser says neither, and has no cookies that others could ride on.

    Raises:
        HTTPException: 403, it came from elsewhere.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site:
        own = site in {"same-origin", "none"}
    else:
        own = origin is None or urlsplit(origin).netloc == request.headers.get("Host")
    if not own:
        raise HTTPException(403, "this form was not sent by a page of the desk; open the desk and send it there")
