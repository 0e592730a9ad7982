"""In which order what was chosen is told.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.model import SEVERITIES, Alert, Development, Digest, Member, Rule, Score, Section, Story, Subscription, Told


def alert(
    s: Subscription,
    developments: Sequence[Development],
    rules: Sequence[Rule],
    story: Story | None,
    told_before: datetime | None = None,
) -> Alert:
    """Tell what is new in one story, under the first of the subscription's rules that it meets."""
    return Alert(s, _first_rule(developments, _in_order(s, rules)), told(developments, story), told_before)


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
    scored = [(score(news, ordered, stories.get(story)), story, news) for story, news in _by_story(chosen).items()]
    scored.sort(key=lambda one: (_rank(one[0]), one[1]))
    kept = [
        (_first_rule(news, ordered), replace(told(news, stories.get(story)), score=made))
        for made, story, news in scored[: s.max_stories]
    ]
    under = [Section(rule, tuple(t for r, t in kept if r.id == rule.id)) for rule in ordered]
    sections = tuple(section for section in under if section.stories)
    return Digest(s, slot, sections, len(scored) - len(kept), silenced=silenced)


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
    return tuple(sorted(wanted, key=lambda rule: SEVERITIES.index(rule.severity)))


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


def score(developments: Sequence[Development], ordered: Sequence[Rule], story: Story | None) -> Score:
    """Weigh a story by what is new in it: a story of last week that forty outlets carried has no right to lead today.

    The outlets are those that have reported on their own since the first of what is told now.
    """
    first = min(d.article.seen for d in developments)
    voices = {m.voice or m.outlet for m in story.members if m.seen >= first and _reports(m)} if story else set()
    return Score(
        severity=_first_rule(developments, ordered).severity,
        outlets=len(voices or {d.article.outlet for d in developments}),
        newest=max(d.article.when for d in developments),
    )


def _reports(member: Member) -> bool:
    """Whether an article says something by itself: a copy is its original's, and a column tells no news."""
    return not member.copy_of and not member.reason.startswith("background")


def _rank(score: Score) -> tuple[int, int, float]:
    """Make the sort key of a score: what comes first has the smallest."""
    return SEVERITIES.index(score.severity), -score.outlets, -score.newest.timestamp()


def _also_in(news: Sequence[Development], story: Story | None) -> tuple[str, ...]:
    """Name the outlets that carry the story and are not told, in the order in which they came."""
    already = {d.article.outlet for d in news} | {""}
    members = sorted(story.members, key=lambda member: member.seen) if story else []
    return tuple(dict.fromkeys(member.outlet for member in members if member.outlet not in already))
