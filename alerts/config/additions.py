"""New rows for feeds.yaml, put behind those that are there; every other byte of the file stays as it is."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

from alerts import urls
from alerts.config import scalars
from alerts.config.drafts import File
from alerts.config.loading import check
from alerts.errors import ConfigError, Problem
from alerts.feeds.opml import Outline
from alerts.model import Feed

_ID_LIMIT = 50
_LINE_LIMIT = 200
_KEY = "feeds"


@dataclass(frozen=True, slots=True)
class Addition:
    """A feed as it will stand in feeds.yaml."""

    id: str
    url: str
    outlet: str
    lang: str = ""

    def __str__(self) -> str:
        """Write it as one line of YAML; JSON's quotes are YAML's."""
        said = f"id: {self.id}, url: {_quoted(self.url)}, outlet: {_quoted(self.outlet)}"
        return f"- {{{said}, lang: {self.lang}}}" if self.lang else f"- {{{said}}}"


def additions(
    outlines: Iterable[Outline], feeds: Sequence[Feed], path: str
) -> tuple[tuple[Addition, ...], tuple[Problem, ...]]:
    """Make rows of the outlines that are not configured yet, and say of each other one why it is left out."""
    known = {urls.canonical(feed.url): feed.id for feed in feeds}
    ids = {feed.id for feed in feeds}
    made: list[Addition] = []
    problems: list[Problem] = []
    for outline in outlines:
        fault = _fault(outline, known)
        if fault:
            problems.append(Problem(path, outline.line, 1, fault))
            continue
        outlet = outline.title[:_LINE_LIMIT] or urls.host(outline.url)
        id_ = next(name for name in _ids(outlet, outline.url) if name not in ids)
        ids.add(id_)
        lang = outline.lang if re.fullmatch(scalars.LANG, outline.lang) else ""
        made.append(Addition(id_, outline.url, outlet, lang))
    return tuple(made), tuple(problems)


def _fault(outline: Outline, known: dict[str, str]) -> str:
    """Say why an outline is not taken; empty if it is."""
    if id_ := known.get(urls.canonical(outline.url)):
        return f'"{outline.title}" is polled already, as {id_}'
    try:
        scalars.url(outline.url)
    except ValueError as error:
        return f'the address of "{outline.title}" {error}'
    return ""


def _ids(outlet: str, url: str) -> Iterator[str]:
    """Give the names that a feed may have, the best first: its title in small letters, or its host."""
    name = _slug(outlet) or _slug(urls.host(url)) or "feed"
    yield name
    yield from (f"{name}-{n}" for n in count(2))


def _slug(words: str) -> str:
    """Give letters, digits and dashes.

    >>> _slug("Le Monde – Économie")
    'le-monde-economie'
    """
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain)[:_ID_LIMIT].strip("-")


def _quoted(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def appended(files: Sequence[File], rows: Sequence[Addition]) -> File:
    """Give feeds.yaml with the rows behind its own.

    The result is read again, and must say what the file said, and the rows: nothing else makes sure of it.

    :raises ConfigError: feeds.yaml is missing or wrong, or written in a way that cannot be added to.
    """
    file = next((file for file in files if file.path.endswith(f"/{_KEY}.yaml")), None)
    if file is None:
        raise ConfigError((Problem("feeds.yaml", 0, 0, "the file is missing; make one that begins with `feeds:`"),))
    before, problems = check(files)
    if wrong := tuple(problem for problem in problems if problem.path == file.path):
        raise ConfigError(wrong)
    new = replace(file, text=_with(file.text.decode(), rows).encode())
    after, problems = check([new if one is file else one for one in files])
    told = [(feed.id, feed.url) for feed in before.feeds] + [(row.id, row.url) for row in rows]
    if [(feed.id, feed.url) for feed in after.feeds] != told or any(p.path == file.path for p in problems):
        raise ConfigError((Problem(file.path, 0, 0, "the rows cannot be added by themselves; put them in by hand"),))
    return new


def _with(written: str, rows: Sequence[Addition]) -> str:
    """Put the rows behind the last one of the list; unchanged if there is no list to put them behind."""
    place = _end(written)
    if place is None:
        return written
    line, column = place
    lines = written.splitlines(keepends=True)
    if not lines[line - 1].endswith("\n"):
        lines[line - 1] += "\n"
    return "".join((*lines[:line], *(f"{' ' * column}{row}\n" for row in rows), *lines[line:]))


def _end(written: str) -> tuple[int, int] | None:
    """Find the line behind the last feed, counted from 0, and the column of its dash; ``None`` in other styles."""
    try:
        root = YAML(typ="rt").compose(written)
    except YAMLError:
        return None
    pairs = root.value if isinstance(root, MappingNode) else []
    listed = next((value for key, value in pairs if key.value == _KEY), None)
    if not isinstance(listed, SequenceNode) or listed.flow_style or not listed.value:
        return None
    return _last_line(listed) + 1, listed.start_mark.column


def _last_line(node: Any) -> int:
    """Find the last line of a value; the mark of a block stands behind the comments that follow it."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(node, MappingNode) else last)
    return int(node.end_mark.line)
