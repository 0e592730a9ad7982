"""What all subscriptions share in one run of compose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts import digests as digests_
from alerts import render
from alerts.model import (
    Alert,
    Development,
    Digest,
    Message,
    Rule,
    Silence,
    Story,
    Subscription,
    Volume,
    Waiting,
)
from alerts.ports import Dress, Outbox, Reader, Table
from alerts.stages.composing.shelf import Shelf
from alerts.stages.composing.turns import Turn
from alerts.stages.composing.words import Words


@dataclass(frozen=True, slots=True)
class Round:
    """The news, read once, and what is known of it; ``count`` is what the report says."""

    rules: tuple[Rule, ...]
    shelf: Shelf
    readers: Mapping[str, Reader]
    story: Callable[[str], Story | None]
    words: Words
    plates: render.Plates
    volume: Volume
    hours: Mapping[tuple[str, datetime], int]
    silences: tuple[Silence, ...]
    slots: Table[datetime]
    outbox: Outbox
    waiting: Table[Waiting]
    dress: Dress | None
    notices: dict[str, None]
    count: Counter[str]
    now: datetime
    link: Callable[[str], str]
    """From the name of a digest to where it can be seen in a browser; empty if nowhere."""
    manage: Callable[[str], str] = lambda _: ""
    """From a subscription to where its one reader changes it; empty if nobody does."""

    def position(self, s: Subscription) -> int:
        """Say how far a subscription has read."""
        return self.readers[s.id].position if s.id in self.readers else 0

    def passed_over(self, s: Subscription) -> Turn:
        """Read on to the end of the log, and let go what was waiting."""
        end, goes_on = self.position(s), True
        while goes_on:
            _, end, goes_on = self.shelf.read(end, (), blocks=1)
        return Turn(s.id, end, left=Waiting() if self.waiting.get(s.id) else None)

    def written(self, told: Alert | Digest) -> Message:
        """Write a message by the user's templates where there are some, and by ours where those are wrong."""
        message = render.alert(told, self.plates) if isinstance(told, Alert) else render.digest(told, self.plates)
        if self.dress is None:
            return message
        message, wrong = self.dress(told, message)
        if wrong:
            self.notices[wrong] = None
        return message

    def choose(
        self, s: Subscription, news: Iterable[Development], before: Sequence[Subscription] = ()
    ) -> tuple[tuple[Development, ...], int]:
        """Give what concerns a subscription, each once, and how much of the rest a silence holds."""
        chosen: dict[str, Development] = {}
        silenced = 0
        for development in news:
            story = self.story(development.story) if s.inhibitions else None
            said = digests_.verdict(s, development, story=story, silences=self.silences, before=before, now=self.now)
            if isinstance(said, Development):
                chosen.setdefault(said.key, said)
            else:
                silenced += said.startswith("silenced")
                self.count["held"] += said.startswith(("held", "kept"))
        self.count["silenced"] += silenced
        return tuple(chosen.values()), silenced
