"""Feeds: when to poll them, how to ask, how they do (``polling``), and what their bytes say (``parsing``).  Pure.

``polling`` decides by what ``rhythm``, ``hints``, ``freshness``, ``redirects`` and ``health`` know.
"""

from __future__ import annotations

from alerts.feeds.discovery import Glance
from alerts.feeds.health import notice, why
from alerts.feeds.hints import Hints
from alerts.feeds.parsing import Parsed, parse, quick, reference
from alerts.feeds.polling import (
    LONGEST_BACKOFF,
    LONGEST_WAIT,
    after_failure,
    after_success,
    is_due,
    request,
    settled,
)

__all__ = [
    "LONGEST_BACKOFF",
    "LONGEST_WAIT",
    "Glance",
    "Hints",
    "Parsed",
    "after_failure",
    "after_success",
    "is_due",
    "notice",
    "parse",
    "quick",
    "reference",
    "request",
    "settled",
    "why",
]
