"""Which words around a figure say what it measures, as printed.  Pure.

"25%" says nothing and "25% tariff · on countries that transact with Iran" does.  What is measured is the noun behind
the figure ("25% tariff"), what it is a share of ("90% · of Iran's oil"), the clause before it if it has a subject
("Kospi lost 2.1%"), or the noun to which a preposition ties it ("connectivity at 4%", "output of 150 million tonnes").
A figure with none of these is not told: "$3 billion a year" is a riddle.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from alerts.text import is_spaceless

Kind = Literal["people", "amount", "count", "date"]
"""What a figure is: a count of people with their fate, money or a share, a count with its noun, a date."""

WORDS_BEFORE, WORDS_AFTER, NOUNS, PHRASE, REACH, FEWEST = 10, 14, 3, 3, 3, 2
KOREAN_BEFORE = 4
"""Words: Korean puts before its verb whatever the figure is of."""

WIDE_AFTER = 24
"""Characters of context in scripts without blanks."""

_PREPOSITION = (
    r"(?:on|of|in|from|for|to|against|by|at|over|with|since|into|during|under|through|within|across|among|between|via|per"
    r"|than|near|outside|inside|below|above|beyond|worth)"
)
_MARK = (
    r"(?<!\b[A-Z])[,.](?=\s|$)|[;:!?()\[\]“”\"«»…。！？，、؛،؟]|\s[–—-]+\s|"
    r"\s(?:and|but|or|while|as|when|after|before|amid|because|according|although|though|if|said|says|say|which|where)\b"
)
_AUXILIARY = r"(?:was|were|is|are|has|have|had|will|would|could|may|might)"
_BREAK = re.compile(rf"{_MARK}|\s(?:{_AUXILIARY}|so|seems?)\b")
_BREAK_BEFORE = re.compile(rf"{_MARK}|\s(?:who|that)\b")
_GOES_ON = re.compile(rf"\s{_AUXILIARY}\s")
_NO_NOUN = (
    r"(?:last|this|next|that|which|who|an?|the|each|every|year|month|week|recorded|earlier|yesterday|today|already|annually|"
    r"monthly|compared|more|less|higher|lower|together|soon|alone|apiece|again|now|only|too|also|\w+ly)"
)
_NOUN = re.compile(rf"\s(?!(?:{_PREPOSITION}|{_NO_NOUN})\b)(?=[^\W\d_])(?:(?:[A-Z]\.)+|[\w'’-]+)")
_ADVERB = re.compile(rf"\s{_NO_NOUN}")
_WORD = re.compile(r"\S+")
_ENDING = re.compile(r"[^\W\d_a-zA-Z]*")
_OF_ITS = re.compile(r"\s*of (?:its|their|his|her)\b")
_RELATIVE = re.compile(r"\s(?:that|which|who|whose|as|when|so)\b", re.IGNORECASE)
_AMOUNT = r"\d[\d,.]*(?<![,.])"
_RANGE = re.compile(
    rf"(?: to |–|-)(?:[$€£¥₩₹]{_AMOUNT}(?:[ -]?(?:trillion|billion|million|thousand|bn|tn|[mk])\b)?|"
    rf"{_AMOUNT}(?:%| per ?cent\b))"
)

_WEAK = frozenset(
    "and or but that which who the a an of to by with in on at for from as its his her their has have".split()
)
"""Words that a figure's context does not end with."""

_DETERMINERS = frozenset("the a an its their his her".split())
"""What stands behind one of these is a noun, however it is spelt: the won."""

_ARTICLES = _DETERMINERS | {"and", "or", "but"}
"""Words that are passed over where a clause begins."""

_PRONOUNS = frozenset(
    "it they he she we you i this that these those who which what there here then not one some others "
    "który która które których którzy że co die der das dass was".split()
)
"""What begins with one of these does not say what is measured."""

_STAND_IN = frozenset("it they he she we you i who which".split())
"""A clause with one of these speaks of what another sentence names."""

