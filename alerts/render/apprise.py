"""Short plain text, for the many services that Apprise knows.  Pure.

Each has marks of its own for mentions and links, and takes another length.  So feed text is broken where any of them
would see such a mark, by a character without width; bold is only bold.  No message is longer than the least of the
well-known services takes, a digest being as many messages as it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from alerts import text
from alerts.model import Alert, Digest, Message
from alerts.render import views
from alerts.render.frames import frame
from alerts.render.plates import Plates

BODY_LIMIT = 800
"""Characters of a message below its title: Microsoft Teams takes 1,000 through Apprise, title and all."""

_MARKS = re.compile(r"[@<\]]")
_BREAK = "\u200b"


def alert(alert: Alert, plates: Plates) -> Message:
    """Write an alert."""
    page = views.of_alert(alert, plates)
    return _message(page, _story(page.stories[0], BODY_LIMIT))


def digest(digest: Digest, plates: Plates) -> Message:
    """Write a digest: every story, in as many messages as that needs."""
    page = views.of_digest(digest, plates)
    paragraphs = [inert(f"{page.when} · {page.counts}"), *(inert(line) for line in page.busy)]
    for section in page.sections:
        told = [_story(story, BODY_LIMIT // 2) for story in section.stories]
        paragraphs += [f"{inert(section.title)}:\n{told[0]}", *told[1:]]
    paragraphs += [views.and_more(page)] if page.more else []
    bodies = list(_packed(paragraphs))
    made = [_message(page, body, n, len(bodies)) for n, body in enumerate(bodies, 1)]
    return replace(made[0], rest=tuple(made[1:]))


def inert(words: str) -> str:
    r"""Break the marks of mentions and of links that look like something else, so that they are letters to all.

    >>> inert("@everyone [bank](https://evil.example)").replace("\u200b", "|")
    '@|everyone [bank]|(https://evil.example)'
    """
    return _MARKS.sub(lambda mark: mark.group() + _BREAK, words)


def address(url: str) -> str:
    """Write an address so that no service sees a mark in it; it leads to the same place."""
    return "".join(f"%{ord(sign):02X}" if _MARKS.match(sign) else sign for sign in url)


def _message(page: views.Page, body: str, n: int = 1, of: int = 1) -> Message:
    """Give the message its title."""
    subject = inert(page.subject) + (f" ({n}/{of})" if of > 1 else "")
    return Message("apprise", subject, body)


def _packed(paragraphs: list[str]) -> Iterator[str]:
    """Put as many paragraphs into each message as it takes."""
    body = ""
    for paragraph in paragraphs:
        if body and len(body) + 2 + len(paragraph) > BODY_LIMIT:
            yield body
            body = ""
        body = f"{body}\n\n{paragraph}" if body else paragraph
    yield body


def _story(told: views.StoryView, limit: int) -> str:
    """Tell a story as fully as fits; its headline and what is new are always there."""
    return next((form for form in _forms(told) if len(form) <= limit), text.cut(inert(told.headline), limit))


def _forms(told: views.StoryView) -> Iterator[str]:
    """Give the ways to tell a story, from the longest to the shortest."""
    newest = told.developments[-1]
    head = [inert(told.headline), inert(f"{newest.reason} · {newest.outlet}, {newest.time}")]
    link = [address(told.url)] if told.url else []
    said = [
        inert(f"{passage.words} ({passage.outlet})" if passage.outlet else passage.words) for passage in told.passages
    ]
    w = frame(told.framed)
    notes = [(w.say("Figures"), "; ".join(told.figures)), (w.say("Also in"), ", ".join(told.also_in))]
    tail = [inert(f"{name}: {words}") for name, words in notes if words]
    yield "\n".join([*head, *said, *tail, *link])
    yield "\n".join([*head, *said[:1], *link])
    yield "\n".join([*head, *link])
    yield "\n".join(head)
