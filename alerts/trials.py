"""Rules tried out, without a store or a network: as a filter of lines, and against their own cases."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from alerts import config as config_
from alerts import lines, text
from alerts import rules as rules_
from alerts.config import Config, File, Places
from alerts.config.tree import SIZE_LIMIT
from alerts.errors import AlertsError, ConfigError, Problem
from alerts.model import Article, Expect, Hit, Rule

TEXT_LIMIT = 100
"""How much of the text of a case is shown."""

NOWHERE = Places()
"""Where rules stand that were read from no file."""

_SINGLE = {f"{kind}.yaml" for kind in config_.schema() if kind != "rules"}
"""What lies in the folder of a whole configuration beside its rules."""


# ── the rules alone ──────────────────────────────────────────────────────────────────────────────────────────────────


def rules_in(folder: Path) -> rules_.Rules:
    """Compile the rules of a whole configuration, or of a folder of rule files with a watchlists.yaml in or beside it.

    Other files of the configuration are not looked at.

    Raises:
        ConfigError: The folder is not there, or a rule or a watchlist is wrong; every problem is in it.
    """
    config = watch_in(folder)
    return rules_.compile(config.rules, {w.id: w for w in config.watchlists})


def watch_in(folder: Path) -> Config:
    """Read what decides on an article: rules, watchlists and, of a whole configuration, families of outlets.

    Raises:
        ConfigError: The folder is not there, or one of these is wrong; every problem is in it.
    """
    files, shown = _whole(folder) if (folder / "rules").is_dir() else _alone(folder)
    if not any("/rules/" in file.path for file in files):
        words = "there is no rule file; name a folder that holds rules/*.yaml, or the rule files themselves"
        raise ConfigError((Problem(str(folder), 0, 0, words),))
    config, problems = config_.check(files)
    paths = {file.path for file in files}
    found = tuple(_as_shown(problem, shown) for problem in problems if problem.path in paths)
    if found:
        raise ConfigError(found)
    return config


def _whole(folder: Path) -> tuple[list[File], dict[str, str]]:
    """Take the rules, the watchlists and the families out of a whole configuration."""
    wanted = ("/watchlists.yaml", "/families.yaml")
    return [file for file in config_.read(folder) if "/rules/" in file.path or file.path.endswith(wanted)], {}


def _alone(folder: Path) -> tuple[list[File], dict[str, str]]:
    """Read rule files as if they lay in a configuration; also gives the paths that a reader knows them by."""
    config_.read(folder)  # it says what is wrong with a folder that is none
    here = folder.resolve()
    name = here.parent.name if here.name == "rules" else here.name
    files, shown = [], {}
    for path in sorted(p for p in here.glob("*.y*ml") if p.suffix in {".yaml", ".yml"} and p.name not in _SINGLE):
        files.append(_read(path, f"{name}/rules/{path.name}"))
        shown[files[-1].path] = f"{here.name}/{path.name}" if here.name != "rules" else files[-1].path
    beside = next((f / "watchlists.yaml" for f in (here, here.parent) if (f / "watchlists.yaml").exists()), None)
    if beside:
        files.append(_read(beside, f"{name}/watchlists.yaml"))
        shown[files[-1].path] = f"{beside.parent.name}/watchlists.yaml"
    return files, shown


def _read(path: Path, shown: str) -> File:
    """Read a file; one that cannot be read is a problem of the check."""
    try:
        if not path.is_file():  # a pipe would never end
            return File(shown, b"", "the file cannot be read: it is not a regular file")
        with path.open("rb") as stream:
            return File(shown, stream.read(SIZE_LIMIT + 1))
    except OSError as error:
        return File(shown, b"", f"the file cannot be read: {error.strerror or 'the system refuses'}")


def _as_shown(problem: Problem, shown: dict[str, str]) -> Problem:
    """Name the files as the reader does, in the sentence too."""
    message = problem.message
    for path, other in shown.items():
        message = message.replace(path, other)
    return replace(problem, path=shown.get(problem.path, problem.path), message=message)


# ── a filter ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def matched(stream: BinaryIO, rules: rules_.Rules) -> Iterator[str | Problem]:
    """Read articles, a line each, and give the line of each hit as it is found; a line that is wrong is a problem."""
    for number, line in lines.split(stream):
        read = lines.read(line, number)
        if isinstance(read, Problem):
            yield read
            continue
        match = rules_.match(read, rules)
        yield from (lines.written(read, hit) for hit in (match.hits if match else ()))


def articles(file: Path | None) -> Iterator[Article | Problem]:
    """Read the articles of a file, or of the input without one: lines of JSON, or one text.

    A file is lines if its name ends with .jsonl or .jsonl.gz; the input, if it begins with ``{``.

    Raises:
        AlertsError: The file cannot be read.
    """
    name = file.name if file else ""
    try:
        with _opened(file) as stream:
            if name.endswith((".jsonl", ".jsonl.gz")) or (not file and _begins_with_brace(stream)):
                yield from (lines.read(line, number) for number, line in lines.split(stream))
            else:
                yield lines.plain(stream.read(lines.LINE_LIMIT).decode("utf-8", "replace"), id_=name or "input")
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AlertsError(f"{file or 'the input'} cannot be read: {reason}") from error


@contextmanager
def _opened(file: Path | None) -> Iterator[BinaryIO]:
    """Open a file, unpacked if it is packed; without one, the input."""
    if file is None:
        yield sys.stdin.buffer
    elif file.suffix == ".gz":
        with gzip.open(file) as packed:
            yield cast("BinaryIO", packed)
    else:
        with file.open("rb") as stream:
            yield stream


def _begins_with_brace(stream: BinaryIO) -> bool:
    """Look at what comes next, without taking it."""
    ahead = stream.peek(64) if isinstance(stream, BufferedReader) else b""
    return ahead.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


# ── the cases that rules carry ───────────────────────────────────────────────────────────────────────────────────────


def failures(rules: rules_.Rules, places: Places = NOWHERE) -> Iterator[Problem]:
    """Try the ``expect`` cases of every rule; say which fail, where they stand, and by which clause."""
    for rule in rules.rules:
        counts = {"match": 0, "ignore": 0}
        for case in rule.expect:
            key = "match" if case.matches else "ignore"
            if why := _failure(rule, case, rules):
                # The first letter of the text has a place of its own, below the line of a | or >.
                yield places.problem(rule.id, f"expect.{key}.{counts[key]}.0", why)
            counts[key] += 1


def _failure(rule: Rule, case: Expect, rules: rules_.Rules) -> str:
    """Say why a case does not hold; empty if it does."""
    article = as_article(rule, case)
    match = rules_.match(article, rules)
    hit = next((hit for hit in (match.hits if match else ()) if hit.rule == rule.id), None)
    if case.matches is (hit is not None):
        return ""
    said = text.cut(text.one_line(case.text), TEXT_LIMIT)
    if hit is not None:
        return f'"{said}" matches: {_by_which_words(hit)}'
    return f'"{said}" does not match: {rules_.why_not(article, rule.id, rules)}'


def as_article(rule: Rule, case: Expect) -> Article:
    """Make an article of the text of a case, in a language and of an outlet that the rule looks at."""
    return lines.plain(case.text, lang=next(iter(rule.lang), ""), outlet=next(iter(rule.only_outlets), ""))


def _by_which_words(hit: Hit) -> str:
    """Name the terms of a hit, each with the words that met it."""
    return ", ".join(f"{e.term} in the {e.field} as {text.one_line(e.words)!r}" for e in hit.evidence)


# ── what looks wrong ─────────────────────────────────────────────────────────────────────────────────────────────────


def warnings(config: Config, places: Places) -> Iterator[Problem]:
    """Say what is odd about rules that are sound, each with its place and its reason."""
    watchlists = {w.id: w for w in config.watchlists}
    lints = rules_.lint(config.rules, watchlists, [feed.outlet for feed in config.feeds])
    return (_warning(lint, places) for lint in lints)


def common(config: Config, places: Places, archive: Sequence[Article]) -> Iterator[Problem]:
    """Say which terms meet too many of the articles."""
    lints = rules_.common(config.rules, {w.id: w for w in config.watchlists}, archive)
    return (_warning(lint, places) for lint in lints)


def _warning(lint: rules_.Lint, places: Places) -> Problem:
    return places.problem(lint.rule, lint.path, f"{lint.message} ({lint.reason})", warning=True)
