"""Values for the contract tests: an article by its number, and what the line makes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alerts.model import Article, Delivery, Development, Evidence, Hit, Match, Member, Message, Outcome, Receipt, Story

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


class TestClock:
    """A clock that stands still until it is moved."""

    __test__ = False

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


def article(n: int, version: str = "v1") -> Article:
    return Article(
        id=f"a-{n}",
        version=version,
        feed="korea-herald",
        outlet="Korea Herald",
        url=f"https://example.com/{n}",
        title=f"관세 25% · تعرفه · tariff {n}",
        text="Protests are put down.",
        seen=NOW,
        published=NOW - timedelta(hours=1),
        categories=("world", "trade"),
    )


def match(n: int, version: str = "v1") -> Match:
    hit = Hit("tariffs", (Evidence("tariff", "title", 15, 21, "tariff"),))
    return Match(article(n, version), (hit,), rules="r1")


def development(n: int, story: str = "s-1") -> Development:
    return Development(story, match(n), "new story", NOW)


def story(key: str, *articles: int) -> Story:
    members = tuple(
        Member(f"a-{n}", "v1", "Korea Herald", f"https://example.com/{n}", "t", "lead", NOW, "copy of a-1")
        for n in articles
    )
    return Story(key, NOW, NOW, members)


def delivery(
    id_: str, *, made: datetime = NOW, subscription: str = "anna", upto: int = 0, recipient: str = "anna@example.com"
) -> Delivery:
    message = Message("mail", "Iran: 2 stories", "text", "<p>text</p>")
    return Delivery(id_, subscription, "mail", recipient, message, made, upto)


def receipt(id_: str, outcome: Outcome = "delivered", attempt: int = 1, at: datetime = NOW) -> Receipt:
    return Receipt(id_, attempt, outcome, "250 OK", at, at + timedelta(minutes=5) if outcome == "deferred" else None)
