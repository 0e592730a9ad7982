"""Compose for many: the log is read once, a story is put in words once, and much is kept in one transaction."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerts import digests, stages, summaries
from alerts.adapters.memory import MemoryLog, MemoryOutbox, MemoryTable
from alerts.model import Development
from alerts.stages.composing.shelf import BLOCK, MANY, Shelf
from alerts.stages.composing.words import Words
from tests.newsroom import NIGHT, RULES, SLOT, STORIES, article, development, subscription


class Counted:
    """A port that counts its calls."""

    def __init__(self, port: object) -> None:
        self.port, self.calls = port, Counter[str]()

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(self.port, name)


def a_log(news: tuple[Development, ...] | list[Development]) -> MemoryLog[Development]:
    log: MemoryLog[Development] = MemoryLog()
    log.append(news)
    return log


def test_a_story_is_put_in_words_once_for_all_that_are_told_the_same_of_it() -> None:
    words, known = Words(None, Counter()), STORIES["s1"]
    one, again, other = (words.of(digests.told(news, known), known) for news in (NIGHT[:3], NIGHT[:3], NIGHT[:2]))
    assert one == again == summaries.summarise(digests.told(NIGHT[:3], known), known)
    assert one.summary is again.summary
    assert other.developments == NIGHT[:2]


def test_forty_subscriptions_cost_little_more_than_one() -> None:
    log, outbox, stories = Counted(a_log(NIGHT)), Counted(MemoryOutbox()), Counted(MemoryTable())
    stories.port.put(STORIES, at=SLOT)
    report = stages.compose(
        [subscription(id=f"reader-{n}") for n in range(40)],
        RULES,
        developments=log,
        stories=stories,
        slots=MemoryTable(),
        outbox=outbox,
        silences=MemoryTable(),
        waiting=MemoryTable(),
        now=SLOT,
    )
    assert dict(report.counts)["digests"] == 40
    assert (log.calls["after"], log.calls["commit_all"]) == (1, 1)
    assert (outbox.calls["add"], stories.calls["get"]) == (1, 1)
    assert {reader.position for reader in log.port.readers().values()} == {len(NIGHT)}


MANY_NEWS = [
    development(article(f"a{n}", f"Title {n}"), f"s{n % 9}", (("iran", "china", "chips")[n % 3],)) for n in range(1_300)
]


@given(st.integers(0, 1_300), st.sets(st.sampled_from(["iran", "china", "chips", "tariffs"])), st.integers(1, 4))
def test_what_is_read_from_the_shelf_is_what_the_log_holds(position: int, rules: set[str], blocks: int) -> None:
    shelf = Shelf(SHELVED)
    shelf.read(700, ("iran",), blocks=2)  # another reader was here
    found, end, goes_on = shelf.read(position, rules, blocks)
    wanted = [d for d in MANY_NEWS[position:end] if d.match.hits[0].rule in rules]
    assert found == wanted
    assert goes_on == (end < 1_300) or end == 1_300
    assert end == 1_300 or end - position >= (blocks - 1) * BLOCK


SHELVED = a_log(MANY_NEWS)


def test_a_shelf_forgets_what_was_read_first_and_reads_it_again() -> None:
    log = Counted(SHELVED)
    shelf = Shelf(log)
    for position in range(0, (MANY + 2) * 3, 3):
        assert len(shelf.read(1_300 - position, ("iran", "china", "chips"), blocks=1)[0]) == position
    assert log.calls["after"] <= MANY + 2


def test_what_was_not_read_when_a_run_ended_is_read_by_the_next() -> None:
    """A digest that waits leaves its reader where it is; the slot is served all the same."""
    log, slots = a_log(NIGHT), MemoryTable()
    s = subscription(min_stories=9)
    log.subscribe(s.id, now=SLOT - timedelta(days=1), since=SLOT - timedelta(days=400))
    for day, told in ((0, 0), (1, 0), (8, 1)):
        outbox = MemoryOutbox()
        now = SLOT + timedelta(days=day)
        stages.compose(
            [s], RULES, developments=log, stories=MemoryTable(), slots=slots, outbox=outbox,
            silences=MemoryTable(), waiting=MemoryTable(), now=now,
        )  # fmt: skip
        assert len(outbox.due(now)) == told
        assert slots.get(s.id) == now
    assert log.readers()[s.id].position == len(NIGHT)
