"""A language model: one that is right is used, one that lies, hangs or breaks changes nothing and holds up nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from alerts import app, digests, stages
from alerts.adapters.memory import MemoryLog, MemoryOutbox, MemoryTable
from alerts.adapters.rewriter import BUDGET, TASK, Rewriter
from alerts.model import Delivery, Report
from tests.newsroom import NIGHT, RULES, SLOT, STORIES, subscription
from tests.servers import serving

Speak = Callable[[BaseHTTPRequestHandler, dict[str, object]], None]
TRUE = "The United States will levy a 25% tariff on any country that does business with Iran."
LIE = "The United States will levy a 50% tariff on Iraq."


@contextmanager
def model(speak: Speak) -> Iterator[tuple[str, list[dict[str, object]], list[str]]]:
    """A server on loopback; gives its URL, the questions that came, and their headers of authorization."""
    asked: list[dict[str, object]] = []
    keys: list[str] = []

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        question = json.loads(body)
        asked.append({"path": handler.path, **question})
        keys.append(handler.headers.get("Authorization", ""))
        speak(handler, question)

    with serving(answer, wait=False) as url:
        yield f"{url}/v1", asked, keys


def says(words: object, status: int = 200) -> Speak:
    """A server that answers in the right shape."""
    body = json.dumps({"id": "x" * 900, "choices": [{"message": {"role": "assistant", "content": words}}]}).encode()
    return sends(body, status)


def sends(body: bytes, status: int = 200) -> Speak:
    def speak(handler: BaseHTTPRequestHandler, _: dict[str, object]) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return speak


def echo(handler: BaseHTTPRequestHandler, question: dict[str, object]) -> None:
    """A server that says over again what it was given, without the numbers of the sentences."""
    lines = question["messages"][1]["content"].splitlines()  # type: ignore[index]
    says(" ".join(line.partition(". ")[2] for line in lines))(handler, question)


def hangs(handler: BaseHTTPRequestHandler, _: dict[str, object]) -> None:
    time.sleep(2)


def drips(handler: BaseHTTPRequestHandler, _: dict[str, object]) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _n in range(40):
        try:
            handler.wfile.write(b" ")
            handler.wfile.flush()
        except OSError:
            return
        time.sleep(0.05)


def composed(rewriter: Rewriter | None) -> tuple[Report, tuple[Delivery, ...]]:
    """The night's digest in mail, Slack and a webhook, with or without a model."""
    log, table, outbox = MemoryLog(), MemoryTable(), MemoryOutbox()
    subscriptions = [subscription(kind, id=kind) for kind in ("mail", "slack", "webhook")]
    for s in subscriptions:
        log.subscribe(s.id, now=SLOT - timedelta(days=1))
    log.append(NIGHT)
    table.put(STORIES, at=SLOT)
    report = stages.compose(
        subscriptions,
        RULES,
        developments=log,
        stories=table,
        slots=MemoryTable(),
        outbox=outbox,
        silences=MemoryTable(),
        waiting=MemoryTable(),
        now=SLOT,
        rewrite=rewriter.run() if rewriter else None,
    )
    return report, tuple(pending.delivery for pending in outbox.due(SLOT))


PLAIN = composed(None)[1]
SHORT = timedelta(seconds=0.6)
WRONG: list[tuple[str, Speak]] = [
    ("it lies", says(LIE)),
    ("it refuses", says("no", 401)),
    ("it breaks", sends(b"oops", 500)),
    ("it sends a page", sends(b"<html>welcome</html>")),
    ("it sends another shape", sends(b'{"choices": []}')),
    ("it sends another kind", says({"text": TRUE})),
    ("it sends a list", sends(b"[1]")),
    ("it sends what is nested too deep", sends(b"[" * 19_000)),
    ("it sends too much", says("word " * 10_000)),
    ("it sends nothing", sends(b"")),
    ("it hangs", hangs),
    ("it drips", drips),
]


