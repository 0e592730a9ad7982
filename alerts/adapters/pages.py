"""The pages of articles: asked for politely, and read for their text.

A site's ``robots.txt`` is asked first (RFC 9309): one that is not there allows everything, one that cannot be had now
allows nothing now.  Pages and robots.txt come through the same ``Fetch`` as feeds, with its guard, its limits and its
patience.  The text is found by trafilatura, in a child process, because pages are as hostile as feeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from protego import Protego

from alerts import text, urls
from alerts.adapters.children import Children
from alerts.errors import FetchError, ParseError
from alerts.model import Article, Feed, FeedRequest, Fetched
from alerts.ports import Fetch

MOST = 200
"""The most pages that one poll fetches; the articles beyond keep their summaries."""

AGENT = "Tocsin"
"""What we are called in a robots.txt."""

SLOWEST = 30.0
"""Seconds: a site that wants more between two visits is not visited for pages."""

MOST_SITES = 3
"""The most sites that one page is looked for on, one redirecting to the next."""

_ROBOTS_BYTES = 500_000


class _Page(NamedTuple):
    """The text of a page, or why there is none."""

    text: str = ""
    reason: str = ""


class WebPages:
    """Fetches pages and reads them.  What a robots.txt said is kept as long as this is: for one run."""

    def __init__(self, fetch: Fetch, children: Children) -> None:
        self._fetch = fetch
        self._children = children
        self._robots: dict[str, Protego | str] = {}

    def __call__(self, articles: Sequence[Article]) -> Sequence[Article]:
        """Give each article back, in their order, with the text of its page; or as it was, with a note why."""
        wanted = {article.url for article in articles[:MOST] if article.url}
        self._ask_robots({urls.site(url) for url in wanted} - self._robots.keys())
        pages = {url: _Page(reason=reason) for url in wanted if (reason := self._refusal(url))}
        pages |= self._read(wanted - pages.keys())
        return [_with_page(article, pages.get(article.url)) for article in articles]

    def _ask_robots(self, sites: Iterable[str]) -> None:
        """Ask the sites what they allow."""
        for site, got in self._get({site: f"{site}/robots.txt" for site in sites}):
            self._robots[site] = _robots(got)

    def _refusal(self, url: str) -> str:
        """Say why a page must not be asked for; empty if it may."""
        robots = self._robots[urls.site(url)]
        if isinstance(robots, str):
            return f"robots.txt: {robots}"
        if not robots.can_fetch(url, AGENT):
            return "robots.txt does not allow it"
        return "robots.txt asks for rarer visits" if (robots.crawl_delay(AGENT) or 0) > SLOWEST else ""

    def _read(self, wanted: Iterable[str]) -> dict[str, _Page]:
        """Fetch pages and find their texts."""
        fetched = self._followed({url: url for url in wanted})
        given = {url: self._children.run(main_text, got) for url, got in fetched.items() if isinstance(got, Fetched)}
        found = {url: self._children.result(future) for url, future in given.items()}
        pages = {url: _Page(reason=got.reason) for url, got in fetched.items() if isinstance(got, FetchError)}
        return pages | {url: _page(read) for url, read in found.items()}

    def _followed(self, asked: Mapping[str, str]) -> dict[str, Fetched | FetchError]:
        """Fetch by name, and go on to another site only if its robots.txt allows it."""
        fetched: dict[str, Fetched | FetchError] = {}
        for _ in range(MOST_SITES):
            fetched |= self._get(asked, stay=True)
            led = {name: got.led for name, got in fetched.items() if isinstance(got, FetchError) and got.led}
            self._ask_robots({urls.site(url) for url in led.values()} - self._robots.keys())
            refused = {name: reason for name, url in led.items() if (reason := self._refusal(url))}
            fetched |= {name: FetchError(f"redirected, and {reason}") for name, reason in refused.items()}
            asked = {name: url for name, url in led.items() if name not in refused}
        return fetched

    def _get(self, addresses: Mapping[str, str], *, stay: bool = False) -> Iterable[tuple[str, Fetched | FetchError]]:
        """Fetch by name; nobody is asked for nothing."""
        requests = [FeedRequest(Feed(name, url, ""), stay=stay) for name, url in addresses.items()]
        return [(feed.id, got) for feed, got in filter(None, self._fetch(requests))] if requests else []


def main_text(got: Fetched) -> str:
    """Find the text of a page, without menus, comments and tables; empty if there is none.  For a child."""
    import trafilatura  # noqa: PLC0415 - heavy, and only a child needs it

    return text.one_line(trafilatura.extract(got.body, include_comments=False, include_tables=False) or "")


def _page(read: str | ParseError) -> _Page:
    """Take what a child found."""
    if isinstance(read, ParseError):
        return _Page(reason=str(read))
    return _Page(read) if read else _Page(reason="no text was found on the page")


def _robots(got: Fetched | FetchError) -> Protego | str:
    """Read a robots.txt, or say why we must stay away."""
    if isinstance(got, FetchError):
        missing = 400 <= got.status < 500 and got.status != 429
        return Protego.parse("") if missing else got.reason
    return Protego.parse(got.body[:_ROBOTS_BYTES].decode("utf-8", "replace"))


def _with_page(article: Article, page: _Page | None) -> Article:
    """Put the page's text in the place of the summary, which stays in front of it unless it says the same.

    The version stays: a page changes with each visit, in what stands around the text, and that is no edit.
    """
    if page is None:
        reason = "too many pages at once" if urls.is_web(article.url) else "the article has no link"
        page = _Page(reason=reason)
    if not page.text:
        return replace(article, notes=(*article.notes, f"no full text: {page.reason}"))
    lead = "" if article.text in page.text else f"{article.text} "
    return replace(article, text=f"{lead}{page.text}"[: text.FIELD_LIMIT])
