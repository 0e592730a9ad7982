"""Running a command with services around it: they are there, and afterwards nothing is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from alerts import services
from alerts.adapters.valkey import embedded

PYTHON = sys.executable


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def test_the_command_has_a_redis_that_ends_with_it(tmp_path: Path) -> None:
    with services.services({"ALERTS_VAR": str(tmp_path)}, demo_feeds=None) as environ:
        client = redis.Redis.from_url(environ["ALERTS_REDIS"])
        assert client.ping() is True
        client.close()

    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(environ["ALERTS_REDIS"]).ping()


def test_a_redis_that_is_configured_is_left_alone(tmp_path: Path) -> None:
    given = {"ALERTS_VAR": str(tmp_path), "ALERTS_REDIS": "redis://redis.example:6379/0"}
    with services.services(given, demo_feeds=None) as environ:
        assert environ == given

    assert list(tmp_path.iterdir()) == []


def test_the_exit_code_is_the_commands() -> None:
    assert services.run([PYTHON, "-c", "raise SystemExit(7)"], os.environ) == 7


def test_what_the_command_leaves_behind_is_ended(tmp_path: Path) -> None:
    """As `airflow standalone` does: it ends, and its children do not."""
    code = "import subprocess, sys; print(subprocess.Popen(['sleep', '600']).pid, file=open(sys.argv[1], 'w'))"
    assert services.run([PYTHON, "-c", code, str(tmp_path / "pid")], os.environ) == 0

    assert gone(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminate"])
def test_a_signal_ends_the_command_and_its_children(tmp_path: Path, number: signal.Signals) -> None:
    pids = tmp_path / "pids"
    child = f"import subprocess, time; c = subprocess.Popen(['sleep', '600']); open({str(pids)!r}, 'w').write(str(c.pid)); time.sleep(600)"
    runner = f"import os, sys; from alerts import services; sys.exit(services.run([{PYTHON!r}, '-c', {child!r}], os.environ))"
    process = subprocess.Popen([PYTHON, "-c", runner])
    end = time.monotonic() + 20
    while not (pids.exists() and pids.read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(number)

    assert process.wait(timeout=30) == 128 + number
    assert gone(int(pids.read_text()))


# ── the embedded Valkey ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_process_uses_the_server_of_the_first(tmp_path: Path) -> None:
    with embedded(tmp_path) as first, redis.Redis.from_url(first) as client:
        client.set("here", 1)
        with embedded(tmp_path) as second, redis.Redis.from_url(second) as other:
            assert other.get("here") == b"1"
        assert client.get("here") == b"1"


def test_what_it_knows_outlives_it(tmp_path: Path) -> None:
    with embedded(tmp_path) as url, redis.Redis.from_url(url) as client:
        client.set("here", 1)
    with embedded(tmp_path) as url, redis.Redis.from_url(url) as client:
        assert client.get("here") == b"1"


def test_a_server_whose_process_was_killed_is_taken_over(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from alerts.adapters.valkey import embedded; import redis\n"
        "with embedded(Path(sys.argv[1])) as url:\n"
        "    redis.Redis.from_url(url).set('here', 1); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([PYTHON, "-c", code, str(tmp_path)], check=False)
    with embedded(tmp_path) as url, redis.Redis.from_url(url) as client:
        assert client.get("here") == b"1"
        pid = client.info("server")["process_id"]

    assert gone(int(pid))


def test_a_long_path_gets_a_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    with embedded(folder) as url, redis.Redis.from_url(url) as client:
        assert client.ping() is True
        assert str(folder) not in url
