"""Slack's promises: at most one message a second, a story's thread, a 429 obeyed, and nothing tried twice unseen."""

import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from time import monotonic

import pytest

from alerts import deliveries, render
from alerts.adapters.memory import MemoryHosts, MemoryTable
from alerts.adapters.pacing import turn
from alerts.adapters.slack import PACE, SlackBot, SlackChannel
from alerts.model import Delivery, Receipt
from tests import newsroom
from tests.servers import say, serving

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
HERE = frozenset({"127.0.0.1"})
TOKEN = "xoxb-1234567890-s3cret"


class Slack:
    """A stand-in for Slack: gives each message a ts, and answers as it was told to."""

    def __init__(self) -> None:
        self.url = ""
        self.begin()

    def begin(self) -> None:
        self.posts: list[tuple[float, dict[str, object], str]] = []
        self.status, self.error = 200, ""
        self.headers: dict[str, str] = {}

    def take(self, handler: BaseHTTPRequestHandler, sent: bytes) -> None:
        body = json.loads(sent)
        self.posts.append((monotonic(), body, handler.headers.get("authorization", "")))
        ts = f"1782892800.{len(self.posts):06}"
        answer = json.dumps({"ok": False, "error": self.error} if self.error else {"ok": True, "ts": ts}).encode()
        answer = b"ok" if "channel" not in body and not self.error else answer
        say(handler, self.status, answer, **self.headers)


@pytest.fixture(scope="module")
def running() -> Iterator[Slack]:
    made = Slack()
    with serving(made.take) as url:
        made.url = f"{url}/api/chat.postMessage"
        yield made


@pytest.fixture
def slack(running: Slack) -> Slack:
    running.begin()
    return running


@dataclass
class Free:
    """Turns that are always ours, for tests of something else; it remembers the rests."""

    rests: list[timedelta] = field(default_factory=list)

    def take(self, host: str, *, hold: timedelta) -> str:
        return "token"

    def leave(self, host: str, token: str, *, rest: timedelta) -> None:
        self.rests.append(rest)

    def exchange(self, leaves: object, takes: object, *, hold: timedelta) -> list[str | timedelta | None]:
        return []


def delivery(story: str = "s1", title: str = "Tariff", to: str = "#news") -> Delivery:
    s = newsroom.subscription("slack", cron="", recipients=(to,))
    news = newsroom.development(newsroom.article(title.lower(), title), story)
    return deliveries.for_alert(newsroom.alert_of(news, s), news, render.alert(newsroom.alert_of(news, s)), NOW)[0]


def bot(slack: Slack, threads: MemoryTable[str] | None = None, hosts: object = None) -> SlackBot:
    return SlackBot(TOKEN, threads or MemoryTable(), hosts or Free(), api=slack.url, allow_hosts=HERE)  # type: ignore[arg-type]


def send(channel: SlackBot | SlackChannel, made: Delivery) -> Receipt:
    receipt = channel.send(made, attempt=1, now=NOW)
    assert "s3cret" not in receipt.reason
    return receipt


# ── the bot ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_bot_writes_to_the_channel_that_is_named_with_its_token(slack: Slack) -> None:
    receipt = send(bot(slack), delivery())
    assert (receipt.outcome, receipt.reason) == ("delivered", "200 ok")
    ((_, body, login),) = slack.posts
    assert login == f"Bearer {TOKEN}"
    assert body["channel"] == "#news"
    assert body["text"] == "[urgent] Tariff — BBC News"
    assert (body["unfurl_links"], body["unfurl_media"], body["mrkdwn"]) == (False, False, False)
    assert "thread_ts" not in body


def test_what_follows_of_a_story_goes_into_its_thread(slack: Slack) -> None:
    channel = bot(slack)
    for made in (
        delivery("s1", "Tariff"),
        delivery("s1", "Tariff raised"),
        delivery("s1", "Tariff dropped"),
        delivery("s2", "Ports"),
        delivery("s1", "Tariff", to="#trade"),
        replace(delivery("s1", "Digest"), thread=""),
    ):
        assert send(channel, made).outcome == "delivered"
    root = "1782892800.000001"
    assert [body.get("thread_ts") for _, body, _ in slack.posts] == [None, root, root, None, None, None]


def test_a_thread_that_is_forgotten_begins_anew_and_loses_nothing(slack: Slack) -> None:
    threads: MemoryTable[str] = MemoryTable()
    send(bot(slack, threads), delivery())
    assert send(bot(slack, MemoryTable()), delivery(title="Raised")).outcome == "delivered"
    assert "thread_ts" not in slack.posts[-1][1]


