"""The newcomer's first command, through the Makefile: the line runs through Airflow, and a second time finds nothing."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from alerts import demo
from tests.airflow.conftest import ROOT

pytestmark = pytest.mark.airflow


@pytest.fixture
def port_is_free() -> None:
    """The sample feeds stand in config/feeds.yaml with their port."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", demo.PORT)) == 0:
            pytest.skip(f"port {demo.PORT} is taken on this machine: the sample feeds are served already")


def make_run(var: Path) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "ALERTS_", "MAKE"))}
    done = subprocess.run(
        ["make", "run", "BIN=" + str(Path(sys.executable).parent), "VENV=" + sys.prefix],
        cwd=ROOT,
        env={**kept, "ALERTS_VAR": str(var)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.usefixtures("port_is_free")
def test_the_second_run_gets_304_and_sends_nothing(tmp_path: Path) -> None:
    first, second = make_run(tmp_path / "var"), make_run(tmp_path / "var")

    paths = [Path(line.rpartition(": ")[2]) for line in first.splitlines() if "/inbox/" in line]
    assert {"".join(path.suffixes[-2:]) for path in paths} >= {".slack.json", ".webhook.json"}
    assert {path.suffix for path in paths} == {".eml", ".html", ".txt", ".json"}
    assert all(path.is_file() for path in paths)
    assert re.search(r"^composed +1 digest, \d\d+ alerts$", first, re.MULTILINE)
    assert "sample-broken-press: malformed XML" in first

    assert (unchanged := re.search(r"(\d+) of them unchanged \(304\)", second))
    assert int(unchanged[1]) >= 7  # all but the feed that sends everything again and the one without validators
    assert re.search(r"^composed +0 digests, 0 alerts$", second, re.MULTILINE)
    assert re.search(r"^sent +0 delivered, 0 deferred, 0 refused$", second, re.MULTILINE)
    assert "/inbox/" not in second
