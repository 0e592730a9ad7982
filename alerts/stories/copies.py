"""Whether two articles are the same text: wire copies, reprints, light edits.  Pure.

Texts are compared by the share of the shorter one's 3-word shingles that the other has (containment: Broder, "On the
resemblance and containment of documents", 1997).  Stubs of a few words have too few shingles for that: they are copies
when they have the same headline and the same figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from alerts.figures import figures
from alerts.model import Member
from alerts.text import tokens

SHINGLE = 3
CONTAINED = 0.5
FEWEST = 8
"""With fewer shingles than this, the headline decides."""


@lru_cache(maxsize=32_768)
def _shingles(title: str, lead: str) -> frozenset[tuple[str, ...]]:
    """Give the 3-word shingles of a title and a lead."""
    words = [t.word for t in tokens(f"{title} {lead}")]
    return frozenset(tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1))


def original(member: Member, members: Iterable[Member]) -> Member | None:
    """Give the earliest of the members that this one is a copy of, or ``None``.

    An article is no copy of its own earlier version.
    """
    return next((m for m in members if m.article != member.article and same_text(m, member)), None)


def same_text(one: Member, other: Member) -> bool:
    """Tell whether the two are one text: the same address, or half of the shorter one's shingles in the other."""
    if one.url and one.url == other.url:
        return True
    a, b = _shingles(one.title, one.lead), _shingles(other.title, other.lead)
    if min(len(a), len(b)) >= FEWEST:
        return len(a & b) >= CONTAINED * min(len(a), len(b))
    titles = [{t.word for t in tokens(m.title)} for m in (one, other)]
    numbers = [[f.name for f in figures(f"{m.title} {m.lead}")] for m in (one, other)]
    return titles[0] == titles[1] and numbers[0] == numbers[1]
