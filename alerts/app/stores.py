"""Where the line keeps what it knows: in memory, or in SQL with an index of what was seen in front of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from alerts.adapters import sql
from alerts.adapters.clock import Clock, utc
from alerts.adapters.memory import MemoryFingerprints, MemoryLog, MemoryOutbox, MemoryTable
from alerts.model import (
    Article,
    ChannelState,
    Development,
    FeedState,
    HubState,
    Lull,
    Match,
    Paused,
    Report,
    Silence,
    Story,
    Volume,
    Waiting,
)
from alerts.ports import Fingerprints, Log, Outbox, Table


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the line keeps what it knows; each is a port."""

    states: Table[FeedState]
    seen: Fingerprints
    articles: Log[Article]
    matches: Log[Match]
    stories: Table[Story]
    developments: Log[Development]
    slots: Table[datetime]
    outbox: Outbox
    reports: Log[Report]
    sound: Table[str]
    """The last good version of each file of the configuration."""
    volumes: Table[Volume] = field(default_factory=MemoryTable)
    hubs: Table[HubState] = field(default_factory=MemoryTable)
    threads: Table[str] = field(default_factory=MemoryTable)
    """The first message of each story in each channel of Slack's."""
    channels: Table[ChannelState] = field(default_factory=MemoryTable)
    silences: Table[Silence] = field(default_factory=MemoryTable)
    waiting: Table[Waiting] = field(default_factory=MemoryTable)
    """What each subscription has read and not told yet."""
    lulls: Table[Lull] = field(default_factory=MemoryTable)
    paused: Table[Paused] = field(default_factory=MemoryTable)
    """What somebody has paused at the desk."""

    @classmethod
    def in_memory(cls) -> Stores:
        """Keep everything in this process: for dry runs, the tutorial and the tests."""
        return cls(
            states=MemoryTable(),
            seen=MemoryFingerprints(),
            articles=MemoryLog(),
            matches=MemoryLog(),
            stories=MemoryTable(),
            developments=MemoryLog(),
            slots=MemoryTable(),
            outbox=MemoryOutbox(),
            reports=MemoryLog(),
            sound=MemoryTable(),
        )

    @classmethod
    def in_sql(cls, engine: Engine, seen: Fingerprints, *, clock: Clock = utc) -> Stores:
        """Keep the truth in SQL, with an index of what was seen in front of it; ``clock`` dates what the logs get."""
        return cls(
            states=sql.SqlTable(engine, "states", FeedState),
            seen=seen,
            articles=sql.SqlLog(engine, "articles", Article, lasting=True, clock=clock),
            matches=sql.SqlLog(engine, "matches", Match, clock=clock),
            stories=sql.SqlTable(engine, "stories", Story),
            developments=sql.SqlLog(engine, "developments", Development, clock=clock),
            slots=sql.SqlTable(engine, "slots", datetime),
            outbox=sql.SqlOutbox(engine),
            reports=sql.SqlLog(engine, "reports", Report, clock=clock),
            sound=sql.SqlTable(engine, "sound", str),
            volumes=sql.SqlTable(engine, "volumes", Volume),
            hubs=sql.SqlTable(engine, "hubs", HubState),
            threads=sql.SqlTable(engine, "threads", str),
            lulls=sql.SqlTable(engine, "lulls", Lull),
            paused=sql.SqlTable(engine, "paused", Paused),
            channels=sql.SqlTable(engine, "channels", ChannelState),
            silences=sql.SqlTable(engine, "silences", Silence),
            waiting=sql.SqlTable(engine, "waiting", Waiting),
        )
