"""JSON Lines: articles in and hits out, one a line, for scripts.  Pure.

::

    {"id": "n1", "title": "…", "text": "…"}  ──read──▶  Article | Problem
    Hit  ──written──▶  {"id": "n1", "rule": "iran", "strength": "about", "evidence": [{"term": …}]}

What a line says is taken as it is: offsets of the evidence count in the text that was given, character by character.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any, BinaryIO

from alerts.errors import Problem
from alerts.model import Article, Evidence, Hit

LINE_LIMIT = 4_000_000
"""The most bytes of a line: fifty times the longest article of a feed, and no line can fill the memory."""

TEXTS = ("title", "summary", "text", "url", "outlet", "lang", "country", "author")
"""The keys that hold text, beside ``id``; any may be missing or null."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""When an article was seen that has no time."""

NUMBERED = "the id is a number"
"""The note of an article whose id is to be written as a number again, so that lines can be joined by it."""

_KINDS = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


def split(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Give the lines that are not blank, each with its number, one at a time.

    Of one that is too long only the beginning is given, a byte more than ``LINE_LIMIT``; the rest of it is passed over.
    """
    number = 0
    while line := stream.readline(LINE_LIMIT + 1):
        number += 1
        rest = line
        while len(rest) > LINE_LIMIT and not rest.endswith(b"\n"):
            rest = stream.readline(LINE_LIMIT + 1)
        if line.strip():
            yield number, line


def read(line: bytes | str, number: int) -> Article | Problem:
    """Read an article.  What is wrong is said of the line with this number, and never raised."""
    try:
        return _article(_object(line))
    except ValueError as error:
        return Problem("", number, 0, str(error))


def _object(line: bytes | str) -> dict[str, Any]:
    """Read one JSON object.  Raises ``ValueError`` with what is wrong."""
    if len(line) > LINE_LIMIT:
        raise ValueError(f"longer than {LINE_LIMIT:,} bytes")
    try:
        text = line.decode("utf-8-sig") if isinstance(line, bytes) else line
        found = json.loads(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: byte {error.start + 1} is {error.object[error.start]:#04x}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except ValueError:
        raise ValueError("not JSON that can be read: a number has thousands of digits") from None
    except RecursionError:
        raise ValueError("not JSON that can be read: it is nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError(f"an article is an object with id and title, and {_kind(found)} stands here")  # noqa: TRY004 - the line is wrong
    return found


def _article(said: dict[str, Any]) -> Article:
    """Make the article.  Raises ``ValueError`` with what is wrong."""
    texts = {key: _text(said, key) for key in TEXTS}
    id_, notes = _id(said.get("id"))
    if not any(key in said for key in ("title", "summary", "text")):
        raise ValueError('no "title", "summary" or "text"; nothing could be looked for')
    title, body = texts["title"], max(texts["text"], texts["summary"], key=len)
    published = _time(said, "published")
    return Article(
        id=id_,
        version=_version(title, body),
        feed="",
        outlet=texts["outlet"],
        url=texts["url"],
        title=title,
        text=body,
        seen=_time(said, "seen") or published or LONG_AGO,
        published=published,
        lang=texts["lang"],
        country=texts["country"],
        author=texts["author"],
        categories=_categories(said),
        notes=notes,
    )


def _id(value: object) -> tuple[str, tuple[str, ...]]:
    """Give the id as text, with a note if it is a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value), (NUMBERED,)
    if isinstance(value, str) and value:
        return value, ()
    if value is None or value == "":
        raise ValueError('no "id"; give each article a name of its own')
    raise ValueError(f'"id" must be text or a whole number, and {_kind(value)} stands here')


def _text(said: dict[str, Any], key: str) -> str:
    """Give the text under a key; none is empty."""
    value = said.get(key)
    if value is None or isinstance(value, str):
        return value or ""
    raise ValueError(f'"{key}" must be text, and {_kind(value)} stands here')


def _categories(said: dict[str, Any]) -> tuple[str, ...]:
    """Give the categories, under the name that a rule has for them: a list, or one text."""
    value = said.get("category")
    listed = [value] if isinstance(value, str) else value or []
    if isinstance(listed, list) and all(isinstance(part, str) for part in listed):
        return tuple(listed)
    raise ValueError(f'"category" must be text or a list of texts, and {_kind(value)} stands here')


def _time(said: dict[str, Any], key: str) -> datetime | None:
    """Read a time as ISO writes it, or a feed (RFC 2822); one without a zone is UTC."""
    written = _text(said, key)
    if not written:
        return None
    try:
        time = parsedate_to_datetime(written) if written[:1].isalpha() else datetime.fromisoformat(written)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        shown = f"{written[:40]!r}"
        raise ValueError(f'"{key}" is {shown}, which is no time; write one such as 2026-07-01T07:30:00Z') from None


def _kind(value: object) -> str:
    """Say what a value is that should be something else."""
    return _KINDS.get(type(value), "a text" if isinstance(value, str) else "null")


def _version(title: str, body: str) -> str:
    """Name the version of a text as ``articles`` does, so that a line and a feed give the same article."""
    return sha256(f"{title}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def plain(text: str, *, id_: str = "text", lang: str = "", outlet: str = "") -> Article:
    r"""Make an article of a plain text: the first line that is not blank is the title, what follows the text.

    >>> plain("Oil rises\n\nIn Tehran …").title
    'Oil rises'
    """
    title, _, body = text.strip().partition("\n")
    title, body = title.strip(), body.strip()
    return Article(id_, _version(title, body), "", outlet, "", title, body, LONG_AGO, lang=lang)


def written(article: Article, hit: Hit) -> str:
    """Write a hit of an article, without a line's end.

    It is ASCII: a program that splits at every line's end of Unicode must not split it, and half of a surrogate pair
    must not make it unwritable.
    """
    id_ = int(article.id) if NUMBERED in article.notes else article.id
    evidence = [_evidence(e) for e in hit.evidence]
    return json.dumps({"id": id_, "rule": hit.rule, "strength": hit.strength, "evidence": evidence})


def _evidence(e: Evidence) -> dict[str, str | int]:
    """Say where a term was met: ``words`` is ``field[start:end]``."""
    return {"term": e.term, "field": e.field, "start": e.start, "end": e.end, "words": e.words}
