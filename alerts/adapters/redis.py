"""Redis or Valkey: the index of what was seen, and whose turn it is at each server.  Speed and courtesy, not truth.

A mark is a hash in one of 32,768 small sets, so that Redis keeps them in packed lists: measured on Valkey 9.1, 26 bytes
a mark at 300,000 and 15 at three million, where a key of its own takes about 115 at any number.  The sets belong to a
generation of 25 days and end with it, so that no sweep is needed.  SQL keeps what was seen for 400 days after it was
last shown; being asked once in a generation, it knows what still is.

An unknown key passes for a known one only if 111 bits of its hash meet those of a mark: with ten million marks, once in
2.6 × 10^26 questions.  Every mark stands under the id of the SQL store that it belongs to.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from alerts.adapters.clock import Clock, utc
from alerts.adapters.memory import MemoryHosts
from alerts.errors import StoreError

GENERATION = timedelta(days=25)
"""How long marks go into the same sets.  At the end of one, every feed costs SQL one question more."""

TIMEOUT = 2.0
"""Seconds to wait for an answer.  SQL answers in a few milliseconds what Redis does not."""

PAUSE = 30.0
"""Seconds for which a Redis that did not answer is not asked again: a thousand feeds must not wait for it in turn."""

_BUCKETS = 0x7FFF
_RINGS = 10
_BLOCK = 1.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# KEYS[1] is the prefix, with a {hash tag}, so that in a cluster all sets are in one place.  ARGV: the generation, then
# a bucket and a mark for each key.
_UNSEEN = """
local known = {}
for i = 2, #ARGV, 2 do
  known[#known + 1] = redis.call('SISMEMBER', KEYS[1] .. ARGV[1] .. ':' .. ARGV[i], ARGV[i + 1])
end
return known
"""

# ARGV: the generation, the Unix time at which it ends, then a bucket and a mark for each key.
_ADD = """
for i = 3, #ARGV, 2 do
  local set = KEYS[1] .. ARGV[1] .. ':' .. ARGV[i]
  redis.call('SADD', set, ARGV[i + 1])
  redis.call('EXPIREAT', set, ARGV[2])
end
return 0
"""

_log = structlog.get_logger("alerts")
_warned = Event()


# KEYS[1] is a host.  ARGV: a token, and for how many milliseconds it holds at most.  Answers 1 if it holds now; else 0
# and the milliseconds for which the host rests, negative if somebody holds it.
_TAKE = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {1, 0} end
local left = redis.call('PTTL', KEYS[1])
if redis.call('GET', KEYS[1]) == 'rest' then return {0, left} end
return {0, -1}
"""

# ARGV: the token, and for how many milliseconds the host rests.
_LEAVE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) <= 0 then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], 'rest', 'PX', ARGV[2])
return 1
"""


def connect(url: str) -> redis.Redis:
    """Make a client for ``redis://``, ``rediss://`` or ``unix://``; nothing is sent yet.

    Raises ``StoreError`` if the URL is none of these.  A server that does not answer is no error, here or later.
    """
    retry = Retry(NoBackoff(), 1)  # one, at once: a connection that the server closed while it was idle
    try:
        return redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=retry)
    except ValueError:
        raise StoreError(
            "the URL of Redis is not understood; write redis://host:6379/0, rediss://host:6379/0 or unix:///path"
        ) from None


class RedisFingerprints:
    """Keys already seen; one round trip a call.

    When Redis does not answer, is full, or is a replica that may not be written, nothing is known and nothing is
    remembered: SQL is asked for everything, which is slower and as right.  A process says so once in its log.
    """

    def __init__(
        self,
        client: redis.Redis,
        namespace: str,
        *,
        clock: Clock = utc,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prefix = f"alerts:{{{namespace}}}:seen:"
        self._clock = clock
        self._ticks = ticks
        self._asked_again = 0.0
        self._unseen = client.register_script(_UNSEEN)
        self._add = client.register_script(_ADD)

    def unseen(self, keys: Sequence[str]) -> frozenset[str]:
        """Give those of the keys that it does not know."""
        wanted = list(dict.fromkeys(keys))
        known = self._ask(self._unseen, [_generation(self._clock())], wanted)
        if not known:
            return frozenset(wanted)
        return frozenset(key for key, seen in zip(wanted, known, strict=True) if not seen)

    def add(self, keys: Sequence[str]) -> None:
        """Remember the keys."""
        generation = _generation(self._clock())
        end = _EPOCH + (generation + 1) * GENERATION
        self._ask(self._add, [generation, int(end.timestamp())], list(keys))

    def _ask(self, script: Callable[..., object], head: list[int], keys: Sequence[str]) -> list[int]:
        """Run a script over the keys; an empty answer when there is nothing to ask, or nobody to ask."""
        if not keys or self._ticks() < self._asked_again:
            return []
        marks = [part for key in keys for part in _mark(key)]
        try:
            answer = script(keys=[self._prefix], args=[*head, *marks])
        except redis.RedisError as error:  # whatever it is, the answer is SQL's
            self._asked_again = self._ticks() + PAUSE
            _warn(error)
            return []
        return answer if isinstance(answer, list) else []


class RedisHosts:
    """Whose turn it is at each server, across all processes that use this Redis; one round trip a call.

    While Redis does not answer, each process keeps its own count: a server may then be asked by two at once.
    """

    def __init__(self, client: redis.Redis, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._ticks = ticks
        self._asked_again = 0.0
        self._alone = MemoryHosts(ticks)

    def take(self, host: str, *, hold: timedelta) -> str | timedelta | None:
        """Hold a host, unless it rests or is held; a hold ends by itself."""
        return self.exchange((), (host,), hold=hold)[0]

    def leave(self, host: str, token: str, *, rest: timedelta) -> None:
        """Let the host rest, if it is held by this token."""
        self.exchange(((host, token, rest),), (), hold=rest)

    def exchange(
        self, leaves: Sequence[tuple[str, str, timedelta]], takes: Sequence[str], *, hold: timedelta
    ) -> list[str | timedelta | None]:
        """Leave some hosts, then take others."""
        for host, token, rest in leaves:
            self._alone.leave(host, token, rest=rest)
        tokens = [secrets.token_hex(8) for _ in takes]
        asks = [(_LEAVE, *leave) for leave in leaves]
        asks += [(_TAKE, host, token, hold) for host, token in zip(takes, tokens, strict=True)]
        answers = self._ask(asks)
        if not answers:
            return [self._alone.take(host, hold=hold) for host in takes]
        return [_taken(token, *answer) for token, answer in zip(tokens, answers[len(leaves) :], strict=True)]

    def _ask(self, asks: Sequence[tuple[str, str, str, timedelta]]) -> list[Any]:
        """Run scripts, each for a host; an empty answer when there is nobody to ask."""
        if self._ticks() < self._asked_again:
            return []
        asked = self._client.pipeline(transaction=False)
        for script, host, token, span in asks:
            asked.eval(script, 1, f"alerts:host:{host}", token, str(int(span.total_seconds() * 1_000)))
        try:
            return asked.execute()
        except redis.RedisError as error:  # whatever it is, we are alone
            self._asked_again = self._ticks() + PAUSE
            _warn(error)
            return []


def _taken(token: str, held: int, left: int) -> str | timedelta | None:
    """Read what a take gave."""
    if held:
        return token
    return timedelta(milliseconds=left) if left > 0 else None


class RedisNews:
    """The doorbell across all processes that use this Redis: a short stream, of which each waiter reads the end.

    A ring between two waits is not missed, because the stream is still there.  While Redis does not answer nothing
    rings, and whoever waits finds the news by the clock.
    """

    def __init__(self, client: redis.Redis, namespace: str) -> None:
        self._client = client
        self._stream = f"alerts:{{{namespace}}}:news"
        self._last = self._end()

    def ring(self) -> None:
        """Write one entry; what it says is nothing, and only the last few are kept."""
        try:
            self._client.xadd(self._stream, {"": ""}, maxlen=_RINGS)
        except redis.RedisError as error:
            _warn(error)

    def wait(self, seconds: float) -> bool:
        """Wait in pieces that are shorter than the time-out of the connection."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                found: Any = self._client.xread({self._stream: self._last}, block=int(min(left, _BLOCK) * 1_000) + 1)
            except redis.RedisError as error:
                _warn(error)
                time.sleep(min(left, _BLOCK))
                continue
            if found:
                self._last = self._end()
                return True
        return False

    def _end(self) -> bytes | str:
        """Give the id of the last ring; before the first one, the beginning."""
        try:
            last: Any = self._client.xrevrange(self._stream, count=1)
        except redis.RedisError as error:
            _warn(error)
            return "0"
        return last[0][0] if last else "0"


def generation(at: datetime) -> datetime:
    """Give the beginning of the generation that a time is in: since then, marks go into the sets of today."""
    return _EPOCH + _generation(at) * GENERATION


def _generation(at: datetime) -> int:
    return (at - _EPOCH) // GENERATION


def _mark(key: str) -> tuple[int, bytes]:
    """Give a key's set and its mark in it: 15 and 96 bits of one hash."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=14).digest()
    return int.from_bytes(digest[:2]) & _BUCKETS, digest[2:]


def _warn(error: redis.RedisError) -> None:
    """Say it once a process.  Only the kind of error: its text may carry an address or a name."""
    if _warned.is_set():
        return
    _warned.set()
    _log.warning(
        "redis does not answer; sql is asked instead, which is slower and loses nothing; workers may meet at a server",
        error=type(error).__name__,
    )
