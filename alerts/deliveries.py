"""Ids of deliveries, and what to do after an attempt.  Pure.

An id is made of what the delivery tells, so that making it twice is making it once.  It goes out as ``Message-ID`` and
``webhook-id`` and into logs: hence an address is in it as a hash only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from alerts.model import (
    Alert,
    Delivery,
    DeliveryState,
    Development,
    Digest,
    Message,
    Notice,
    Pending,
    Receipt,
    Subscription,
    Told,
    Way,
)

# The retry table that Standard Webhooks gives as its example, counted from one attempt to the next; 3 days in all.
# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
DELAYS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long to wait before the first attempt, the second, and so on; after the last of them a delivery is given up."""

JITTER = 0.2
"""Attempts of many deliveries that failed together spread over ±20 %, so that they do not come back as one crowd."""

LONGEST_WAIT = timedelta(hours=24)
"""The most that we let the other side put us off; a server that says a year is broken, not busy."""


OPERATOR = "operator"
"""Whose deliveries the notices are, where others have a subscription."""


def for_alert(
    alert: Alert, development: Development, message: Message, now: datetime, *, times: int = 0
) -> tuple[Delivery, ...]:
    """Make the deliveries of an alert, one a recipient: ``alert:<subscription>:<article>@<version>``.

    The article is that of ``development``, the first that it tells of; ``times`` counts how often it was told again.
    """
    again = f":again-{times}" if times else ""
    name = f"alert:{alert.subscription.id}:{development.key}{again}"
    return _each(alert.subscription, name, message, now, thread=development.story, tells=_keys([alert.told]))


def digest_name(s: Subscription, slot: datetime) -> str:
    """Name a digest: ``digest:<subscription>:<slot on the subscriber's clock>``.

    A slot that the clock shows twice is named with its offset the second time.
    """
    local = slot.astimezone(ZoneInfo(s.zone))
    second = f"{local:%z}" if local.fold else ""
    return f"digest:{s.id}:{local:%Y%m%dT%H%M}{second}"


def for_digest(digest: Digest, message: Message, now: datetime, *, upto: int) -> tuple[Delivery, ...]:
    """Make the deliveries of a digest, one a recipient."""
    name = digest_name(digest.subscription, digest.slot)
    told = [told for section in digest.sections for told in section.stories]
    return _each(digest.subscription, name, message, now, upto=upto, tells=_keys(told))


def _keys(stories: Iterable[Told]) -> tuple[str, ...]:
    """Name the developments that are told."""
    return tuple(d.key for told in stories for d in told.developments)


def for_notice(notice: Notice, way: Way, message: Message, now: datetime) -> tuple[Delivery, ...]:
    """Make the deliveries of a notice to the operator, one a recipient: ``notice:<what it is about>``."""
    name = f"notice:{notice.key}"
    return tuple(
        Delivery(_id(name, recipient), OPERATOR, way.channel, recipient, message, now)
        for recipient in dict.fromkeys(way.recipients)
    )


def _each(
    s: Subscription,
    name: str,
    message: Message,
    now: datetime,
    upto: int = 0,
    thread: str = "",
    tells: tuple[str, ...] = (),
) -> tuple[Delivery, ...]:
    """Address the message, and what follows it, to every recipient, each once."""
    parts = [(name, replace(message, rest=())), *((f"{name}:{n}", part) for n, part in enumerate(message.rest, 2))]
    return tuple(
        Delivery(
            _id(part, recipient),
            s.id,
            s.channel,
            recipient,
            words,
            now,
            upto,
            thread,
            tells=tells,
            after="" if part == name else _id(name, recipient),
        )
        for recipient in dict.fromkeys(s.recipients)
        for part, words in parts
    )


def _id(name: str, recipient: str) -> str:
    """Mark a named recipient by the first 8 hex digits of its SHA-256."""
    if not recipient:
        return name
    return f"{name}:{sha256(recipient.encode()).hexdigest()[:8]}"


def next_attempt(receipt: Receipt) -> datetime | None:
    """Give the time of the next attempt; ``None`` if the delivery is closed: delivered, refused, or tried ten times.

    It is never before the other side will hear us again, except that no answer can put us off by more than 24 h.
    """
    if receipt.outcome != "deferred" or receipt.attempt >= len(DELAYS):
        return None
    wait = DELAYS[max(receipt.attempt, 1)] * _jitter(receipt)
    asked = min(receipt.retry_after or receipt.at, receipt.at + LONGEST_WAIT)
    return max(receipt.at + wait, asked)


def state_after(receipt: Receipt, next_attempt: datetime | None) -> DeliveryState:
    """Name the state that an attempt leaves: open while another will follow."""
    if next_attempt is not None:
        return "open"
    if receipt.outcome == "refused" and receipt.blame == "message":
        return "quarantined"
    return "given_up" if receipt.outcome == "deferred" else receipt.outcome


def not_before(receipt: Receipt, next_attempt: datetime | None) -> datetime | None:
    """Give the time before which not even a channel that is well again brings the next attempt forward.

    What waited because the channel was not well need not wait any longer; what its recipient or the other side put
    off must.
    """
    return next_attempt if receipt.blame in ("recipient", "message") else receipt.retry_after


def is_bounce(receipt: Receipt) -> bool:
    """Whether it says that there is no such address, or that it takes no mail: for good, and for every message."""
    return receipt.outcome == "refused" and receipt.blame == "recipient"


def masked(recipient: str) -> str:
    """Give an address as it may be shown.

    >>> masked("anna@example.org"), masked("")
    ('a…@e….org', '')
    """
    name, at, domain = recipient.partition("@")
    return f"{name[:1]}…@{domain[:1]}….{domain.rpartition('.')[2]}" if at else name[:1] + "…" * bool(name)


def _jitter(receipt: Receipt) -> float:
    """Give a factor of 0.8 to 1.2 that is always the same for this attempt at this delivery."""
    drawn = int.from_bytes(sha256(f"{receipt.delivery} {receipt.attempt}".encode()).digest()[:4])
    return 1 + JITTER * (2 * drawn / 0xFFFFFFFF - 1)


def no_channel(pending: Pending, now: datetime) -> Receipt:
    """Put off a delivery whose channel is not configured: it is sent once the channel is there."""
    reason = f'channel "{pending.delivery.channel}" is not configured in channels.yaml'
    return Receipt(pending.delivery.id, pending.attempts + 1, "deferred", reason, now, blame="login")
