"""A headless Chromium on two pipes: what a page ran, and what it asked the network for.

It speaks the DevTools protocol itself, which on pipes is one JSON object after the other with a NUL between them.
"""

from __future__ import annotations

import base64
import json
import os
import re
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 30.0
"""Seconds for one answer of the browser, on a machine that is busy with other tests."""

LEAVINGS = 10
"""Times that a page may leave for another while a script of ours is to run in it."""

LEFT = re.compile(r"navigated or closed|context was destroyed|Cannot find (default execution )?context")
"""What the browser says of a page that left while it was asked."""

DANGEROUS = """
(() => {
  const found = [];
  for (const node of document.querySelectorAll('*')) {
    if (/^(script|iframe|object|embed|form|base|svg|math|link|img|video|audio|input)$/i.test(node.localName))
      found.push('<' + node.localName + '>');
    for (const a of node.attributes) {
      if (/^on/i.test(a.name)) found.push(a.name + '=' + a.value);
      if (/^(href|src|action|xlink:href)$/i.test(a.name) && !/^https?:/i.test(a.value)) found.push(a.name + '=' + a.value);
    }
    for (const kind of ['mouseover', 'mouseenter', 'focus', 'error', 'load', 'toggle', 'animationend'])
      node.dispatchEvent(new Event(kind));
  }
  return found;
})()
"""
"""Names what has no business in our pages, and pokes every element, for what only runs when it is touched."""


@dataclass
class Seen:
    """What one page did: the scripts that it ran, the addresses that it asked for, and what it holds that could run."""

    ran: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    text: str = ""


class RefusedError(AssertionError):
    """What the browser would not do, and why."""


class Browser:
    """One tab of a Chromium."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._count = 0
        self._rest = b""
        self._events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Debugger"):
            self.call(f"{domain}.enable")
        for name in ("alert", "confirm", "prompt"):
            self.call("Runtime.addBinding", name=name)

    @property
    def requests(self) -> list[str]:
        """Every address that was asked for, by a page or by a frame that went there, once each."""
        asked = [e["params"]["request"]["url"] for e in self._events if e["method"] == "Network.requestWillBeSent"]
        asked += [e["params"]["url"] for e in self._events if e["method"] == "Page.frameRequestedNavigation"]
        return list(dict.fromkeys(asked))

    @property
    def dialogs(self) -> list[str]:
        """The dialogs that a page wanted to open."""
        return [e["params"]["name"] for e in self._events if e["method"] == "Runtime.bindingCalled"]

    def forget(self) -> None:
        """Begin the log anew."""
        self._events.clear()

    def go(self, url: str) -> None:
        """Load a page, and wait until it is loaded."""
        before = len(self._events)
        self.call("Page.navigate", url=url)
        self._until("Page.loadEventFired", before)

    def click(self, expression: str) -> None:
        """Click on what the expression gives, and wait until the page that follows is loaded."""
        before = len(self._events)
        self.run(f"({expression}).click()")
        self._until("Page.loadEventFired", before)

    def open(self, page: Path) -> Seen:
        """Load a file, wait until it is loaded, poke it, and tell what it did."""
        self.forget()
        address = page.as_uri()
        self.go(address)
        ran = [e["params"]["url"] or "inline" for e in self._events if e["method"] == "Debugger.scriptParsed"]
        holds = self.run(DANGEROUS)
        text = self.run("document.body.innerText")
        return Seen(ran + self.dialogs, [url for url in self.requests if url != address], holds, text)

    def run(self, expression: str) -> Any:
        """Run a script of ours in the page, whatever the page allows, or in the one that it goes to meanwhile.

        A page that leaves while it is asked has not hidden that: where it went is among the requests.
        """
        for tries_left in reversed(range(LEAVINGS)):
            try:
                answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
                return answer["result"].get("value")
            except RefusedError as refusal:
                if not tries_left or not LEFT.search(str(refusal)):
                    raise
        raise AssertionError("unreachable")

    def picture(self, page: Path, *, width: int, dark: bool = False) -> bytes:
        """Give a PNG of the whole page, as wide as a window of this width."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        phone = width < 500
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=phone)
        self.open(page)
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the browser, and wait for the answer; what happens meanwhile is kept."""
        self._count += 1
        asked = {"id": self._count, "method": method, "params": params}
        if hasattr(self, "_session"):
            asked["sessionId"] = self._session
        os.write(self._to, json.dumps(asked).encode() + b"\0")
        while (said := self._read()).get("id") != self._count:
            self._events.append(said)
        if "error" in said:
            raise RefusedError(f"{method}: {said['error']}")
        return said["result"]  # type: ignore[no-any-return]

    def _until(self, method: str, since: int) -> None:
        while not any(event["method"] == method for event in self._events[since:]):
            self._events.append(self._read())

    def _read(self) -> dict[str, Any]:
        ends = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._back], [], [], max(0.0, ends - time.monotonic()))
            assert ready, "the browser does not answer"
            self._rest += os.read(self._back, 1 << 20)
        said, _, self._rest = self._rest.partition(b"\0")
        return json.loads(said)  # type: ignore[no-any-return]


def find() -> str:
    """Where Chromium is; the test is skipped if it is not, and says how to have it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("Chromium is not installed, so no page is looked at in a browser: apt-get install chromium")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a Chromium with a profile of its own, and end it."""
    path = find()
    to_read, to = os.pipe()
    back, back_write = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = f"--headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage --remote-debugging-pipe --user-data-dir={profile}"
        # The browser reads its orders from 3 and answers on 4, whatever their numbers are here.
        line = f'exec "$0" {flags} 3<&{to_read} 4>&{back_write} >/dev/null 2>&1'
        running = subprocess.Popen(["bash", "-c", line, path], pass_fds=(to_read, back_write), start_new_session=True)
        os.close(to_read)
        os.close(back_write)
        try:
            yield Browser(to, back)
        finally:
            os.close(to)
            running.terminate()
            running.wait(10)
            os.close(back)
