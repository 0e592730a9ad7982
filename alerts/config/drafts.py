"""One file of the configuration: its text against its shape, and every fault of it in plain words.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from alerts.config import scalars, shapes, tree
from alerts.config.tree import Fault, Loc, Tree

_NOUNS = {
    "feeds": "feed",
    "families": "family",
    "watchlists": "watchlist",
    "rules": "rule",
    "channels": "channel",
    "subscriptions": "subscription",
}

_HINTS = {
    "at": "`when: daily at 07:30`",
    "address": "`to`",
    "aliasses": "`aliases`",
    "digest_at": "`when: daily at 07:30`",
    "email": "`to`",
    "every": "`when`",
    "exclude": "`not`, or `none`",
    "expression": "`match`",
    "interval": "`every`",
    "cadence": "`when`",
    "cron": "`when: cron 30 7 * * 1-5`",
    "max_stories": "`max_items`",
    "min_stories": "`min_items`",
    "quiet_hours": "`quiet: 22:00-07:00`",
    "keywords": "`any`",
    "language": "`lang`",
    "name": "`title`",
    "not": "`none`",
    "password": "a connection, and its name as `connection`",
    "priority": "`severity`",
    "query": "`match`",
    "recipients": "`to`",
    "schedule": "`when: daily at 07:30`",
    "sender": "`from`",
    "terms": "`any` or `aliases`",
    "timezone": "`zone`",
    "token": "a connection, and its name as `connection`",
    "type": "`kind`",
    "url": "a connection, and its name as `connection`",
}
"""What other programs call it."""

_STAND_INS: dict[str, Any] = {
    "id": "placeholder",
    "url": "https://placeholder.example/",
    "outlet": "placeholder",
    "title": "placeholder",
    "aliases": ["placeholder"],
    "members": ["placeholder"],
    "kind": "mail",
    "rules": "all",
    "channel": "placeholder",
    "when": "instant",
}
"""What stands for a wrong value while the others are checked.  No entry with a stand-in is ever used."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was read.  ``path`` is its key; ``unread`` says why it could not be read, if it could not."""

    path: str
    text: bytes
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list.  ``broken`` names its wrong keys; stand-ins are in their place, so that the rest is checked.

    The key ``*`` means that the entry as a whole is in doubt: a key is there twice.
    """

    index: int
    value: Any
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Draft:
    """What one file says by itself: the entries of its list that can be looked into, and its faults.

    ``head`` is the shape of the file without its list; ``None`` if the file could not be read at all.
    """

    path: str
    kind: str
    tree: Tree
    head: Any = None
    entries: tuple[Entry, ...] = ()
    faults: tuple[Fault, ...] = ()


def area(path: str) -> str:
    """Name the kind that a file's place promises: ``rules`` for anything in that folder, else what it is called."""
    parts = PurePosixPath(path).parts[1:]
    return "rules" if parts[:1] == ("rules",) else PurePosixPath(path).stem


def kind(path: str) -> str:
    """Name the kind of a file by its path; empty if it is none of ours."""
    what = area(path)
    depth = 3 if what == "rules" else 2
    pure = PurePosixPath(path)
    return what if what in shapes.FILES and pure.suffix == ".yaml" and len(pure.parts) == depth else ""


def draft(file: File) -> Draft:
    """Read one file.  Never raises for what it says."""
    what = kind(file.path)
    if not what:
        return absent(file.path, "this file is not one of the configuration; a rule file is called rules/<name>.yaml")
    if file.unread:
        return absent(file.path, file.unread)
    parsed = tree.parse(file.text)
    if parsed.value is None:
        begin = f"; it must begin with `{what}:`"
        faults = parsed.faults or [Fault((0, 0), "the file says nothing")]
        told = [replace(f, message=f.message + begin) if f.place == (0, 0) and len(faults) == 1 else f for f in faults]
        return Draft(file.path, what, parsed, faults=tuple(told))
    return _read(file.path, what, parsed)


def absent(path: str, message: str) -> Draft:
    """Stand for a file that is not there, or that is not to be looked into."""
    return Draft(path, kind(path), Tree(), faults=(Fault((0, 0), message),))


