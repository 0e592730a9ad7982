"""The sample feeds, told as if they were today's, and the small server that serves them.

::

    examples/polaris-wire.xml ──render (anchor, base)──▶ bytes ──serve──▶ http://127.0.0.1:8585/polaris-wire.xml

A source is a feed with placeholders: ``{{base}}`` is the server, ``{{ago 2h30m}}`` and ``{{in 5h}}`` are times before
and after the anchor, ``{{day 27h}}`` is the weekday that long ago, ``{{served}}`` is another time at every answer.
The anchor is kept in a file, so that the feeds are the same tomorrow, and a second poll of them is a 304.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from html import escape
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import feedparser
from aiohttp import web

from alerts import text
from alerts.app import Clock, utc
from alerts.errors import AlertsError

PORT = 8585
"""The port that the shipped ``config/feeds.yaml`` names."""

NO_VALIDATORS = frozenset({"broken-press", "gulf-monitor"})
"""The outlets whose servers know neither ETag nor Last-Modified: they send everything, every time."""

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)((?:\s+[^\s{}]+)*)\s*\}\}")
_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?")
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)")
_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "ko": ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"),
    "fa": ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"),
}


# ── the sources ──────────────────────────────────────────────────────────────────────────────────────────────────────


def feed_names(folder: Path) -> tuple[str, ...]:
    """Name the sample feeds of a folder, in alphabetical order.

    Raises ``AlertsError`` if there is none.
    """
    names = tuple(sorted(path.stem for path in folder.glob("*.xml")))
    if not names:
        raise AlertsError(f'sample feeds: no *.xml in "{folder}"; name the folder that holds them (examples/)')
    return names


def render(source: str, *, anchor: datetime, base: str, served: datetime | None = None) -> bytes:
    """Fill in the placeholders of a source.  Pure.

    Times are written as the format wants them: RFC 822 in RSS, RFC 3339 in Atom and RDF.  ``served`` is the anchor if
    it is not given.  Raises ``AlertsError`` for a placeholder that is not known.

    >>> noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    >>> render("<a>{{ago 2h30m}} {{ago 1h +09:00}}, a {{day 27h}}: {{base}}/x</a>", anchor=noon, base="http://h")
    b'<a>2026-07-01T09:30:00Z 2026-07-01T20:00:00+09:00, a Tuesday: http://h/x</a>'
    >>> render("<rss>{{in 5h}}</rss>", anchor=noon, base="")
    b'<rss>Wed, 01 Jul 2026 17:00:00 +0000</rss>'
    """
    is_rss = "<rss" in source

    def fill(found: re.Match[str]) -> str:
        word, rest = found[1], found[2].split()
        match word, rest:
            case "base", []:
                return base
            case "served", []:
                return _written(served or anchor, is_rss=is_rss)
            case "ago", [span, *zone]:
                return _written(anchor - _span(span), *zone, is_rss=is_rss)
            case "in", [span, *zone]:
                return _written(anchor + _span(span), *zone, is_rss=is_rss)
            case "day", [span, *lang]:
                return _day(anchor - _span(span), *lang)
        raise AlertsError(f"sample feeds: {found[0]} is not known; write {{{{base}}}}, {{{{ago 2h30m}}}} or the like")

    return _PLACEHOLDER.sub(fill, source).encode()


def _span(written: str) -> timedelta:
    """Read ``2h30m``, ``45m`` or ``27h``."""
    found = _SPAN.fullmatch(written)
    if not written or not found:
        raise AlertsError(f'sample feeds: "{written}" is no length of time; write it like 2h30m')
    return timedelta(hours=int(found[1] or 0), minutes=int(found[2] or 0))


def _written(when: datetime, zone: str = "+00:00", *_: str, is_rss: bool) -> str:
    """Write a time in the zone of the outlet; whole seconds, as feeds have them."""
    local = when.astimezone(_zone(zone)).replace(microsecond=0)
    return format_datetime(local) if is_rss else local.isoformat().replace("+00:00", "Z")


def _zone(written: str) -> timezone:
    """Read ``+09:00``."""
    found = _ZONE.fullmatch(written)
    if not found:
        raise AlertsError(f'sample feeds: "{written}" is no zone; write it like +09:00')
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset)


def _day(when: datetime, lang: str = "en", *_: str) -> str:
    """Name the weekday, by UTC, so that copies of a text name the same one."""
    if lang not in _DAYS:
        raise AlertsError(f'sample feeds: no weekdays in "{lang}"; there are {", ".join(_DAYS)}')
    return _DAYS[lang][when.astimezone(UTC).weekday()]


def anchored(path: Path, *, now: datetime) -> datetime:
    """Give the time that the sample feeds are told from: what the file says, or now, which is then written there.

    Raises ``AlertsError`` if the file holds no time.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{now.astimezone(UTC).isoformat(timespec='seconds')}\n", encoding="utf-8")
    written = path.read_text(encoding="utf-8").strip()
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except ValueError:
        raise AlertsError(
            f'sample feeds: "{path}" says "{text.cut(written, 40)}", which is no time; delete it to tell them from now'
        ) from None


