"""Self-service: subscribing with a click in a mail, choosing, pausing, unsubscribing.

::

    POST /subscribe ─▶ the same answer for every address
                    └▶ a mail: to a new one a link to confirm, to a known one a link to its page, to a recent one none
    POST /confirm/…  ─▶ from now on: a reader begins at the end of the log of developments
    POST /unsubscribe/… (RFC 8058) ─▶ ended, at once and as often as it is sent; a GET changes nothing

What a stranger sends is never answered by whether we know the address: the mail is made after the answer is sent.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts import subscribers as subscribers_
from alerts.adapters import sql
from alerts.config import scalars
from alerts.desk.opening import Desk
from alerts.model import Delivery, Development, Lang, Message, Subscription
from alerts.subscribers import Pause, Service, Subscriber, Wishes
from alerts.tokens import Purpose

CADENCES = {
    "instant": "At once",
    "hourly": "Every hour",
    "daily": "Every day",
    "weekdays": "On weekdays",
    "weekly": "On Mondays",
}
"""How often, by the word in the form."""

LANGS: dict[Lang, str] = {"en": "English", "ko": "한국어"}

UNSUBSCRIBED = "unsubscribed"
"""Why an address is left alone whose owner ended a subscription."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came: its address, tidied, and what is wished."""

    address: str
    wishes: Wishes


def read(form: Mapping[str, Sequence[str]], service: Service) -> Sent:
    """Read the form of a reader.

    Raises:
        ValueError: Something is wrong, in words for whoever filled it in; the address is not repeated.
    """
    address = _first(form, "address").strip(" ")
    try:
        scalars.address(address)
    except ValueError as error:
        raise ValueError(f"the address {error}") from None
    name, _, domain = address.rpartition("@")
    return Sent(f"{name}@{domain.lower()}", wishes(form, service))


def wishes(form: Mapping[str, Sequence[str]], service: Service) -> Wishes:
    """Read what a reader wishes.

    Raises:
        ValueError: Something is wrong, in words for whoever filled it in.
    """
    often = _first(form, "often")
    if often not in CADENCES:
        raise ValueError("choose how often you want to be told")
    lang: Lang = "ko" if _first(form, "lang") == "ko" else "en"
    zone = scalars.zone(_first(form, "zone") or "UTC")
    cron = scalars.when(_cadence(often, _first(form, "at") or "07:30"))
    return subscribers_.offered(Wishes(tuple(form.get("rule", ())), cron, zone, lang), service)


def _cadence(often: str, at: str) -> str:
    """Write how often as subscriptions.yaml does."""
    if often in {"instant", "hourly"}:
        return often
    return f"{'weekly on monday' if often == 'weekly' else often} at {at}"


def _first(form: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(form.get(name, ())), "")


def chosen(wishes: Wishes) -> tuple[str, str]:
    """Say of wishes which cadence of the form they are, and at which time of day."""
    at = next((f"{h:02}:{m:02}" for m, h in [_clock(wishes.cron)] if h is not None), "07:30")
    for often in CADENCES:
        if scalars.when(_cadence(often, at)) == wishes.cron:
            return often, at
    return "daily", at


def _clock(cron: str) -> tuple[int, int | None]:
    minute, hour, *_ = (*cron.split(), "", "")
    return (int(minute), int(hour)) if minute.isdigit() and hour.isdigit() else (0, None)


# ── what a form does ─────────────────────────────────────────────────────────────────────────────────────────────────


def ask(desk: Desk, service: Service, sent: Sent) -> None:
    """Put the mail into the outbox that the address gets, if it gets one: to confirm, or to see what is kept."""
    store, now = sql.SqlSubscribers(desk.engine), desk.clock()
    mark = subscribers_.address_mark(desk.signer.mark, sent.address)
    known = store.find(mark)
    if not subscribers_.may_be_asked(known, now):
        return
    if known is None or known.standing == "asked":
        id_ = known.id if known else secrets.token_hex(16)
        reader = Subscriber(id_, sent.address, "asked", sent.wishes, now, now)
        purpose: Purpose = "confirm"
    else:
        reader, purpose = replace(known, asked=now), "manage"
    store.put(reader, mark)
    sql.SqlOutbox(desk.engine).add([_mail(desk, service, reader, purpose)])


