"""Reading feeds and pages in child processes that can be killed: one that is written to stall a parser stops no other.

A feed that is small and in good order is read at once, where it was fetched.  Any other goes to a child, which has a
time, and a memory, that end.  The children are started with the first such feed, and end with ``close``.

The time is that of the processor, so that a child can give way to all else that runs and is not cut off for it; the
memory grows with the body, so that two children with small hostile bodies do not need a gigabyte.

They are spawned, not forked: a fork of a process with threads may find a lock that nobody will ever open.  Measured, a
spawned child is ready in 0.25 s, because it reads nothing of the program that it belongs to but ``alerts.feeds``.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from queue import Empty, SimpleQueue
from types import ModuleType, TracebackType
from typing import Protocol, Self, TypeVar

from pebble import ProcessExpired, ProcessPool
from selectolax.lexbor import SelectolaxError

from alerts import feeds
from alerts.errors import FetchError, ParseError
from alerts.feeds import Parsed
from alerts.model import Feed, Fetched

MOST_WAITING = 1_000
"""The most feeds, and with the next the most bytes, that are held for children; then the next feed has to wait."""

MOST_BYTES = 64_000_000

ROOM = 64
"""Megabytes that a child may take for any body; the 2,643 feeds that we have can be read with 20."""

ROOM_PER_BYTE = 24
"""Bytes that it may take beside them for each byte of the body; for those feeds 12 are enough."""

PATIENCE = 10
"""So many times its time a child may take by the clock, as on a machine that has much else to do."""

_RENEW_AFTER = 200
_NICE = 10  # what is hard to read waits for what is easy: it gets a tenth of what another would
_main = threading.Lock()

Read = Parsed | ParseError | None
Answer = tuple[Feed, Fetched | FetchError]


class Body(Protocol):
    """What a child is given: the more bytes it has, the more memory it may take."""

    @property
    def body(self) -> bytes:
        """Its bytes."""
        ...


G = TypeVar("G", bound=Body)
T = TypeVar("T")


class Children:
    """Runs functions in child processes, ``workers`` at once, each within ``seconds`` of the processor.

    ``megabytes`` are the most that a child may take, however large the body is.

    It is a context manager, and may be used by one thread at a time.
    """

    def __init__(self, *, workers: int = 2, seconds: float = 6.0, megabytes: int = 512) -> None:
        self._workers = workers
        self._seconds = seconds
        self._megabytes = megabytes
        self._pool: ProcessPool | None = None
        self._owner = 0

    def run(self, function: Callable[[G], T], got: G) -> Future[T | ParseError]:
        """Let a child do it, which is started now if there is none.

        Those of a process that this one was forked from are not ours.
        """
        if self._pool is None or self._owner != os.getpid():
            self._owner = os.getpid()
            self._pool = ProcessPool(
                self._workers,
                max_tasks=_RENEW_AFTER,
                initializer=_limit,
                initargs=(self._megabytes,),
                context=_Spawning(),
            )
        limits = function, got, self._seconds, self._megabytes
        return self._pool.schedule(_within, args=limits, timeout=self._seconds * PATIENCE)

    def result(self, future: Future[T | ParseError]) -> T | ParseError:
        """Wait for what a child made, or give what became of it in words."""
        try:
            return future.result()
        except TimeoutError:
            return ParseError(f"cut off: it was not read within {self._seconds * PATIENCE:g} s")
        except MemoryError:
            return ParseError("cut off: reading it takes too much memory")
        except ProcessExpired as error:
            if error.exitcode == -signal.SIGPROF:
                return ParseError(f"cut off: reading it takes {self._seconds:g} s or more")
            return ParseError(
                f"cut off: the process that read it ended with {error.exitcode}, as by too much memory or time"
            )
        except BrokenProcessPool:
            self.close()
            return ParseError("not read: the processes that read feeds have ended; new ones are started")

    def close(self) -> None:
        """End the children; what they were reading is not waited for."""
        pool, self._pool = self._pool, None
        if pool is not None and self._owner == os.getpid():
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def __enter__(self) -> Self:
        """Give itself; no child is started before it is needed."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the children."""
        self.close()


