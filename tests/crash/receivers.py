"""The other side: a mail server and a web server in a process of their own, which take, refuse, drop, hang, and record.

Everything that arrives is one line of JSON in a file of its case, on the disk before it is answered.  What is to be
believed about a run is what stands there.  A line has ``kind``, ``key`` (what the message is known by), ``body`` (a hash
of its bytes), ``taken`` (it was accepted), ``told`` (the sender was told so), and ``wrong`` (a limit that it broke).

What a receiver does is drawn from the case, the kind and the number of the message: a fifth is answered by a failure, a
tenth is taken and then the connection is dropped, a fiftieth is taken and then it hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import threading
from collections import Counter
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks.webhooks import Webhook

from tests import blocks

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HANG = 2.0
"""Seconds that a receiver hangs; longer than the senders of these tests wait."""


class Records:
    """The files of all cases, and what is drawn for each message."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def draw(self, case: str, kind: str) -> str:
        """Say what becomes of the next message of a kind: ``take``, ``fail``, ``drop`` or ``hang``.

        Receivers do no wrong in a case that is called ``calm…``, and fail once in one that is called ``fail…``.
        """
        with self._lock:
            self._counts[case, kind] += 1
            number = self._counts[case, kind]
        if case.startswith(("calm", "fail")):
            return "fail" if case.startswith("fail") and number == 1 else "take"
        drawn = int.from_bytes(sha256(f"{case} {kind} {number}".encode()).digest()[:4]) / 0xFFFFFFFF
        return "fail" if drawn < 0.2 else "drop" if drawn < 0.3 else "hang" if drawn < 0.32 else "take"

    def write(self, case: str, kind: str, key: str, body: bytes, *, fate: str, wrong: str = "") -> bool:
        """Put a message on record, and kill its sender if that was ordered; whether it was."""
        taken, told = fate != "fail" and not wrong, fate == "take" and not wrong
        order = self._folder / f"{case}.kill.{kind}"
        killed = taken and order.exists()
        line = {
            "kind": kind,
            "key": key,
            "body": sha256(body).hexdigest(),
            "taken": taken,
            "told": told and not killed,
            "killed": killed,
        }
        with self._lock, (self._folder / f"{case}.jsonl").open("a") as file:
            file.write(json.dumps(line | {"wrong": wrong}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if killed:
            os.kill(int(order.read_text()), signal.SIGKILL)
            order.unlink()
        return killed


# ── Slack and webhooks ───────────────────────────────────────────────────────────────────────────────────────────────


def web_server(records: Records) -> ThreadingHTTPServer:
    """Serve ``/slack/CASE`` and ``/webhook/CASE``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            _, kind, case = self.path.split("/")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.close_connection = True
            fate = records.draw(case, kind)
            wrong = _SIGHTS[kind](self, body)
            key = self.headers["webhook-id"] if kind == "webhook" else json.loads(body).get("text", "")
            killed = records.write(case, kind, key, body, fate=fate, wrong=wrong)
            if killed or fate == "drop":
                self.connection.close()
                return
            if fate == "hang":
                threading.Event().wait(HANG)
            status, words = (400, wrong) if wrong else (500, "broken") if fate == "fail" else (200, "ok")
            with contextlib.suppress(OSError):  # the sender may be dead
                self.send_response(status)
                self.send_header("Content-Length", str(len(words)))
                self.end_headers()
                self.wfile.write(words.encode())

        def log_message(self, *_: object) -> None:
            """Be silent."""

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server


def _wrong_for_slack(handler: BaseHTTPRequestHandler, body: bytes) -> str:
    """What Slack would refuse: https://docs.slack.dev/reference/block-kit/blocks."""
    if not handler.headers["Content-Type"].startswith("application/json"):
        return "invalid_content_type"
    sent = json.loads(body)
    texts = [str(value) for value in _texts(sent["blocks"])]
    too_much = sum(map(len, texts)) > 12_000
    return "invalid_blocks" if too_much or blocks.faults(sent["blocks"]) else ""


def _texts(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [value for key, value in part.items() if key in ("text", "url") and isinstance(value, str)]
        return own + [one for value in part.values() for one in _texts(value)]
    return [one for value in part for one in _texts(value)] if isinstance(part, list) else []


def _wrong_for_a_webhook(handler: BaseHTTPRequestHandler, body: bytes) -> str:
    """What a receiver that keeps to Standard Webhooks would refuse; but for the time, which is a made-up one here."""
    told = {name: handler.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    at = datetime.fromtimestamp(int(told["webhook-timestamp"]), tz=UTC)
    if told["webhook-signature"] != Webhook(SECRET).sign(told["webhook-id"], at, body.decode()):
        return "wrong signature"
    return "" if handler.headers["Content-Type"] == "application/json" and len(body) < 1_000_000 else "wrong content"


_SIGHTS = {"slack": _wrong_for_slack, "webhook": _wrong_for_a_webhook}


# ── mail ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Postbox:
    """Takes mail.  The case is the domain of the sender; a mail is known by its Message-ID, up to that domain."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        case = str(envelope.mail_from).partition("@")[2].removesuffix(".example")
        fate = self._records.draw(case, "mail")
        wrong = _wrong_for_mail(envelope.content)
        key = str(message_from_bytes(envelope.content)["Message-ID"]).partition("@")[0]
        killed = self._records.write(case, "mail", key, envelope.content, fate=fate, wrong=wrong)
        if killed or fate == "drop":
            server.transport.abort()
            return "451 dropped"
        if fate == "hang":
            await asyncio.sleep(HANG)
        return f"554 {wrong}" if wrong else "451 4.3.0 try later" if fate == "fail" else "250 OK"


def _wrong_for_mail(content: bytes) -> str:
    """What RFC 5322 and 5321 do not allow."""
    if any(len(line) > 998 for line in content.split(b"\r\n")) or re.search(rb"(?<!\r)\n", content):
        return "a line is too long, or ends wrongly"
    read = message_from_bytes(content, policy=default)
    counts = Counter(name.lower() for name in read)
    once = [name for name in ("from", "to", "date", "message-id", "subject") if counts[name] != 1]
    return f"not once: {once}" if once else "too large" if len(content) > 102_400 else ""


def serve(folder: Path, tell: socket.socket) -> None:
    """Serve until killed; the ports are told on the socket, as JSON."""
    records = Records(folder)
    web = web_server(records)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mail = Controller(Postbox(records), hostname="127.0.0.1", port=port)
    mail.start()
    tell.sendall(json.dumps({"web": web.server_port, "mail": port}).encode())
    web.serve_forever(poll_interval=0.1)
