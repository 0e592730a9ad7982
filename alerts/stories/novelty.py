"""What an article tells that its story has not told.  Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from alerts.figures import Figure, figures, western
from alerts.model import Member
from alerts.stories import terms as terms_
from alerts.stories.background import is_background
from alerts.stories.bridges import script_of
from alerts.stories.space import Space
from alerts.text import primary

FRESH = 0.46
"""The least share of a headline, by the weight of its terms, that must be new to the story to be a development."""

ACTS = 0.28
"""The same where somebody does what nobody did before: "U.S. exempts food from 25% tariff on Iran"."""

NAMED = 3
"""How many new figures or words a reason names."""

_CORRECTION = re.compile(r"^\W*(correction|corrected|corrects|clarification|정정|اصلاح)\b|\(corrects\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,-])\d[\d.,]*\d(?![\w-])")
# What a headline says that somebody does: the first verb in the present, where names alone have capitals.
_ACT = re.compile(r"^(?:[^\W\d_a-z][\w.'’-]*\s){1,4}(?P<verb>[a-z]{3,}(?<!s)s)\b(?![’']| of\b)")
_QUOTE = re.compile(r"“([^”]{6,80})”|‘([^’]{6,80})’|\"([^\"]{6,80})\"|(?<!\w)'([^']{6,80})'(?!\w)|„([^”“]{6,80})[”“]")
_YEAR = re.compile(r"(19|20)\d\d")


class Told:
    """What one story has told so far: its terms, figures, numbers and languages."""

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self.articles: dict[str, str] = {}
        self._langs: set[str] = set()
        self._scripts: Counter[str] = Counter()
        self.voices: set[str] = set()
        self._terms: set[str] = set()
        self._figures: set[str] = set()
        self._numbers: set[str] = set()
        self._most: dict[str, int] = {}
        for member in members:
            self.add(member)

    def add(self, member: Member) -> None:
        """Count one more article of the story."""
        self.articles[member.article] = member.version
        self._langs.add(primary(member.lang))
        self._scripts[script_of(member.title)] += 1
        self.voices.add(member.voice or member.outlet)
        self._terms.update(terms_.terms(member.title, member.lead))
        self._numbers.update(_NUMBER.findall(western(f"{member.title} {member.lead}")))
        for figure in _figures(member):
            self._figures.add(figure.name)
            if figure.what:
                self._most[figure.what] = max(_count(figure), self._most.get(figure.what, 0))

    def new_figures(self, member: Member, *, whole: bool = False) -> tuple[str, ...]:
        """Give the figures of the article that the story has not told.

        In a headline every figure counts, and every bare number: it measures something, whatever word it stands by
        ("toll climbs to 116").  A lead repeats old figures as background; of it a count of people is new if it is
        higher than any before.  ``whole`` takes every figure of the lead: an edit is held against its own text.
        """
        headline = {f.name for f in figures(member.title)}
        fresh = [f for f in _figures(member) if f.name not in self._figures]
        kept = [f.name for f in fresh if whole or self._is_more(f) or (f.name in headline and not f.what)]
        lower = set() if whole else {f.value for f in _figures(member) if f.what and not self._is_more(f)}
        named = {n for name in kept for n in _NUMBER.findall(name)} | lower
        bare = [
            n
            for n in _NUMBER.findall(western(member.title))
            if n not in self._numbers | named and not _YEAR.fullmatch(n)
        ]
        return (*kept, *bare)

    def _is_more(self, figure: Figure) -> bool:
        """Tell whether it is a count of people that is higher than any told."""
        return bool(figure.what) and _count(figure) > self._most.get(figure.what, 0)

    def new_quotes(self, member: Member) -> tuple[str, ...]:
        """Give what the headline quotes in words that the story has not told; in another language, nothing."""
        if not self._speaks(member):
            return ()
        quotes = [next(filter(None, found)) for found in _QUOTE.findall(member.title)]
        return tuple(f"“{quote}”" for quote in quotes if self._is_fresh(quote))

    def _speaks(self, member: Member) -> bool:
        """Tell whether the story was told in this language, and in no other script more."""
        most = max(self._scripts.values(), default=0)
        return primary(member.lang) in self._langs and self._scripts[script_of(member.title)] == most

    def _is_fresh(self, quote: str) -> bool:
        """Tell whether more than half of the words of a quote are new."""
        said = {term for term, _ in terms_.named(quote)}
        return 2 * len(said - self._terms) > len(said)

    def new_words(self, member: Member, space: Space) -> tuple[str, ...]:
        """Give the headline's words that the story has not told, if they are ``FRESH`` of its weight.

        The heaviest are named, in the order of the headline: "cuts, off, internet" is read, "internet, cuts" is not.

        In a language in which the story was not told yet every word is new, and says nothing; nor do those of a script
        that is not the story's: what they say may have been told in other words.
        """
        if not self._speaks(member):
            return ()
        printed = dict(reversed(list(terms_.named(member.title))))
        weights = {term: space.weight(term) for term in printed}
        fresh = [term for term in weights if term not in self._terms]
        least = ACTS if len(fresh) > 1 and _act(member.title) in fresh else FRESH
        if not fresh or sum(weights[term] for term in fresh) < least * sum(weights.values()):
            return ()
        heaviest = sorted(fresh, key=lambda term: (-weights[term], term))[:NAMED]
        order = {term: n for n, (term, _) in reversed(list(enumerate(terms_.named(member.title))))}
        return tuple(dict.fromkeys(printed[term] for term in sorted(heaviest, key=order.__getitem__)))


def reason(member: Member, told: Told, copied: Member | None, space: Space) -> str:
    """Say why the article is, or is not, news after what its story has ``told``, in words of the package's table.

    The order matters.  What calls itself a correction is one, though nine tenths of it are a copy; and a text that was
    told before is a copy only while it has no figure that was not: agencies send a story again with a higher toll.
    """
    corrects, edits = bool(_CORRECTION.search(member.title)), member.article in told.articles
    if corrects or edits:
        changed = told.new_figures(member, whole=True)
        return _with("correction", changed) if corrects or changed else "repeat: edited"
    figures_ = told.new_figures(member)
    if copied and not figures_:
        return f"copy of {copied.outlet}"
    if is_background(member.title, member.url, member.lead):
        return "background"
    return _news(member, told, figures_, space)


def _news(member: Member, told: Told, figures_: tuple[str, ...], space: Space) -> str:
    """Say what a report brings that is no copy, no edit and no background."""
    if not told.articles:
        return "new story"
    if facts := figures_ or told.new_quotes(member) or told.new_words(member, space):
        return _with("new facts", facts)
    if member.voice and member.voice not in told.voices:
        return f"confirmed: {len(told.voices) + 1} outlets"
    return "repeat"


def _act(title: str) -> str:
    """Give the term of what an English headline says that somebody does; empty if it is not to be seen.

    >>> _act("U.S. exempts food and medicine"), _act("Captain of seized tanker remanded")
    ('exempt', '')
    """
    found = _ACT.match(title)
    return next((term for term, _ in terms_.named(found["verb"])), "") if found else ""


def is_told(why: str) -> bool:
    """Tell whether a placement with this reason is a development by itself; ``confirmed`` is one if a rule asks."""
    return why.partition(":")[0] in {"new story", "new facts", "correction"}


def _with(word: str, named: tuple[str, ...]) -> str:
    """Name what is new, the first three of it.

    >>> _with("new facts", ("25%", "116 dead", "$3 billion", "9%"))
    'new facts: 25%, 116 dead, $3 billion'
    """
    return f"{word}: {', '.join(named[:NAMED])}" if named else word


def _figures(member: Member) -> tuple[Figure, ...]:
    """Find the figures of an article's title and lead."""
    return figures(f"{member.title}. {member.lead}")


def _count(figure: Figure) -> int:
    """Read a count of people."""
    return int(figure.value.replace(",", ""))
