"""The page on running it for good: what a stranger types does what it says, and what is named is in the compose file."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from alerts import config, lines, rules
from alerts.model import Article

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "deploy.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
SERVICES: dict[str, dict[str, Any]] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())["services"]


def table(heading: str) -> list[list[str]]:
    """The rows of the table whose first heading it is, cell by cell."""
    under = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in under]


def names(cells: list[str]) -> set[str]:
    return {name for cell in cells for name in re.findall(r"`([\w-]+)`", cell)}


def test_what_is_typed_fills_every_gap_and_no_more(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed, which the page asks for")
    (tmp_path / ".env.example").write_text(EXAMPLE)
    typed = PAGE.partition("git clone … tocsin && cd tocsin\n")[2].partition("```")[0]
    subprocess.run(["bash", "-euc", typed], cwd=tmp_path, check=True, capture_output=True, timeout=60)

    filled = (tmp_path / ".env").read_text()
    given = dict(line.split("=", 1) for line in filled.splitlines() if line and not line.startswith("#"))
    needed = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert {name for name in needed if len(given[name]) < 20} == set()
    assert len(given["AIRFLOW_JWT_SECRET"]) >= 64
    assert re.fullmatch(r"[\w-]{43}=", given["AIRFLOW_FERNET_KEY"])
    assert all(re.fullmatch(r"\w+", given[name]) for name in needed - {"AIRFLOW_FERNET_KEY"}), "they go into URLs"
    before = dict(line.split("=", 1) for line in EXAMPLE.splitlines() if line and not line.startswith("#"))
    assert {name for name, value in given.items() if value != before[name]} == needed


def test_every_service_that_starts_by_itself_has_a_row() -> None:
    assert names([row[0] for row in table("service")]) == {n for n, s in SERVICES.items() if "profiles" not in s}


def test_every_dag_has_a_row_and_is_told_when_it_runs() -> None:
    told = {row[0].strip("`"): row[1] for row in table("DAG")}
    assert set(told) == {file.stem for file in (ROOT / "dags").glob("*.py")}
    for name, when in told.items():
        minutes = re.search(r'CronTriggerTimetable\("\*/(\d+) ', (ROOT / "dags" / f"{name}.py").read_text())
        assert re.findall(r"every (\d+) minutes", when) == ([minutes[1]] if minutes else [])


def test_settings_and_ports_that_are_named_are_there() -> None:
    known = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", EXAMPLE + (ROOT / "docs/reference/settings.md").read_text()))
    assert set(re.findall(r"\b(?:ALERTS|AIRFLOW)_[A-Z_]+\b", PAGE)) - known == set()
    ports = {re.findall(r"\d+", port)[-1] for service in SERVICES.values() for port in service.get("ports", ())}
    assert set(re.findall(r"(?:127\.0\.0\.1:|\| )(\d{4})\b", PAGE)) == ports


def test_services_and_profiles_that_are_called_are_there() -> None:
    called = set(re.findall(r"docker compose exec (\S+)", PAGE))
    logs = re.findall(r"docker compose logs --tail \d+ ([\w -]+)", PAGE)
    called |= {name for line in logs for name in line.split()}
    assert called <= set(SERVICES)
    profiles = {name for service in SERVICES.values() for name in service.get("profiles", ())}
    assert set(re.findall(r"--profile (\w+)", PAGE)) == profiles
    assert set(re.findall(r"--scale (\w+)=", PAGE)) <= set(SERVICES)


def test_the_article_of_the_page_is_told_in_slack_as_shipped() -> None:
    line = re.search(r"echo '(\{.*\})' \|", PAGE)
    assert line
    read = lines.read(line[1].encode(), 1)
    assert isinstance(read, Article)
    shipped = config.check(config.read(ROOT / "config"))[0]
    met = rules.match(read, rules.compile(shipped.rules, {w.id: w for w in shipped.watchlists}))
    slack = next(s for s in shipped.subscriptions if s.channel == "slack")
    assert met
    assert {hit.rule for hit in met.hits} & set(slack.rules)
