"""Who said what: words between quotation marks, with the speaker as the sentence names them.  Pure.

A quotation without a speaker in its own sentence is not told: to guess whom "he" means would put words into a mouth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from alerts.model import Cited, Quote

MAX_QUOTES = 3
FEWEST, MOST = 6, 60
"""Words of a quotation: a word in quotation marks is irony or a name, and a page is no quotation."""

_VERB = (
    r"(?:said|says|told|added|adds|warned|warns|wrote|writes|insisted|insists|argued|announced|declared|stated|"
    r"replied|stressed|vowed|claimed|asked|explained|noted|posted|urged)"
)
_TITLED = r"(?:[A-Z][\w'’.&-]*|(?:[Tt]he|[Aa]n?)\s[\w'’-]+)"
_OFFICE = r"(?:of|for|the|and|de|al|bin|in|spokes\w+|minister|president|chief|secretary|leader|official)"
_NAME = rf"(?P<who>{_TITLED}(?:,?\s(?:[A-Z][\w'’.&-]*|{_OFFICE})){{0,9}}?)"
_MARKS = (("“", "”"), ('"', '"'), ("«", "»"), ("「", "」"), ("„", "“"))
_QUOTED = "|".join(rf"{a}(?P<q{n}>[^{a}{b}]{{12,500}}){b}" for n, (a, b) in enumerate(_MARKS))
_QUOTE = re.compile(_QUOTED)
_AFTER = (
    re.compile(
        rf"[,.]?\s*{_VERB}\s{_NAME}(?=[,.;:]|\s(?:on|in|at|to|after|during|as|who|late|earlier|when|while|from|this|last|told)\b|$)"
    ),
    re.compile(rf"[,.]?\s*{_NAME}(?:,[^,]{{3,60}},)?\s{_VERB}\b"),
)
_BEFORE = re.compile(rf"(?:^|[.;,]\s|\s){_NAME}(?:,[^,]{{3,60}},)?\s(?:has\s|had\s)?{_VERB}\b[^“\"«.]{{0,60}}[,:]?\s*$")
_KOREAN = re.compile(r"(?P<who>[가-힣][가-힣 ]{1,24}?)(?:은|는|이|가)\s(?:[^\"“]{0,30}\s)?$")
_SAYS_KOREAN = re.compile(r"^\s*(?:이?라고|라며|이?라면서|고\s)")
_PERSIAN = re.compile(
    r"(?:^|[.،]\s)(?P<who>[\u0600-\u06ff\u200c]+(?:\s[\u0600-\u06ff\u200c]+){0,5}?)\s(?:گفت|گفته است|قال)\s?:?\s*$"
)
_NOBODY = frozenset("he she they it we i who this that these those the".split())


def quotes(cited: Iterable[Cited]) -> tuple[Quote, ...]:
    """Give the quotations of some sentences that have a speaker, each once, three at most."""
    found: dict[str, Quote] = {}
    for sentence in cited:
        for quote in _quotes(sentence):
            found.setdefault(quote.words.casefold(), quote)
    return tuple(found.values())[:MAX_QUOTES]


def _quotes(sentence: Cited) -> Iterator[Quote]:
    """Find the quotations of one sentence."""
    for m in _QUOTE.finditer(sentence.words):
        said = next(part for part in m.groups() if part)
        speaker = _speaker(sentence.words[: m.start()], sentence.words[m.end() :], said)
        if speaker and _is_long_enough(said):
            yield Quote(speaker, said.strip().rstrip(","), sentence.source)


def _is_long_enough(said: str) -> bool:
    """Whether it is a quotation, and not a word between marks."""
    return FEWEST <= len(said.split()) <= MOST or (not said.isascii() and len(said) >= 12)


def _speaker(before: str, after: str, said: str) -> str:
    """Find who says it: behind the quotation, then before it; empty if the sentence does not name them."""
    tried = [pattern.match(after) for pattern in _AFTER] if said.rstrip()[-1:] in ",.?!" or after[:1] == "," else []
    if _SAYS_KOREAN.match(after):
        tried.append(_KOREAN.search(_QUOTE.sub("", before)))
    tried += [_BEFORE.search(before), _PERSIAN.search(before)]
    who = next((m["who"].strip(" ,.") for m in tried if m), "")
    return "" if who.lower() in _NOBODY else who