def confirm(desk: Desk, id_: str) -> Subscriber | None:
    """Begin a subscription, at the end of the log; ``None`` if there is none of this id.

    The reader is made known before it is active: one that is not known would be told everything that is kept.
    """
    store, now = sql.SqlSubscribers(desk.engine), desk.clock()
    reader = store.get(id_)
    if reader is None or reader.standing != "asked":
        return reader
    sql.SqlLog(desk.engine, "developments", Development).subscribe(reader.name, now=now)
    active = replace(reader, standing="active")
    store.put(active, _mark(desk, active))
    store.resume(_mark(desk, active), now)  # whoever answers a mail is there
    return active


def keep(desk: Desk, reader: Subscriber, wishes: Wishes) -> Subscriber:
    """Keep other wishes of a reader."""
    return _put(desk, replace(reader, wishes=wishes))


def pause(desk: Desk, reader: Subscriber) -> Subscriber:
    """Tell a reader nothing until they resume; what comes meanwhile is not told later."""
    return _put(desk, replace(reader, standing="paused"))


def resume(desk: Desk, reader: Subscriber) -> Subscriber:
    """Tell a reader again, of what comes from now on."""
    log = sql.SqlLog(desk.engine, "developments", Development)
    while batch := log.read(reader.name):
        log.commit(reader.name, batch.end)
    sql.SqlSubscribers(desk.engine).resume(_mark(desk, reader), desk.clock())
    return _put(desk, replace(reader, standing="active"))


def leave(desk: Desk, reader: Subscriber) -> None:
    """Delete a reader; what is still in the outbox for them is not sent."""
    unsubscribe(desk, subscribers_.recipient_mark(desk.signer.mark, reader.name, reader.address))


def unsubscribe(desk: Desk, name: str) -> None:
    """End the subscription of the recipient that a token names, of readers and of subscriptions.yaml alike."""
    store, mark = sql.SqlSubscribers(desk.engine), desk.signer.mark
    store.pause(Pause(name, UNSUBSCRIBED, desk.clock()))
    for reader in store.all():
        if subscribers_.recipient_mark(mark, reader.name, reader.address) == name:
            store.remove(reader)


def _put(desk: Desk, reader: Subscriber) -> Subscriber:
    sql.SqlSubscribers(desk.engine).put(reader, _mark(desk, reader))
    return reader


def _mark(desk: Desk, reader: Subscriber) -> str:
    return subscribers_.address_mark(desk.signer.mark, reader.address)


def subscription_of(desk: Desk, name: str) -> Subscription | None:
    """Give the subscription whose feed a token names, of the file or of a reader; ``None`` if it is gone."""
    offered, rules = desk.config.self_service, {rule.id for rule in desk.config.rules}
    readers = [r for r in sql.SqlSubscribers(desk.engine).all() if r.standing != "asked"] if offered else []
    own = [subscribers_.as_subscription(reader, offered, rules) for reader in readers if offered]
    return next((s for s in (*desk.config.subscriptions, *own) if desk.signer.mark("feed", s.id) == name), None)


# ── the mail ─────────────────────────────────────────────────────────────────────────────────────────────────────────

PREFIX = "self-service:"
"""How the ids of these mails begin.  What they say is shown on no page: whoever has the link could use it."""


def link(desk: Desk, purpose: Purpose, reader: Subscriber, now: datetime) -> str:
    """Give the address of a page for one reader."""
    lasts = subscribers_.CONFIRM_WITHIN if purpose == "confirm" else subscribers_.MANAGE_WITHIN
    return f"{desk.url}/{purpose}/{desk.signer.sign(purpose, reader.id, now + lasts)}"


def _mail(desk: Desk, service: Service, reader: Subscriber, purpose: Purpose) -> Delivery:
    """Write the mail with the link, and nothing that whoever filled in the form could have written."""
    title = service.title or "News watch"
    url = link(desk, purpose, reader, reader.asked)
    if purpose == "confirm":
        subject = f"{title}: confirm that you want this"
        said = (
            f"Somebody asked for news by mail to this address: {title}.\n\n"
            f"If it was you, confirm it within two days:\n{url}\n\n"
            "If it was not, do nothing: you will get no other mail, and your address is deleted after two days.\n"
        )
    else:
        subject = f"{title}: your subscription"
        said = (
            f"Change, pause or end your subscription here, within 30 days:\n{url}\n\nIf you did not ask, do nothing.\n"
        )
    name = f"{PREFIX}{purpose}:{reader.id[:12]}:{reader.asked:%Y%m%dT%H%M%S}"
    return Delivery(name, "self-service", service.channel, reader.address, Message("mail", subject, said), reader.asked)
