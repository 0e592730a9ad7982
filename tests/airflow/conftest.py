"""A real Airflow on SQLite in a folder of its own, driven as a child process: its import takes seconds and sets globals."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def environ(home: Path, **more: str) -> dict[str, str]:
    """The environment of an Airflow that knows our DAGs and nothing else."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "ALERTS_"))}
    return {
        **kept,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
        **more,
    }


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Airflow's database with its tables and nothing in them: to migrate it takes longer than most tests."""
    home = tmp_path_factory.mktemp("migrated")
    done = subprocess.run(
        ["airflow", "db", "migrate"], env=environ(home), capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return home / "airflow.db"


@pytest.fixture(scope="module")
def airflow_home(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an Airflow that has done nothing yet, for the tests of one file."""
    home = tmp_path_factory.mktemp("airflow")
    shutil.copy(migrated, home)
    yield home
    shutil.rmtree(home, ignore_errors=True)


def in_airflow(script: str, home: Path, **more: str) -> Any:
    """Run a script in an Airflow process; what it writes to the file ``argv[1]`` as JSON is given back."""
    answer = home / "answer.json"
    answer.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", script, str(answer)],
        env=environ(home, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return json.loads(answer.read_text())
