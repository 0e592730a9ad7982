"""Whose voice an article is: outlets of one family, wires and cited outlets count once.  Pure.

Ten outlets that print one agency's text are one source, and so are ten that write "the Journal reported".  Only who
says it of their own knowledge can confirm it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from alerts.model import Article

HEAD = 200
"""How many characters of a text are searched for a dateline; as many of its end for a credit."""

_VERBS = (
    r"(?:reported|reports|first reported|has learned|wrote|writes|podał|podała|podaje|poinformował|poinformowała|"
    r"informuje|donosi|pisze|berichtet|berichtete|meldet|meldete|보도했다|گزارش داد)"
)
_CITING = r"(?:according to|citing|cited by|reported by|reports? in|powołując się na|według|laut|unter Berufung auf)"
# A notice speaks of the text itself; news about texts that machines wrote does not.
_MACHINE = re.compile(
    r"\bthis (?:article|text|story|report|summary|translation|content|piece) (?:was|is|has been) [\w, -]{0,40}"
    r"(?:(?:AI|machine|automatically|computer)[- ](?:generated|translated|written|assisted)|"
    r"(?:generated|translated|written|produced|created|summari[sz]ed) (?:\w+ )?(?:by|with|using) [\w, ]{0,30}"
    r"(?:AI|artificial intelligence|machine|automation|algorithm|language model))\b|"
    r"[(\[](?:machine|AI|automatic)[- ]translat(?:ion|ed)[)\]]|\bmachine[- ]translated (?:from|version|by)\b|"
    r"\b(?:maschinell übersetzt|mit (?:Hilfe von )?KI erstellt|przetłumaczono automatycznie|wygenerowano przez AI)\b|"
    r"(?:기계 ?번역|자동 ?번역|AI ?(?:가|로) ?(?:작성|번역))(?:된|한|했)|ترجمه ماشینی",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Family:
    """Outlets that count as one voice: of one owner, or one agency.

    ``outlets`` are names as feeds.yaml gives them.  ``cited_as`` are the names by which other outlets cite it.  The
    text of a ``wire`` under another roof is still the wire's.
    """

    id: str
    outlets: tuple[str, ...]
    cited_as: tuple[str, ...] = ()
    wire: bool = False


class Voice(NamedTuple):
    """Who says it, and the notes of how that is known."""

    name: str
    notes: tuple[str, ...] = ()


class _Marks(NamedTuple):
    """What a family is known by in the texts of others.  Most texts have none of its names, and are not searched."""

    family: str
    shown: str
    names: tuple[str, ...]
    citation: re.Pattern[str]
    credit: re.Pattern[str] | None


class Voices:
    """The families, ready to be asked."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._home: dict[str, str] = {}
        self._marks: list[_Marks] = []
        for family in families:
            self._home.update((outlet.casefold(), family.id) for outlet in family.outlets)
            names = tuple(dict.fromkeys((*family.cited_as, *family.outlets)))
            either = "|".join(map(re.escape, names))
            credit = _credit(either) if family.wire else None
            self._marks.append(_Marks(family.id, names[0], names, _citation(either), credit))

    def of(self, article: Article) -> Voice:
        """Name the voice of an article: the wire whose text it is, the outlet that it cites, or its own."""
        own = self._home.get(article.outlet.casefold(), article.outlet)
        machine = ("machine-made",) if is_machine_made(article) else ()
        said = f"{article.title} | {article.text} | {article.author}"
        near = [m for m in self._marks if m.family != own and any(name in said for name in m.names)]
        for marks in near:
            if marks.credit and _is_credited(article, marks.credit):
                return Voice(marks.family, (f"wire: {marks.shown}", *machine))
        for marks in near:
            if marks.citation.search(f"{article.title} | {article.text[: 5 * HEAD]}"):
                return Voice(marks.family, (f"cites {marks.shown}", *machine))
        return Voice(own, machine)


def is_machine_made(article: Article) -> bool:
    """Tell whether a notice says that a machine translated or wrote the text."""
    ends = f"{article.title} {article.text[:HEAD]} … {article.text[-2 * HEAD :]} {article.author}"
    return bool(_MACHINE.search(ends))


def _citation(names: str) -> re.Pattern[str]:
    """Find a sentence that gives one of the names as its source; Slavic languages inflect the name."""
    name = rf"(?:the )?[\"'“„‘«]?\b(?:{names})\w{{0,3}}[\"'”’»]?"
    return re.compile(rf"{name}(?:,? \w+)? {_VERBS}\b|{_CITING} (?:\w+ ){{0,2}}{name}|[:|] {name}\W*$")


def _credit(names: str) -> re.Pattern[str]:
    """Find an agency's mark: in brackets, before the first dash of a dateline, or at the very end."""
    name = rf"(?:{names})"
    return re.compile(rf"[(/\[]{name}[)/\]]|^{name}\s*[-–—:]|[-–—|/]\s*{name}\W*$|\b(?:Source|Quelle|źródło): {name}\b")


def _is_credited(article: Article, credit: re.Pattern[str]) -> bool:
    """Tell whether the text, the title or the author's name carries the mark."""
    places = (article.title, article.text[:HEAD], article.text[-HEAD:], f"({article.author.strip()})")
    return any(credit.search(place) for place in places)
