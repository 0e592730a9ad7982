"""How a channel does, and when somebody is told.  Pure.

::

    healthy ◀─▶ failing              it does not answer, or says that it is busy or broken; from the third time on
       │           │                 in a row nothing is sent but a probe now and then
       │           ├─▶ disabled      five days of that without one success
       ├───────────┼─▶ paused        it does not let us in (401, 403, 535), or its settings are wrong: a probe opens it
       └───────────┴─▶ disabled      its address is no more (404, 410): only the operator opens it

What is meant for a channel waits while the channel is not well; none of it is lost.  What is wrong with one message or
one recipient says nothing about the channel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.model import Blame, ChannelHealth, ChannelState, Notice, Outcome, Receipt, Way

TRIES = 3
"""How many attempts in a row may fail before the channel is left alone for a while."""

DISABLED_AFTER = timedelta(days=5)
"""How long a channel may fail without one success."""

LONGEST_REST = timedelta(minutes=30)
"""The longest that we leave a channel alone of our own accord; it is also heard again that soon."""

_REST = timedelta(seconds=5)
_REST_OF_LOGIN = timedelta(minutes=5)
_PART = 30
"""A channel rests for a thirtieth of the time that it has failed: it is found well soon, and not asked all the time."""

_MESSAGE = frozenset({400, 413, 422})
_LOGIN = frozenset({401, 403})
_GONE = frozenset({404, 410})
_AGAIN = frozenset({0, 408, 425, 429})


def meaning(status: int, *, barred: bool = False) -> tuple[Outcome, Blame]:
    """Say what an answer of HTTP means to a message that was posted; 0 is no answer.

    A redirect is not followed, and so the address in the channel's settings is wrong.  So it is, until the operator
    says otherwise, where it is one to which we do not go (``barred``).

    >>> meaning(204), meaning(503), meaning(422)
    (('delivered', ''), ('deferred', ''), ('refused', 'message'))
    >>> meaning(401), meaning(301), meaning(410), meaning(0, barred=True)
    (('deferred', 'login'), ('deferred', 'login'), ('deferred', 'gone'), ('deferred', 'login'))
    """
    if barred:
        return "deferred", "login"
    if 200 <= status < 300:
        return "delivered", ""
    if status in _AGAIN or status >= 500:
        return "deferred", ""
    if status in _LOGIN or 300 <= status < 400:
        return "deferred", "login"
    return ("deferred", "gone") if status in _GONE else ("refused", "message")


def after(state: ChannelState, receipt: Receipt) -> ChannelState:
    """Say how a channel does after an attempt."""
    if receipt.outcome == "delivered":
        return _well(state, receipt.at)
    if receipt.outcome == "refused" or receipt.blame in ("recipient", "message"):
        return state
    bad_since = state.bad_since or receipt.at
    bad = replace(state, failures=state.failures + 1, bad_since=bad_since, reason=receipt.reason)
    health = _judge(bad, receipt)
    bad = replace(bad, health=health, since=state.since if health == state.health else receipt.at)
    return replace(bad, next_probe=_next_probe(bad, receipt))


def _well(state: ChannelState, at: datetime) -> ChannelState:
    """It took a message: what was is forgotten, but for what the operator was told."""
    since = state.since if state.health == "healthy" and state.since else at
    return ChannelState(state.channel, "healthy", since, last_good=at, told=state.told)


def _judge(state: ChannelState, receipt: Receipt) -> ChannelHealth:
    if state.health == "disabled" or receipt.blame == "gone":
        return "disabled"
    if state.bad_since is not None and receipt.at - state.bad_since >= DISABLED_AFTER:
        return "disabled"
    return "paused" if receipt.blame == "login" else "failing"


def _next_probe(state: ChannelState, receipt: Receipt) -> datetime | None:
    """Give the time before which nothing is sent: never before the other side will hear us again."""
    if state.health == "disabled":
        return None
    asked = min(receipt.retry_after or receipt.at, receipt.at + timedelta(hours=24))
    if state.health == "failing" and state.failures < TRIES:
        return asked if asked > receipt.at else None
    least = _REST_OF_LOGIN if state.health == "paused" else _REST
    bad_for = receipt.at - (state.bad_since or receipt.at)
    return max(receipt.at + min(max(bad_for / _PART, least), LONGEST_REST), asked)


def is_open(state: ChannelState, now: datetime) -> bool:
    """Whether something may be sent now: a message if the channel is well, one as a probe if it is not."""
    return state.health != "disabled" and (state.next_probe is None or state.next_probe <= now)


def resumed(state: ChannelState, now: datetime) -> ChannelState:
    """Open a channel at the operator's word: the next message is tried at once, and five days begin anew."""
    if state.health == "healthy":
        return replace(state, next_probe=None)
    return ChannelState(state.channel, "failing", now, state.last_good, reason="resumed", told="failing")


def notice(state: ChannelState) -> Notice | None:
    """Give what the operator was not told yet: that a channel is paused or disabled, and that it is well again.

    What was resumed is told when it is well, or not well again, and not before.
    """
    if state.health in (state.told, "failing"):
        return None
    since = f"{state.since:%Y-%m-%d %H:%M} UTC" if state.since else ""
    title = f'Channel "{state.channel}" is {"well again" if state.health == "healthy" else state.health}'
    key = f"{state.channel}:{state.health}:{state.since:%Y%m%dT%H%M%S}" if state.since else state.channel
    return Notice(key, title, f"{title}, since {since}{_explained(state)}")


def way_past(channel: str, ways: Sequence[Way], states: Mapping[str, ChannelState]) -> Way | None:
    """Choose by which way the operator is told of a channel: never by that one, and rather by one that is well."""
    others = [way for way in ways if way.channel != channel]
    well = [way for way in others if way.channel not in states or states[way.channel].health in ("healthy", "failing")]
    return next(iter([*well, *others]), None)


def _explained(state: ChannelState) -> str:
    good = f"{state.last_good:%Y-%m-%d %H:%M} UTC" if state.last_good else "never"
    resume = f"alerts deliveries resume {state.channel}"
    why = (
        f": {state.reason}.\nIt took its last message: {good}.\nWhat is meant for it waits, and nothing of it is lost. "
    )
    match state.health:
        case "healthy":
            return ".\nWhat waited for it is being sent."
        case "paused":
            return f"{why}Mend its login or its settings; it is tried again by itself, or at once with: {resume}"
        case _:
            return f"{why}It is not tried again until you say: {resume}"


def reason(state: ChannelState) -> str:
    """Say what went wrong, and how often in a row."""
    often = f"{state.failures} times in a row" if state.failures > 1 else ""
    return "; ".join(words for words in (state.reason, often) if words)


def why(state: ChannelState) -> str:
    """Put what is wrong with a channel into words for the table.

    >>> why(ChannelState("slack", "failing", failures=4, reason="503 Service Unavailable"))
    '503 Service Unavailable; 4 times in a row'
    """
    parts = [said] if (said := reason(state)) else []
    if state.health == "disabled":
        parts.append(f"alerts deliveries resume {state.channel} opens it")
    return "; ".join(parts)
