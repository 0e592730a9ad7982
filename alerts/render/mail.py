"""Mail: a subject, a text part that says all, and an HTML part that says the same.  Pure.

The HTML is one column of tables with inline styles, at most 640 pixels wide, without images or scripts; the only style
sheet is for dark mode and small screens, and nothing is lost where a client drops it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerts.model import Alert, Digest, Lang, Message
from alerts.render import views
from alerts.render.frames import frame
from alerts.render.plates import Plates

HTML_LIMIT = 100_000
"""Gmail cuts a message off at 102 KB; beyond this many bytes the later stories are cut short."""


@lru_cache
def _templates(lang: Lang) -> Environment:
    """Open the templates with the words of a language."""
    opened = Environment(
        loader=PackageLoader("alerts.render"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    opened.globals |= words(opened, lang)
    return opened


def words(templates: Environment, lang: Lang) -> dict[str, Any]:
    """Give what a template may call: our words in a language, and a story as the templates write it."""

    def told(story: views.StoryView, file: str, *how: object) -> str:
        return story.once((file, how), lambda: _told(templates, story, file, how))

    return {"_": frame(lang).say, "count": frame(lang).count, "told": told}


def _told(templates: Environment, story: views.StoryView, file: str, how: tuple[object, ...]) -> str:
    """Write a story by the macro of a file; of HTML it is marked as safe."""
    written: str = templates.get_template(file).module.story(story, *how)  # type: ignore[attr-defined]
    return written


def alert(alert: Alert, plates: Plates) -> Message:
    """Write an alert."""
    return _message(views.of_alert(alert, plates), "alert")


def digest(digest: Digest, plates: Plates) -> Message:
    """Write a digest."""
    return _message(views.of_digest(digest, plates), "digest")


def _message(page: views.Page, name: str) -> Message:
    """Fill in the two templates."""
    templates = _templates(page.lang)
    return Message("mail", page.subject, plain(templates, page, name), html=html(templates, page, name))


def plain(templates: Environment, page: views.Page, name: str) -> str:
    """Write the text part, which tells all."""
    return templates.get_template(f"{name}.txt").render(page=page).strip() + "\n"


def html(templates: Environment, page: views.Page, name: str) -> str:
    """Tell as many stories as Gmail shows: the later in brief, then not at all.  The text part tells all in full."""
    template = templates.get_template(f"{name}.html")
    n = len(page.stories)
    for full, shown in ((n, n), (n * 3 // 4, n), (n // 2, n), (n // 4, n), (0, n), (0, n // 2), (0, n // 4)):
        made = template.render(page=page, full=full, shown=shown)
        if len(made.encode()) <= HTML_LIMIT:
            return made
    return template.render(page=page, full=0, shown=n // 8)
