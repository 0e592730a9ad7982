"""The small languages inside a value: a duration, a time of day, an id, an address.  Pure.

Each function gives a value of ours, or raises ``ValueError`` in words for the person who wrote the file.  An address is
never repeated in an error, nor anything that could be a secret.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable
from datetime import time, timedelta
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from alerts import digests
from alerts.text import one_line

ALL = timedelta.max
"""What ``first_poll: all`` is until it becomes the model's ``None``."""

ID = r"[a-z0-9]+(-[a-z0-9]+)*"
DURATION = r"(0|[1-9][0-9]{0,4})(s|m|h|d)"
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
LANG = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"
COUNTRY = r"[a-z]{2}"
CONNECTION = r"[A-Za-z_][A-Za-z0-9_]{0,199}"
COUNT = r"[1-9][0-9]{0,2}"

_SLACK_NAME = re.compile(r"#[^\s#@<>&|A-Z\x00-\x1f]{1,80}")
_SLACK = re.compile(rf"{_SLACK_NAME.pattern}|[CGDU][A-Z0-9]{{8,20}}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
_NAMED = re.compile(r'(?P<name>[^<>"@]*?) ?<(?P<address>[^<>]+)>')
_SAFE_TO_SHOW = re.compile(r"(?!.*/.*/)[\w .:+/-]{1,40}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def near(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known word, as the end of a sentence; empty if none is near.

    >>> near("titel", ["title", "severity"])
    '; did you mean "title"?'
    """
    found = nearest(word, known)
    return f'; did you mean "{found}"?' if found else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known word that was probably meant; empty if none is near."""
    return next(iter(difflib.get_close_matches(word.casefold(), [*known], n=1, cutoff=0.6)), "")


def shown(value: str) -> str:
    """Quote a value if it is a plain word; what looks like an address, a URL or a secret is not repeated."""
    return f'"{value}"' if _SAFE_TO_SHOW.fullmatch(value) else "this"


def _fullmatch(pattern: str, what: str) -> Callable[[str], str]:
    """Make a reader of one pattern.  ``what`` ends the sentence "X is …"."""
    compiled = re.compile(pattern)

    def read(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{shown(text)} is {what}")
        return text

    return read


lang = _fullmatch(LANG, "no language code; write one such as en, ko or zh-Hant, or leave it out")
country = _fullmatch(COUNTRY, "no country code; write two small letters, such as gb or ir, or leave it out")
connection = _fullmatch(CONNECTION, "no name of a connection; write one such as alerts_smtp, never a URL or a password")
_id = _fullmatch(ID, "no id; write small letters, digits and single dashes, as in morning-digest")


def secret(text: str) -> str:
    """Read the name of a secret; what is no name may be the secret, and is not shown."""
    if len(text) > 64 or not re.fullmatch(ID, text):
        raise ValueError("must be the name of a secret, such as wire-pro, never the secret itself")
    return text


def id_(text: str) -> str:
    """Read an id: small letters, digits and dashes, at most 64."""
    if len(text) > 64:
        raise ValueError("an id has at most 64 characters")
    if text == "all":
        raise ValueError('"all" cannot be an id: it stands for every rule')
    return _id(text)


def line(text: str) -> str:
    """Read one line of text: it becomes part of subjects and headings."""
    if not text.strip():
        raise ValueError("must not be empty")
    if len(text) > 200:
        raise ValueError("must have at most 200 characters")
    if one_line(text) != text:
        raise ValueError("must be one line, without control characters and without blanks at its ends or doubled")
    return text


def term(text: str) -> str:
    """Read a term or an alias.  What it means is the business of the rules; here it is only text of a sane size."""
    return line(text)


def expression(text: str) -> str:
    """Read an expression of a rule, of one line or many.  What it means is the business of the rules."""
    if not text.strip():
        raise ValueError("must not be empty; write a term, or take the key out")
    if len(text) > 20_000:
        raise ValueError("must have at most 20,000 characters; put what is listed into a watchlist")
    return text


def sample(text: str) -> str:
    """Read a text on which a rule is tried: its first line is the title, the others become one."""
    if not one_line(text):
        raise ValueError("must not be empty; write a headline, or the beginning of an article")
    if len(text) > 20_000:
        raise ValueError("must have at most 20,000 characters; the part that matters is enough")
    title, _, rest = text.strip().partition("\n")
    return "\n".join(line for line in (one_line(title), one_line(rest)) if line)


def duration(text: str) -> timedelta:
    """Read ``90s``, ``15m``, ``24h`` or ``7d``.

    >>> duration("15m")
    datetime.timedelta(seconds=900)
    """
    found = re.fullmatch(DURATION, text)
    if not found:
        raise ValueError(f"{shown(text)} is no duration; write a number and s, m, h or d, as in 15m, 24h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def between(low: timedelta, high: timedelta, words: str) -> Callable[[str], timedelta]:
    """Make a reader of durations with bounds; ``words`` names the bounds."""

    def read(text: str) -> timedelta:
        value = duration(text)
        if not low <= value <= high:
            raise ValueError(f"{text} is out of bounds; it must be {words}")
        return value

    return read


POLITE = timedelta(minutes=1)
"""The shortest interval at which a server of others may be asked; one of our own may be asked every second."""

every = between(timedelta(seconds=1), timedelta(days=7), "from 1m to 7d")
polite_every = between(POLITE, timedelta(days=7), "from 1m to 7d")
backfill = between(timedelta(0), timedelta(days=90), "at most 90d")
cooldown = between(timedelta(0), timedelta(days=30), "at most 30d")
group_wait = between(timedelta(0), timedelta(hours=1), "at most 1h")
repeat = between(timedelta(minutes=15), timedelta(days=7), "from 15m to 7d")
_first_poll = between(timedelta(0), timedelta(days=400), "at most 400d, or all")


def first_poll(text: str) -> timedelta:
    """Read a duration, or ``all``."""
    return ALL if text == "all" else _first_poll(text)


def count(text: str) -> int:
    """Read a whole number from 1 to 500."""
    if not re.fullmatch(COUNT, text) or int(text) > 500:
        raise ValueError(f"{shown(text)} is not a whole number from 1 to 500")
    return int(text)


CADENCES = (
    "`instant`, `hourly`, `daily at 07:30`, `weekdays at 07:30`, `weekly on monday at 07:30` or `cron 30 7 * * 1-5`"
)
_CADENCE = re.compile(rf"(daily|weekdays|weekly on (?P<day>[a-z]+)) at (?P<at>{TIME})")


def when(text: str) -> str:
    """Read how often it is told, and give it as cron writes it; ``instant`` is the empty text.

    >>> when("weekly on monday at 07:30")
    '30 7 * * 1'
    """
    words = " ".join(text.casefold().split())
    if words in ("instant", "hourly"):
        return "" if words == "instant" else "0 * * * *"
    if words.startswith("cron"):
        return digests.check_cron(text.strip()[4:].removeprefix(":"))
    found = _CADENCE.fullmatch(words)
    if found:
        return digests.cron(_days(found["day"]) if found["day"] else _DAYS[found[1]], clock(found["at"]))
    early = re.fullmatch(r"(?:daily at )?([0-9]):([0-5][0-9])", words)
    hint = f"; did you mean `daily at 0{early[1]}:{early[2]}`?" if early else ""
    raise ValueError(f"{shown(text)} is no time to tell; write {CADENCES} (00:00 to 23:59){hint}")


_DAYS = {"daily": "*", "weekdays": "1-5"}


def _days(name: str) -> str:
    if name not in digests.NAMES_OF_DAYS:
        raise ValueError(f"{shown(name)} is no day of the week{near(name, digests.NAMES_OF_DAYS)}")
    return str(digests.NAMES_OF_DAYS.index(name) + 1)


INHIBITION = r"^\S+ while \S+$"


def inhibition(text: str) -> tuple[str, str]:
    """Read ``tariffs while trade-war``: the rule that is held, and the one that holds it."""
    words = text.split()
    if len(words) != 3 or words[1] != "while":
        raise ValueError("must be two rules with `while` between them, as in `tariffs while trade-war`")
    return words[0], words[2]


def clock(text: str) -> time:
    """Read a time of the day, ``07:30``."""
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


def quiet(text: str) -> tuple[time, time]:
    """Read hours of the day, ``22:00-07:00``; they may go over midnight.

    >>> quiet("22:00-07:00")
    (datetime.time(22, 0), datetime.time(7, 0))
    """
    found = re.fullmatch(f"(?P<begin>{TIME}) ?[-–] ?(?P<end>{TIME})", text)
    if not found:
        raise ValueError(f"{shown(text)} are no hours; write their beginning and their end, as in 22:00-07:00")
    if found["begin"] == found["end"]:
        raise ValueError("begin and end at the same time; to be told nothing, delete the subscription")
    return clock(found["begin"]), clock(found["end"])


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def zone(text: str) -> str:
    """Read the name of a time zone of the IANA list."""
    if text in _zones():
        return text
    folded = {name.casefold(): name for name in _zones()}
    found = difflib.get_close_matches(text.casefold().replace(" ", "_"), [*folded], n=1, cutoff=0.6)
    hint = f'; did you mean "{folded[found[0]]}"?' if found else ""
    raise ValueError(f"{shown(text)} is no time zone; write a name like Europe/London{hint}")


def url(text: str) -> str:
    """Read an http(s) URL, without a name and a password in it."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is no URL; write http://… or https://…") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError("is no URL that can be fetched; write http://… or https://…")
    if "@" in parts.netloc:
        raise ValueError("must hold no user name or password")
    if not text.isprintable() or " " in text or len(text) > 2_000:
        raise ValueError("must hold no blanks or control characters, and at most 2,000 characters")
    return text


def contact(text: str) -> str:
    """Read a page or a ``mailto:`` address where an operator of a server can reach the reader's operator."""
    if text.startswith("mailto:"):
        address(text.removeprefix("mailto:"))
        return text
    return url(text)


def host(text: str) -> str:
    """Read a host name or an IP address, without scheme and port."""
    if ":" not in text and re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", text):
        return text
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise ValueError(
            "is no host; write a name in small letters or an IP address, without scheme and port"
        ) from None


def is_private(hostname: str) -> bool:
    """Whether the host is, by its name alone, on this machine or in a private network."""
    if hostname == "localhost" or hostname.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(hostname).is_global
    except ValueError:
        return False


def address(text: str) -> str:
    """Read a mail address as SMTP takes it.  The address is not repeated in the error: logs are read by many."""
    if "\n" in text or "\r" in text:
        raise ValueError("holds a line break: a mail address is one line")
    if "<" in text:
        raise ValueError("must be the address alone, without a name and without < >")
    if not text.isascii():
        raise ValueError("holds letters that are not ASCII; write the domain in its xn--… form")
    if not _ADDRESS.fullmatch(text) or ".." in text or len(text) > 254:
        raise ValueError("is no mail address; write name@example.org")
    return text


def recipient(text: str) -> str:
    """Read a mail address, or a channel of Slack's: ``#news``, or its id."""
    if text.startswith("#") and not _SLACK_NAME.fullmatch(text):
        raise ValueError("is no channel of Slack's; write #name in small letters, or its id such as C0123ABCDEF")
    return text if _SLACK.fullmatch(text) else address(text)


def is_slack(text: str) -> bool:
    """Whether it names a channel of Slack's."""
    return bool(_SLACK.fullmatch(text))


def sender(text: str) -> str:
    """Read ``Name <name@example.org>``, or an address alone."""
    if one_line(text) != text:
        raise ValueError("must be one line, without control characters")
    found = _NAMED.fullmatch(text)
    if found:
        address(found["address"])
        return text
    try:
        return address(text)
    except ValueError:
        raise ValueError("is no sender; write `Name <name@example.org>` or name@example.org") from None
