"""The user's own templates, run in a child process that can be killed; a broken one costs its looks and no alert.

``config/templates/NAME/`` holds those of a channel, where NAME is its id; or of all mail or all of Slack, where it is
``mail`` or ``slack``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import TemplateError

from alerts.adapters.children import Children
from alerts.errors import ParseError
from alerts.model import Alert, Digest, Message
from alerts.render import own
from alerts.text import cut, one_line

_REASON_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What a child is given."""

    told: Alert | Digest
    message: Message
    templates: Mapping[str, str]

    @property
    def body(self) -> bytes:
        """What its memory is counted by: the message as ours writes it."""
        return (self.message.text + self.message.html + self.message.body).encode("utf-8", "replace")


@dataclass(slots=True)
class OwnTemplates:
    """Dresses messages.  What failed is not tried again: a run has thousands of them, and a failure may take 6 s."""

    folder: Path
    children: Children
    _known: dict[str, dict[str, str]] = field(default_factory=dict)
    _broken: dict[tuple[str, str], str] = field(default_factory=dict)

    def __call__(self, told: Alert | Digest, message: Message) -> tuple[Message, str]:
        """Give the message as the user's templates write it; or as it was, and what is wrong with them."""
        s = told.subscription
        name = next((name for name in (s.channel, s.kind) if s.kind in own.KINDS and self._of(name)), "")
        form = "alert" if isinstance(told, Alert) else "digest"
        if not any(file.startswith(form) for file in self._of(name)):
            return message, ""
        if wrong := self._broken.get((name, form)):
            return message, wrong
        asked = Asked(told, message, self._of(name))
        made: Message | str | ParseError = self.children.result(self.children.run(attempt, asked))
        if isinstance(made, Message):
            return made, ""
        reason = (
            made
            if isinstance(made, str)
            else str(made).replace("reading it takes", "it takes").replace("it was not read", "it was not done")
        )
        wrong = f"templates/{name}: {cut(one_line(reason), _REASON_LIMIT)}; the {form} is written by ours"
        self._broken[name, form] = wrong
        return message, wrong

    def _of(self, name: str) -> dict[str, str]:
        """Read the templates of a channel, once."""
        if name and name not in self._known:
            paths = [self.folder / name / file for file in own.NAMES]
            self._known[name] = {path.name: _read(path) for path in paths if path.is_file()}
        return self._known.get(name, {})


def attempt(asked: Asked) -> Message | str:
    """Write a message by the user's templates, or say what is wrong with them.  Runs in the child."""
    try:
        return own.written(asked.told, asked.message, asked.templates)
    except TemplateError as error:
        place = f"{getattr(error, 'name', None) or 'a template'}:{getattr(error, 'lineno', None) or '?'}"
        return f"{place}: {error.message or type(error).__name__}"
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a template may do anything that Python's operators can
        return str(error) if isinstance(error, own.OwnTemplateError) else f"{type(error).__name__}: {error}"


def _read(path: Path) -> str:
    """Read a template; one that is too large, or is no text, is one that fails, and says so."""
    try:
        with path.open("rb") as file:
            content = file.read(own.SIZE_LIMIT + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError):
        return "{{ this_file_cannot_be_read_as_utf_8 }}"
    return text if len(content) <= own.SIZE_LIMIT else "{{ this_file_is_larger_than_64_kB }}"
