"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), and 1.0, which differs in the author alone.  Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from alerts.errors import ParseError
from alerts.feeds import dates, entries
from alerts.feeds.entries import Said
from alerts.model import Entry

NO_FEED = "JSON, but no JSON Feed: it says no version of jsonfeed.org, or has no list of items"


def read(body: bytes, location: str) -> tuple[tuple[Entry, ...], str]:
    """Read a JSON Feed: its entries, and what was left out in words.

    :raises ParseError: it is no JSON, or no JSON Feed.
    """
    try:
        said = json.loads(body)
    except json.JSONDecodeError as error:
        raise ParseError(f"JSON that cannot be read: line {error.lineno}, column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise ParseError(f"JSON that cannot be read: {type(error).__name__}") from error
    version = _word(said, "version") if isinstance(said, dict) else ""
    if "jsonfeed.org/version/" not in version or not isinstance(said.get("items"), list):
        raise ParseError(NO_FEED)
    home = entries.anchor(location, _word(said, "home_page_url"))
    kept, silent, over = entries.made(_entries(said), len(said["items"]), home)
    return kept, entries.left_out(silent, over)


def _entries(feed: dict[str, Any]) -> Iterator[Said]:
    """Give the entries; one that is no object is left out as if it said nothing."""
    for one in feed["items"]:
        yield _entry(one, feed) if isinstance(one, dict) else Said()


def _entry(one: dict[str, Any], feed: dict[str, Any]) -> Said:
    """Read one entry.  Its id may be a number; authors of the feed are those of an entry that names none."""
    html, plain = _word(one, "content_html"), _word(one, "content_text")
    return Said(
        guid=_word(one, "id"),
        link=_word(one, "url") or _word(one, "external_url"),
        title=_word(one, "title"),
        summary=_word(one, "summary"),
        contents=[html] if html else [plain],
        authors=_names(one) or _names(feed),
        categories=[tag for tag in _list(one, "tags") if isinstance(tag, str)],
        published=dates.read(_word(one, "date_published")),
        updated=dates.read(_word(one, "date_modified")),
    )


def _names(said: dict[str, Any]) -> list[str]:
    """Give the authors' names."""
    authors = [*_list(said, "authors"), said.get("author")]
    return [name for author in authors if isinstance(author, dict) and (name := _word(author, "name"))]


def _word(said: dict[str, Any], key: str) -> str:
    """Give a value as words; what is neither words nor a number is none."""
    value = said.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def _list(said: dict[str, Any], key: str) -> list[Any]:
    """Give a value that is a list."""
    value = said.get(key)
    return value if isinstance(value, list) else []
