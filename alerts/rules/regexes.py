r"""Regular expressions of users: RE2 alone, because no expression can make it slow.  Pure.

RE2 means ASCII by ``\w``, ``\d``, ``\s`` and ``\b``.  Here they mean what Unicode means: ``\w`` is a letter, a mark, a
digit or ``_`` of any script.  RE2 cannot look around, so that ``\b`` has no Unicode form in it; at the edges of an
expression, where it nearly always stands, the sign before and after is read along and taken off again.  Anywhere else
it is refused, with what to write.  Capitals make no difference, unless ``(?-i:…)`` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import re2

from alerts.rules.terms import TermError

MAX_LENGTH = 500
"""The most letters of one expression."""

MAX_VAGUE = 22
"""The most letters of an expression that may be one of several (``.``, ``[ ]``, ``\\w``, a choice in parentheses), may
be missing, or stand under a ``{n}``, written out.  RE2 keeps in mind, at each letter of a text, at which of them it may
be: the time grows with their number, whatever the text.  ``bench/regexes.py`` looks for the worst."""

_SIZES = (16, 120)
"""The steps of RE2's program over which a class of letters counts for two, and for five: ``\\d`` and ``\\S`` are of the
first kind, ``\\w`` and ``\\D`` of the second."""

MAX_PROGRAM = 8_000
"""The most steps of the program that RE2 makes; one ``\\w`` of Unicode has 1,450."""

MAX_PLACES = 100
"""The most places that are looked for in one field."""

_MEMORY = 8 << 20
"""The bytes that RE2 may use for one expression: for its states, which it forgets and makes anew when they fill it."""

_READING_MEMORY = 1 << 18
"""The bytes for reading an expression as it is written: one that would fill more is refused before it is made."""

_WORD = r"\p{L}\p{N}\p{M}_"
_NOT_WORD = f"[^{_WORD}]"
_ESCAPES = {
    "w": f"[{_WORD}]", "W": _NOT_WORD, "d": r"\p{Nd}", "D": r"\P{Nd}", "s": r"[\s\p{Z}]", "S": r"[^\s\p{Z}]",
}  # fmt: skip
_IN_CLASS = {"w": _WORD, "d": r"\p{Nd}", "D": r"\P{Nd}", "s": r"\s\p{Z}"}
_PIECE = re.compile(
    r"""
      \\Q (?P<literal>.*?) (?:\\E|\Z)
    | (?P<property>\\[pP](?:\{[^}]*\}|.))
    | (?P<code>\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\[0-7]{1,3})
    | \\(?P<escape>.)
    | (?P<class>\[\^?\]?(?:\[:\^?\w+:\]|\\[pPx]\{[^}]*\}|\\.|[^\]\\])*\])
    | (?P<flags>\(\?[a-zA-Z-]+\))
    | (?P<open>\((?:\?[a-zA-Z-]*:|\?P?<\w+>)?)
    | (?P<close>\))
    | (?P<either>\|)
    | (?P<times>(?:[*+?]|\{\d+(?:,\d*)?\})\??)
    | (?P<anchor>[\^$])
    | (?P<letter>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MEMBER = re.compile(r"\[:\^?(?P<posix>\w+):\]|\\[pP](?:\{[^}]*\}|.)|\\x\{[^}]*\}|\\(?P<escape>.)|.", re.DOTALL)
_LETTERS = re.compile(r"\\p(?:\{[LNM][a-z&]?\}|[LNM])")
_RANGE = re.compile(r"(?P<low>\w)-(?P<high>\w)")


@dataclass(slots=True)
class _Part:
    """One piece of an expression, with how often it may come; a group has alternatives."""

    written: str
    kind: str
    is_word: bool = False
    vague: int = 0
    low: int = 1
    high: int = 1
    times: str = ""
    alternatives: list[list[_Part]] = field(default_factory=list)


_Alternatives = list[list[_Part]]


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A regular expression, ready to be looked for.  ``before`` and ``after`` say that a sign is read along there."""

    written: str
    compiled: Any
    before: bool = False
    after: bool = False

    def places(self, text: str, limit: int = MAX_PLACES) -> tuple[tuple[int, int], ...]:
        r"""Give the places in a text from left to right, as offsets; the first ``limit`` of them.

        >>> compile_pattern(r"\birán(es)?\b").places("Irán, IRÁNES e iraní")
        ((0, 4), (6, 12))
        """
        # In bytes, for else all of the text would be encoded once for each place.
        printed = text.encode("utf-8", "surrogatepass")
        found: list[tuple[int, int]] = []
        position = letters = 0
        while len(found) < limit and (hit := self.compiled.search(printed, position)):
            start, end = hit.span()
            words = printed[start:end].decode("utf-8", "surrogatepass")
            begin = letters + len(printed[position:start].decode("utf-8", "surrogatepass"))
            letters = begin + len(words)
            position = end
            if self.after and not _is_word(words[-1]):
                letters -= 1
                position -= len(words[-1].encode("utf-8", "surrogatepass"))
            found.append((begin + (self.before and not _is_word(words[0])), letters))
        return tuple(found)


@lru_cache(maxsize=4_096)
def compile_pattern(pattern: str) -> Pattern:
    """Read a regular expression, as it stands between the slashes of a term.

    Raises ``TermError``: RE2 cannot read it, it would be met by any text, or it would take too long.
    """
    if len(pattern) > MAX_LENGTH:
        raise TermError(f"the regular expression has more than {MAX_LENGTH} letters; split it")
    _re2(pattern, _READING_MEMORY)
    alternatives = _Reader(pattern).read()
    if (size := _vague(alternatives)) > MAX_VAGUE:
        raise TermError(
            f"the regular expression would take too long: {size} letters of it may be one of several, or missing, or "
            f"stand under a {{n}}, and {MAX_VAGUE} are allowed (\\w counts for {_weight(_ESCAPES['w'])}); "
            "write + or * for {n}, fewer classes and ?, or NEAR/n between two terms"
        )
    before, after = _edges(alternatives, 0), _edges(alternatives, -1)
    written = "|".join(_written(parts, before=before, after=after) for parts in alternatives)
    compiled = _re2(written, _MEMORY)
    if compiled.programsize > MAX_PROGRAM:
        raise TermError(_TOO_LARGE)
    if compiled.search(""):
        raise TermError("the regular expression is met by an empty text, and so by every article; take a * or ? out")
    return Pattern(pattern, compiled, before, after)


_TOO_LARGE = r"the regular expression would take too long; write fewer \w, \p{L} and {n}"


def _re2(pattern: str, memory: int) -> Any:
    """Compile, and tell what is wrong in RE2's words."""
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = True  # A text is one line to a rule: where it breaks is chance.
    options.never_capture = True  # Groups would cost time, and nobody asks for them.
    options.log_errors = False
    options.max_mem = memory
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error.args[0])
        if "too large" in said:
            raise TermError(_TOO_LARGE) from None
        hint = "; RE2 has neither look-around nor back references" if "(?" in said or re.search(r"\\\d", said) else ""
        raise TermError(f"the regular expression cannot be read: {said}{hint}") from None


