"""A subscription as a feed: what it is told of, for people who prefer a reader.

It shows what the subscription wants of the newest developments, whether its channel has told of them yet or not; what
a silence covers is not in it, neither while it holds nor, of what came then, afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Literal, Protocol

from sqlalchemy import Engine

from alerts import digests, render, summaries
from alerts.adapters import sql
from alerts.adapters.sql import queries
from alerts.config import Config
from alerts.errors import AlertsError
from alerts.model import Development, Silence, Subscription
from alerts.render import reader
from alerts.render.reader import Entry

Form = Literal["atom", "json"]
TYPES: Mapping[Form, str] = {"atom": "application/atom+xml; charset=utf-8", "json": "application/feed+json"}
"""The media type of each form, for whoever serves it."""

READ = 20
"""How many developments are looked at for each entry that is wanted: a subscription wants some of them."""

_WRITE: Mapping[Form, Callable[[str, str, Sequence[Entry]], bytes]] = {"atom": reader.atom, "json": reader.json_feed}


class Kept(Protocol):
    """Where the configuration and the store are: an App, or the desk."""

    @property
    def config(self) -> Config:
        """The configuration in force."""
        ...

    @property
    def engine(self) -> Engine | None:
        """The store, if there is one."""
        ...

    @property
    def clock(self) -> Callable[[], datetime]:
        """The time, by which a silence holds or has ended."""
        ...


def feed(app: Kept, subscription: str, form: Form, *, limit: int = 50, url: str = "") -> bytes:
    """Write the feed of a subscription.  ``url`` is where it will be found.

    Raises:
        AlertsError: There is no such subscription.
    """
    s = next((s for s in app.config.subscriptions if s.id == subscription), None)
    if s is None:
        known = ", ".join(s.id for s in app.config.subscriptions) or "none"
        raise AlertsError(f'there is no subscription "{subscription}"; those of subscriptions.yaml are: {known}')
    return written(app, s, form, limit=limit, url=url)


def written(app: Kept, s: Subscription, form: Form, *, limit: int = 50, url: str = "") -> bytes:
    """Write the feed of a subscription that is known."""
    return _WRITE[form](s.title or s.id, url, entries(app, s, limit))


def entries(app: Kept, s: Subscription, limit: int = 50) -> tuple[Entry, ...]:
    """Make the newest entries of a subscription, the newest first."""
    if app.engine is None:
        return ()
    chosen = list(islice(_told(app.engine, s, limit * READ, app.clock()), limit))
    stories = queries.stories_by_id(app.engine, [d.story for d in chosen])
    made = []
    for development in chosen:
        story = stories.get(development.story)
        alert = digests.alert(s, [development], app.config.rules, story)
        made.append(render.entry(replace(alert, told=summaries.summarise(alert.told, story))))
    return tuple(made)


def _told(engine: Engine, s: Subscription, most: int, now: datetime) -> Iterator[Development]:
    """Give what the subscription wants and no silence covers, as a digest that is made now would."""
    silences = sql.SqlTable(engine, "silences", Silence).values()
    for development in digests.select(s, queries.recent_developments(engine, most)):
        hits, _ = digests.silences.left(s, development, development.match.hits, silences, now)
        if hits:
            yield replace(development, match=replace(development.match, hits=hits))
