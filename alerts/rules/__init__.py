"""The watch-rule language: read rules, check them, compile them to one index, match articles, say why not.  Pure.

::

    Rule ──check──▶ problems, each with the path of its key
      ├──lint────▶ warnings, each with its reason
      └──compile──▶ Rules ──match(article)──▶ Match with Hits and their Evidence, or None
                          ──why_not(article, rule)──▶ the reason, in words
"""

from __future__ import annotations

from alerts.rules.checks import check, check_watchlist
from alerts.rules.common import common
from alerts.rules.compiled import Rules, compile  # noqa: A004 - rules.compile reads well
from alerts.rules.expressions import ExpressionError
from alerts.rules.hits import match, why_not
from alerts.rules.lint import Lint, lint
from alerts.rules.reading import expression, read, written
from alerts.rules.terms import FIELDS, Term, TermError, parse_term

__all__ = [
    "FIELDS",
    "ExpressionError",
    "Lint",
    "Rules",
    "Term",
    "TermError",
    "check",
    "check_watchlist",
    "common",
    "compile",
    "expression",
    "lint",
    "match",
    "parse_term",
    "read",
    "why_not",
    "written",
]
