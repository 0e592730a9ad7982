"""Secrets of feeds appear nowhere: fourteen canaries, and everything that anybody can read of a run is searched for them.

The server is as unkind as it can be: it says back, in every place that it has, what it was shown.
"""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from rich.console import Console
from structlog.testing import capture_logs

from alerts import app as app_
from alerts import show
from alerts.adapters.memory import MemoryChannel
from alerts.config import Config
from alerts.model import Feed, Rule

CANARIES = {
    "token": "CANARY-token-01",
    "colon": "canary-user-02:CANARY-pass-03",
    "special": "canary@user-04:CANARY/p ss+05%",
    "long": "CANARY-06-" + "x" * 200,
    "quoted": 'canary-07:CANARY"08\\',
    "control": "CANARY-09\r\nX-Injected",
    "cross": "canary-10:CANARY-11",
    "unused": "CANARY-12",
    "unset": "",
    "reset": "canary-13:CANARY-14",
}
FORMS = sorted(
    {
        form
        for secret in CANARIES.values()
        for part in (secret, *secret.split(":"), base64.b64encode(secret.encode()).decode())
        for form in (part, part.split("\r\n")[0])
        if form
    }
)


def test_there_are_enough() -> None:
    assert sum(form.lower().startswith("canary") for secret in CANARIES.values() for form in secret.split(":")) == 14


class Unkind(BaseHTTPRequestHandler):
    """Says back what it was shown, in the way that the path asks for."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012 - one for the server
    elsewhere = ""

    def do_GET(self) -> None:
        shown = self.headers.get("Authorization", "")
        scheme, _, given = shown.partition(" ")
        plain = base64.b64decode(given).decode() if scheme == "Basic" else given
        Unkind.asked.append((f"{self.headers['Host']}{self.path}", shown))
        kind = self.path.rpartition("/")[2]
        safe = " ".join(plain.split())
        if kind == "phrase":
            self._say(401, safe, f"no {safe} {shown}", {"WWW-Authenticate": f'Basic realm="{safe}"'})
        elif kind == "page":
            self._say(
                200, "OK", f"<html><title>{plain} {given}</title>", {"ETag": f'"{safe}"', "Set-Cookie": f"a={safe}"}
            )
        elif kind == "root":
            self._say(200, "OK", f"<{safe.replace(':', '').replace(' ', '')}/>", {"Content-Type": f"text/{safe}"})
        elif kind == "encoding":
            self._say(200, "OK", "x", {"Content-Encoding": safe[:20]})
        elif kind == "redirect":
            self._say(302, "Found", "", {"Location": f"http://{safe or 'u:p'}@127.0.0.1/"})
        elif kind == "away":
            self._say(301, safe, "", {"Location": f"{self.elsewhere}/phrase?key=canary-10"})
        elif kind == "hangup":
            self.wfile.write(f"HTTP/1.1 {safe}\r\n{shown}\r\n\r\n".encode())
        elif kind == "header":
            self.wfile.write(f"HTTP/1.1 200 OK\r\n{plain} {shown}\x00: 1\r\n\r\n".encode())

    def _say(self, status: int, phrase: str, body: str, headers: dict[str, str]) -> None:
        self.send_response(status, phrase)
        for name, value in {**headers, "Content-Length": str(len(body.encode()))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Be silent."""


@contextmanager
def serving(host: str) -> Iterator[str]:
    server = ThreadingHTTPServer((host, 0), Unkind)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://{host}:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


KINDS = ("phrase", "page", "root", "encoding", "redirect", "away", "hangup", "header")


def settings(name: str) -> str | None:
    return CANARIES.get(name.removeprefix("ALERTS_FEED_").lower()) or None


@pytest.fixture
def told(tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[str]:
    """Everything that can be read of three runs: logs, reports, tables, states, what was printed."""
    caplog.set_level(logging.DEBUG)
    with serving("127.0.0.1") as url, serving("127.0.0.1") as other, capture_logs() as logs:
        Unkind.asked.clear()
        Unkind.elsewhere = other
        feeds = tuple(
            Feed(f"{name}-{kind}", f"{url}/{name}/{kind}", "O", every=timedelta(seconds=1), secret=name)
            for name in CANARIES
            if name != "unused"
            for kind in KINDS
        )
        config = Config(feeds=feeds, allow_hosts=frozenset({"127.0.0.1"}), rules=(Rule("a", "A", any=("a",)),))
        fetch = app_.fetcher(config, settings)
        app = app_.in_memory(config, fetch, {"mail": MemoryChannel()})
        reports = [app.run("poll") for _ in range(3)]
        table = io.StringIO()
        Console(file=table, width=500).print(show.feeds(app))
        yield "\n".join(
            map(str, [fetch, app, reports, table.getvalue(), logs, caplog.text, *capfd.readouterr(), *_states(app)])
        )


def _states(app: app_.App) -> list[object]:
    """What is kept of each feed, but for its validators, which go back as they came and are shown nowhere."""
    kept = [app.stores.states.get(feed.id) for feed in app.config.feeds]
    return [(state.reason, state.adopted, state.moved, state.health) for state in kept if state]


def test_no_canary_is_told(told: str) -> None:
    assert len(told) > 10_000
    assert [form for form in FORMS if form in told] == []
    assert "[hidden]" in told, "the server did say them back"


def test_each_was_shown_to_its_own_server_and_to_no_other(told: str) -> None:
    shown = {secret for _, secret in Unkind.asked if secret}
    assert f"Bearer {CANARIES['token']}" in shown
    assert "Basic " + base64.b64encode(CANARIES["special"].encode()).decode() in shown
    away = [
        (place, secret) for place, secret in Unkind.asked if place.startswith(Unkind.elsewhere.removeprefix("http://"))
    ]
    assert away, "the redirect was followed"
    assert {secret for _, secret in away} == {""}


def test_what_cannot_be_sent_is_not_sent(told: str) -> None:
    assert not [place for place, _ in Unkind.asked if "/control/" in place or "/unset/" in place]
    assert 'its secret "unset" is not set; set ALERTS_FEED_UNSET' in told
