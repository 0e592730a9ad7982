"""What a user's template writes for Slack: lines with marks, and what Slack is sent of them.  Pure.

A template writes lines, and may mark words by calling ``bold``, ``italic`` and ``link``.  A mark is made of control
characters, which no text of a feed has left when it comes to a template: so nothing that a feed says is ever a mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from alerts import text
from alerts.render import slack, views

_BEGIN, _PART, _END = "\x02", "\x1f", "\x03"
_MARK = re.compile(f"{_BEGIN}([bil])([^{_BEGIN}{_PART}{_END}]*){_PART}([^{_BEGIN}{_PART}{_END}]*){_END}")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def bold(words: object) -> str:
    """Mark words as bold."""
    return _marked("b", words)


def italic(words: object) -> str:
    """Mark words as italic."""
    return _marked("i", words)


def link(words: object, url: object) -> str:
    """Mark words as a link; what is no web address is no link."""
    return _marked("l", words, views.link(str(url)))


def block(written: str, limit: int) -> tuple[slack.Block, int] | None:
    """Make one block of the lines, cut so that Slack takes it; with it its size.  Nothing, if nothing is written."""
    elements = list(_fitting(_elements(_lines(written)), limit))
    made = slack.rich(*elements)
    return (made, slack.size(made)) if elements else None


def _marked(how: str, words: object, url: str = "") -> str:
    """Put marks around words that have none in them."""
    return f"{_BEGIN}{how}{_CONTROL.sub('', str(words))}{_PART}{url}{_END}"


def _lines(written: str) -> str:
    """Take off blanks at the ends of lines, and the empty lines that Jinja's tags leave."""
    return "\n".join(line.strip() for line in written.splitlines() if line.strip())


def _elements(written: str) -> Iterator[slack.Block]:
    """Read the marks."""
    at = 0
    for mark in _MARK.finditer(written):
        if plain := _CONTROL.sub("", written[at : mark.start()]):
            yield slack.plain(plain)
        how, words, url = mark.groups()
        at = mark.end()
        if words:
            yield slack.link(words, url) if how == "l" else slack.plain(words, bold=how == "b", italic=how == "i")
    if plain := _CONTROL.sub("", written[at:]):
        yield slack.plain(plain)


def _fitting(elements: Iterator[slack.Block], limit: int) -> Iterator[slack.Block]:
    """Give what has room, and cut the first that has none."""
    left = limit
    for element in elements:
        if (size := slack.size(element)) > left:
            yield from _cut(element, left)
            return
        left -= size
        yield element


def _cut(element: slack.Block, room: int) -> Iterator[slack.Block]:
    """Shorten a text until it fits once it is escaped; a link that has no room is left out."""
    words, limit = str(element["text"]), room
    while limit > 1 and slack.size(shorter := slack.plain(text.cut(words, limit))) > room:
        limit = limit * 3 // 4
    if limit > 1 and element["type"] == "text":
        yield shorter