_VERBS = frozenset(
    "put puts will would can could may might has have had is are was were be been lost fell rose sold won made took "
    "gave set sets paid cut cuts hit hits went came bought left held drew grew kept saw got met brought allow "
    "allows raise raises lift lifts bring brings list lists cost costs boost boosts lower lowers help helps let "
    "lets face faces mean means reach reaches buy sell deny host driven make take give see get find to up down just "
    "about around nearly over almost roughly billion million trillion thousand".split()
)
"""What begins with one of these in small letters has lost its subject, as all that end in -ing and -ed."""

_LIMITS = r"(?:(?:up to|as much as|about|around|nearly|over|more than|almost|roughly|an? (?:estimated|average of)) )?"
_TIED = re.compile(rf"(?P<noun>\S+) (?P<tie>of|at|to|by|worth) {_LIMITS}\Z", re.IGNORECASE)
_HANGUL = re.compile(r"[가-힣]")
_HANGUL_WORD = re.compile(r"\s?[가-힣]{2,}")
_KOREAN_BUT = frozenset("그러나 하지만 그리고 또 또한 다만".split())
_PARTICLE = re.compile(r"(?<=[가-힣]{2})(?:을|를|이|가|은|는|의|에|로|으로|과|와|도)\Z")


class Span(NamedTuple):
    """Where a figure with what it is of begins and ends, and where the rest of its context ends."""

    start: int
    head: int
    end: int


@lru_cache(maxsize=2_048)
def around(words: str, start: int, end: int, kind: Kind) -> Span | None:
    """Find what a figure measures; ``None`` if nothing says it.

    >>> sentence = "LineWatch said that outages put connectivity at 4% in Tehran."
    >>> span = around(sentence, 48, 50, "amount")
    >>> (sentence[span.start : span.head], sentence[span.head : span.end])
    ('outages put connectivity at 4%', ' in Tehran')
    >>> around("It is worth $3 billion a year.", 12, 22, "amount")
    """
    end = _ENDING.match(words, end).end()  # type: ignore[union-attr]  # it may match nothing
    if more := _RANGE.match(words, end):
        end = more.end()
    if _HANGUL.search(words[max(0, start - WIDE_AFTER) : end + WIDE_AFTER]):
        return _korean(words, start, end, kind)
    after = _until_break(words[end:])
    head = end + _nouns(after)
    rest = after[head - end :]
    rest = "" if _RELATIVE.match(rest) or _ADVERB.fullmatch(rest) else _short(rest)
    if kind == "people" or (kind == "amount" and (head > end or _is_share(rest))):
        return Span(start, head, head + len(rest))
    begin = _subject(words, start)
    begin = _tied(words, start) if begin is None else begin
    if begin is None and kind == "count":
        rest = rest or _going_on(words[head:])
        begin = start if rest else None
    return None if begin is None else Span(begin, head, head + len(rest))


def _nouns(after: str) -> int:
    """Tell how far the nouns behind a figure go; what is in capitals throughout goes on."""
    at = 0
    for _ in range(NOUNS if after[:1].isascii() and after[:20].translate(_QUOTES).isascii() else 1):
        noun = _NOUN.match(after, at)
        if not noun:
            break
        at = noun.end()
    return at


_QUOTES = str.maketrans("", "", "’‘“”–—é")


def _is_share(rest: str) -> bool:
    """Whether what follows says what the figure is a share of; "of its usual level" says nothing alone."""
    return rest.startswith(" of ") and _OF_ITS.match(rest) is None


def _until_break(rest: str) -> str:
    """Give the rest of the clause."""
    end = _BREAK.search(rest)
    return rest[: end.start()] if end else rest