class ChildParse:
    """Reads feeds: those that cost little at once, all others in a child.

    With a ``beat``, in seconds, ``None`` says that no child was ready for so long.
    """

    def __init__(self, children: Children, beat: float | None = None) -> None:
        self._children = children
        self._beat = beat

    def __call__(self, answers: Iterable[Answer | None]) -> Iterator[tuple[Feed, Fetched | FetchError, Read] | None]:
        """Give each answer back once, with what was read of it: ``None`` of an answer without a body.

        What needs a child comes later than what was answered after it.
        """
        waiting = _Waiting()
        for answer in answers:
            if answer is None:
                yield None
            elif isinstance(got := answer[1], FetchError) or got.status == 304:
                yield *answer, None
            elif (read := _at_once(got)) is not None:
                yield *answer, read
            else:
                waiting.put(self._children.run(feeds.parse, got), answer[0], got)
            yield from self._done(waiting, all_of_them=False)
        yield from self._done(waiting, all_of_them=True)

    def _done(
        self, waiting: _Waiting, *, all_of_them: bool
    ) -> Iterator[tuple[Feed, Fetched, Parsed | ParseError] | None]:
        """Give what the children have read; wait for it only if there must be room, or nothing else is left to do.

        ``None`` says that it takes a while.
        """
        while waiting.feeds:
            must = all_of_them or waiting.is_full
            future = waiting.next(self._beat if must else 0)
            if future is not None:
                yield *waiting.pop(future), self._children.result(future)
            elif must:
                yield None
            else:
                return


class _Waiting:
    """Feeds that children read, and which of them are ready: asked after each answer, so it must cost nothing."""

    def __init__(self) -> None:
        self.feeds: dict[Future[Parsed | ParseError], tuple[Feed, Fetched]] = {}
        self._ready: SimpleQueue[Future[Parsed | ParseError]] = SimpleQueue()
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether no more may be held."""
        return len(self.feeds) > MOST_WAITING or self._bytes > MOST_BYTES

    def put(self, future: Future[Parsed | ParseError], feed: Feed, got: Fetched) -> None:
        """Hold a feed until it is read."""
        self.feeds[future] = feed, got
        self._bytes += len(got.body)
        future.add_done_callback(self._ready.put)

    def next(self, seconds: float | None) -> Future[Parsed | ParseError] | None:
        """Give one that is ready, or becomes so within this time; ``None`` waits for ever."""
        try:
            return self._ready.get(timeout=seconds)
        except Empty:
            return None

    def pop(self, future: Future[Parsed | ParseError]) -> tuple[Feed, Fetched]:
        """Hold it no longer."""
        feed, got = self.feeds.pop(future)
        self._bytes -= len(got.body)
        return feed, got


def _at_once(got: Fetched) -> Parsed | ParseError | None:
    """Read what costs little; ``None`` if it must go to a child."""
    try:
        return feeds.quick(got)
    except ParseError as error:
        return error


# ── in the child ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _limit(megabytes: int) -> None:
    """Leave no image of memory behind, and let the address space end; both hold for all that this process will do."""
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1_000_000,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _within(function: Callable[[G], T], got: G, seconds: float, megabytes: int) -> T | ParseError:
    """Do it within so much time of the processor: then this ends, even if nobody is left to end it."""
    room = _room(len(got.body))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (min(_taken() + room, most), most))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return function(got)
    except ParseError as error:
        return error
    except (MemoryError, SelectolaxError):  # the second is all that it says when it is given no memory
        return ParseError(f"cut off: reading it takes more than {min(room // 1_000_000, megabytes)} MB of memory")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _room(size: int) -> int:
    """Say how many bytes a body of so many bytes may take."""
    return ROOM * 1_000_000 + ROOM_PER_BYTE * size


def _taken() -> int:
    """Give the address space that this process has already, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


# ── how a child is made ──────────────────────────────────────────────────────────────────────────────────────────────


class _Bare(SpawnProcess):
    """A child that does not import the program again that it belongs to, as a spawned one does.

    Airflow's would take seconds, and more memory than a feed may have.
    """

    def start(self) -> None:
        """Start, while the program does not look like one.

        It gives way from its first moment on, for to begin is a quarter of a second of work.  On Linux a thread has a
        niceness of its own, and what it starts inherits it.
        """
        with _main, _without_main(), ThreadPoolExecutor(1, "child") as own:
            own.submit(self._begin).result()

    def _begin(self) -> None:
        if sys.platform == "linux":
            os.nice(_NICE)
        super().start()


class _Spawning(SpawnContext):
    """Makes such children."""

    Process = _Bare


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the main module: what is spawned looks there for what it should import."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
