"""From what a feed wrote to an entry in plain text, the same for every way of reading it.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin

from alerts import text, urls
from alerts.feeds import wrappers
from alerts.model import Entry

MOST_ENTRIES = 10_000
"""The most entries of one feed that are read; no feed that is in order shows as many."""

MOST_LETTERS = 20_000_000
"""The most characters of all entries together; more than a body may have only if it was made to grow."""

_LONGEST = 4_096
_CATEGORIES = 100
_AUTHORS = 20
# A tag that is closed or stands alone, or a reference: HTML that was escaped once too often.
_ESCAPED_TWICE = re.compile(
    r"</(?:p|div|span|a|b|i|u|em|strong|ul|ol|li|h[1-6]|blockquote|figure|table|td|tr)>|<(?:br|p|hr)\s*/?>|<img\s[^<>]*>"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|[lr][sd]quo|[nm]dash|hellip|euro|pound|#\d{2,5}|#x[0-9a-f]{2,5});",
    re.IGNORECASE,
)
_LANG = re.compile("[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}")
_WHOLE = re.compile("https?://")
# What nearly all links look like: the full check takes ten times as long.
_WEB = re.compile(r"https?://(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[\w~!$&'()*+,;=:@./?#-]*)?", re.ASCII)
_MAIL = re.compile(r"[<(]?\s*\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\s*[>)]?")


@dataclass(slots=True)
class Said:
    """What a feed wrote of one entry, as it stood there.  Links are whole where ``xml:base`` says so.

    ``original`` is the article's own address where ``link`` counts the readers, ``permalink`` a guid that is one.
    ``outlet`` is whom an aggregator names, ``publisher`` whom a site names as the publication that it is of.
    """

    guid: str = ""
    link: str = ""
    original: str = ""
    permalink: str = ""
    title: str = ""
    summary: str = ""
    contents: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    published: datetime | None = None
    updated: datetime | None = None
    outlet: str = ""
    publisher: str = ""
    lang: str = ""


def made(written: Iterable[Said], number: int, home: str) -> tuple[tuple[Entry, ...], int, int]:
    """Make the entries plain; with them, how many said nothing, and how many of their ``number`` were too many.

    ``home`` is what relative links count from.
    """
    kept: list[Entry] = []
    silent = letters = 0
    for said in written:
        made_ = entry(said, home)
        letters += len(made_.title) + len(made_.summary) + len(made_.text)
        if made_.title or made_.text or made_.summary or made_.link:
            kept.append(made_)
        else:
            silent += 1
        if len(kept) + silent >= MOST_ENTRIES or letters > MOST_LETTERS:
            break
    return tuple(kept), silent, number - len(kept) - silent


def left_out(silent: int, over: int) -> str:
    """Say how many entries were left out, and why; empty if none were."""
    words = [f"{counted(silent, 'was', 'were')} left out for having neither title nor text nor link"] if silent else []
    words += [f"{counted(over, 'was', 'were')} left out: too much for one feed"] if over else []
    return "; ".join(words)


def entry(said: Said, home: str) -> Entry:
    """Make one entry plain."""
    content = max(said.contents, key=len, default="")
    guid = text.one_line(said.guid)[:_LONGEST]
    published = said.published or said.updated
    summary, whole = _plain(said.summary), _plain(content)
    plain = Entry(
        guid=guid,
        link=_link(said.original, guid, home) or _link(said.link or said.permalink, guid, home),
        title=_plain(said.title),
        summary="" if summary == whole else summary,
        text=whole,
        author=_author(said.authors),
        categories=_categories(said.categories),
        published=published,
        updated=said.updated if said.updated and published and said.updated > published else None,
        outlet=text.cut(_plain(said.publisher), 200),
        lang=said.lang if _LANG.fullmatch(said.lang) else "",
    )
    return wrappers.unwrapped(plain, text.plain(said.outlet)) if said.outlet else plain


def anchor(location: str, home: str) -> str:
    """Give the address that relative links count from: what the feed calls its page, else where the feed is."""
    try:
        whole = urljoin(location, home.strip())
    except ValueError:
        return location
    return whole if urls.is_web(whole) else location


def counted(entries: int, one: str, many: str) -> str:
    """Count entries, with the verb that follows."""
    return f"1 entry {one}" if entries == 1 else f"{entries} entries {many}"


def _plain(html: str) -> str:
    """Give plain text, also of HTML that was escaped twice; what was escaped more often was meant so."""
    once = text.plain(html)
    return text.plain(once) if _ESCAPED_TWICE.search(once) else once


def _link(link: str, guid: str, home: str) -> str:
    """Make a link whole; empty if it is none that a browser may be sent to.

    A guid stands for the link where there is none, and one that is a bare number would become a page of the feed's own
    site.
    """
    stripped = link.strip()
    if _WEB.fullmatch(stripped) and len(stripped) <= _LONGEST:
        return stripped
    if not stripped or len(stripped) > _LONGEST or (stripped == guid and not urls.is_web(stripped)):
        return ""
    whole = stripped.replace(" ", "%20")
    try:
        whole = whole if _WHOLE.match(whole) else urljoin(home, whole)
    except ValueError:
        return ""
    return whole if urls.is_web(whole) else ""


def _author(names: Sequence[str]) -> str:
    """Give the authors' names, each once, without addresses where there is a name beside one."""
    plain = (text.plain(name[:_LONGEST]) for name in names[:_AUTHORS])
    without = (_MAIL.sub("", name).strip(" ,;()<>") or name for name in plain)
    return ", ".join(dict.fromkeys(name for name in without if name))


def _categories(names: Sequence[str]) -> tuple[str, ...]:
    """Give the categories as readers see them, each once."""
    plain = (text.plain(name) for name in names[:_CATEGORIES])
    return tuple(dict.fromkeys(name for name in plain if name))
