"""Lists of feeds in and out: OPML of other programs into config/feeds.yaml, and our feeds as OPML."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alerts import config as config_
from alerts.config.additions import Addition, additions, appended
from alerts.errors import AlertsError, Problem
from alerts.feeds import opml


@dataclass(frozen=True, slots=True)
class Import:
    """What a list brings: rows for feeds.yaml, what is left out and why, and the folders that its feeds stood in."""

    rows: tuple[Addition, ...]
    problems: tuple[Problem, ...]
    folders: Counter[str]


def imported(file: Path, folder: Path) -> Import:
    """Read a list, and leave out what the configuration of this folder polls already.

    :raises AlertsError: the file cannot be read.
    """
    try:
        with file.open("rb") as stream:
            body = stream.read(opml.SIZE_LIMIT + 1)
    except OSError as error:
        raise AlertsError(f"{file} cannot be read: {error.strerror or 'the system refuses'}") from error
    outlines, faults = opml.read(body, str(file))
    feeds = config_.examine(config_.read(folder)).config.feeds if folder.is_dir() else ()
    rows, known = additions(outlines, feeds, str(file))
    problems = tuple(sorted((*faults, *known), key=lambda problem: problem.line))
    return Import(rows, problems, Counter(name for outline in outlines for name in outline.folders))


def write(folder: Path, rows: Sequence[Addition]) -> Path:
    """Put the rows behind those of the folder's feeds.yaml; a reader finds the old file or the new one, never a half.

    :raises ConfigError: the file is wrong, or cannot be added to.
    """
    new = appended(config_.read(folder), rows)
    path = (folder / "feeds.yaml").resolve()
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(new.text)
    shutil.copymode(path, beside)
    beside.replace(path)
    return folder / "feeds.yaml"


def exported(folder: Path, now: datetime) -> bytes:
    """Write the feeds of the configuration as OPML 2.0.

    :raises ConfigError: the folder is not there.
    """
    return opml.written(config_.examine(config_.read(folder)).config.feeds, now)
