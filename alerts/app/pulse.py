"""The dead man's switch: after a whole round somebody outside is told that we live, and the operator what is silent.

Whoever is dead tells nobody.  So a service outside waits for a ping, and calls when none comes; we call when a part of
us is silent that should not be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Engine

from alerts import channels as channels_
from alerts import deliveries as deliveries_
from alerts import lulls, render
from alerts.adapters import http
from alerts.adapters.sql import queries
from alerts.app.stores import Stores
from alerts.app.ways import Lookup, web_address
from alerts.config import Config
from alerts.lulls import Pulse
from alerts.model import Lull
from alerts.stages.matching import VOLUME

URL = "ALERTS_HEARTBEAT_URL"
LEAST = 60.0
"""Seconds between two beats of one process: a line that is rung runs many rounds a minute."""

TIMEOUT = timedelta(seconds=10)

RUNS = 21
"""How many runs of a stage its rhythm is learnt from, and one more."""

Ping = Callable[[str, str], str]
"""Calls an address with some words; gives what went wrong, or nothing."""


def ping(url: str, words: str) -> str:
    """POST once; the address, which is a secret, is in no word of ours.  It may be a server in the house."""
    headers = {"content-type": "text/plain"}
    posted = http.post(url, headers=headers, body=words.encode(), timeout=TIMEOUT, allow_hosts=None)
    return "" if 200 <= posted.status < 300 else posted.reason


def address(lookup: Lookup) -> str:
    """Give where the heart beats to, or nothing.

    Raises:
        AlertsError: The setting is no web address.
    """
    return web_address(lookup, URL, "that the service gave you")


@dataclass(slots=True)
class Heart:
    """Beats after a round, if there is an address; tells of lulls in any case."""

    url: str = field(default="", repr=False)
    ping: Ping = ping
    ticks: Callable[[], float] = time.monotonic
    _due: float = 0.0

    def beat(self, engine: Engine, stores: Stores, config: Config, now: datetime) -> tuple[str, ...]:
        """Look for lulls, tell the operator what is new of them, and ping; gives lines for the report."""
        if self.ticks() < self._due:
            return ()
        self._due = self.ticks() + LEAST
        pulses = tuple(_pulses(engine, stores, config))
        lines = [*_tell(pulses, stores, config, now)]
        found = [lull for pulse in pulses if (lull := pulse.lull(now))]
        bad = [lulls.said(lull, now) for lull in found if is_grave(lull)]
        if self.url and (wrong := self.ping(failing(self.url) if bad else self.url, "\n".join(bad) or "well")):
            lines.append(f"heartbeat: {wrong}")
        return tuple(lines)


def failing(url: str) -> str:
    """Give the address that says that we are not well, as healthchecks.io has it: with ``/fail`` behind the path.

    >>> failing("https://hc.example/ping/1?rid=2")
    'https://hc.example/ping/1/fail?rid=2'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))


def is_grave(lull: Lull) -> bool:
    """Whether a lull means that we are not well; a rule and the feeds of one server may be silent for good reasons."""
    return lull.what.startswith("stage") or lull.what == lulls.EVERY_FEED


STAGES = ("poll", "match", "group", "compose")
"""Those that are listened to; ``deliver`` is the one that listens."""


def _pulses(engine: Engine, stores: Stores, config: Config) -> Iterator[Pulse]:
    states = {state.feed: state for state in stores.states.values()}
    volume = stores.volumes.get(VOLUME)
    yield from lulls.of_stages({stage: queries.last_runs(engine, stage, RUNS) for stage in STAGES})
    yield from lulls.of_feeds(config.feeds, states)
    yield from lulls.of_rules(volume.hours if volume else (), config.rules)


def _tell(pulses: Sequence[Pulse], stores: Stores, config: Config, now: datetime) -> Iterator[str]:
    """Say each lull that began and each that ended: in the report, and to the operator, if there is a way.

    The notice has an id made of the lull, and what was told is kept last: a death in between tells nothing twice.
    """
    told = [lull for lull in stores.lulls.values() if lull.told]
    began, ended = lulls.changes(told, pulses, now)
    for lull, over in (*((lull, False) for lull in began), *((lull, True) for lull in ended)):
        notice = lulls.notice(lull, now, over=over)
        if way := channels_.way_past("", config.operator, {s.channel: s for s in stores.channels.values()}):
            stores.outbox.add(deliveries_.for_notice(notice, way, render.notice(way.kind, notice), now))
        stores.lulls.put({lull.what: replace(lull, told=not over)}, at=now)
        yield notice.title if over else lulls.said(lull, now)
