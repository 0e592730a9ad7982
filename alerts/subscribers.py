"""Readers who subscribed by themselves, and addresses that are left alone.  Pure.

::

    asked for ──(a click in a mail)──▶ active ⇄ paused ──▶ gone: the row is deleted, and the address with it

A subscriber becomes a subscription like any other; who is paused is taken out of every subscription, by a mark of the
address that is not the address.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from alerts.model import Lang, Subscription

Standing = Literal["asked", "active", "paused"]

CONFIRM_WITHIN = timedelta(days=2)
"""How long a mail that asks for the click may be answered; the next housekeeping deletes the row."""

ASK_AGAIN = timedelta(minutes=15)
"""How long an address gets no other mail of ours, whoever asks for it."""

MANAGE_WITHIN = timedelta(days=30)
UNSUBSCRIBE_WITHIN = timedelta(days=400)
"""As long as receipts are kept: the button of a mail must work for as long as the mail is around."""

Mark = Callable[..., str]
"""From parts to 32 hex digits that stand for them: ``Signer.mark``."""

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Service:
    """What readers may subscribe to by themselves, and through which channel they are told."""

    rules: tuple[str, ...]
    channel: str
    title: str = ""
    max_stories: int = 50


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a reader asks for.  ``cron`` are the slots of the digest; empty means at once."""

    rules: tuple[str, ...]
    cron: str
    zone: str = "UTC"
    lang: Lang = "en"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A reader who subscribed by themselves.  ``id`` is 32 hex digits, drawn by lot."""

    id: str
    address: str
    standing: Standing
    wishes: Wishes
    made: datetime
    asked: datetime
    """When a mail of ours went to the address last."""

    @property
    def name(self) -> str:
        """The id of the subscription."""
        return f"reader-{self.id[:_SHOWN]}"


@dataclass(frozen=True, slots=True)
class Pause:
    """An address that is left alone, by its mark: by one subscription, or by all of them."""

    mark: str
    reason: str
    at: datetime
    subscription: str = ""
    """The subscription; empty for all."""
    lifted: datetime | None = None
    """Since when it holds no more; an older bounce does not bring it back."""


def as_subscription(reader: Subscriber, service: Service, rules: Collection[str]) -> Subscription:
    """Make a subscription of a reader: of their rules those that are still open to them and still there."""
    wishes = reader.wishes
    return Subscription(
        id=reader.name,
        rules=tuple(rule for rule in wishes.rules if rule in service.rules and rule in rules),
        channel=service.channel,
        kind="mail",
        title=service.title,
        recipients=(reader.address,) if reader.standing == "active" else (),
        cron=wishes.cron,
        zone=wishes.zone,
        max_stories=service.max_stories,
        strength="about" if wishes.cron else "mention",
        lang=wishes.lang,
    )


def recipient_mark(mark: Mark, subscription: str, recipient: str) -> str:
    """Name one recipient of one subscription."""
    return mark("recipient", subscription, folded(recipient))


def address_mark(mark: Mark, recipient: str) -> str:
    """Name an address, wherever it stands."""
    return mark("address", folded(recipient))


def folded(address: str) -> str:
    """Give the form in which two spellings of an address are one."""
    return address.strip().casefold()


def reachable(subscriptions: Iterable[Subscription], paused: Collection[str], mark: Mark) -> tuple[Subscription, ...]:
    """Take out the recipients that are paused.  A subscription may be left with none: it reads on, and tells nobody."""

    def open_to(s: Subscription, recipient: str) -> bool:
        names = {recipient_mark(mark, s.id, recipient), address_mark(mark, recipient)}
        return names.isdisjoint(paused)

    if not paused:
        return tuple(subscriptions)
    return tuple(replace(s, recipients=tuple(r for r in s.recipients if open_to(s, r))) for s in subscriptions)


def offered(wishes: Wishes, service: Service) -> Wishes:
    """Keep of what is asked for what the operator opened.

    Raises:
        ValueError: Nothing is left.
    """
    kept = tuple(rule for rule in service.rules if rule in wishes.rules)
    if not kept:
        raise ValueError("choose at least one subject")
    return replace(wishes, rules=kept)


def may_be_asked(reader: Subscriber | None, now: datetime) -> bool:
    """Whether a mail of ours may go to the address: the last is long enough ago."""
    return reader is None or now - reader.asked >= ASK_AGAIN
