"""One story, and the stories under one rule, as a reader is shown them.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from alerts.model import Development, Moment, Section, Subscription, Told
from alerts.render.bars import drawn
from alerts.render.frames import frame
from alerts.render.plates import Plates
from alerts.render.views.matches import matches
from alerts.render.views.shapes import DevelopmentView, PassageView, QuoteView, SectionView, StoryView
from alerts.render.views.words import (
    FIGURE_LIMIT,
    NAME_LIMIT,
    NO_TITLE,
    PASSAGE_LIMIT,
    QUOTE_LIMIT,
    TITLE_LIMIT,
    ago,
    clean,
    lang,
    link,
    time,
)

MAX_SHOWN = 12
"""The most developments of one story that are listed; the newest are, the earlier ones are counted."""

MAX_EARLIER = 3
"""The most developments listed that were told before: enough to remember the story by."""

MAX_QUOTES = 2
MAX_ALSO_IN = 12


def section(section: Section, s: Subscription, slot: datetime, plates: Plates) -> SectionView:
    """Show one rule's stories."""
    stories = tuple(story(told, s, slot, plates, ranked=True) for told in section.stories)
    title = clean(section.rule.title or section.rule.id, NAME_LIMIT)
    return SectionView(title, section.rule.severity, stories, *drawn(section.volume, slot, frame(s.lang)))


def story(told: Told, s: Subscription, at: datetime, plates: Plates, *, ranked: bool = False) -> StoryView:
    """Show one story, with its score if it is one of several."""
    alike = at, s.lang, s.zone, ranked
    return plates.once(told, alike, lambda: _story(told, s, at, score(told, s, at) if ranked else ""))


def score(told: Told, s: Subscription, at: datetime) -> str:
    """Say by what a story is ranked: ``urgent · 6 independent outlets · 2 h ago``."""
    if told.score is None:
        return ""
    w = frame(s.lang)
    outlets = w.count(told.score.outlets, "outlet", "independent outlets")
    return f"{w.say(told.score.severity)} · {outlets} · {ago(told.score.newest, at, w)}"


def _story(told: Told, s: Subscription, at: datetime, score: str) -> StoryView:
    """Show one story; its link and language are those of the article that gave the headline."""
    news = told.developments
    first = next((d.article for d in reversed(news) if d.article.title == told.headline), news[-1].article)
    before = [moment for moment in told.summary.timeline if not moment.fresh]
    passages = _passages(told, alone=len(news) == 1)
    return StoryView(
        headline=clean(told.headline, TITLE_LIMIT) or frame(s.lang).say(NO_TITLE),
        lang=lang(first.lang),
        url=link(first.url),
        rewritten=clean(told.summary.rewritten, PASSAGE_LIMIT + TITLE_LIMIT),
        passages=passages,
        developments=tuple(_development(d, s, at) for d in news[-MAX_SHOWN:]),
        earlier=len(news[:-MAX_SHOWN]),
        before=tuple(_moment(moment, s, at) for moment in before[-MAX_EARLIER:]),
        forgotten=len(before[:-MAX_EARLIER]),
        figures=tuple(clean(figure, FIGURE_LIMIT) for figure in told.figures),
        quotes=_quotes(told, passages),
        also_in=_shorten([clean(outlet, NAME_LIMIT) for outlet in told.also_in], s),
        matches=matches(told, s),
        score=score,
        framed=s.lang,
    )


def _development(d: Development, s: Subscription, at: datetime) -> DevelopmentView:
    """Show one development."""
    a = d.article
    return DevelopmentView(
        reason=clean(frame(s.lang).reason(d.reason), TITLE_LIMIT),
        title=clean(a.title, TITLE_LIMIT) or frame(s.lang).say(NO_TITLE),
        lang=lang(a.lang),
        outlet=clean(a.outlet, NAME_LIMIT),
        time=time(a.when, s, at),
        url=link(a.url),
    )


def _moment(moment: Moment, s: Subscription, at: datetime) -> DevelopmentView:
    """Show a development that was told before."""
    return DevelopmentView(
        reason=clean(frame(s.lang).reason(moment.reason), TITLE_LIMIT),
        title=clean(moment.title, TITLE_LIMIT) or frame(s.lang).say(NO_TITLE),
        lang=lang(moment.source.lang),
        outlet=clean(moment.source.outlet, NAME_LIMIT),
        time=time(moment.at, s, at),
        url=link(moment.source.url),
    )


def _passages(told: Told, *, alone: bool) -> tuple[PassageView, ...]:
    """Run the sentences of one source together.  The only article of a story is cited in its byline."""
    found: list[PassageView] = []
    for source, cited in groupby(told.summary.sentences, key=attrgetter("source")):
        words = " ".join(sentence.words + ("" if sentence.whole else "…") for sentence in cited)
        shown = clean(words, PASSAGE_LIMIT)
        outlet = "" if alone and not told.summary.rewritten else clean(source.outlet, NAME_LIMIT)
        found += [PassageView(shown, lang(source.lang), outlet, link(source.url))] if shown else []
    return tuple(found)


def _quotes(told: Told, passages: Iterable[PassageView]) -> tuple[QuoteView, ...]:
    """Show the quotations that are not in the passages above them."""
    said = " ".join(passage.words for passage in passages)
    new = [quote for quote in told.summary.quotes if quote.words not in said]
    return tuple(
        QuoteView(
            words=clean(quote.words, QUOTE_LIMIT),
            speaker=clean(quote.speaker, NAME_LIMIT),
            lang=lang(quote.source.lang),
            outlet=clean(quote.source.outlet, NAME_LIMIT),
            url=link(quote.source.url),
        )
        for quote in new[:MAX_QUOTES]
    )


def _shorten(names: list[str], s: Subscription) -> tuple[str, ...]:
    """Give the first names, and count the others."""
    rest = len(names) - MAX_ALSO_IN
    return (*names[:MAX_ALSO_IN], frame(s.lang).say("%(n)s more", n=rest)) if rest > 0 else tuple(names)
