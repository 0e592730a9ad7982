"""A headless Chromium, spoken to in its own protocol: pages as a browser sees them, and a log of what it asked for."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

WAIT = 30


def found() -> str | None:
    """Where Chromium is, or none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Tab:
    """One page.  ``log`` holds what happened: requests, and what the page's policy or its scripts said."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self._loaded = asyncio.Event()
        self.requests: list[str] = []
        self.said: list[str] = []
        self.dialogs: list[str] = []

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the browser for something, and give its answer."""
        return asyncio.run_coroutine_threadsafe(self._send(method, params), self._loop).result(WAIT)

    def go(self, url: str) -> None:
        """Open a page, and wait until it has loaded."""

        async def opened() -> None:
            self._loaded.clear()
            await self._send("Page.navigate", {"url": url})
            await asyncio.wait_for(self._loaded.wait(), WAIT)

        asyncio.run_coroutine_threadsafe(opened(), self._loop).result(2 * WAIT)

    def run(self, script: str) -> Any:
        """Run a script in the page from outside, whatever its policy is."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return answer["result"].get("value")

    def click(self, script: str) -> None:
        """Click on what the script gives, and wait for the page that follows."""
        asyncio.run_coroutine_threadsafe(self._clear(), self._loop).result(WAIT)
        self.run(f"({script}).click()")
        asyncio.run_coroutine_threadsafe(asyncio.wait_for(self._loaded.wait(), WAIT), self._loop).result(2 * WAIT)

    def look(self, path: Path, *, width: int = 1100, dark: bool = False, height: int = 0) -> None:
        """Take a picture of the whole page."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600
        )
        tall = height or self.run("document.documentElement.scrollHeight")
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=tall, deviceScaleFactor=1, mobile=width < 600
        )
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    async def _clear(self) -> None:
        self._loaded.clear()

    async def _send(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        number = self._number
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        answer = await asyncio.wait_for(self._answers[number], WAIT)
        assert "error" not in answer, answer
        return dict(answer["result"])

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        async for frame in socket:
            told = json.loads(frame.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            else:
                await self._hear(told["method"], told["params"])

    async def _hear(self, method: str, params: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded":
            self.said.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.said.append(str(params["args"]))
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(params["message"])
            await self._socket.send_json({"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}})
            self._answers[0] = asyncio.get_running_loop().create_future()


@contextmanager
def tab(folder: Path) -> Iterator[Tab]:
    """A browser of its own in the folder, with one page; it ends with the block."""
    command = [
        str(found()), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
        "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank",
    ]  # fmt: skip
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = Tab(loop)
    session: aiohttp.ClientSession | None = None
    try:
        assert browser.stderr
        line = next(line for line in browser.stderr if "DevTools listening on" in line)
        drained = threading.Thread(target=browser.stderr.read, daemon=True)
        drained.start()
        host = line.split("ws://")[1].split("/")[0]
        session = asyncio.run_coroutine_threadsafe(_join(made, host), loop).result(WAIT)
        for domain in ("Page", "Network", "Log", "Runtime"):
            made.send(f"{domain}.enable")
        yield made
    finally:
        if session:
            asyncio.run_coroutine_threadsafe(session.close(), loop).result(WAIT)
        browser.terminate()
        browser.wait(WAIT)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        drained.join()
        browser.stderr.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
            loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()


async def _join(made: Tab, host: str) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession()
    async with session.get(f"http://{host}/json/list") as answer:
        page = next(one for one in await answer.json() if one["type"] == "page")
    socket = await session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)
    made.listening = asyncio.ensure_future(made._listen(socket))  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    return session
