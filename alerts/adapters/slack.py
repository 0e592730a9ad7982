"""Slack, by incoming webhook or as a bot: one POST, one receipt, at most one message a second to a channel of Slack's.

Our own POST, because Slack's clients try again by themselves after a reset connection, and a message is there twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from alerts import channels, text
from alerts.adapters import http
from alerts.adapters.http import Posted
from alerts.adapters.memory import MemoryHosts, MemoryTable
from alerts.adapters.pacing import turn
from alerts.model import Blame, Delivery, Outcome, Receipt
from alerts.ports import Hosts, Table

API = "https://slack.com/api/chat.postMessage"
TOKEN = "xoxb-"  # noqa: S105 - how the token of a bot begins

TIMEOUT = timedelta(seconds=30)

PACE = timedelta(seconds=1)
"""The rest after each message: Slack takes one a second to a channel.  https://docs.slack.dev/apis/web-api/rate-limits"""

PATIENCE = timedelta(seconds=15)
"""The longest wait for our turn; with the time-out it is less than the 60 s that a channel may take."""

BUSY = timedelta(seconds=30)
"""The rest after a 429 that does not say how long."""

_REASON_LIMIT = 200
_JSON = {"content-type": "application/json; charset=utf-8"}
_NO_PLACE = 'a bot must be told where to write; give the subscription `to: ["#channel"]`'
_NO_CHOICE = "an incoming webhook writes to the one channel it was made for; delete `to` from the subscription"

_NOT_YET = "others are writing to this channel, and Slack takes one message a second"

AGAIN = frozenset(
    "ratelimited rate_limited message_limit_exceeded internal_error fatal_error service_unavailable request_timeout "
    "team_added_to_org accesslimited".split()
)
"""Words of Slack's API for its own trouble."""

SETTINGS = frozenset(
    "invalid_auth not_authed account_inactive token_revoked token_expired missing_scope no_permission access_denied "
    "not_allowed_token_type ekm_access_denied org_login_required two_factor_setup_required".split()
)
"""Words for what the operator can mend in Slack, so that everything waits for it."""

PLACE = frozenset("not_in_channel restricted_action posting_to_general_channel_denied".split())
"""Words for what the operator can mend for one channel of Slack's, so that what is meant for that one waits."""

NO_PLACE = frozenset("channel_not_found is_archived user_not_found".split())
"""Words for a channel of Slack's that is not there: it alone is refused."""

NO_THREAD = frozenset("thread_not_found invalid_thread_ts cannot_reply_to_message message_not_found".split())
"""Words for a thread whose first message is gone."""

