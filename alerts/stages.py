"""The verbs: poll, match, group, compose, deliver.  Each gathers, decides by pure functions, applies, and commits last.

A stage may die anywhere.  What it had applied has ids made of content, so that the next run applies the same again and
nothing happens; what it had not applied is still ahead of the reader it had not committed.  The keyword-only arguments
are all that a stage can touch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from alerts import articles as articles_
from alerts import deliveries as deliveries_
from alerts import digests as digests_
from alerts import feeds as feeds_
from alerts import render
from alerts import rules as rules_
from alerts import stories as stories_
from alerts import summaries as summaries_
from alerts import volumes as volumes_
from alerts.errors import FetchError, ParseError
from alerts.model import (
    Article,
    Delivery,
    Development,
    Digest,
    Feed,
    FeedState,
    Fetched,
    Match,
    Pending,
    Receipt,
    Report,
    Rule,
    Spike,
    Story,
    Subscription,
    Volume,
)
from alerts.ports import Channel, Fetch, Fingerprints, Log, Outbox, Pages, Parse, Rewrite, Table

LEASE = timedelta(minutes=5)
"""How long an attempt may hold a delivery; longer than any channel's time-out (60 s)."""

VOLUME = "volume"
"""The reader of matches that counts them, and the key of what it counts."""

DIGEST_LIMIT = 10_000
"""The most developments that one digest reads; what is beyond is in the next one."""


KEPT_TOGETHER = 100
"""The most feeds, and with the next the most articles, of which a poll keeps the results in one go: a commit waits for
the disk, and a hundred feeds are one wait.  A run that dies reads at most so many feeds again."""

KEPT_ARTICLES = 2_000


_News = tuple[FeedState, tuple[Article, ...]]
"""A feed's next state, and its articles."""


# ── poll ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── match ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def match(
    rules: rules_.Rules,
    *,
    articles: Log[Article],
    matches: Log[Match],
    volumes: Table[Volume] | None = None,
    now: datetime,
) -> Report:
    """Hold every new article against every rule; an article that meets several is one match with all its hits."""
    count: Counter[str] = Counter(read=0, matched=0, quiet=0, no_rule=0)
    while batch := articles.read("match"):
        told = [article for article in batch.values if not article.quiet]
        found = [hit for article in told if (hit := rules_.match(article, rules))]
        count["read"] += len(batch.values)
        count["quiet"] += len(batch.values) - len(told)
        count["no_rule"] += len(told) - len(found)
        count["matched"] += matches.append(found)
        articles.commit("match", batch.end)
    if volumes is not None:
        _count(matches, volumes, now)
    return Report("match", now, tuple(count.items()))


def _count(matches: Log[Match], volumes: Table[Volume], now: datetime) -> None:
    """Count by rule and hour what was matched; what a run counted that died before it could commit counts once."""
    volume = volumes.get(VOLUME) or Volume()
    while batch := matches.read(VOLUME):
        volume = volumes_.count(volume, batch.values, now=now)
        volumes.put({VOLUME: volume}, at=now)
        matches.commit(VOLUME, batch.end)


# ── group ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def group(
    rules: Sequence[Rule] = (),
    families: Sequence[stories_.Family] = (),
    *,
    matches: Log[Match],
    stories: Table[Story],
    developments: Log[Development],
    now: datetime,
) -> Report:
    """Place every match in a story once, and append what is new.

    Developments before stories: a run that dies in between decides the same again, and the log knows it already.
    The other way round it would find its own article in the story, call it a repeat, and tell nobody.
    """
    count: Counter[str] = Counter(read=0, developments=0, new_stories=0)
    while batch := matches.read("group"):
        since = min(now, *(match.article.seen for match in batch.values)) - stories_.OPEN
        open_stories = stories.values(since=since)
        placed = stories_.place_all(batch.values, open_stories, now=now, rules=rules, families=families)
        count["read"] += len(batch.values)
        count["developments"] += developments.append(p.development for p in placed if p.development)
        count["new_stories"] += sum(p.reason.startswith("new story") for p in placed)
        count["copies"] += sum(p.reason.startswith("copy of") for p in placed)
        count["held"] += sum("; held by " in p.reason for p in placed)
        stories.put({p.story.id: p.story for p in placed}, at=now)
        matches.commit("group", batch.end)
    return Report("group", now, tuple(count.items()))


# ── compose ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def compose(
    subscriptions: Sequence[Subscription],
    rules: Sequence[Rule],
    *,
    developments: Log[Development],
    stories: Table[Story],
    slots: Table[datetime],
    outbox: Outbox,
    now: datetime,
    digest_now: bool = False,
    rewrite: Rewrite | None = None,
    volumes: Table[Volume] | None = None,
) -> Report:
    """Make the alerts and the digests that are due to each subscription, at its own pace."""
    count: Counter[str] = Counter(alerts=0, digests=0)
    asked = _counted(rewrite, count) if rewrite else None
    volume = (volumes.get(VOLUME) if volumes is not None else None) or Volume()
    for s in subscriptions:
        if s.at is None:
            count["alerts"] += _alerts(s, rules, developments, stories, outbox, now)
        elif slot := _due_slot(s, developments, slots, now, digest_now=digest_now):
            since = slots.get(s.id) or slot - timedelta(hours=24)
            wanted = sorted((rule for rule in rules if rule.id in s.rules), key=lambda rule: s.rules.index(rule.id))
            spikes = volumes_.spikes(volume, wanted, since=since, until=slot)
            tell = partial(_in_words, rewrite=asked, spikes=spikes)
            count["digests"] += _digest(s, slot, rules, developments, stories, outbox, tell, now)
            slots.put({s.id: slot}, at=now)
    silent = count["asked"] > 0 and not count["answered"]
    lines = (f"language model: no answer for any of {count['asked']} stories; they are told in extracts",) * silent
    return Report("compose", now, tuple(count.items()), lines)


