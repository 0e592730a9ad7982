"""Volume: what is counted, what is a spike, and that it is told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import render, rules, stages, volumes
from alerts.adapters.memory import MemoryLog, MemoryTable
from alerts.model import Article, Hit, Hour, Match, Rule, Volume
from alerts.volumes import is_spike
from tests import newsroom
from tests.newsroom import IRAN, SLOT, article

NOON = datetime(2026, 7, 8, 12, tzinfo=UTC)
CHINA = Rule("china", "China", any=("china",))


def met(name: str, when: datetime, outlet: str = "BBC", rule: str = "iran", title: str = "") -> Match:
    made = article(name, title or f"Title {name}", outlet)
    return Match(Article(**{f: getattr(made, f) for f in made.__slots__} | {"seen": when}), (Hit(rule, ()),))


def quiet_week(rule: str = "iran") -> list[Match]:
    """One article an hour, and two in every third."""
    return [
        met(f"{rule}-{n}-{m}", NOON - timedelta(hours=n), rule=rule)
        for n in range(1, 150)
        for m in range(1 + (n % 3 == 0))
    ]


def burst(count: int = 9, outlets: int = 4, at: datetime = NOON, rule: str = "iran") -> list[Match]:
    return [
        met(
            f"{rule}-burst-{at}-{n}",
            at + timedelta(minutes=n),
            f"Outlet {n % outlets}",
            rule,
            f"Khamenei speech number {n} at {at:%H}",
        )
        for n in range(count)
    ]


def found(*matches: Match, rules_: tuple[Rule, ...] = (IRAN,), since: timedelta = timedelta(days=1)) -> list[tuple]:
    volume = volumes.count(Volume(), matches, now=NOON + timedelta(hours=3))
    spikes = volumes.spikes(volume, rules_, since=NOON + timedelta(hours=3) - since, until=NOON + timedelta(hours=3))
    return [(spike.rule, spike.at, spike.count) for spike in spikes]


def test_a_burst_of_several_outlets_is_a_spike_and_says_what_made_it() -> None:
    volume = volumes.count(Volume(), [*quiet_week(), *burst()], now=NOON)
    (spike,) = volumes.spikes(volume, [IRAN], since=NOON, until=NOON + timedelta(hours=1))
    assert (spike.rule, spike.title, spike.at, spike.count, spike.usual) == ("iran", "Iran", NOON, 9, 1)
    assert spike.words[:2] == ("khamenei", "number")
    assert spike.outlets == ("Outlet 0", "Outlet 1", "Outlet 2", "Outlet 3")


SPIKES = [
    ("far more than usual", 9, 4, [0, 1, 2, 1] * 20, True),
    ("not five texts", 4, 4, [0] * 80, False),
    ("not three outlets", 9, 2, [0] * 80, False),
    ("nothing to compare with yet", 9, 4, [0] * 40, False),
    ("as much as usual", 9, 4, [5, 9, 14, 7] * 20, False),
    ("a rule that mostly meets nothing", 6, 3, [0] * 80, True),
    ("one early spike does not hide the next, as a mean would", 9, 4, [0, 1, 2, 1] * 20 + [400], True),
]


@pytest.mark.parametrize(("why", "texts", "outlets", "week", "spike"), SPIKES, ids=[case[0] for case in SPIKES])
def test_what_is_a_spike(why: str, texts: int, outlets: int, week: list[int], spike: bool) -> None:
    assert is_spike(texts, outlets, week) is spike


def test_a_text_is_counted_once_however_many_print_it() -> None:
    copies = [met(f"copy-{n}", NOON, f"Outlet {n}", title="Iran puts down protests") for n in range(9)]
    assert found(*quiet_week(), *copies) == []


def test_after_a_spike_there_is_none_for_a_day() -> None:
    later = [burst(at=NOON + timedelta(hours=n)) for n in (0, 1, 2)]
    assert found(*quiet_week(), *(match for one in later for match in one)) == [("iran", NOON, 9)]


def test_a_spike_is_told_in_one_digest() -> None:
    volume = volumes.count(Volume(), [*quiet_week(), *burst()], now=NOON)
    slots = [NOON + timedelta(hours=n) for n in (-24, 0, 1, 24)]
    told = [volumes.spikes(volume, [IRAN], since=a, until=b) for a, b in pairwise(slots)]
    assert [len(spikes) for spikes in told] == [0, 1, 0]


def test_the_same_texts_under_two_rules_are_one_spike() -> None:
    both = [Match(match.article, (Hit("iran", ()), Hit("china", ()))) for match in burst()]
    assert found(*quiet_week(), *quiet_week("china"), *both, rules_=(CHINA, IRAN)) == [("china", NOON, 9)]
    apart = [*burst(), *burst(rule="china")]
    assert [rule for rule, *_ in found(*quiet_week(), *quiet_week("china"), *apart, rules_=(CHINA, IRAN))] == ["china"]


def test_old_hours_are_forgotten() -> None:
    volume = volumes.count(Volume(), quiet_week(), now=NOON + timedelta(days=30))
    assert volume.hours == ()


@given(st.permutations(burst(6)), st.integers(0, 6))
def test_the_size_of_a_batch_changes_nothing(matches: list[Match], cut: int) -> None:
    once = volumes.count(Volume(), matches, now=NOON)
    first = volumes.count(Volume(), matches[:cut], now=NOON)
    assert volumes.count(first, matches[cut:], now=NOON).hours[0].texts == once.hours[0].texts


def test_a_run_that_died_before_it_could_commit_counts_nothing_twice() -> None:
    class Mortal(MemoryLog[Match]):
        dies = True

        def commit(self, reader: str, end: int) -> None:
            if reader == stages.VOLUME and end and self.dies:
                self.dies = False
                raise ConnectionError
            super().commit(reader, end)

    matches, table = Mortal(), MemoryTable[Volume]()
    matches.append(burst(3))
    compiled = rules.compile([CHINA], {})
    with pytest.raises(ConnectionError):
        stages.match(compiled, articles=MemoryLog(), matches=matches, volumes=table, now=NOON)
    matches.append(met(f"late-{n}", NOON + timedelta(hours=1)) for n in range(5))
    stages.match(compiled, articles=MemoryLog(), matches=matches, volumes=table, now=NOON)
    kept = table.get(stages.VOLUME)
    assert kept is not None
    assert [len(hour.texts) for hour in kept.hours] == [3, 5]
    assert dict(kept.hours[0].words)["khamenei"] == 3


def test_every_kind_of_channel_tells_a_spike() -> None:
    volume = volumes.count(Volume(), [*quiet_week(), *burst()], now=NOON)
    spikes = volumes.spikes(volume, [IRAN], since=NOON, until=NOON + timedelta(hours=1))
    for kind, words in (
        ("mail", "Iran: 9 articles between 14:00 and 15:00 on 8 Jul; usually 1 an hour; words: khamenei"),
        ("slack", "Iran: 9 articles between 14:00 and 15:00 on 8 Jul; usually 1 an hour; words: khamenei"),
        ("webhook", '"spikes": [{"rule": "iran", "at": "2026-07-08T12:00:00Z", "count": 9, "usual": "1"'),
    ):
        digest = newsroom.digest(kind)  # type: ignore[arg-type]
        assert digest.slot == SLOT
        message = render.digest(type(digest)(digest.subscription, digest.slot, digest.sections, 0, spikes))
        for part in (message.text, message.html) if kind == "mail" else (message.body,):
            assert words in part


def test_the_last_day_is_drawn_in_pairs_of_hours_up_to_the_slot() -> None:
    end = datetime(2026, 7, 1, 5, 30, tzinfo=UTC)
    at = [(2, "a"), (3, "b"), (4, "c"), (5, "after it"), (-19, "first"), (-20, "before it")]
    hours = tuple(
        Hour("iran", datetime(2026, 7, 1, tzinfo=UTC) + timedelta(hours=h), (name,), ("BBC",)) for h, name in at
    )
    counted = volumes.counts(Volume(hours))
    assert volumes.recent(counted, "iran", end) == (1, *(0,) * 9, 1, 2)
    assert volumes.recent(counted, "china", end) == ()
