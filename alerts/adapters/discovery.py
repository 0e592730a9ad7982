"""Finding the feeds of a site: the page is asked once, and then what it names, as politely as feeds are.

What a page names is a stranger's word.  It is asked for as a redirect of that page would be, so that a page cannot have
us ask a host that was allowed for another feed; and it is read in a child process, like the page itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from alerts.adapters.children import Children
from alerts.errors import FetchError, ParseError
from alerts.feeds import Glance, discovery
from alerts.model import Feed, FeedRequest, Fetched
from alerts.ports import Fetch


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feed that was found; or, with ``why``, an address that was named for one and is none."""

    url: str
    feed: Glance | None = None
    why: str = ""


def discover(url: str, fetch: Fetch, children: Children) -> tuple[Candidate, ...]:
    """Find the feeds of a site by the address of one of its pages, which may be a feed itself.

    Where the page names none, the well-known places are asked; nobody hears of those where nothing is.

    :raises FetchError: the page itself cannot be had.
    """
    ((_, page),) = filter(None, fetch([FeedRequest(Feed(url, url, ""))]))
    if isinstance(page, FetchError):
        raise page
    itself = children.result(children.run(discovery.glance, page))
    if isinstance(itself, Glance):
        return (Candidate(page.url, itself),)
    named = children.result(children.run(discovery.linked, page))
    if not isinstance(named, ParseError) and named:
        return tuple(_asked(named, page, fetch, children))
    guessed = _asked(discovery.well_known(page.url), page, fetch, children)
    return tuple(candidate for candidate in guessed if candidate.feed)


def _asked(addresses: Sequence[str], page: Fetched, fetch: Fetch, children: Children) -> Iterator[Candidate]:
    """Ask for each address, and say in their order what is there; two that lead to one are one."""
    requests = [FeedRequest(Feed(address, page.url, ""), url=address) for address in addresses]
    answers = {feed.id: got for feed, got in filter(None, fetch(requests))}
    read = {address: _read(answers[address], children) for address in addresses}
    told: set[str] = set()
    for address in addresses:
        got = answers[address]
        at = address if isinstance(got, FetchError) else got.url
        if at not in told:
            told.add(at)
            yield _candidate(at, read[address], children)


def _read(got: Fetched | FetchError, children: Children) -> FetchError | Future[Glance | ParseError]:
    """Let a child read it, if there is anything to read."""
    return got if isinstance(got, FetchError) else children.run(discovery.glance, got)


def _candidate(url: str, read: FetchError | Future[Glance | ParseError], children: Children) -> Candidate:
    """Say what an address turned out to be."""
    if isinstance(read, FetchError):
        return Candidate(url, why=str(read))
    found = children.result(read)
    return Candidate(url, found) if isinstance(found, Glance) else Candidate(url, why=str(found))
