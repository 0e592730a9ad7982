"""Words as a reader is shown them: one clean line, of bounded length; and links that are links.  Pure."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from alerts import text, urls
from alerts.model import Subscription
from alerts.render.frames import Frame, frame

SUBJECT_LIMIT = 150
TITLE_LIMIT = 300
PASSAGE_LIMIT = 1_000
QUOTE_LIMIT = 300
FIGURE_LIMIT = 140
NAME_LIMIT = 80
NO_TITLE = "(no title)"
URL_LIMIT = 2000
"""A longer address is shown as no link: clients cut it, and half an address leads elsewhere."""

_LANG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


@lru_cache(maxsize=4_096)
def link(url: str) -> str:
    """Give the address if it may be a link: http(s), without blanks, not over 2,000 characters; else nothing.

    >>> link("javascript:alert(1)"), link("https://example.com/a")
    ('', 'https://example.com/a')
    """
    return url if len(url) <= URL_LIMIT and text.one_line(url) == url and " " not in url and urls.is_web(url) else ""


@lru_cache(maxsize=4_096)
def clean(words: str, limit: int) -> str:
    """Make it one line without control characters or halves of surrogate pairs, of bounded length."""
    sound = words[: text.FIELD_LIMIT].encode("utf-8", "replace").decode()
    return text.cut(text.one_line(sound), limit)


def lang(tag: str) -> str:
    """Give the language tag if it is one; a screen reader and a font choice depend on it."""
    return tag if _LANG.fullmatch(tag) else ""


def time(when: datetime, s: Subscription, at: datetime) -> str:
    """Show a time in the subscriber's zone; its date only if it is not of the day of the page."""
    local = when.astimezone(ZoneInfo(s.zone))
    clock = f"{local:%H:%M}"
    return clock if local.date() == at.date() else f"{frame(s.lang).date(local)} {clock}"


def ago(when: datetime, at: datetime, w: Frame) -> str:
    """Say how long before ``at`` something was.

    >>> from datetime import UTC
    >>> ago(datetime(2026, 7, 1, 5, tzinfo=UTC), datetime(2026, 7, 1, 7, 30, tzinfo=UTC), frame("en"))
    '2 h ago'
    """
    minutes = max(int((at - when).total_seconds()) // 60, 0)
    if minutes < 60:
        return w.say("%(n)s min ago", n=minutes)
    hours = minutes // 60
    return w.say("%(n)s h ago", n=hours) if hours < 48 else w.say("%(n)s days ago", n=hours // 24)