def test_a_thread_that_slack_does_not_know_any_more_is_forgotten_and_the_message_goes_out(slack: Slack) -> None:
    channel = bot(slack)
    send(channel, delivery())
    slack.error = "thread_not_found"
    assert send(channel, delivery(title="Raised")).outcome == "deferred"
    slack.error = ""
    assert send(channel, delivery(title="Raised")).outcome == "delivered"
    assert [body.get("thread_ts") for _, body, _ in slack.posts] == [None, "1782892800.000001", None]


def test_a_message_that_was_not_taken_is_no_root(slack: Slack) -> None:
    channel = bot(slack)
    slack.error = "internal_error"
    assert send(channel, delivery()).outcome == "deferred"
    slack.error = ""
    send(channel, delivery())
    assert [body.get("thread_ts") for _, body, _ in slack.posts] == [None, None]


WORDS = [
    ("ratelimited", "deferred"),
    ("internal_error", "deferred"),
    ("invalid_auth", "deferred"),
    ("token_revoked", "deferred"),
    ("missing_scope", "deferred"),
    ("not_in_channel", "deferred"),
    ("channel_not_found", "refused"),
    ("is_archived", "refused"),
    ("invalid_blocks", "refused"),
    ("msg_blocks_too_long", "refused"),
    ("a_word_of_tomorrow", "refused"),
]


@pytest.mark.parametrize(("word", "outcome"), WORDS)
def test_what_slacks_words_mean(slack: Slack, word: str, outcome: str) -> None:
    slack.error = word
    receipt = send(bot(slack), delivery())
    assert (receipt.outcome, receipt.reason) == (outcome, f"200 {word}")
    assert len(slack.posts) == 1


def test_a_bot_without_a_channel_and_a_webhook_with_one_say_what_to_mend(slack: Slack) -> None:
    assert "give the subscription `to:" in send(bot(slack), delivery(to="")).reason
    assert "delete `to`" in send(SlackChannel(slack.url, hosts=Free(), allow_hosts=HERE), delivery()).reason
    assert slack.posts == []


# ── the pace ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_channel_of_slack_gets_one_message_a_second_whoever_writes(slack: Slack) -> None:
    """Two workers share the turns; another channel of Slack's does not wait for them."""
    hosts = MemoryHosts()
    workers = [bot(slack, hosts=hosts), bot(slack, hosts=hosts)]
    threads = [
        threading.Thread(target=send, args=(worker, delivery(title=f"Title {n}")))
        for n, worker in enumerate([*workers, workers[0]])
    ]
    began = monotonic()
    for thread in threads:
        thread.start()
    send(workers[1], delivery(to="#trade"))
    elsewhere = monotonic() - began
    for thread in threads:
        thread.join()
    times = sorted(at for at, body, _ in slack.posts if body["channel"] == "#news")
    assert len(times) == 3
    assert all(later - earlier >= PACE.total_seconds() for earlier, later in itertools.pairwise(times))
    assert elsewhere < 1


def test_a_429_makes_all_who_write_there_wait(slack: Slack) -> None:
    hosts = Free()
    slack.status, slack.headers, slack.error = 429, {"retry-after": "30"}, "ratelimited"
    receipt = send(bot(slack, hosts=hosts), delivery())
    assert (receipt.outcome, receipt.retry_after) == ("deferred", NOW + timedelta(seconds=30))
    assert hosts.rests == [timedelta(seconds=30)]
    assert len(slack.posts) == 1, "no hidden retry"
    slack.headers = {}
    send(bot(slack, hosts=hosts), delivery())
    assert hosts.rests[1] >= PACE


@pytest.mark.parametrize("kind", ["bot", "webhook"])
def test_whose_turn_it_is_not_posts_nothing_and_says_when(slack: Slack, kind: str) -> None:
    @dataclass
    class Resting(Free):
        def take(self, host: str, *, hold: timedelta) -> timedelta:  # type: ignore[override]
            return timedelta(minutes=5)

    hosts = Resting()
    channel = bot(slack, hosts=hosts) if kind == "bot" else SlackChannel(slack.url, hosts=hosts, allow_hosts=HERE)  # type: ignore[arg-type]
    receipt = send(channel, delivery(to="#news" if kind == "bot" else ""))
    assert (receipt.outcome, receipt.retry_after) == ("deferred", NOW + timedelta(minutes=5))
    assert "one message a second" in receipt.reason
    assert slack.posts == []


def test_a_turn_is_waited_for_only_as_long_as_there_is_patience() -> None:
    slept: list[float] = []

    @dataclass
    class Held(Free):
        def take(self, host: str, *, hold: timedelta) -> None:  # type: ignore[override]
            return None

    second = timedelta(seconds=1)
    with turn(Held(), "a", hold=second, rest=second, patience=second, sleep=slept.append) as ours:  # type: ignore[arg-type]
        assert ours.wait
    assert 0.5 < sum(slept) <= 1
