"""WebSub (https://www.w3.org/TR/websub/), the part of a subscriber: whom to ask, and what to believe.  Pure.

::

    named ─▶ wanted ─▶ (we ask the hub) ─▶ answered (it asks back) ─▶ active ─▶ is_signed ─▶ the feed's next entries
                                                                        └─▶ wanted again, before the lease ends
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from typing import Literal, NamedTuple
from urllib.parse import urlencode

from alerts import text, urls
from alerts.feeds import links
from alerts.model import FeedState, Fetched, HubState, Lease

LEASE = timedelta(days=10)
"""For how long we ask to be told."""

LONGEST_LEASE = timedelta(days=30)
"""The most that a hub's lease is believed; then we ask again."""

RENEW = 4
"""A lease is renewed when a part of this many is left of what we asked for, or of its own length if that is shorter."""

SLOWER = 4
"""A feed whose hub tells us is polled at this many times its interval: a hub may forget us."""

ALGORITHMS = ("sha1", "sha256", "sha384", "sha512")
"""What a hub may sign with (7.1.1)."""

_FIRST_WAIT, _LONGEST_WAIT = timedelta(hours=1), timedelta(days=1)
_HEAD = 65_536
_FIRST_ENTRY = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)[\s>/]")
_LINK = re.compile(rb"<(?:[\w.-]+:)?link\s([^>]{1,4096})>")
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_HUBS = re.compile(rb'"hubs"\s*:\s*\[[^\]]{0,2000}?"url"\s*:\s*"([^"\\]{1,2000})"')
_CHALLENGE = 2_000

Mode = Literal["", "subscribe", "unsubscribe"]


# ── what a feed names ────────────────────────────────────────────────────────────────────────────────────────────────


class Named(NamedTuple):
    """A hub, and a feed's name there; both are empty if it names none."""

    hub: str = ""
    topic: str = ""


def named(body: bytes, got: Fetched) -> Named:
    """Find a feed's hub, and its own name for itself: in the headers first, then in its head; empty without a hub."""
    found: dict[str, str] = {}
    for link in links.of_header(got.links, got.url):
        for relation in link.relations & {"hub", "self"}:
            found.setdefault(relation, link.url)
    if b"hub" in body[:_HEAD]:
        for relation, url in _in_head(body[:_HEAD], got.url):
            found.setdefault(relation, url)
    return Named(found["hub"], found.get("self", got.url)) if "hub" in found else Named()


def _in_head(head: bytes, location: str) -> list[tuple[str, str]]:
    """Read the links in front of the first entry of XML, or the hubs of JSON Feed."""
    if head.lstrip()[:1] == b"{":
        json_hub = _HUBS.search(head)
        url = links.whole(json_hub[1].decode("utf-8", "replace"), location) if json_hub else ""
        return [("hub", url)] if url else []
    first = _FIRST_ENTRY.search(head)
    found = []
    for match in _LINK.finditer(head[: first.start()] if first else head):
        said = {
            name: unescape(one or two) for name, one, two in _ATTRIBUTE.findall(match[1].decode("utf-8", "replace"))
        }
        if url := links.whole(said.get("href", ""), location):
            found += [
                (relation, url) for relation in said.get("rel", "").lower().split() if relation in ("hub", "self")
            ]
    return found


# ── what to ask ──────────────────────────────────────────────────────────────────────────────────────────────────────


def wanted(state: FeedState | None, known: HubState | None, now: datetime, *, allow_hosts: frozenset[str]) -> Mode:
    """Say what to ask of a hub now.  ``state`` is ``None`` if the feed is not polled any more.

    A hub without TLS is not asked, because it would be told the secret in the clear; one of our own may be.
    """
    hub, topic = (state.hints.hub, state.hints.topic) if state else ("", "")
    if hub and not (hub.lower().startswith("https:") or urls.host(hub) in allow_hosts):
        hub = ""
    if known is None or (hub and (known.hub, known.topic) != (hub, topic)):
        return "subscribe" if hub else ""
    if now - known.asked < min(_FIRST_WAIT * (1 << min(known.tries - 1, 10)), _LONGEST_WAIT):
        return ""
    if not hub:
        return "unsubscribe" if known.lease in ("active", "leaving") and known.tries < RENEW else ""
    if known.lease == "denied":
        return "subscribe" if now - known.asked >= LEASE else ""
    return "" if known.lease == "active" and known.until and not _ends_soon(known, now) else "subscribe"


