"""Killed at every named place, stopped, and with one mistake at a time: what the receivers have on record decides.

``make crash`` runs a hundred seeds of the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.crash.checker import faults, twice
from tests.crash.mutants import MUTANTS
from tests.crash.points import CHOSEN, IN_BETWEEN, POINTS

ROOT = Path(__file__).parents[2]
SEEDS = 5


@pytest.fixture(scope="module")
def told() -> Mapping[str, Any]:
    """What a whole run says: it is a program of its own, because what is forked must have started nothing."""
    command = [sys.executable, "-m", "tests.crash.run", "--mutants", "--seeds", str(SEEDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=900)
    assert done.stdout, done.stderr.decode()
    read: Mapping[str, Any] = json.loads(done.stdout)
    return read


def test_at_every_place_the_process_was_killed(told: Mapping[str, Any]) -> None:
    assert told["missing"] == []
    assert told["kills"] == len(CHOSEN) * SEEDS
    assert len(CHOSEN) >= 25
    assert set(CHOSEN) <= set(POINTS)


def test_a_run_whose_time_is_up_says_what_is_left_and_is_not_well() -> None:
    command = [sys.executable, "-m", "tests.crash.run", "--seeds", "1", "--minutes", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=120)
    read = json.loads(done.stdout)
    assert (read["cases"], read["left"] >= len(CHOSEN), done.returncode) == (0, True, 1)


def test_nothing_is_lost_and_nothing_is_twice_but_where_it_is_said(told: Mapping[str, Any]) -> None:
    assert told["wrong"] == []
    assert (told["lost"], told["left"]) == (0, 0)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mistake_is_seen_by_the_same_checker(told: Mapping[str, Any], mutant: str) -> None:
    assert told["mutants"][mutant]


# ── the checker ──────────────────────────────────────────────────────────────────────────────────────────────────────

EXPECTED = {"mail": frozenset({"m"}), "slack": frozenset({"s"}), "webhook": frozenset({"w"})}


def record(kind: str, key: str = "", body: str = "b", **other: Any) -> dict[str, Any]:
    plain = {
        "kind": kind,
        "key": key or kind[0],
        "body": body,
        "taken": True,
        "told": True,
        "killed": False,
        "wrong": "",
    }
    return plain | other


ALL = [record("mail"), record("slack"), record("webhook")]


@pytest.mark.parametrize(
    ("why", "more", "found"),
    [
        ("each once", [], []),
        ("a webhook may come again, byte for byte", [record("webhook")], []),
        ("what was refused does not count", [record("mail", taken=False, told=False)], []),
        ("one more, because the receiver kept its answer to itself", [record("slack", told=False)], []),
        ("one id, two bodies", [record("webhook", body="c")], ["webhook: 2 bodies under one id: w"]),
        ("what nobody asked for", [record("webhook", "x")], ["webhook: nobody asked for it: x"]),
        ("a limit was broken", [record("slack", wrong="invalid_blocks", taken=False)], ["slack: the receiver refused it: invalid_blocks"]),
        ("a mail too many", [record("mail")], ["mail: 1 more than may be: m"]),
    ],
)  # fmt: skip
def test_what_the_checker_sees(why: str, more: list[dict[str, Any]], found: list[str]) -> None:
    assert faults([*ALL, *more], EXPECTED, kills=1, place="outbox.add:before") == found, why


def test_the_checker_counts_what_came_twice_but_no_webhook() -> None:
    assert twice([*ALL, record("mail"), record("slack"), record("slack"), record("webhook")]) == 3
    assert twice([*ALL, record("mail", taken=False)]) == 0


def test_the_checker_sees_what_is_lost() -> None:
    dropped = [record("mail", taken=False, told=False), *ALL[1:]]
    assert faults(dropped, EXPECTED, kills=1, place="mail.send:before") == ["mail: lost: m"]


@pytest.mark.parametrize("place", sorted(IN_BETWEEN))
def test_a_kill_between_sending_and_commit_explains_one_more_and_not_two(place: str) -> None:
    assert faults([*ALL, record("mail", killed=True, told=False)], EXPECTED, kills=1, place=place) == []
    assert faults([*ALL, record("mail")], EXPECTED, kills=0, place=place) == ["mail: 1 more than may be: m"]
    two = [*ALL, record("mail"), record("slack")]
    assert len(faults(two, EXPECTED, kills=1, place=place)) == 2
