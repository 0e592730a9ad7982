"""The values that messages are written from: what a reader is shown, as words.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from alerts.model import Lang, Severity

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DevelopmentView:
    """One development: why it is told, what it says, who says it and when.  ``url`` is empty if it is no web link."""

    reason: str
    title: str
    lang: str
    outlet: str
    time: str
    url: str


@dataclass(frozen=True, slots=True)
class PassageView:
    """Sentences that stand in one source, one behind the other.  ``outlet`` is empty if the byline names it already."""

    words: str
    lang: str
    outlet: str
    url: str


@dataclass(frozen=True, slots=True)
class QuoteView:
    """Who said what, and who reports it."""

    words: str
    speaker: str
    lang: str
    outlet: str
    url: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a passage; they are ``marked`` if a rule was met by them."""

    words: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class MatchView:
    """A passage by which one or more rules were met, and their titles."""

    rules: tuple[str, ...]
    pieces: tuple[Piece, ...]
    lang: str

    @property
    def passage(self) -> str:
        """The passage without marks."""
        return "".join(piece.words for piece in self.pieces)

    @property
    def words(self) -> tuple[str, ...]:
        """The words that are marked, each once."""
        return _each_once(piece.words for piece in self.pieces if piece.marked)


@dataclass(frozen=True, slots=True)
class StoryView:
    """One story.

    ``score`` is by what it stands where it stands in a digest.  ``matches`` are the passages by which it met rules.
    ``rewritten`` is what a machine made of the passages, which are then its sources.  ``earlier`` counts the new
    developments that are not listed, ``before`` lists the last of those that were told before, and ``forgotten`` counts
    the others.  ``framed`` is the language of the words around it.
    """

    headline: str
    lang: str
    url: str
    rewritten: str
    passages: tuple[PassageView, ...]
    developments: tuple[DevelopmentView, ...]
    earlier: int
    before: tuple[DevelopmentView, ...]
    forgotten: int
    figures: tuple[str, ...]
    quotes: tuple[QuoteView, ...]
    also_in: tuple[str, ...]
    matches: tuple[MatchView, ...]
    score: str = ""
    framed: Lang = "en"
    forms: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was written of it already: it is in many messages, and the same in each of a kind."""

    def once(self, form: Hashable, make: Callable[[], T]) -> T:
        """Give what was written of it in this form, the first time or now."""
        if form not in self.forms:
            self.forms[form] = make()
        made: T = self.forms[form]
        return made

    @property
    def words(self) -> tuple[str, ...]:
        """The words by which it met rules, as printed, each once."""
        return _each_once(word for match in self.matches for word in match.words)

    @property
    def since(self) -> str:
        """Head the list of what is new: it is new to this reader, if there was something to be told before."""
        return "Since your last digest" if self.before else "Developments"

    @property
    def alone(self) -> bool:
        """Whether the headline says all that the only development's title would say again."""
        return len(self.developments) == 1 and not self.earlier and self.developments[0].title == self.headline


@dataclass(frozen=True, slots=True)
class SectionView:
    """The stories under one rule."""

    title: str
    severity: Severity
    stories: tuple[StoryView, ...]
    bars: str = ""
    volume: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A whole alert or digest.

    ``watched`` are the ids of the subscription's rules; ``busy`` says of which there was far more than usual.
    """

    subject: str
    title: str
    when: str
    counts: str
    sections: tuple[SectionView, ...]
    more: int
    subscription: str
    watched: tuple[str, ...]
    busy: tuple[str, ...] = ()
    silenced: str = ""
    link: str = ""
    lang: Lang = "en"
    manage: str = ""

    @property
    def stories(self) -> tuple[StoryView, ...]:
        """All stories, in the order in which they are read."""
        return tuple(story for section in self.sections for story in section.stories)


def _each_once(words: Iterable[str]) -> tuple[str, ...]:
    """Give each word once, as it is printed first."""
    found: dict[str, str] = {}
    for word in words:
        found.setdefault(word.casefold(), word)
    return tuple(found.values())