def _subject(words: str, start: int) -> int | None:
    """Give where the clause before a figure begins, if it is short and has a subject."""
    begin = max((m.end() for m in _BREAK_BEFORE.finditer(words, 0, start)), default=0)
    before = list(_WORD.finditer(words, begin, start))
    if is_spaceless(words[begin:start]) and len(before) < 3:
        return max(begin, start - WIDE_AFTER)
    named = False
    while before and before[0].group().lower() in _ARTICLES:
        named = before.pop(0).group().lower() in _DETERMINERS
    if not FEWEST <= len(before) <= WORDS_BEFORE or not (named or _is_subject(before[0].group())):
        return None
    if _STAND_IN.intersection(_plain(word.group()) for word in before):
        return None
    return before[0].start()


def _is_subject(first: str) -> bool:
    """Whether a clause that begins with this word says of what it speaks."""
    plain = _plain(first)
    if plain in _PRONOUNS:
        return False
    if first[:1].isupper():
        return True
    return plain not in _VERBS and not plain.endswith(("ing", "ed")) and re.fullmatch(_PREPOSITION, plain) is None


def _plain(word: str) -> str:
    """Give a word in small letters, without quotation marks and what is run together with it: he of He's."""
    return re.split("['’]", word.lower().strip("'’‘“”\""))[0]


def _tied(words: str, start: int) -> int | None:
    """Give where the noun begins to which a preposition ties the figure, with what belongs to it.

    What rises *to* a figure may be far from it ("price cap on Russian crude to $42"): there the phrase goes on over the
    prepositions, and is none if it begins with one.
    """
    tied = _TIED.search(words[:start])
    if not tied:
        return None
    before = [*_WORD.finditer(words, 0, tied.start()), *_WORD.finditer(words, tied.start("noun"), tied.end("noun"))]
    begin, at = None, len(before)
    for _ in range(REACH if tied["tie"].lower() in {"to", "by"} else 1):
        first = _phrase(before, at)
        if first == at:
            return None
        begin, at = before[first].start(), first - 1
        if at < 0 or not re.fullmatch(_PREPOSITION, before[at].group()):
            return begin
    return begin if tied["tie"].lower() not in {"to", "by"} else None


def _phrase(before: list[re.Match[str]], at: int) -> int:
    """Give the index of the first of up to three words before a place that can be a noun with what belongs to it."""
    first = at
    while first > max(0, at - PHRASE) and _belongs(before[first - 1].group()):
        first -= 1
    return first


def _belongs(word: str) -> bool:
    """Whether a word can be a noun, or stand before one."""
    return (
        word[:1].isalpha()
        and word[-1:].isalpha()
        and word.lower() not in _ARTICLES | _PRONOUNS | _WEAK
        and (word[:1].isupper() or _is_subject(word))
    )


def _going_on(after: str) -> str:
    """Give what is said of what was counted: "are affected this week"."""
    if not _GOES_ON.match(after):
        return ""
    end = re.compile(_MARK).search(after)
    return _short(after[: end.start()] if end else after)


def _short(rest: str) -> str:
    """Keep the first words of a context."""
    found = list(_WORD.finditer(rest))
    if is_spaceless(rest) and len(found) < 4:
        return rest[:WIDE_AFTER]
    while found and (len(found) > WORDS_AFTER or found[-1].group() in _WEAK):
        found.pop()
    return rest[: found[-1].end()] if found else ""


def _korean(words: str, start: int, end: int, kind: Kind) -> Span | None:
    """Take the noun or the verb behind a figure, and the words before it: "이란과 거래하는 나라에 25% 관세"."""
    head = end
    if noun := _HANGUL_WORD.match(words, end):
        head = end + len(_PARTICLE.sub("", noun.group()))
    begin = max((m.end() for m in _BREAK_BEFORE.finditer(words, 0, start)), default=0)
    before = [w for w in _WORD.finditer(words, begin, start) if w.group() not in _KOREAN_BUT][-KOREAN_BEFORE:]
    if head == end and not before and kind != "people":
        return None
    return Span(before[0].start() if before else start, head, head)
