"""Poll: ask feeds what is new, and keep it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from alerts import articles as articles_
from alerts import feeds as feeds_
from alerts.errors import FetchError, ParseError
from alerts.model import (
    Article,
    Feed,
    FeedState,
    Fetched,
    Report,
)
from alerts.ports import Fetch, Fingerprints, Log, Pages, Parse, Table

KEPT_TOGETHER = 100
"""The most feeds, and with the next the most articles, of which a poll keeps the results in one go: a commit waits for
the disk, and a hundred feeds are one wait.  A run that dies reads at most so many feeds again."""

KEPT_ARTICLES = 2_000


_News = tuple[FeedState, tuple[Article, ...]]
"""A feed's next state, and its articles."""


def poll(
    feeds: Sequence[Feed],
    *,
    fetch: Fetch,
    parse: Parse,
    states: Table[FeedState],
    pages: Pages,
    seen: Fingerprints,
    articles: Log[Article],
    now: datetime,
) -> Report:
    """Fetch and read the feeds that are due, and append what is not known.  Validators are kept last.

    Feeds that did well are asked first: a crowd of dead ones holds up none of them.  Feeds whose pages are fetched come
    after all others, which need not wait for them.
    """
    kept = {state.feed: state for state in states.values()}
    known = {feed.id: feeds_.settled(feed, kept.get(feed.id)) for feed in feeds}
    due = sorted((feed for feed in feeds if feeds_.is_due(known[feed.id], now)), key=lambda f: _failing(known[f.id]))
    count: Counter[str] = Counter(feeds=len(feeds), due=len(due))
    lines: list[str] = []
    some: list[_News] = []
    whole: list[_News] = []
    for answer in parse(fetch([feeds_.request(feed, known[feed.id]) for feed in due])):
        if answer is None or len(some) >= KEPT_TOGETHER or sum(len(made) for _, made in some) > KEPT_ARTICLES:
            count["articles"] += _keep(some, states, seen, articles, now)
            some = []
        if answer is None:
            continue
        feed, got, read = answer
        state, made = _read(feed, known[feed.id], got, read, now)
        (whole if feed.full_text and made else some).append((state, made))
        count["held"] += isinstance(got, FetchError) and got.fault == "held"
        count["failed"] += state.failures > 0 and state.last_poll == now
        count["unchanged"] += isinstance(got, Fetched) and got.status == 304
        count["missed"] += state.missed == now
        count["entries"] += len(made)
        lines += feeds_.notice(feed, known[feed.id], state)
    count["articles"] += _keep(some, states, seen, articles, now)
    count["articles"] += _keep(whole, states, seen, articles, now, pages)
    return Report("poll", now, tuple(count.items()), tuple(lines))


def _failing(state: FeedState | None) -> bool:
    return state is not None and state.failures > 0


def _keep(
    news: Sequence[_News],
    states: Table[FeedState],
    seen: Fingerprints,
    articles: Log[Article],
    now: datetime,
    pages: Pages | None = None,
) -> int:
    """Append what is new of some feeds, mark it as seen, and then keep the feeds' states; the number written."""
    made: dict[str, Article] = {}
    for _, of_feed in news:
        for article in of_feed:
            made.setdefault(article.key, article)
    unseen = seen.unseen(list(made)) if made else frozenset()
    fresh = [article for key, article in made.items() if key in unseen]
    written = articles.append(_with_pages(fresh, pages) if pages else fresh)
    seen.add(sorted(article.key for article in fresh))
    states.put({state.feed: state for state, _ in news}, at=now)
    return written


def _with_pages(fresh: Sequence[Article], pages: Pages) -> list[Article]:
    """Put the texts of their pages into the articles that somebody may be told of, with one call for all feeds."""
    told = [article for article in fresh if not article.quiet]
    whole = iter(pages(told) if told else ())
    return [article if article.quiet else next(whole) for article in fresh]


def _read(
    feed: Feed,
    state: FeedState | None,
    got: Fetched | FetchError,
    read: feeds_.Parsed | ParseError | None,
    now: datetime,
) -> tuple[FeedState, tuple[Article, ...]]:
    """Decide what one answer means: the feed's next state, and its articles."""
    if isinstance(got, FetchError):
        return feeds_.after_failure(feed, state, got, now), ()
    if isinstance(read, ParseError):
        return feeds_.after_failure(feed, state, read, now), ()
    if read is None:
        return feeds_.after_success(feed, state, got, now), ()
    first = state is None or state.last_good is None
    made = articles_.from_entries(read.entries, feed, first_poll=first, now=now)
    after = feeds_.after_success(feed, state, got, now, made=made, hints=read.hints, problem=read.problem)
    return after, made
