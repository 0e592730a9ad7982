"""The text of a YAML file as plain values, with the place of every key and value.  Pure.

YAML guesses: ``no`` becomes false, ``0123`` becomes 83 or 123, ``12:30`` becomes 750, and the last of two equal keys
wins in silence.  Here nothing is guessed: every scalar is text, exactly as it is written, and only the shape of the
file says what is a number or a time.  Equal keys, anchors, aliases and tags are refused, each with its place, so that
no file can grow beyond what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

Loc = tuple[str | int, ...]
"""The way from the top of a file to a value: keys, and positions in lists from 0."""

Place = tuple[int, int]
"""Line and column, both from 1."""

SIZE_LIMIT = 1_000_000
"""The most bytes of one file: a list of 5,000 feeds has 700,000."""

DEPTH_LIMIT = 20
"""The deepest nesting; our own files have five levels."""

_ALLOWED = "\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
_FORBIDDEN = re.compile(f"[^{_ALLOWED}]")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_SIGNS = {
    "": re.compile(".", re.DOTALL),
    "'": re.compile("''|.", re.DOTALL),
    '"': re.compile(r"\\(?:x.{2}|u.{4}|U.{8}|\s+|.)|.", re.DOTALL),
}
_BLANK_ESCAPES = " \t\r\nntrvfNLP_"
_NULLS = ("", "~", "null", "Null", "NULL")
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where in the file, and in which value (``loc``)."""

    place: Place
    message: str
    loc: Loc = ()


