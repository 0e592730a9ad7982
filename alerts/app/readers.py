"""What compose and deliver know of readers: who subscribed by themselves, who is left alone, how each unsubscribes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine

from alerts import subscribers as subscribers_
from alerts.adapters import secrets
from alerts.adapters.sql import SqlSubscribers, queries
from alerts.app.ways import Lookup, web_address
from alerts.config import Config
from alerts.model import Delivery, Receipt, Subscription
from alerts.ports import Channel
from alerts.subscribers import Pause
from alerts.tokens import Signer

LOOK_BACK = timedelta(days=1)
"""How far back a run looks for bounces: a run that died after a refusal is made up for by the next."""


@dataclass(frozen=True, slots=True)
class SqlReaders:
    """Readers as SQL and the secret of the desk know them.  ``url`` is the public address of the desk, or empty."""

    engine: Engine
    signer: Signer
    url: str = ""

    @property
    def _store(self) -> SqlSubscribers:
        return SqlSubscribers(self.engine)

    def merged(self, config: Config) -> tuple[Subscription, ...]:
        """Give all subscriptions, those of readers too, without the recipients that are left alone."""
        return subscribers_.reachable((*config.subscriptions, *self._own(config)), self._paused(), self.signer.mark)

    def _own(self, config: Config) -> tuple[Subscription, ...]:
        service = config.self_service
        if service is None:
            return ()
        rules = {rule.id for rule in config.rules}
        known = [reader for reader in self._store.all() if reader.standing != "asked"]
        return tuple(subscribers_.as_subscription(reader, service, rules) for reader in known)

    def unsubscribe(self, subscription: str, recipient: str, *, now: datetime) -> str:
        """Give the address at which this recipient ends this subscription; empty if there is none."""
        if "@" not in recipient or not self.url.startswith("https://"):
            return ""  # RFC 8058 knows https only
        name = subscribers_.recipient_mark(self.signer.mark, subscription, recipient)
        until = now + subscribers_.UNSUBSCRIBE_WITHIN
        return f"{self.url}/unsubscribe/{self.signer.sign('unsubscribe', name, until)}"

    def link(self, digest: str, *, now: datetime) -> str:
        """Give where a digest, by its name, can be seen in a browser; empty if nowhere."""
        if not self.url:
            return ""
        token = self.signer.sign("read", self.signer.mark("read", digest), now + subscribers_.UNSUBSCRIBE_WITHIN)
        return f"{self.url}/read/{quote(digest)}/{token}"

    def managing(self, config: Config, now: datetime) -> Callable[[str], str]:
        """Give what leads from a subscription to where its one reader changes it; to nothing, if nobody does."""
        if not self.url or config.self_service is None:
            return lambda _: ""
        ids, until = {reader.name: reader.id for reader in self._store.all()}, now + subscribers_.MANAGE_WITHIN

        def page(subscription: str) -> str:
            id_ = ids.get(subscription)
            return f"{self.url}/manage/{self.signer.sign('manage', id_, until)}" if id_ else ""

        return page

    def heeding(self, channels: Mapping[str, Channel]) -> Mapping[str, Channel]:
        """Give channels that send nothing to whom is left alone by now."""
        paused = self._paused()
        return (
            {name: Heeding(channel, paused, self.signer) for name, channel in channels.items()} if paused else channels
        )

    def bounced(self, now: datetime) -> tuple[str, ...]:
        """Leave alone the addresses at which there is nobody, and say so."""
        lines = []
        for delivery, receipt in queries.bounces(self.engine, now - LOOK_BACK):
            if "@" not in delivery.recipient:
                continue
            mark = subscribers_.address_mark(self.signer.mark, delivery.recipient)
            if self._store.pause(Pause(mark, receipt.reason, receipt.at)):
                lines.append(_told(delivery, receipt))
        return tuple(lines)

    def _paused(self) -> frozenset[str]:
        return frozenset(pause.mark for pause in self._store.pauses())


def _told(delivery: Delivery, receipt: Receipt) -> str:
    return (
        f'delivery "{delivery.id}": its recipient is told nothing more, because the server said: {receipt.reason}; '
        "`alerts subscribers` lists and resumes them"
    )


@dataclass(frozen=True, slots=True)
class Heeding:
    """A channel that sends nothing to a recipient who is left alone by now, whatever is in the outbox for them."""

    channel: Channel
    paused: frozenset[str] = field(repr=False)
    signer: Signer

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Make one attempt, unless the recipient is left alone."""
        mark = self.signer.mark
        own = subscribers_.recipient_mark(mark, delivery.subscription, delivery.recipient)
        if self.paused.isdisjoint({own, subscribers_.address_mark(mark, delivery.recipient)}):
            return self.channel.send(delivery, attempt=attempt, now=now)
        return Receipt(delivery.id, attempt, "refused", "the recipient is left alone: unsubscribed, or not there", now)


def desk_signer(lookup: Lookup, var: Path) -> Signer:
    """Give what signs the links and sessions of the desk."""
    return Signer(lookup("ALERTS_DESK_SECRET") or secrets.desk_secret(var))


def desk_url(lookup: Lookup) -> str:
    """Give the address at which readers reach the desk, without a slash at its end; or nothing.

    Raises:
        AlertsError: The setting is no web address.
    """
    return web_address(lookup, "ALERTS_DESK_URL", "at which readers reach the desk").rstrip("/")
