"""The open stories between batches: what is kept in the process is what the store would give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import stages
from alerts.adapters.memory import MemoryLog, MemoryTable
from alerts.model import Article, Development, Hit, Match, Rule, Story
from alerts.stages.grouping import SKEW

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
TITLES = ("Iran cuts internet", "Iran cuts phones", "Tanker is seized off Hormuz", "Rial falls", "Toll climbs to 62")


class Counting(MemoryTable[Story]):
    """Remembers from when on it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[datetime | None] = []

    def values(self, *, since: datetime | None = None) -> tuple[Story, ...]:
        self.read.append(since)
        return super().values(since=since)


class World:
    """The three stores of ``group``, and the open stories of one process."""

    def __init__(self) -> None:
        self.matches: MemoryLog[Match] = MemoryLog()
        self.developments: MemoryLog[Development] = MemoryLog()
        self.stories = Counting()
        self.opened = stages.Opened()
        self.rules: tuple[Rule, ...] = ()

    def group(self, *matches: Match, kept: bool = True) -> None:
        self.matches.append(matches)
        stages.group(
            self.rules,
            matches=self.matches,
            stories=self.stories,
            developments=self.developments,
            now=max(m.article.seen for m in matches),
            opened=self.opened if kept else None,
        )

    def kept(self) -> Mapping[str, Story]:
        return {story.id: story for story in MemoryTable.values(self.stories)}


def a_match(n: int, title: str, hours: float = 0.0) -> Match:
    seen = NOW + timedelta(hours=hours, seconds=n)
    return Match(Article(f"a-{n}", "v", "f", f"Outlet {n % 3}", f"https://e.org/{n}", title, "", seen), (Hit("r", ()),))


def told(world: World) -> list[str]:
    read = world.developments.read("test")
    return [d.reason for d in read.values] if read else []


BATCHES = st.lists(st.lists(st.tuples(st.sampled_from(TITLES), st.integers(0, 50)), min_size=1, max_size=4), max_size=6)


@given(BATCHES)
def test_what_is_kept_gives_the_same_stories_as_what_is_read(batches: list[list[tuple[str, int]]]) -> None:
    fresh, kept, n, hours = World(), World(), 0, 0
    for batch in batches:
        made = []
        for title, gap in batch:
            n, hours = n + 1, hours + gap
            made.append(a_match(n, title, hours))
        fresh.group(*made, kept=False)
        kept.group(*made)
    assert kept.kept() == fresh.kept()
    assert told(kept) == told(fresh)


def test_the_next_batch_reads_only_what_was_kept_since() -> None:
    world = World()
    world.group(a_match(1, TITLES[0]))
    world.group(a_match(2, TITLES[1]))
    assert world.stories.read == [NOW + timedelta(seconds=1) - timedelta(hours=72), NOW + timedelta(seconds=1) - SKEW]
    assert len(world.kept()["s-1"].members) == 2


def another_process(world: World) -> None:
    world.group(a_match(9, TITLES[0], 0.01), kept=False)


def other_rules(world: World) -> None:
    world.rules = (Rule("r", "R"),)


def a_death(world: World) -> None:
    """The log of developments cannot be written: what was placed is in no store."""

    class Broken(MemoryLog[Development]):
        def append(self, values: object) -> int:  # type: ignore[override]
            list(values)  # type: ignore[call-overload]
            raise OSError("the disk is full")

    whole_log, world.developments = world.developments, Broken()
    with pytest.raises(OSError, match="full"):
        world.group(a_match(8, TITLES[2], 0.01))
    world.developments = whole_log


def a_closed_story(world: World) -> None:
    """Its article was seen before the one that closed a story, and comes after it."""
    world.group(a_match(7, TITLES[2], 80))


CHANGES = [
    ("another process kept a story", another_process, 0.02),
    ("the rules are others", other_rules, 0.02),
    ("the batch before died", a_death, 0.02),
    ("a story that it belongs to was closed", a_closed_story, 60),
]


@pytest.mark.parametrize(("why", "change", "hours"), CHANGES, ids=[case[0] for case in CHANGES])
def test_what_is_kept_is_left_when_it_may_be_wrong(why: str, change: object, hours: float) -> None:
    fresh, kept = World(), World()
    for world in (fresh, kept):
        again = {"kept": world is kept}
        world.group(a_match(1, TITLES[0]), **again)
        if world is fresh:
            world.opened = stages.Opened()
        change(world)  # type: ignore[operator]
        if world is fresh:
            world.opened = stages.Opened()
        world.group(a_match(2, TITLES[0] + " again", hours), **again)
    assert kept.kept() == fresh.kept()
    assert kept.stories.read[-1] == fresh.stories.read[-1], "all open stories were read"
