"""In which order what was chosen is told.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.model import (
    SEVERITIES,
    Alert,
    Development,
    Digest,
    Member,
    Rule,
    Score,
    Section,
    Severity,
    Story,
    Subscription,
    Told,
)


def alert(
    s: Subscription,
    developments: Sequence[Development],
    rules: Sequence[Rule],
    story: Story | None,
    told_before: datetime | None = None,
) -> Alert:
    """Tell what is new in one story, under the first of the subscription's rules that it meets."""
    put = told(developments, story, _in_order(s, rules))
    return Alert(s, put.rules[0], put, told_before)


def digest(
    s: Subscription,
    slot: datetime,
    chosen: Sequence[Development],
    rules: Sequence[Rule],
    stories: Mapping[str, Story | None],
    silenced: int = 0,
) -> Digest:
    """Tell each story once, under the first of the subscription's rules that it meets, the weightiest first.

    Stories are ranked by their ``score``; those beyond ``s.max_stories`` are counted in ``more``.
    """
    ordered = _in_order(s, rules)
    every = [told(news, stories.get(story), ordered) for story, news in _by_story(chosen).items()]
    every.sort(key=_rank)
    kept = every[: s.max_stories]
    under = [Section(rule, tuple(t for t in kept if t.rules[0].id == rule.id)) for rule in ordered]
    sections = tuple(section for section in under if section.stories)
    return Digest(s, slot, sections, len(every) - len(kept), silenced=silenced)


def told(developments: Sequence[Development], story: Story | None, ordered: Sequence[Rule] = ()) -> Told:
    """Put together what is new in one story; ``developments`` are all of that story, and not none.

    Its headline is its newest title until it is summarised.  ``ordered`` are the subscription's rules, by which it is
    weighed.
    """
    met = _met(developments, ordered)
    news = sorted(developments, key=lambda d: (d.article.when, d.key))
    return Told(
        story=news[0].story,
        headline=news[-1].article.title,
        developments=tuple(news),
        also_in=_also_in(news, story),
        rules=met,
        score=score(news, story, met[0].severity if met else "routine"),
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
    return tuple(sorted(wanted, key=lambda rule: SEVERITIES.index(rule.severity)))


def _met(developments: Iterable[Development], ordered: Sequence[Rule]) -> tuple[Rule, ...]:
    """Give the rules that one of them meets; the first of all if the rules have changed under them."""
    met = {hit.rule for development in developments for hit in development.match.hits}
    return tuple(rule for rule in ordered if rule.id in met) or tuple(ordered[:1])


def _by_story(developments: Iterable[Development]) -> dict[str, list[Development]]:
    """Sort the developments by their story."""
    found: dict[str, list[Development]] = {}
    for development in developments:
        found.setdefault(development.story, []).append(development)
    return found


def score(developments: Sequence[Development], story: Story | None, severity: Severity) -> Score:
    """Weigh a story by what is new in it: a story of last week that forty outlets carried has no right to lead today.

    The outlets are those that have reported on their own since the first of what is told now.
    """
    first = min(d.article.seen for d in developments)
    voices = {m.voice or m.outlet for m in story.members if m.seen >= first and _reports(m)} if story else set()
    return Score(
        severity=severity,
        outlets=len(voices or {d.article.outlet for d in developments}),
        newest=max(d.article.when for d in developments),
    )


def _reports(member: Member) -> bool:
    """Whether an article says something by itself: a copy is its original's, and a column tells no news."""
    return not member.copy_of and not member.reason.startswith("background")


def _rank(told: Told) -> tuple[int, int, float, str]:
    """Make the sort key of a story out of its score, which the reader is shown: what comes first has the smallest."""
    of = told.score
    if of is None:
        return len(SEVERITIES), 0, 0.0, told.story
    return SEVERITIES.index(of.severity), -of.outlets, -of.newest.timestamp(), told.story


def _also_in(news: Sequence[Development], story: Story | None) -> tuple[str, ...]:
    """Name the outlets that carry the story and are not told, in the order in which they came."""
    already = {d.article.outlet for d in news} | {""}
    members = sorted(story.members, key=lambda member: member.seen) if story else []
    return tuple(dict.fromkeys(member.outlet for member in members if member.outlet not in already))
