"""Whose voice an article is: outlets of one family, wires and cited outlets count once.  Pure.

Ten outlets that print one agency's text are one source, and so are ten that write "the Journal reported".  Only who
says it of their own knowledge can confirm it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from alerts.model import Article, Family

HEAD = 200
"""How many characters of a text are searched for a dateline; as many of its end for a credit."""

_VERBS = (
    r"(?:reported|reports|first reported|has learned|wrote|writes|podał|podała|podaje|poinformował|poinformowała|"
    r"informuje|donosi|pisze|berichtet|berichtete|meldet|meldete|보도했다|گزارش داد)"
)
_CITING = r"(?:according to|citing|cited by|reported by|reports? in|powołując się na|wynika z ustaleń|laut|unter Berufung auf)"
_MACHINE = re.compile(
    r"\b(machine[- ]translated|translated by (?:a machine|machine|AI|artificial intelligence)|automatically translated|"
    r"(?:AI|automatically|machine)[- ]generated|generated (?:by|with|using) (?:AI|artificial intelligence|a machine)|"
    r"written (?:by|with) (?:AI|artificial intelligence)|automated (?:story|report|insights)|"
    r"maschinell übersetzt|mit (?:Hilfe von )?KI erstellt|wygenerowan\w+ (?:przez|przy użyciu) AI)\b|"
    r"(?:기계 ?번역|자동 ?번역|AI ?(?:가|로) ?(?:작성|번역))|ترجمه ماشینی",
    re.IGNORECASE,
)


class Voice(NamedTuple):
    """Who says it, and the notes of how that is known."""

    name: str
    notes: tuple[str, ...] = ()


class Voices:
    """The families, ready to be asked."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._home: dict[str, str] = {}
        self._credits: list[tuple[str, str, re.Pattern[str]]] = []
        self._cited: list[tuple[str, str, re.Pattern[str]]] = []
        for family in families:
            self._home.update((outlet.casefold(), family.id) for outlet in family.outlets)
            named = "|".join(re.escape(name) for name in (*family.cited_as, *family.outlets))
            shown = (family.cited_as or family.outlets)[0]
            self._cited.append((family.id, shown, _citation(named)))
            if family.wire:
                self._credits.append((family.id, shown, _credit(named)))

    def of(self, article: Article) -> Voice:
        """Name the voice of an article: the wire whose text it is, the outlet that it cites, or its own."""
        own = self._home.get(article.outlet.casefold(), article.outlet)
        machine = ("machine-made",) if is_machine_made(article) else ()
        for family, shown, credit in self._credits:
            if family != own and _is_credited(article, credit):
                return Voice(family, (f"wire: {shown}", *machine))
        for family, shown, citation in self._cited:
            if family != own and citation.search(f"{article.title} | {article.text[: 5 * HEAD]}"):
                return Voice(family, (f"cites {shown}", *machine))
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
    return re.compile(
        rf"[(/\[](?:{names})[)/\]]|^(?:{names})\s*[-–—:]|[-–—|/]\s*(?:{names})\W*$|\b(?:Source|Quelle|źródło): (?:{names})\b"
    )


def _is_credited(article: Article, credit: re.Pattern[str]) -> bool:
    """Tell whether the text, the title or the author's name carries the mark."""
    places = (article.title, article.text[:HEAD], article.text[-HEAD:], f"({article.author.strip()})")
    return any(credit.search(place) for place in places)
