"""Where messages arrive: a Slack, a webhook and a mail server on loopback, which remember what came and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Received:
    """What came by each way, in order: the second at which it came, and what it said."""

    slack: list[tuple[float, str]] = field(default_factory=list)
    webhook: list[tuple[float, str]] = field(default_factory=list)
    mail: list[tuple[float, str]] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        self.mail.append((time.monotonic(), envelope.content.decode(errors="replace")))
        return "250 OK"


@contextmanager
def receiving(http: int = 9099, smtp: int = 1025) -> Iterator[Received]:
    """Listen; /slack answers as Slack does, everything else as a webhook's receiver."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            (received.slack if self.path == "/slack" else received.webhook).append((time.monotonic(), body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", http), Handler)
    mail = Controller(received, hostname="127.0.0.1", port=smtp)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    mail.start()
    try:
        yield received
    finally:
        mail.stop()
        server.shutdown()
        server.server_close()
