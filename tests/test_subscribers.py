"""Self-service: what the file opens, what a reader becomes, and what the commands show."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from alerts import cli
from alerts import config as config_
from alerts.adapters import sql
from alerts.app import desk_signer
from alerts.config import File
from alerts.model import Rule
from alerts.subscribers import Pause, Service, Subscriber, Wishes, address_mark, as_subscription, recipient_mark
from tests.contract.values import NOW
from tests.desk.conftest import CONFIG, write_config

RULES = [Rule("iran", "Iran"), Rule("china", "China"), Rule("tariffs", "Tariffs")]
MINA = Subscriber("ab" * 16, "mina@example.org", "active", Wishes(("iran", "tariffs"), "0 7 * * *", "UTC"), NOW, NOW)


def opened(said: str) -> tuple[Service | None, list[str]]:
    files = {name: text for name, text in CONFIG.items() if name != "subscriptions.yaml"}
    files["subscriptions.yaml"] = f"self_service: {said}\nsubscriptions: []\n" if said else "subscriptions: []\n"
    found, problems = config_.check([File(f"config/{name}", text.encode()) for name, text in files.items()])
    return found.self_service, [str(problem).partition(": ")[2] for problem in problems]


@pytest.mark.parametrize(
    ("said", "rules"),
    [("{rules: all, channel: mail}", ("iran", "china", "tariffs")), ("{rules: [china], channel: mail}", ("china",)),
     ('{rules: ["*i*n*"], channel: mail}', ("iran", "china")), ("", None), ("{}", None), ("{channel: mail}", None)],
)  # fmt: skip
def test_the_file_says_what_is_open(said: str, rules: tuple[str, ...] | None) -> None:
    service, problems = opened(said)
    assert (service.rules if service else None) == rules
    assert problems == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("{rules: [none], channel: mail}", "none of these is a rule"),
        ("{rules: all, channel: slack}", "readers are told by mail, and this is no mail channel; write mail"),
        ("{rules: all}", "readers are told by mail"),
        ("{rules: all, channel: mail, to: [a@example.org]}", '"to" is no key here'),
        ("{rules: all, channel: mail, max_items: 0}", "self_service max_items"),
    ],
)
def test_what_is_wrong_with_it_is_told_and_nothing_is_open_that_is_in_doubt(said: str, wrong: str) -> None:
    service, (problem, *more) = opened(said)
    assert wrong in problem
    assert more == []
    assert service is None or service.rules == ("iran", "china", "tariffs")


def test_a_reader_becomes_a_subscription_of_what_is_open_still() -> None:
    service = Service(("iran", "china"), "mail", "Our news", 7)
    s = as_subscription(MINA, service, {"iran", "china"})
    assert (s.id, s.rules, s.recipients) == ("reader-abababababab", ("iran",), ("mina@example.org",))
    assert (s.title, s.max_stories, s.strength, s.cron) == ("Our news", 7, "about", "0 7 * * *")


def test_the_list_shows_no_address_and_its_ids_delete_and_resume(tmp_path: Path) -> None:
    write_config(tmp_path / "config")
    settings = {"ALERTS_CONFIG": str(tmp_path / "config"), "ALERTS_VAR": str(tmp_path), "COLUMNS": "250"}
    engine = sql.connect(f"sqlite:///{tmp_path / 'alerts.db'}")
    store, signer = sql.SqlSubscribers(engine), desk_signer(settings.get, tmp_path)
    store.put(MINA, address_mark(signer.mark, MINA.address))
    gone = recipient_mark(signer.mark, "anna", "anna@example.com")
    store.pause(Pause(gone, "unsubscribed", NOW))
    store.pause(Pause(address_mark(signer.mark, MINA.address), "550 no such user", NOW))

    def alerts(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.cli, ["subscribers", *words], env=settings)
        return done.exit_code, done.output

    _, listed = alerts()
    assert "mina" not in listed
    assert "anna@" not in listed
    assert [line.split()[0] for line in listed.splitlines() if "…@" in line] == [
        MINA.id[:12], *sorted([gone[:12], address_mark(signer.mark, MINA.address)[:12]]),
    ]  # fmt: skip
    assert "left alone: unsubscribed" in listed
    assert "all" in listed
    assert alerts("resume", gone[:12]) == (0, f"{gone[:12]}: told again\n")
    assert alerts("resume", gone[:12])[0] == 1
    assert alerts("remove", MINA.id[:12]) == (0, f"{MINA.id[:12]}: deleted\n")
    assert alerts("remove", MINA.id[:12])[0] == 1
    assert (store.all(), [pause.reason for pause in store.pauses()]) == ((), ["550 no such user"])
    engine.dispose()
