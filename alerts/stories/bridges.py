"""How an article in another script joins a story: by the watchlists that both meet and the numbers that both tell.  Pure.

"이란과 거래하는 나라에 25% 관세" shares no word with "25% tariff on countries that transact with Iran", but both meet
the watchlists of Iran and of tariffs, and both tell 25.  One of the two alone would join what has nothing in common.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import timedelta

from alerts.model import Match, Member, Story

NEAR = timedelta(hours=24)
"""How far apart the two may be; a number is no sign for longer."""

WATCHED = 2
"""How many watchlists both must meet, or else two numbers must be the same."""

_NUMBER = re.compile(r"(?<![\w.,-])\d{2,}(?:[.,]\d+)*")
_YEAR = re.compile(r"(19|20)\d\d")


def watch(match: Match) -> tuple[str, ...]:
    """Name the watchlists that a match rests on."""
    return tuple(sorted({e.term.rpartition(":")[2] for hit in match.hits for e in hit.evidence if "@" in e.term}))


def joined(member: Member, stories: Iterable[Story]) -> tuple[str, tuple[str, ...]] | None:
    """Give the story that an article of another script joins, with what they share; ``None`` if there is none.

    The most shared numbers and watchlists win, then the smaller id.
    """
    mine, script = numbers(member), _script(member.title)
    if not mine or not member.watch:
        return None
    found = []
    for story in stories:
        for other in story.members:
            if _script(other.title) == script or abs(member.seen - other.seen) > NEAR:
                continue
            shared, watched = mine & numbers(other), set(member.watch) & set(other.watch)
            if shared and watched and (len(watched) >= WATCHED or len(shared) > 1):
                found.append((-len(shared) - len(watched), story.id, (*sorted(watched), *sorted(shared))))
    return min(found)[1:] if found else None


def numbers(member: Member) -> frozenset[str]:
    """Give the numbers of two and more digits, of any script's digits, without years."""
    western = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in f"{member.title} {member.lead}")
    return frozenset(n for n in _NUMBER.findall(western) if not _YEAR.fullmatch(n))


def _script(title: str) -> str:
    """Name the script that most letters of a title are of.

    >>> _script("이란 시위 116명 NATO"), _script("Iran"), _script("ایران")
    ('HANGUL', 'LATIN', 'ARABIC')
    """
    named = [unicodedata.name(c, "").split(" ")[0] for c in title if c.isalpha()]
    return max(sorted(set(named)), key=named.count, default="")