def _ends_soon(known: HubState, now: datetime) -> bool:
    """Whether a lease must be renewed now."""
    until = known.until or now
    return until - now < min(LEASE, until - known.asked) / RENEW


def asked(mode: Mode, state: FeedState | None, known: HubState | None, feed: str, now: datetime) -> HubState:
    """Say what we know once we have asked; what holds goes on to hold."""
    if mode == "unsubscribe" and known:
        return replace(known, lease="leaving", asked=now, tries=known.tries + 1 if known.lease == "leaving" else 1)
    hub, topic = (state.hints.hub, state.hints.topic) if state else ("", "")
    if known and (known.hub, known.topic) == (hub, topic):
        lease: Lease = "active" if known.lease == "active" else "asked"
        return replace(known, lease=lease, asked=now, tries=known.tries + 1)
    return HubState(feed, hub, topic, "asked", now)


def form(mode: Mode, known: HubState, callback: str, key: str) -> bytes:
    """Write the request to a hub (5.1)."""
    said = {"hub.mode": mode, "hub.topic": known.topic, "hub.callback": f"{callback}{path(known, key)}"}
    if mode == "subscribe":
        said |= {"hub.lease_seconds": str(int(LEASE.total_seconds())), "hub.secret": secret(known, key)}
    return urlencode(said).encode()


def path(known: HubState, key: str) -> str:
    """Give the path at which a hub calls: nobody can guess it, and it is another for each topic."""
    return f"/websub/{known.feed}/{_made(key, 'path', known)[:32]}"


def secret(known: HubState, key: str) -> str:
    """Give the secret that a hub is told, so that none has to be kept."""
    return _made(key, "secret", known)


def _made(key: str, what: str, known: HubState) -> str:
    words = "\0".join((what, known.feed, known.hub, known.topic))
    return hmac.new(key.encode(), words.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


# ── what a hub says ──────────────────────────────────────────────────────────────────────────────────────────────────


def answered(said: Mapping[str, str], known: HubState, now: datetime) -> tuple[str | None, HubState]:
    """Answer a hub that asks whether we meant it (5.3): the challenge, or ``None``; and what holds now."""
    mode, challenge = said.get("hub.mode", ""), said.get("hub.challenge", "")
    if said.get("hub.topic") != known.topic or len(challenge) > _CHALLENGE:
        return None, known
    if mode == "denied":
        reason = text.cut(text.one_line(said.get("hub.reason", "")), 200)
        return "", replace(known, lease="denied", until=None, reason=reason)
    if mode == "unsubscribe" and known.lease == "leaving" and challenge:
        return challenge, replace(known, until=None, tries=RENEW)
    lease = _seconds(said.get("hub.lease_seconds", str(int(LEASE.total_seconds()))))
    if mode != "subscribe" or known.lease in ("leaving", "denied") or not challenge or not lease:
        return None, known
    return challenge, replace(known, lease="active", until=now + lease, tries=1, reason="")


def _seconds(written: str) -> timedelta | None:
    """Read the length of a lease."""
    if not re.fullmatch("[0-9]{1,18}", written) or int(written) == 0:
        return None
    return timedelta(seconds=min(int(written), int(LONGEST_LEASE.total_seconds())))


def is_signed(header: str, body: bytes, secret_: str) -> bool:
    """Whether a body is signed with the secret (7.1.2); how long it takes says nothing of it."""
    name, _, digest = header.strip().partition("=")
    if name.lower() not in ALGORITHMS:
        return False
    ours = hmac.new(secret_.encode(), body, name.lower()).hexdigest()
    return hmac.compare_digest(ours.encode(), digest.lower().encode("utf-8", "surrogateescape"))


def rests(state: FeedState | None, known: HubState | None, now: datetime) -> bool:
    """Whether a feed need not be polled yet, because its hub tells us: it is at ``SLOWER`` times its interval."""
    if state is None or known is None or state.last_poll is None or state.failures or known.lease != "active":
        return False
    holds = known.until is not None and known.until > now and known.topic == state.hints.topic
    return holds and now - state.last_poll < min((state.next_poll - state.last_poll) * SLOWER, _LONGEST_WAIT)
