"""What people ask: one article all the way, and the lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine

from alerts.adapters import sql
from alerts.adapters.sql import queries
from alerts.model import Article, Development, Match, Report, Story
from tests.contract.values import NOW, TestClock, article, delivery, development, match, receipt, story

MINUTE = timedelta(minutes=1)


def test_an_article_is_found_by_its_url_its_id_and_its_key(engine: Engine) -> None:
    sql.SqlLog(engine, "articles", Article).append([article(1), article(1, "v2"), article(2)])
    both = (article(1), article(1, "v2"))
    assert queries.find_articles(engine, "https://example.com/1") == both
    assert queries.find_articles(engine, "a-1") == both
    assert queries.find_articles(engine, "a-1@v2") == (article(1, "v2"),)
    assert queries.find_articles(engine, "https://example.com/") == ()


def test_a_match_is_found_by_its_key(engine: Engine) -> None:
    sql.SqlLog(engine, "articles", Article).append([article(1), article(2)])
    sql.SqlLog(engine, "matches", Match).append([match(1)])
    assert queries.find_match(engine, "a-1@v1") == match(1)
    assert queries.find_match(engine, "a-2@v1") is None


def test_what_an_article_brought_is_found_by_its_id(engine: Engine) -> None:
    sql.SqlLog(engine, "developments", Development).append([development(1, "s-1"), development(2, "s-1")])
    assert queries.find_developments(engine, "a-1") == (development(1, "s-1"),)
    assert queries.find_developments(engine, "a-3") == ()


def test_a_copy_is_found_in_its_story_though_it_brought_nothing(engine: Engine) -> None:
    table = sql.SqlTable(engine, "stories", Story)
    table.put({"s-1": story("s-1", 1, 2), "s-2": story("s-2", 22), "s-3": story("s-3", 2)}, at=NOW)
    assert [s.id for s in queries.find_stories_of(engine, "a-2")] == ["s-1", "s-3"]
    assert queries.find_stories_of(engine, "a-%") == ()


def test_the_alerts_of_a_development_are_those_with_its_very_key(engine: Engine) -> None:
    outbox = sql.SqlOutbox(engine)
    sql.SqlLog(engine, "developments", Development).append([development(1)])
    ids = [
        "alert:desk:a-1@v1",
        "alert:anna:a-1@v1:0f3c",
        "alert:desk:a-1@v10",
        "alert:desk:xa-1@v1",
        "alert:desk:a-11@v1",
    ]
    outbox.add([delivery(id_) for id_ in ids])
    found = queries.deliveries_of(engine, "a-1@v1")
    assert [record.delivery.id for record in found] == ids[:2]
    assert queries.deliveries_of(engine, "a-2@v1") == ()


def test_the_digest_of_a_development_is_the_first_that_reads_so_far(engine: Engine) -> None:
    log, outbox = sql.SqlLog(engine, "developments", Development), sql.SqlOutbox(engine)
    ends = []
    for n in range(3):
        log.append([development(n)])
        ends.append(log.read("r").end)
    outbox.add(
        [
            delivery("digest:anna:1", upto=ends[0]),
            delivery("digest:anna:2:x", upto=ends[2]),
            delivery("digest:anna:2:y", upto=ends[2]),
            delivery("digest:anna:3", upto=ends[2] + 5),
            delivery("digest:bo:1", subscription="bo", upto=ends[1]),
        ]
    )
    told = {n: [record.delivery.id for record in queries.deliveries_of(engine, development(n).key)] for n in range(3)}
    assert told == {
        0: ["digest:anna:1", "digest:bo:1"],
        1: ["digest:anna:2:x", "digest:anna:2:y", "digest:bo:1"],
        2: ["digest:anna:2:x", "digest:anna:2:y"],
    }


def test_the_last_deliveries_come_newest_first_with_their_receipts(engine: Engine) -> None:
    outbox = sql.SqlOutbox(engine)
    outbox.add([delivery("a"), delivery("b", subscription="desk"), delivery("c")])
    for next_attempt, at in ((NOW + MINUTE, NOW), (None, NOW + MINUTE)):
        token = outbox.claim(["a"], now=at, until=at + MINUTE)["a"]
        assert token
        assert outbox.record(receipt("a", "deferred", at=at), token=token, next_attempt=next_attempt)
    c, b, a = queries.recent_deliveries(engine)
    assert [record.delivery.id for record in (c, b, a)] == ["c", "b", "a"]
    assert (a.state, a.attempts, a.next_attempt) == ("given_up", 2, None)
    assert [r.at for r in a.receipts] == [NOW, NOW + MINUTE]
    assert (c.state, c.attempts, c.next_attempt, c.receipts) == ("open", 0, NOW, ())
    assert queries.recent_deliveries(engine, 1) == (c,)
    assert queries.recent_deliveries(engine, state="open", subscription="desk") == (b,)
    assert queries.recent_deliveries(engine, channel="slack") == ()
    assert queries.recent_deliveries(engine, since=NOW + MINUTE) == ()
    assert len(queries.recent_deliveries(engine, channel="mail", since=NOW)) == 3
    assert queries.delivery_counts(engine) == {"open": 2, "given_up": 1}
    assert queries.waiting(engine) == {"mail": 2}
    assert [record.delivery.id for record in queries.find_deliveries(engine, "")] == ["a", "b", "c"]
    assert queries.find_deliveries(engine, "b") == (b,)


def test_bounces_are_the_recipients_that_were_refused_for_good(engine: Engine) -> None:
    outbox = sql.SqlOutbox(engine)
    outbox.add([delivery("bounced"), delivery("spam"), delivery("busy"), delivery("older")])
    said = {"bounced": ("refused", "recipient"), "spam": ("refused", "message"), "busy": ("deferred", "recipient")}
    for id_, (outcome, blame) in {**said, "older": ("refused", "recipient")}.items():
        at = NOW + (MINUTE if id_ in said else 0 * MINUTE)
        token = outbox.claim([id_], now=at, until=at + MINUTE)[id_]
        assert token
        made = replace(receipt(id_, outcome, at=at), blame=blame)  # type: ignore[arg-type]
        assert outbox.record(made, token=token, next_attempt=at if outcome == "deferred" else None)
    found = queries.bounces(engine, NOW + MINUTE)
    assert [(d.recipient, r.delivery) for d, r in found] == [("anna@example.com", "bounced")]


def test_reports_are_found_by_time(engine: Engine) -> None:
    clock = TestClock()
    log = sql.SqlLog(engine, "reports", Report, clock=clock)
    made = [Report("poll", NOW + n * MINUTE, (("feeds", n),), ("a line",)) for n in range(3)]
    for report in made:
        clock.at = report.at + MINUTE / 2
        log.append([report])
    assert queries.reports_since(engine, NOW + MINUTE) == tuple(made[1:])
    assert queries.reports_since(engine, NOW + 9 * MINUTE) == ()


def test_logs_are_counted_and_so_is_what_is_left_to_read(engine: Engine) -> None:
    clock = TestClock()
    log = sql.SqlLog(engine, "articles", Article, clock=clock)
    sql.SqlLog(engine, "matches", Match).subscribe("group", now=NOW)
    for n in range(3):
        log.append([article(n)])
        clock.move(MINUTE)
    log.commit("match", log.read("match", 1).end)
    log.subscribe("late", now=NOW)
    articles, matches = queries.log_counts(engine)
    assert (articles.log, articles.values, matches.log, matches.values) == ("articles", 3, "matches", 0)
    assert articles.readers == (
        queries.ReaderBacklog("late", 0, None, NOW),
        queries.ReaderBacklog("match", 2, NOW + MINUTE, None),
    )
    assert matches.readers == (queries.ReaderBacklog("group", 0, None, NOW),)


def test_a_very_long_url_is_found_too(engine: Engine) -> None:
    long = replace(article(1), url="https://example.com/?" + "x" * 10_000)
    sql.SqlLog(engine, "articles", Article).append([long])
    assert queries.find_articles(engine, long.url) == (long,)