def _read(path: str, what: str, parsed: Tree) -> Draft:
    """Hold the file against its shape: the list entry by entry, so that one bad entry costs no other."""
    head, faults = _head(what, parsed)
    entries: list[Entry] = []
    refused = _refused(parsed.faults)
    for index, raw in _listed(parsed.value, what):
        entry, found = _entry(what, parsed, index, raw, refused.get((what, index), set()))
        entries += [entry] if entry else []
        faults += found
    told = {f.place for f in parsed.faults}
    faults = [*parsed.faults, *(f for f in faults if f.place not in told)]
    return Draft(path, what, parsed, head, tuple(entries), tuple(sorted(faults, key=lambda f: f.place)))


def _refused(faults: Iterable[Fault]) -> dict[Loc, set[str]]:
    """Name the keys of each entry that YAML itself has refused; ``*`` is the entry as a whole."""
    found: dict[Loc, set[str]] = {}
    for fault in faults:
        found.setdefault(fault.loc[:2], set()).add(str(fault.loc[2]) if len(fault.loc) > 2 else "*")
    return found


def _listed(value: Any, what: str) -> Iterator[tuple[int, Any]]:
    listed = value.get(what) if isinstance(value, dict) else None
    return enumerate(listed if isinstance(listed, list) else [])


def _entry(what: str, parsed: Tree, index: int, raw: Any, refused: set[str]) -> tuple[Entry | None, list[Fault]]:
    """Read one entry; a broken one with stand-ins, as long as it has keys at all.  ``refused`` are its bad keys."""
    loc: Loc = (what, index)
    adapter = shapes.ENTRY_ADAPTERS[what]
    try:
        return Entry(index, adapter.validate_python(raw), frozenset(refused)), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    faults = _faults(what, parsed, details, loc)
    wrong = [detail["loc"] for detail in details]
    if not isinstance(raw, dict) or () in wrong:
        return None, faults
    value = adapter.validate_python(_without(raw, wrong, _required(what)))
    return Entry(index, value, frozenset(refused | {str(loc[0]) for loc in wrong})), faults


def _required(what: str) -> dict[str, Any]:
    """Give stand-ins for the keys that an entry of this kind must have."""
    must = {field.name for field in fields(shapes.ENTRIES[what]) if field.default is MISSING}
    return {key: value for key, value in _STAND_INS.items() if key in must}


