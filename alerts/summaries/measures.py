"""Key figures with what they measure: "25% tariff · on countries that trade with Iran".  Pure.

A figure and its context are two pieces of one sentence, as printed, one behind the other.  The words behind the figure
say what is measured if they are a noun; if they are none, the words before it do: "Exports rose 4.8 percent · in June".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from alerts.figures import places
from alerts.model import Cited, Measure
from alerts.text import is_spaceless, one_line

MAX_FIGURES = 5
"""The most key figures of one story; a reader takes in no more at a glance."""

WORDS_BEFORE, WORDS_AFTER, NOUNS = 8, 14, 3
WIDE_AFTER = 24
"""Characters of context in scripts without blanks."""

_PREPOSITION = (
    r"(?:on|of|in|from|for|to|against|by|at|over|with|since|into|during|under|through|within|across|among|between|via|per"
    r"|than|near|outside|inside|worth)"
)
_MARK = (
    r"(?<!\b[A-Z])[,.](?=\s|$)|[;:!?()\[\]“”\"«»…。！？，、؛،؟]|\s[–—-]+\s|"
    r"\s(?:and|but|or|while|as|when|after|before|amid|because|according|although|though|if|said|says|say|which|where)\b"
)
_BREAK = re.compile(rf"{_MARK}|\s(?:was|were|is|are|has|have|had|will|would|could|may|might|so|seems?)\b")
_BREAK_BEFORE = re.compile(_MARK)
_NO_NOUN = (
    r"(?:last|this|next|that|which|who|an?|the|each|every|earlier|yesterday|today|already|annually|monthly|compared|more|less|higher|"
    r"lower)"
)
_NOUN = re.compile(rf"\s(?!(?:{_PREPOSITION}|{_NO_NOUN})\b)(?=[^\W\d_])(?:(?:[A-Z]\.)+|[\w'’-]+)")
_WORD = re.compile(r"\S+")
_ENDING = re.compile(r"[^\W\d_a-zA-Z]*")
_DAY = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|March|April|May|June|July|Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|"
    r"Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_DATE = re.compile(
    rf"\b(?:\d{{1,2}} {_DAY}(?:,? \d{{4}})?|{_DAY} \d{{1,2}}(?:st|nd|rd|th)?(?:, \d{{4}})?)(?![\w%])|"
    r"(?:\d{4}년 )?\d{1,2}월 \d{1,2}일|(?:\d{4}年)?\d{1,2}月\d{1,2}日"
)
_DUE = re.compile(
    r"\b(?:by|until|before|deadline|expires?|due|scheduled|takes? effect|effective|begins?|starts?|from)\b",
    re.IGNORECASE,
)
_FUNCTION = r"(?:as|of|in|on|at|and|or|to|the|an?|for|from|by|with|that|is|are)"
_TOLL = re.compile(
    r"\b(?:death )?toll (?:\w+ )?(?:at|to|past|over|reaches|hits|tops|passes|climbs|rises|nears)(?: (?:to|past|above))?"
    r"(?: (?:at least|more than|over|nearly|about))? (?P<dead>\d[\d,]*)\b"
)
_COUNT = re.compile(
    r"(?<![\w.,:$€£¥/-])(?!(?:19|20)\d\d\b)"
    r"(?:\d{1,3}(?:,\d{3})+|\d{2,}(?:\.\d+)?|\d+(?:\.\d+)? (?:million|billion))(?: (?:million|billion|trillion))?"
    rf"(?: (?!{_FUNCTION}\b)[A-Za-z][a-z'’-]+){{0,2}}? (?P<noun>[a-z]{{3,}}(?<!s)s|people|men|women|children)\b"
)
_NOT_COUNTED = frozenset(
    "years days hours minutes seconds months weeks times points miles metres meters kilometers kilometres degrees "
    "others things ways reasons facts takeaways lessons photos questions cents dollars percents yards feet was has his "
    "this its does decades centuries".split()
)

_WEAK = frozenset(
    "and or but that which who the a an of to by with in on at for from as its his her their has have".split()
)
"""Words that a figure's context does not begin with."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A figure in a sentence: where it stands, under which name it is told once, and how much it weighs."""

    name: str
    start: int
    end: int
    weight: int


