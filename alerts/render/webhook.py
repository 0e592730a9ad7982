"""Webhooks: the whole alert or digest as JSON, uncut, for another program.  Pure.

The shape is described by ``docs/reference/webhook.schema.json``.  The order of the keys is fixed, so that the same
alert is always the same bytes; the id of the delivery is in the ``webhook-id`` header, not in the body.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerts.model import (
    Alert,
    Development,
    Digest,
    Evidence,
    Message,
    Moment,
    Rule,
    Source,
    Spike,
    Subscription,
    Summary,
    Told,
)
from alerts.render import views
from alerts.render.plates import Plates

Json = dict[str, Any]
"""One JSON object."""


def alert(alert: Alert, plates: Plates) -> Message:
    """Write an alert."""
    s = alert.subscription
    again = {"told_before": _time(alert.told_before), **_told(alert.told, s, plates)}
    body = {"type": "alert", "subscription": s.id, "rule": _rule(alert.rule), **again}
    return _message(views.of_alert(alert, plates).subject, body)


def digest(digest: Digest, plates: Plates) -> Message:
    """Write a digest."""
    s = digest.subscription
    sections = [
        {
            "rule": _rule(section.rule),
            "stories": [_told(told, s, plates) for told in section.stories],
            "volume": list(section.volume),
        }
        for section in digest.sections
    ]
    slot = digest.slot.astimezone(ZoneInfo(s.zone)).isoformat()
    body = {
        "type": "digest",
        "subscription": s.id,
        "title": s.title,
        "slot": slot,
        "zone": s.zone,
        "sections": sections,
        "more": digest.more,
        "spikes": [_spike(spike) for spike in digest.spikes],
        "silenced": digest.silenced,
    }
    return _message(views.of_digest(digest, plates).subject, body)


def _spike(spike: Spike) -> Json:
    """Give an hour in which a rule met far more than usual."""
    return {
        "rule": spike.rule,
        "at": _time(spike.at),
        "count": spike.count,
        "usual": f"{spike.usual:g}",
        "outlets": list(spike.outlets),
        "words": list(spike.words),
    }


def _message(subject: str, body: Json) -> Message:
    """Write the JSON on one line, in ASCII: an unpaired surrogate in a title must not make it unsendable."""
    return Message("webhook", subject, subject, body=json.dumps(body))


def _told(told: Told, s: Subscription, plates: Plates) -> Json:
    """Give one story."""
    alike: Json = plates.once(told, "webhook", lambda: _story(told, s))
    return {"rules": _rules(told.developments, s), **alike}


def _story(told: Told, s: Subscription) -> Json:
    """Give what all are told alike who are told it under the same rules."""
    return {
        "story": told.story,
        "headline": told.headline,
        "score": score(told),
        "developments": [_development(d, s) for d in told.developments],
        "also_in": list(told.also_in),
        "figures": list(told.figures),
        "summary": _summary(told.summary),
    }


def score(told: Told) -> Json | None:
    """Give by what the story is ranked, exactly; null if it was put together for no subscription."""
    of = told.score
    return {"severity": of.severity, "outlets": of.outlets, "newest": _time(of.newest)} if of else None


def _summary(summary: Summary) -> Json:
    """Give the summary; ``rewritten`` is null unless a language model put it in other words."""
    return {
        "sentences": [{"words": c.words, "whole": c.whole, "source": _source(c.source)} for c in summary.sentences],
        "figures": [{"words": m.words, "what": m.what, "source": _source(m.source)} for m in summary.measures],
        "quotes": [{"speaker": q.speaker, "words": q.words, "source": _source(q.source)} for q in summary.quotes],
        "timeline": [_moment(moment) for moment in summary.timeline],
        "rewritten": summary.rewritten or None,
    }


def _moment(moment: Moment) -> Json:
    """Give one development of the timeline."""
    return {
        "at": _time(moment.at),
        "title": moment.title,
        "reason": moment.reason,
        "fresh": moment.fresh,
        "source": _source(moment.source),
    }


def _source(source: Source) -> Json:
    """Say where words stand; ``url`` is null if it is no http(s) address."""
    id_, _, version = source.article.rpartition("@")
    url = views.link(source.url) or None
    return {"id": id_, "version": version, "outlet": source.outlet, "url": url, "lang": source.lang}


def _development(d: Development, s: Subscription) -> Json:
    """Give one development; ``url`` is null if it is no http(s) address."""
    hits = [hit for hit in d.match.hits if hit.rule in s.rules]
    evidence = [e for hit in hits for e in hit.evidence]
    return {
        "id": d.article.id,
        "version": d.article.version,
        "title": d.article.title,
        "url": views.link(d.article.url) or None,
        "outlet": d.article.outlet,
        "published": _time(d.article.published),
        "seen": _time(d.article.seen),
        "reason": d.reason,
        "strength": "about" if any(hit.strength == "about" for hit in hits) else "mention",
        "hits": [{"rule": hit.rule, "strength": hit.strength} for hit in hits],
        "evidence": [_evidence(e) for e in dict.fromkeys(evidence)],
        "lang": d.article.lang,
    }


def _rule(rule: Rule) -> Json:
    """Name the rule under which it is told."""
    return {"id": rule.id, "title": rule.title, "severity": rule.severity, "tags": list(rule.tags)}


def _rules(developments: Iterable[Development], s: Subscription) -> list[str]:
    """Name the subscription's rules that the story meets, in the subscriber's order."""
    met = {hit.rule for d in developments for hit in d.match.hits}
    return [name for name in s.rules if name in met]


def _evidence(e: Evidence) -> Json:
    """Say where a term was met."""
    return {"term": e.term, "field": e.field, "start": e.start, "end": e.end, "words": e.words}


def _time(when: datetime | None) -> str | None:
    """Write a time in UTC by RFC 3339, to the second."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if when else None
