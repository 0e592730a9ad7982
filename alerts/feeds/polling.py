"""When to poll a feed next, and how to ask.  Pure: politeness is policy, and policy needs no network."""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.errors import FetchError, ParseError
from alerts.model import Feed, FeedRequest, FeedState, Fetched

LONGEST_BACKOFF = timedelta(hours=24)
"""A feed that fails is tried at least this often, unless it is polled more rarely anyway or asks us to wait."""

LONGEST_WAIT = timedelta(days=7)
"""The most that ``Retry-After`` is believed, and how long a feed that is gone for good is left alone."""

_SLACK = timedelta(seconds=30)
_SET_BACK = timedelta(hours=1)


def is_due(state: FeedState | None, now: datetime) -> bool:
    """Whether it is time to poll a feed of which we know this; ``None`` means that it was never polled.

    A healthy feed may be asked a little early (a tenth of its interval, at most 30 s): runs start some seconds sooner
    or later than their schedule says, and a feed must not miss every other one for that.  A clock that was set back by
    more than an hour makes a feed due, or it would wait for the old time to come again.
    """
    if state is None or state.last_poll is None:
        return state is None or now >= state.next_poll
    if now < state.last_poll - _SET_BACK:
        return True
    early = timedelta(0) if state.failures else min(_SLACK, (state.next_poll - state.last_poll) / 10)
    return now >= state.next_poll - early


def request(feed: Feed, state: FeedState | None) -> FeedRequest:
    """Ask for what is new: the validators go back as they came, byte for byte."""
    return FeedRequest(feed, state.etag, state.modified) if state else FeedRequest(feed)


def after_success(feed: Feed, state: FeedState | None, got: Fetched, now: datetime) -> FeedState:
    """Say what we know after a poll that went well.

    A 304 keeps the validators that it does not replace (RFC 9111, 4.3.4); after a 200 both are those of that answer.
    """
    etag, modified = got.etag, got.modified
    if got.status == 304 and state is not None:
        etag, modified = etag or state.etag, modified or state.modified
    return FeedState(feed.id, now + feed.every, etag, modified, last_poll=now, last_good=now)


def after_failure(feed: Feed, state: FeedState | None, error: FetchError | ParseError, now: datetime) -> FeedState:
    """Say what we know after a poll that went wrong: the old validators stay, so that nothing is taken for read.

    The interval doubles with each failure in a row, and is never shorter than what the server asks for.
    """
    failures = (state.failures if state else 0) + 1
    return FeedState(
        feed.id,
        now + _back_off(feed.every, failures, error),
        etag=state.etag if state else "",
        modified=state.modified if state else "",
        last_poll=now,
        last_good=state.last_good if state else None,
        failures=failures,
        reason=_reason(error),
    )


def _back_off(every: timedelta, failures: int, error: FetchError | ParseError) -> timedelta:
    """Decide how long to leave a feed alone after so many failures in a row."""
    wait = max(every, min(every * (1 << min(failures, 16)), LONGEST_BACKOFF))
    if isinstance(error, ParseError):
        return wait
    if error.status == 410:
        return max(wait, LONGEST_WAIT)
    asked = error.retry_after or timedelta(0)
    return max(wait, min(asked, LONGEST_WAIT))


def _reason(error: FetchError | ParseError) -> str:
    """Put the error in words; what is gone for good needs a hand."""
    if isinstance(error, FetchError) and error.status == 410:
        return f"{error.reason}: the feed is gone for good; take it out of config/feeds.yaml"
    return str(error)
