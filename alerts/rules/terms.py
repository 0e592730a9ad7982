"""What a term of a watch rule may look like: from the written form to words and fields.  Pure.

::

    iran                    a word                    title: iran            … of the title
    "oil price"  oil price  a phrase                  lead: iran             … of the title and the first 60 words
    tarif*                  a word that begins so     text: iran             … of the title and the text (the default)
    @iran                   any alias of a watchlist  outlet: author: category: lang: country:
    case:ICE                capitals count            atleast/3: iran         … in three places at least
    exact:Pará              accents count             /(?:sub|air)craft/      a regular expression of RE2

What could be read in two ways is refused with the two ways of saying it, because a term that silently means something
else is found out only by the alert that never came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from alerts.model import Field, Watchlist
from alerts.rules.words import is_solid, pieces

MIN_PREFIX = 3
"""The fewest letters before a ``*``: with fewer, a term meets every third article."""

FIELDS: dict[str, tuple[Field, ...]] = {
    "title": ("title",),
    "lead": ("title", "lead"),
    "text": ("title", "text"),
    "outlet": ("outlet",),
    "author": ("author",),
    "category": ("category",),
    "lang": ("lang",),
    "country": ("country",),
}
"""Where each written field looks."""

EXTRAS = ("case", "exact", "atleast")
"""What may stand in front of a word beside a field."""

COUNTS = range(2, 100)
"""The numbers that ``atleast/n:`` may have: one place is asked for by the term alone."""

_PREFIX = re.compile(r"([^\W\d_]+)(?:/([^\s:()\"]*))?\s*:\s*")
_STRAY_COLON = re.compile(r"[^\W\d_]\s*:")
_WATCHLIST = re.compile(r"@([\w-]+)")
_OPERATOR = re.compile(r"\b(AND|OR|NOT|O?NEAR)\b")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"'})
GERSHAYIM = '(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])'
"""A quote between two Hebrew letters: it makes an abbreviation of them, and opens and closes nothing."""
_GERSHAYIM = re.compile(GERSHAYIM)


class TermError(ValueError):
    """A term cannot be used.  The message says what is wrong and what to write instead."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term as it is compared, before its watchlist is looked up.

    ``words`` are folded, and cut where a script that spaces its words meets one that does not.  ``fields`` are the
    places where it looks: ``lead`` is the beginning of the text, ``text`` all of it.  A term of a watchlist has the
    watchlist's name and no words; a regular expression has its ``pattern`` and none.  ``case`` and ``exact`` hold the
    words as written, without the star, when capitals or accents count.  ``count`` is the n of ``atleast/n:``, or 0.
    """

    written: str
    words: tuple[str, ...]
    prefix: bool
    fields: tuple[Field, ...]
    watchlist: str = ""
    case: str = ""
    exact: str = ""
    pattern: str = ""
    count: int = 0

    @property
    def meaning(self) -> tuple[object, ...]:
        """What two terms share that are written differently but find the same."""
        words = self.words, self.prefix, self.fields, self.watchlist
        return (*words, self.case, self.exact, self.pattern, self.count)


@dataclass(slots=True)
class Marks:
    """What stands in front of a word: a field, ``case:``, ``exact:``, ``atleast/n:``; each once, in any order."""

    field: str = ""
    case: bool = False
    exact: bool = False
    count: int = 0

    @property
    def fields(self) -> tuple[Field, ...]:
        """Where the word is looked for."""
        return FIELDS[self.field or "text"]

    def add(self, name: str, number: str | None, said: str) -> None:
        """Take one more.  ``number`` is what stands after a slash; ``said`` is all of it, for the error."""
        folded = name.casefold()
        if folded == "atleast":
            self._count(number)
            return
        if folded not in (*FIELDS, *EXTRAS):
            raise TermError(_no_field(name, said))
        if number is not None:
            raise TermError(f"only atleast has a number; write {folded}:")
        if folded in EXTRAS:
            self._once(folded, there=getattr(self, folded))
            setattr(self, folded, True)
            return
        if self.field:
            raise TermError(f"a term looks in one field, and {self.field}: stands here already; take {folded}: out")
        self.field = folded

    def _count(self, number: str | None) -> None:
        if not number:
            raise TermError("atleast needs a number: atleast/3:tariff* asks for three places")
        if not number.isdecimal() or int(number[:9]) not in COUNTS:
            low, high = COUNTS[0], COUNTS[-1]
            raise TermError(f"atleast/{number} is no number from {low} to {high}; write for example atleast/3:tariff*")
        self._once("atleast", there=bool(self.count))
        self.count = int(number)

    def _once(self, name: str, *, there: bool) -> None:
        if there:
            raise TermError(f"{name}: is there twice; take one out")


def _no_field(name: str, said: str) -> str:
    return (
        f'there is no field "{name}"{nearest(name.casefold(), (*FIELDS, *EXTRAS))}; '
        f"the fields are {', '.join(FIELDS)}; "
        f"if the colon is part of what you look for, put all of it in quotes: '\"{said.replace(chr(34), '')}\"'"
    )


@lru_cache(maxsize=1_024)
def parse_term(written: str) -> Term:
    """Read a term of a list; raise ``TermError`` if it is none, or if it could mean two things.

    >>> parse_term("title: Tarif*").words
    ('tarif',)
    >>> parse_term("U.S. sanctions").words
    ('u', 's', 'sanctions')
    """
    if (plain := _plain(written)) is not None:
        return plain
    said = written.strip()
    marks, rest = _marks(said)
    if not rest:
        raise TermError("the term is empty; write a word, or take the line out")
    if not rest.startswith("/"):
        rest = _GERSHAYIM.sub("\u05f4", rest.translate(_QUOTES))
    return term(written, rest if rest[0] in "@/" else _unquoted(rest), marks, quoted=rest[0] == '"')


def _plain(written: str) -> Term | None:
    """Read what is nothing but words of ASCII letters, as most terms are, in a quarter of the time."""
    letters = written.replace(" ", "")
    if not (letters.isascii() and letters.isalpha()) or _OPERATOR.search(written):
        return None
    return Term(written, tuple(written.lower().split()), prefix=False, fields=FIELDS["text"])


def _marks(said: str) -> tuple[Marks, str]:
    """Take the field and its like off the front, if there are any."""
    marks, at = Marks(), 0
    while found := _PREFIX.match(said, at):
        marks.add(found[1], found[2], said)
        at = found.end()
        if at == len(said):
            raise TermError(f'nothing stands after "{found[0].strip()}"; write what to look for there')
    return marks, said[at:]


def term(written: str, said: str, marks: Marks, *, quoted: bool = False) -> Term:
    """Make a term of a word, a phrase (``quoted``: without its quotes), ``@name`` or ``/expression/``."""
    if not quoted and said[0] == "/":
        return _of_regex(written, said, marks)
    if not quoted and said[0] == "@":
        name = _watchlist(said)
        if marks.case or marks.exact:
            raise TermError(f"case: and exact: stand before words; put them on the aliases of @{name} that need them")
        return Term(written, (), prefix=False, fields=marks.fields, watchlist=name, count=marks.count)
    words, prefix = _words(said)
    plain = said.strip().removesuffix("*")
    case, exact = plain if marks.case else "", plain if marks.exact else ""
    return Term(written, words, prefix, marks.fields, case=case, exact=exact, count=marks.count)


def _of_regex(written: str, said: str, marks: Marks) -> Term:
    r"""Read ``/expression/``, in which a slash is written ``\/``.  Whether RE2 takes it is not looked at here."""
    if marks.case or marks.exact:
        raise TermError("case: and exact: stand before words; in a regular expression write (?-i:ICE)")
    if len(said) < 3 or said[-1] != "/" or _INNER_SLASH.search(said[1:-1]):
        raise TermError(
            "a regular expression stands between two slashes, with \\/ for a slash inside; "
            f"to look for the words, put them in quotes: '\"{said.replace(chr(34), '')}\"'"
        )
    pattern = said[1:-1].replace("\\/", "/")
    return Term(written, (), prefix=False, fields=marks.fields, pattern=pattern, count=marks.count)


_INNER_SLASH = re.compile(r"(?<!\\)(?:\\\\)*/|(?<!\\)(?:\\\\)*\\\Z")


def _watchlist(said: str) -> str:
    """Read the name after the @, which stands alone."""
    found = _WATCHLIST.match(said)
    if found is None:
        raise TermError("the name of a watchlist is missing after the @; write for example @iran")
    if found.end() == len(said):
        return found[1]
    if said[found.end() :].strip() == "*":
        raise TermError(f"a * cannot follow a watchlist; put it on the aliases of @{found[1]} that need it")
    raise TermError(f'a watchlist stands alone; write @{found[1]} and "{said[found.end() :].strip()}" as two terms')


def _unquoted(said: str) -> str:
    """Take the quotes off; without quotes, refuse what looks like an expression."""
    if '"' in said:
        return _inside(said)
    if _STRAY_COLON.search(said):
        raise TermError(
            f"a field stands in front of the whole term only; if the colon is part of what you look for, "
            f"put all of it in quotes: '\"{said}\"'"
        )
    if said[0] in "-!":
        raise TermError(f'a term cannot begin with "{said[0]}"; to keep articles out, write it under none')
    if found := _OPERATOR.search(said):
        raise TermError(
            f"{found[0]} joins no terms; write each on a line of its own under any, all or none, write an expression "
            f"under match, or quote the phrase: '\"{said}\"'"
        )
    return said


def check_word(said: str) -> None:
    """Refuse a word of an expression that looks like something else.  Raises ``TermError``."""
    if _STRAY_COLON.search(said):
        raise TermError(f'a colon stands inside "{said}"; put it in quotes: \'"{said}"\'')


def _inside(said: str) -> str:
    """Give what stands between the quotes, which must be around all of it."""
    if said.count('"') % 2:
        raise TermError("a quote is opened and not closed; write a quote on both sides of the phrase")
    inside = said[1:-1]
    if '"' in inside or said[0] + said[-1] != '""':
        plain = said.replace('"', "")
        raise TermError(f"the quotes stand around the whole term: '\"{plain}\"'; write two phrases as two terms")
    return inside


def _words(said: str) -> tuple[tuple[str, ...], bool]:
    """Cut into folded words, and see whether the last one is only a beginning."""
    if said.isascii() and said.isalpha():
        return (said.lower(),), False
    prefix = said.endswith("*")
    core = said[:-1] if prefix else said
    found = pieces(core)
    if not found:
        raise TermError(f'there is no letter or digit in "{said}"; write a word')
    if "*" in core:
        raise TermError("a * stands only at the very end, for any ending: tarif* finds tariff and tariffs")
    if prefix:
        _check_prefix(said, found[-1].word, joined=found[-1].end == len(core))
    return tuple(piece.word for piece in found), prefix


def _check_prefix(said: str, last: str, *, joined: bool) -> None:
    """Refuse a ``*`` that would find too much, or that is meant as a regular expression."""
    if not joined:
        raise TermError(f'the * must stand directly after a letter, not as in "{said}"; this is no regular expression')
    if len(last) < MIN_PREFIX and not is_solid(last):
        raise TermError(f'"{last}*" would find too much; write at least {MIN_PREFIX} letters before the *')


def find_watchlist(name: str, watchlists: Mapping[str, Watchlist]) -> Watchlist:
    """Give the watchlist of that name.  Raises ``TermError``."""
    if name not in watchlists:
        raise TermError(f"there is no watchlist @{name}{nearest(name, watchlists, mark='@')}")
    return watchlists[name]


def parse_alias(written: str) -> Term:
    """Read one alias of a watchlist: words, or another watchlist.  Raises ``TermError``."""
    term = parse_term(written)
    if term.pattern:
        raise TermError("an alias is no regular expression; write it in the rule, beside the @")
    if term.count:
        raise TermError("an alias counts no places; write atleast in the rule, before the @")
    if term.fields != FIELDS["text"]:
        raise TermError("an alias has no field; write the field in the rule, before the @")
    return term


def nearest(name: str, known: Iterable[str], *, mark: str = "") -> str:
    """Suggest the known name that was probably meant, as the end of a sentence; empty if none is near.

    >>> nearest("tilte", FIELDS)
    '; did you mean "title"?'
    """
    close = get_close_matches(name, list(known), n=1)
    if not close:
        return ""
    return f"; did you mean {mark}{close[0]}?" if mark else f'; did you mean "{close[0]}"?'
