"""Slack: Block Kit, for an incoming webhook and for a bot.  Pure.

Feed text goes into ``rich_text`` elements only.  Slack takes their text literally: ``<!channel>``, ``*bold*``,
``:smile:`` and ``<url|words>`` in it are letters, and a link is an element of its own, so that there is nothing to
escape and nothing to forget.  In ``mrkdwn`` the marks of formatting have no documented escape at all.  What is left to
Slack's parser is the header, which takes no marks, and the fallback ``text``, for which parsing is turned off; both
escape ``& < >`` once, as Slack asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from alerts import text
from alerts.model import Alert, Digest, Lang, Message
from alerts.render import views
from alerts.render.frames import frame
from alerts.render.plates import Plates

MAX_BLOCKS = 50
HEADER_LIMIT = 150
TOTAL_LIMIT = 12_000
"""Slack refuses at about 13,200 characters of text (``msg_blocks_too_long``), under every limit it documents."""

BLOCK_LIMIT = 3_000
"""The most characters of a text that Slack takes; one story is one block, and stays under it."""

MAX_SHOWN = 5
"""The most developments of one story in a channel, where people read in passing."""

_FRAME = 5
"""Blocks kept free in each message: two at its head, at its end what is left out, what is silenced, the last line."""

Block = Mapping[str, Any]
"""One block, in the shape that Slack's reference gives."""


def alert(alert: Alert, plates: Plates) -> Message:
    """Write an alert: the rule and its severity, then the story."""
    page = views.of_alert(alert, plates)
    section = page.sections[0]
    top = _rich(_text(section.title, bold=True), _text(f" · {frame(page.lang).say(section.severity)} · {page.when}"))
    return _message(page, [top, _alone(section.stories[0])[0], _foot(page)])


def _alone(told: views.StoryView) -> tuple[Block, int]:
    """Tell a story as fully as one block takes it; with it, its size."""
    return told.once("slack", lambda: _fullest(told))


def _fullest(told: views.StoryView) -> tuple[Block, int]:
    """Choose the longest form that one block takes."""
    forms = [(form, size(form)) for form in _forms(told)]
    return next((one for one in forms if one[1] <= BLOCK_LIMIT), forms[-1])


def digest(digest: Digest, plates: Plates) -> Message:
    """Write a digest: every story as fully as one block takes it, in as many messages as that needs."""
    page = views.of_digest(digest, plates)
    top = [_rich(_text("\n".join([frame(page.lang).say("More than usual"), *page.busy])))] if page.busy else []
    rest = [_rich(_text(views.and_more(page)))] if page.more else []
    rest += [_rich(_text(page.silenced))] if page.silenced else []
    parts = _packed(page, top, rest)
    made = [_message(page, [*_head(page, n, len(parts)), *blocks], n, len(parts)) for n, blocks in enumerate(parts, 1)]
    return replace(made[0], rest=tuple(made[1:]))


def _head(page: views.Page, n: int, of: int) -> list[Block]:
    """Give the title of the first message; the others are short, and say which they are."""
    if n > 1:
        return [_rich(_text(page.title, bold=True), _text(f" · {n}/{of}"))]
    which = f" · 1/{of}" if of > 1 else ""
    return [_header(page.title), _rich(_text(f"{page.when} · {page.counts}{which}"))]


def _packed(page: views.Page, top: list[Block], rest: list[Block]) -> list[list[Block]]:
    """Put the stories into messages, in their order; each begins with the heading of the section it is in."""
    parts, taken, room = [[*top]], size(top), _room(page)
    for section in page.sections:
        heading: list[Block] = [{"type": "divider"}, _rich(*_heading(section, page.lang))]
        for n, told in enumerate(section.stories):
            story, characters = _alone(told)
            new = [story] if n else [*heading, story]
            more = characters + (0 if n else size(heading))
            if parts[-1] and not (len(parts[-1]) + len(new) + _FRAME <= MAX_BLOCKS and taken + more <= room):
                parts.append([])
                new, more, taken = [*heading, story], characters + size(heading), 0
            parts[-1] += new
            taken += more
    parts[-1] += [*rest, _foot(page)]
    return parts


