"""What the pages say is so: examples run, transcripts are what is printed, YAML is sound, and what is named is there.

A page is read from top to bottom, as its reader does.  A YAML block that begins with the path of a file is written to
that file, and a ``console`` block is typed: each ``$ alerts …`` is run in a folder of its own, on a copy of what a first
run on the sample feeds leaves behind, and the lines that follow must be among those printed, in this order.  In them
``…`` stands for anything, and times, the hash of the rules and the number of a story for any other.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import structlog
import typer

from alerts import app as app_
from alerts import cli, config, demo
from alerts.config import File
from alerts.errors import Problem

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, *(ROOT / f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING")), *sorted(ROOT.glob("docs/**/*.md"))]
LINE = "Feed ──poll──▶ Article ──match──▶ Match ──group──▶ Development ──compose──▶ Delivery ──deliver──▶ Receipt"
PORT = f"127.0.0.1:{demo.PORT}"
TO_WRITE = {
    "config/templates/mail/",
    "config/templates/slack/",
    *(f"config/rules/{name}.yaml" for name in ("chips", "hormuz", "ports", "shadow-fleet")),
    *(
        "alerts/render/teams.py",
        "alerts/adapters/teams.py",
        "tests/test_render_teams.py",
        "tests/contract/test_teams.py",
    ),
}
"""Files that a page tells its reader to write."""

ADDED = {"config/watchlists.yaml", "config/subscriptions.yaml"}
"""Files to which a page tells its reader to add what it shows."""

NOT_TYPED = {"airflow", "docker", "git", "make", "pip", "source"}

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block.  ``path`` is the file that it is, if its first line names one."""

    kind: str
    text: str

    @property
    def path(self) -> str:
        named = re.match(r"# (\w+/[\w/.-]+\.yaml)\n", self.text)
        return named[1] if named else ""


def blocks(page: Path) -> list[Block]:
    found = _BLOCK.finditer(page.read_text())
    return [Block(m[2], re.sub(f"^{m[1]}", "", m[3], flags=re.MULTILINE)) for m in found]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def pages(*kinds: str) -> pytest.MarkDecorator:
    """The pages with a block of one of these kinds; all pages without."""
    chosen = [page for page in PAGES if not kinds or any(block.kind in kinds for block in blocks(page))]
    return pytest.mark.parametrize("page", chosen, ids=named)


# ── the front page ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_front_page_is_one_page_with_the_picture_and_the_two_commands() -> None:
    text = README.read_text()
    assert len(text.splitlines()) <= 160
    assert LINE in text
    assert LINE in (ROOT / "CONTRIBUTING.md").read_text()
    assert all(f"`{command}`" in text for command in ("make run", "make test", "make up", "alerts run --every 5m"))


def test_every_page_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / to).resolve() for to in _links(index)}
    notes = {(ROOT / "docs" / "notes" / to).resolve() for to in _links(ROOT / "docs" / "notes" / "README.md")}
    assert {page for page in ROOT.glob("docs/**/*.md") if page != index} - listed - notes == set()


# ── examples run ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pages("python")
def test_examples_in_python_run(page: Path) -> None:
    examples = "\n".join(block.text for block in blocks(page) if block.kind == "python")
    assert ">>> " in examples
    told: list[str] = []
    test = doctest.DocTestParser().get_doctest(examples, {}, named(page), str(page), 0)
    with structlog.testing.capture_logs():
        doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    assert "".join(told) == ""


@pages("yaml")
def test_yaml_is_sound(page: Path) -> None:
    """Each block in the shipped configuration, with the other blocks of its page around it."""
    wrong = _wrong(page)
    sound = [block for block in blocks(page) if block.kind == "yaml" and block not in wrong]
    problems = [str(problem) for block in sound for problem in _problems(block, sound)]
    assert sound
    assert problems == []


def _wrong(page: Path) -> list[Block]:
    """The blocks that are meant to be wrong: `alerts check` says so right below."""
    told = re.compile(r"^\d+ problem", re.MULTILINE)
    return [block for block, below in pairwise(blocks(page)) if block.kind == "yaml" and told.search(below.text)]


def _problems(block: Block, page: Sequence[Block]) -> list[Problem]:
    """Hold one block against the shipped files; what it takes the place of is left out."""
    path = _as_config(block)
    others = {_as_config(other): other for other in page if _as_config(other) != path}
    ids = set(re.findall(r"id: ([\w-]+)", block.text))
    files = {file.path: file for file in config.read(ROOT / "config")}
    for place, other in others.items():
        files[place] = File(place, other.text.encode())
    clashing = [p for p in files if "/rules/" in p and ids & set(re.findall(r"- id: ([\w-]+)", files[p].text.decode()))]
    kept = {p: file for p, file in files.items() if "/rules/" not in path or p not in clashing}
    _, problems = config.check([*({**kept, path: File(path, block.text.encode())}).values()])
    return [problem for problem in problems if problem.path == path]


