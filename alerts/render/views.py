"""What a reader is shown of an alert or a digest: cleaned, cut, in the subscriber's own time.  Pure.

Mail's two parts and Slack are written from the same view, so that neither can say what the other does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from alerts import text, urls
from alerts.model import Alert, Development, Digest, Lang, Moment, Section, Severity, Spike, Subscription, Told
from alerts.render.bars import drawn
from alerts.render.frames import frame

SUBJECT_LIMIT = 150
TITLE_LIMIT = 300
PASSAGE_LIMIT = 1_000
QUOTE_LIMIT = 300
FIGURE_LIMIT = 140
NAME_LIMIT = 80
NO_TITLE = "(no title)"
URL_LIMIT = 2000
"""A longer address is shown as no link: clients cut it, and half an address leads elsewhere."""

MAX_SHOWN = 12
"""The most developments of one story that are listed; the newest are, the earlier ones are counted."""

MAX_EARLIER = 3
"""The most developments listed that were told before: enough to remember the story by."""

MAX_QUOTES = 2
MAX_SPIKES = 5
MAX_WORDS = 8
MAX_ALSO_IN = 12

_LANG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class DevelopmentView:
    """One development: why it is told, what it says, who says it and when.  ``url`` is empty if it is no web link."""

    reason: str
    title: str
    lang: str
    outlet: str
    time: str
    url: str


@dataclass(frozen=True, slots=True)
class PassageView:
    """Sentences that stand in one source, one behind the other.  ``outlet`` is empty if the byline names it already."""

    words: str
    lang: str
    outlet: str
    url: str


@dataclass(frozen=True, slots=True)
class QuoteView:
    """Who said what, and who reports it."""

    words: str
    speaker: str
    lang: str
    outlet: str
    url: str


@dataclass(frozen=True, slots=True)
class StoryView:
    """One story.

    ``rewritten`` is what a machine made of the passages, which are then its sources.  ``earlier`` counts the new
    developments that are not listed, ``before`` lists the last of those that were told before, and ``forgotten`` counts
    the others.  ``framed`` is the language of the words around it.
    """

    headline: str
    lang: str
    url: str
    rewritten: str
    passages: tuple[PassageView, ...]
    developments: tuple[DevelopmentView, ...]
    earlier: int
    before: tuple[DevelopmentView, ...]
    forgotten: int
    figures: tuple[str, ...]
    quotes: tuple[QuoteView, ...]
    also_in: tuple[str, ...]
    words: tuple[str, ...]
    framed: Lang = "en"

    @property
    def since(self) -> str:
        """Head the list of what is new: it is new to this reader, if there was something to be told before."""
        return "Since your last digest" if self.before else "Developments"

    @property
    def alone(self) -> bool:
        """Whether the headline says all that the only development's title would say again."""
        return len(self.developments) == 1 and not self.earlier and self.developments[0].title == self.headline


