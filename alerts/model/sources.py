"""Where the news comes from: a feed, how we ask it, what it answers, and what we know of it.  Pure: values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Health = Literal["new", "healthy", "silent", "failing", "backing off", "quarantined", "gone"]
Fault = Literal["", "answer", "content", "gone"]
Identity = Literal["auto", "guid", "url", "content"]


@dataclass(frozen=True, slots=True)
class Feed:
    """A source that is polled.  Articles are known by ``identity``; with ``full_text`` their pages are read too."""

    id: str
    url: str
    outlet: str
    lang: str = ""
    country: str = ""
    every: timedelta | None = timedelta(minutes=15)
    """How often to ask; ``None`` means that it is learnt from what the feed does."""
    first_poll: timedelta | None = timedelta(hours=24)
    """The first poll tells only what is younger than this; ``None`` means that it tells all."""
    secret: str = ""
    """The name of the secret that its server asks for; the secret itself is never in a value of ours."""
    identity: Identity = "auto"
    full_text: bool = False


@dataclass(frozen=True, slots=True)
class Hints:
    """What a feed says of itself about when to ask: a feed of RSS has ``ttl``, ``skipHours`` and ``skipDays``.

    ``hub`` is who would tell us what is new, so that we need not ask (WebSub), and ``topic`` the feed's name there.

    ``updates`` is what ``sy:updatePeriod`` and ``sy:updateFrequency`` make together.  Hours are those of GMT, 0 to 23;
    days count from Monday, 0, to Sunday, 6.
    """

    ttl: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    updates: timedelta | None = None
    hub: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A permanent redirect that is not believed yet: where it leads, since when, and how many answers said so."""

    to: str
    since: datetime
    times: int = 1


@dataclass(frozen=True, slots=True)
class FeedState:
    """What we know of a feed: its validators, byte for byte, when to poll next, and how it does."""

    feed: str
    next_poll: datetime
    etag: str = ""
    modified: str = ""
    last_poll: datetime | None = None
    last_good: datetime | None = None
    failures: int = 0
    """How many polls in a row went wrong."""
    reason: str = ""
    """What is wrong, or odd, in words."""
    health: Health = "new"
    since: datetime | None = None
    """Since when it does as it does."""
    fault: Fault = ""
    """What went wrong at the last poll: no answer or a bad one, a body that is no feed or no safe one, or 410."""
    strikes: int = 0
    """How many polls in a row went wrong in this way."""
    not_before: datetime | None = None
    """What the server or the feed asks us to wait for; no poll is earlier, not even by a second."""
    home: str = ""
    """The address in the configuration, of which all this is known."""
    adopted: str = ""
    """The address that is asked instead, since a permanent redirect was believed."""
    moved: Moved | None = None
    url: str = ""
    """The address that gave the validators; they are sent to no other."""
    hints: Hints = Hints()
    gap: timedelta | None = None
    """How far apart its entries come."""
    last_new: datetime | None = None
    """When it last had an entry that it had not before."""
    window: str = ""
    """The entries of the last answer, eight characters each."""
    missed: datetime | None = None
    """When entries may have been missed last; ``None`` once its window was seen whole again."""


Lease = Literal["asked", "active", "denied", "leaving"]


@dataclass(frozen=True, slots=True)
class HubState:
    """What we know of a subscription at a feed's hub: what was asked last, when, and until when it holds."""

    feed: str
    hub: str
    topic: str
    lease: Lease
    asked: datetime
    until: datetime | None = None
    tries: int = 1
    """How often it was asked for since it was granted last."""
    reason: str = ""
    """What the hub said against it."""


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """One conditional GET."""

    feed: Feed
    etag: str = ""
    modified: str = ""
    url: str = ""
    """The address to ask, if it is not the feed's own."""
    of: str = ""
    """The address that the validators are of, if it is not the one that is asked."""
    stay: bool = False
    """Whether a redirect to another site ends it, with the address in the error: that site may not want us."""

    @property
    def asked(self) -> str:
        """The address to ask."""
        return self.url or self.feed.url

    @property
    def validated(self) -> str:
        """The only address to which the validators may go."""
        return self.of or self.asked


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered.  ``body`` is empty when ``status`` is 304."""

    status: int
    body: bytes = b""
    etag: str = ""
    modified: str = ""
    url: str = ""
    """The address that answered, at the end of all redirects."""
    content_type: str = ""
    permanent: str = ""
    """Where permanent redirects led, beginning at the address that was asked."""
    fresh: timedelta | None = None
    """For how long the server says that nothing will be new."""
    links: str = ""
    """The ``Link`` headers, one after the other."""
