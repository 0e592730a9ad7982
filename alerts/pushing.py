"""Articles that are pushed: lines in, an answer for each line out.  Any server can mount it.

::

    body ─▶ lines.read ─▶ articles.from_entries (identity as of a feed) ─▶ the log of articles ─▶ the doorbell

A line is its own document, so that what it becomes does not hang on the lines that came with it; sent twice, it is
there once.
"""

from __future__ import annotations

import hmac
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from alerts import articles as articles_
from alerts import lines, text, urls
from alerts.errors import Problem
from alerts.model import Article, Entry, Feed
from alerts.ports import Fingerprints, Log, News

FEED = "pushed"
"""What stands for the feed of a pushed article."""

MOST_BYTES = 10_000_000
"""The most bytes of one body."""

MOST_LINES = 1_000
"""The most articles of one body."""

SHORTEST_TOKEN = 20
"""Fewer characters can be guessed."""


@dataclass(frozen=True, slots=True)
class Door:
    """What a push touches."""

    seen: Fingerprints
    articles: Log[Article]
    news: News
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: a status of HTTP, and a body that becomes JSON."""

    status: int
    said: dict[str, Any]

    @property
    def body(self) -> bytes:
        """The body in ASCII, with a line's end, so that a terminal shows it well."""
        return json.dumps(self.said).encode() + b"\n"


def refused(status: int, why: str) -> Reply:
    """Refuse a whole body; nothing of it was kept."""
    return Reply(status, {"error": why})


def is_authorised(header: str, tokens: Sequence[str]) -> bool:
    """Whether ``Authorization`` holds one of the tokens; how long it takes says nothing of them."""
    kind, _, shown = header.partition(" ")
    given = sha256(shown.strip().encode("utf-8", "surrogateescape")).digest()
    fits = [hmac.compare_digest(given, sha256(token.encode()).digest()) for token in tokens]
    return kind.lower() == "bearer" and any(fits)


def tokens(setting: str | None) -> tuple[str, ...]:
    """Read the tokens of the setting: one, or two with a blank between while it changes.

    :raises ValueError: there is none, or one is too short or not ASCII.
    """
    found = tuple((setting or "").split())
    if not found:
        raise ValueError("is not set; set it to a secret of your own, such as `openssl rand -hex 32` prints")
    if any(len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() for token in found):
        raise ValueError(f"must hold tokens of at least {SHORTEST_TOKEN} letters and digits")
    return found


def receive(body: bytes, door: Door) -> Reply:
    """Take a body of lines: keep what is an article, say of each other line what is wrong, and ring."""
    if len(body) > MOST_BYTES:
        return refused(413, f"the body is larger than {MOST_BYTES / 1_000_000:g} MB; send less at once")
    numbered = list(lines.split(io.BytesIO(body)))
    if len(numbered) > MOST_LINES:
        return refused(413, f"more than {MOST_LINES:,} lines; send fewer at once")
    if not numbered:
        return refused(400, "the body is empty; send one article a line, as JSON")
    now = door.clock()
    read = [(number, _article(line, number, now)) for number, line in numbered]
    made = {article.key: article for _, article in read if isinstance(article, Article)}
    new = keep(made, door)
    said = [_said(number, article) for number, article in read]
    wrong = sum("wrong" in line for line in said)
    counts = {"accepted": len(said) - wrong, "new": new, "wrong": wrong}
    return Reply(200 if made else 422, counts | {"lines": said})


def keep(made: dict[str, Article], door: Door) -> int:
    """Append what is not known, and ring, even if all is known: the ring for it may have been lost."""
    if not made:
        return 0
    fresh = door.seen.unseen(sorted(made))
    new = door.articles.append(article for key, article in made.items() if key in fresh)
    door.seen.add(sorted(fresh))
    door.news.ring()
    return new


def _said(number: int, read: Article | Problem) -> dict[str, Any]:
    """Answer one line."""
    if isinstance(read, Problem):
        return {"line": number, "wrong": read.message}
    return {"line": number, "article": read.id, "version": read.version}


def _article(line: bytes, number: int, now: datetime) -> Article | Problem:
    """Read a line, and make it ours as if a feed had said it."""
    read = lines.read(line, number)
    if isinstance(read, Problem):
        return read
    said = dict(zip(("id", "url", "title", "text", "author", "outlet"), _clean(read), strict=True))
    entry = Entry(
        guid=said["id"],
        link=said["url"],
        title=said["title"],
        text=said["text"],
        author=said["author"],
        categories=tuple(map(_plain, read.categories)),
        published=read.published,
        outlet=said["outlet"],
    )
    feed = Feed(FEED, "", urls.host(entry.link) or FEED, _plain(read.lang), _plain(read.country))
    found = articles_.from_entries([entry], feed, first_poll=False, now=now)
    return found[0] if found else Problem("", number, 0, "it says nothing: title, text and url are empty")


def _clean(read: Article) -> Iterator[str]:
    """Give the texts of an article as a feed's are: on one line, of a length that ends."""
    yield from map(_plain, (read.id, read.url, read.title, read.text, read.author, read.outlet))


def _plain(words: str) -> str:
    """Drop control characters, and halves of surrogate pairs, which no store takes."""
    return text.one_line(words.encode("utf-8", "replace").decode())[: text.FIELD_LIMIT]
