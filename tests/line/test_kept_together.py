"""A poll keeps what many feeds said in one go: fewer writes, in the same order, and no more lost than one go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts import stages
from alerts.adapters.memory import (
    MemoryFetch,
    MemoryFingerprints,
    MemoryLog,
    MemoryPages,
    MemoryParse,
    MemoryTable,
)
from alerts.model import Article, Feed, FeedState, Report

NOW = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)
TOGETHER = stages.KEPT_TOGETHER
FEEDS = [
    Feed(f"f{n:03}", f"https://f{n}.example/rss", "Outlet", first_poll=None, every=timedelta(minutes=5))
    for n in range(2 * TOGETHER + 50)
]


class Died(BaseException):
    """The process is gone."""


class Parse(MemoryParse):
    """Passes on that nothing was answered for a while, as the one with children does."""

    def __call__(self, answers: Any) -> Iterator[Any]:
        for answer in answers:
            yield from [None] if answer is None else super().__call__([answer])


class Ports:
    """The ports of a poll, which write down in which order they are written."""

    def __init__(self) -> None:
        self.fetch = MemoryFetch()
        self.states, self.articles, self.seen = MemoryTable[FeedState](), MemoryLog[Article](), MemoryFingerprints()
        self.written: list[tuple[str, int]] = []
        for feed in FEEDS:
            self.fetch.entry(feed.id, title=f"News of {feed.id}", link=f"{feed.url}/1")

    def append(self, values: Sequence[Article]) -> int:
        self.written.append(("articles", len(values)))
        return self.articles.append(values)

    def put(self, rows: Mapping[str, FeedState], *, at: datetime) -> None:
        self.written.append(("states", len(rows)))
        self.states.put(rows, at=at)

    def values(self) -> tuple[FeedState, ...]:
        return self.states.values()

    def polls(self, fetch: Any = None, *, now: datetime = NOW, feeds: Sequence[Feed] = FEEDS) -> Report:
        return stages.poll(
            feeds,
            fetch=fetch or self.fetch,
            parse=Parse(),
            pages=MemoryPages(),
            states=self,  # type: ignore[arg-type]
            seen=self.seen,
            articles=self,  # type: ignore[arg-type]
            now=now,
        )


def test_many_feeds_are_few_writes_and_the_states_come_last() -> None:
    ports = Ports()
    report = ports.polls()
    assert dict(report.counts)["articles"] == len(FEEDS)
    kept = [("articles", TOGETHER), ("states", TOGETHER)] * 2 + [("articles", 50), ("states", 50)]
    assert [one for one in ports.written if one[1]] == kept


@pytest.mark.parametrize("answers", [0, 1, TOGETHER - 1, TOGETHER, TOGETHER + 1, len(FEEDS) - 1])
def test_a_run_that_dies_loses_nothing(answers: int) -> None:
    ports = Ports()

    def dies(requests: Any) -> Iterator[Any]:
        for n, answer in enumerate(ports.fetch(requests)):
            if n == answers:
                raise Died
            yield answer

    with pytest.raises(Died):
        ports.polls(dies)
    known = {state.feed for state in ports.states.values()}
    told = {article.feed for article in ports.articles.read("r", 1_000).values}
    assert known <= told, "the validators of what is not kept"
    assert answers - TOGETHER <= len(known) <= answers

    ports.polls(now=NOW + timedelta(minutes=1))
    read = [article.feed for article in ports.articles.read("r", 1_000).values]
    assert sorted(read) == [feed.id for feed in FEEDS]


def test_when_nothing_is_answered_what_there_is_is_kept() -> None:
    """The last server may keep us waiting for half a minute; the news of the others need not."""
    ports, kept = Ports(), []

    def waits(requests: Any) -> Iterator[Any]:
        first, *others = ports.fetch(requests)
        yield first
        yield None
        kept.extend(ports.states.values())
        yield from others

    ports.polls(waits)
    assert [state.feed for state in kept] == ["f000"]
    assert len(ports.states.values()) == len(FEEDS)


def test_one_article_in_two_feeds_of_one_go_is_written_once() -> None:
    ports = Ports()
    for name in ("f001", "f002"):
        ports.fetch.entry(
            name, title="Both say it", link="https://outlet.example/both", guid="https://outlet.example/b"
        )
    report = ports.polls()
    assert dict(report.counts)["articles"] == len(FEEDS) + 1


def test_feeds_that_fail_are_asked_after_those_that_do_well() -> None:
    ports = Ports()
    for name in ("f000", "f007"):
        ports.fetch.fail(name, "timed out")
    ports.polls()
    ports.fetch.asked.clear()
    ports.polls(now=NOW + timedelta(days=2))
    asked = [request.feed.id for request in ports.fetch.asked]
    assert asked == [feed.id for feed in FEEDS if feed.id not in ("f000", "f007")] + ["f000", "f007"]