# ── the server ───────────────────────────────────────────────────────────────────────────────────────────────────────


def serve(
    folder: Path, *, host: str = "127.0.0.1", port: int = PORT, anchor_file: Path | None = None, clock: Clock = utc
) -> None:
    """Serve the sample feeds of a folder until Ctrl-C or SIGTERM.

    They are told from the time in ``anchor_file``, or from now.  Raises ``AlertsError`` if the folder holds no feeds,
    the port is taken, or the anchor file holds no time.
    """
    with _opened(folder, host, port, None, anchor_file, clock) as (site, listener):
        web.run_app(_app(site), sock=listener, print=None, access_log=None)


@contextmanager
def serving(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    anchor: datetime | None = None,
    anchor_file: Path | None = None,
    clock: Clock = utc,
) -> Iterator[str]:
    """Serve the sample feeds from a thread while the block runs, and give the server's base URL.

    Port 0 is any free port.  The feeds are told from ``anchor``, or from the time in ``anchor_file``, or from now.
    Raises ``AlertsError`` if the folder holds no feeds, the port is taken, or the anchor file holds no time.
    """
    with _opened(folder, host, port, anchor, anchor_file, clock) as (site, listener), _turning() as loop:
        runner = web.AppRunner(_app(site), access_log=None, shutdown_timeout=1)
        asyncio.run_coroutine_threadsafe(_start(runner, listener), loop).result()
        try:
            yield site.base
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()


@dataclass(frozen=True, slots=True)
class _Site:
    """What the server needs to answer.  ``stamps`` never gives the same time twice."""

    folder: Path
    anchor: datetime
    base: str
    stamps: Iterator[datetime]


_SITE = web.AppKey("site", _Site)


def _stamps(now: datetime) -> Iterator[datetime]:
    """Count up in seconds from now: a server that believes that each answer is a new edition."""
    return (now + timedelta(seconds=n) for n in itertools.count())


@contextmanager
def _opened(
    folder: Path, host: str, port: int, anchor: datetime | None, anchor_file: Path | None, clock: Clock
) -> Iterator[tuple[_Site, socket.socket]]:
    """Take the port, then settle what is told from when: a server that cannot listen must not write the anchor."""
    feed_names(folder)
    with _listening(host, port) as listener:
        now = clock()
        told_from = anchor or (anchored(anchor_file, now=now) if anchor_file else now)
        yield _Site(folder, told_from, _base(listener), _stamps(now)), listener


def _listening(host: str, port: int) -> socket.socket:
    """Take the port now, so that nobody waits for a server that never comes up."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise AlertsError(
            f"sample feeds: cannot listen on {host}:{port} ({error.strerror or error}); "
            "stop what uses the port, or choose another (config/feeds.yaml names it too)"
        ) from error


def _base(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


@contextmanager
def _turning() -> Iterator[asyncio.AbstractEventLoop]:
    """Turn an event loop in a thread of its own while the block runs."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="sample-feeds", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(runner: web.AppRunner, listener: socket.socket) -> None:
    await runner.setup()
    await web.SockSite(runner, listener).start()


