"""From a push to its delivery: two processes, ``alerts serve`` and ``alerts run --follow``, and a webhook on loopback.

    python bench/push.py [articles] [follow]

Prints the milliseconds from the first byte of a POST to the arrival of its webhook, one article at a time and then in
one burst, and beside them those of a line that only looks by the clock, every second; after `follow`, the first alone.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
TOKEN = "t" * 32
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CONFIG = {
    "feeds.yaml": 'allow_hosts: [127.0.0.1]\nfeeds:\n  - {id: no, url: "http://127.0.0.1:9/", outlet: A, every: 1h}\n',
    "channels.yaml": "allow_hosts: [127.0.0.1]\nchannels:\n  - {id: hook, kind: webhook}\n",
    "subscriptions.yaml": (
        "subscriptions:\n  - {id: desk, title: Desk, rules: all, channel: hook, when: instant, strength: mention}\n"
    ),
    "rules/iran.yaml": "rules:\n  - {id: iran, title: Iran, any: [Iran]}\n",
}


class Receiver:
    """Remembers when each title came."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                now = time.monotonic()
                receiver.came.update(dict.fromkeys((word for word in body.split() if word.startswith("push")), now))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def line(n: int, words: random.Random) -> bytes:
    """An article that no other is like, so that each is a story of its own."""
    text = " ".join("".join(words.choices(LETTERS, k=8)) for _ in range(120))
    return json.dumps({"id": f"push{n}", "title": f"Iran push{n} {text[:60]}", "text": text}).encode()


@contextmanager
def running(*words: str, environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen([sys.executable, "-m", "alerts", *words], env=environ, stdout=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(30)


def post(url: str, body: bytes) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("POST", "/api/articles", body, {"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    said = answer.read()
    assert answer.status == 200, said
    connection.close()


def wait(receiver: Receiver, name: str) -> float:
    end = time.monotonic() + 60
    while name not in receiver.came:
        assert time.monotonic() < end, f"{name} did not come"
        time.sleep(0.001)
    return receiver.came[name]


def told(what: str, spans: list[float]) -> None:
    ms = sorted(1_000 * span for span in spans)
    p95 = ms[min(len(ms) - 1, round(0.95 * len(ms)))]
    print(f"{what:<42} n={len(ms):<5} p50 {statistics.median(ms):7.1f} ms   p95 {p95:7.1f} ms   max {ms[-1]:7.1f} ms")


def one_by_one(url: str, receiver: Receiver, numbers: range, words: random.Random) -> list[float]:
    spans = []
    for n in numbers:
        began = time.monotonic()
        post(url, line(n, words))
        spans.append(wait(receiver, f"push{n}") - began)
        time.sleep(0.06)
    return spans


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    receiver, words = Receiver(), random.Random(7)
    with tempfile.TemporaryDirectory(prefix="push") as folder:
        for name, text in CONFIG.items():
            path = Path(folder) / "config" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ALERTS_")}
        environ = kept | {
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "ALERTS_CONFIG": f"{folder}/config",
            "ALERTS_VAR": f"{folder}/var",
            "ALERTS_PUSH_TOKEN": TOKEN,
            "ALERTS_WEBHOOK": f"http://127.0.0.1:{receiver.server.server_port}/",
        }
        with running("serve", "--port", "0", environ=environ) as server:
            assert server.stdout is not None
            said = server.stdout.readline()
            url = next(word for word in said.split() if word.startswith("http")).removesuffix(";")
            with running("run", "--follow", environ=environ):
                post(url, line(0, words))
                wait(receiver, "push0")
                told("alerts run --follow, one by one", one_by_one(url, receiver, range(1, number + 1), words))
                if "follow" in sys.argv:
                    return
                burst = range(number + 1, 2 * number + 1)
                began = time.monotonic()
                post(url, b"\n".join(line(n, words) for n in burst))
                told("alerts run --follow, one burst", [wait(receiver, f"push{n}") - began for n in burst])
            with running("run", "--every", "1s", environ=environ):
                some = range(2 * number + 1, 2 * number + 1 + min(number, 20))
                told("alerts run --every 1s, one by one", one_by_one(url, receiver, some, words))


if __name__ == "__main__":
    main()
