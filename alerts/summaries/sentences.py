"""Where the sentences of a text end, in any script that marks it; in Thai, as far as blanks tell.  Pure.

A stop ends a sentence if what follows can begin one, and if it belongs to no abbreviation.  Most abbreviations need no
list, because a small letter follows; the lists are for those before which or after which a capital is common.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from alerts.text import THAI_KIN

LONG_CLAUSE = 25
"""Thai puts a blank between sentences, and between clauses; pieces shorter than this stay with their neighbour."""

_STOPS = ".!?…؟۔।॥։።"
_WIDE_STOPS = "。！？｡"
_CLOSERS = "])}\"'”’»›」』】）》"
_OPENERS = "[({\"'“‘«‹„「『【（《¿¡–—-"
_CLOSING, _OPENING = (f"[{re.escape(marks)}]" for marks in (_CLOSERS, _OPENERS))
# The repetitions have bounds, so that a page of full stops is read in a time that does not explode.
_CANDIDATE = re.compile(
    rf"(?P<stop>[{_STOPS}]{{1,8}}){_CLOSING}{{0,4}}\s+|(?P<wide>[{_WIDE_STOPS}]{{1,8}}){_CLOSING}{{0,4}}\s*"
)
_GLUED = re.compile(r"(?<=[^\W\d_A-Z]{2}[.!?])(?=[A-Z][a-z]+ )")
_BEFORE = re.compile(r"(?:\w|[.\-’'](?=\w))+\Z")
_NEXT = re.compile(rf"(?:{_OPENING}|\s)*(?P<word>(?:[^\W_]|[.’'-](?=\w))+)?")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_ENDS = re.compile(rf"[{_STOPS}{_WIDE_STOPS}](?:{_CLOSING}|\s){{0,6}}\Z")
_KANA = re.compile(r"[\u3040-\u309f]")
_THAI_BLANK = re.compile(rf"(?<=[{THAI_KIN}])\s+(?=[{THAI_KIN}])")

_TITLES = frozenset(
    "mr mrs ms dr prof gen col lt sgt capt cmdr maj adm brig sen rep gov rev hon pres st ste ft mt messrs "
    "mme mlle mm sr sra srta dra mons herr hr fr ks prof inż mgr gen płk ul św тов гр им".split()
)
"""A name follows: these never end a sentence."""

_SELDOM = frozenset(
    "jan feb mar apr jun jul aug sep sept oct nov dec no nos vs jr art fig pp vol ca approx est ed eds dept univ "
    "u.s u.k u.n e.u u.s.a u.a.e p d.c e.g i.e al nr abs bzw ok tzw itd np м.р".split()
)
"""These end a sentence only if a word follows that mostly begins one."""

_OFTEN = frozenset("a.m p.m inc corp co ltd plc etc bros llc".split())
"""These end a sentence if a capital follows, unless it goes on with a name that is all capitals, or with a day."""

_STARTERS = frozenset(
    "the a an this that these those it its he his she her they their we our i you in on at by for from to with after "
    "before but and or yet so if when while as since then there here what why how who no not some many most all both "
    "one two however meanwhile instead according officials now".split()
)
_DAYS = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day\Z")
# German, Danish, Czech and others write the day of the month as an ordinal, with a stop.
_MONTHS = re.compile(
    r"(?:jan|feb|m[aä]r|apr|mai|maj|jun|jul|aug|sep|okt|oct|nov|de[zc]|led|úno|kv[ěe]|čer|srp|zář|říj|lis|pro)"
)


@lru_cache(maxsize=4_096)
def sentences(text: str) -> tuple[str, ...]:
    """Split into sentences, each as it is printed there; what is behind the last stop is the last one.

    >>> sentences("The U.S. left. “Is it over?” she asked.")
    ('The U.S. left.', '“Is it over?” she asked.')
    >>> sentences("美国宣布加征关税。伊朗表示反对。")
    ('美国宣布加征关税。', '伊朗表示反对。')
    """
    begin, found = 0, []
    for end in _ends(text):
        found += _clauses(text[begin:end].strip())
        begin = end
    found += _clauses(text[begin:].strip())
    return tuple(found)


def is_whole(sentence: str) -> bool:
    """Whether it ends with a stop that is no ellipsis: the beginning of a text that a feed cut off is none.

    >>> is_whole("It was over."), is_whole("It was ov…"), is_whole("It was over")
    (True, False, False)
    """
    return _ENDS.search(sentence) is not None and not sentence.rstrip(f"{_CLOSERS} ").endswith(("…", "..."))


def _ends(text: str) -> Iterator[int]:
    """Find the offsets at which a sentence ends and another begins."""
    glued = {m.start() for m in _GLUED.finditer(text)}
    found = {m.end() for m in _CANDIDATE.finditer(text) if _is_end(text, m)} | {
        at for at in glued if _may_end(text[:at].removesuffix(text[at - 1]), text[at - 1], text[at:])
    }
    yield from sorted(found)


def _is_end(text: str, stop: re.Match[str]) -> bool:
    """Whether a sentence ends with this stop."""
    rest = text[stop.end() : stop.end() + 60]
    if stop["wide"]:
        return not (stop.group() != stop["wide"] and _KANA.match(rest))
    return _may_end(text[max(0, stop.start() - 30) : stop.start()], stop["stop"], rest)


def _may_end(before: str, stop: str, rest: str) -> bool:
    """Whether what follows can begin a sentence, and what stands before is no abbreviation."""
    word = _NEXT.match(rest)["word"] or ""  # type: ignore[index]  # every part of it may be empty
    if word[:1].islower():
        return False
    if not stop.startswith(".") or len(stop) > 1 or not (last := _BEFORE.search(before)):
        return True
    return _ends_after(last.group(), word)


def _ends_after(last: str, word: str) -> bool:
    """Whether a full stop behind this word, and before that one, ends a sentence."""
    plain, first = last.lower().rsplit("-", 1)[-1], word.split("'", maxsplit=1)[0].split("’", maxsplit=1)[0].lower()
    if plain in _OFTEN:
        return not ((word.isupper() and 1 < len(word) <= 4) or _DAYS.match(first) or word[:1].isdigit())
    if plain in _SELDOM and not (plain == "no" and last == "no"):
        return first in _STARTERS
    if plain in _TITLES:
        return False
    if len(last) == 1 and last.isalpha():
        return False
    if _DOTTED.fullmatch(last):
        return first in _STARTERS
    return not (last.isdigit() and len(last) < 3 and _MONTHS.match(first))


def _clauses(sentence: str) -> list[str]:
    """Cut what is Thai at blanks between long pieces: nothing else marks the end of a sentence there."""
    if not sentence:
        return []
    found, begin = [], 0
    for blank in _THAI_BLANK.finditer(sentence):
        if blank.start() - begin >= LONG_CLAUSE and len(sentence) - blank.end() >= LONG_CLAUSE:
            found.append(sentence[begin : blank.start()])
            begin = blank.end()
    return [*found, sentence[begin:]]
