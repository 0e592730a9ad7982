"""What is wrong with a word of an expression that looks like an operator, and what was probably meant.  Pure."""

from __future__ import annotations

from alerts.rules.terms import nearest

OPERATORS = frozenset({"AND", "OR", "NOT"})

MAX_DISTANCE = 99
"""The largest n of ``NEAR/n``."""

_MEANT = {
    "&": "AND", "&&": "AND", "+": "AND", "|": "OR", "||": "OR", ",": "OR", ";": "OR",
    "!": "NOT", "-": "NOT", "–": "NOT",
}  # fmt: skip


def no_word(said: str) -> str:
    """Say what is wrong with a word that looks like an operator or like a mark of another language."""
    upper = said.upper()
    if upper in OPERATORS:
        return f'operators are written in capitals: {upper}; if you look for the word, write "{said}" in quotes'
    if said in _MEANT:
        return f'"{said}" is no operator; write {_MEANT[said]}'
    if said[0] in "-!":
        return f'a term cannot begin with "{said[0]}"; to keep articles out, write NOT {said[1:]}'
    if said[0] == "~":
        return f'"{said}" is no operator; write NEAR/5 between two terms'
    if said[0] == "/":
        return "a regular expression is opened by / and closed by none; write \\/ for a slash inside, or use quotes"
    return _no_near(said, *said.partition("/"))


def misspelt(said: str) -> str:
    """Suggest the operator that was meant by a word in capitals, or by one with its letters in another order."""
    mixed = [name for name in sorted(OPERATORS) if sorted(name) == sorted(said.upper())]
    return nearest(mixed[0], mixed) if mixed else nearest(said, sorted(OPERATORS)) if said.isupper() else ""


def _no_near(said: str, name: str, slash: str, number: str) -> str:
    """Say what is wrong with a word that looks like NEAR and its number."""
    upper = name.upper()
    if upper not in {"NEAR", "ONEAR"}:
        near = nearest(upper, ("NEAR", "ONEAR")) if number.isdecimal() else ""
        return f'there is no operator "{said}"{near}' if near else ""
    if not slash and said != upper:
        return ""
    if not number.isdecimal():
        return f"{upper} needs a number, the most words that may stand between: {upper}/5"
    if int(number[:9]) > MAX_DISTANCE:
        return f"{said} reaches too far; at most {upper}/{MAX_DISTANCE}, and for the same text write AND"
    return f"operators are written in capitals: {upper}/{number}"
