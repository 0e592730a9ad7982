"""A web server on loopback that says what a test wants, for as long as the test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]
"""Answers a request of any method; the bytes are its body."""


@contextmanager
def serving(answer: Answer, *, host: str = "127.0.0.1", wait: bool = True) -> Iterator[str]:
    """Serve on a free port; gives the address, without a slash behind it.

    It ends when its last answer has ended, unless it is told not to ``wait`` for those that hang.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.close_connection = True
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                answer(self, body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # Who asked has gone, which is for the test to judge.

        do_HEAD = do_POST = do_GET  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Be silent."""

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = not wait
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(handler: BaseHTTPRequestHandler, status: int = 200, body: bytes = b"", **headers: str) -> None:
    """Send a whole answer; names of headers are written with underscores."""
    handler.send_response(status)
    for name, value in ({"Content_Length": str(len(body))} | headers).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def headers_of(handler: BaseHTTPRequestHandler) -> dict[str, str]:
    """Give the headers of a request, their names in small letters."""
    return {name.lower(): value for name, value in handler.headers.items()}
