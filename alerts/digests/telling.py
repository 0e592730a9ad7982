"""In which order what was chosen is told.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.model import SEVERITIES, Alert, Development, Digest, Rule, Section, Story, Subscription, Told


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

    Stories are ranked by severity, then by the number of outlets that report on their own, then by recency; those
    beyond ``s.max_stories`` are counted in ``more``.
    """
    ordered = _in_order(s, rules)
    ranked = sorted(_by_story(chosen).items(), key=lambda kv: _rank(kv[1], ordered, stories.get(kv[0])))
    kept = [(_first_rule(news, ordered), told(news, stories.get(story))) for story, news in ranked[: s.max_stories]]
    under = [Section(rule, tuple(t for r, t in kept if r.id == rule.id)) for rule in ordered]
    sections = tuple(section for section in under if section.stories)
    return Digest(s, slot, sections, len(ranked) - len(kept), silenced=silenced)


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


def _rank(
    developments: Sequence[Development], ordered: Sequence[Rule], story: Story | None
) -> tuple[int, int, float, str]:
    """Make the sort key of a story: what comes first has the smallest."""
    severity = SEVERITIES.index(_first_rule(developments, ordered).severity)
    outlets = {d.article.outlet for d in developments}
    outlets |= {m.outlet for m in story.members if not m.copy_of} if story else set()
    newest = max(d.article.when for d in developments)
    return severity, -len(outlets), -newest.timestamp(), developments[0].story


def _also_in(news: Sequence[Development], story: Story | None) -> tuple[str, ...]:
    """Name the outlets that carry the story and are not told, in the order in which they came."""
    already = {d.article.outlet for d in news} | {""}
    members = sorted(story.members, key=lambda member: member.seen) if story else []
    return tuple(dict.fromkeys(member.outlet for member in members if member.outlet not in already))
