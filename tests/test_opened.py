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
            now=max((m.article.seen for m in matches), default=NOW),
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


@pytest.mark.parametrize("many", [2, 20])
def test_however_many_batches_come_the_stories_are_read_once(many: int) -> None:
    world = World()
    for n in range(1, many + 1):
        world.group(a_match(n, TITLES[n % 2]))
    assert world.stories.read == [NOW + timedelta(seconds=1) - timedelta(hours=72)]
    assert sum(len(story.members) for story in world.kept().values()) == many


def another_process(world: World) -> None:
    world.group(a_match(9, TITLES[0], 0.01), kept=False)


def a_death_half_way(world: World) -> None:
    """Another process kept a story, and did not live to say that it had read so far."""

    class Stopping(MemoryLog[Match]):
        def commit(self, reader: str, end: int) -> None:
            if reader == "group":
                raise OSError("the disk is full")
            super().commit(reader, end)

    world.matches.append([a_match(6, TITLES[0], 0.01)])
    world.matches.__class__ = Stopping
    with pytest.raises(OSError, match="full"):
        world.group(kept=False)
    world.matches.__class__ = MemoryLog
    assert "a-6" in {m.article for story in world.kept().values() for m in story.members}


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
    ("another process died after it had kept one", a_death_half_way, 0.02),
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
        before = len(world.stories.read)
        world.group(a_match(2, TITLES[0] + " again", hours), **again)
    assert kept.kept() == fresh.kept()
    assert len(kept.stories.read) > before, "read anew"
    assert kept.stories.read[-1] == fresh.stories.read[-1], "all open stories were read"
