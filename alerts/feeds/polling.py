"""When to poll a feed next, how to ask, and what an answer changes.  Pure: politeness is policy, and needs no network.

::

    is_due ─▶ request ─▶ (the server) ─▶ after_success | after_failure ─▶ FeedState ─▶ health.notice
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.errors import FetchError, ParseError
from alerts.feeds import health, redirects, rhythm
from alerts.feeds import hints as hints_
from alerts.feeds.redirects import Where
from alerts.feeds.rhythm import Rhythm
from alerts.model import Article, Fault, Feed, FeedRequest, FeedState, Fetched, Hints

LONGEST_BACKOFF = timedelta(hours=24)
"""A feed that fails is tried about this often, unless it is polled more rarely anyway or asks us to wait."""

LONGEST_WAIT = timedelta(days=7)
"""The most that ``Retry-After`` is believed."""

JITTER = 0.25
"""The most by which a back-off is lengthened, so that feeds that failed together do not come back together."""

_SLACK = timedelta(seconds=30)
_SET_BACK = timedelta(hours=1)
_NONE = timedelta(0)


def is_due(state: FeedState | None, now: datetime) -> bool:
    """Whether it is time to poll a feed of which we know this; ``None`` means that it was never polled.

    A healthy feed may be asked a little early (a tenth of its interval, at most 30 s): runs start some seconds sooner
    or later than their schedule says, and a feed must not miss every other one for that.  What a server or a feed asks
    for is kept to the second.  A clock that was set back by more than an hour makes a feed due, or it would wait for
    the old time to come again.
    """
    if state is None:
        return True
    if state.health == "gone" or (hints_.skips(state.hints, now) and not _starved(state, now)):
        return False
    if state.last_poll is None:
        return now >= state.next_poll
    if now < state.last_poll - _SET_BACK:
        return True
    early = _NONE if state.failures else min(_SLACK, (state.next_poll - state.last_poll) / 10)
    return now >= max(state.next_poll - early, state.not_before or state.last_poll)


def _starved(state: FeedState, now: datetime) -> bool:
    """Whether a feed was skipped for so long that we can only ever run when it wants to be left alone."""
    return state.last_poll is not None and now - state.last_poll > LONGEST_WAIT


def request(feed: Feed, state: FeedState | None) -> FeedRequest:
    """Ask for what is new: the validators go back as they came, byte for byte, and to the address that gave them."""
    if state is None:
        return FeedRequest(feed)
    return FeedRequest(feed, state.etag, state.modified, state.adopted, state.url)


def settled(feed: Feed, state: FeedState | None) -> FeedState | None:
    """Give what we know of a feed at the address that the configuration has now.

    If that is where it had moved to, all of it holds; under another address it is a new feed.
    """
    if state is None or state.home in ("", feed.url):
        return state
    if feed.url in (state.adopted, state.url):
        return replace(state, home=feed.url, adopted="", moved=None)
    return None


def after_success(
    feed: Feed,
    state: FeedState | None,
    got: Fetched,
    now: datetime,
    *,
    made: Sequence[Article] = (),
    hints: Hints | None = None,
    problem: str = "",
) -> FeedState:
    """Say what we know after a poll that went well.  ``made``, ``hints`` and ``problem`` are what a body said.

    A 304 keeps the validators that it does not replace (RFC 9111, 4.3.4); after a 200 both are those of that answer.
    """
    etag, modified, told = got.etag, got.modified, hints or Hints()
    beat = rhythm.of(state)
    if got.status == 304 and state is not None:
        etag, modified = etag or state.etag, modified or state.modified
        told, problem = state.hints, state.reason if not state.failures else ""
    else:
        beat = rhythm.learn(beat, made, state.last_good if state else None, now)
    where = redirects.after_answer(request(feed, state).asked, got.permanent, _where(state), now)
    usual = _interval(feed, beat, state, now, validators=bool(etag or modified))
    next_poll, not_before = _next(usual, max(got.fresh or _NONE, hints_.least(told)), told, now)
    judged = health.judge(0, "", 0, silent=health.is_silent(beat, now))
    return FeedState(
        feed.id,
        next_poll,
        etag,
        modified,
        last_poll=now,
        last_good=now,
        reason=problem,
        health=judged,
        since=state.since if state and state.health == judged and state.since else now,
        not_before=not_before,
        home=feed.url,
        adopted=where.adopted,
        moved=where.moved,
        url=got.url,
        hints=told,
        gap=beat.gap,
        last_new=beat.last_new,
        window=beat.window,
        missed=beat.missed,
    )


def after_failure(feed: Feed, state: FeedState | None, error: FetchError | ParseError, now: datetime) -> FeedState:
    """Say what we know after a poll that went wrong: the old validators stay, so that nothing is taken for read.

    The interval doubles with each failure in a row, and is never shorter than what the server asks for.  A server that
    was not asked at all is no failure: it is asked when its host may be.
    """
    known = state or FeedState(feed.id, now)
    asked = max(_NONE, min(getattr(error, "retry_after", None) or _NONE, LONGEST_WAIT))
    if isinstance(error, FetchError) and error.fault == "held":
        return replace(known, next_poll=now + asked, not_before=now + asked)
    failures, fault = known.failures + 1, _fault(error)
    strikes = known.strikes + 1 if fault == known.fault else 1
    judged = health.judge(failures, fault, strikes, silent=False)
    where = redirects.after_failure(failures, _where(state))
    least = LONGEST_BACKOFF if fault == "gone" or judged == "quarantined" else _NONE
    return replace(
        known,
        next_poll=now + max(_back_off(feed, known, failures, now), least, asked),
        last_poll=now,
        failures=failures,
        reason=_reason(error),
        health=judged,
        since=known.since if known.health == judged and known.since else now,
        fault=fault,
        strikes=strikes,
        not_before=now + asked,
        home=feed.url,
        adopted=where.adopted,
        moved=where.moved,
    )


def _where(state: FeedState | None) -> Where:
    return Where(state.adopted, state.moved) if state else Where()


def _fault(error: FetchError | ParseError) -> Fault:
    """Tell what went wrong apart by what follows from it."""
    if isinstance(error, ParseError):
        return "content"
    if error.status == 410:
        return "gone"
    return "content" if error.fault == "content" else "answer"


def _next(usual: timedelta, asked: timedelta, told: Hints, now: datetime) -> tuple[datetime, datetime | None]:
    """Decide when to poll next, and the time before which it must not be."""
    wanted = now + max(usual, asked)
    next_poll = hints_.allowed(told, wanted)
    if next_poll > wanted:
        return next_poll, next_poll
    return next_poll, now + asked if asked else None


def _interval(feed: Feed, beat: Rhythm, state: FeedState | None, now: datetime, *, validators: bool) -> timedelta:
    """Give the interval at which a feed is polled that does well: the one that is set, or the one that is learnt.

    One that is set is the longest only, for a day after entries may have been missed: it was too long.
    """
    if feed.every is not None and not rhythm.hurries(beat, now):
        return feed.every
    last = state.last_good if state else None
    missed = now - last if last and beat.missed == now else None
    learnt = rhythm.interval(beat, validators=validators, missed=missed, now=now)
    longest = rhythm.LONGEST if feed.every is None else feed.every
    return min(_whole(learnt * (1 + rhythm.spread(feed.id, 0) / 10)), longest)


def _back_off(feed: Feed, known: FeedState, failures: int, now: datetime) -> timedelta:
    """Decide how long to leave a feed alone after so many failures in a row; never shorter than after one less."""
    usual = _interval(feed, rhythm.of(known), known, now, validators=True)
    turns = range(1, min(failures, 17) + 1)
    waits = [min(usual * (1 << n), LONGEST_BACKOFF) * (1 + JITTER * rhythm.spread(feed.id, n)) for n in turns]
    return _whole(max(usual, *waits))


def _whole(span: timedelta) -> timedelta:
    """Round up to whole seconds."""
    return timedelta(seconds=math.ceil(span.total_seconds()))


def _reason(error: FetchError | ParseError) -> str:
    """Put the error in words; what is gone for good needs a hand."""
    if isinstance(error, FetchError) and error.status == 410:
        return f"{error.reason}: the feed is gone for good; take it out of config/feeds.yaml"
    return str(error)