@dataclass(frozen=True, slots=True)
class SectionView:
    """The stories under one rule."""

    title: str
    severity: Severity
    stories: tuple[StoryView, ...]
    bars: str = ""
    volume: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A whole alert or digest.

    ``watched`` are the ids of the subscription's rules; ``busy`` says of which there was far more than usual.
    """

    subject: str
    title: str
    when: str
    counts: str
    sections: tuple[SectionView, ...]
    more: int
    subscription: str
    watched: tuple[str, ...]
    busy: tuple[str, ...] = ()
    silenced: str = ""
    link: str = ""
    lang: Lang = "en"

    @property
    def stories(self) -> tuple[StoryView, ...]:
        """All stories, in the order in which they are read."""
        return tuple(story for section in self.sections for story in section.stories)


# ── the two pages ────────────────────────────────────────────────────────────────────────────────────────────────────


def of_digest(digest: Digest) -> Page:
    """Show a digest."""
    s = digest.subscription
    slot = digest.slot.astimezone(ZoneInfo(s.zone))
    sections = tuple(_section(section, s, slot) for section in digest.sections)
    title = _name(s)
    return Page(
        subject=_digest_subject(digest, title, [t.headline for section in sections for t in section.stories]),
        title=title,
        when=f"{frame(s.lang).day(slot)}, {slot:%H:%M} ({s.zone})",
        counts=_counts(digest),
        sections=sections,
        more=digest.more,
        subscription=s.id,
        watched=s.rules,
        busy=tuple(_busy(spike, digest) for spike in digest.spikes[:MAX_SPIKES]),
        silenced=_silenced(digest),
        link=link(digest.link),
        lang=s.lang,
    )


def of_alert(alert: Alert) -> Page:
    """Show an alert: a page of one story."""
    s = alert.subscription
    rule = alert.rule
    newest = alert.told.developments[-1].article
    when = newest.when.astimezone(ZoneInfo(s.zone))
    told = _story(alert.told, s, when)
    w, again = frame(s.lang), alert.told_before
    before = w.say(", still going on, told before at %(time)s", time=_time(again, s, when)) if again else ""
    outlet = _clean(newest.outlet, NAME_LIMIT)
    tail = f" — {outlet}" if outlet else ""
    severity = w.say(rule.severity)
    subject = f"[{severity}] " + text.cut(told.headline, SUBJECT_LIMIT - len(tail) - len(severity) - 3) + tail
    return Page(
        subject=subject,
        title=_name(s),
        when=f"{w.day(when)}, {when:%H:%M} ({s.zone}){before}",
        counts="",
        sections=(SectionView(_clean(rule.title or rule.id, NAME_LIMIT), rule.severity, (told,)),),
        more=0,
        subscription=s.id,
        watched=s.rules,
        lang=s.lang,
    )


def _digest_subject(digest: Digest, title: str, headlines: list[str]) -> str:
    """Name the digest and its first two stories, and count the rest, in at most 150 characters."""
    w = frame(digest.subscription.lang)
    if not headlines:
        return w.say("%(title)s: nothing new", title=title)
    rest = len(headlines[2:]) + digest.more
    tail = w.say("; and %(n)s more", n=rest) if rest else ""
    room = SUBJECT_LIMIT - len(title) - len(": ") - len(tail)
    first, second = (*headlines, "", "")[:2]
    first = text.cut(first, max(room // 2, room - len(second) - 2) if second else room)
    second = text.cut(second, room - len(first) - 2)
    return f"{title}: " + "; ".join(part for part in (first, second) if part) + tail


def _counts(digest: Digest) -> str:
    """Say how much there is: ``7 stories, 12 developments``."""
    w = frame(digest.subscription.lang)
    stories = [told for section in digest.sections for told in section.stories]
    if not stories:
        return w.say("Nothing new since your last digest")
    developments = sum(len(told.developments) for told in stories)
    many, news = w.count(len(stories) + digest.more, "story", "stories"), w.count(developments, "development")
    return w.say("%(stories)s, %(developments)s", stories=many, developments=news)


def _silenced(digest: Digest) -> str:
    """Say how much is held back."""
    w = frame(digest.subscription.lang)
    news = w.count(digest.silenced, "development")
    return w.say("%(n)s held back by silences", n=news) if digest.silenced else ""


def _busy(spike: Spike, digest: Digest) -> str:
    """Say when there was far more than usual, and what made it so."""
    zone = ZoneInfo(digest.subscription.zone)
    at, end = spike.at.astimezone(zone), (spike.at + timedelta(hours=1)).astimezone(zone)
    w = frame(digest.subscription.lang)
    values = {
        "title": spike.title,
        "articles": w.count(spike.count, "article"),
        "begin": f"{at:%H:%M}",
        "end": f"{end:%H:%M}",
    }
    when = "%(title)s: %(articles)s between %(begin)s and %(end)s"
    today = at.date() == digest.slot.astimezone(zone).date()
    parts = [
        w.say(when, **values) if today else w.say(f"{when} on %(date)s", date=w.date(at), **values),
        w.say("usually %(n)s an hour", n=f"{spike.usual:g}"),
        w.say("words: %(words)s", words=", ".join(spike.words)) if spike.words else "",
        w.say("outlets: %(outlets)s", outlets=", ".join(spike.outlets)),
    ]
    return _clean("; ".join(part for part in parts if part), TITLE_LIMIT)


# ── their parts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _section(section: Section, s: Subscription, slot: datetime) -> SectionView:
    """Show one rule's stories."""
    stories = tuple(_story(told, s, slot) for told in section.stories)
    title = _clean(section.rule.title or section.rule.id, NAME_LIMIT)
    return SectionView(title, section.rule.severity, stories, *drawn(section.volume, slot, frame(s.lang)))


def _story(told: Told, s: Subscription, at: datetime) -> StoryView:
    """Show one story; its link and language are those of the article that gave the headline."""
    news = told.developments
    first = next((d.article for d in reversed(news) if d.article.title == told.headline), news[-1].article)
    before = [moment for moment in told.summary.timeline if not moment.fresh]
    passages = _passages(told, alone=len(news) == 1)
    return StoryView(
        headline=_clean(told.headline, TITLE_LIMIT) or frame(s.lang).say(NO_TITLE),
        lang=_lang(first.lang),
        url=link(first.url),
        rewritten=_clean(told.summary.rewritten, PASSAGE_LIMIT + TITLE_LIMIT),
        passages=passages,
        developments=tuple(_development(d, s, at) for d in news[-MAX_SHOWN:]),
        earlier=len(news[:-MAX_SHOWN]),
        before=tuple(_moment(moment, s, at) for moment in before[-MAX_EARLIER:]),
        forgotten=len(before[:-MAX_EARLIER]),
        figures=tuple(_clean(figure, FIGURE_LIMIT) for figure in told.figures),
        quotes=_quotes(told, passages),
        also_in=_shorten([_clean(outlet, NAME_LIMIT) for outlet in told.also_in], s),
        words=_words(news, s),
        framed=s.lang,
    )