@dataclass(slots=True)
class Tree:
    """What a file says.  ``value`` is made of dicts, lists, texts and ``None``; an unreadable file has ``None``."""

    value: Any = None
    keys: dict[Loc, Place] = field(default_factory=dict)
    values: dict[Loc, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    texts: dict[Loc, tuple[str, int, int]] = field(default_factory=dict)
    source: str = ""
    lines: list[str] = field(default_factory=list)

    def line(self, number: int) -> str:
        """Give a line of the file, counted from 1; empty if there is none."""
        self.lines = self.lines or _BREAK.split(self.source)
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def place(self, loc: Loc, *, of_key: bool = False) -> Place:
        """Find the place of a value (or of its key), or of the nearest thing around it that has one.

        A number behind the way to a text means a letter of it, from 0: YAML may have folded and escaped the text.
        """
        if loc and loc[:-1] in self.texts and isinstance(loc[-1], int):
            return self._letter(loc[:-1], loc[-1])
        for length in range(len(loc), 0, -1):
            part = loc[:length]
            found = (self.keys if of_key else self.values).get(part) or self.keys.get(part) or self.values.get(part)
            if found:
                return found
        return self.values.get((), (1, 1))

    def _letter(self, loc: Loc, offset: int) -> Place:
        """Find a letter of a text in the file: blanks come and go in YAML, all other signs stay in their order."""
        style, start, end = self.texts[loc]
        value = self.value
        for part in loc:
            value = value[part]
        before = sum(not letter.isspace() for letter in value[:offset])
        signs = [sign for sign in _signs(self.source[start:end], style) if not sign[1]]
        if not signs:
            return self.values[loc]
        if before < len(signs):
            return _place_of(self.source, start + signs[before][0])
        line, column = _place_of(self.source, start + signs[-1][0])
        return line, column + 1


def _signs(raw: str, style: str) -> Iterator[tuple[int, bool]]:
    """Give the offset of each letter that a text has in the file, and whether it is a blank."""
    begin, end = 0, len(raw)
    if style in ("'", '"'):
        begin, end = 1, end - 1
    elif style in ("|", ">"):
        begin = raw.find("\n") + 1
    for found in _SIGNS.get(style, _SIGNS[""]).finditer(raw, begin, end):
        sign = found[0]
        yield found.start(), sign.isspace() or (style == '"' and len(sign) > 1 and sign[1] in _BLANK_ESCAPES)


def parse(text: bytes) -> Tree:
    """Read one file.  Never raises for what the file says: what is wrong is in ``faults``."""
    if len(text) > SIZE_LIMIT:
        return _unreadable((0, 0), f"the file is larger than {SIZE_LIMIT:,} bytes; split it, or look for what fills it")
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _bad_bytes(text, error)
    if found := _FORBIDDEN.search(decoded):
        place = _place_of(decoded, found.start())
        return _unreadable(place, f"the control character U+{ord(found.group()):04X} must not be here; delete it")
    if not decoded.strip():
        return _unreadable((0, 0), "the file is empty")
    return _Builder().build(decoded)


def _unreadable(place: Place, message: str) -> Tree:
    return Tree(faults=[Fault(place, message)])


def _place_of(text: str, offset: int) -> Place:
    """Count lines as YAML and editors do."""
    lines = _BREAK.split(text[:offset])
    return len(lines), len(lines[-1]) + 1


def _bad_bytes(text: bytes, error: UnicodeDecodeError) -> Tree:
    place = _place_of(text[: error.start].decode("utf-8-sig", "replace"), error.start)
    looks = _BOMS.get(text[:2])
    hint = f"it looks like {looks}" if looks else f"byte {text[error.start]:#04x} at offset {error.start} is not"
    return _unreadable(place, f"the file must be UTF-8, and {hint}; save it as UTF-8")


_ALIAS = "write out what it stands for; a text that begins with * must be in quotes"


class _Deep(Exception):  # noqa: N818  # never leaves this module
    """The nesting is too deep to go on."""


class _Builder:
    """Puts the parser's events together.  Depth is bounded, so that the recursion is."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.events: Any = iter(())
        self.last: Place = (1, 1)

    def build(self, text: str) -> Tree:
        self.tree.source = text
        try:
            self.events = iter(YAML(typ="safe", pure=True).parse(text))
            self._file()
        except MarkedYAMLError as error:
            self._refuse_syntax(error, text)
        except (YAMLError, ValueError, OverflowError, AssertionError):
            # ruamel's scanner lets out what chr() says to "\U99999999", and what it thinks of %YAML 1.11.
            self._fail(self.last, "after this there is an escape or a % line that is not YAML; delete it")
        except _Deep as error:
            self._fail(error.args[0], f"the nesting is deeper than {DEPTH_LIMIT} levels; a bracket may be missing")
        return self.tree

    def _fail(self, place: Place, message: str) -> None:
        self.tree.value = None
        self.tree.faults.append(Fault(place, message))

    def _file(self) -> None:
        documents = 0
        for event in self.events:
            name = type(event).__name__
            if name == "DocumentStartEvent":
                documents += 1
                if documents == 2:
                    self._fail(_mark(event.start_mark), "a second `---` begins here; a file holds one part only")
                    return
            elif name not in {"StreamStartEvent", "StreamEndEvent", "DocumentEndEvent", "CommentEvent"}:
                self.tree.value = self._value(event, (), 0)
        if not documents:
            self._fail((0, 0), "the file holds nothing but comments")

    def _value(self, event: Any, loc: Loc, depth: int) -> Any:
        self.last = place = _mark(event.start_mark)
        if depth > DEPTH_LIMIT:
            raise _Deep(place)
        self.tree.values[loc] = place
        name = type(event).__name__
        if name == "AliasEvent":
            self._refuse(place, loc, f"the alias *{event.anchor} is not allowed: {_ALIAS}")
            return None
        self._refuse_extras(event, loc, place)
        if name == "MappingStartEvent":
            return self._map(loc, depth)
        if name == "SequenceStartEvent":
            return self._list(loc, depth)
        return self._scalar(event, loc)

    def _refuse_extras(self, event: Any, loc: Loc, place: Place) -> None:
        if event.anchor is not None:
            self._refuse(place, loc, f"the anchor &{event.anchor} is not allowed: write the value where it is meant")
        tag = str(event.tag) if event.tag is not None else ""
        if tag and tag != "!":
            short = tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse(place, loc, f"the tag {short[:60]} is not allowed: write the value without it")

    def _refuse(self, place: Place, loc: Loc, message: str) -> None:
        self.tree.faults.append(Fault(place, message, loc))

    def _scalar(self, event: Any, loc: Loc) -> str | None:
        text: str = event.value
        self.tree.texts[loc] = (event.style or "", event.start_mark.index, event.end_mark.index)
        if event.style in {None, ""} and text in _NULLS:
            self.tree.texts.pop(loc)
            self.tree.values.pop(loc)  # An absent value has no place of its own: its key's is the one to show.
            return None
        return text

    def _list(self, loc: Loc, depth: int) -> list[Any]:
        values: list[Any] = []
        for event in self.events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            self.tree.keys[(*loc, len(values))] = _mark(event.start_mark)
            values.append(self._value(event, (*loc, len(values)), depth + 1))
        return values

    def _map(self, loc: Loc, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for event in self.events:
            if type(event).__name__ == "MappingEndEvent":
                break
            place = _mark(event.start_mark)
            key = self._key(event, loc, depth)
            if key in values:
                line, column = self.tree.keys[(*loc, key)]
                self._refuse(place, loc, f'the key "{key}" is here twice (first at {line}:{column}); keep one')
                self._skip(loc, depth)
                continue
            self.tree.keys[(*loc, key)] = place
            values[key] = self._value(next(self.events), (*loc, key), depth + 1)
        return values

    def _key(self, event: Any, loc: Loc, depth: int) -> str:
        key = self._detached(event, depth)
        if isinstance(key, str):
            return key
        place = _mark(event.start_mark)
        self._refuse(place, loc, "a key must be a word; a list or keys stand here" if key else "a key is missing here")
        return f"?{place}"

    def _skip(self, loc: Loc, depth: int) -> None:
        """Read a value and forget it, but not what is wrong in it."""
        self._detached(next(self.events), depth, loc)

    def _detached(self, event: Any, depth: int, loc: Loc = ()) -> Any:
        """Read a value that has no place in the tree."""
        kept = self.tree
        self.tree = Tree()
        value = self._value(event, loc, depth + 1)
        kept.faults.extend(self.tree.faults)
        self.tree = kept
        return value

    def _refuse_syntax(self, error: MarkedYAMLError, text: str) -> None:
        problem = str(error.problem or "")
        if error.context_mark and ("end of stream" in problem or "stream end" in problem):
            self._fail(_mark(error.context_mark), "the quote or bracket that opens here is never closed")
            return
        mark = error.problem_mark or error.context_mark
        place = _mark(mark) if mark else (0, 0)
        lines = text.splitlines()
        line = lines[place[0] - 1] if 0 < place[0] <= len(lines) else ""
        self._fail(place, _plain_words(problem, str(error.context or ""), line, place[1]))


def _mark(mark: Any) -> Place:
    return mark.line + 1, mark.column + 1


_WORDS = (
    ("'\\t'", "a tab stands here: YAML indents with blanks only"),
    ("'@'", 'a text that begins with @ must be in quotes: "@name"'),
    ("'`'", "a text that begins with ` must be in quotes"),
    ("'%'", "a text that begins with % must be in quotes"),
    (
        "mapping values are not allowed",
        "no key can be here; a text with a colon and a blank must be in quotes",
    ),
    ("could not find expected ':'", "a key without a colon; write `key: value`, and mind the indentation"),
    ("found undefined tag handle", "a text that begins with ! must be in quotes"),
    (
        "expected <block end>",
        "this does not line up with the lines above; mind indentation, dashes and quotes",
    ),
    ("but found another document", "a second `---` begins here; a file holds one part only"),
    ("expected ',' or", "a comma or a closing bracket is missing before this"),
    ("expected alphabetic or numeric", "a text that begins with * or & must be in quotes; for a prefix write term*"),
    ("unknown escape character", "no such escape after the backslash; write the text in single quotes"),
)


def _plain_words(problem: str, context: str, line: str, column: int) -> str:
    """Say what the scanner means.  It names rules of YAML; the reader wants to know what to type."""
    both = f"{problem} {context}"
    for sign, words in _WORDS:
        if sign in both:
            return words
    if line[column - 1 : column] in {"*", "&"}:
        return "a text that begins with * or & must be in quotes; for a prefix write term*"
    return f"this is not YAML: {problem or 'it cannot be read'}"
