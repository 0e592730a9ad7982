"""The collector of garbage is as it was when a block ends, however it ends, and whatever it was."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress

import pytest

from alerts import garbage


def state() -> tuple[bool, tuple[int, int, int]]:
    return gc.isenabled(), gc.get_threshold()


@pytest.fixture(autouse=True)
def _undisturbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a thread of another test has open, the collector is here as Python begins with it."""
    monkeypatch.setattr(garbage, "_rarely", [])
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


@pytest.fixture(params=[True, False], ids=["it is on", "it is off"])
def on(request: pytest.FixtureRequest) -> Iterator[bool]:
    was = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if was else gc.disable)()


@pytest.mark.parametrize("block", [garbage.rarely, garbage.never])
def test_it_is_put_back(on: bool, block: Callable[[], AbstractContextManager[None]]) -> None:
    before = state()
    with block():
        assert state() != before or not on
    assert state() == before
    with suppress(ZeroDivisionError), block():
        1 / 0  # noqa: B018
    assert state() == before


def test_two_threads_that_end_in_the_order_in_which_they_began() -> None:
    before = state()
    one, other = garbage.rarely(), garbage.rarely()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert gc.get_threshold()[0] == garbage.MADE, "the other has not ended"
    other.__exit__(None, None, None)
    assert state() == before


def test_one_within_the_other() -> None:
    with garbage.rarely():
        with garbage.never():
            assert not gc.isenabled()
        assert (gc.isenabled(), gc.get_threshold()[0]) == (True, garbage.MADE)


def test_what_was_made_is_old_at_the_end() -> None:
    """It is not looked at again at once: nothing of it is in the youngest generation."""
    with garbage.never():
        made = [[n] for n in range(5_000)]
    young = {id(one) for one in gc.get_objects(generation=0)}
    assert young.isdisjoint(map(id, made))


def test_what_somebody_has_frozen_stays_frozen() -> None:
    gc.freeze()
    try:
        with garbage.never():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
