"""How an article in another language joins a story: by watchlists that both meet and numbers that both tell.  Pure.

"이란과 거래하는 나라에 25% 관세" shares no word with "25% tariff on countries that transact with Iran", but both meet
the watchlists of Iran and of tariffs, and both headlines tell 25%.  One of the two alone would join what has nothing in
common; and a number that several stories tell joins nothing unless it stands in both headlines.

What follows in that language joins what is written in its own script: see ``Scripts``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from alerts.model import Match, Member, Story
from alerts.stories.quantities import quantities
from alerts.stories.space import Near, Space
from alerts.text import primary, uncredited

NEAR = timedelta(hours=48)
"""How far apart the two may be; a number is no sign for longer."""

HEADLINES = timedelta(hours=24)
"""The same if the number is not rare, and only stands in both headlines."""

WATCHED = 2
"""How many watchlists both must meet; if it is one, two numbers must be the same, or one that is exact."""

TELLING = 3
"""How many digits make a number telling: 1,472, 180 million or 31.3%, and not 10 or 25%."""

EXACT = 6
"""How many digits a number has that needs no second sign beside it, if three of them are no noughts."""

_YEAR = re.compile(r"(?:19|20)\d\d")


def watch(match: Match) -> tuple[str, ...]:
    """Name the watchlists that a match rests on."""
    return tuple(sorted({e.term.rpartition(":")[2] for hit in match.hits for e in hit.evidence if "@" in e.term}))


def other_end(member: Member, story: Story) -> Member | None:
    """Give the article of another language through which this one joined the story; ``None`` if there is none."""
    lists = {name for name in member.shared if name.startswith("@")}
    told = set(member.shared) - lists
    earlier = story.members[: story.members.index(member)] if lists else ()
    return next((m for m in earlier if lists <= set(m.watch) and told <= _told(m) and _are_foreign(member, m)), None)


class Bridges:
    """The articles of the open stories by the numbers that they tell."""

    def __init__(self, stories: Iterable[Story]) -> None:
        self._telling: defaultdict[str, list[tuple[str, Member]]] = defaultdict(list)
        for story in stories:
            for member in story.members:
                self.add(story.id, member)

    def add(self, story: str, member: Member) -> None:
        """Remember an article that met a watchlist."""
        for number in _told(member) if member.watch else ():
            self._telling[number].append((story, member))

    def remove(self, story: str, member: Member) -> None:
        """Forget an article whose story is closed."""
        for number in _told(member) if member.watch else ():
            self._telling[number].remove((story, member))
            if not self._telling[number]:
                del self._telling[number]

    def joined(self, member: Member) -> tuple[str, tuple[str, ...]] | None:
        """Give the story that an article of another language joins, with what they share; ``None`` if there is none.

        The most shared numbers and watchlists win, then the smaller id.
        """
        found = []
        for story, other in self._near(member):
            watched = set(member.watch) & set(other.watch)
            told = _told(member) & _told(other)
            if watched and self._ties(member, other, told, len(watched)):
                found.append((-len(told) - len(watched), story, (*sorted(watched), *sorted(told))))
        return min(found)[1:] if found else None

    def _near(self, member: Member) -> Iterable[tuple[str, Member]]:
        """Give the articles of other languages that tell one of its numbers, each once."""
        found = {
            other.article + other.version: (story, other)
            for number in sorted(_told(member))
            for story, other in self._telling.get(number, ())
            if abs(member.seen - other.seen) <= NEAR and _are_foreign(member, other)
        }
        return found.values()

    def _ties(self, one: Member, other: Member, told: frozenset[str], watched: int) -> bool:
        """Whether the numbers that two articles share say that they tell of one event."""
        rare = [number for number in told if self._is_rare(number)]
        if any(map(_is_exact, rare)):
            return True
        if watched < WATCHED and len(told) < 2:
            return False
        if abs(one.seen - other.seen) <= HEADLINES and _titled(one) & _titled(other):
            return True
        return any(map(_is_telling, rare)) or (watched >= WATCHED and len(told) > 1 and self._are_rare(told))

    def _is_rare(self, number: str) -> bool:
        """Whether one story alone tells a number."""
        return self._are_rare((number,))

    def _are_rare(self, numbers: Iterable[str]) -> bool:
        """Whether one story alone tells all of some numbers."""
        return len(set.intersection(*({story for story, _ in self._telling[n]} for n in numbers))) == 1


class Scripts:
    """What the open stories have in scripts other than the Latin one, each script by itself.

    In a story of twenty English articles and two Korean ones the Korean words are lost among the English: the third
    Korean article would find nothing like it there.
    """

    def __init__(self, stories: Iterable[Story]) -> None:
        facets: defaultdict[str, list[Story]] = defaultdict(list)
        for story in stories:
            for script in {script_of(m.title) for m in story.members} - {LATIN}:
                facets[script].append(
                    replace(story, members=tuple(m for m in story.members if script_of(m.title) == script))
                )
        self._spaces = {script: Space(found) for script, found in facets.items()}

    def add(self, story: str, member: Member) -> None:
        """Count one more article of the story."""
        script = script_of(member.title)
        if script != LATIN:
            self._spaces.setdefault(script, Space(())).add(story, member)

    def remove(self, story: str) -> None:
        """Forget a story that is closed."""
        for space in self._spaces.values():
            space.forget(story)

    def nearest(self, member: Member) -> Near | None:
        """Give the story in whose articles of its own script an article is most at home; ``None`` if in none."""
        space = self._spaces.get(script_of(member.title))
        return space.nearest(member) if space else None


LATIN = "LATIN"


def _told(member: Member) -> frozenset[str]:
    """Give the numbers of an article, but for the year in which it was written, and those beside it."""
    years = {str(member.seen.year + n) for n in (-1, 0, 1)}
    return quantities(f"{uncredited(member.title)}. {member.lead}", primary(member.lang)) - years


def _titled(member: Member) -> frozenset[str]:
    """Give the numbers of a headline."""
    return quantities(uncredited(member.title), primary(member.lang)) & _told(member)


def _is_telling(number: str) -> bool:
    """Whether a number has digits enough to be no accident; a year has not, for every event is of one.

    >>> _is_telling("1472"), _is_telling("31.3%"), _is_telling("25%"), _is_telling("2030"), _is_telling("1000")
    (True, True, False, False, False)
    """
    digits = number.rstrip("%").replace(".", "")
    return len(digits.rstrip("0")) >= TELLING - 1 and len(digits) >= TELLING and not _YEAR.fullmatch(number)


def _is_exact(number: str) -> bool:
    """Whether a number is so exact that a second sign is not needed: $328.5 million, and no model of a graphics card.

    >>> _is_exact("328500000"), _is_exact("2600000"), _is_exact("5070")
    (True, False, False)
    """
    return len(number) >= EXACT and "%" not in number and len(number.rstrip("0")) >= TELLING


def _are_foreign(one: Member, other: Member) -> bool:
    """Whether two articles are in different languages: of different scripts, or said to be."""
    if script_of(one.title) != script_of(other.title):
        return True
    return bool(one.lang and other.lang) and primary(one.lang) != primary(other.lang)


@lru_cache(maxsize=4_096)
def script_of(title: str) -> str:
    """Name the script that most letters of a title are of; Latin if it has none.

    >>> script_of("이란 시위 116명 NATO"), script_of("Iran"), script_of("ایران")
    ('HANGUL', 'LATIN', 'ARABIC')
    """
    named = [unicodedata.name(c, "").split(" ")[0] for c in title if c.isalpha()]
    return max(sorted(set(named)), key=named.count, default=LATIN)
