"""The App: the five stages with everything that they need."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Literal, Protocol, get_args

from sqlalchemy import Engine

from alerts import channels as channels_
from alerts import deliveries as deliveries_
from alerts import garbage, pauses, render, stages, subscribing, urls
from alerts import rules as rules_
from alerts.adapters import logs, sql
from alerts.adapters.memory import MemoryNews, MemoryPages, MemoryParse
from alerts.adapters.rewriter import Rewriter
from alerts.app.pulse import Heart
from alerts.app.stores import Stores
from alerts.config import Config, Loaded
from alerts.model import Feed, Notice, Report, Subscription
from alerts.ports import Channel, Dress, Fetch, News, Pages, Parse
from alerts.subscribing import Callback

Stage = Literal["poll", "match", "group", "compose", "deliver"]
LINE: tuple[Stage, ...] = get_args(Stage)


CHANNELS_AT_ONCE = 8
"""How many channels are served at the same time: one that hangs holds up no other."""

Clock = Callable[[], datetime]


def utc() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)  # noqa: TID251 - this is the edge


class Readers(Protocol):
    """What the App asks about readers."""

    def merged(self, config: Config) -> tuple[Subscription, ...]:
        """Give all subscriptions, those of readers too, without the recipients that are left alone."""
        ...

    def unsubscribe(self, subscription: str, recipient: str, *, now: datetime) -> str:
        """Give the address at which this recipient ends this subscription; empty if there is none."""
        ...

    def link(self, digest: str, *, now: datetime) -> str:
        """Give where a digest, by its name, can be seen in a browser; empty if nowhere."""
        ...

    def managing(self, config: Config, now: datetime) -> Callable[[str], str]:
        """Give what leads from a subscription to where its one reader changes it; to nothing, if nobody does."""
        ...

    def heeding(self, channels: Mapping[str, Channel]) -> Mapping[str, Channel]:
        """Give channels that send nothing to whom is left alone by now."""
        ...

    def bounced(self, now: datetime) -> tuple[str, ...]:
        """Leave alone the addresses at which there is nobody, and say so."""
        ...


@dataclass(frozen=True, slots=True)
class App:
    """The five stages with everything that they need.

    ``engine`` is there for questions; ``None`` in memory.  ``rewriter`` is a language model, if one is configured.
    """

    loaded: Loaded
    rules: rules_.Rules
    stores: Stores
    fetch: Fetch
    channels: Mapping[str, Channel]
    parse: Parse
    pages: Pages
    clock: Clock = utc
    engine: Engine | None = None
    rewriter: Rewriter | None = None
    news: News = field(default_factory=MemoryNews)
    callback: Callback | None = None
    """Where hubs call us; without it none is asked."""
    readers: Readers | None = None
    """Who subscribed by themselves, and who is left alone; without it, nobody."""
    heart: Heart | None = None
    dress: Dress | None = None
    """The user's own templates."""
    opened: stages.Opened = field(default_factory=stages.Opened)

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self.loaded.config

    def run(self, stage: Stage, *, shard: tuple[int, int] = (0, 1), digest_now: bool = False) -> Report:
        """Run one stage and keep its report.  ``shard`` (n, of) makes ``poll`` take only the hosts that fall to n."""
        with self._turn(stage):
            return self._run(stage, shard, digest_now=digest_now)

    def _turn(self, stage: Stage) -> AbstractContextManager[None]:
        """Wait for whoever else is at the stage.

        Two who poll meet at no host, and two who deliver have their leases; but of two who place articles in stories
        at once, the second would overwrite what the first has placed.
        """
        return nullcontext() if self.engine is None or stage in ("poll", "deliver") else sql.alone(self.engine, stage)

    def _run(self, stage: Stage, shard: tuple[int, int], *, digest_now: bool) -> Report:
        """Run one stage; the clock is read when its turn has come."""
        stores, now, began = self.stores, self.clock(), time.perf_counter()
        match stage:
            case "poll":
                report = self._poll(now, shard)
            case "match":
                report = stages.match(
                    self.rules, articles=stores.articles, matches=stores.matches, volumes=stores.volumes, now=now
                )
            case "group":
                report = stages.group(
                    self.config.rules,
                    self.config.families,
                    matches=stores.matches,
                    stories=stores.stories,
                    developments=stores.developments,
                    now=now,
                    opened=self.opened,
                )
            case "compose":
                report = self._compose(now, digest_now=digest_now)
            case "deliver":
                report = self._deliver()
        report = replace(report, took=round(time.perf_counter() - began, 3))
        stores.reports.append([report])
        logs.reported(report)
        return report

    def _tell(self, notice: Notice, *, now: datetime) -> None:
        """Tell the operator of something that is no channel's fault, if there is a way."""
        states = {state.channel: state for state in self.stores.channels.values()}
        if way := channels_.way_past("", self.config.operator, states):
            self.stores.outbox.add(deliveries_.for_notice(notice, way, render.notice(way.kind, notice), now))

    def _compose(self, now: datetime, *, digest_now: bool) -> Report:
        """Compose for those of the configuration and for those who subscribed themselves."""
        readers, stores = self.readers, self.stores
        with garbage.rarely():
            return stages.compose(
                pauses.untold(stores.paused, readers.merged(self.config) if readers else self.config.subscriptions),
                self.config.rules,
                developments=stores.developments,
                stories=stores.stories,
                slots=stores.slots,
                outbox=stores.outbox,
                silences=stores.silences,
                waiting=stores.waiting,
                now=now,
                digest_now=digest_now,
                rewrite=self.rewriter.run() if self.rewriter else None,
                volumes=stores.volumes,
                unsubscribe=partial(readers.unsubscribe, now=now) if readers else None,
                link=partial(readers.link, now=now) if readers else None,
                dress=self.dress,
                tell=partial(self._tell, now=now),
                manage=readers.managing(self.config, now) if readers else (lambda _: ""),
            )

    def _deliver(self) -> Report:
        """Deliver, leave alone from now on who is not there, and show that the line lives: this is its last stage."""
        channels = self.readers.heeding(self.channels) if self.readers else self.channels
        report = stages.deliver(
            channels=channels,
            outbox=self.stores.outbox,
            states=self.stores.channels,
            operator=self.config.operator,
            clock=self.clock,
            at_once=CHANNELS_AT_ONCE if self.engine else 1,
            paused=lambda name: pauses.found(self.stores.paused, "channel", name) is not None,
        )
        bounced = self.readers.bounced(self.clock()) if self.readers else ()
        beat = self.heart.beat(self.engine, self.stores, self.config, report.at) if self.heart and self.engine else ()
        return replace(report, lines=(*report.lines, *bounced, *beat))

    def _poll(self, now: datetime, shard: tuple[int, int]) -> Report:
        """Poll the shard's feeds; what is wrong with the configuration is said here, where the line begins."""
        feeds, states, hubs = shard_of(self.config.feeds, *shard), self.stores.states, self.stores.hubs
        with garbage.rarely():
            report = stages.poll(
                tuple(subscribing.awake(feeds, states=states, hubs=hubs, now=now)) if self.callback else feeds,
                fetch=self.fetch,
                parse=self.parse,
                pages=self.pages,
                states=states,
                seen=self.stores.seen,
                articles=self.stores.articles,
                now=now,
            )
        asked: tuple[str, ...] = ()
        if self.callback and shard[0] == 0:
            asked = subscribing.subscribe(self.config.feeds, self.callback, states=states, hubs=hubs, now=now)
        problems = [str(problem) for problem in self.loaded.problems] if shard[0] == 0 else []
        kept = [f"{path}: its last good version is in force" for path in self.loaded.kept] if problems else []
        return replace(report, lines=(*problems, *kept, *report.lines, *asked))

    def subscribe(self) -> None:
        """Make new subscriptions known to the log of developments, each at its end (or as far back as it asks)."""
        now = self.clock()
        for s in self.config.subscriptions:
            self.stores.developments.subscribe(s.id, now=now, since=now - s.backfill if s.backfill else None)


def shard_of(feeds: Sequence[Feed], n: int, of: int) -> tuple[Feed, ...]:
    """Give the feeds whose host falls to shard ``n`` of ``of``: one host is never asked by two shards."""
    return tuple(feed for feed in feeds if zlib.crc32(urls.host(feed.url).encode()) % of == n)


def in_memory(
    config: Config, fetch: Fetch, channels: Mapping[str, Channel], *, parse: Parse | None = None, clock: Clock = utc
) -> App:
    """Give an App that keeps nothing and sends through the channels it is given.

    Feeds are read in this process, unless it is said how else; the pages of articles are left alone.
    """
    rules = rules_.compile(config.rules, {w.id: w for w in config.watchlists})
    app = App(Loaded(config), rules, Stores.in_memory(), fetch, channels, parse or MemoryParse(), MemoryPages(), clock)
    app.subscribe()
    return app
