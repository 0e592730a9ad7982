"""What is due to whom, and in which order.  Pure.

A digest is a slow reader of the same log that an alert reads at once: ``last_slot`` says when it reads, ``select`` what
of it concerns the subscription, ``digest`` in which order it is told.  In which words is for :mod:`alerts.summaries`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.model import Alert, Development, Digest, Hit, Match, Rule, Section, Story, Subscription, Told

_SEVERITIES = {"flash": 0, "urgent": 1, "routine": 2}


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def last_slot(s: Subscription, now: datetime) -> datetime:
    """Give the last time, in UTC, at or before ``now`` at which the clock on the subscriber's wall showed ``s.at``.

    A time that the clock skips in spring is the first instant after the gap; one that it shows twice in autumn is its
    first.  The subscription must be one for a digest: ``s.at`` is not ``None``.

    >>> from datetime import time
    >>> s = Subscription("anna", ("iran",), "mail", "mail", at=time(7, 30), zone="Europe/Warsaw")
    >>> last_slot(s, datetime(2026, 7, 1, 8, tzinfo=UTC)).isoformat()
    '2026-07-01T05:30:00+00:00'
    """
    today = now.astimezone(ZoneInfo(s.zone)).date()
    # A clock set back over midnight shows yesterday's date after today's slot: hence tomorrow too.
    days = [today + timedelta(days=n) for n in (1, 0, -1, -2)]
    return max(slot for slot in (_instant(s, day) for day in days) if slot <= now)


def _instant(s: Subscription, day: date) -> datetime:
    """Give the instant of the slot on this local day."""
    if s.at is None:
        raise ValueError(f'subscription "{s.id}" has no time for a digest')
    wall = datetime.combine(day, s.at.replace(tzinfo=None), tzinfo=ZoneInfo(s.zone))
    before = wall.replace(fold=0).astimezone(UTC)
    if before.astimezone(wall.tzinfo).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return before
    return _gap_end(wall)


def _gap_end(wall: datetime) -> datetime:
    """Find the first instant after the gap that ``wall`` falls into, to the second.

    PEP 495: in a gap, ``fold=1`` reads the time with the offset after it, which lies before the change, and ``fold=0``
    the other way round.  The change is between the two.
    """
    low, high = wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC)
    offset = high.astimezone(wall.tzinfo).utcoffset()
    low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(wall.tzinfo).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high


# ── what ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def select(s: Subscription, developments: Iterable[Development]) -> tuple[Development, ...]:
    """Keep the developments that meet a rule of the subscription at its strength, each once, in the order given.

    Each keeps only the hits that are wanted: what is about Iran and mentions tariffs does not stand under tariffs in a
    digest that asks what is about them.
    """
    chosen: dict[str, Development] = {}
    for development in developments:
        hits = wanted(s, development.match)
        if hits:
            chosen.setdefault(development.key, replace(development, match=replace(development.match, hits=hits)))
    return tuple(chosen.values())


def wanted(s: Subscription, match: Match) -> tuple[Hit, ...]:
    """Give the hits of rules that the subscription asks for, if they are strong enough for it."""
    return tuple(
        hit for hit in match.hits if hit.rule in s.rules and (s.strength == "mention" or hit.strength == "about")
    )


def alert(s: Subscription, development: Development, rules: Sequence[Rule], story: Story | None) -> Alert:
    """Tell one development, under the first of the subscription's rules that it meets."""
    return Alert(s, _first_rule([development], _in_order(s, rules)), told([development], story))


def digest(
    s: Subscription,
    slot: datetime,
    chosen: Sequence[Development],
    rules: Sequence[Rule],
    stories: Mapping[str, Story | None],
) -> Digest:
    """Tell each story once, under the first of the subscription's rules that it meets, the weightiest first.

    Stories are ranked by severity, then by the number of outlets that report on their own, then by recency; those
    beyond ``s.max_stories`` are counted in ``more``.
    """
    ordered = _in_order(s, rules)
    ranked = sorted(_by_story(chosen).items(), key=lambda kv: _rank(kv[1], ordered, stories.get(kv[0])))
    kept = [(_first_rule(news, ordered), told(news, stories.get(story))) for story, news in ranked[: s.max_stories]]
    under = [Section(rule, tuple(t for r, t in kept if r.id == rule.id)) for rule in ordered]
    return Digest(s, slot, tuple(section for section in under if section.stories), len(ranked) - len(kept))


def told(developments: Sequence[Development], story: Story | None) -> Told:
    """Put together what is new in one story; ``developments`` are all of that story, and not none.

    Its headline is its newest title until it is summarised.
    """
    news = sorted(developments, key=lambda d: (d.article.when, d.key))
    return Told(
        story=news[0].story,
        headline=news[-1].article.title,
        developments=tuple(news),
        also_in=_also_in(news, story),
    )


def each(digest: Digest, put: Callable[[Told], Told]) -> Digest:
    """Put every story of a digest in words."""
    sections = tuple(replace(section, stories=tuple(map(put, section.stories))) for section in digest.sections)
    return replace(digest, sections=sections)


# ── in which order ───────────────────────────────────────────────────────────────────────────────────────────────────


def _in_order(s: Subscription, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Give the subscription's rules, flash before urgent before routine, else as the subscriber wrote them.

    A rule that has left the configuration since its match was made is told by its id.
    """
    known = {rule.id: rule for rule in rules}
    wanted = [known.get(name, Rule(id=name, title=name)) for name in dict.fromkeys(s.rules)]
    return tuple(sorted(wanted, key=lambda rule: _SEVERITIES[rule.severity]))


def _met(development: Development) -> set[str]:
    """Name the rules that the development meets."""
    return {hit.rule for hit in development.match.hits}


def _first_rule(developments: Iterable[Development], ordered: Sequence[Rule]) -> Rule:
    """Give the first rule that one of them meets; the first of all if the rules have changed under them."""
    met = set().union(*map(_met, developments))
    return next((rule for rule in ordered if rule.id in met), ordered[0])


def _by_story(developments: Iterable[Development]) -> dict[str, list[Development]]:
    """Sort the developments by their story."""
    found: dict[str, list[Development]] = {}
    for development in developments:
        found.setdefault(development.story, []).append(development)
    return found


def _rank(
    developments: Sequence[Development], ordered: Sequence[Rule], story: Story | None
) -> tuple[int, int, float, str]:
    """Make the sort key of a story: what comes first has the smallest."""
    severity = _SEVERITIES[_first_rule(developments, ordered).severity]
    outlets = {d.article.outlet for d in developments}
    outlets |= {m.outlet for m in story.members if not m.copy_of} if story else set()
    newest = max(d.article.when for d in developments)
    return severity, -len(outlets), -newest.timestamp(), developments[0].story


def _also_in(news: Sequence[Development], story: Story | None) -> tuple[str, ...]:
    """Name the outlets that carry the story and are not told, in the order in which they came."""
    already = {d.article.outlet for d in news} | {""}
    members = sorted(story.members, key=lambda member: member.seen) if story else []
    return tuple(dict.fromkeys(member.outlet for member in members if member.outlet not in already))
