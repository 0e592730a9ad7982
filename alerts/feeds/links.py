"""The ``Link`` header of HTTP (RFC 8288), and the links that a feed or a page names in its head.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urljoin

from alerts import urls

_LINK = re.compile(r"<([^<>]{1,4096})>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s\",;]*))?)*)")
_PARAMETER = re.compile(r";\s*([\w*-]+)\s*(?:=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\",;]*)))?")


class Link(NamedTuple):
    """Where a link leads, what it is to where it stands, and of which type it says that the other end is."""

    url: str
    relations: frozenset[str]
    type: str = ""


def of_header(written: str, location: str) -> Iterator[Link]:
    """Read ``Link`` headers; links that are no web addresses are left out, and so are those of another context.

    >>> [link.url for link in of_header('</feed>; rel="alternate hub"', "https://example.org/a")]
    ['https://example.org/feed']
    """
    for match in _LINK.finditer(written):
        said: dict[str, str] = {}
        for name, quoted, bare in _PARAMETER.findall(match[2]):
            # Of a parameter that stands there twice, the first one counts (RFC 8288, 3.3).
            said.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or bare)
        if "anchor" not in said and (url := whole(match[1], location)):
            yield Link(url, frozenset(said.get("rel", "").lower().split()), media_type(said.get("type", "")))


def whole(link: str, location: str) -> str:
    """Make a link whole; empty if it leads to no web address."""
    try:
        led = urljoin(location, link.strip().replace(" ", "%20"))
    except ValueError:
        return ""
    return led if urls.is_web(led) else ""


def media_type(written: str) -> str:
    """Give a media type without its parameters.

    >>> media_type("Application/RSS+XML; charset=utf-8")
    'application/rss+xml'
    """
    return written.partition(";")[0].strip().lower()
