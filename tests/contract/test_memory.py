"""The small world that ships with the product: feeds with verbs, and a channel that keeps what it is sent."""

from __future__ import annotations

from datetime import timedelta

import feedparser

from alerts.adapters.memory import MemoryChannel, MemoryFetch, MemoryFingerprints
from alerts.errors import FetchError
from alerts.model import Feed, FeedRequest, Fetched
from tests.contract.values import NOW, delivery

BBC = Feed("bbc", "https://bbc.example/rss?a=1&b=2", "BBC <World>")
SCMP = Feed("scmp", "https://scmp.example/rss", "SCMP")


def ask(fetch: MemoryFetch, feed: Feed = BBC, etag: str = "") -> Fetched | FetchError:
    ((answered, got),) = fetch([FeedRequest(feed, etag=etag)])
    assert answered == feed
    return got


def fetched(fetch: MemoryFetch, feed: Feed = BBC, etag: str = "") -> Fetched:
    got = ask(fetch, feed, etag)
    assert isinstance(got, Fetched)
    return got


def test_what_a_feed_was_told_is_read_by_a_real_parser() -> None:
    fetch = MemoryFetch()
    fetch.entry("bbc", title="Old", link="https://bbc.example/1")
    fetch.entry(
        "bbc",
        title="Q&A: <b>tariffs</b> 이란",
        link="https://bbc.example/2?x=1&y=2",
        summary="25% & more",
        guid="g-2",
        author="A. Uthor",
        categories=("world", "trade"),
        published=NOW,
    )
    parsed = feedparser.parse(fetched(fetch).body)
    newest, oldest = parsed.entries
    assert not parsed.bozo
    assert parsed.feed.title == "BBC <World>"
    assert (newest.link, newest.id, newest.author) == ("https://bbc.example/2?x=1&y=2", "g-2", "A. Uthor")
    assert "이란" in newest.title
    assert newest.published == "Wed, 01 Jul 2026 08:00:00 +0000"
    assert [tag.term for tag in newest.tags] == ["world", "trade"]
    assert (oldest.title, "published" in oldest, "id" in oldest) == ("Old", False, False)


def test_a_feed_that_was_told_nothing_is_valid_and_empty() -> None:
    parsed = feedparser.parse(fetched(MemoryFetch()).body)
    assert not parsed.bozo
    assert parsed.entries == []


def test_an_unchanged_feed_answers_304_to_its_validator_and_a_changed_one_does_not() -> None:
    fetch = MemoryFetch()
    fetch.entry("bbc", title="One", link="https://bbc.example/1")
    etag = fetched(fetch).etag
    again = fetched(fetch, etag=etag)
    assert (again.status, again.body) == (304, b"")
    fetch.entry("bbc", title="Two", link="https://bbc.example/2")
    assert fetched(fetch, etag=etag).status == 200
    fetch.drop("bbc")
    assert b"<item>" not in fetched(fetch).body


def test_a_script_is_played_once_and_then_the_feed_speaks_again() -> None:
    fetch = MemoryFetch()
    fetch.fail("bbc", "time-out after 30 s", times=2)
    fetch.not_modified("bbc")
    fetch.answer("bbc", Fetched(200, b"<html>"))
    got = [ask(fetch) for _ in range(5)]
    assert [type(answer).__name__ for answer in got] == ["FetchError", "FetchError", "Fetched", "Fetched", "Fetched"]
    assert str(got[0]) == "time-out after 30 s"
    assert [answer.status for answer in got] == [0, 0, 304, 200, 200]


def test_feeds_do_not_disturb_each_other_and_every_request_is_kept() -> None:
    fetch = MemoryFetch()
    fetch.fail("bbc", "403 Forbidden", status=403)
    requests = [FeedRequest(BBC), FeedRequest(SCMP)]
    (first, error), (second, got) = fetch(requests)
    assert (first, second) == (BBC, SCMP)
    assert isinstance(error, FetchError)
    assert error.status == 403
    assert isinstance(got, Fetched)
    assert fetch.asked == requests


def test_a_channel_keeps_what_it_delivered_as_often_as_it_did() -> None:
    channel = MemoryChannel()
    first = channel.send(delivery("a"), attempt=1, now=NOW)
    channel.send(delivery("a"), attempt=2, now=NOW)
    assert (first.delivery, first.attempt, first.outcome, first.at) == ("a", 1, "delivered", NOW)
    assert [d.id for d in channel.sent] == ["a", "a"]


def test_a_channel_plays_its_script_and_refuses_bad_recipients() -> None:
    channel = MemoryChannel()
    channel.then("deferred", "450 busy", retry_after=NOW + timedelta(minutes=1))
    channel.refuse("gone@example.com")
    receipts = [
        channel.send(delivery("bad", recipient="gone@example.com"), attempt=1, now=NOW),
        channel.send(delivery("good"), attempt=1, now=NOW),
        channel.send(delivery("good"), attempt=2, now=NOW),
    ]
    assert [r.outcome for r in receipts] == ["refused", "deferred", "delivered"]
    assert receipts[1].retry_after == NOW + timedelta(minutes=1)
    assert [d.id for d in channel.sent] == ["good"]
    assert channel.attempts == receipts


def test_fingerprints_in_memory_can_be_lost_as_redis_can() -> None:
    seen = MemoryFingerprints()
    seen.add(["a"])
    seen.forget()
    assert seen.unseen(["a"]) == {"a"}
