"""What Slack takes of Block Kit, as far as we write it: a header, a divider, and paragraphs of literal text and links.

https://docs.slack.dev/reference/block-kit/blocks has the limits.  A kind of block that we do not write is a fault: it
has limits of its own, which nobody here has looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

BLOCKS, HEADER, TEXT, URL, NAME = 50, 150, 3_000, 3_000, 255
STYLES = frozenset({"bold", "italic", "strike", "code"})

Part = Mapping[str, Any]


def faults(blocks: object) -> list[str]:
    """Say what Slack would refuse of the blocks of a message."""
    if not isinstance(blocks, list) or not 0 < len(blocks) <= BLOCKS:
        return [f"a message has 1 to {BLOCKS} blocks"]
    return [words for block in blocks for words in of(block)]


def of(part: object) -> list[str]:
    """Say what Slack would refuse of one block, or of a part of one."""
    kind = part.get("type") if isinstance(part, Mapping) else None
    if not isinstance(part, Mapping) or kind not in _KINDS:
        return [f"{kind!r} is none that we write"]
    keys, look = _KINDS[kind]
    more = sorted(set(part) - {"type", *keys})
    return [*([f"{kind}: {more} are no keys of it"] if more else []), *(f"{kind}: {words}" for words in look(part))]


def _header(part: Part) -> Iterator[str]:
    yield from _named(part)
    text = part.get("text")
    if not isinstance(text, Mapping) or text.get("type") != "plain_text":
        yield "its text must be plain_text"
    else:
        yield from of(text)
        if len(str(text.get("text"))) > HEADER:
            yield f"more than {HEADER} characters"


def _words(part: Part) -> Iterator[str]:
    text = part.get("text")
    if not isinstance(text, str) or not 0 < len(text) <= TEXT:
        yield f"its text must be of 1 to {TEXT} characters"
    style = part.get("style", {})
    if not isinstance(style, Mapping) or set(style) - STYLES or not all(isinstance(on, bool) for on in style.values()):
        yield "its style is none"


def _link(part: Part) -> Iterator[str]:
    yield from _words(part)
    url = part.get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")) or len(url) > URL:
        yield f"its url must be one of the web, of at most {URL} characters"


def _held(*kinds: str) -> Callable[[Part], Iterator[str]]:
    """Hold some parts, one at least, of these kinds."""

    def look(part: Part) -> Iterator[str]:
        yield from _named(part)
        inside = part.get("elements")
        if not isinstance(inside, list) or not inside:
            yield "it holds nothing"
            return
        for one in inside:
            if isinstance(one, Mapping) and one.get("type") not in kinds:
                yield f"{one.get('type')!r} has no place in it"
            yield from of(one)

    return look


def _named(part: Part) -> Iterator[str]:
    if not 0 < len(str(part.get("block_id", "x"))) <= NAME:
        yield f"its block_id must be of 1 to {NAME} characters"


_KINDS: Mapping[object, tuple[frozenset[str], Callable[[Part], Iterator[str]]]] = {
    "header": (frozenset({"block_id", "text"}), _header),
    "divider": (frozenset({"block_id"}), _named),
    "plain_text": (frozenset({"text", "emoji"}), _words),
    "rich_text": (frozenset({"block_id", "elements"}), _held("rich_text_section")),
    "rich_text_section": (frozenset({"elements"}), _held("text", "link")),
    "text": (frozenset({"text", "style"}), _words),
    "link": (frozenset({"text", "url", "style", "unsafe"}), _link),
}
OURS = frozenset(map(str, _KINDS))
