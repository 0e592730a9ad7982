"""An event loop in a thread of its own, for code that is not asynchronous."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

LOOKUPS = 32
"""How many names are looked up at once; a look-up that hangs holds a thread."""


def new_loop() -> asyncio.AbstractEventLoop:
    """Give uvloop's event loop, which needs a fifth less CPU a request (``bench/event_loop.py``), or asyncio's."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415 - there is none for Windows and PyPy
    except ImportError:
        return asyncio.new_event_loop()
    return new_event_loop()


@contextlib.contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread of its own, and leave nothing of it behind.

    Not ``asyncio.run``: it waits for name look-ups that hang, and it cannot run where a loop runs already.
    """
    loop = new_loop()
    loop.set_default_executor(ThreadPoolExecutor(LOOKUPS, "lookup"))
    thread = threading.Thread(target=loop.run_forever, name="http", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _cancel_all() -> None:
    """End what still runs, if the reader of the answers has left."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
