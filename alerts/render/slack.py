"""Slack: Block Kit, for an incoming webhook and for a bot.  Pure.

Feed text goes into ``rich_text`` elements only.  Slack takes their text literally: ``<!channel>``, ``*bold*``,
``:smile:`` and ``<url|words>`` in it are letters, and a link is an element of its own, so that there is nothing to
escape and nothing to forget.  In ``mrkdwn`` the marks of formatting have no documented escape at all.  What is left to
Slack's parser is the header, which takes no marks, and the fallback ``text``, for which parsing is turned off; both
escape ``& < >`` once, as Slack asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class Parts:
    """How the parts of a message are written: by us, or by a template.

    The head is given which message of how many it is (`` · 1/3``), or nothing.  With a story comes its size.
    """

    head: Callable[[views.Page, str], list[Block]]
    story: Callable[[views.SectionView, views.StoryView], tuple[Block, int]]
    foot: Callable[[views.Page], list[Block]]


def alert(alert: Alert, plates: Plates) -> Message:
    """Write an alert: the rule and its severity, then the story."""
    return alert_of(views.of_alert(alert, plates), OF_ALERTS)


def alert_of(page: views.Page, parts: Parts) -> Message:
    """Put an alert together."""
    section = page.sections[0]
    story, _ = parts.story(section, section.stories[0])
    return _message(page, [*parts.head(page, ""), story, *parts.foot(page)])


def _alert_head(page: views.Page, _which: str) -> list[Block]:
    """Name the rule and its severity."""
    section = page.sections[0]
    said = f" · {frame(page.lang).say(section.severity)} · {page.when}"
    return [rich(plain(section.title, bold=True), plain(said))]


def _alone(told: views.StoryView) -> tuple[Block, int]:
    """Tell a story as fully as one block takes it; with it, its size."""
    return told.once("slack", lambda: _fullest(told))


def _fullest(told: views.StoryView) -> tuple[Block, int]:
    """Choose the longest form that one block takes."""
    for form in _forms(told):
        characters = size(form)
        if characters <= BLOCK_LIMIT:
            break
    return form, characters


def digest(digest: Digest, plates: Plates) -> Message:
    """Write a digest: every story as fully as one block takes it, in as many messages as that needs."""
    return digest_of(views.of_digest(digest, plates), OF_DIGESTS)


def digest_of(page: views.Page, parts: Parts) -> Message:
    """Put a digest together."""
    top = [rich(plain("\n".join([frame(page.lang).say("More than usual"), *page.busy])))] if page.busy else []
    rest = [rich(plain(views.and_more(page)))] if page.more else []
    rest += [rich(plain(page.silenced))] if page.silenced else []
    foot = parts.foot(page)
    room = _room(page) - max(0, size(parts.head(page, "")) + size(foot) - 2 * views.TITLE_LIMIT)
    packed = _packed(page, top, [*rest, *foot], parts, room)
    of = len(packed)
    made = [_message(page, [*_head(page, n, of, parts), *blocks], n, of) for n, blocks in enumerate(packed, 1)]
    return replace(made[0], rest=tuple(made[1:]))


def _head(page: views.Page, n: int, of: int, parts: Parts) -> list[Block]:
    """Give the head of the first message; the others' are short, and say which they are."""
    if n > 1:
        return [rich(plain(page.title, bold=True), plain(f" · {n}/{of}"))]
    return parts.head(page, f" · 1/{of}" if of > 1 else "")


def _digest_head(page: views.Page, which: str) -> list[Block]:
    """Give the title in large letters, and what it is of."""
    return [_header(page.title), rich(plain(f"{page.when} · {page.counts}{which}"))]


def _packed(page: views.Page, top: list[Block], rest: list[Block], written: Parts, room: int) -> list[list[Block]]:
    """Put the stories into messages, in their order; each begins with the heading of the section it is in."""
    parts, taken = [[*top]], size(top)
    for section in page.sections:
        heading: list[Block] = [{"type": "divider"}, rich(*_heading(section, page.lang))]
        for n, told in enumerate(section.stories):
            story, characters = written.story(section, told)
            new = [story] if n else [*heading, story]
            more = characters + (0 if n else size(heading))
            if parts[-1] and not (len(parts[-1]) + len(new) + _FRAME <= MAX_BLOCKS and taken + more <= room):
                parts.append([])
                new, more, taken = [*heading, story], characters + size(heading), 0
            parts[-1] += new
            taken += more
    parts[-1] += rest
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
    yield rich(*_headline(told), plain(f"\n{_byline(told.developments[-1])}"))