@pytest.mark.parametrize(("why", "speak"), WRONG, ids=[case[0] for case in WRONG])
def test_a_model_that_fails_changes_no_delivery_and_holds_up_none(why: str, speak: Speak) -> None:
    with model(speak) as (url, asked, _):
        began = time.monotonic()
        report, deliveries = composed(Rewriter(url, "m", budget=SHORT))
        took = time.monotonic() - began
    assert deliveries == PLAIN
    assert asked
    assert took < SHORT.total_seconds() + 1
    assert dict(report.counts)["digests"] == 3


def test_a_model_that_is_not_there_changes_nothing_and_is_reported() -> None:
    with model(says(TRUE)) as (url, _, _):
        pass
    report, deliveries = composed(Rewriter(url, "m"))
    assert deliveries == PLAIN
    assert report.lines == ("language model: no answer for any of 12 stories; they are told in extracts",)


def test_an_address_that_is_none_changes_nothing() -> None:
    assert composed(Rewriter("nonsense", "m"))[1] == PLAIN


def test_what_is_right_is_told_as_a_machines_words_with_its_sources() -> None:
    with model(echo) as (url, asked, keys):
        report, (mail, slack, webhook) = composed(Rewriter(f"{url}/", "small", "sesame"))
    assert (report.lines, dict(report.counts)["answered"]) == ((), 12)
    for words in (mail.message.text, mail.message.html):
        assert words.count("Rewritten by a machine from the sentences below.") == 4
        assert "The Guardian" in words
    assert slack.message.body.count("Rewritten by a machine from:") == 4
    told = [story for section in json.loads(webhook.message.body)["sections"] for story in section["stories"]]
    assert sum(story["summary"]["rewritten"] is not None for story in told) == 4
    assert set(keys) == {"Bearer sesame"}
    assert {(one["path"], one["model"]) for one in asked} == {("/v1/chat/completions", "small")}
    assert all(one["messages"][0]["content"] == TASK for one in asked)  # type: ignore[index]


def test_the_budget_is_that_of_the_run_and_not_of_each_digest() -> None:
    assert timedelta(seconds=5) > BUDGET
    with model(hangs) as (url, _, _):
        run = Rewriter(url, "m", budget=SHORT).run()
        began = time.monotonic()
        assert [run({str(n): ("a sentence",)}) for n in range(5)] == [{}] * 5
        assert time.monotonic() - began < SHORT.total_seconds() + 1


def test_the_key_is_shown_to_nobody() -> None:
    assert "sesame" not in repr(Rewriter("http://user.example", "m", "sesame"))


SETTINGS = [
    ("off, if nothing is set", {}, None),
    ("off, without a model", {"ALERTS_MODEL": "http://m.example/v1"}, None),
    ("off, without an address", {"ALERTS_MODEL_NAME": "small"}, None),
    (
        "on",
        {"ALERTS_MODEL": "http://m.example/v1", "ALERTS_MODEL_NAME": "small", "ALERTS_MODEL_SECRET": "k"},
        Rewriter("http://m.example/v1", "small", "k"),
    ),
]


@pytest.mark.parametrize(("why", "environ", "made"), SETTINGS, ids=[case[0] for case in SETTINGS])
def test_it_is_off_until_it_is_configured(why: str, environ: dict[str, str], made: Rewriter | None) -> None:
    assert app.rewriter(environ.get) == made


def test_alerts_are_not_rewritten() -> None:
    log, outbox = MemoryLog(), MemoryOutbox()
    s = subscription("mail", cron="")
    log.subscribe(s.id, now=SLOT)
    log.append(NIGHT[:1])

    def never(_: object) -> dict[str, str]:
        raise AssertionError

    report = stages.compose(
        [s],
        RULES,
        developments=log,
        stories=MemoryTable(),
        slots=MemoryTable(),
        outbox=outbox,
        silences=MemoryTable(),
        waiting=MemoryTable(),
        now=SLOT,
        rewrite=never,
    )
    assert dict(report.counts)["alerts"] == 1
    assert digests.select(s, NIGHT[:1])
