"""Place matches in stories, one after the other.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.model import Development, Match, Member, Story
from alerts.stories import novelty
from alerts.stories.copies import original
from alerts.stories.space import Space
from alerts.text import lead

OPEN = timedelta(hours=72)
"""A story without news for so long is closed: what comes later opens a new one."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a match was placed: the story with the article in it, the reason, and the development if it is one."""

    story: Story
    reason: str
    development: Development | None


def place_all(matches: Iterable[Match], stories: tuple[Story, ...], *, now: datetime) -> tuple[Placed, ...]:
    """Place each match in one of the open stories or in a new one, in the order in which they were published.

    Feeds give their newest entry first and are read one after the other, so that the order of arrival says little.
    A version of an article that a story holds already is left as it is and gives nothing: a run that died after it had
    kept the stories must not find news in its own work.
    """
    known = {story.id: story for story in stories}
    home = {member.article: story.id for story in stories for member in story.members}
    space = Space(stories)
    placed = []
    for match in sorted(matches, key=lambda match: (match.article.when, match.key)):
        member = _member(match)
        story = known.get(home.get(member.article) or space.nearest(member)[0] or "")
        if story and any((m.article, m.version) == (member.article, member.version) for m in story.members):
            continue
        step = _place(match, member, story, space, now)
        known[step.story.id] = step.story
        home[member.article] = step.story.id
        space.add(step.story.id, member)
        placed.append(step)
    return tuple(placed)


def _member(match: Match) -> Member:
    """Give the article of a match the form in which a story keeps it; the reason comes when it is placed."""
    a = match.article
    return Member(
        article=a.id,
        version=a.version,
        outlet=a.outlet,
        url=a.url,
        title=a.title,
        lead=lead(a.text),
        seen=a.seen,
        lang=a.lang,
        reason="",
    )


def _place(match: Match, member: Member, story: Story | None, space: Space, now: datetime) -> Placed:
    """Put one article into the story, or into a new one that it opens."""
    if story is None:
        story = Story(f"s-{member.article.removeprefix('a-')}", opened=now, updated=now, members=())
    copied = original(member, story.members)
    reason = novelty.reason(member, story.members, copied, space)
    kept = replace(member, reason=reason, copy_of=copied.article if copied else "")
    grown = replace(story, updated=now, members=(*story.members, kept))
    told = novelty.is_told(reason)
    return Placed(grown, reason, Development(story.id, match, reason, made=now) if told else None)
