"""A small world for the line: feeds with verbs, a clock that is told to move, channels that collect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from alerts import app as app_
from alerts.adapters.memory import MemoryChannel, MemoryFetch
from alerts.app import App, Stores
from alerts.config import ChannelSettings, Config
from alerts.model import Delivery, Feed, Report, Rule, Subscription, Watchlist

START = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)

WIRE = Feed("wire", "https://wire.example/rss", "Polaris Wire", lang="en", first_poll=None)
POST = Feed("post", "https://post.example/rss", "Harbour Post", lang="en", first_poll=None)
CALM = Feed("calm", "https://calm.example/rss", "Calm Gazette", lang="en", first_poll=timedelta(hours=24))

RULES = (
    Rule("iran", "Iran", "urgent", any=("@iran",), none=("football", "qualifier")),
    Rule("tariffs", "Tariffs", "routine", any=("tarif*", "duties")),
)
MORNING = Subscription(
    "morning",
    ("iran", "tariffs"),
    "mail",
    "mail",
    title="Morning digest",
    recipients=("anna@example.org",),
    cron="30 7 * * *",
    zone="Europe/London",
)
DESK = Subscription("desk", ("iran",), "slack", "slack", title="Iran desk")
HOOK = Subscription("hook", ("iran", "tariffs"), "webhook", "webhook", title="Hook")

CRACKDOWN = (
    "Security forces opened fire on protesters in Isfahan and Tehran on Monday and cut off the internet across most of "
    "the country, residents and a monitoring group said. At least 25 dead were counted in two hospitals, doctors said."
)
CONCERN = (
    "A Chinese foreign ministry spokesperson voiced concern over the crackdown on protesters in Iran and called for calm, "
    "but offered no tangible support to Tehran, its trading partner, after security forces opened fire in Isfahan."
)
TARIFF = (
    "The United States announced a 25% tariff on all countries that transact with Iran, a day after security forces "
    "opened fire on protesters in Isfahan and Tehran. The White House said the tariff takes effect at once."
)


def a_config(
    feeds: Sequence[Feed] = (WIRE, POST), subscriptions: Sequence[Subscription] = (MORNING, DESK, HOOK)
) -> Config:
    """The configuration of this world."""
    channels = (
        ChannelSettings("mail", "mail", "alerts_smtp", "Tocsin <tocsin@example.org>"),
        ChannelSettings("slack", "slack", "alerts_slack"),
        ChannelSettings("webhook", "webhook", "alerts_webhook"),
    )
    watchlists = (Watchlist("iran", ("Iran", "Tehran", "이란", "ایران")),)
    return Config(
        feeds=tuple(feeds),
        allow_hosts=frozenset(),
        contact="",
        watchlists=watchlists,
        rules=RULES,
        subscriptions=tuple(subscriptions),
        channels=channels,
    )


@dataclass
class World:
    """Feeds, a clock, an App, and what came out of it."""

    config: Config = field(default_factory=a_config)
    now: datetime = START
    fetch: MemoryFetch = field(default_factory=MemoryFetch)
    channels: dict[str, MemoryChannel] = field(
        default_factory=lambda: {name: MemoryChannel() for name in ("mail", "slack", "webhook")}
    )
    app: App = field(init=False)

    def __post_init__(self) -> None:
        self.app = app_.in_memory(self.config, self.fetch, self.channels, clock=lambda: self.now)

    @property
    def stores(self) -> Stores:
        return self.app.stores

    def says(self, feed: Feed, title: str, text: str = "", *, slug: str = "", ago: timedelta = timedelta(0)) -> None:
        """Let a feed say something, published so long ago."""
        slug = slug or title.lower().replace(" ", "-")
        host = feed.url.removesuffix("/rss")
        self.fetch.entry(feed.id, title=title, link=f"{host}/{slug}", summary=text, published=self.now - ago)

    def passes(self, **time_: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time_)

    def until(self, hour: int, minute: int, *, days: int = 0) -> None:
        """Let time pass until so many days later, at this time of the day in UTC."""
        self.now = (self.now + timedelta(days=days)).replace(hour=hour, minute=minute, second=0)

    def run(self, *, digest_now: bool = False) -> dict[str, Report]:
        """Run the line once."""
        return {stage: self.app.run(stage, digest_now=digest_now) for stage in app_.LINE}

    def told(self, channel: str) -> list[Delivery]:
        """What a channel was sent, in order."""
        return self.channels[channel].sent


def headlines(deliveries: Sequence[Delivery]) -> list[str]:
    """The subjects of deliveries."""
    return [delivery.message.subject for delivery in deliveries]


def count(report: Report, name: str) -> int:
    """One count of a report."""
    return dict(report.counts).get(name, 0)
