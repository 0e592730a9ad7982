"""What an article tells that its story has not told.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alerts.figures import figures
from alerts.model import Member
from alerts.stories.space import Space, terms

FRESH = 0.5
"""The share of a headline, by the weight of its terms, that must be new to the story to be a development."""

NAMED = 3
"""How many new figures or words a reason names."""

_CORRECTION = re.compile(r"^\W*(correction|corrected|corrects|clarification|정정|اصلاح)\b|\(corrects\b", re.IGNORECASE)
_BACKGROUND = re.compile(
    r"^\W*(opinion|analysis|comment|commentary|editorial|explainer|factbox|live|live updates|live blog|"
    r"(the )?long read|in pictures|podcast|watch|timeline|profile)\b\s*[:|–—-]|\b(what we know so far|explained)\W*$|"
    r"^(사설|칼럼|یادداشت|تحلیل)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,-])\d{2,}(?:[.,]\d+)*(?![\w-])")
_YEAR = re.compile(r"(19|20)\d\d")


def reason(member: Member, earlier: Sequence[Member], copied: Member | None, space: Space) -> str:
    """Say why the article is, or is not, news after what its story told ``earlier``, in words of the package's table.

    The order matters.  What calls itself a correction is one, though nine tenths of it are a copy; and a text that was
    told before is a copy only while it has no figure that was not: agencies send a story again with a higher toll.
    """
    if _CORRECTION.search(member.title):
        return _with("correction", _new_figures(member, earlier))
    if copied and not _new_figures(member, earlier):
        return f"copy of {copied.outlet}"
    if any(m.article == member.article for m in earlier):
        changed = _new_figures(member, earlier)
        return _with("correction", changed) if changed else "repeat: edited"
    if _BACKGROUND.search(member.title):
        return "background"
    if not earlier:
        return "new story"
    facts = _new_figures(member, earlier) or _new_words(member, earlier, space)
    return _with("new facts", facts) if facts else "repeat"


def is_told(why: str) -> bool:
    """Tell whether a placement with this reason is a development."""
    return why.partition(":")[0] in {"new story", "new facts", "correction"}


def _with(word: str, named: tuple[str, ...]) -> str:
    """Name what is new, the first three of it.

    >>> _with("new facts", ("25%", "116 dead", "$3 billion", "9%"))
    'new facts: 25%, 116 dead, $3 billion'
    """
    return f"{word}: {', '.join(named[:NAMED])}" if named else word


def _new_figures(member: Member, earlier: Sequence[Member]) -> tuple[str, ...]:
    """Give the figures of the article, and the bare numbers of its headline, that no earlier one has.

    A number that stands in a headline measures something, whatever word it stands by: "toll climbs to 116".
    """
    told = {name for m in earlier for name in _figures(m)}
    numbers = {number for m in earlier for number in _NUMBER.findall(f"{m.title} {m.lead}")}
    fresh = [name for name in _figures(member) if name not in told]
    named = set(_NUMBER.findall(" ".join(fresh)))
    bare = [n for n in _NUMBER.findall(member.title) if n not in numbers | named and not _YEAR.fullmatch(n)]
    return (*fresh, *bare)


def _figures(member: Member) -> tuple[str, ...]:
    """Name the figures of an article's title and lead."""
    return tuple(figure.name for figure in figures(f"{member.title}. {member.lead}"))


def _new_words(member: Member, earlier: Sequence[Member], space: Space) -> tuple[str, ...]:
    """Give the headline's terms that the story has not told, heaviest first, if they are half of its weight."""
    headline = {term: space.weight(term, member.lang) for term in terms(member.title, "")}
    told = {term for m in earlier for term in terms(m.title, m.lead)}
    fresh = {term: weight for term, weight in headline.items() if term not in told}
    if sum(fresh.values()) < FRESH * sum(headline.values()):
        return ()
    return tuple(sorted(fresh, key=lambda term: (-fresh[term], term)))
