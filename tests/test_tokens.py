"""Tokens: only ours, only for what they are made for, only until they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.tokens import FOREVER, LENGTH, Purpose, Signer

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
OURS, THEIRS = Signer("whsec_one"), Signer("whsec_two")
NAME = OURS.mark("anna", "iran")
PURPOSES = get_args(Purpose)


@given(st.binary(min_size=16, max_size=16), st.timedeltas(timedelta(days=1), timedelta(days=1_000_000)))
def test_a_token_says_what_was_put_into_it_and_its_length_says_nothing(name: bytes, lasts: timedelta) -> None:
    token = OURS.sign("manage", name.hex(), NOW + lasts)
    assert OURS.read("manage", token, NOW) == name.hex()
    assert len(token) == LENGTH


@pytest.mark.parametrize("made", PURPOSES)
@pytest.mark.parametrize("asked", PURPOSES)
def test_a_token_of_one_purpose_is_none_of_another(made: Purpose, asked: Purpose) -> None:
    assert (OURS.read(asked, OURS.sign(made, NAME, LATER), NOW) is not None) == (made == asked)


def test_every_other_token_is_none() -> None:
    token = OURS.sign("manage", NAME, LATER)
    for n in range(LENGTH):
        for letter in "AaZz09-_":
            changed = token[:n] + letter + token[n + 1 :]
            assert changed == token or OURS.read("manage", changed, NOW) is None


@pytest.mark.parametrize(
    ("token", "why"),
    [("", "nothing"), ("x", "too short"), ("=" * LENGTH, "no base64"), ("ä" * LENGTH, "no ASCII"),
     ("A" * LENGTH, "not signed"), ("A" * 10_000, "too long"), ("\x00" * LENGTH, "no letters"),
     (THEIRS.sign("manage", NAME, LATER), "another's"), (OURS.sign("manage", NAME, NOW), "over by a second")],
    ids=lambda case: case[:20],
)  # fmt: skip
def test_what_is_no_token_is_none(token: str, why: str) -> None:
    assert OURS.read("manage", token, NOW) is None


def test_one_that_ends_otherwise_holds_for_good() -> None:
    assert OURS.read("feed", OURS.sign("feed", NAME, FOREVER), NOW + timedelta(days=100_000)) == NAME


def test_a_mark_knows_where_one_part_ends_and_does_not_show_them() -> None:
    assert len({OURS.mark("ab", "c"), OURS.mark("a", "bc"), OURS.mark("abc"), THEIRS.mark("ab", "c")}) == 4
    assert "secret" not in repr(Signer("secret"))