def measures(cited: Iterable[Cited], others: Iterable[Cited] = ()) -> tuple[Measure, ...]:
    """Give the key figures of some sentences, those of people and money first, each once, five at most.

    What is counted or dated is taken from the sentences that are told, and not from the ``others``: there it is mostly
    of no weight.  Of the people killed only the first figure is taken, and of those arrested: the sentences come in
    the order of importance, and yesterday's toll beside today's would be a riddle.
    """
    found: dict[str, tuple[int, Measure]] = {}
    for number, sentence in enumerate(chain((told := tuple(cited)), others)):
        for one, measure in _measures(sentence):
            if one.weight <= 1 or number < len(told):
                found.setdefault(one.name, (one.weight, measure))
    ranked = sorted(found.values(), key=lambda pair: pair[0])
    return tuple(measure for _, measure in ranked)[:MAX_FIGURES]


def _measures(sentence: Cited) -> Iterator[tuple[_Found, Measure]]:
    """Give the figures of a sentence with their contexts, no figure inside the context of another."""
    covered: list[range] = []
    for one in _figures(sentence.words):
        start, head, end = _cut(sentence.words, one)
        if any(start < other.stop and other.start < end for other in covered):
            continue
        covered.append(range(start, end))
        words = sentence.words
        yield one, Measure(words[start:head].strip(), words[head:end].strip(), sentence.source)


def _figures(sentence: str) -> Iterator[_Found]:
    """Find what is measured, counted, or dated in a sentence."""
    taken: list[range] = []
    for figure, start in places(sentence):
        end = start + len(figure.words)
        taken.append(range(start, end))
        yield _Found(figure.what or figure.name, start, end, 0 if figure.what else 1)
    for m in _TOLL.finditer(sentence):
        taken.append(range(*m.span()))
        yield _Found("dead", *m.span(), 0)
    for weight, pattern in ((2, _COUNT), (3, _DATE)):
        for m in pattern.finditer(sentence):
            if any(m.start() in other or m.end() - 1 in other for other in taken) or not _counts(sentence, m):
                continue
            taken.append(range(*m.span()))
            yield _Found(m.group().lower(), *m.span(), weight)


def _counts(sentence: str, m: re.Match[str]) -> bool:
    """Whether a count counts things and not time, and whether a date is one that something is due."""
    if m.re is _COUNT:
        return m["noun"] not in _NOT_COUNTED
    return _DUE.search(sentence[max(0, m.start() - 30) : m.start()]) is not None


def _cut(words: str, one: _Found) -> tuple[int, int, int]:
    """Find where the figure with what it is of begins, where it ends, and where the rest of the clause does."""
    end = _ENDING.match(words, one.end).end()  # type: ignore[union-attr]  # it may match nothing
    after = _until_break(words[end:])
    head = end
    for _ in range(NOUNS if after.isascii() else 1):
        noun = _NOUN.match(after, head - end)
        if not noun:
            break
        head = end + noun.end()
    rest = after[head - end :]
    alone = head == end and one.weight > 0 and not rest.startswith(" of ")
    start = _begin(words, one.start, needed=not rest.strip()) if alone else one.start
    return start, head, head + len(_short(rest))


def _until_break(rest: str) -> str:
    """Give the rest of the clause."""
    end = _BREAK.search(rest)
    return rest[: end.start()] if end else rest


def _begin(words: str, start: int, *, needed: bool) -> int:
    """Give where the clause begins; of a long one the last words if nothing else says what is measured, or nothing."""
    begin = max((m.end() for m in _BREAK_BEFORE.finditer(words, 0, start)), default=0)
    before = list(_WORD.finditer(words, begin, start))
    if is_spaceless(words[begin:start]) and len(before) < 3:
        return max(begin, start - WIDE_AFTER)
    if not before or (len(before) > WORDS_BEFORE and not needed):
        return start
    first = next((w for w in before[-WORDS_BEFORE:] if w.group().lower() not in _WEAK), before[-1])
    return first.start()


def _short(rest: str) -> str:
    """Keep the first words of a context."""
    found = list(_WORD.finditer(rest))
    if is_spaceless(rest) and len(found) < 4:
        return rest[:WIDE_AFTER]
    while found and (len(found) > WORDS_AFTER or found[-1].group() in _WEAK):
        found.pop()
    return rest[: found[-1].end()] if found else ""


def written(measure: Measure) -> str:
    """Write a key figure on one line.

    >>> from alerts.model import Source
    >>> written(Measure("25% tariff", "on goods of Iran", Source("a@1", "Reuters", "")))
    '25% tariff · on goods of Iran'
    """
    return one_line(" · ".join(part for part in (measure.words, measure.what) if part))
