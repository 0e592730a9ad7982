"""What a reader is shown of an alert or a digest: cleaned, cut, in the subscriber's own time.  Pure.

::

    words (clean, cut, linked) ─▶ matches (why) ─▶ stories ─▶ the two pages, in the shapes that messages are made of

Mail's two parts and Slack are written from the same view, so that neither can say what the other does not.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from alerts import text
from alerts.model import Alert, Digest, Spike, Subscription
from alerts.render.frames import frame
from alerts.render.plates import Plates
from alerts.render.views.shapes import DevelopmentView as DevelopmentView
from alerts.render.views.shapes import MatchView as MatchView
from alerts.render.views.shapes import Page as Page
from alerts.render.views.shapes import PassageView as PassageView
from alerts.render.views.shapes import QuoteView as QuoteView
from alerts.render.views.shapes import SectionView as SectionView
from alerts.render.views.shapes import StoryView as StoryView
from alerts.render.views.stories import section, story
from alerts.render.views.words import NAME_LIMIT, clean, time
from alerts.render.views.words import SUBJECT_LIMIT as SUBJECT_LIMIT
from alerts.render.views.words import TITLE_LIMIT as TITLE_LIMIT
from alerts.render.views.words import link as link

MAX_SPIKES = 5


# ── the two pages ────────────────────────────────────────────────────────────────────────────────────────────────────


def of_digest(digest: Digest, plates: Plates) -> Page:
    """Show a digest."""
    s = digest.subscription
    slot = digest.slot.astimezone(ZoneInfo(s.zone))
    sections = tuple(section(one, s, slot, plates) for one in digest.sections)
    title = _name(s)
    return Page(
        subject=_digest_subject(digest, title, [t.headline for one in sections for t in one.stories]),
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
        manage=link(digest.manage),
        lang=s.lang,
    )


def of_alert(alert: Alert, plates: Plates) -> Page:
    """Show an alert: a page of one story."""
    s = alert.subscription
    rule = alert.rule
    newest = alert.told.developments[-1].article
    when = newest.when.astimezone(ZoneInfo(s.zone))
    told = story(alert.told, s, when, plates)
    w, again = frame(s.lang), alert.told_before
    before = w.say(", still going on, told before at %(time)s", time=time(again, s, when)) if again else ""
    outlet = clean(newest.outlet, NAME_LIMIT)
    tail = f" — {outlet}" if outlet else ""
    severity = w.say(rule.severity)
    subject = f"[{severity}] " + text.cut(told.headline, SUBJECT_LIMIT - len(tail) - len(severity) - 3) + tail
    return Page(
        subject=subject,
        title=_name(s),
        when=f"{w.day(when)}, {when:%H:%M} ({s.zone}){before}",
        counts="",
        sections=(SectionView(clean(rule.title or rule.id, NAME_LIMIT), rule.severity, (told,)),),
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
    """Say how much is told, and of how much: ``7 stories, 12 developments``; those that did not fit are not in it."""
    w = frame(digest.subscription.lang)
    stories = [told for section in digest.sections for told in section.stories]
    if not stories:
        return w.say("Nothing new since your last digest")
    many = w.count(len(stories), "story", "stories")
    news = w.count(sum(len(told.developments) for told in stories), "development")
    if not digest.more:
        return w.say("%(stories)s, %(developments)s", stories=many, developments=news)
    every = len(stories) + digest.more
    return w.say("%(stories)s of %(all)s, with %(developments)s", stories=many, all=every, developments=news)


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
    return clean("; ".join(part for part in parts if part), TITLE_LIMIT)


def and_more(page: Page) -> str:
    """Count the stories that did not fit."""
    w = frame(page.lang)
    return w.say("and %(more)s", more=w.count(page.more, "more story", "more stories"))


def count(n: int, one: str, many: str = "") -> str:
    """Count in English: ``1 story``, ``2 stories``."""
    return frame("en").count(n, one, many)


def _name(s: Subscription) -> str:
    """Give the name under which the subscriber knows it."""
    return clean(s.title, NAME_LIMIT) or clean(s.id, NAME_LIMIT)
