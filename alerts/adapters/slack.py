"""Slack by incoming webhook: one POST, one receipt.

Our own POST, because Slack's clients try again by themselves after a reset connection, and a message is there twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts import text
from alerts.adapters import http
from alerts.model import Delivery, Outcome, Receipt

TIMEOUT = timedelta(seconds=30)

_REASON_LIMIT = 200


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """An incoming webhook of Slack, or of one that speaks as Slack does.  The URL is the credential."""

    url: str = field(repr=False)
    timeout: timedelta = TIMEOUT

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Make one attempt.  Slack accepts with ``ok`` and refuses with a word, such as ``invalid_blocks``."""
        headers = {"content-type": "application/json; charset=utf-8"}
        posted = http.post(
            self.url, headers=headers, body=delivery.message.body.encode(), timeout=self.timeout, now=now
        )
        words = posted.body if posted.status else posted.reason
        reason = f"{posted.status or ''} {text.one_line(words).replace(self.url, '(url)')}".strip()
        wait = now + posted.retry_after if posted.retry_after else None
        outcome = _outcome(posted.status, posted.body)
        return Receipt(delivery.id, attempt, outcome, text.cut(reason, _REASON_LIMIT), now, retry_after=wait)


def _outcome(status: int, body: str) -> Outcome:
    """Say what an answer means.

    A 200 that is not ``ok`` is some other server's page; it is refused, for to try again would not change it.
    """
    if status == 200 and body.strip() == "ok":
        return "delivered"
    return "deferred" if status in {0, 408, 429} or status >= 500 else "refused"
