"""A visitor of the desk: requests without a server, and a browser's cookies."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

PAGE = "text/html,application/xhtml+xml"


class Visitor:
    """Calls the app as a browser on https://desk.example does, or as a program with ``accept=""``."""

    def __init__(self, app: FastAPI, *, accept: str = PAGE, **headers: str) -> None:
        self.app = app
        self.headers = {"Accept": accept or "*/*", **headers}
        self.cookies = httpx.Cookies()

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="https://desk.example") as client:
                client.cookies = self.cookies
                headers = self.headers | more.pop("headers", {})
                answer = await client.request(method, path, headers=headers, **more)
                self.cookies = client.cookies
                return answer

        return asyncio.run(asked())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("POST", path, **more)
