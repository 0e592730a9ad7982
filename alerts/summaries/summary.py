"""A story as one reader is told it, put in the words of its sources.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from alerts.model import Cited, Development, Member, Moment, Source, Story, Summary, Told
from alerts.summaries.corrections import corrected
from alerts.summaries.extracts import body, extract, is_tellable, source
from alerts.summaries.grounding import is_grounded
from alerts.summaries.headlines import headline, in_common_language
from alerts.summaries.measures import measures, written
from alerts.summaries.quotes import quotes
from alerts.summaries.sentences import sentences
from alerts.text import one_line

BEFORE = 30
"""How many developments before those that are told are looked at, the newest: a story may go on for months."""

_TOLD = ("new story", "new facts", "correction", "confirmed")


def summarise(told: Told, story: Story | None) -> Told:
    """Give the story its headline, its key figures and its summary, out of what is new in it.

    What its earlier developments said is taken as told: this reader had it in an earlier digest, or an alert.
    """
    news, earlier = told.developments, _earlier(told.developments, story)
    spoken = in_common_language(news, story)
    title = headline(news, story)
    spoken = [corrected(d, news) for d in spoken]
    chosen = extract(spoken, title, [f"{m.title}. {m.lead}" for m in earlier])
    every = list(_all(spoken))
    found = measures(_heading(spoken, title), [c for c in chosen if c.whole], [*_titles(spoken, title), *every])
    summary = Summary(chosen, found, quotes([*chosen, *every]), tuple(_timeline(news, earlier)))
    return replace(told, headline=title, figures=tuple(map(written, found)), summary=summary)


def _earlier(news: Sequence[Development], story: Story | None) -> list[Member]:
    """Give the members that brought the last developments before the first of these, oldest first."""
    now = {d.key for d in news}
    first = min(d.article.seen for d in news)
    members = story.members if story else ()
    before = (m for m in reversed(members) if m.seen < first and _was_told(m.reason))
    newest = islice((m for m in before if f"{m.article}@{m.version}" not in now), BEFORE)
    return sorted(newest, key=lambda m: m.seen)


def _was_told(reason: str) -> bool:
    """Whether a placement with this reason was a development; what is held was none."""
    return reason.startswith(_TOLD) and "; held" not in reason


def _heading(news: Sequence[Development], title: str) -> Cited | None:
    """Give the headline with its source."""
    return next((Cited(title, source(d.article)) for d in news if d.article.title == title), None)


def _titles(news: Sequence[Development], title: str) -> Iterator[Cited]:
    """Give the other titles as sentences, the newest first."""
    return (Cited(d.article.title, source(d.article)) for d in news[::-1] if d.article.title != title)


def _all(news: Sequence[Development]) -> Iterator[Cited]:
    """Give the sentences of the articles, the newest article first."""
    for d in reversed(news):
        yield from (Cited(words, source(d.article)) for words in sentences(body(d.article)) if is_tellable(words))


def _timeline(news: Sequence[Development], earlier: Sequence[Member]) -> Iterator[Moment]:
    """Give the developments in the order of time, those of earlier days too."""
    for m in earlier:
        place = Source(f"{m.article}@{m.version}", m.outlet, m.url, m.lang)
        yield Moment(m.seen, m.title, m.reason, place, fresh=False)
    for d in news:
        yield Moment(d.article.when, d.article.title, d.reason, source(d.article), fresh=True)


# ── in other words ───────────────────────────────────────────────────────────────────────────────────────────────────


def sources(told: Told) -> tuple[str, ...]:
    """Give what a rewriting may rest on: the headline and the sentences."""
    return (told.headline, *(cited.words for cited in told.summary.sentences))


def rewritten(told: Told, text: str) -> Told:
    """Take a rewriting of the summary if it says nothing that its sources do not; else the extract stays alone."""
    plain = one_line(text)
    if not told.summary.sentences or not is_grounded(plain, sources(told)):
        return told
    return replace(told, summary=replace(told.summary, rewritten=plain))
