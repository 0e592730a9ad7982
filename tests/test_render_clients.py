"""What the mail programs that people use can show, by the tables of caniemail: our templates ask for nothing else."""

import io
import re
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from selectolax.lexbor import LexborHTMLParser

from alerts import render
from tests import newsroom

TABLES = Path(__file__).parents[2] / "shared/data/mail_caniemail.tar.gz"
CLIENTS = {"gmail", "outlook", "apple-mail"}

ELEMENTS = {
    **dict.fromkeys(("h1", "h2", "h3"), "html-h1-h6"),
    "mark": "html-semantics",
    **{
        name: f"html-{name}" for name in ("body", "div", "span", "style", "table", "strong", "p", "img", "link", "form")
    },
}
"""Elements that have a table; those that every program has shown since there is HTML mail have none."""

ATTRIBUTES = {name: f"html-{name}" for name in ("cellpadding", "cellspacing", "dir", "lang", "role", "width", "align")}

PROPERTIES = {
    **dict.fromkeys(("margin", "margin-top"), "css-margin"),
    **dict.fromkeys(("padding", "padding-top", "padding-left"), "css-padding"),
    **dict.fromkeys(("border", "border-top", "border-bottom", "border-left", "border-color"), "css-border"),
}

KNOWN_TO_ALL = {"color", "font-size-of-body", "font-style"}
"""Properties without a table."""

EXTRAS = {
    "css-at-media-prefers-color-scheme": "without it the page is light, as it was written",
    "css-color-scheme": "goes with it",
    "html-meta-color-scheme": "goes with it",
    "css-at-media": "without it the margins of a phone are wider, and nothing is lost",
    "css-max-width": "Outlook for Windows takes the width from the table that only it sees",
    "css-overflow-wrap": "without it a long word makes the page wider",
    "css-white-space": "without it the name of a source may stand on two lines",
    "html-style": "whoever drops it drops only what is above",
    "css-text-decoration-color": "without it a line under a link has the colour of the link",
    "html-semantics": "of them a mark alone: without it the words in it are bold all the same",
    "html-role": "for screen readers",
    "html-lang": "for screen readers and fonts",
    "html-dir": "right-to-left text is still read from its letters",
    "css-important": "only in the style sheet of the dark",
    "html-body": "without it the table has the same colours",
    "html-comments": "the two that Outlook for Windows reads, and others do not",
}
"""What may be missing in a program, and why nothing is lost then."""


@cache
def tables() -> dict[str, str]:
    """The head of each table, by feature."""
    if not TABLES.exists():
        pytest.skip("the tables of caniemail are not here")
    found = {}
    with tarfile.open(TABLES) as folder:
        for member in folder:
            match = re.fullmatch(r"mail_caniemail/_features/(.*)\.md", member.name)
            file = folder.extractfile(member)
            if match and file:
                found[match[1]] = re.split(r"^---\s*$", file.read().decode(), flags=re.MULTILINE)[1]
    return found


@cache
def stats(feature: str) -> dict[str, Any]:
    """What each program shows of a feature, by platform and version."""
    yaml = YAML(typ="safe")
    yaml.allow_duplicate_keys = True
    return yaml.load(io.StringIO(tables()[feature].replace("\t", "  ")))["stats"]  # type: ignore[no-any-return]


def missing(feature: str) -> list[str]:
    """The programs whose newest version does not show it."""
    return [
        f"{client} {platform}"
        for client, platforms in stats(feature).items()
        if client in CLIENTS
        for platform, versions in platforms.items()
        if str(list(versions.values())[-1]).startswith("n")
    ]


def declarations(html: str) -> list[tuple[str, str]]:
    """Every CSS declaration, of the style sheet and of the elements."""
    sheet = re.search("<style>(.*)</style>", html, re.DOTALL)
    rules = re.findall(r"\{([^{}]*)\}", sheet[1] if sheet else "")
    styles = [str(node.attributes["style"]) for node in LexborHTMLParser(html).css("[style]")]
    found = [part.partition(":") for text in (*rules, *styles) for part in text.split(";") if part.strip()]
    return [(name.strip(), value.strip()) for name, _, value in found]


def features(html: str) -> set[str]:
    """The features that a page uses, as far as they have a table."""
    nodes = LexborHTMLParser(html).css("*")
    found = {ELEMENTS[node.tag] for node in nodes if node.tag in ELEMENTS}
    found |= {ATTRIBUTES[name] for node in nodes for name in node.attributes if name in ATTRIBUTES}
    for name, value in declarations(html):
        found.add(PROPERTIES.get(name, f"css-{name}"))
        found |= {f"css-unit-{unit}" for unit in re.findall(r"\d(px|em|rem|vw|vh|ch)\b", value)}
        found |= {"css-important"} if "!important" in value else set()
    at = re.findall(r"@media \(([a-z-]+)", html)
    found |= {"css-at-media"} if at else set()
    found |= {"css-at-media-prefers-color-scheme"} if "prefers-color-scheme" in at else set()
    found |= {"html-meta-color-scheme"} if 'name="color-scheme"' in html else set()
    found |= {"html-comments"} if "<!--" in html else set()
    return found - {f"css-{name}" for name in ("color", "supported-color-schemes", "text-decoration-color")}


PAGES = [render.digest(newsroom.digest()).html, render.alert(newsroom.alert()).html]


def test_gmail_outlook_and_apple_mail_show_what_the_pages_ask_for() -> None:
    used = set().union(*map(features, PAGES))
    assert len(used) > 20
    assert [name for name in sorted(used) if name not in tables()] == []
    lost = {name: missing(name) for name in sorted(used) if name not in EXTRAS and missing(name)}
    assert lost == {}


def test_nothing_is_excused_that_is_not_used() -> None:
    tables()
    used = set().union(*map(features, PAGES)) | {"css-text-decoration-color"}
    assert set(EXTRAS) <= used


@pytest.mark.parametrize(
    ("html", "feature"),
    [
        ('<div style="display:flex">a</div>', "css-display-flex"),
        ('<div style="position:absolute">a</div>', "css-position"),
        ("<form>a</form>", "html-form"),
    ],
)
def test_the_tables_would_tell(html: str, feature: str) -> None:
    name = {"css-display-flex": "css-display"}.get(feature, feature)
    assert name in features(html)
    assert missing(feature)
