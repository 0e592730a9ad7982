"""How an article in another script joins a story: by watchlists that both meet and numbers that both tell.  Pure.

"이란과 거래하는 나라에 25% 관세" shares no word with "25% tariff on countries that transact with Iran", but both meet
the watchlists of Iran and of tariffs, and both headlines tell 25.  One of the two alone would join what has nothing in
common.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache

from alerts.figures import western
from alerts.model import Match, Member, Story

NEAR = timedelta(hours=24)
"""How far apart the two may be; a number is no sign for longer."""

WATCHED = 2
"""How many watchlists both must meet; if it is one, two numbers must be the same."""

_NUMBER = re.compile(r"(?<![\w.,-])\d[\d.,]*\d")
_YEAR = re.compile(r"(19|20)\d\d")


def watch(match: Match) -> tuple[str, ...]:
    """Name the watchlists that a match rests on."""
    return tuple(sorted({e.term.rpartition(":")[2] for hit in match.hits for e in hit.evidence if "@" in e.term}))


class Bridges:
    """The articles of the open stories by the numbers of their headlines."""

    def __init__(self, stories: Iterable[Story]) -> None:
        self._telling: defaultdict[str, list[tuple[str, Member]]] = defaultdict(list)
        for story in stories:
            for member in story.members:
                self.add(story.id, member)

    def add(self, story: str, member: Member) -> None:
        """Remember an article that met a watchlist."""
        for number in numbers(member.title) if member.watch else ():
            self._telling[number].append((story, member))

    def remove(self, story: str, member: Member) -> None:
        """Forget an article whose story is closed."""
        for number in numbers(member.title) if member.watch else ():
            self._telling[number].remove((story, member))

    def joined(self, member: Member) -> tuple[str, tuple[str, ...]] | None:
        """Give the story that an article of another script joins, with what they share; ``None`` if there is none.

        The most shared numbers and watchlists win, then the smaller id.
        """
        script, found = _script(member.title), []
        near = (pair for number in sorted(numbers(member.title)) for pair in self._telling.get(number, ()))
        for story, other in near:
            if _script(other.title) == script or abs(member.seen - other.seen) > NEAR:
                continue
            told = numbers(f"{member.title} {member.lead}") & numbers(f"{other.title} {other.lead}")
            watched = set(member.watch) & set(other.watch)
            if watched and (len(watched) >= WATCHED or len(told) > 1):
                found.append((-len(told) - len(watched), story, (*sorted(watched), *sorted(told))))
        return min(found)[1:] if found else None


@lru_cache(maxsize=4_096)
def numbers(text: str) -> frozenset[str]:
    """Give the numbers of two and more digits, of any script's digits, without years."""
    return frozenset(n for n in _NUMBER.findall(western(text)) if not _YEAR.fullmatch(n))


@lru_cache(maxsize=4_096)
def _script(title: str) -> str:
    """Name the script that most letters of a title are of.

    >>> _script("이란 시위 116명 NATO"), _script("Iran"), _script("ایران")
    ('HANGUL', 'LATIN', 'ARABIC')
    """
    named = [unicodedata.name(c, "").split(" ")[0] for c in title if c.isalpha()]
    return max(sorted(set(named)), key=named.count, default="")
