"""All files together: references, defaults, duplicates, and the last good version of a file that went wrong."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import urlsplit

from alerts import rules as rules_
from alerts.config import drafts, scalars, shapes
from alerts.config.drafts import Draft, Entry, File
from alerts.config.tree import SIZE_LIMIT, Fault, Loc
from alerts.errors import ConfigError, Problem
from alerts.model import Feed, Kind, Rule, Subscription, Watchlist
from alerts.text import one_line

REQUIRED = ("feeds.yaml", "channels.yaml", "subscriptions.yaml")
"""Files that must be there, besides one rule file at least."""

_LEVELS = (("feeds", "watchlists", "channels"), ("rules",), ("subscriptions",))
"""The kinds in the order in which they refer to each other: what is referred to is repaired first."""

_PATH = re.compile(r"\b(any|all|none|aliases)\.([0-9]+)\b")
"""How the rules name a term; readers count from 1."""

_CONNECTIONS: dict[Kind, str] = {"mail": "alerts_smtp", "slack": "alerts_slack", "webhook": "alerts_webhook"}


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """A configured way out: its kind, the name of the connection with its secret, and who the mail is from."""

    id: str
    kind: Kind
    connection: str
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the files say, finished: defaults applied, references known to hold."""

    feeds: tuple[Feed, ...] = ()
    allow_hosts: frozenset[str] = frozenset()
    contact: str = ""
    watchlists: tuple[Watchlist, ...] = ()
    rules: tuple[Rule, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration to run with.

    ``problems`` are those of the files as they are now.  ``kept`` names the files whose last good version is in force.
    ``sound`` are the files without any problem: what is to be kept as the last good version.
    """

    config: Config
    problems: tuple[Problem, ...] = ()
    kept: tuple[str, ...] = ()
    sound: Mapping[str, bytes] = field(default_factory=dict)


# ── read ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(folder: Path) -> tuple[File, ...]:
    """Read the files of a folder.  A file that cannot be read is a problem of :func:`check`, not an error here.

    Raises:
        ConfigError: The folder is not there.
    """
    name = folder.resolve().name
    if not folder.is_dir():
        raise ConfigError((Problem(str(folder), 0, 0, "there is no such folder; name one that holds feeds.yaml"),))
    single = [folder / f"{kind}.yaml" for kind in shapes.FILES if kind != "rules"]
    rules = sorted(path for path in (folder / "rules").glob("*.y*ml") if path.suffix in {".yaml", ".yml"})
    return tuple(_read(path, name, folder) for path in (*single, *rules) if path.exists() or path.is_symlink())


def _read(path: Path, name: str, folder: Path) -> File:
    shown = one_line(f"{name}/{path.relative_to(folder).as_posix()}".encode(errors="replace").decode())
    try:
        # A pipe would never end, and a device neither.
        if not path.is_file():
            return File(shown, b"", "the file cannot be read: it is not a regular file")
        with path.open("rb") as stream:
            return File(shown, stream.read(SIZE_LIMIT + 1))
    except OSError as error:
        return File(shown, b"", f"the file cannot be read: {error.strerror or 'the system refuses'}")


# ── check and load ───────────────────────────────────────────────────────────────────────────────────────────────────


def check(files: Sequence[File]) -> tuple[Config, tuple[Problem, ...]]:
    """Read all files, and tell every problem of all of them at once.  The Config holds all that is right."""
    joined = _join(_drafts(files).values())
    return joined.config, joined.problems


def load(files: Sequence[File], good: Mapping[str, bytes]) -> Loaded:
    """Read all files; put the last good version in the place of a faulty one; leave out what is faulty still.

    ``good`` holds the last good text by path, as ``Loaded.sound`` gave it; a required file that has gone missing is
    taken from it too.
    """
    now = _drafts(files)
    first = joined = _join(now.values())
    kept: list[str] = []
    for level in _LEVELS:
        for path in joined.faulty():
            text, file = good.get(path), now[path]
            if file.kind in level and text is not None and path not in kept:
                now[path] = drafts.draft(File(path, text))
                kept.append(path)
        joined = _join(now.values(), broken=first.broken())
    wrong = {problem.path for problem in first.problems}
    sound = {file.path: file.text for file in files if file.path not in wrong}
    return Loaded(joined.config, first.problems, tuple(path for path in now if path in kept), sound)


def _drafts(files: Sequence[File]) -> dict[str, Draft]:
    """Read each file by itself, in the order of their references, with a stand-in for each that is missing."""
    made = {file.path: drafts.draft(file) for file in files}
    folder = PurePosixPath(files[0].path).parts[0] if files else "config"
    for name in REQUIRED:
        path = f"{folder}/{name}"
        made.setdefault(path, drafts.absent(path, "the file is missing; it must begin with " + f"`{Path(name).stem}:`"))
    if not any(one.kind == "rules" for one in made.values()):
        path = f"{folder}/rules"
        made[path] = drafts.absent(path, "there is no rule file; write one, such as rules/iran.yaml")
    order = [*shapes.FILES, ""]
    return dict(sorted(made.items(), key=lambda kv: (order.index(kv[1].kind), kv[0])))


# ── together ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Row:
    """One entry of a list, and where it stands."""

    draft: Draft
    entry: Entry

    @property
    def value(self) -> Any:
        return self.entry.value

    def loc(self, *keys: str | int) -> Loc:
        return (self.draft.kind, self.entry.index, *keys)

    def where(self, key: str) -> str:
        line, column = self.draft.tree.place(self.loc(key))
        return f"{self.draft.path}:{line}:{column}"

    def is_sound(self, *keys: str) -> bool:
        """Whether these keys hold what was written, and no stand-in."""
        return self.entry.broken.isdisjoint(keys)

    def fault(self, message: str, *keys: str | int, soft: bool = False) -> _Found:
        """Say what is wrong with a key of the entry."""
        sentence = f"{drafts.label(self.draft.tree, self.loc(*keys))}: {message}"
        return _Found(self.draft, Fault(self.draft.tree.place(self.loc(*keys)), sentence), soft=soft)


@dataclass(frozen=True, slots=True)
class _Found:
    """A fault of a file.  A soft one is only there because another file is broken: the file itself may be right."""

    draft: Draft
    fault: Fault
    soft: bool = False

    @property
    def problem(self) -> Problem:
        line, column = self.fault.place
        return Problem(self.draft.path, line, column, self.fault.message)


V = TypeVar("V")


@dataclass(slots=True)
class _Joined:
    """The files put together."""

    drafts: tuple[Draft, ...]
    found: list[_Found]
    config: Config = Config()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, in the order of the files and of their lines."""
        order = [draft.path for draft in self.drafts]
        told = sorted((f.problem for f in self.found), key=lambda p: (order.index(p.path), p.line, p.column))
        return tuple(dict.fromkeys(told))

    def faulty(self) -> tuple[str, ...]:
        """Name the files that are wrong by themselves."""
        return tuple(dict.fromkeys(f.draft.path for f in self.found if not f.soft))

    def broken(self) -> frozenset[str]:
        """Name the kinds of file with a fault, so that what they define may be missing for that reason alone."""
        return frozenset(drafts.area(f.draft.path) for f in self.found)

    def rows(self, kind: str) -> tuple[_Row, ...]:
        """Give the entries of a kind, each id once: the first to have it keeps it."""
        made = [_Row(draft, entry) for draft in self.drafts if draft.kind == kind for entry in draft.entries]
        return self.first(made, "id", "this id is taken, at {}; choose another")

    def first(self, rows: Iterable[_Row], key: str, words: str) -> tuple[_Row, ...]:
        """Keep the first entry of those with the same value of ``key``, and tell of the others."""
        seen: dict[object, _Row] = {}
        kept = []
        for row in rows:
            older = seen.setdefault(getattr(row.value, key), row) if row.is_sound(key) else row
            if older is row:
                kept.append(row)
            else:
                self.found.append(row.fault(words.format(older.where(key)), key))
        return tuple(kept)

    def keep(self, rows: Iterable[_Row], read: Callable[[_Row], tuple[V | None, list[_Found]]]) -> tuple[V, ...]:
        """Make our values of the entries.  What is wrong is told; what is broken is looked at and left out."""
        values: list[V] = []
        for row in rows:
            value, found = read(row)
            self.found += found
            if value is not None and not row.entry.broken:
                values.append(value)
        return tuple(values)


def _join(all_drafts: Iterable[Draft], *, broken: frozenset[str] = frozenset()) -> _Joined:
    """Put the files together, in the order of their references.  ``broken`` are kinds known to be in doubt."""
    made = tuple(all_drafts)
    joined = _Joined(made, [_Found(draft, fault) for draft in made for fault in draft.faults])
    head = next((d.head for d in made if d.kind == "feeds" and d.head), shapes.FeedsFile(feeds=()))
    urls = joined.first(joined.rows("feeds"), "url", "this URL is polled already, at {}; delete one")
    feeds = joined.keep(urls, lambda row: _feed(row, head))
    watchlists = joined.keep(joined.rows("watchlists"), _watchlist)
    by_id = {w.id: w for w in watchlists}
    doubt = broken | joined.broken()
    rows = joined.rows("rules")
    rules = joined.keep(rows, lambda row: _rule(row, by_id, doubt))
    channels = joined.keep(joined.rows("channels"), _channel)
    known = _Known(tuple(row.value.id for row in rows), {c.id: c for c in channels}, broken | joined.broken())
    subscriptions = joined.keep(joined.rows("subscriptions"), lambda row: _subscription(row, known))
    joined.config = Config(feeds, frozenset(head.allow_hosts), head.contact, watchlists, rules, subscriptions, channels)
    return joined


# ── from shapes to values ────────────────────────────────────────────────────────────────────────────────────────────


def _feed(row: _Row, head: shapes.FeedsFile) -> tuple[Feed | None, list[_Found]]:
    """Apply the defaults of the file, and behind them those of the model."""
    shape, defaults = row.value, head.defaults
    hostname = urlsplit(shape.url).hostname or ""
    if scalars.is_private(hostname) and hostname not in head.allow_hosts:
        return None, [row.fault(f"{hostname} is a private address; if you mean it, add it to allow_hosts", "url")]
    if shape.every is not None and shape.every < scalars.POLITE and hostname not in head.allow_hosts:
        return None, [row.fault("a server of others is asked every 1m at most; write 1m or more", "every")]
    given: dict[str, Any] = {}
    for key in ("every", "first_poll"):
        own = getattr(shape, key)
        value = getattr(defaults, key) if own is None else own
        given |= {} if value is None else {key: None if value == scalars.ALL else value}
    return Feed(shape.id, shape.url, shape.outlet, shape.lang, shape.country, **given), []


def _watchlist(row: _Row) -> tuple[Watchlist | None, list[_Found]]:
    value = Watchlist(row.value.id, row.value.aliases)
    found = _said(row, rules_.check_watchlist(value))
    return (None if found else value), found


def _rule(row: _Row, watchlists: Mapping[str, Watchlist], doubt: frozenset[str]) -> tuple[Rule | None, list[_Found]]:
    value = Rule(**{key: getattr(row.value, key) for key in shapes.keys(shapes.RuleShape)})
    why = " (watchlists.yaml is wrong: repair that first)" if "watchlists" in doubt else ""
    said = [
        (path, f"{words}{why}" if "no watchlist" in words else words) for path, words in rules_.check(value, watchlists)
    ]
    found = _said(row, said)
    return (None if said else value), found


def _said(row: _Row, said: Iterable[tuple[str, str]]) -> list[_Found]:
    """Give what the rules say a place.  Of a broken list they may say that it is empty: that is not news."""
    paths = [(_keys(path), _PATH.sub(lambda m: f"{m[1]} {int(m[2]) + 1}", words)) for path, words in said]
    return [row.fault(words, *keys) for keys, words in paths if len(keys) > 1 or not row.entry.broken]


def _keys(path: str) -> tuple[str | int, ...]:
    """Read a path such as ``any.2``."""
    return tuple(int(part) if part.isdigit() else part for part in path.split(".") if part)


def _channel(row: _Row) -> tuple[ChannelSettings | None, list[_Found]]:
    shape = row.value
    if shape.sender and shape.kind != "mail" and row.is_sound("kind"):
        return None, [row.fault(f"only a mail channel has a sender, and this one is {shape.kind}; delete it", "from")]
    if shape.kind == "mail" and not shape.sender and row.is_sound("kind") and row.is_sound("from"):
        wanted = 'a mail channel needs a sender; write from: "Tocsin <tocsin@example.org>"'
        return None, [row.fault(wanted, "kind")]
    return ChannelSettings(shape.id, shape.kind, shape.connection or _CONNECTIONS[shape.kind], shape.sender), []


# ── subscriptions ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Known:
    """What a subscription may refer to, and the kinds of file that are in doubt.

    A rule that is known but wrong is told where it stands, and not once more where it is referred to.
    """

    rules: tuple[str, ...]
    channels: Mapping[str, ChannelSettings]
    broken: frozenset[str]

    def why(self, kind: str) -> str:
        """Say that another file is to be repaired first, if it is."""
        what = "a rule file" if kind == "rules" else f"{kind}.yaml"
        return f" ({what} is wrong: repair that first)" if kind in self.broken else ""


def _subscription(row: _Row, known: _Known) -> tuple[Subscription | None, list[_Found]]:
    """Finish a subscription.  One that names a rule which is not there still stands: it has other rules."""
    shape = row.value
    found = _wrong_rules(row, known) if row.is_sound("rules") else []
    channel = known.channels.get(shape.channel)
    wrong = _wrong_time(row)
    if row.is_sound("channel"):
        wrong += _wrong_way(row, channel.kind) if channel else [_unknown_channel(row, known)]
    if wrong or channel is None:
        return None, found + wrong
    made = Subscription(
        id=shape.id,
        rules=known.rules if shape.rules == shapes.EVERY_RULE else shape.rules,
        channel=channel.id,
        kind=channel.kind,
        title=shape.title,
        recipients=shape.to or ("",),
        at=shape.when,
        zone=shape.zone or "UTC",
        backfill=shape.backfill,
    )
    return (dataclasses.replace(made, max_stories=shape.max_stories) if shape.max_stories else made), found


def _wrong_rules(row: _Row, known: _Known) -> list[_Found]:
    names = row.value.rules
    found = [
        row.fault(f"{scalars.shown(name)} is in the list twice; delete one", "rules", n)
        for n, name in enumerate(names)
        if name in names[:n]
    ]
    for n, name in enumerate(names):
        if names != shapes.EVERY_RULE and name not in known.rules:
            words = f"there is no rule {scalars.shown(name)}{scalars.near(name, known.rules)}{known.why('rules')}"
            found.append(row.fault(words, "rules", n, soft="rules" in known.broken))
    return found


def _unknown_channel(row: _Row, known: _Known) -> _Found:
    listed = f"; the channels are {', '.join(known.channels)}" if known.channels else ""
    hint = known.why("channels") or scalars.near(row.value.channel, known.channels) or listed
    return row.fault(f"there is no channel {scalars.shown(row.value.channel)}{hint}", "channel")


def _wrong_time(row: _Row) -> list[_Found]:
    shape = row.value
    if not row.is_sound("when", "zone"):
        return []
    if shape.when is not None and not shape.zone:
        return [row.fault("a daily digest needs a time zone; add `zone: Europe/London`, or another", "when")]
    if shape.when is None and shape.max_stories is not None:
        return [row.fault("only a digest counts stories, and this is told at once; delete it", "max_stories")]
    return []


def _wrong_way(row: _Row, kind: Kind) -> list[_Found]:
    """Mail needs addresses, each once; the other channels have one recipient, which the connection knows."""
    to = [address.casefold() for address in row.value.to]
    if kind == "mail":
        doubles = [n for n, address in enumerate(to) if address in to[:n]]
        found = [row.fault("this address is in the list twice; delete one", "to", n) for n in doubles]
        missing = not to and row.is_sound("to")
        return [row.fault("mail needs recipients; add `to:` with a list of addresses")] if missing else found
    return [row.fault(f"only mail has addresses, and this channel is {kind}; delete `to`", "to")] if to else []
