"""Two digests of the sample feeds, as every kind of channel writes them, beside files that a person has read.

After a change that is meant, write them anew, read them, and commit both:
``ALERTS_GOLDEN=write pytest tests/test_golden.py``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from alerts import app, articles, config, demo, feeds
from alerts.adapters.memory import MemoryChannel
from alerts.model import Article, Fetched, Kind, Message, Subscription

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).parent / "golden"
ANCHOR = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)  # a Wednesday
SLOTS = (ANCHOR - timedelta(hours=24), ANCHOR)
BASE = f"http://127.0.0.1:{demo.PORT}"
KINDS: tuple[Kind, ...] = ("mail", "slack", "webhook")


@cache
def loaded() -> config.Config:
    """The configuration that is shipped, with a digest of every kind of channel."""
    made, problems = config.check(config.read(ROOT / "config"))
    assert not problems
    every = tuple(rule.id for rule in made.rules)
    subscriptions = [Subscription(k, every, k, k, "Morning digest", cron="0 8 * * *", strength="about") for k in KINDS]
    return replace(made, subscriptions=tuple(subscriptions))


def sample() -> Iterator[Article]:
    """The articles of the sample feeds, each seen when it was published."""
    for feed in loaded().feeds:
        if feed.url.startswith(BASE):
            source = (ROOT / "examples" / feed.url.rsplit("/", 1)[1]).read_text(encoding="utf-8")
            body = demo.render(source, anchor=ANCHOR, base=BASE)
            parsed = feeds.parse(Fetched(200, body, url=feed.url))
            for made in articles.from_entries(parsed.entries, feed, first_poll=False, now=ANCHOR):
                yield replace(made, seen=made.when, quiet="")


@cache
def digests() -> dict[tuple[Kind, int], tuple[Message, ...]]:
    """Run the line twice, a day apart."""
    channels = {kind: MemoryChannel() for kind in KINDS}
    moment = [SLOTS[0] - timedelta(days=2)]
    line = app.in_memory(loaded(), lambda _: (), channels, clock=lambda: moment[0])
    found: dict[tuple[Kind, int], tuple[Message, ...]] = {}
    for number, slot in enumerate(SLOTS):
        moment[0] = slot
        line.stores.articles.append(made for made in sample() if made.seen <= slot)
        for stage in ("match", "group", "compose", "deliver"):
            line.run(stage)
        for kind in KINDS:
            found[kind, number] = tuple(sent.message for sent in channels[kind].sent if sent.made == slot)
    return found


def written(messages: tuple[Message, ...]) -> dict[str, str]:
    """Give what is kept of a digest, by the ending of its file; Slack's takes several messages."""
    message = messages[0]
    if message.kind == "slack":
        bodies = [json.loads(part.body) for part in messages]
        return {"slack.json": json.dumps(bodies, ensure_ascii=False, indent=1) + "\n"}
    if message.kind == "mail":
        return {"txt": f"Subject: {message.subject}\n\n{message.text}", "html": message.html}
    return {f"{message.kind}.json": json.dumps(json.loads(message.body), ensure_ascii=False, indent=1) + "\n"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(len(SLOTS)))
def test_a_digest_of_the_sample_feeds_reads_as_it_did(kind: Kind, number: int) -> None:
    for ending, words in written(digests()[kind, number]).items():
        file = GOLDEN / f"digest-{number + 1}.{ending}"
        if os.environ.get("ALERTS_GOLDEN") == "write":
            file.parent.mkdir(exist_ok=True)
            file.write_text(words, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == words


def test_the_second_digest_knows_what_the_first_one_told() -> None:
    first, second = (digests()["mail", number][0].text for number in range(2))
    assert "Earlier in this story" not in first
    assert "Earlier in this story" in second
    assert "Since your last digest" in second
