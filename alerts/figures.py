"""Figures: the numbers of a text that measure something, as printed and in a form in which they compare.  Pure.

Money, shares, and people killed, injured, arrested or missing.  Years, scores, days and ages are none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

TEXT_LIMIT = 2_000
"""The most characters of a text that are searched: a title and a lead are shorter."""

_ABOUT = r"(?:(?:at least|more than|up to|over|nearly|about|around|some) )?"
_COUNT = r"(?P<{}>\d{{1,3}}(?:,\d{{3}})+|\d+)"
_WHO = r"(?: (?:people|persons|protesters|demonstrators|civilians|soldiers|students|journalists|others))?"
_BEEN = r"(?: (?:were|are|was|have been|has been|had been|reported|said|feared|confirmed))?"
_AMOUNT = r"\d[\d,.]*(?<![,.])"
_SCALE = r"(?:[ -]?(?:trillion|billion|million|thousand|bn|tn|[mkb])\b)?"
_MONEY = "dollars|euros|pounds|yuan|yen|won|rials|rupees|roubles|rubles"
_SUFFERED = (
    rf"\b{_ABOUT}\b{_COUNT.format('suffered')}{_WHO}{_BEEN} "
    r"(?P<fate>killed|dead|deaths|injured|wounded|arrested|arrests|detained|missing)\b"
)
_DONE = (
    r"\b(?P<deed>kill(?:ed|ing|s)|injur(?:ed|es|ing)|wound(?:ed|s)|arrest(?:ed|s)|detain(?:ed|s)) "
    rf"{_ABOUT}{_COUNT.format('done')}\b{_WHO}"
)
_SUM = (
    rf"(?P<money>(?:\b(?:US|C|A|HK|NT))?[$€£¥₩₹]\s?{_AMOUNT}{_SCALE}|"
    rf"(?<![\d.,]){_AMOUNT}{_SCALE} (?:{_MONEY})\b)"
)
_SHARE = rf"(?<![\d.,])(?P<share>{_AMOUNT})(?:\s?[%٪％]|[ -](?:per ?cent|percentage points?)\b|\s?(?:درصد|퍼센트))"
_FIGURE = re.compile(f"{_SUFFERED}|{_DONE}|{_SUM}|{_SHARE}", re.IGNORECASE)
_FATES = {"kill": "dead", "dead": "dead", "deat": "dead", "inju": "injured", "woun": "injured", "miss": "missing"}
_SCALES = {"bn": "billion", "tn": "trillion", "b": "billion", "m": "million", "k": "thousand"}
_SCALED = re.compile(r"^(?P<amount>.*?\d)[ -]?(?P<scale>trillion|billion|million|thousand|bn|tn|b|m|k)\b")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: ``words`` as printed, ``value`` in one spelling, ``what`` it counts if it counts people."""

    words: str
    value: str
    what: str = ""

    @property
    def name(self) -> str:
        """What two texts have in common if they tell the same figure: ``25%``, ``116 dead``, ``$3.5 billion``."""
        return f"{self.value} {self.what}".rstrip()


@lru_cache(maxsize=16_384)
def figures(text: str) -> tuple[Figure, ...]:
    """Find the figures of a text, each once, in order.  Digits of every script count.

    >>> [f.name for f in figures("A 25 percent tariff on $3.5bn of goods; 116 people were killed in 2026; a 2-1 win")]
    ['25%', '$3.5 billion', '116 dead']
    >>> figures("At least 1,200 protesters arrested")
    (Figure(words='At least 1,200 protesters arrested', value='1,200', what='arrested'),)
    """
    found: dict[str, Figure] = {}
    for figure, _ in places(text):
        found.setdefault(figure.name, figure)
    return tuple(found.values())


def places(text: str) -> Iterator[tuple[Figure, int]]:
    """Find every figure of a text, with the offset at which its words begin.

    >>> [(figure.words, at) for figure, at in places("A 25% tariff, then 25%")]
    [('25%', 2), ('25%', 19)]
    """
    for m in _FIGURE.finditer(text[:TEXT_LIMIT]):
        yield _figure(m), m.start()


def _figure(m: re.Match[str]) -> Figure:
    """Name what was found."""
    if share := m["share"]:
        return Figure(m.group(), f"{western(share)}%")
    if money := m["money"]:
        return Figure(money, _money(money))
    fate = (m["fate"] or m["deed"])[:4].lower()
    return Figure(m.group(), western(m["suffered"] or m["done"]), _FATES.get(fate, "arrested"))


def _money(printed: str) -> str:
    """Write a sum of money in one spelling.

    >>> _money("$3.5bn"), _money("€ 40m"), _money("1.5 Billion yuan")
    ('$3.5 billion', '€40 million', '1.5 billion yuan')
    """
    written = re.sub(r"(?<=[$€£¥₩₹])\s", "", western(printed).lower()).replace("us$", "$")
    if m := _SCALED.match(written):
        rest = written[m.end() :]
        return f"{m['amount']} {_SCALES.get(m['scale'], m['scale'])}{rest}"
    return written


def western(text: str) -> str:
    """Write the digits of other scripts (۲۵, ٢٥) as 0 to 9."""
    return "".join(str(unicodedata.digit(c)) if c.isdecimal() and not c.isascii() else c for c in text)
