"""Logs as values: a line is a JSON object, or text for people; each names what it is about by its id.

From ``info`` on there is one line for each run of a stage, and one at ``warning`` for each thing that an operator must
know.  At ``debug`` there is one for each decision, made by those who keep it: the stages know no log.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TextIO, get_args

import structlog

from alerts.errors import AlertsError
from alerts.model import Article, Delivery, Development, Match, Receipt, Report

Form = Literal["json", "text"]
Level = Literal["debug", "info", "warning", "error"]

log = structlog.get_logger("alerts")

_ABOUT = re.compile(r'(feed|delivery|rule|channel|subscription) "([^"]+)": (.*)', re.DOTALL)
"""How a line of a report begins that is about one thing."""


def configure(lookup: Callable[[str], str | None], file: TextIO = sys.stderr) -> None:
    """Log as the settings say: ``ALERTS_LOG`` is the form, and ``ALERTS_LOG_LEVEL`` how much.

    Without either, only errors are logged: what a stage has to say is in its report, which the command prints.

    Raises:
        AlertsError: A setting has another value than those that are known.
    """
    form = _one_of("ALERTS_LOG", lookup("ALERTS_LOG") or "text", get_args(Form))
    usual = "info" if lookup("ALERTS_LOG") else "error"
    level = _one_of("ALERTS_LOG_LEVEL", lookup("ALERTS_LOG_LEVEL") or usual, get_args(Level))
    shown: list[Any] = [structlog.processors.JSONRenderer(ensure_ascii=False)]
    if form == "text":
        shown = [structlog.dev.ConsoleRenderer(colors=file.isatty())]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            *shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file),
        cache_logger_on_first_use=False,
    )


def _one_of(name: str, written: str, known: Sequence[str]) -> str:
    if written not in known:
        raise AlertsError(f"{name} is {written!r}; write one of {', '.join(known)}")
    return written


# ── decisions ────────────────────────────────────────────────────────────────────────────────────────────────────────


def reported(report: Report) -> None:
    """Say what a stage did, and each thing that an operator must know, under the id that it begins with."""
    if not structlog.is_configured():  # else it would print, in a program that has not asked for it
        return
    log.info("stage done", stage=report.stage, took=report.took, **dict(report.counts))
    for line in report.lines:
        found = _ABOUT.fullmatch(line)
        about = {found[1]: found[2]} if found else {}
        log.warning(found[3] if found else line, stage=report.stage, **about)


def decided(what: str, values: Iterable[object]) -> None:
    """Say at ``debug`` what was decided and kept: what an article, a match, a development or a delivery is about.

    Nothing is said in a program that has not asked for logs, and nothing is put together unless somebody reads it.
    """
    if not (structlog.is_configured() and log.is_enabled_for(logging.DEBUG)):
        return
    for value in values:
        if said := _said(value):  # a report has a line of its own
            log.debug(what, **said)


def _said(value: object) -> dict[str, object]:
    """Give the ids of a value, and why it is there; never its text, and nobody's address."""
    match value:
        case Article():
            why = {"quiet": value.quiet} if value.quiet else {}
            return {"article": value.key, "feed": value.feed, **why}
        case Match():
            return {"article": value.key, "rules": [hit.rule for hit in value.hits]}
        case Development():
            rules = [hit.rule for hit in value.match.hits]
            return {"article": value.key, "story": value.story, "reason": value.reason, "rules": rules}
        case Delivery():
            return {"delivery": value.id, "subscription": value.subscription, "channel": value.channel}
        case Receipt():
            tried = {"delivery": value.delivery, "attempt": value.attempt}
            return {**tried, "outcome": value.outcome, "reason": value.reason}
    return {}
