"""The watch-rule language: parse terms, check rules, compile them to one index, match articles, say why not.  Pure.

::

    Rule ──check──▶ problems, each with the path of its key
      └──compile──▶ Rules ──match(article)──▶ Match with Hits and their Evidence, or None
                          ──why_not(article, rule)──▶ the reason, in words
"""

from __future__ import annotations

from alerts.rules.checks import check, check_watchlist
from alerts.rules.compiled import Rules, compile  # noqa: A004 - rules.compile reads well
from alerts.rules.hits import match, why_not
from alerts.rules.terms import FIELDS, Term, TermError, parse_term

__all__ = [
    "FIELDS",
    "Rules",
    "Term",
    "TermError",
    "check",
    "check_watchlist",
    "compile",
    "match",
    "parse_term",
    "why_not",
]
