"""How much a rule meets in an hour, and when that is far more than usual.  Pure.

A spike is an hour whose modified z-score, by the median and the median absolute deviation of the week before, is over
3.5 (Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993), with at least five texts of three outlets, and
none in the 24 hours before.  A mean would be lifted by the very spikes that are looked for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from statistics import median

from alerts.model import Article, Hour, Match, Rule, Spike, Volume
from alerts.text import COMMON_WORDS, folds

HOUR = timedelta(hours=1)
KEPT = timedelta(days=8)
"""How long hours are kept: a week to compare with, and a day to look at."""

WEEK = timedelta(days=7)
LEAST = 48
"""With fewer hours to compare with than this, nothing is called unusual."""

Z = 3.5
TO_SIGMA = 0.6745
"""The median absolute deviation of a normal distribution in standard deviations."""

LEAST_DEVIATION = 1.0
"""A rule that meets nothing in most hours deviates by nothing, and two articles would be infinitely many."""

TEXTS, OUTLETS = 5, 3
COOLDOWN = timedelta(hours=24)
NAMED = 5
"""How many words and outlets a spike names."""


# ── counting ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Counting:
    """An hour while it is counted."""

    texts: dict[str, None] = field(default_factory=dict)
    outlets: dict[str, None] = field(default_factory=dict)
    words: Counter[str] = field(default_factory=Counter)


def count(volume: Volume, matches: Iterable[Match], *, now: datetime) -> Volume:
    """Add matches to the hours in which their articles were seen; a text of that hour or of the day before counts once.

    So counting the same matches twice is counting them once.
    """
    hours: defaultdict[tuple[str, datetime], _Counting] = defaultdict(_Counting)
    for hour in volume.hours:
        words = Counter(dict(hour.words))
        hours[hour.rule, hour.at] = _Counting(dict.fromkeys(hour.texts), dict.fromkeys(hour.outlets), words)
    for match in matches:
        for hit in match.hits:
            _add(hours, hit.rule, match.article)
    kept = sorted((rule, at) for rule, at in hours if now - KEPT <= at)
    return Volume(tuple(_hour(rule, at, hours[rule, at]) for rule, at in kept))


def counts(volume: Volume) -> dict[tuple[str, datetime], int]:
    """Give how many texts each rule met in each hour."""
    return {(hour.rule, hour.at): len(hour.texts) for hour in volume.hours}


def recent(counted: Mapping[tuple[str, datetime], int], rule: str, until: datetime) -> tuple[int, ...]:
    """Give what a rule met in each two of the 24 hours before ``until``, the oldest first; empty if it met nothing."""
    end = _begin(until)
    pairs = [end - n * HOUR for n in range(24, 0, -2)]
    found = tuple(counted.get((rule, at), 0) + counted.get((rule, at + HOUR), 0) for at in pairs)
    return found if any(found) else ()


def _add(hours: Mapping[tuple[str, datetime], _Counting], rule: str, article: Article) -> None:
    """Count an article once, under the name of its text."""
    at, name = _begin(article.seen), _name(article)
    if any(name in hours[key].texts for n in range(25) if (key := (rule, at - n * HOUR)) in hours):
        return
    hour = hours[rule, at]
    hour.texts[name] = None
    hour.outlets[article.outlet] = None
    hour.words.update(word for word in set(folds(article.title)) if len(word) > 2 and word not in COMMON_WORDS)


def _begin(when: datetime) -> datetime:
    """Give the beginning of the hour, in UTC."""
    return when.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _name(article: Article) -> str:
    """Name a text by the words of its title, in whatever order; one without a title by its id."""
    words = " ".join(sorted(set(folds(article.title)))) or article.id
    return blake2b(words.encode("utf-8", "replace"), digest_size=5).hexdigest()


def _hour(rule: str, at: datetime, counted: _Counting) -> Hour:
    """Keep of an hour what a spike would name."""
    words = sorted(((word, n) for word, n in counted.words.items() if n > 1), key=lambda pair: (-pair[1], pair[0]))
    return Hour(rule, at, tuple(counted.texts), tuple(counted.outlets), tuple(words[: 8 * NAMED]))


# ── spikes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def spikes(volume: Volume, rules: Sequence[Rule], *, since: datetime, until: datetime) -> tuple[Spike, ...]:
    """Give the spikes of the rules in the hours that ended after ``since`` and not after ``until``, oldest first.

    What is mostly of the same texts as the spike of another rule, in the same hour, is told under the first of them.
    """
    texts = {(hour.rule, hour.at): set(hour.texts) for hour in volume.hours}
    found: list[Spike] = []
    for rule in rules:
        for spike in _spikes(volume, rule, until):
            mine = texts[rule.id, spike.at]
            same = any(o.at == spike.at and len(texts[o.rule, o.at] & mine) * 2 > len(mine) for o in found)
            if since < spike.at + HOUR and not same:
                found.append(spike)
    return tuple(sorted(found, key=lambda spike: spike.at))


def _spikes(volume: Volume, rule: Rule, until: datetime) -> Iterator[Spike]:
    """Walk through all hours of one rule, so that the cool-down is the same whichever are asked for."""
    known = {hour.at: hour for hour in volume.hours if hour.rule == rule.id}
    began = min((hour.at for hour in volume.hours), default=until)
    last: datetime | None = None
    for at in sorted(known):
        if at + HOUR > until or (last and at - last < COOLDOWN):
            continue
        week = [len(known[t].texts) if t in known else 0 for t in _hours(max(began, at - WEEK), at)]
        hour = known[at]
        if is_spike(len(hour.texts), len(hour.outlets), week):
            last = at
            yield Spike(
                rule.id,
                rule.title or rule.id,
                at,
                len(hour.texts),
                median(week),
                hour.outlets[:NAMED],
                _unusual(hour, known),
            )


def is_spike(texts: int, outlets: int, week: list[int]) -> bool:
    """Whether so many texts of so many outlets are far more than the hours before had.

    >>> is_spike(9, 4, [0, 1, 2, 1] * 20), is_spike(9, 2, [0, 1, 2, 1] * 20), is_spike(9, 4, [5, 9, 14, 7] * 20)
    (True, False, False)
    """
    if texts < TEXTS or outlets < OUTLETS or len(week) < LEAST:
        return False
    middle = median(week)
    deviation = max(median(abs(n - middle) for n in week), LEAST_DEVIATION)
    return TO_SIGMA * (texts - middle) / deviation > Z


def _hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    """Give the hours from the one to before the other."""
    while begin < end:
        yield begin
        begin += HOUR


def _unusual(hour: Hour, known: Mapping[datetime, Hour]) -> tuple[str, ...]:
    """Give the words of an hour that the other hours have least of: those of the rule are in all."""
    usual: Counter[str] = Counter()
    for other in known.values():
        if other.at != hour.at:
            usual.update(word for word, _ in other.words)
    ranked = sorted(hour.words, key=lambda pair: (-pair[1] / (1 + usual[pair[0]]), pair[0]))
    return tuple(word for word, _ in ranked[:NAMED])
