"""Entries that wrap another outlet's article, as those of Google News do.  Pure.

Such an entry names the outlet in ``<source>`` and again at the end of its title, links to a page that only redirects,
and has no text but the same headline, or headlines of others that would meet rules as if they were this article's.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from alerts import urls
from alerts.model import Entry

_HOSTS = ("news.google.com", "www.bing.com", "bing.com")
_DASHES = (" - ", " – ", " — ", " | ")
_TARGET = re.compile(rb"https?://[\x21-\x7e]+")


def unwrapped(entry: Entry, outlet: str) -> Entry:
    """Give the entry as its outlet would have: the outlet's name, the title without it, the link behind the redirect.

    ``outlet`` is what ``<source>`` says.  It is believed if the link is one of a wrapper, or the title ends with it:
    other feeds name themselves there, or a section.
    """
    wrapped = urls.host(entry.link) in _HOSTS
    title = without_outlet(entry.title, outlet)
    if not outlet or not (wrapped or title != entry.title):
        return entry
    bare = replace(entry, title=title, outlet=outlet)
    return replace(bare, link=target(entry.link) or entry.link, summary="", text="") if wrapped else bare


def without_outlet(title: str, outlet: str) -> str:
    """Take the outlet off the end of a title; a title that is nothing else stays.

    >>> without_outlet("Talks resume - Reuters", "Reuters")
    'Talks resume'
    """
    for dash in _DASHES:
        head, end = title[: -len(dash + outlet)], title[-len(dash + outlet) :]
        if outlet and head.strip() and end.casefold() == f"{dash}{outlet}".casefold():
            return head.rstrip()
    return title


def target(link: str) -> str:
    """Give the address behind a redirect, if the link says it; empty if only the wrapper knows.

    It stands in a parameter, or, in links of Google News made before the summer of 2024, in the path as base64.
    """
    parts = urlsplit(link)
    for name in ("url", "u", "q"):
        for value in parse_qs(parts.query).get(name, ()):
            if urls.is_web(value) and urls.host(value) not in _HOSTS:
                return value
    return _inside(parts.path.rpartition("/")[2]) if "/articles/" in parts.path else ""


def _inside(code: str) -> str:
    """Find an address in base64: a length in one or two bytes stands in front of it."""
    try:
        raw = base64.urlsafe_b64decode(code[:2_048] + "=" * (-len(code[:2_048]) % 4))
    except (ValueError, binascii.Error):
        return ""
    found = _TARGET.search(raw)
    if not found or found.start() == 0:
        return ""
    written = found[0]
    length = raw[found.start() - 1]
    if found.start() > 1 and raw[found.start() - 2] & 0x80:
        length = (raw[found.start() - 2] & 0x7F) | (length << 7)
    url = written[:length].decode("ascii")
    return url if urls.is_web(url) and len(url) == length else ""
