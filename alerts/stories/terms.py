"""The terms by which articles are compared: words cut to their beginnings, pairs of letters where no blanks are.  Pure.

A word is cut to its first six letters: the endings of Slavic, Germanic and Romance languages go, and ``protests``,
``protesty`` and ``Proteste`` become one term.  Chinese, Japanese, Korean and Thai run words together or join particles
to them; there a term is each pair of letters that stand side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from sys import intern

from alerts.model import Member
from alerts.text import fold, folds, is_spaceless, lead, tokens

STEM = 6
"""How many letters of a word are kept."""

WORDS = 30
"""How many words of a lead are read: those after them rehearse what happened before, and glue story to story."""

# Before there is a stream to weigh them by, the commonest words would make any two articles alike: English, Persian,
# Arabic.  What other languages miss for want of a list is lost once there is a stream.
_FUNCTION_WORDS = frozenset(
    fold(word)
    for word in (
        "a about after against all also an and any are as at be been before but by can could did do for from had has "
        "have he her his how if in into is it its more most new no not of on one or other our out over said say says "
        "she so some than that the their them there these they this to under up was we were what when which who will "
        "with would you "
        # On which day something was said does not tell one event from another.
        "monday tuesday wednesday thursday friday saturday sunday "
        "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag "
        "شنبه یکشنبه دوشنبه سه‌شنبه چهارشنبه پنجشنبه جمعه "
        "الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد "
        "و در به از با که را این آن برای است شد شده بر تا یا هم می نیز خود کرد کرده گفت بود یک ها های "
        "في من على إلى عن أن إن ما لا هذا هذه التي الذي مع كما بعد قال"
    ).split()
)


REMEMBERED = 1_024
"""How many texts are remembered by their terms: those at hand are asked for again and again; each is a kilobyte."""


@lru_cache(maxsize=REMEMBERED)
def terms(title: str, text: str) -> Counter[str]:
    """Count the terms of the title twice and of the text once, without function words and single letters.

    >>> sorted(terms("Oil tankers seized", "A tanker was seized").items())
    [('oil', 2), ('seized', 3), ('tanker', 3)]
    >>> sorted(terms("이란 시위", ""))
    ['시위', '이란']
    """
    counted = Counter(map(intern, _stems(title)))  # a term is kept once for all stories that tell it
    counted.update(counted)
    counted.update(map(intern, _stems(text)))
    return counted


def of(member: Member) -> Counter[str]:
    """Count the terms by which an article is placed: of its title, twice, and of the first 30 words of its lead."""
    return _of(member.title, member.lead)


@lru_cache(maxsize=REMEMBERED)
def _of(title: str, whole: str) -> Counter[str]:
    return terms(title, lead(whole, WORDS))


def named(text: str) -> Iterator[tuple[str, str]]:
    """Give the terms of a text in their order, each with the word as it is printed.

    >>> list(named("Protests in Iran"))
    [('protes', 'Protests'), ('iran', 'Iran')]
    """
    for word, start, end in tokens(text):
        if is_spaceless(word):
            yield from ((pair, text[start:end]) for pair in _pairs(word))
        elif len(word) > 1 and word not in _FUNCTION_WORDS:
            yield word[:STEM], text[start:end]


def _stems(text: str) -> Iterator[str]:
    """Give the terms of a text alone, at a third of the cost of ``named``."""
    for word in folds(text):
        if not word.isascii() and is_spaceless(word):
            yield from _pairs(word)
        elif len(word) > 1 and word not in _FUNCTION_WORDS:
            yield word[:STEM]


def _pairs(word: str) -> list[str]:
    """Give the pairs of letters that stand side by side; a single letter is one by itself, and a digit none.

    >>> _pairs("116명으로")
    ['명으', '으로']
    """
    letters = "".join(c for c in word if not c.isdigit())
    return [letters[n : n + 2] for n in range(len(letters) - 1)] or [letters]
