"""All files together: references, defaults, duplicates, and the last good version of a file that went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar

from alerts.config import drafts, places, shapes, subscribers, values
from alerts.config.drafts import Draft, File
from alerts.config.places import Places
from alerts.config.tree import SIZE_LIMIT, Fault
from alerts.config.values import ChannelSettings, Found, Row
from alerts.errors import ConfigError, Problem
from alerts.model import Feed, Rule, Subscription, Watchlist, Way
from alerts.stories import Family
from alerts.subscribers import Service
from alerts.text import one_line

REQUIRED = ("feeds.yaml", "channels.yaml", "subscriptions.yaml")
"""Files that must be there, besides one rule file at least."""

_LEVELS = (("feeds", "families", "watchlists", "channels"), ("rules",), ("subscriptions",))
"""The kinds in the order in which they refer to each other: what is referred to is repaired first."""


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
    families: tuple[Family, ...] = ()
    operator: tuple[Way, ...] = ()
    """How the operator is told of a channel that is not well, the first to be tried at the head."""
    self_service: Service | None = None


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


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: all that is right, all that is wrong, and where each rule and watchlist stands."""

    config: Config
    problems: tuple[Problem, ...]
    places: Places


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
    checked = examine(files)
    return checked.config, checked.problems


def examine(files: Sequence[File]) -> Checked:
    """Check all files, and keep where the rules and watchlists stand, for what else is found out about them."""
    joined = _join(_drafts(files).values())
    return Checked(joined.config, joined.problems, places.of((*joined.rows("watchlists"), *joined.rows("rules"))))


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


V = TypeVar("V")


@dataclass(slots=True)
class _Joined:
    """The files put together."""

    drafts: tuple[Draft, ...]
    found: list[Found]
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

    def rows(self, kind: str) -> tuple[Row, ...]:
        """Give the entries of a kind, each id once: the first to have it keeps it."""
        made = [Row(draft, entry) for draft in self.drafts if draft.kind == kind for entry in draft.entries]
        return self.first(made, "id", "this id is taken, at {}; choose another")

    def first(self, rows: Iterable[Row], key: str, words: str) -> tuple[Row, ...]:
        """Keep the first entry of those with the same value of ``key``, and tell of the others."""
        seen: dict[object, Row] = {}
        kept = []
        for row in rows:
            older = seen.setdefault(getattr(row.value, key), row) if row.is_sound(key) else row
            if older is row:
                kept.append(row)
            else:
                self.found.append(row.fault(words.format(older.where(key)), key))
        return tuple(kept)

    def families(self) -> tuple[Family, ...]:
        """Give the families, and tell of an outlet that is in two of them."""
        home: dict[str, Row] = {}
        rows = self.rows("families")
        for row in rows:
            for n, outlet in enumerate(row.value.members if row.is_sound("members") else ()):
                older = home.setdefault(outlet.casefold(), row)
                if older is not row:
                    words = f'this outlet is in the family "{older.value.id}" too, at {older.where("id")}; delete one'
                    self.found.append(row.fault(words, "members", n))
        return self.keep(rows, values.family)

    def service(self, known: subscribers.Known) -> Service | None:
        """Give what readers may subscribe to by themselves, if the file says so."""
        file = next((d for d in self.drafts if d.kind == "subscriptions" and d.head), None)
        if file is None or not file.head.self_service.rules:
            return None
        made, wrong = subscribers.service(file.head.self_service, known)
        self.found += [Found(file, Fault(file.tree.place(("self_service", key)), words)) for key, words in wrong]
        return made

    def keep(self, rows: Iterable[Row], read: Callable[[Row], tuple[V | None, list[Found]]]) -> tuple[V, ...]:
        """Make our values of the entries.  What is wrong is told; what is broken is looked at and left out."""
        made: list[V] = []
        for row in rows:
            value, found = read(row)
            self.found += found
            if value is not None and not row.entry.broken:
                made.append(value)
        return tuple(made)


def _join(all_drafts: Iterable[Draft], *, broken: frozenset[str] = frozenset()) -> _Joined:
    """Put the files together, in the order of their references.  ``broken`` are kinds known to be in doubt."""
    made = tuple(all_drafts)
    joined = _Joined(made, [Found(draft, fault) for draft in made for fault in draft.faults])
    head = next((d.head for d in made if d.kind == "feeds" and d.head), shapes.FeedsFile(feeds=()))
    urls = joined.first(joined.rows("feeds"), "url", "this URL is polled already, at {}; delete one")
    feeds = joined.keep(urls, lambda row: values.feed(row, head))
    families = joined.families()
    listed = joined.rows("watchlists")
    named = {row.value.id: values.as_watchlist(row) for row in listed}
    watchlists = values.whole(joined.keep(listed, lambda row: values.watchlist(row, named)))
    by_id = {w.id: w for w in watchlists}
    doubt = broken | joined.broken()
    rows = joined.rows("rules")
    rules = joined.keep(rows, lambda row: values.rule(row, by_id, doubt))
    channels = joined.keep(joined.rows("channels"), values.channel)
    ways: tuple[Way, ...] = ()
    for draft in (draft for draft in made if draft.kind == "channels"):
        ways, found = values.operator(draft, {c.id: c for c in channels})
        joined.found += found
    known = subscribers.Known(
        {row.value.id: row.value for row in rows}, {c.id: c for c in channels}, broken | joined.broken()
    )
    subscriptions = joined.keep(joined.rows("subscriptions"), lambda row: subscribers.subscription(row, known))
    service = joined.service(known)
    joined.config = Config(
        feeds,
        frozenset(head.allow_hosts),
        head.contact,
        watchlists,
        rules,
        subscriptions,
        channels,
        families,
        ways,
        service,
    )
    return joined