def _as_config(block: Block) -> str:
    """The path of a block in the shipped folder; every block of YAML on a page is a whole file and names itself."""
    assert block.path, block.text
    return f"config/{block.path.partition('/')[2]}"


# ── transcripts are what is printed ──────────────────────────────────────────────────────────────────────────────────


@dataclass
class Reader:
    """Somebody who types what a page says."""

    folder: Path
    served: str
    environ: dict[str, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)

    def writes(self, path: str, text: str) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if path in ADDED:
            text = f"{place.read_text()}\n" + re.sub(r"^(#.*|\w+:)\n", "", text, flags=re.MULTILINE)
        place.write_text(text.replace(PORT, self.served))
        self.written.add(path)

    def types(self, command: str) -> str | None:
        """Run one line; ``None`` if it is not for a test to run."""
        words = shlex.split(command.replace(PORT, self.served))
        if words[0] == "export":
            self.environ |= dict(word.split("=", 1) for word in words[1:])
            return ""
        if command == "make run":
            words = ["alerts", "report", "--since", "2000-01-01"]
        if words[0] in NOT_TYPED:
            return None
        if words[:2] == ["alerts", "with-services"]:
            words = words[words.index("--") + 1 :]
        if words[:2] == ["alerts", "run"]:
            folder = self.environ.get("ALERTS_CONFIG", "config")
            assert f"{folder}/feeds.yaml" in self.written, "a page that runs the line names its own feeds: no internet"
        program = [sys.executable, "-m", "alerts"] if words[0] == "alerts" else words[:1]
        done = subprocess.run(
            [*program, *words[1:]],
            cwd=self.folder,
            env={**_clean_environ(), **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode in {0, 1, 2}, done.stdout
        return done.stdout.replace(self.served, PORT)


def _clean_environ() -> dict[str, str]:
    """The environment without settings of this machine; our package is found wherever it is run."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ALERTS_", "AIRFLOW"))}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "250", "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The sample feeds, on a port of their own; gives host and port."""
    with demo.serving(ROOT / "examples", port=0, anchor=app_.utc()) as url:
        yield urlsplit(url).netloc


@pytest.fixture(scope="module")
def lived_in(served: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a first run on the sample feeds leaves behind: config/ and var/."""
    folder = tmp_path_factory.mktemp("lived-in")
    shutil.copytree(ROOT / "config", folder / "config")
    feeds = folder / "config" / "feeds.yaml"
    shipped = feeds.read_text().replace(PORT, served)
    feeds.write_text("\n".join(x for x in shipped.splitlines() if "{id: " not in x or "{id: sample-" in x))
    settings = {"ALERTS_CONFIG": str(folder / "config"), "ALERTS_VAR": str(folder / "var")}
    with structlog.testing.capture_logs(), app_.open_app(settings.get) as app:
        for stage in app_.LINE:
            app.run(stage, digest_now=True)
    feeds.write_text(shipped)
    return folder


@pages("console")
def test_transcripts_are_what_is_printed(page: Path, lived_in: Path, served: str, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(lived_in, folder, ignore=shutil.ignore_patterns("valkey.sock", "lock"))
    reader = Reader(folder, served)
    for block in blocks(page):
        if block.kind == "yaml" and page != README:  # The front page shows what is shipped, or a part of it.
            reader.writes(block.path, block.text)
        for command, told in _typed(block):
            printed = reader.types(command)
            if printed is not None:
                assert _missing(told, printed) == "", f"$ {command}\n{printed}"


def _typed(block: Block) -> list[tuple[str, list[str]]]:
    """Each command of a transcript, with what is told of its output."""
    if block.kind != "console":
        return []
    parts = re.split(r"^\$ (.*)$", block.text, flags=re.MULTILINE)
    assert parts[0] == "", "a transcript begins with a command"
    return [(command, told.strip("\n").splitlines()) for command, told in zip(parts[1::2], parts[2::2], strict=True)]


def _missing(told: Sequence[str], printed: str) -> str:
    """The first line that is told and not printed after the one before it; empty if there is none."""
    rest = iter(_lines(printed))
    for line in filter(None, map(_plain, told)):
        pattern = ".*".join(map(re.escape, line.split("…")))
        if not any(re.fullmatch(pattern, other) for other in rest):
            return line
    return ""


_TIMES = (
    (r"\d{8}T\d{4}", "(slot)"),
    (r"(\d{4}-)?\d\d-\d\d (?=\d\d:)", ""),
    (r"(\d{1,2} [A-Z][a-z]{2} )?\b\d\d:\d\d(:\d\d)?\b", "(time)"),
    (r"\(rules [0-9a-f]{12}\)", "(rules …)"),
    (r"@[0-9a-f]{12}\b", "@(version)"),  # an article that says which day it is has another each day
    (r"^\d+\. ", "(number) "),
    (r" {2,}", " "),
)


def _plain(line: str) -> str:
    """A line without what differs from run to run."""
    for pattern, word in _TIMES:
        line = re.sub(pattern, word, line)
    return line.strip()


def _lines(printed: str) -> list[str]:
    return [_plain(line) for line in printed.splitlines()]


def test_the_digest_on_the_front_page_is_the_one_of_the_sample_feeds(lived_in: Path) -> None:
    excerpt = next(block.text for block in blocks(README) if block.kind == "text")
    (digest,) = (lived_in / "var" / "inbox").glob("digest_morning-digest_*.txt")
    assert _missing(excerpt.splitlines(), digest.read_text()) == ""


# ── what is named is there ───────────────────────────────────────────────────────────────────────────────────────────


def _links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", page.read_text()))
    return [to for to in found if "://" not in to]


def _anchor(heading: str) -> str:
    """The anchor that a heading has on the pages of a forge."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


@pages()
def test_links_lead_to_a_page_and_to_a_heading_on_it(page: Path) -> None:
    lost = []
    for to in _links(page):
        place, _, anchor = to.partition("#")
        other = (page.parent / place).resolve() if place else page
        there = other.exists() and (
            not anchor or anchor in map(_anchor, re.findall(r"^#+ (.*)$", other.read_text(), re.MULTILINE))
        )
        lost += [] if there else [to]
    assert lost == []


@pages()
def test_files_that_are_named_exist(page: Path) -> None:
    roots = "alerts|dags|plugins|config|docs|examples|tests"
    told = set(re.findall(rf"(?:`|# )((?:{roots})/[\w./-]*\w/?)(?:`|$)", page.read_text(), re.MULTILINE))
    assert [name for name in sorted(told - TO_WRITE) if not (ROOT / name).exists()] == []


def _commands(page: Path) -> list[str]:
    """Everything on a page that is typed: in fenced blocks without a language or of a console, and between backticks."""
    text = page.read_text()
    fenced = "\n".join(block.text for block in blocks(page) if block.kind in {"", "console"})
    spans = re.findall(r"`([^`\n]+)`", _BLOCK.sub("", text))
    return [line.strip().removeprefix("$ ") for line in fenced.splitlines()] + spans


@pages()
def test_commands_that_are_named_exist_with_their_options(page: Path) -> None:
    group = typer.main.get_command(cli.cli)
    assert hasattr(group, "commands")
    unknown = []
    for name, rest in re.findall(r"\balerts ([a-z][a-z-]+)\b([^\n]*)", "\n".join(_commands(page))):
        command = group.commands.get(name)
        command = getattr(command, "commands", {}).get((rest.split() or [""])[0], command)
        known = {option for parameter in command.params for option in parameter.opts} if command else set()
        own = rest.partition(" -- ")[0]
        unknown += [] if command else [f"alerts {name}"]
        unknown += [
            f"alerts {name} {o}" for o in re.findall(r"(?<!\S)--[a-z][a-z-]*", own) if o not in known | {"--help"}
        ]
    assert [line for line in unknown if line != "alerts …"] == []


@pages()
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = {word for line in _commands(page) for word in re.findall(r"^make ([a-z]+)$", line)}
    assert told <= targets


# ── form ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pages()
def test_one_sentence_stands_on_one_line(page: Path) -> None:
    """Semantic newlines: a change of one sentence is a change of one line.  A bold opening may share its line."""
    prose = [line for line in _BLOCK.sub("", page.read_text()).splitlines() if not line.lstrip().startswith(("#", "|"))]
    plain = [re.sub(r"^\d+\. |`[^`]*`|\*\*[^*]*\*\*|\"[^\"]*\"|U\.S\.", "x", line.strip()) for line in prose]
    assert [line for line in plain if re.search(r"[a-z0-9)][.?!] +[A-Z`]", line)] == []


@pages()
def test_pages_speak_of_the_product_alone(page: Path) -> None:
    """No folder of the machine on which they were written."""
    assert re.findall(r"/(?:work|root|home)/\w+|\.\./shared", page.read_text()) == []