def _app(site: _Site) -> web.Application:
    app = web.Application()
    app[_SITE] = site
    app.add_routes(
        [
            web.get("/", _front_page),
            web.get(r"/{name:[a-z0-9-]+}.xml", _feed),
            web.get(r"/{name:[a-z0-9-]+}/{slug:[a-z0-9-]+}", _article_page),
        ]
    )
    return app


# ── the answers ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def _feed(request: web.Request) -> web.Response:
    """Answer with a feed, or with 304 to a reader that has it."""
    site, name = request.app[_SITE], request.match_info["name"]
    body = _rendered(site, name)
    answer = web.Response(body=body, content_type=_content_type(body))
    if name in NO_VALIDATORS:
        return answer
    answer.etag = hashlib.sha256(body).hexdigest()[:32]
    answer.last_modified = _modified(site, name)
    if not _is_known(request, answer):
        return answer
    kept = {field: answer.headers[field] for field in ("ETag", "Last-Modified")}
    return web.Response(status=304, headers=kept)


def _rendered(site: _Site, name: str) -> bytes:
    """Read the source at every answer: an edit of the file shows at the next poll."""
    if name not in feed_names(site.folder):
        raise web.HTTPNotFound(text=f"There is no sample feed {name}.\n")
    source = (site.folder / f"{name}.xml").read_text(encoding="utf-8")
    return render(source, anchor=site.anchor, base=site.base, served=next(site.stamps))


def _content_type(body: bytes) -> str:
    head = body[:1000]
    if b"<rss" in head:
        return "application/rss+xml"
    return "application/atom+xml" if b"<feed" in head else "application/rdf+xml"


def _modified(site: _Site, name: str) -> datetime:
    """The later of the anchor and the last edit of the file."""
    edited = datetime.fromtimestamp((site.folder / f"{name}.xml").stat().st_mtime, UTC)
    return max(edited, site.anchor).replace(microsecond=0)


def _is_known(request: web.Request, answer: web.Response) -> bool:
    """Whether the reader has this edition; ETags speak before dates (RFC 9110, section 13.2.2)."""
    if request.if_none_match is not None:
        return any(tag.value in ("*", answer.etag and answer.etag.value) for tag in request.if_none_match)
    since, modified = request.if_modified_since, answer.last_modified
    return since is not None and modified is not None and modified <= since


async def _front_page(request: web.Request) -> web.Response:
    """Answer with the list of the feeds."""
    site = request.app[_SITE]
    names = feed_names(site.folder)
    links = "\n".join(f'<li><a href="/{escape(name)}.xml">{escape(name)}</a></li>' for name in names)
    return _page("Sample feeds", "en", f"<ul>\n{links}\n</ul>")


async def _article_page(request: web.Request) -> web.Response:
    """Answer with the entry that links to this page."""
    name = request.match_info["name"]
    feed = feedparser.parse(_rendered(request.app[_SITE], name))
    for entry in feed.entries:
        if urlsplit(entry.get("link", "")).path == request.path:
            outlet = escape(feed.feed.get("title", name))
            published = escape(entry.get("published", ""))
            shown = f"<p>{escape(_prose(entry))}</p>\n<p><small>{outlet} {published}</small></p>"
            return _page(entry.get("title", ""), feed.feed.get("language", ""), shown)
    raise web.HTTPNotFound(text=f"{name} has no such article.\n")


def _prose(entry: feedparser.FeedParserDict) -> str:
    """Give the entry's fullest text, plain."""
    parts = [part.value for part in entry.get("content", ())] or [entry.get("summary", "")]
    return text.plain(" ".join(parts))


def _page(title: str, lang: str, body: str) -> web.Response:
    """Make a small HTML page; ``body`` is HTML, ``title`` is not."""
    heading = escape(text.plain(title))
    html = (
        f'<!doctype html>\n<html lang="{escape(lang)}" dir="auto">\n<meta charset="utf-8">\n<title>{heading}</title>\n'
        '<body style="max-width: 40rem; margin: 2rem auto; padding: 0 1rem; font: 1.1rem/1.6 serif">\n'
        f"<h1>{heading}</h1>\n{body}\n"
        "<p><small>A sample: the outlet, its people and its news are invented.</small></p>\n</body>\n</html>\n"
    )
    return web.Response(text=html, content_type="text/html")
