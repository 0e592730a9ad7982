"""What a request costs with uvloop and with asyncio: the way out against a server on loopback, both in one run.

    python bench/event_loop.py [requests]

Prints requests a second and microseconds of CPU of this process a request, for a 304 and for a 200 of 30 kB.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import uvloop

from alerts.adapters.http import HttpFetch, loop
from alerts.model import Feed, FeedRequest, Fetched

SERVER = """
import asyncio
BODY = b"<rss>" + b"x" * 30_000 + b"</rss>"

async def answer(reader, writer):
    asked = await reader.readuntil(b"\\r\\n\\r\\n")
    if b"if-none-match" in asked.lower():
        writer.write(b'HTTP/1.1 304 Not Modified\\r\\nETag: "1"\\r\\n\\r\\n')
    else:
        writer.write(b'HTTP/1.1 200 OK\\r\\nETag: "1"\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(BODY) + BODY)
    await writer.drain()
    writer.close()

async def main():
    servers = [await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024) for _ in range(64)]
    print(*(s.sockets[0].getsockname()[1] for s in servers), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def measure(name: str, new_loop: Callable[[], asyncio.AbstractEventLoop], ports: list[str], count: int) -> None:
    loop.new_loop = new_loop
    fetch = HttpFetch(allow_hosts=frozenset({"127.0.0.1"}), spacing=timedelta(0))
    for status, etag in ((304, '"1"'), (200, "")):
        requests = [
            FeedRequest(Feed(str(n), f"http://127.0.0.1:{ports[n % len(ports)]}/{n}", "O"), etag) for n in range(count)
        ]
        began, cpu = time.perf_counter(), time.process_time()
        got = [answer for _, answer in fetch(requests)]
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        assert {one.status for one in got if isinstance(one, Fetched)} == {status}
        print(f"{name:<8}{status}  {count / took:7.0f} requests/s  {cpu / count * 1e6:5.0f} µs of CPU a request")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        ports = server.stdout.readline().split()
        for _ in range(3):
            measure("asyncio", asyncio.new_event_loop, ports, count)
            measure("uvloop", uvloop.new_event_loop, ports, count)
        server.kill()


if __name__ == "__main__":
    main()
