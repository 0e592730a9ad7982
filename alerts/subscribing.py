"""The subscriptions at hubs: who is asked after a poll, and what comes back to ``alerts serve``."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts import articles as articles_
from alerts import pushing
from alerts.errors import ParseError
from alerts.feeds import websub
from alerts.model import Feed, FeedState, Fetched, HubState
from alerts.ports import Parse, Table
from alerts.pushing import Door

Ask = Callable[[str, bytes], tuple[int, str]]
"""POSTs a form: the status, 0 if no answer came, and its words."""

SLOWEST = timedelta(seconds=30)
"""How long a hub may take to answer."""

MOST = 50
"""The most hubs that are asked after one poll; the others are asked after the next."""


@dataclass(frozen=True, slots=True)
class Callback:
    """Where hubs call us, and what the secrets that they are told are made of."""

    url: str
    key: str = field(repr=False)
    ask: Ask
    allow_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Calls:
    """What a call of a hub touches.  ``feeds`` are those of the configuration as it is now."""

    key: str = field(repr=False)
    hubs: Table[HubState]
    feeds: Callable[[], Mapping[str, Feed]]
    parse: Parse
    door: Door


# ── we ask ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def subscribe(
    feeds: Iterable[Feed], callback: Callback, *, states: Table[FeedState], hubs: Table[HubState], now: datetime
) -> tuple[str, ...]:
    """Ask the hubs that are to be asked now; gives what went wrong in words.

    What we ask is kept before it is asked: a hub may ask back before it answers.
    """
    wanted = {feed.id: states.get(feed.id) for feed in feeds}
    known = {hub.feed: hub for hub in hubs.values()}
    told: list[str] = []
    asked = 0
    for feed in sorted(wanted.keys() | known.keys()):
        state, before = wanted.get(feed), known.get(feed)
        mode = websub.wanted(state, before, now, allow_hosts=callback.allow_hosts)
        if not mode or asked >= MOST:
            continue
        asked += 1
        hub = websub.asked(mode, state, before, feed, now)
        hubs.put({feed: hub}, at=now)
        status, words = callback.ask(hub.hub, websub.form(mode, hub, callback.url, callback.key))
        if not 200 <= status < 300:
            told.append(f'feed "{feed}": its hub did not {mode} us: {words}; it is polled as before')
    return tuple(told)


def awake(feeds: Iterable[Feed], *, states: Table[FeedState], hubs: Table[HubState], now: datetime) -> Iterator[Feed]:
    """Leave out the feeds whose hubs tell us what is new, until it is time to look all the same."""
    known = {hub.feed: hub for hub in hubs.values()}
    for feed in feeds:
        if feed.id not in known or not websub.rests(states.get(feed.id), known[feed.id], now):
            yield feed


# ── they call ────────────────────────────────────────────────────────────────────────────────────────────────────────


def confirm(feed: str, mark: str, said: Mapping[str, str], calls: Calls) -> tuple[int, str]:
    """Answer a hub that asks whether we meant it: a status and a text."""
    known = _known(feed, mark, calls)
    if known is None:
        return 404, ""
    now = calls.door.clock()
    challenge, after = websub.answered(said, known, now)
    if after != known:
        calls.hubs.put({feed: after}, at=now)
    return (404, "") if challenge is None else (200, challenge)


def admits(feed: str, mark: str, calls: Calls) -> int:
    """Decide by the address alone whether a body is read: 200, 404, or 410 if we want no more of it."""
    known = _known(feed, mark, calls)
    if known is None:
        return 404
    return 410 if known.lease in ("leaving", "denied") or feed not in calls.feeds() else 200


def deliver(feed_id: str, mark: str, signature: str, content_type: str, body: bytes, calls: Calls) -> str:
    """Take what a hub delivers as if the feed had been polled; gives what was wrong with it, in words.

    What is not signed is passed over and not answered otherwise: nobody learns from us what a good signature is.
    """
    known, feed = _known(feed_id, mark, calls), calls.feeds().get(feed_id)
    if known is None or feed is None:
        return "the subscription has ended"
    if not websub.is_signed(signature, body, websub.secret(known, calls.key)):
        return "not signed, or not with our secret"
    ((_, _, read),) = filter(
        None, calls.parse([(feed, Fetched(200, body, url=known.topic, content_type=content_type))])
    )
    if isinstance(read, ParseError) or read is None:
        return f"not a feed: {read}"
    made = articles_.from_entries(read.entries, feed, first_poll=False, now=calls.door.clock())
    pushing.keep({article.key: article for article in made}, calls.door)
    return ""


def _known(feed: str, mark: str, calls: Calls) -> HubState | None:
    """Find the subscription that is called by its own address."""
    known = calls.hubs.get(feed)
    if known is None:
        return None
    ours = websub.path(known, calls.key).rpartition("/")[2]
    return known if hmac.compare_digest(ours.encode(), mark.encode("utf-8", "surrogateescape")) else None