def _counted(rewrite: Rewrite, count: Counter[str]) -> Rewrite:
    """Count how many stories the model was asked about, and how many it answered: silence must be seen by somebody."""

    def ask(texts: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
        answers = rewrite(texts)
        count.update(asked=len(texts), answered=len(answers))
        return answers

    return ask


def _alerts(
    s: Subscription,
    rules: Sequence[Rule],
    developments: Log[Development],
    stories: Table[Story],
    outbox: Outbox,
    now: datetime,
) -> int:
    """Put an alert into the outbox for each development that the subscription has not read."""
    made = 0
    while batch := developments.read(s.id):
        made_now: list[Delivery] = []
        for development in digests_.select(s, batch.values):
            story = stories.get(development.story)
            alert = digests_.alert(s, development, rules, story)
            alert = replace(alert, told=summaries_.summarise(alert.told, story))
            made_now += deliveries_.for_alert(alert, development, render.alert(alert), now)
        made += len(outbox.add(made_now))
        developments.commit(s.id, batch.end)
    return made


def _due_slot(
    s: Subscription, developments: Log[Development], slots: Table[datetime], now: datetime, *, digest_now: bool
) -> datetime | None:
    """Name the slot that is owed: asked for now, or passed since the last one served or since the beginning."""
    if digest_now:
        return now.replace(second=0, microsecond=0)
    slot = digests_.last_slot(s, now)
    served = slots.get(s.id) or developments.subscribed(s.id)
    return slot if served is None or slot > served else None


def _digest(  # noqa: PLR0917 - the ports of compose, as it has them
    s: Subscription,
    slot: datetime,
    rules: Sequence[Rule],
    developments: Log[Development],
    stories: Table[Story],
    outbox: Outbox,
    tell: Callable[[Digest, Mapping[str, Story | None]], Digest],
    now: datetime,
) -> int:
    """Put one digest of all that came since the last one into the outbox; nothing new makes no digest.

    The digests that are kept decide how far the reader is: a dead run may have made one, for this slot or for an
    earlier one, without living to commit it.
    """
    developments.commit(s.id, outbox.upto(s.id))
    batch = developments.read(s.id, DIGEST_LIMIT)
    chosen = digests_.select(s, batch.values)
    if not chosen:
        developments.commit(s.id, batch.end)
        return 0
    known = {d.story: stories.get(d.story) for d in chosen}
    digest = tell(digests_.digest(s, slot, chosen, rules, known), known)
    kept = outbox.add(deliveries_.for_digest(digest, render.digest(digest), now, upto=batch.end))
    developments.commit(s.id, min(delivery.upto for delivery in kept))
    return len(kept)


def _in_words(
    digest: Digest, known: Mapping[str, Story | None], *, rewrite: Rewrite | None, spikes: tuple[Spike, ...]
) -> Digest:
    """Summarise every story; what a language model makes of it is used only if all of it stands in the sources."""
    digest = replace(digest, spikes=spikes)
    digest = digests_.each(digest, lambda told: summaries_.summarise(told, known.get(told.story)))
    if rewrite is None:
        return digest
    texts = rewrite({told.story: summaries_.sources(told) for section in digest.sections for told in section.stories})
    return digests_.each(digest, lambda told: summaries_.rewritten(told, texts.get(told.story, "")))


# ── deliver ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def deliver(*, channels: Mapping[str, Channel], outbox: Outbox, clock: Callable[[], datetime]) -> Report:
    """Make one attempt at every delivery that is due.

    The one stage that takes the clock and not the time: a lease must be longer than the attempt that it covers, and
    the hundredth attempt may begin an hour after the first.
    """
    started = clock()
    count: Counter[str] = Counter(attempts=0, delivered=0, deferred=0, refused=0)
    lines: list[str] = []
    while due := outbox.due(started):
        for pending in due:
            receipt = _attempt(pending, channels, outbox, clock)
            if receipt is None:
                continue
            count["attempts"] += 1
            count[receipt.outcome] += 1
            if receipt.outcome != "delivered":
                lines.append(f'delivery "{pending.delivery.id}": {receipt.outcome}: {receipt.reason}')
    return Report("deliver", started, tuple(count.items()), tuple(lines))


def _attempt(
    pending: Pending, channels: Mapping[str, Channel], outbox: Outbox, clock: Callable[[], datetime]
) -> Receipt | None:
    """Look in the outbox, send, write the receipt; ``None`` if another run holds the delivery."""
    delivery, now = pending.delivery, clock()
    token = outbox.claim(delivery.id, now=now, until=now + LEASE)
    if token is None:
        return None
    channel = channels.get(delivery.channel)
    if channel is None:
        receipt = deliveries_.no_channel(pending, now)
    else:
        receipt = channel.send(delivery, attempt=pending.attempts + 1, now=now)
    outbox.record(receipt, token=token, next_attempt=deliveries_.next_attempt(receipt))
    return receipt
