"""The design notes and the explanations: their form, and that what they name and quote is what the code says."""

from __future__ import annotations

import importlib
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from alerts import deliveries, stages, stories
from alerts.stages import delivering
from alerts.stories import copies, novelty, space, terms

ROOT = Path(__file__).parents[2]
NOTES = sorted((ROOT / "docs" / "notes").glob("[0-9]*.md"))
EXPLANATIONS = sorted((ROOT / "docs" / "explanation").glob("*.md"))
PAGES = [*NOTES, *EXPLANATIONS, ROOT / "docs" / "how-to" / "deploy.md"]
HEADINGS = ["Status", "Context", "Decision", "What we tried", "Consequences"]
MODULES = {path.stem for path in (ROOT / "alerts").glob("[a-z]*.py")} | {
    path.name for path in (ROOT / "alerts").iterdir() if (path / "__init__.py").exists()
}

every_note = pytest.mark.parametrize("note", NOTES, ids=lambda path: path.stem)
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


def prose(page: Path) -> list[str]:
    """Give the lines of a page that are sentences: no code, no table, no heading."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "|"))]


def rows(text: str, columns: int) -> list[list[str]]:
    """Give the cells of the Markdown table rows that have so many columns, without the head."""
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [row for row in found if len(row) == columns and not set("".join(row)) <= set("-: ")]


# ── form ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_notes_are_numbered_without_a_gap() -> None:
    numbers = [int(note.stem[:4]) for note in NOTES]
    assert numbers == list(range(1, len(NOTES) + 1))
    assert len(NOTES) >= 6


@every_note
def test_a_note_has_its_number_and_the_five_headings_and_is_one_page(note: Path) -> None:
    text = note.read_text()
    assert text.startswith(f"# {note.stem[:4]} ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert re.search(r"^## Status\n\n(Accepted, for \d+\.\d+\.\d+|Superseded by \d{4})\.$", text, re.MULTILINE)
    assert len(text.split()) <= 750


@every_page
def test_one_sentence_stands_on_one_line(page: Path) -> None:
    """Semantic newlines: a change of one sentence is a change of one line.  A bold opening may share its line."""
    plain = [re.sub(r"^\d+\. |`[^`]*`|\*\*[^*]*\*\*|\"[^\"]*\"|U\.S\.", "x", line) for line in prose(page)]
    assert [line for line in plain if re.search(r"[a-z0-9)][.?!] +[A-Z`]", line)] == []


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    linked = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    assert [to for to in linked if "://" not in to and not (page.parent / to).exists()] == []


# ── what is named is there ───────────────────────────────────────────────────────────────────────────────────────────


@every_page
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:alerts|dags|plugins|config|docs|examples|tests)/[\w./-]*)`", page.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


@every_page
def test_names_of_the_code_are_names_of_the_code(page: Path) -> None:
    """`stages.group` is a function of alerts/stages/, `Outbox.add` a method of a class of ports, adapters or app."""
    named = set(re.findall(r"`([A-Za-z_]+)\.([A-Za-z_]+)`", page.read_text()))
    wrong = [
        f"{owner}.{name}"
        for owner, name in sorted(named)
        if name != "yaml"  # a file of the configuration
        and not any(hasattr(thing, name) for thing in _owners(owner))
        and owner in MODULES | {"App", "Outbox", "Log", "Table", "Channel", "sql"}
    ]
    assert wrong == []


def _owners(owner: str) -> list[object]:
    """Give what a name before the dot may mean."""
    if owner == "sql":
        return [importlib.import_module("alerts.adapters.sql")]
    if owner in MODULES:
        return [importlib.import_module(f"alerts.{owner}")]
    homes = [importlib.import_module(f"alerts.{name}") for name in ("ports", "app", "model")]
    return [getattr(home, owner) for home in homes if hasattr(home, owner)]


def test_notes_that_the_code_points_to_exist() -> None:
    numbers = {note.stem[:4] for note in NOTES}
    cited = {
        number
        for folder in ("alerts", "dags", "plugins", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md"}
        for number in re.findall(r"\bnote (\d{4})\b", path.read_text())
    }
    assert cited <= numbers


# ── what is quoted is what the code says ─────────────────────────────────────────────────────────────────────────────


def test_note_6_has_a_row_for_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[\[<>=; ]", line, maxsplit=1)[0] for line in project["dependencies"]}
    note = next(note for note in NOTES if note.stem == "0006-dependencies").read_text()
    told = {row[0].strip("`") for row in rows(note, 4)} - {"package"}
    assert told == wanted
    assert all(all(row) for row in rows(note, 4))


def test_the_table_of_attempts_is_the_one_in_force() -> None:
    page = (ROOT / "docs" / "explanation" / "delivery-promises.md").read_text()
    told = [row[1] for row in rows(page, 2) if row[0].isdigit()]
    assert told == [_words(delay) for delay in deliveries.DELAYS]


def _words(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((3600, "hours"), (60, "minutes"), (1, "seconds")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return "at once"


def test_the_table_of_reasons_is_the_one_of_the_code() -> None:
    page = (ROOT / "docs" / "explanation" / "how-stories-are-found.md").read_text()
    told = {(row[0], row[1]) for row in rows(page, 3) if row[0].startswith("`")}
    code = set(re.findall(r"^(``.*?``) +(yes|no) ", stories.__doc__ or "", re.MULTILINE))
    assert told == {(reason.replace("``", "`"), news) for reason, news in code}


NUMBERS = [
    # page, what it says, what the code says
    ("how-stories-are-found", "at least 0.25 (`ALIKE`", space.ALIKE == 0.25),
    ("how-stories-are-found", "72 hours (`OPEN`", timedelta(hours=72) == stories.OPEN),
    ("how-stories-are-found", "first six letters", terms.STEM == 6),
    ("how-stories-are-found", "first 30 words of the text", terms.WORDS == 30),
    ("how-stories-are-found", "the 32 sequences", copies.SKETCH == 32),
    (
        "how-stories-are-found",
        "two thirds of the shorter one's three-word",
        (copies.CONTAINED, copies.SHINGLE) == (2 / 3, 3),
    ),
    ("how-stories-are-found", "at least 46 % of a headline", novelty.FRESH == 0.46),
    ("delivery-promises", "held together for five minutes", timedelta(minutes=5) == stages.LEASE),
    ("delivery-promises", "up to twenty of one channel", delivering.TOGETHER == 20),
    ("delivery-promises", "served for two minutes", timedelta(minutes=2) == stages.TURN),
    ("delivery-promises", "up to a fifth shorter or longer", deliveries.JITTER == 0.2),
    ("delivery-promises", "up to 24 hours", timedelta(hours=24) == deliveries.LONGEST_WAIT),
    ("0005-at-least-once-and-where-it-can-be-twice", "for five minutes", timedelta(minutes=5) == stages.LEASE),
    ("0004-digests-are-slow-readers", "at most 10,000 developments", stages.DIGEST_LIMIT == 10_000),
]


@pytest.mark.parametrize(("name", "words", "is_so"), NUMBERS, ids=[words for _, words, _ in NUMBERS])
def test_numbers_in_the_pages_are_those_of_the_code(name: str, words: str, is_so: bool) -> None:
    page = next(page for page in PAGES if page.stem == name)
    assert words in page.read_text()
    assert is_so


def test_the_picture_of_the_line_is_everywhere_the_same() -> None:
    line = "Feed ──poll──▶ Article ──match──▶ Match ──group──▶ Development ──compose──▶ Delivery ──deliver──▶ Receipt"
    drawn = [NOTES[0], ROOT / "docs" / "explanation" / "the-line.md", ROOT / "alerts" / "__init__.py"]
    assert [path.name for path in drawn if line not in path.read_text()] == []