class _Reader:
    """Takes apart an expression that RE2 has found to be one, so that brackets are known to close."""

    def __init__(self, pattern: str) -> None:
        self.pieces = list(_PIECE.finditer(pattern))

    def read(self) -> _Alternatives:
        """Give the alternatives, each a row of parts.  Open groups are kept on a stack: no depth is too deep."""
        whole: _Alternatives = [[]]
        stack = [whole]
        for piece in self.pieces:
            kind, said = str(piece.lastgroup), piece[0]
            parts = stack[-1][-1]
            match kind:
                case "close":
                    stack.pop()
                case "either":
                    stack[-1].append([])
                case "times":
                    parts[-1].times = said
                    parts[-1].low, parts[-1].high = _times(said)
                case "open":
                    parts.append(_Part(said, "group", alternatives=[[]]))
                    stack.append(parts[-1].alternatives)
                case _:
                    parts += _parts(kind, piece)
        return whole


def _times(said: str) -> tuple[int, int]:
    """Read a repetition.  One without an end counts once more than it must come."""
    plain = {"*": (0, 1), "+": (1, 1), "?": (0, 1)}.get(said[0])
    if plain:
        return plain
    low, comma, high = said.strip("?{}").partition(",")
    if not comma:
        return int(low), int(low)
    return int(low), int(high) if high else int(low) + 1


def _parts(kind: str, piece: re.Match[str]) -> Iterator[_Part]:
    """Translate one piece that is no bracket."""
    said = piece[0]
    match kind:
        case "literal":
            yield from (_Part(re2.escape(letter), "letter", _is_word(letter)) for letter in piece["literal"])
        case "escape":
            yield _escape(piece["escape"])
        case "class":
            yield _Part(_class(said), "letter", _is_word_class(said), vague=_weight(_class(said)))
        case "property":
            yield _Part(said, "letter", _LETTERS.fullmatch(said) is not None, vague=_weight(said))
        case "letter":
            yield _Part(said, "letter", _is_word(said), vague=int(said == "."))
        case "code":
            yield _Part(said, "letter")
        case _:
            yield _Part(said, kind)


def _escape(letter: str) -> _Part:
    """Translate what a backslash makes of a letter."""
    if letter == "B":
        raise TermError(r"\B means ASCII to RE2 and has no other form there; write \w where the word must go on")
    if letter == "C":
        raise TermError(r"\C is a part of a letter; write . for any letter")
    if letter == "b":
        return _Part(r"\b", "edge")
    if letter in "Az":
        return _Part(f"\\{letter}", "anchor")
    if letter in _ESCAPES:
        return _Part(_ESCAPES[letter], "letter", letter in "wd", vague=_weight(_ESCAPES[letter]))
    return _Part(f"\\{letter}", "letter")


