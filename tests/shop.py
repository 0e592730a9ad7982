"""A small installation on disk: a config folder, a folder for its own files, and feeds on a loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.servers import say, serving

RULE = """\
rules:
  - id: iran
    title: Iran
    severity: urgent
    any: ["@iran"]
"""
SECOND_RULE = """\
rules:
  - id: tariffs
    title: Tariffs
    any: [tarif*]
"""
WATCHLISTS = """\
watchlists:
  - id: iran
    aliases: [Iran, Tehran, 이란]
"""
CHANNELS = """\
allow_hosts: [127.0.0.1]
channels:
  - {id: mail, kind: mail, from: "Tocsin <tocsin@example.org>"}
  - {id: slack, kind: slack}
"""
SUBSCRIPTIONS = """\
subscriptions:
  - {id: desk, title: Desk, rules: [iran, tariffs], channel: slack, when: instant}
  - {id: morning, title: Morning, rules: [iran, tariffs], channel: mail, to: [anna@example.org], when: daily at 07:30, zone: Europe/London}
"""

ENTRY = "<item><title>{title}</title><link>{link}</link><guid>{link}</guid><description>{text}</description></item>"


def rss(*entries: tuple[str, str, str]) -> bytes:
    """RSS with entries of title, link and text."""
    items = "".join(ENTRY.format(title=title, link=link, text=text) for title, link, text in entries)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode()


@dataclass
class Shop:
    """What an operator has: folders and an environment."""

    folder: Path
    url: str
    pages: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def environ(self) -> dict[str, str]:
        return {"ALERTS_CONFIG": str(self.config), "ALERTS_VAR": str(self.folder / "var"), **self.extra}

    def write(self, name: str, text: str) -> None:
        path = self.config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def feeds(self, *names: str) -> None:
        """Poll these paths of the server."""
        rows = "".join(
            f'  - {{id: {name}, url: "{self.url}/{name}", outlet: {name.title()}, every: 1s, first_poll: all}}\n'
            for name in names
        )
        self.write("feeds.yaml", f"contact: https://example.org\nallow_hosts: [127.0.0.1]\nfeeds:\n{rows}")

    def serves(self, name: str, body: bytes, status: int = 200) -> None:
        self.pages[f"/{name}"] = (status, body)


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """Serve pages from a dictionary, around a sound configuration with one feed, "wire"."""
    pages: dict[str, tuple[int, bytes]] = {}

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        status, body = pages.get(handler.path, (404, b""))
        say(handler, status, body)

    with serving(answer) as url:
        shop = Shop(folder, url, pages)
        for name, text in (
            ("watchlists.yaml", WATCHLISTS),
            ("rules/iran.yaml", RULE),
            ("rules/tariffs.yaml", SECOND_RULE),
            ("channels.yaml", CHANNELS),
            ("subscriptions.yaml", SUBSCRIPTIONS),
        ):
            shop.write(name, text)
        shop.feeds("wire")
        yield shop
