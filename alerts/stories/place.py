"""Place matches in stories, one after the other.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.model import Development, Match, Member, Rule, Story
from alerts.stories import bridges, holds, novelty
from alerts.stories.bridges import Bridges, Scripts
from alerts.stories.copies import Copies
from alerts.stories.novelty import Told
from alerts.stories.space import Space
from alerts.stories.voices import Family, Voices
from alerts.text import lead

OPEN = timedelta(hours=72)
"""A story without news for so long is closed: what comes later opens a new one."""

_FEED_FOOT = re.compile(
    r"\s*The post .{0,300}? appeared first on .{0,80}$|\s*(View Full Coverage on|Zobacz .*) Google News\W*$"
)
"""What feeds put behind every text; it would make all articles of an outlet alike."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a match was placed: the story with the article in it, the reason, and the development if it is one."""

    story: Story
    reason: str
    development: Development | None


def place_all(
    matches: Iterable[Match],
    stories: Sequence[Story],
    *,
    now: datetime,
    rules: Sequence[Rule] = (),
    families: Sequence[Family] = (),
) -> tuple[Placed, ...]:
    """Place each match in one of the open stories or in a new one, in the order in which they were seen.

    What was seen at once is taken in the order in which it was published.  How the stream is cut into batches makes no
    difference.  A version of an article that a story holds already is left as it is and gives nothing: a run that died
    after it had kept the stories must not find news in its own work.
    """
    return Desk(stories, rules=rules, families=families).place_all(matches, now=now)


class Desk:
    """The open stories, with all that is needed to place the next article among them."""

    def __init__(
        self, stories: Sequence[Story], *, rules: Sequence[Rule] = (), families: Sequence[Family] = ()
    ) -> None:
        self._stories = {story.id: story for story in stories}
        self._home = {member.article: story.id for story in stories for member in story.members}
        self._told: dict[str, Told] = {}
        self._space = Space(stories)
        self._copies = Copies(stories)
        self._bridges = Bridges(stories)
        self._scripts = Scripts(stories)
        self._rules = {rule.id: rule for rule in rules}
        self._voices = Voices(families)

    @property
    def closed(self) -> datetime | None:
        """When the last news came of the stories that were closed; ``None`` if none was.

        For an article that is seen less than ``OPEN`` after it, one of them would have to be open.
        """
        return self._space.closed

    def place_all(self, matches: Iterable[Match], *, now: datetime) -> tuple[Placed, ...]:
        """Place each match, in the order of ``place_all`` of this module."""
        ordered = sorted(matches, key=lambda match: (match.article.seen, match.article.when, match.key))
        placed = (self.place(match, now=now) for match in ordered)
        return tuple(step for step in placed if step)

    def place(self, match: Match, *, now: datetime) -> Placed | None:
        """Place one article; ``None`` if a story holds this version of it already."""
        member = self._member(match)
        home = self._home.get(member.article)
        if home and any(
            (m.article, m.version) == (member.article, member.version) for m in self._stories[home].members
        ):
            return None
        self._close(member.seen - OPEN)
        copied = self._original(member)
        story, shared = self._where(member, copied)
        told = self._told.get(story.id) or Told(story.members)
        reason = novelty.reason(member, told, copied, self._space)
        if copied and reason.startswith("copy of"):
            member = replace(member, voice=copied.voice or copied.outlet)
        member = replace(member, reason=reason, copy_of=copied.article if copied else "", shared=shared)
        return self._keep(story, match, member, told, now)

    def _keep(self, story: Story, match: Match, member: Member, told: Told, now: datetime) -> Placed:
        """Keep the article in its story, and tell what no rule holds back."""
        voices = len(told.voices | {member.voice or member.outlet})
        kept, why = holds.held(match, member, story.members, voices, self._rules)
        reason = f"{member.reason}; {why}" if why else member.reason
        member = replace(member, reason=reason, told=tuple(hit.rule for hit in kept.hits) if kept else ())
        grown = replace(story, updated=now, members=(*story.members, member))
        self._stories[grown.id] = grown
        self._home[member.article] = grown.id
        told.add(member)
        if story.members:  # what one article told is soon read again, and most stories have no second one
            self._told[grown.id] = told
        self._space.add(grown.id, member)
        self._copies.add(member)
        self._bridges.add(grown.id, member)
        self._scripts.add(grown.id, member)
        return Placed(grown, reason, Development(grown.id, kept, reason, made=now) if kept else None)

    def _where(self, member: Member, copied: Member | None) -> tuple[Story, tuple[str, ...]]:
        """Find the story: its own, its original's, one in another language, one that it is like, or a new one."""
        home = self._home.get(member.article) or (self._home[copied.article] if copied else "")
        if home:
            return self._stories[home], ()
        if bridge := self._bridges.joined(member):
            return self._stories[bridge[0]], bridge[1]
        if near := self._scripts.nearest(member) or self._space.nearest(member):
            return self._stories[near.story], near.shared
        return Story(f"s-{member.article.removeprefix('a-')}", member.seen, member.seen, ()), ()

    def _original(self, member: Member) -> Member | None:
        """Give the earliest article that this one copies; of a copy, what it is a copy of."""
        first = next(iter(self._copies.originals(member)), None)
        if first is None or not first.copy_of:
            return first
        members = self._stories[self._home[first.article]].members
        return next((m for m in members if m.article == first.copy_of), first)

    def _close(self, before: datetime) -> None:
        """Forget the stories that are closed; their articles can still come in new versions, as new ones."""
        for story in self._space.close(before):
            for member in self._stories.pop(story).members:
                self._home.pop(member.article, None)
                self._copies.remove(member)
                self._bridges.remove(story, member)
            self._scripts.remove(story)
            self._told.pop(story, None)

    def _member(self, match: Match) -> Member:
        """Give the article of a match the form in which a story keeps it; the reason comes when it is placed."""
        a = match.article
        voice = self._voices.of(a)
        return Member(
            article=a.id,
            version=a.version,
            outlet=a.outlet,
            url=a.url,
            title=a.title,
            lead=lead(_FEED_FOOT.sub("", a.text)),
            seen=a.seen,
            lang=a.lang,
            reason="",
            voice=voice.name,
            notes=voice.notes,
            watch=bridges.watch(match),
        )
