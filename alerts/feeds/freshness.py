"""For how long an answer says that nothing will be new: ``Cache-Control``, ``Expires``, ``Date`` and ``Age``.  Pure.

After RFC 9111, sections 4.2 and 5: ``max-age`` goes before ``Expires``, what cannot be read is stale, and the time that
the answer spent in caches on its way is taken off.  ``s-maxage`` is for caches that are shared, which we are not.
"""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime, timedelta

LONGEST = timedelta(hours=24)
"""The most that a server is believed: a year of ``max-age`` is meant for pictures."""

_DIRECTIVE = re.compile(r'\s*([^\s=,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*)))?\s*(?:,|$)')
# The three forms of RFC 9110, 5.6.7; what is written otherwise is no date, and what it dates is stale.
_DATE = re.compile(
    r"[a-z]{3}, \d\d [a-z]{3} \d{4} \d\d:\d\d:\d\d GMT|[a-z]{6,9}, \d\d-[a-z]{3}-\d\d \d\d:\d\d:\d\d GMT"
    r"|[a-z]{3} [a-z]{3} [ \d]\d \d\d:\d\d:\d\d \d{4}",
    re.IGNORECASE | re.ASCII,
)
_NONE = timedelta(0)


def lifetime(control: str, expires: str, date: str = "", age: str = "") -> timedelta | None:
    """Say how long an answer is fresh, from its headers of these names; ``None`` if it does not say.

    >>> lifetime("public, max-age=600", "")
    datetime.timedelta(seconds=600)
    """
    said = directives(control)
    if said.get("no-cache") == "" or "no-store" in said:  # with a value, it is about headers of that name alone
        return _NONE
    if "max-age" in said:
        stated = seconds(said["max-age"]) or _NONE
    elif expires:
        end, begin = moment(expires), moment(date)
        stated = end - begin if end and begin else _NONE
    else:
        return None
    spent = seconds(re.split("[,;]", age)[0]) or _NONE
    return min(max(stated - spent, _NONE), LONGEST)


def directives(control: str) -> dict[str, str]:
    """Take a ``Cache-Control`` apart; of a directive that is there twice, the first counts."""
    said: dict[str, str] = {}
    for match in _DIRECTIVE.finditer(control):
        said.setdefault(match[1].lower(), (match[2] if match[2] is not None else match[3] or "").strip())
    return said


def seconds(value: str) -> timedelta | None:
    """Read a number of seconds; ``None`` if it is none."""
    value = value.strip()
    return timedelta(seconds=min(int(value[:12]), 10**9)) if value.isascii() and value.isdigit() else None


def moment(value: str) -> datetime | None:
    """Read a date of HTTP; ``None`` if it is none."""
    if not _DATE.fullmatch(value.strip()):
        return None
    try:
        found = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
