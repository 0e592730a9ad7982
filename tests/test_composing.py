"""Compose for many: the log is read once, a story is put in words once, and much is kept in one transaction."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from alerts import digests, render, stages, summaries
from alerts.adapters.memory import MemoryLog, MemoryOutbox, MemoryTable
from alerts.model import Alert, Development, Kind, Subscription
from alerts.render import views
from alerts.render.plates import FEW as PLATES
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
    words, known = Words(None, Counter(), 100), STORIES["s1"]
    one, again, other = (words.of(digests.told(news, known), known) for news in (NIGHT[:3], NIGHT[:3], NIGHT[:2]))
    assert one == summaries.summarise(digests.told(NIGHT[:3], known), known)
    assert one is again
    assert other.developments == NIGHT[:2]
    under = words.of(digests.told(NIGHT[:3], known, RULES), known)
    assert under.rules != one.rules, "who is told it under other rules is not told the same"
    assert under.summary is one.summary


READERS = [
    subscription(kind, id=f"{kind}-{n}", **asked)
    for kind in get_args(Kind)
    for n, asked in enumerate(
        [
            {},
            {},
            {"lang": "ko"},
            {"zone": "Asia/Seoul"},
            {"rules": ("china", "iran")},
            {"rules": ("tariffs", "iran", "china")},
        ]
    )
]


def test_what_is_written_once_for_many_is_what_each_would_be_written_alone() -> None:
    words, plates = Words(None, Counter(), 100), render.Plates()
    for s in READERS:
        made = digests.digest(s, SLOT, digests.select(s, NIGHT), RULES, STORIES)
        made = words.of_digest(made, STORIES)
        assert render.digest(made, plates) == render.digest(made), s
        told = Alert(s, made.sections[0].rule, made.sections[0].stories[0])
        assert render.alert(told, plates) == render.alert(told), s


def test_a_story_is_written_once_for_all_that_are_told_it_alike() -> None:
    words, plates = Words(None, Counter(), 100), render.Plates()

    def seen(s: Subscription) -> views.StoryView:
        made = words.of_digest(digests.digest(s, SLOT, digests.select(s, NIGHT), RULES, STORIES), STORIES)
        return views.of_digest(made, plates).stories[0]

    first, *others = [seen(s) for s in READERS[:6]]
    assert [first is other for other in others] == [True, False, False, False, True]
    render.digest(words.of_digest(digests.digest(READERS[0], SLOT, NIGHT, RULES, STORIES), STORIES), plates)
    assert len(first.forms) == 2, "as HTML and as text"


def test_plates_forget_before_they_are_too_many() -> None:
    plates = render.Plates()
    told = digests.told(NIGHT[:1], None)
    for n in range(PLATES + 1):
        assert plates.once(told, n, lambda n=n: n) == n
    assert [plates.once(told, n, lambda: -1) for n in (PLATES, 0)] == [PLATES, -1]


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
