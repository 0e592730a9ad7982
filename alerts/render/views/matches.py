"""Why a reader is told of a story: a short passage for each rule, with the words marked by which it was met.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from alerts import text
from alerts.model import Article, Development, Evidence, Field, Subscription, Told
from alerts.render.frames import frame
from alerts.render.views.shapes import MatchView, Piece
from alerts.render.views.words import NAME_LIMIT, TITLE_LIMIT, clean, lang

WIDTH = 120
"""About how many letters a passage has; half as many of scripts whose letters are twice as wide or stand for more."""

MAX_PASSAGES = 6
"""The most passages of one story."""

_RUNNING = ("title", "lead", "text")
_BREAKS = " -–—,;:.)"
_STOPS = (".", "!", "?", "。", "؟", "।")


@dataclass(frozen=True, slots=True, eq=False)
class _Passage:
    """A part of a title, of a text, or of what else a rule may ask for; and how many terms of its rule are in it."""

    article: Article
    field: Field
    value: str
    begin: int
    end: int
    terms: int


def matches(told: Told, s: Subscription) -> tuple[MatchView, ...]:
    """Give a passage for each rule of the subscription that the story meets; rules share one where they can.

    The rule whose passage has the most terms comes first, for it most often has those of the others too.
    """
    titles = _titles(told, s)
    best = [(rule, found) for rule in titles if (found := _best(told, rule))]
    chosen: dict[_Passage, list[str]] = {}
    for rule, passage in sorted(best, key=lambda pair: -pair[1].terms):
        shared = next((p for p in chosen if _terms(p, _of(told, p.article, (rule,))) >= passage.terms), passage)
        chosen.setdefault(shared, []).append(rule)
    shown = [
        _shown(passage, [title for rule, title in titles.items() if rule in rules], told, s)
        for passage, rules in chosen.items()
    ]
    return tuple(view for view in shown if view.pieces)[:MAX_PASSAGES]


def _titles(told: Told, s: Subscription) -> dict[str, str]:
    """Name the rules of the subscription that the story meets, the gravest first, each with its title."""
    known = {rule.id: rule.title for rule in told.rules}
    every = dict.fromkeys([*known, *s.rules])
    return {rule: clean(known.get(rule) or rule, NAME_LIMIT) for rule in every if rule in s.rules}


def _best(told: Told, rule: str) -> _Passage | None:
    """Give the passage in which a reader sees best that a rule was met: of the headline's article, or of the newest."""
    met = [d.article for d in reversed(told.developments) if _evidence(d, (rule,))]
    if not met:
        return None
    article = next((a for a in met if a.title == told.headline), met[0])
    return _passage(article, _of(told, article, (rule,)))


def _of(told: Told, article: Article, rules: Sequence[str]) -> list[Evidence]:
    """Give the places where an article met these rules."""
    return [e for d in told.developments if d.article is article for e in _evidence(d, rules)]


def _evidence(development: Development, rules: Sequence[str]) -> list[Evidence]:
    """Give the places where a development met these rules."""
    return [e for hit in development.match.hits if hit.rule in rules for e in hit.evidence]


# ── which passage ────────────────────────────────────────────────────────────────────────────────────────────────────


def _terms(passage: _Passage, evidence: Iterable[Evidence]) -> int:
    """Count the terms that are met within a passage."""
    within = (e for e in evidence if e.field == passage.field and passage.begin <= e.start and e.end <= passage.end)
    return len({e.term for e in within})


def _passage(article: Article, evidence: Sequence[Evidence]) -> _Passage:
    """Cut out the passage with the most terms and places; of equal ones that of the text: the title stands above."""
    places = [e for e in evidence if e.words and _value(article, e.field)[e.start : e.end] == e.words]
    if not places:
        named = evidence[0]
        return _Passage(article, named.field, named.words, 0, len(named.words), 1)

    def weight(passage: _Passage) -> tuple[int, int, bool, int]:
        near = {e.start for e in places if e.field == passage.field and passage.begin <= e.start < passage.end}
        return passage.terms, len(near), passage.field != "title", -passage.begin

    return max((_cut(article, first, places) for first in places), key=weight)


def _cut(article: Article, first: Evidence, places: Sequence[Evidence]) -> _Passage:
    """Cut a passage at words, around and behind a place."""
    value = _value(article, first.field)
    width = WIDTH // 2 if text.is_spaceless(first.words) else WIDTH
    begin = max(0, min(first.start - width // 3, len(value) - width))
    if begin:
        begin = value.find(" ", begin, first.start) + 1 or begin
        begin += len(value[begin : first.start]) - len(value[begin : first.start].lstrip(_BREAKS))
    end = min(len(value), max(begin + width, first.end), begin + 2 * width)
    if end < len(value):
        blank = value.rfind(" ", first.end, end + 1)
        end = blank if blank > 0 else end
    cut = _Passage(article, first.field, value, begin, end, 0)
    return replace(cut, terms=_terms(cut, places))


def _value(article: Article, name: Field) -> str:
    """Give what a place stands in; of what is no running text nothing is cut out."""
    return {"title": article.title, "lead": article.text, "text": article.text}.get(name, "")


# ── how it is shown ──────────────────────────────────────────────────────────────────────────────────────────────────


def _shown(passage: _Passage, titles: Sequence[str], told: Told, s: Subscription) -> MatchView:
    """Show a passage, with the places of all rules of the subscription marked."""
    if passage.value != _value(passage.article, passage.field):
        words = clean(passage.value, NAME_LIMIT)
        label = [] if passage.field in _RUNNING else [Piece(f"{frame(s.lang).say(passage.field)} ")]
        return MatchView(tuple(titles), (*label, Piece(words, marked=True)) if words else (), "")
    found = _of(told, passage.article, s.rules)
    spans = sorted(_trimmed(passage.value, e.start, e.end) for e in found if e.field == passage.field)
    return MatchView(tuple(titles), tuple(_pieces(passage, spans)), lang(passage.article.lang))


def _trimmed(value: str, start: int, end: int) -> tuple[int, int]:
    """Take the blanks off a place: a term may have been written with some."""
    words = value[start:end]
    return start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip())


def _pieces(passage: _Passage, spans: Iterable[tuple[int, int]]) -> Iterator[Piece]:
    """Part a passage into what is marked and what is not; places that overlap are one."""
    value, at = passage.value, passage.begin
    marks: list[tuple[int, int]] = []
    for start, end in spans:
        start, end = max(start, passage.begin), min(end, passage.end)  # noqa: PLW2901 - what is within
        if marks and start < marks[-1][1]:
            marks[-1] = marks[-1][0], max(end, marks[-1][1])
        elif start < end:
            marks.append((start, end))
    parts = [Piece("…" if passage.begin else "")]
    for start, end in marks:
        parts += [Piece(_kept(value[at:start])), Piece(_kept(value[start:end]), marked=True)]
        at = end
    whole = passage.end == len(value) or value[: passage.end].endswith(_STOPS)
    parts += [Piece(_kept(value[at : passage.end])), Piece("" if whole else "…")]
    yield from (piece for piece in parts if piece.words)


def _kept(words: str) -> str:
    """Make it one line, but for the blanks that part it from what is before and behind it."""
    line = clean(words, TITLE_LIMIT)
    head = " " if words[:1].isspace() else ""
    return head + line + (" " if line and words[-1:].isspace() else "")
