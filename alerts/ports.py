"""What the stages need from the world, and what every adapter promises.  Contract tests hold each to it.

Every call is atomic: it happened, or it did not.  Every write may be repeated: doing it twice is doing it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from alerts.errors import FetchError, ParseError
from alerts.feeds import Parsed
from alerts.model import Alert, Article, Delivery, Digest, Feed, FeedRequest, Fetched, Message, Pending, Receipt

T = TypeVar("T")


class Keyed(Protocol):
    """A value with an id of its own, made of its content."""

    @property
    def key(self) -> str:
        """The id by which a log knows that it has the value already."""
        ...


K = TypeVar("K", bound=Keyed)


class Fetch(Protocol):
    """The way in: conditional GETs, answered in the order in which servers answer."""

    def __call__(self, requests: Sequence[FeedRequest]) -> Iterable[tuple[Feed, Fetched | FetchError] | None]:
        """Give each request's feed back once, with the answer or with what went wrong.  Never raises for a feed.

        ``None`` between them says that nothing was answered for a while.
        """
        ...


class Parse(Protocol):
    """From what was fetched to what it says, within limits of time and memory that no feed can break."""

    def __call__(
        self, answers: Iterable[tuple[Feed, Fetched | FetchError] | None]
    ) -> Iterable[tuple[Feed, Fetched | FetchError, Parsed | ParseError | None] | None]:
        """Give each answer back once, with what was read of it: ``None`` of an answer without a body.

        ``None`` between them says that nothing was answered for a while: a time to keep what there is.
        A feed that is slow to read comes after those that were answered later, and stops none.
        """
        ...


class Pages(Protocol):
    """From an article to the text of its page."""

    def __call__(self, articles: Sequence[Article]) -> Sequence[Article]:
        """Give each article back, in their order, with the text of its page; or as it was, with a note why."""
        ...


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """Some values of a log, oldest first.  ``end`` is the position to commit once they are done with."""

    values: tuple[T, ...]
    end: int

    def __bool__(self) -> bool:
        """An empty batch means that the reader has read everything."""
        return bool(self.values)


@dataclass(frozen=True, slots=True)
class Reader:
    """How far a reader is, and when it was made known; ``None`` if it was not."""

    position: int
    subscribed: datetime | None


class Log(Protocol[K]):
    """An append-only log with named readers.

    A reader that has passed position N can never miss a value below N that is written later.  A new reader starts at
    the end (``subscribe``); one that was never subscribed starts at the beginning.
    """

    def append(self, values: Iterable[K]) -> int:
        """Write the values whose key is not there yet, all or none; the number written."""
        ...

    def read(self, reader: str, limit: int = 500) -> Batch[K]:
        """What comes after the reader's position, oldest first."""
        ...

    def commit(self, reader: str, end: int) -> None:
        """Move the reader to ``end``; never backwards."""
        ...

    def subscribe(self, reader: str, *, now: datetime, since: datetime | None = None) -> None:
        """Make the reader known, once: at the end of the log, or before the first value written since ``since``."""
        ...

    def subscribed(self, reader: str) -> datetime | None:
        """When the reader was made known; ``None`` if it was not."""
        ...

    def readers(self) -> Mapping[str, Reader]:
        """Every reader that was made known or has committed."""
        ...

    def after(self, position: int, limit: int = 500) -> tuple[tuple[int, K], ...]:
        """What comes after a position, oldest first, each with its own: for who reads for many readers at once."""
        ...

    def commit_all(self, ends: Mapping[str, int]) -> None:
        """Move each reader to its end, all or none; never backwards."""
        ...


class Table(Protocol[T]):
    """The latest value under each key."""

    def get(self, key: str) -> T | None:
        """The value, or ``None``."""
        ...

    def put(self, rows: Mapping[str, T], *, at: datetime) -> None:
        """Set all rows, or none."""
        ...

    def values(self, *, since: datetime | None = None) -> tuple[T, ...]:
        """The values put at or after ``since``, in the order of their keys."""
        ...