@lru_cache(maxsize=1_024)
def _weight(said: str) -> int:
    """Say for how many a class of letters counts: RE2 walks through all of a large one at each letter of a text."""
    size: int = _re2(said, _MEMORY).programsize
    return 1 + (size > _SIZES[0]) + 3 * (size > _SIZES[1])


def _class(said: str) -> str:
    """Translate what stands between square brackets."""

    def member(found: re.Match[str]) -> str:
        if found["posix"]:
            raise TermError(rf"{found[0]} means ASCII to RE2; write \p{{L}} for letters, \d for digits, \w for both")
        if (letter := found["escape"]) in ("W", "S"):
            raise TermError(rf"\{letter} cannot stand inside [ ]; write [^\{letter.lower()}…], or two terms")
        return _IN_CLASS.get(letter or "", found[0])

    return said[0] + _MEMBER.sub(member, said[1:-1]) + said[-1]


def _is_word_class(said: str) -> bool:
    """Whether every sign of a class is one of a word.  When in doubt it is not."""
    inside = said[1:-1]
    if inside.startswith("^"):
        return False
    for found in _RANGE.finditer(inside):
        if not all(_is_word(chr(code)) for code in range(ord(found["low"]), ord(found["high"]) + 1)):
            return False
    rest = _RANGE.sub("", inside)
    return all(_is_word_member(found[0]) for found in _MEMBER.finditer(rest))


def _is_word_member(said: str) -> bool:
    return said in (r"\w", r"\d") or _LETTERS.fullmatch(said) is not None or (len(said) == 1 and _is_word(said))


def _is_word(letter: str) -> bool:
    r"""Whether a sign is one of a word, as ``\w`` has it."""
    return letter == "_" or letter.isalnum() or bool(_MARK().fullmatch(letter.encode("utf-8", "surrogatepass")))


@lru_cache(maxsize=1)
def _MARK() -> Any:  # noqa: N802 - a constant that is made when first asked for
    return re2.compile(r"[\p{N}\p{M}]")


def _vague(alternatives: _Alternatives, times: int = 1) -> int:
    r"""Count the letters that may be one of several, or none, or stand under a ``{n}``, with each written out.

    A choice in parentheses counts as one of them, for the words in it are plain, and a ``\b`` as none.
    """
    total = 0
    for part in (part for parts in alternatives for part in parts):
        often = times * part.high
        if part.kind == "group":
            total += _vague(part.alternatives, often) + often * (len(part.alternatives) > 1 or not part.low)
        elif part.vague or (part.kind == "letter" and (often > 1 or not part.low)):
            total += often * (part.vague or 1)
    return total


# ── the edges of words ───────────────────────────────────────────────────────────────────────────────────────────────

_INSIDE = (
    r"\b means ASCII to RE2, and only at the beginning and the end of an expression can it be made to mean every "
    r"script; write \W where a word must end, or NEAR/n between two terms"
)


def _edges(alternatives: _Alternatives, end: int) -> bool:
    r"""Take the ``\b`` off one end of every alternative; say whether there was one.  All must have it, or none."""
    had = [_edge(parts, end) for parts in alternatives]
    if any(had) and not all(had):
        raise TermError(r"\b stands at one side of a | only; put ( ) around what stands between the two \b")
    if any(had) and not all(_is_of_words(parts, end) for parts in alternatives):
        raise TermError(r"beside \b must stand a letter, a digit or \w: something that is always there, without ? or *")
    if end and any(_has_edge(parts) for parts in alternatives):
        raise TermError(_INSIDE)
    return any(had)


def _edge(parts: list[_Part], end: int) -> bool:
    at = [n for n, part in enumerate(parts) if part.kind != "flags"]
    if not at or parts[at[end]].kind != "edge":
        return False
    del parts[at[end]]
    return True


def _has_edge(parts: Sequence[_Part]) -> bool:
    return any(part.kind == "edge" or any(map(_has_edge, part.alternatives)) for part in parts)


def _is_of_words(parts: Sequence[_Part], end: int) -> bool:
    """Whether the sign at one end is always one of a word, and so is the next if the one may be left out."""
    for part in parts if end == 0 else reversed(parts):
        if part.kind == "flags":
            continue
        of_words = all(_is_of_words(p, end) for p in part.alternatives) if part.kind == "group" else part.is_word
        if not of_words or part.low:
            return of_words
    return False


def _written(parts: Sequence[_Part], *, before: bool = False, after: bool = False) -> str:
    """Write the parts as RE2 is to read them."""
    flags = "".join(part.written for part in parts if part.kind == "flags") if before else ""
    inner = "".join(_write(part) for part in parts)
    left, right = rf"{flags}(?:\A|{_NOT_WORD})" if before else "", rf"(?:{_NOT_WORD}|\z)" if after else ""
    return f"{left}{inner}{right}"


def _write(part: _Part) -> str:
    if part.kind != "group":
        return part.written + part.times
    inner = "|".join(_written(parts) for parts in part.alternatives)
    return f"{part.written}{inner}){part.times}"
