"""An archive played through other rules: match and group in memory, then what was placed where, and the digests.

::

    articles.jsonl ─▶ by the time they were seen ─▶ match ─▶ group ─┬▶ a line for each that was matched
                                                                    └▶ compose at each slot ─▶ digests in a folder

The stages are those of the line, on stores that keep nothing.  The clock is the archive's: a batch is grouped at the
time at which its last article was seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts import app as app_
from alerts import config as config_
from alerts import digests as digests_
from alerts import lines, stages, trials
from alerts import rules as rules_
from alerts.adapters.inbox import InboxChannel
from alerts.adapters.sql import queries
from alerts.app import Stores
from alerts.config import Config
from alerts.errors import ConfigError
from alerts.model import Article, Match, Member, Subscription
from alerts.ports import K, Log

BATCH = 500
"""How many articles are grouped at once; any number gives the same stories."""


def configured(folder: Path, *, whole: bool) -> Config:
    """Read the configuration: its rules alone, or ``whole`` with the subscriptions.

    Raises:
        ConfigError: A file is wrong; every problem is in it.
    """
    if not whole:
        return trials.watch_in(folder)
    config, problems = config_.check(config_.read(folder))
    if problems:
        raise ConfigError(problems)
    return config


class Replay:
    """One archive under one configuration.  ``run`` it, then ask for the ``placed`` lines; each once."""

    def __init__(self, config: Config, *, batch: int = BATCH, folder: Path | None = None) -> None:
        self._config = config
        self._rules = rules_.compile(config.rules, {w.id: w for w in config.watchlists})
        self._batch = batch
        self._folder = folder
        self._stores = Stores.in_memory()
        self._opened = stages.Opened()
        self._daily = tuple(s for s in config.subscriptions if s.cron) if folder else ()

    def run(self, articles: Iterable[Article]) -> None:
        """Play the articles in the order in which they were seen, and compose each digest at its slot."""
        ordered = sorted(articles, key=lambda article: (article.seen, article.when, article.key))
        if not ordered:
            return
        for s in self._daily:
            self._stores.developments.subscribe(s.id, now=ordered[0].seen)
        start = 0
        for slot in _slots(self._daily, ordered[0].seen, ordered[-1].seen):
            end = next((n for n in range(start, len(ordered)) if ordered[n].seen > slot), len(ordered))
            self._play(ordered[start:end])
            self._compose(slot)
            start = end
        self._play(ordered[start:])

    def placed(self) -> Iterator[str]:
        """Give a line for each matched article, in the order in which they were matched."""
        stories = self._stores.stories.values()
        home = {(m.article, m.version): (story.id, m) for story in stories for m in story.members}
        told = {development.key for development in _all(self._stores.developments)}
        matches = list(_all(self._stores.matches))
        numbered = {m.article.id for m in matches if lines.NUMBERED in m.article.notes}
        for match in matches:
            story, member = home[match.article.id, match.article.version]
            yield _line(match, story, member, told=match.key in told, numbered=numbered)

    def _play(self, articles: Sequence[Article]) -> None:
        """Match and group, a batch at a time."""
        stores = self._stores
        for at in range(0, len(articles), self._batch):
            batch = articles[at : at + self._batch]
            stores.articles.append(batch)
            now = batch[-1].seen
            stages.match(self._rules, articles=stores.articles, matches=stores.matches, now=now)
            stages.group(
                self._config.rules,
                self._config.families,
                matches=stores.matches,
                stories=stores.stories,
                developments=stores.developments,
                now=now,
                opened=self._opened,
            )

    def _compose(self, slot: datetime) -> None:
        """Compose the digests that are due, and write them into the folder."""
        stores = self._stores
        stages.compose(
            self._daily,
            self._config.rules,
            developments=stores.developments,
            stories=stores.stories,
            slots=stores.slots,
            outbox=stores.outbox,
            silences=stores.silences,
            waiting=stores.waiting,
            now=slot,
        )
        stages.deliver(channels=self._channels(), outbox=stores.outbox, states=stores.channels, clock=lambda: slot)

    def _channels(self) -> Mapping[str, InboxChannel]:
        """Give every channel the folder in its place; nothing is signed for anybody."""
        folder = self._folder or Path()
        return {c.id: InboxChannel(folder, c.kind, sender=c.sender, secret=_NO_SECRET) for c in self._config.channels}


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a span of the archive: counts, a line for each article that was matched, and where it is kept."""

    counts: Mapping[str, int]
    lines: tuple[str, ...]
    folder: Path | None


def span(lookup: app_.Lookup, *, rules: str, since: str | None, until: str | None, dry: bool = True) -> Played:
    """Play what SQL has of a span of time through the rules in force, or those of a folder inside the configuration's.

    Times are in ISO form; without them it is the last day.  Unless it is dry, the lines and the digests are written
    into ``replay/`` of the installation's folder.

    Raises:
        ConfigError: A file is wrong; every problem is in it.
        StoreError: SQL cannot be opened.
    """
    end = _moment(until) or app_.utc()
    begin = _moment(since) or end - timedelta(days=1)
    folder = None if dry else app_.folder_of(lookup) / "replay" / f"{begin:%Y%m%dT%H%M%S}-{end:%Y%m%dT%H%M%S}"
    replay = Replay(configured(app_.config_of(lookup) / rules, whole=not dry), folder=folder)
    with app_.open_sql(lookup) as engine:
        articles = queries.written_between(engine, "articles", Article, begin, end)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    replay.run(articles)
    placed = tuple(replay.placed())
    if folder:
        (folder / "placed.jsonl").write_text("".join(f"{line}\n" for line in placed))
    told = sum(json.loads(line)["development"] for line in placed)
    return Played({"articles": len(articles), "matched": len(placed), "told": told}, placed, folder)


def _moment(written: str | None) -> datetime | None:
    """Read an ISO time; one without a zone is UTC."""
    time_ = datetime.fromisoformat(written) if written else None
    return time_.replace(tzinfo=UTC) if time_ and time_.tzinfo is None else time_


_NO_SECRET = "whsec_" + "A" * 32


def _slots(daily: Sequence[Subscription], first: datetime, last: datetime) -> list[datetime]:
    """Give every slot after the first article, up to the one after the last."""
    found: set[datetime] = set()
    for s in daily:
        slot = digests_.next_slot(s, first)
        while slot < last:
            found.add(slot)
            slot = digests_.next_slot(s, slot)
        found.add(slot)
    end = min((slot for slot in found if slot >= last), default=last)
    return sorted(slot for slot in found if slot <= end)


def _all(log: Log[K]) -> Iterator[K]:
    """Read a log from its beginning, under a name of our own."""
    while batch := log.read("replay"):
        yield from batch.values
        log.commit("replay", batch.end)


def _line(match: Match, story: str, member: Member, *, told: bool, numbered: set[str]) -> str:
    """Write where a match was placed; ids are numbers again if they came as such."""

    def named(id_: str) -> str | int:
        return int(id_) if id_ in numbered else id_

    return json.dumps(
        {
            "id": named(match.article.id),
            "rules": [hit.rule for hit in match.hits],
            "story": story,
            "reason": member.reason,
            "copy_of": named(member.copy_of) if member.copy_of else None,
            "development": told,
        }
    )