_WORDS: tuple[tuple[frozenset[str], tuple[Outcome, Blame]], ...] = (
    (AGAIN, ("deferred", "")),
    (SETTINGS, ("deferred", "login")),
    (PLACE, ("deferred", "recipient")),
    (NO_PLACE, ("refused", "recipient")),
    (NO_THREAD, ("deferred", "message")),
)


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """An incoming webhook of Slack, or of one that speaks as Slack does.  The URL is the credential.

    ``allow_hosts`` are those that may have an address that is not public.
    """

    url: str = field(repr=False)
    timeout: timedelta = TIMEOUT
    hosts: Hosts = field(default_factory=MemoryHosts, repr=False)
    allow_hosts: frozenset[str] = frozenset()

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Make one attempt.  Slack accepts with ``ok`` and refuses with a word, such as ``invalid_blocks``."""
        if delivery.recipient:
            return Receipt(delivery.id, attempt, "deferred", _NO_CHOICE, now, blame="recipient")

        def ask() -> Posted:
            body = delivery.message.body.encode()
            allowed = self.allow_hosts
            return http.post(self.url, headers=_JSON, body=body, timeout=self.timeout, now=now, allow_hosts=allowed)

        posted = _in_turn(self.hosts, self.url, self.timeout, ask)
        words = posted.body if posted.status else posted.reason
        meant = _meaning(posted)
        return _receipt(delivery, attempt, meant, posted, words.replace(self.url, "(url)"), now)


@dataclass(frozen=True, slots=True)
class SlackBot:
    """A bot of Slack's: it writes to the channel that a delivery names, and what follows of a story into its thread.

    ``threads`` holds the ``ts`` of the first message of each story in each channel.  It is kept after the message was
    sent: what is lost in between begins a thread anew, and no message is ever lost for it.
    """

    token: str = field(repr=False)
    threads: Table[str] = field(default_factory=MemoryTable, repr=False)
    hosts: Hosts = field(default_factory=MemoryHosts, repr=False)
    timeout: timedelta = TIMEOUT
    api: str = API
    allow_hosts: frozenset[str] = frozenset()

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Make one attempt.  Slack answers with 200 to nearly everything; what it means stands in the JSON."""
        if not delivery.recipient:
            return Receipt(delivery.id, attempt, "deferred", _NO_PLACE, now, blame="recipient")
        place = f"{delivery.channel} {delivery.recipient} {delivery.thread}"
        answer: dict[str, Any] = {}

        def ask() -> Posted:
            root = self.threads.get(place) if delivery.thread else None
            posted = self._post(delivery, root, now)
            answer.update(_answer(posted))
            self._remember(place, root, answer, delivery, now)
            return posted

        posted = _in_turn(self.hosts, f"{self.token} {delivery.recipient}", self.timeout, ask)
        word = str(answer.get("error") or "")
        words = "ok" if answer.get("ok") is True else word or posted.body or posted.reason
        meant = _meaning_of_api(posted, answer, word)
        return _receipt(delivery, attempt, meant, posted, words.replace(self.token, "(token)"), now)

    def _post(self, delivery: Delivery, root: str | None, now: datetime) -> Posted:
        """Post, as an answer to the first message of its story if there is one."""
        body = json.loads(delivery.message.body) | {"channel": delivery.recipient}
        if root:
            body["thread_ts"] = root
        headers = _JSON | {"authorization": f"Bearer {self.token}"}
        written = json.dumps(body, ensure_ascii=False).encode()
        return http.post(
            self.api,
            headers=headers,
            body=written,
            timeout=self.timeout,
            now=now,
            answer=100_000,
            allow_hosts=self.allow_hosts,
        )

    def _remember(
        self, place: str, root: str | None, answer: dict[str, Any], delivery: Delivery, now: datetime
    ) -> None:
        """Keep the first message of a story; forget one that Slack does not know any more."""
        if not delivery.thread:
            return
        if answer.get("ok") is True and not root and isinstance(answer.get("ts"), str):
            self.threads.put({place: answer["ts"]}, at=now)
        elif root and answer.get("error") in NO_THREAD:
            self.threads.put({place: ""}, at=now)


def _in_turn(hosts: Hosts, place: str, timeout: timedelta, ask: Callable[[], Posted]) -> Posted:
    """Post when it is our turn.  A 429 makes all wait who write there."""
    name = f"slack {sha256(place.encode()).hexdigest()[:16]}"
    with turn(hosts, name, hold=timeout * 2, rest=PACE, patience=PATIENCE) as ours:
        if ours.wait is not None:
            return Posted(0, _NOT_YET, ours.wait)
        posted = ask()
        if posted.status == 429:
            ours.rest = posted.retry_after or BUSY
        return posted


def _receipt(
    delivery: Delivery, attempt: int, meant: tuple[Outcome, Blame], posted: Posted, words: str, now: datetime
) -> Receipt:
    """Write down what was answered."""
    reason = f"{posted.status or ''} {text.one_line(words)}".strip()
    wait = now + posted.retry_after if posted.retry_after else None
    outcome, blame = meant
    return Receipt(delivery.id, attempt, outcome, text.cut(reason, _REASON_LIMIT), now, wait, blame)


def _meaning(posted: Posted) -> tuple[Outcome, Blame]:
    """Say what an answer means.  A 200 that is not ``ok`` is some other server's page: the address is wrong.

    That it is not our turn yet is no fault of the channel's.
    """
    if posted.status == 200 and posted.body.strip() != "ok":
        return "deferred", "login"
    if posted.reason == _NOT_YET:
        return "deferred", "recipient"
    return channels.meaning(posted.status, barred=posted.barred)


def _answer(posted: Posted) -> dict[str, Any]:
    """Read the JSON of the API; nothing, if it is another server's page."""
    try:
        read = json.loads(posted.body)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _meaning_of_api(posted: Posted, answer: dict[str, Any], word: str) -> tuple[Outcome, Blame]:
    """Say what an answer of the API means: whom it speaks of stands in a word."""
    if posted.status == 200 and answer.get("ok") is True:
        return "delivered", ""
    for words, meant in _WORDS:
        if word in words:
            return meant
    return ("refused", "message") if posted.status == 200 else _meaning(posted)
