"""The desk inside a real Airflow: an API server with a viewer, a user who may act, and nobody."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from alerts.adapters import sql
from alerts.desk import open_desk
from alerts.subscribers import recipient_mark
from tests.airflow.conftest import environ
from tests.chromium import Browser, browser
from tests.desk.conftest import fill, write_config

pytestmark = pytest.mark.airflow

PASSWORDS = {"vera": "the-viewer-01", "ulla": "the-user-02", "none": "the-none-03"}


@dataclass(frozen=True)
class Airflow:
    url: str
    var: Path

    def token(self, name: str) -> str:
        answer = httpx.post(f"{self.url}/auth/token", json={"username": name, "password": PASSWORDS[name]}, timeout=30)
        return str(answer.json()["access_token"])

    def ask(self, path: str, name: str = "", method: str = "GET", **headers: str) -> httpx.Response:
        cookies = {"Cookie": f"_token={self.token(name)}"} if name else {}
        return httpx.request(method, f"{self.url}/alerts{path}", headers={**headers, **cookies}, timeout=30)


@pytest.fixture(scope="module")
def airflow(airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    folder = tmp_path_factory.mktemp("plugin")
    write_config(folder / "config")
    (folder / "passwords.json").write_text(json.dumps(PASSWORDS))
    ours = {"ALERTS_CONFIG": str(folder / "config"), "ALERTS_VAR": str(folder / "var")}
    with open_desk(ours.get) as desk:
        fill(desk)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = environ(
        airflow_home,
        **ours,
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS="vera:viewer,ulla:user",
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=str(folder / "passwords.json"),
        AIRFLOW__API__BASE_URL=f"http://127.0.0.1:{port}",
        AIRFLOW__API_AUTH__JWT_SECRET="s" * 64,
        AIRFLOW__API__WORKERS="1",
    )
    command = ["airflow", "api-server", "--host", "127.0.0.1", "--port", str(port), "--apps", "core"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=settings, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, server, folder / "log")
        yield Airflow(url, folder / "var")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and server.poll() is None:
        try:
            if httpx.get(f"{url}/api/v2/version", timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-3000:])


@pytest.mark.parametrize(
    "path",
    ["/", "/api/developments", "/api/feeds", "/api/rules", "/api/channels", "/api/deliveries",
     "/api/deliveries/digest:anna:1", "/deliveries/digest:anna:1", "/deliveries/digest:anna:1/message"],
)  # fmt: skip
def test_a_viewer_reads_and_nobody_else_does(airflow: Airflow, path: str) -> None:
    assert airflow.ask(path).status_code == 401
    assert airflow.ask(path, Authorization="Bearer forged").status_code == 403
    assert airflow.ask(path, "vera").status_code == 200


def test_a_page_of_airflow_keeps_the_policy_of_the_desk(airflow: Airflow) -> None:
    answer = airflow.ask("/", "vera", Accept="text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert ">Tariff" in answer.text
    assert "Log out" not in answer.text


def test_a_user_acts_and_a_viewer_does_not(airflow: Airflow) -> None:
    path = "/deliveries/digest:anna:1/redrive"
    assert airflow.ask(path, method="POST").status_code == 401
    assert airflow.ask(path, "vera", "POST").status_code == 403
    assert airflow.ask(path, "ulla", "POST", Origin="https://evil.example").status_code == 403
    assert airflow.ask(path, "ulla", "POST").status_code == 303
    assert airflow.ask("/api/deliveries/digest:anna:1", "vera").json()["state"] == "open"


def test_the_button_of_a_mail_needs_no_login_and_no_other_page_of_readers_is_there(airflow: Airflow) -> None:
    with open_desk({"ALERTS_VAR": str(airflow.var)}.get) as desk:
        mark = recipient_mark(desk.signer.mark, "anna", "anna@example.com")
        token = desk.signer.sign("unsubscribe", mark, desk.clock() + timedelta(days=1))
        assert airflow.ask(f"/unsubscribe/{token}", Accept="text/html").status_code == 200
        assert sql.SqlSubscribers(desk.engine).pauses() == ()
        assert airflow.ask(f"/unsubscribe/{token}", method="POST").status_code == 200
        assert [pause.mark for pause in sql.SqlSubscribers(desk.engine).pauses()] == [mark]
    assert airflow.ask("/unsubscribe/forged", method="POST").status_code == 404
    assert airflow.ask("/subscribe").status_code == 404


def test_a_viewer_opens_the_desk_from_the_navigation(airflow: Airflow) -> None:
    """In a real browser, with a log of what it asks for: the entry leads to the page, and the page asks nobody else."""
    with browser() as tab:
        tab.call("Network.setCookie", name="_token", value=airflow.token("vera"), url=airflow.url, httpOnly=True)
        tab.go(airflow.url)
        menu, entry = (
            "[aria-label=Browse]",
            "[...document.querySelectorAll('a')].find(a => a.textContent == 'News watch')",
        )
        assert _seen(tab, f"document.querySelector('{menu}')?.tagName")
        tab.run(f"document.querySelector('{menu}').focus()")
        for kind in ("keyDown", "keyUp"):
            tab.call(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r"
            )
        assert _seen(tab, f"{entry}?.target") == "_blank"
        found = tab.run(f"{entry}.href")
        assert found == f"{airflow.url}/alerts/"
        tab.forget()
        tab.go(found)
        assert tab.run("document.querySelector('h1').textContent") == "News watch"
        assert tab.run("document.querySelectorAll('ul.news > li').length") == 1
        assert tab.requests == [found]
        assert tab.dialogs == []


def _seen(tab: Browser, script: str) -> object:
    """Wait until the page gives something."""
    end = time.monotonic() + 30
    while not (found := tab.run(script)) and time.monotonic() < end:
        time.sleep(0.2)
    return found
