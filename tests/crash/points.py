"""Where a run may die, by name: before and after each call of a port, at each commit, and while the other side answers.

The product knows nothing of this.  Its stages are given ports and nothing else, so that a port that kills is a place to
die, and the list of ports is the list of places: nothing has to be compiled in, and nothing can be forgotten in the
code.  What happens inside an adapter is reached from its two ends: a listener on SQLAlchemy's commit, and a receiver
that kills its sender between taking a message and answering.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from alerts.app import App, Stores

WRITES = (
    "articles.append", "seen.add", "states.put", "matches.append", "articles.commit", "volumes.put",
    "developments.append", "stories.put", "matches.commit", "waiting.put", "outbox.add", "developments.commit_all", "slots.put",
    "outbox.claim", "mail.send", "slack.send", "webhook.send", "outbox.record", "outbox.release", "channels.put", "reports.append",
)  # fmt: skip
POINTS = (
    "fetch:after",
    *(f"{call}:{when}" for call in WRITES for when in ("before", "after")),
    "sql.commit:before",
    *(f"{kind}.taken" for kind in ("mail", "slack", "webhook")),
)
"""Every place where a run is killed by ``make crash``."""

CHOSEN = tuple(
    place for place in POINTS if not place.endswith(":after") or place.endswith(("send:after", "fetch:after"))
)
"""Those at which CI kills: what is after one call is mostly before the next."""

IN_BETWEEN = frozenset(
    {"mail.send:after", "slack.send:after", "mail.taken", "slack.taken", "outbox.record:before", "sql.commit:before"}
)
"""The places between the sending and the commit: only here may a mail or a message in Slack be there twice."""


@dataclass(slots=True)
class Fate:
    """Kills (or stops) this process at the ``n``-th time that a place is reached, and counts all of them."""

    place: str = ""
    n: int = 1
    how: signal.Signals = signal.SIGKILL
    reached: Counter[str] = field(default_factory=Counter)

    def reach(self, place: str) -> None:
        self.reached[place] += 1
        if place == self.place and self.reached[place] == self.n:
            signal.pthread_kill(threading.get_ident(), self.how)  # else another thread may take it, and this one go on


class Deadly:
    """A port at whose calls one may die."""

    def __init__(self, port: object, name: str, fate: Fate) -> None:
        self._port, self._name, self._fate = port, name, fate

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._port, name)
        return self._deadly(f"{self._name}.{name}", real) if callable(real) else real

    def _deadly(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._fate.reach(f"{name}:before")
            answer = real(*args, **kwargs)
            self._fate.reach(f"{name}:after")
            return answer

        return call


def deadly(app: App, engine: Engine, fate: Fate) -> App:
    """Give the App with a place to die at every call."""
    event.listen(engine, "commit", lambda _: fate.reach("sql.commit:before"))
    stores = Stores(**{f.name: Deadly(getattr(app.stores, f.name), f.name, fate) for f in fields(Stores)})
    channels: Mapping[str, Any] = {name: Deadly(channel, name, fate) for name, channel in app.channels.items()}

    def fetch(requests: Any) -> Iterator[Any]:
        answers: Iterable[Any] = app.fetch(requests)
        for answer in answers:
            yield answer
            fate.reach("fetch:after")

    return replace(app, stores=stores, channels=channels, fetch=fetch)  # type: ignore[arg-type]


def order(folder: Path, case: str, place: str) -> None:
    """Let the receiver kill this process when it has taken a message, if that is the place."""
    kind, dot, taken = place.partition(".")
    if (dot, taken) == (".", "taken"):
        (folder / f"{case}.kill.{kind}").write_text(str(os.getpid()))