def _story(told: views.StoryView, *, passages: int, quotes: bool = False) -> Block:
    """Tell one story with so many passages of its summary."""
    elements, w = _headline(told), frame(told.framed)
    if told.alone:
        elements += [plain(f"\n{_byline(told.developments[0])}")]
    elements += _summary(told, passages)
    for quote in told.quotes if quotes else ():
        elements += [plain(f"\n“{quote.words}” — {quote.speaker}"), *_cited(quote)]
    if not told.alone:
        elements += _developments(told)
    notes = [
        (w.say("Figures"), "; ".join(told.figures)),
        (w.say("Also in"), ", ".join(told.also_in)),
    ]
    elements += [plain(f"\n{name}: {words}", italic=True) for name, words in notes if words]
    for match in told.matches:
        elements += [plain(f"\n{w.say('Matched %(rules)s:', rules=', '.join(match.rules))} ", italic=True)]
        elements += [plain(piece.words, bold=piece.marked) for piece in match.pieces]
    return rich(*elements)


def _summary(told: views.StoryView, passages: int) -> list[Block]:
    """Give what a machine rewrote, said to be so, and the sentences it rests on; or the sentences alone."""
    elements = [plain(f"\n{told.rewritten}")] if told.rewritten else []
    said = frame(told.framed).say("Rewritten by a machine from:")
    elements += [plain(f"\n{said}", italic=True)] if told.rewritten else []
    for passage in told.passages[: max(passages, len(told.passages) if told.rewritten else 0)]:
        elements += [plain(f"\n{passage.words}"), *_cited(passage)]
    return elements


def _cited(of: views.PassageView | views.QuoteView) -> list[Block]:
    """Name the source, unless the byline has."""
    return [plain(" ("), link(of.outlet, of.url), plain(")")] if of.outlet else []


def _headline(told: views.StoryView) -> list[Block]:
    """Give the headline, as a link if there is one, and by what the story is ranked."""
    ranked = [plain(f"\n{told.score}", italic=True)] if told.score else []
    return [link(told.headline, told.url, bold=True), *ranked]


def _developments(told: views.StoryView) -> list[Block]:
    """List the newest developments, and count the earlier ones."""
    earlier = told.earlier + len(told.developments[:-MAX_SHOWN])
    elements = [plain(f"\n• {frame(told.framed).count(earlier, 'earlier development')}")] if earlier else []
    for d in told.developments[-MAX_SHOWN:]:
        elements += [plain(f"\n• {d.reason}: ", italic=True), link(d.title, d.url), plain(f" — {d.outlet}, {d.time}")]
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


def rich(*elements: Block) -> Block:
    """Give one paragraph of literal text and links."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def plain(words: str, *, bold: bool = False, italic: bool = False) -> Block:
    """Give some literal text."""
    style = {name: True for name, on in (("bold", bold), ("italic", italic)) if on}
    return {"type": "text", "text": words} | ({"style": style} if style else {})


def link(words: str, url: str, *, bold: bool = False) -> Block:
    """Give a link, or its words where there is no address to link to."""
    if not url:
        return plain(words, bold=bold)
    return {"type": "link", "url": url, "text": words} | ({"style": {"bold": True}} if bold else {})


def _heading(section: views.SectionView, lang: Lang) -> list[Block]:
    """Name the rule, and the severity where it is out of the ordinary."""
    severity = [] if section.severity == "routine" else [plain(f" · {frame(lang).say(section.severity)}")]
    volume = [plain(f"\n{section.bars} {section.volume}")] if section.volume else []
    return [plain(section.title, bold=True), *severity, *volume]


def _foot(page: views.Page) -> Block:
    """Say why this came."""
    words = frame(page.lang).say(
        "Because the subscription “%(id)s” watches %(rules)s.", id=page.subscription, rules=", ".join(page.watched)
    )
    return rich(plain(text.cut(words, views.TITLE_LIMIT), italic=True))


def _room(page: views.Page) -> int:
    """Count the characters that the stories of a message may have, without its frame and the fallback."""
    frame = sum(len(escape(words)) for words in (page.subject, page.title, page.when, page.counts))
    return TOTAL_LIMIT - 2 * views.TITLE_LIMIT - HEADER_LIMIT - frame


def size(part: object) -> int:
    """Count the characters that Slack counts: the texts and the addresses, escaped, for that is how it keeps them."""
    if isinstance(part, dict):
        return sum(len(escape(v)) if k in ("text", "url") and isinstance(v, str) else size(v) for k, v in part.items())
    return sum(map(size, part)) if isinstance(part, list) else 0


OF_ALERTS = Parts(_alert_head, lambda _, told: _alone(told), lambda page: [_foot(page)])
OF_DIGESTS = Parts(_digest_head, lambda _, told: _alone(told), lambda page: [_foot(page)])
