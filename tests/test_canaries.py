"""Secrets of feeds appear nowhere: fourteen canaries, and everything that anybody can read of a run is searched for them.

The server is as unkind as it can be: it says back, in every place that it has, what it was shown.
"""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from fastapi.routing import APIRoute
from rich.console import Console
from structlog.testing import capture_logs

from alerts import app as app_
from alerts import serving as serving_
from alerts import show
from alerts.adapters.memory import MemoryChannel, MemoryFingerprints, MemoryLog, MemoryNews
from alerts.config import Config
from alerts.desk import Desk, alone, open_desk
from alerts.model import Feed, Rule
from alerts.pushing import Door
from tests.contract.values import NOW
from tests.desk.conftest import fill, write_config
from tests.desk.visitor import Visitor

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


# ── the tokens of those who push and who open the desk ───────────────────────────────────────────────────────────────

TOKENS = {"ALERTS_PUSH_TOKEN": "CANARY-push-token-0000001", "ALERTS_DESK_TOKEN": "CANARY-desk-token-0000002"}
SECRET = "CANARY-desk-secret-0000003"


def test_no_token_and_no_secret_is_on_a_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every page and every answer of the desk, and of the door for articles, to those who know the token and not."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpcore")  # the client of this test, which logs what it sends
    settings = {"ALERTS_VAR": str(tmp_path), "ALERTS_CONFIG": str(tmp_path / "config"), "ALERTS_DESK_SECRET": SECRET}
    settings |= TOKENS | {"ALERTS_DESK_URL": "https://desk.example"}
    write_config(tmp_path / "config")
    with open_desk(settings.get) as desk:
        fill(desk)
        asked = [*_desk(desk, TOKENS["ALERTS_DESK_TOKEN"]), *_desk(desk, "CANARY-wrong-token-000004"), repr(desk)]
    door = Door(MemoryFingerprints(), MemoryLog(), MemoryNews(), lambda: NOW)
    with serving_.serving(door, (TOKENS["ALERTS_PUSH_TOKEN"],), port=0) as url:
        for token in (*TOKENS.values(), "none"):
            answer = httpx.post(f"{url}/api/articles", headers={"Authorization": f"Bearer {token}"}, content=b"{}")
            asked.append(f"{answer.text}{answer.headers}")
    everything = "\n".join([*asked, caplog.text, *capfd.readouterr()])
    assert "Last developments" in everything
    assert "no token, or a wrong one" in everything
    assert re.findall("CANARY", everything) == []


def _desk(desk: Desk, token: str) -> Iterator[str]:
    """What the desk says to a program and to a browser that show the token."""
    app = alone.desk(lambda: desk, (TOKENS["ALERTS_DESK_TOKEN"],))
    program, browser = Visitor(app, Authorization=f"Bearer {token}"), Visitor(app)
    form = {"address": "mina@example.org", "rule": "iran", "often": "instant", "zone": "UTC"}
    paths = [r.path for r in app.routes if isinstance(r, APIRoute) and "GET" in r.methods]
    assert len(paths) > 12
    answers = [browser.post("/login", data={"token": token}), browser.post("/subscribe", data=form)]
    for path in paths:
        named = path.replace("{name}", "digest:anna:1").replace("{token}", token).replace("{form}", "atom")
        answers += [visitor.get(named) for visitor in (program, browser)]
    answers.append(program.post("/deliveries/digest:anna:1/redrive"))
    yield from (f"{answer.text}{answer.headers}" for answer in answers)