def _message(page: views.Page, blocks: list[Block], n: int = 1, of: int = 1) -> Message:
    """Wrap the blocks; the fallback is what a phone's lock screen shows."""
    subject = page.subject + (f" ({n}/{of})" if n > 1 else "")
    body = {
        "text": escape(subject),
        "blocks": blocks,
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return Message("slack", subject, subject, body=json.dumps(body, ensure_ascii=False))


def escape(words: str) -> str:
    """Escape the three characters that Slack's parser looks at, once, and no other.

    >>> escape("<!channel> AT&T")
    '&lt;!channel&gt; AT&amp;T'
    """
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ── one story ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _forms(told: views.StoryView) -> Iterator[Block]:
    """Give the ways to tell a story, from the longest to the shortest."""
    yield _story(told, passages=len(told.passages), quotes=True)
    yield _story(told, passages=1)
    yield _story(told, passages=0)
    yield _rich(*_headline(told), _text(f"\n{_byline(told.developments[-1])}"))


def _story(told: views.StoryView, *, passages: int, quotes: bool = False) -> Block:
    """Tell one story with so many passages of its summary."""
    elements, w = _headline(told), frame(told.framed)
    if told.alone:
        elements += [_text(f"\n{_byline(told.developments[0])}")]
    elements += _summary(told, passages)
    for quote in told.quotes if quotes else ():
        elements += [_text(f"\n“{quote.words}” — {quote.speaker}"), *_cited(quote)]
    if not told.alone:
        elements += _developments(told)
    notes = [
        (w.say("Figures"), "; ".join(told.figures)),
        (w.say("Also in"), ", ".join(told.also_in)),
    ]
    elements += [_text(f"\n{name}: {words}", italic=True) for name, words in notes if words]
    for match in told.matches:
        elements += [_text(f"\n{w.say('Matched %(rules)s:', rules=', '.join(match.rules))} ", italic=True)]
        elements += [_text(piece.words, bold=piece.marked) for piece in match.pieces]
    return _rich(*elements)


def _summary(told: views.StoryView, passages: int) -> list[Block]:
    """Give what a machine rewrote, said to be so, and the sentences it rests on; or the sentences alone."""
    elements = [_text(f"\n{told.rewritten}")] if told.rewritten else []
    said = frame(told.framed).say("Rewritten by a machine from:")
    elements += [_text(f"\n{said}", italic=True)] if told.rewritten else []
    for passage in told.passages[: max(passages, len(told.passages) if told.rewritten else 0)]:
        elements += [_text(f"\n{passage.words}"), *_cited(passage)]
    return elements


def _cited(of: views.PassageView | views.QuoteView) -> list[Block]:
    """Name the source, unless the byline has."""
    return [_text(" ("), _link(of.outlet, of.url), _text(")")] if of.outlet else []


def _headline(told: views.StoryView) -> list[Block]:
    """Give the headline, as a link if there is one, and by what the story is ranked."""
    ranked = [_text(f"\n{told.score}", italic=True)] if told.score else []
    return [_link(told.headline, told.url, bold=True), *ranked]


def _developments(told: views.StoryView) -> list[Block]:
    """List the newest developments, and count the earlier ones."""
    earlier = told.earlier + len(told.developments[:-MAX_SHOWN])
    elements = [_text(f"\n• {frame(told.framed).count(earlier, 'earlier development')}")] if earlier else []
    for d in told.developments[-MAX_SHOWN:]:
        elements += [_text(f"\n• {d.reason}: ", italic=True), _link(d.title, d.url), _text(f" — {d.outlet}, {d.time}")]
    return elements


def _byline(d: views.DevelopmentView) -> str:
    """Say what is new, who says it, and when."""
    return f"{d.reason} · {d.outlet}, {d.time}"


# ── blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _header(title: str) -> Block:
    """Give the title in large letters, cut so that it fits once escaped."""
    limit = HEADER_LIMIT
    while len(escape(text.cut(title, limit))) > HEADER_LIMIT:
        limit -= 5
    return {"type": "header", "text": {"type": "plain_text", "text": escape(text.cut(title, limit)), "emoji": False}}


def _rich(*elements: Block) -> Block:
    """Give one paragraph of literal text and links."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def _text(words: str, *, bold: bool = False, italic: bool = False) -> Block:
    """Give some literal text."""
    style = {name: True for name, on in (("bold", bold), ("italic", italic)) if on}
    return {"type": "text", "text": words} | ({"style": style} if style else {})


def _link(words: str, url: str, *, bold: bool = False) -> Block:
    """Give a link, or its words where there is no address to link to."""
    if not url:
        return _text(words, bold=bold)
    return {"type": "link", "url": url, "text": words} | ({"style": {"bold": True}} if bold else {})


def _heading(section: views.SectionView, lang: Lang) -> list[Block]:
    """Name the rule, and the severity where it is out of the ordinary."""
    severity = [] if section.severity == "routine" else [_text(f" · {frame(lang).say(section.severity)}")]
    volume = [_text(f"\n{section.bars} {section.volume}")] if section.volume else []
    return [_text(section.title, bold=True), *severity, *volume]


def _foot(page: views.Page) -> Block:
    """Say why this came."""
    words = frame(page.lang).say(
        "Because the subscription “%(id)s” watches %(rules)s.", id=page.subscription, rules=", ".join(page.watched)
    )
    return _rich(_text(text.cut(words, views.TITLE_LIMIT), italic=True))


def _room(page: views.Page) -> int:
    """Count the characters that the stories of a message may have, without its frame and the fallback."""
    frame = sum(len(escape(words)) for words in (page.subject, page.title, page.when, page.counts))
    return TOTAL_LIMIT - 2 * views.TITLE_LIMIT - HEADER_LIMIT - frame


def size(part: object) -> int:
    """Count the characters that Slack counts: the texts and the addresses, escaped, for that is how it keeps them."""
    if isinstance(part, Mapping):
        return sum(len(escape(v)) if k in ("text", "url") and isinstance(v, str) else size(v) for k, v in part.items())
    return sum(map(size, part)) if isinstance(part, list) else 0
