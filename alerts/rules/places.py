"""Where a leaf of a rule stands in an article: the slow and exact half of matching, for a few candidates.  Pure."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from alerts.model import Field
from alerts.rules import nodes
from alerts.rules.keys import Present
from alerts.rules.pages import Page, Part, find, find_spaced
from alerts.rules.regexes import compile_pattern
from alerts.rules.words import between
from alerts.text import fold, seen, tokens

MAX_PLACES = 5
"""The most places that are told of one leaf: a watchlist may have a hundred aliases."""


TEXT_PART = 1
"""The number of the part that is the text; the title is 0."""

_new = tuple.__new__
_WITHIN: frozenset[Field] = frozenset(("title", "lead", "text"))


class Spot(NamedTuple):
    """A place in one field of an article: the number of the part, and offsets into its value."""

    part: int
    start: int
    end: int


def of_words(words: str, high: int, low: int, present: Present) -> list[Spot]:
    """Give the places of words one behind the other, a letter for each, in a page whose letters are its bytes.

    Behind ``high`` none is looked for, and at ``low`` begins the text.
    """
    letters, start_of, end_of, last = present.letters, present.starts.item, present.ends.item, len(words) - 1
    found: list[Spot] = []
    at = letters.find(words)
    while at >= 0:
        start, end = start_of(at), end_of(at + last)
        if end > high:
            break
        # Spot() would take three times as long, and there are more of them than of anything else.
        found.append(_new(Spot, (0, start - 1, end - 1) if start < low else (1, start - low, end - low)))
        at = letters.find(words, at + 1)
    return found


def of_phrase(phrase: nodes.Phrase, page: Page, fields: tuple[Field, ...]) -> list[Spot]:
    """Give the places of a phrase, field by field."""
    if page.straight and fields[-1] in _WITHIN and not (phrase.case or phrase.exact):
        return _in_straight(phrase, page, fields[-1])
    return [spot for number, part in _seen_by(fields, page) for spot in _in_part(phrase, page, number, part, fields)]


def _in_straight(phrase: nodes.Phrase, page: Page, limit: Field) -> list[Spot]:
    """Give the places in title and text, where all places differ from those of the folded string by one number."""
    low = page.text.low
    found = find_spaced(page.folded, phrase.words, page.parts[0].low, page.end_of(limit), prefix=phrase.prefix)
    return [Spot(0, b - 1, e - 1) if b < low else Spot(1, b - low, e - low) for b, e in found]


def _seen_by(fields: tuple[Field, ...], page: Page) -> Iterator[tuple[int, Part]]:
    """Give the parts that a leaf looks into; the lead is a piece of the text."""
    for number, part in enumerate(page.parts):
        if part.field in fields or (part.field == "text" and "lead" in fields):
            yield number, part


def _in_part(phrase: nodes.Phrase, page: Page, number: int, part: Part, fields: tuple[Field, ...]) -> Iterator[Spot]:
    limit = part.lead if part.field == "text" and "text" not in fields else len(part.value)
    high = part.low + limit if part.straight else part.high
    for begin, end in find(page.folded, phrase.words, part.low, high, prefix=phrase.prefix):
        start, stop = part.printed(begin, end)
        if stop > limit:
            return
        if not (phrase.case or phrase.exact) or _is_printed_so(phrase, part.value[start:stop]):
            yield Spot(number, start, stop)


def _is_printed_so(phrase: nodes.Phrase, printed: str) -> bool:
    """Whether capitals, or diacritics, stand as the phrase has them."""
    return _agree(phrase.case, printed, _cased, phrase) and _agree(phrase.exact, printed, _marked, phrase)


def _agree(wanted: str, printed: str, shape: Callable[[str], str], phrase: nodes.Phrase) -> bool:
    if not wanted:
        return True
    want, have = shape(wanted), shape(printed)
    return have.startswith(want) if phrase.prefix else have == want


@lru_cache(maxsize=4_096)
def _marked(written: str) -> str:
    """Fold all but the diacritics and vowel points."""
    words = (written[token.start : token.end] for token in tokens(written))
    return " ".join(seen(unicodedata.normalize("NFKC", word)).casefold() for word in words)


@lru_cache(maxsize=4_096)
def _cased(written: str) -> str:
    """Fold all but the capitals, letter by letter."""
    words = (written[token.start : token.end] for token in tokens(written))
    return " ".join("".join(_cased_letter(letter) for letter in unicodedata.normalize("NFC", word)) for word in words)


def _cased_letter(letter: str) -> str:
    folded = fold(letter)
    return folded.upper() if letter.isupper() or letter.istitle() else folded


def of_regex(regex: nodes.Regex, page: Page) -> list[Spot]:
    """Give the places of a regular expression, field by field."""
    found: list[Spot] = []
    for number, part in _seen_by(regex.fields, page):
        high = part.lead if part.field == "text" and "text" not in regex.fields else len(part.value)
        spots = compile_pattern(regex.pattern).places(part.value)
        found += [Spot(number, start, end) for start, end in spots if end <= high]
    return found


def of_names(names: nodes.Names, page: Page, likely: Iterable[nodes.Phrase]) -> list[list[Spot]]:
    """Give the places of each alias, without those that overlap a phrase of ``none``.

    ``likely`` are the aliases that may be there.
    """
    found = [of_phrase(alias, page, names.fields) for alias in likely]
    if not names.none:
        return found
    whole = nodes.TEXT if "lead" in names.fields or "title" in names.fields else names.fields
    hidden = apart((spot for none in names.none for spot in of_phrase(none, page, whole)), joined=True)
    return [[spot for spot in spots if not _is_hidden(spot, hidden)] for spots in found]


def firsts(rows: Sequence[Sequence[Spot]]) -> list[Spot]:
    """Give what is told: of each row of places the first in each field, and of all of them five at most."""
    if len(rows) == 1:
        return _first_in_each(rows[0])[:MAX_PLACES]
    told = {spot for spots in rows for spot in _first_in_each(spots)}
    return sorted(told, key=lambda spot: (spot.part, spot.start, -spot.end))[:MAX_PLACES]


def _first_in_each(spots: Sequence[Spot]) -> list[Spot]:
    """Give the first place in each field; the places are in the order of the fields."""
    if len(spots) < 2:
        return [*spots]
    found: dict[int, Spot] = {}
    for spot in spots:
        found.setdefault(spot[0], spot)
    return list(found.values())


def _is_hidden(spot: Spot, hidden: list[Spot]) -> bool:
    at = bisect_left(hidden, Spot(spot.part, spot.end, 0)) - 1
    return at >= 0 and hidden[at].part == spot.part and hidden[at].end > spot.start


def apart(spots: Iterable[Spot], *, joined: bool = False) -> list[Spot]:
    """Give places none of which overlaps another: of two that do the first, or both ``joined`` to one."""
    found: list[Spot] = []
    for spot in sorted(spots, key=lambda spot: (spot.part, spot.start, -spot.end)):
        if not found or spot.part != found[-1].part or spot.start >= found[-1].end:
            found.append(spot)
        elif joined and spot.end > found[-1].end:
            found[-1] = found[-1]._replace(end=spot.end)
    return found


def near(left: Iterable[Spot], right: Iterable[Spot], page: Page, distance: int, *, ordered: bool) -> list[Spot]:
    """Give for each field the first two places, of the left and of the right, that are near each other.

    Of the places after another the nearest is enough, so that the cost grows with the places and not with their square.
    """
    lefts, rights = _by_part(left), _by_part(right)
    found: list[Spot] = []
    for number in sorted(lefts.keys() & rights.keys()):
        value = page.parts[number].value
        pairs = [_pair(lefts[number], rights[number], value, distance)]
        if not ordered:
            pairs.append(_pair(rights[number], lefts[number], value, distance))
        found += min((pair for pair in pairs if pair), default=())
    return found


def _by_part(spots: Iterable[Spot]) -> dict[int, list[Spot]]:
    parts: dict[int, list[Spot]] = {}
    for spot in sorted(set(spots)):
        parts.setdefault(spot.part, []).append(spot)
    return parts


def _pair(before: list[Spot], after: list[Spot], value: str, distance: int) -> tuple[Spot, Spot] | None:
    """Find the first place of ``before`` after which one of ``after`` begins within ``distance`` words."""
    starts = [spot.start for spot in after]
    ends = sorted(spot.end for spot in before)
    for spot in before:
        at = bisect_left(starts, spot.end)
        if at == len(after):
            continue
        nearer = bisect_right(ends, starts[at])
        if ends[nearer - 1] > spot.end:
            continue  # another place of `before` stands between the two, and is asked itself
        if between(value[spot.end : starts[at]], distance + 1) <= distance:
            return spot, after[at]
    return None