class Outbox(Protocol):
    """Deliveries not closed, and the receipts of all."""

    def add(self, deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
        """Keep those whose id is new, all or none, and give back what is kept under each id: the older one wins.

        With an older first part its own later parts win: one that is ``after`` it and was not kept with it is left out.
        """
        ...

    def upto(self, subscription: str) -> int:
        """How far into the log of developments the digests that are kept of the subscription tell; 0 if none is."""
        ...

    def channels(self, now: datetime) -> tuple[str, ...]:
        """Name the channels for which something is due, in the order of their names."""
        ...

    def due(self, now: datetime, limit: int = 100, *, channel: str | None = None) -> tuple[Pending, ...]:
        """Open deliveries whose next attempt is due and that nobody holds, oldest first; of one channel, or of all."""
        ...

    def claim(self, deliveries: Sequence[str], *, now: datetime, until: datetime) -> Mapping[str, str]:
        """Hold deliveries until then: a token for each, but for those that are closed, not due, or held by another."""
        ...

    def release(self, tokens: Mapping[str, str]) -> None:
        """Give back what is held and was not attempted; what its token no longer holds stays as it is."""
        ...

    def record(self, receipt: Receipt, *, token: str, next_attempt: datetime | None) -> bool:
        """Write the receipt and set the next attempt, or close when there is none.

        False, and nothing written, if the token is no longer the one that holds the delivery.
        """
        ...

    def receipts(self, delivery: str) -> tuple[Receipt, ...]:
        """The receipts of one delivery, oldest first."""
        ...

    def hasten(self, channel: str, *, now: datetime) -> int:
        """Make due what waits only because the channel was not well; how many that are."""
        ...

    def redrive(self, deliveries: Sequence[str], *, now: datetime) -> int:
        """Open deliveries again that were closed without being delivered, under their ids; how many that are.

        Their receipts stay, and their attempts are counted anew.  What is open is made due; what was delivered stays.
        """
        ...


class Fingerprints(Protocol):
    """Keys already seen: speed, not truth.  It may forget, and then SQL is asked; it must never invent."""

    def unseen(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of the keys that it does not know."""
        ...

    def add(self, keys: Sequence[str]) -> None:
        """Remember the keys; call it once they are in the log, never before."""
        ...


class Hosts(Protocol):
    """Whose turn it is at a server: one request at a time across all workers, and a rest after each.

    It is courtesy, not truth: where it forgets, a server is asked twice at once, and nothing is lost.
    """

    def take(self, host: str, *, hold: timedelta) -> str | timedelta | None:
        """Hold a host for that long at most: a token; or how long it rests; or ``None`` if somebody holds it."""
        ...

    def leave(self, host: str, token: str, *, rest: timedelta) -> None:
        """Give the host back, and let it rest; nothing happens if the token no longer holds it."""
        ...

    def exchange(
        self, leaves: Sequence[tuple[str, str, timedelta]], takes: Sequence[str], *, hold: timedelta
    ) -> list[str | timedelta | None]:
        """Leave some hosts (host, token, rest), then take others: what each gave, for one round trip in all."""
        ...


class News(Protocol):
    """The doorbell of the line: something was written that nobody has read.

    It carries no news and may be lost or ring for nothing: whoever waits also looks by the clock.
    """

    def ring(self) -> None:
        """Wake whoever waits, now or later; never raises."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait for a ring, for so long at most: True at once if there was one since the last wait."""
        ...


class Channel(Protocol):
    """A way out.  It alone knows whether trying again makes sense, and says so in the receipt."""

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Make one attempt.  Never raises for what the other side does; takes at most 60 s."""
        ...


class Dress(Protocol):
    """The user's own templates."""

    def __call__(self, told: Alert | Digest, message: Message) -> tuple[Message, str]:
        """Give the message as the user's template writes it; or as it was, and what is wrong with the template.

        Never raises for what a template does, and takes at most 6 s of the processor.
        """
        ...


class Rewrite(Protocol):
    """A language model, or whatever else puts sentences in other words."""

    def __call__(self, texts: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
        """Give, under the same keys, what it made of the sentences; a key may be missing.

        Never raises for what the model does, and takes at most 5 s in all, however many texts and calls there are.
        """
        ...