def _development(d: Development, s: Subscription, at: datetime) -> DevelopmentView:
    """Show one development."""
    a = d.article
    return DevelopmentView(
        reason=_clean(frame(s.lang).reason(d.reason), TITLE_LIMIT),
        title=_clean(a.title, TITLE_LIMIT) or frame(s.lang).say(NO_TITLE),
        lang=_lang(a.lang),
        outlet=_clean(a.outlet, NAME_LIMIT),
        time=_time(a.when, s, at),
        url=link(a.url),
    )


def _moment(moment: Moment, s: Subscription, at: datetime) -> DevelopmentView:
    """Show a development that was told before."""
    return DevelopmentView(
        reason=_clean(frame(s.lang).reason(moment.reason), TITLE_LIMIT),
        title=_clean(moment.title, TITLE_LIMIT) or frame(s.lang).say(NO_TITLE),
        lang=_lang(moment.source.lang),
        outlet=_clean(moment.source.outlet, NAME_LIMIT),
        time=_time(moment.at, s, at),
        url=link(moment.source.url),
    )


def _time(when: datetime, s: Subscription, at: datetime) -> str:
    """Show a time in the subscriber's zone; its date only if it is not of the day of the page."""
    local = when.astimezone(ZoneInfo(s.zone))
    clock = f"{local:%H:%M}"
    return clock if local.date() == at.date() else f"{frame(s.lang).date(local)} {clock}"


def _passages(told: Told, *, alone: bool) -> tuple[PassageView, ...]:
    """Run the sentences of one source together.  The only article of a story is cited in its byline."""
    found: list[PassageView] = []
    for source, cited in groupby(told.summary.sentences, key=attrgetter("source")):
        words = " ".join(sentence.words + ("" if sentence.whole else "…") for sentence in cited)
        shown = _clean(words, PASSAGE_LIMIT)
        outlet = "" if alone and not told.summary.rewritten else _clean(source.outlet, NAME_LIMIT)
        found += [PassageView(shown, _lang(source.lang), outlet, link(source.url))] if shown else []
    return tuple(found)


def _quotes(told: Told, passages: Iterable[PassageView]) -> tuple[QuoteView, ...]:
    """Show the quotations that are not in the passages above them."""
    said = " ".join(passage.words for passage in passages)
    new = [quote for quote in told.summary.quotes if quote.words not in said]
    return tuple(
        QuoteView(
            words=_clean(quote.words, QUOTE_LIMIT),
            speaker=_clean(quote.speaker, NAME_LIMIT),
            lang=_lang(quote.source.lang),
            outlet=_clean(quote.source.outlet, NAME_LIMIT),
            url=link(quote.source.url),
        )
        for quote in new[:MAX_QUOTES]
    )


def _words(news: Iterable[Development], s: Subscription) -> tuple[str, ...]:
    """Give the words by which the story met the subscription's rules, as printed, each once."""
    hits = [hit for d in news for hit in d.match.hits if hit.rule in s.rules]
    words = [_clean(evidence.words, NAME_LIMIT) for hit in hits for evidence in hit.evidence]
    return tuple({word.casefold(): word for word in reversed(words) if word}.values())[::-1][:MAX_WORDS]


def _shorten(names: list[str], s: Subscription) -> tuple[str, ...]:
    """Give the first names, and count the others."""
    rest = len(names) - MAX_ALSO_IN
    return (*names[:MAX_ALSO_IN], frame(s.lang).say("%(n)s more", n=rest)) if rest > 0 else tuple(names)


@lru_cache(maxsize=4_096)
def link(url: str) -> str:
    """Give the address if it may be a link: http(s), without blanks, not over 2,000 characters; else nothing.

    >>> link("javascript:alert(1)"), link("https://example.com/a")
    ('', 'https://example.com/a')
    """
    return url if len(url) <= URL_LIMIT and text.one_line(url) == url and " " not in url and urls.is_web(url) else ""


def and_more(page: Page) -> str:
    """Count the stories that did not fit."""
    w = frame(page.lang)
    return w.say("and %(more)s", more=w.count(page.more, "more story", "more stories"))


def count(n: int, one: str, many: str = "") -> str:
    """Count in English: ``1 story``, ``2 stories``."""
    return frame("en").count(n, one, many)


def _name(s: Subscription) -> str:
    """Give the name under which the subscriber knows it."""
    return _clean(s.title, NAME_LIMIT) or _clean(s.id, NAME_LIMIT)


@lru_cache(maxsize=4_096)
def _clean(words: str, limit: int) -> str:
    """Make it one line without control characters or halves of surrogate pairs, of bounded length."""
    sound = words[: text.FIELD_LIMIT].encode("utf-8", "replace").decode()
    return text.cut(text.one_line(sound), limit)


def _lang(tag: str) -> str:
    """Give the language tag if it is one; a screen reader and a font choice depend on it."""
    return tag if _LANG.fullmatch(tag) else ""