def _without(value: Mapping[str, Any], wrong: Iterable[Loc], stand_ins: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is wrong.  Parts of an entry's list keep their number, because places go by it."""
    rest = {key: part.copy() if isinstance(part, list | dict) else part for key, part in value.items()}
    for key, *inside in wrong:
        part = rest.get(str(key))
        if inside and isinstance(part, list):
            word = f"placeholder{inside[0]}"
            part[int(inside[0])] = {"to": f"{word}@localhost", "inhibit": f"{word} while {word}"}.get(str(key), word)
        elif inside and isinstance(part, dict):
            part.pop(inside[0], None)
        else:
            rest.pop(str(key), None)
    return {**stand_ins, **rest}


def _head(what: str, parsed: Tree) -> tuple[Any, list[Fault]]:
    """Read what stands beside the list.  What is wrong is told and left out, so that the rest is still of use."""
    value = parsed.value
    if isinstance(value, dict) and isinstance(value.get(what), list):
        value = {**value, what: []}
    adapter = shapes.FILE_ADAPTERS[what]
    try:
        return adapter.validate_python(value), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    faults = _faults(what, parsed, details, ())
    rest = value if isinstance(value, dict) else {}
    wrong = [detail["loc"] for detail in details if detail["loc"]]
    head = adapter.validate_python(_without(rest, wrong, {what: []}))
    hosts = {detail["loc"][1:] for detail in details if detail["loc"][:1] == ("allow_hosts",)}
    if hosts:
        head = replace(head, allow_hosts=tuple(h for n, h in enumerate(head.allow_hosts) if (n,) not in hosts))
    return head, faults


# ── in plain words ───────────────────────────────────────────────────────────────────────────────────────────────────


def label(parsed: Tree, loc: Loc) -> str:
    """Name a value for a reader: ``rule "iran", any 2``."""
    words: list[str] = []
    rest = loc
    if len(loc) > 1 and loc[0] in _NOUNS and isinstance(loc[1], int):
        words = [_entry_name(parsed, str(loc[0]), loc[1])]
        rest = loc[2:]
    path = " ".join(str(part + 1) if isinstance(part, int) else part for part in rest)
    return ", ".join([*words, path]) if path else ", ".join(words)


def _entry_name(parsed: Tree, what: str, index: int) -> str:
    """Call an entry by its id; by its number if it has none that can be shown."""
    entry = parsed.value[what][index]
    name = entry.get("id") if isinstance(entry, dict) else None
    if isinstance(name, str) and scalars.shown(name).startswith('"'):
        return f'{_NOUNS[what]} "{name}"'
    return f"{_NOUNS[what]} {index + 1}"


def _faults(what: str, parsed: Tree, details: list[ErrorDetails], prefix: Loc) -> list[Fault]:
    """Tell each fault once: a key that is misspelt is not also missing."""
    locs = [(*prefix, *d["loc"]) for d in details if d["type"] == "unexpected_keyword_argument"]
    meant = {(*loc[:-1], scalars.nearest(str(loc[-1]), shapes.keys(_shape(what, loc)))) for loc in locs}
    told = [d for d in details if d["type"] != "missing" or (*prefix, *d["loc"]) not in meant]
    return [_fault(what, parsed, detail, prefix) for detail in told]


def _fault(what: str, parsed: Tree, detail: ErrorDetails, prefix: Loc) -> Fault:
    """Turn what pydantic found into a place and a sentence."""
    loc = (*prefix, *detail["loc"])
    of_key = detail["type"] == "unexpected_keyword_argument"
    around = loc[:-1] if of_key or detail["type"] == "missing" else loc
    name = label(parsed, around)
    sentence = _sentence(what, detail, loc)
    return Fault(parsed.place(loc, of_key=of_key), f"{name}: {sentence}" if name else sentence, loc)


def _sentence(what: str, detail: ErrorDetails, loc: Loc) -> str:
    match detail["type"]:
        case "missing":
            words = f'the key "{loc[-1]}" is missing'
        case "unexpected_keyword_argument":
            words = _unknown_key(str(loc[-1]), shapes.keys(_shape(what, loc)))
        case "dataclass_type":
            words = _no_map(what, detail["input"], loc)
        case "tuple_type":
            words = _no_list(detail["input"])
        case "too_short":
            words = "must not be empty"
        case _:
            words = detail["msg"].removeprefix("Value error, ")
    return words


def _shape(what: str, loc: Loc) -> type:
    """Find the shape whose key stands at the end of ``loc``."""
    if len(loc) == 1:
        return shapes.FILES[what]
    return shapes.NESTED.get(str(loc[-2]), shapes.ENTRIES[what])


def _unknown_key(key: str, known: tuple[str, ...]) -> str:
    listed = f"the keys are {', '.join(known)}" if len(known) > 1 else f"the only key is {known[0]}"
    quoted = f'"{key[:40]}"' if key.isprintable() else "this"
    near = scalars.near(key, known)
    hint = f"; write {_HINTS[key]}" if key in _HINTS and not near else near
    return f"{quoted} is no key here{hint or '; ' + listed}"


def _no_map(what: str, value: object, loc: Loc) -> str:
    if not loc:
        found = "a list" if isinstance(value, list) else "a text"
        return f"{found} stands here where keys are meant; the file must begin with `{what}:`"
    if value is None:
        return "is empty; write its keys and values, or delete it"
    first = shapes.keys(_shape(what, (*loc, "")))[0]
    found = "a list" if isinstance(value, list) else "a text"
    return f"must have keys and values, as in `{first}: …`; {found} stands here"


def _no_list(value: object) -> str:
    if value is None:
        return "has no value; write a list, one line each after a dash, or []"
    if isinstance(value, str):
        return "must be a list, one line each after a dash; a text stands here"
    return "must be a list, one line each after a dash; keys stand here"
