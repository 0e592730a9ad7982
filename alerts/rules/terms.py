"""What a term of a watch rule may look like: from the written form to words and fields.  Pure.

::

    iran                    a word                    title: iran            … of the title
    "oil price"  oil price  a phrase                  lead: iran             … of the title and the first 60 words
    tarif*                  a word that begins so     text: iran             … of the title and the text (the default)
    @iran                   any alias of a watchlist  outlet: author: category: lang: country:

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

_LEADING_FIELD = re.compile(r"([^\W\d_]+)\s*:\s*(.*)", re.DOTALL)
_STRAY_COLON = re.compile(r"[^\W\d_]\s*:")
_WATCHLIST = re.compile(r"@([\w-]+)")
_OPERATOR = re.compile(r"\b(AND|OR|NOT|NEAR)\b")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"'})


class TermError(ValueError):
    """A term cannot be used.  The message says what is wrong and what to write instead."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term as it is compared.

    ``words`` are folded, and cut where a script that spaces its words meets one that does not.  ``fields`` are the
    places where it looks: ``lead`` is the beginning of the text, ``text`` all of it.  A term of a watchlist has the
    watchlist's name and no words.
    """

    written: str
    words: tuple[str, ...]
    prefix: bool
    fields: tuple[Field, ...]
    watchlist: str = ""

    @property
    def meaning(self) -> tuple[tuple[str, ...], bool, tuple[Field, ...], str]:
        """What two terms share that are written differently but find the same."""
        return self.words, self.prefix, self.fields, self.watchlist


@lru_cache(maxsize=16_384)
def parse_term(written: str) -> Term:
    """Read a term; raise ``TermError`` if it is none, or if it could mean two things.

    >>> parse_term("title: Tarif*")
    Term(written='title: Tarif*', words=('tarif',), prefix=True, fields=('title',), watchlist='')
    >>> parse_term("U.S. sanctions").words
    ('u', 's', 'sanctions')
    """
    fields, said = _field(written.translate(_QUOTES).strip())
    if said.startswith("@"):
        return Term(written, (), prefix=False, fields=fields, watchlist=_watchlist(said))
    words, prefix = _words(_unquoted(said))
    return Term(written, words, prefix, fields)


def _field(said: str) -> tuple[tuple[Field, ...], str]:
    """Take the field off the front, if there is one."""
    if not said:
        raise TermError("the term is empty; write a word, or take the line out")
    found = _LEADING_FIELD.fullmatch(said)
    if found is None:
        return FIELDS["text"], said
    name, rest = found[1].casefold(), found[2]
    if name not in FIELDS:
        raise TermError(
            f'there is no field "{found[1]}"{nearest(name, FIELDS)}; the fields are {", ".join(FIELDS)}; '
            f"if the colon is part of what you look for, put all of it in quotes: '\"{said.replace(chr(34), '')}\"'"
        )
    if not rest:
        raise TermError(f'nothing stands after "{found[1]}:"; write what to look for there')
    return FIELDS[name], rest


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
            f"{found[0]} joins no terms; write each on a line of its own under any, all or none, "
            f"or quote the phrase: '\"{said}\"'"
        )
    return said


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


def aliases(term: Term, watchlists: Mapping[str, Watchlist]) -> tuple[Term, ...]:
    """Give what the term stands for: itself, or the aliases of its watchlist.  Raises ``TermError``."""
    watchlist = find_watchlist(term, watchlists)
    return (term,) if watchlist is None else tuple(alias(written) for written in watchlist.aliases)


def find_watchlist(term: Term, watchlists: Mapping[str, Watchlist]) -> Watchlist | None:
    """Give the watchlist that the term names, ``None`` if it names none.  Raises ``TermError``."""
    if not term.watchlist:
        return None
    if term.watchlist not in watchlists:
        raise TermError(f"there is no watchlist @{term.watchlist}{nearest(term.watchlist, watchlists, mark='@')}")
    return watchlists[term.watchlist]


def alias(written: str) -> Term:
    """Read one alias of a watchlist: a term without a field, and not another watchlist.  Raises ``TermError``."""
    term = parse_term(written)
    if term.watchlist:
        raise TermError(f"a watchlist cannot hold a watchlist; write the aliases of @{term.watchlist} here too")
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
