"""The words that frame what others wrote, in the language of the subscription.  Pure, but for its own file of words.

Babel reads ``locale/<lang>.po`` as translators write it; gettext then finds the words and the plurals.  English is what
stands in the code.  The time of day is the same in all.
"""

from __future__ import annotations

import gettext
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from alerts.model import Lang

_DATES: dict[Lang, tuple[str, str]] = {"en": ("EEEE d MMMM y", "d MMM"), "ko": ("y년 M월 d일 EEEE", "M월 d일")}
"""How a day is named in full and in short, as CLDR's patterns have it."""

_REASONS = ("new story", "new facts", "correction", "confirmed")


@dataclass(frozen=True, slots=True)
class Frame:
    """The fixed words of one language."""

    lang: Lang
    words: gettext.NullTranslations

    def say(self, words: str, /, **values: object) -> str:
        """Give the words in this language, with the values in their places (``%(name)s``)."""
        said = self.words.gettext(words)
        return said % values if values else said

    def count(self, n: int, one: str, many: str = "") -> str:
        """Count in words: ``1 story``, ``2 stories``."""
        return self.words.ngettext(f"%d {one}", f"%d {many or one + 's'}", n) % n

    def day(self, when: datetime) -> str:
        """Name the day: ``Wednesday 1 July 2026``."""
        return format_date(when, _DATES[self.lang][0], locale=self.lang)

    def date(self, when: datetime) -> str:
        """Name the day in short: ``1 Jul``."""
        return format_date(when, _DATES[self.lang][1], locale=self.lang)

    def reason(self, reason: str) -> str:
        """Say why something is news; what was found in the article stays as it is printed there."""
        known = next((words for words in _REASONS if reason.startswith(words)), "")
        return self.words.gettext(known) + reason[len(known) :] if known else reason


@lru_cache
def frame(lang: Lang) -> Frame:
    """Give the words of a language."""
    if lang == "en":
        return Frame(lang, gettext.NullTranslations())
    compiled = BytesIO()
    with files("alerts.render").joinpath(f"locale/{lang}.po").open("rb") as written:
        write_mo(compiled, read_po(written, locale=lang))
    compiled.seek(0)
    return Frame(lang, gettext.GNUTranslations(compiled))
