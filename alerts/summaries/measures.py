"""Key figures with what they measure: "25% tariff · on countries that trade with Iran".  Pure.

A figure and its context are two pieces of one sentence, as printed, one behind the other.  Which words they are is for
:mod:`alerts.summaries.contexts`; a figure of which nothing says what it measures is not told.

Which come first goes by where they stand: in the headline, in the main clause of a sentence that is told, elsewhere,
and last what a subordinate clause rehearses: "…, citing a crackdown in which 62 people have been killed".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from alerts.figures import places
from alerts.model import Cited, Measure
from alerts.summaries import contexts
from alerts.summaries.tolls import TOLL
from alerts.text import one_line

IN_HEADLINE, IN_TOLD, ELSEWHERE, SUBORDINATE = range(4)
"""Where a figure stands, the best first."""

KINDS: tuple[contexts.Kind, ...] = ("people", "amount", "count", "date")
"""The kinds of figures, by their weight: the first are told before the others."""

MAX_FIGURES = 5
"""The most key figures of one story; a reader takes in no more at a glance."""

OVER_AGAIN = 0.8
"""A figure that is so much of the headline above it says nothing more."""

_DAY = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|March|April|May|June|July|Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|"
    r"Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"\b(?:\d{{1,2}} {_DAY}(?:,? \d{{4}})?|{_DAY} {_NTH}(?:, \d{{4}})?)(?: to (?:{_DAY} )?{_NTH})?(?![\w%])|"
    r"(?:\d{4}년 )?\d{1,2}월 \d{1,2}일|(?:\d{4}年)?\d{1,2}月\d{1,2}日"
)
_DUE = re.compile(
    r"\b(?:by|until|before|deadline|expires?|due|scheduled|takes? effect|effective|begins?|starts?|from)\b",
    re.IGNORECASE,
)
_SUBORDINATE = re.compile(
    r"\b(?:which|who|whose|whom|where|after|before|while|although|though|because|since|amid|despite|following|citing|"
    r"compared|than|whereas|unless|even as|in response to|when)\b(?! (?:the )?(?:beginning|start|then)\b)",
    re.IGNORECASE,
)
_OPENED = re.compile(r"\s?\((?:about |or |around )?\Z")
_FUNCTION = r"(?:as|of|in|on|at|and|or|to|the|an?|for|from|by|with|that|is|are)"
_COUNT = re.compile(
    r"(?<![\w.,:$€£¥/-])(?!(?:19|20)\d\d\b)"
    r"(?:\d{1,3}(?:,\d{3})+|\d{2,}(?:\.\d+)?|\d+(?:\.\d+)? (?:million|billion))(?: (?:million|billion|trillion))?"
    rf"(?: (?!{_FUNCTION}\b)[A-Za-z][a-z'’-]+){{0,2}}? (?P<noun>[a-z]{{3,}}(?<!s)s|people|men|women|children)\b"
)
# "13 Iranian directors" and "works by 13 Iranian filmmakers" are told once.
_HOW_MANY = re.compile(r"[\d.,]+(?: (?:million|billion|trillion))?")
_NOT_COUNTED = frozenset(
    "years days hours minutes seconds months weeks times points miles metres meters kilometers kilometres degrees "
    "others things ways reasons facts takeaways lessons photos questions cents dollars percents yards feet was has his "
    "this its does decades centuries".split()
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A figure in a sentence: where it stands, under which name it is told once, and how much it weighs.

    ``value`` is the number if it counts people: two tolls have one name.
    """

    name: str
    start: int
    end: int
    weight: int
    value: str = ""


class _Kept(NamedTuple):
    """A figure that may be told, and how well it stands."""

    rank: int
    one: _Found
    measure: Measure


