"""Indexes of sitemaps, read as feeds: the sitemaps that an index names are asked for, and are read in its place.

The index alone is known to the line: its validators are kept, and while it has not changed nothing is asked for but it.
One that does not say when its sitemaps changed may stay the same while they do; its validators are not kept, and
neither are they when a sitemap could not be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from alerts.errors import FetchError, ParseError
from alerts.feeds import Parsed
from alerts.model import Feed, FeedRequest, Fetched
from alerts.ports import Fetch, Parse

Answer = tuple[Feed, Fetched | FetchError]
Read = tuple[Feed, Fetched | FetchError, Parsed | ParseError | None]


@dataclass(frozen=True, slots=True)
class IndexParse:
    """Reads feeds by ``parse``; where that finds an index, what it names is got by ``fetch`` when all else is read."""

    parse: Parse
    fetch: Fetch

    def __call__(self, answers: Iterable[Answer | None]) -> Iterator[Read | None]:
        """Give each answer back once, as :class:`~alerts.ports.Parse` says."""
        indexes: dict[str, tuple[Feed, Fetched, Parsed]] = {}
        for answer in self.parse(answers):
            if answer and isinstance(answer[1], Fetched) and isinstance(answer[2], Parsed) and answer[2].index:
                indexes[answer[0].id] = answer[0], answer[1], answer[2]
            else:
                yield answer
        if indexes:
            yield from self._whole(indexes)

    def _whole(self, indexes: dict[str, tuple[Feed, Fetched, Parsed]]) -> Iterator[Read | None]:
        """Read what the indexes name, and give each index back with all of it."""
        requests = [
            FeedRequest(feed, url=part) for feed, _, read in indexes.values() if read.index for part in read.index.parts
        ]
        parts: defaultdict[str, list[Read]] = defaultdict(list)
        for answer in self.parse(self.fetch(requests)):
            if answer is None:
                yield None
                continue
            parts[answer[0].id].append(answer)
        for feed, got, read in indexes.values():
            yield _joined(feed, got, read, parts[feed.id])


def _joined(feed: Feed, got: Fetched, read: Parsed, parts: Sequence[Read]) -> Read:
    """Put the entries of some sitemaps together; if none could be read, that is what is wrong with the feed."""
    good = [part for _, _, part in parts if isinstance(part, Parsed) and not part.index]
    silent = next((got for _, got, _ in parts if isinstance(got, FetchError)), None)
    broken = next((part for _, _, part in parts if isinstance(part, ParseError)), None)
    if not good:
        return (feed, silent, None) if silent else (feed, got, broken or ParseError("an index of indexes of sitemaps"))
    whole = len(good) == len(parts)
    if not (whole and read.index and read.index.dated):
        got = replace(got, etag="", modified="")
    lost = "" if whole else f"{len(parts) - len(good)} of {len(parts)} sitemaps not read: {silent or broken}"
    said = [words for words in (lost, *(part.problem for part in good)) if words]
    return feed, got, Parsed(tuple(chain.from_iterable(part.entries for part in good)), "; ".join(said), read.hints)
