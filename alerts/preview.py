"""What a subscription's messages look like, with sample news: for whoever writes a template.

No store is opened, and nothing is sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from alerts import config as config_
from alerts import digests, render, summaries
from alerts.adapters.children import Children
from alerts.adapters.templates import OwnTemplates
from alerts.errors import AlertsError
from alerts.model import Alert, Article, Development, Digest, Evidence, Hit, Match, Member, Message, Story, Subscription

_STRIKE = (
    "Dock workers in Varna walked out on Monday, and 14 ships with 320,000 tonnes of grain lie at anchor, the port "
    "authority said."
)
_LOSSES = (
    'Exporters put their losses at $48 million. "We can hold out for a week, not for a month," said Elena Marinova, '
    "who speaks for them."
)
_STEEL = "Ministers of nine countries agreed on a tariff of 12% on steel, to be levied from September."
_NEWS = (
    ("sample-1", "Harbour Post", 11, "Port of Varna halts grain exports", "new story", _STRIKE),
    (
        "sample-1",
        "Polaris Wire",
        5,
        "Varna strike costs grain exporters $48 million",
        "new facts: $48 million",
        _LOSSES,
    ),
    ("sample-2", "Calm Gazette", 3, "Ministers agree on a tariff of 12% on steel", "new story", _STEEL),
)
"""Story, outlet, hours ago, title, what is new, and text; none of it happened."""


def message(folder: Path, subscription: str, now: datetime) -> tuple[Message, str]:
    """Write what the subscription would be sent of the sample news, and say what is wrong with its templates.

    Raises:
        AlertsError: There is no such subscription in the folder.
    """
    found = config_.examine(config_.read(folder)).config
    s = next((s for s in found.subscriptions if s.id == subscription), None)
    if s is None or not s.rules:
        known = ", ".join(s.id for s in found.subscriptions) or "none"
        raise AlertsError(f'there is no sound subscription "{subscription}"; those of {folder} are: {known}')
    told = _digest(s, found, now) if s.cron else _alert(s, found, now)
    made = render.digest(told) if isinstance(told, Digest) else render.alert(told)
    with Children(workers=1) as children:
        return OwnTemplates(folder / "templates", children)(told, made)


def _digest(s: Subscription, found: config_.Config, now: datetime) -> Digest:
    """Make a digest of all the sample news."""
    news = _news(s, now)
    stories = {d.story: _story(d.story, news) for d in news}
    made = digests.digest(s, now, news, found.rules, stories)
    return digests.each(made, lambda told: summaries.summarise(told, stories[told.story]))


def _alert(s: Subscription, found: config_.Config, now: datetime) -> Alert:
    """Make an alert of the second of the sample news, which follows on the first."""
    news = _news(s, now)
    story = _story(news[1].story, news)
    made = digests.alert(s, [news[1]], found.rules, story)
    return Alert(made.subscription, made.rule, summaries.summarise(made.told, story))


def _news(s: Subscription, now: datetime) -> tuple[Development, ...]:
    """Make the sample news, as if it had met the first rules of the subscription."""
    made = []
    for n, (story, outlet, hours, title, reason, text) in enumerate(_NEWS):
        seen = now - timedelta(hours=hours)
        url = f"https://example.org/sample-{n}"
        a = Article(f"sample-{n}", "v1", outlet, outlet, url, title, text, seen, seen, lang="en")
        rule = s.rules[min(n // 2, len(s.rules) - 1)]
        hit = Hit(rule, (Evidence(rule, "title", 0, len(title.split()[0]), title.split()[0]),), "about")
        made.append(Development(story, Match(a, (hit,)), reason, seen))
    return tuple(made)


def _story(name: str, news: tuple[Development, ...]) -> Story:
    """Make the story that a development belongs to."""
    told = [d.article for d in news if d.story == name]
    members = tuple(Member(a.id, a.version, a.outlet, a.url, a.title, a.text, a.seen, "told", a.lang) for a in told)
    return Story(name, told[0].seen, told[-1].seen, members)
