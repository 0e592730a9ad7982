"""Feeds: when to poll them and how to ask (``polling``), and what their bytes say (``parsing``).  Pure."""

from __future__ import annotations

from alerts.feeds.hints import Hints
from alerts.feeds.parsing import Parsed, parse, quick, reference
from alerts.feeds.polling import LONGEST_BACKOFF, LONGEST_WAIT, after_failure, after_success, is_due, request

__all__ = [
    "LONGEST_BACKOFF",
    "LONGEST_WAIT",
    "Hints",
    "Parsed",
    "after_failure",
    "after_success",
    "is_due",
    "parse",
    "quick",
    "reference",
    "request",
]