def measures(headline: Cited | None, cited: Iterable[Cited], others: Iterable[Cited] = ()) -> tuple[Measure, ...]:
    """Give the key figures of a headline and some sentences, those of the headline first, each once, five at most.

    ``cited`` are the sentences that are told, ``others`` the rest of the articles.  What is counted or dated is taken
    from what is told alone: elsewhere it is mostly of no weight.  Of the people killed only one figure is taken, and
    of those arrested: the sentences come in the order of importance, and yesterday's toll beside today's would be a
    riddle.
    """
    found: dict[str, _Kept] = {}
    for place, sentence in chain(
        ((IN_HEADLINE, h) for h in (headline,) if h), ((IN_TOLD, c) for c in cited), ((ELSEWHERE, c) for c in others)
    ):
        for one, measure in _measures(sentence):
            if one.weight > 1 and place == ELSEWHERE:
                continue
            rank = SUBORDINATE if _is_subordinate(sentence.words, one.start) and place else place
            known = found.get(one.name)
            if known is None or rank < known[0]:
                found[one.name] = _Kept(rank, one, measure)
            elif _says_more(known, rank, one, measure):
                found[one.name] = known._replace(measure=measure)
    ranked = sorted(found.values(), key=lambda kept: (kept.rank, kept.one.weight))
    said = headline.words if headline else ""
    return tuple(kept.measure for kept in ranked if not _repeats(kept.measure, said))[:MAX_FIGURES]


def _repeats(measure: Measure, headline: str) -> bool:
    """Tell whether a figure is the headline over again."""
    words = f"{measure.words} {measure.what}".strip()
    return words in headline and len(words) >= OVER_AGAIN * len(headline)


def _says_more(known: _Kept, rank: int, one: _Found, measure: Measure) -> bool:
    """Tell whether a sentence says of the headline's count of people where or when, and the headline does not."""
    same = known.rank == IN_HEADLINE and rank == IN_TOLD and known.one.value == one.value != ""
    return same and not known.measure.what and bool(measure.what)


def _is_subordinate(sentence: str, at: int) -> bool:
    """Tell whether a clause that only rehearses begins before this place, and no main clause after it.

    A clause at the very beginning ends with its comma: "After the talks failed, 12 people were killed".
    """
    opened = list(_SUBORDINATE.finditer(sentence, 0, at))
    if not opened:
        return False
    fronted = not sentence[: opened[-1].start()].strip("“\"' ")
    return not (fronted and "," in sentence[opened[-1].end() : at])


def _measures(sentence: Cited) -> Iterator[tuple[_Found, Measure]]:
    """Give the figures of a sentence with their contexts, no figure inside the context of another.

    What stands in brackets right behind a figure is the same in another currency.
    """
    covered: list[range] = []
    ends: set[int] = set()
    words = sentence.words
    for one in _figures(words):
        if (
            _OPENED.sub("", words[: one.start]) != words[: one.start]
            and len(_OPENED.sub("", words[: one.start])) in ends
        ):
            continue
        span = contexts.around(words, one.start, one.end, KINDS[one.weight])
        ends |= {one.end, span.head if span else one.end}
        if span is None or any(span.start < other.stop and other.start < span.end for other in covered):
            continue
        covered.append(range(span.start, span.end))
        yield one, Measure(words[span.start : span.head].strip(), words[span.head : span.end].strip(), sentence.source)


@lru_cache(maxsize=2_048)
def _figures(sentence: str) -> tuple[_Found, ...]:
    """Find what is measured, counted, or dated in a sentence."""
    return tuple(_found(sentence))


def _found(sentence: str) -> Iterator[_Found]:
    """Find one after another."""
    taken: list[range] = []
    for figure, start in places(sentence):
        end = start + len(figure.words)
        taken.append(range(start, end))
        yield _Found(
            figure.what or figure.name, start, end, 0 if figure.what else 1, figure.value if figure.what else ""
        )
    for m in TOLL.finditer(sentence):
        taken.append(range(*m.span()))
        yield _Found("dead", *m.span(), 0, m["dead"])
    for weight, pattern in ((2, _COUNT), (3, _DATE)):
        for m in pattern.finditer(sentence):
            if any(m.start() in other or m.end() - 1 in other for other in taken) or not _counts(sentence, m):
                continue
            taken.append(range(*m.span()))
            name = _HOW_MANY.match(m.group()) if weight == 2 else None
            yield _Found(name.group() if name else m.group().lower(), *m.span(), weight)


def _counts(sentence: str, m: re.Match[str]) -> bool:
    """Whether a count counts things and not time, and whether a date is one that something is due."""
    if m.re is _COUNT:
        return m["noun"] not in _NOT_COUNTED
    return _DUE.search(sentence[max(0, m.start() - 30) : m.start()]) is not None


def written(measure: Measure) -> str:
    """Write a key figure on one line.

    >>> from alerts.model import Source
    >>> written(Measure("25% tariff", "on goods of Iran", Source("a@1", "Reuters", "")))
    '25% tariff · on goods of Iran'
    """
    return one_line(" · ".join(part for part in (measure.words, measure.what) if part))
