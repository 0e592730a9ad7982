"""The whole line in memory: given feeds, rules, subscriptions and a clock, what arrives."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.line.world import (
    CALM,
    CONCERN,
    CRACKDOWN,
    DESK,
    HOOK,
    MORNING,
    POST,
    TARIFF,
    WIRE,
    World,
    a_config,
    count,
    headlines,
)

CHINA = "China voices concern over Iran crackdown, offers no tangible support"
CUT_OFF = "Iran cuts internet as forces fire on protesters"


def a_crackdown(world: World) -> None:
    """One event, as the agency tells it, over three hours."""
    world.says(WIRE, CUT_OFF, CRACKDOWN, ago=timedelta(hours=3))
    world.says(WIRE, CHINA, CONCERN, ago=timedelta(hours=2))
    world.says(WIRE, "US announces 25% tariff on countries that transact with Iran", TARIFF, ago=timedelta(hours=1))


# ── at once ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_news_reaches_the_desk_at_once_and_once() -> None:
    world = World()
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    world.run()
    world.passes(minutes=20)
    world.run()

    assert [CUT_OFF in subject for subject in headlines(world.told("slack"))] == [True]
    assert len(world.told("webhook")) == 1


def test_an_article_of_two_rules_reaches_each_subscriber_once() -> None:
    world = World()
    world.says(WIRE, "US announces 25% tariff on countries that transact with Iran", TARIFF)
    world.run()

    assert len(world.told("slack")) == 1
    assert len(world.told("webhook")) == 1


def test_sports_noise_tells_nobody() -> None:
    world = World()
    world.says(WIRE, "Iran beat Iraq 2-1 in Asian Cup qualifier", "A late goal in Tehran decided the football derby.")
    reports = world.run()

    assert count(reports["match"], "no_rule") == 1
    assert world.told("slack") == []


def test_a_wire_copy_in_another_outlet_tells_nobody_twice() -> None:
    world = World()
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    world.run()
    world.passes(minutes=20)
    world.says(POST, CUT_OFF, CRACKDOWN + " (Polaris Wire)")
    reports = world.run()

    assert count(reports["group"], "copies") == 1
    assert len(world.told("slack")) == 1


def test_a_correction_is_told() -> None:
    world = World()
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    world.run()
    world.passes(minutes=20)
    world.says(WIRE, f"CORRECTION: {CUT_OFF}", CRACKDOWN.replace("25 dead", "22 dead"))
    world.run()

    assert len(world.told("slack")) == 2
    assert "correction: 22 dead" in world.told("slack")[1].message.body


def test_an_edit_of_a_typo_tells_nobody_and_a_new_figure_does() -> None:
    world = World()
    world.says(WIRE, CUT_OFF, CRACKDOWN, slug="x")
    world.run()
    for edited in (CRACKDOWN.replace("residents", "locals"), CRACKDOWN.replace("25 dead", "31 dead")):
        world.passes(minutes=20)
        world.fetch.drop(WIRE.id)
        world.says(WIRE, CUT_OFF, edited, slug="x")
        world.run()

    assert len(world.told("slack")) == 2
    assert "correction: 31 dead" in world.told("slack")[1].message.body


def test_a_feed_that_resends_everything_tells_nobody_again() -> None:
    world = World()
    a_crackdown(world)
    world.run()
    before = len(world.told("slack"))
    for n in range(3):
        world.passes(minutes=20)
        world.says(WIRE, f"Weather {n}", "Sunny.")  # the body changes, so that the feed answers 200 with everything
        world.run()

    assert before == 3
    assert len(world.told("slack")) == before


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_comes_at_its_hour_in_its_zone_and_holds_the_story_once() -> None:
    world = World()
    a_crackdown(world)
    world.run()
    assert world.told("mail") == []

    world.until(6, 31)  # 07:31 in London in summer
    world.run()
    (digest,) = world.told("mail")

    assert digest.id.startswith("digest:morning:20260701T0730")
    assert digest.message.html.count(CUT_OFF) >= 1
    assert [s.members[0].title for s in world.stores.stories.values()] == [CUT_OFF]


def test_a_slot_that_was_missed_is_served_late_and_once() -> None:
    world = World()
    a_crackdown(world)
    world.run()
    world.until(9, 0)
    world.run()
    world.passes(minutes=5)
    world.run()

    assert [d.id[:28] for d in world.told("mail")] == ["digest:morning:20260701T0730"]


def test_what_is_grouped_late_is_in_the_next_digest() -> None:
    world = World()
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    world.run()
    world.until(6, 31)
    world.run()
    world.says(WIRE, CHINA, CONCERN, ago=timedelta(hours=5))
    world.passes(minutes=20)
    world.run()
    world.until(6, 31, days=1)
    world.run()
    first, second = world.told("mail")

    assert "China voices concern" not in first.message.text
    assert "China voices concern" in second.message.text
    assert "digest:morning:20260702T0730" in second.id


def test_a_digest_without_news_is_not_sent() -> None:
    world = World()
    world.run()
    for day in range(3):
        world.until(6, 31, days=bool(day))
        world.run()

    assert world.told("mail") == []


def test_a_digest_that_is_asked_for_now_is_made_by_the_same_code() -> None:
    world = World()
    a_crackdown(world)
    world.run(digest_now=True)
    world.passes(minutes=1)
    world.run(digest_now=True)
    world.until(6, 31)
    world.run()

    assert [d.id[:28] for d in world.told("mail")] == ["digest:morning:20260701T0600"]


def much(world: World, numbers: range) -> list[str]:
    """Let a feed tell so many long stories that have no word in common but one; their titles."""
    titles = []
    for n in numbers:
        drawn = random.Random(n)
        words = ["".join(drawn.choices("abcdefghijklmnoprstuvw", k=8)) for _ in range(150)]
        titles.append(f"Iran {words[0]} {words[1]} {words[2]}")
        sentences = [" ".join(words[m : m + 12]).capitalize() + "." for m in range(0, 150, 12)]
        world.says(WIRE, titles[-1], f"Iran {' '.join(sentences)} Iran said so.")
    return titles


def test_a_digest_in_parts_that_grows_within_its_minute_loses_nothing_and_tells_nothing_twice() -> None:
    """The second is named as the first is: of its parts those that the first has not must not go out by themselves."""
    digest = replace(MORNING, channel="slack", kind="slack", recipients=("",), max_stories=200)
    world = World(a_config(feeds=[replace(WIRE, every=timedelta(seconds=1))], subscriptions=[digest]))
    titles = much(world, range(30))
    world.run(digest_now=True)
    first = len(world.told("slack"))
    assert first > 1, "the case is one of several parts"
    titles += much(world, range(30, 80))
    world.passes(seconds=30)
    world.run(digest_now=True)
    assert len(world.told("slack")) == first
    world.passes(minutes=1)
    world.run(digest_now=True)
    bodies = [d.message.body for d in world.told("slack")]
    assert [sum(f'"text": "{title}"' in body for body in bodies) for title in titles] == [1] * len(titles)
    assert len({d.id for d in world.told("slack")}) == len(bodies)


# ── first contact ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_subscription_starts_at_the_end_of_the_log() -> None:
    world = World(a_config(subscriptions=[DESK]))
    a_crackdown(world)
    world.run()
    late = World(
        a_config(subscriptions=[DESK, HOOK, MORNING]), now=world.now, fetch=world.fetch, channels=world.channels
    )
    object.__setattr__(late.app, "stores", world.stores)
    late.app.subscribe()
    late.run(digest_now=True)
    assert late.told("webhook") == []
    assert late.told("mail") == []

    late.passes(minutes=20)
    late.says(POST, "Iran frees detained protesters after talks in Muscat", "Officials said 40 detained were freed.")
    late.run(digest_now=True)
    assert len(late.told("webhook")) == 1
    assert len(late.told("mail")) == 1


def test_the_first_poll_of_a_feed_tells_only_what_is_young() -> None:
    world = World(a_config(feeds=[CALM]))
    world.says(CALM, "Iran and Oman hold talks on old matters", "They met in Muscat.", ago=timedelta(hours=30))
    world.says(
        CALM, "Iran shuts the Strait of Hormuz for drills", "Ships waited in Tehran's waters.", ago=timedelta(hours=2)
    )
    reports = world.run()

    assert count(reports["match"], "quiet") == 1
    assert len(world.told("slack")) == 1
    assert "Hormuz" in world.told("slack")[0].message.text


# ── what the world does wrong ────────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_that_fails_is_a_line_and_stops_nothing() -> None:
    world = World()
    world.fetch.fail("wire", "500 Internal Server Error", status=500)
    world.says(POST, CUT_OFF, CRACKDOWN)
    report = world.run()["poll"]

    assert count(report, "failed") == 1
    assert report.lines == ('feed "wire": 500 Internal Server Error',)
    assert len(world.told("slack")) == 1


def test_a_feed_that_recovers_has_lost_nothing() -> None:
    world = World()
    a_crackdown(world)
    world.fetch.fail("wire", "timed out after 30 s", times=3)
    for _ in range(3):
        world.run()
        world.passes(hours=3)
    assert world.told("slack") == []
    world.run()

    assert len(world.told("slack")) == 3


def test_a_bad_address_stops_no_good_one() -> None:
    two = a_config(subscriptions=[MORNING.__class__(**{**_fields(MORNING), "recipients": ("bad@x.org", "good@x.org")})])
    world = World(two)
    world.channels["mail"].refuse("bad@x.org")
    a_crackdown(world)
    report = world.run(digest_now=True)["deliver"]

    assert [d.recipient for d in world.told("mail")] == ["good@x.org"]
    assert count(report, "refused") == 1
    assert all("@x.org" not in line for line in report.lines)


def test_a_channel_that_is_down_gets_the_same_bytes_later() -> None:
    world = World(a_config(subscriptions=[HOOK]))
    world.channels["webhook"].then("deferred", "503 Service Unavailable")
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    world.run()
    assert world.told("webhook") == []
    world.passes(minutes=1)
    world.run()
    (sent,) = world.told("webhook")

    assert [receipt.outcome for receipt in world.stores.outbox.receipts(sent.id)] == ["deferred", "delivered"]


def test_a_channel_that_is_not_configured_waits_and_says_so() -> None:
    world = World(a_config(subscriptions=[DESK]))
    del world.channels["slack"]
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    report = world.run()["deliver"]

    assert count(report, "deferred") == 1
    assert 'channel "slack" is not configured' in report.lines[0]


def test_a_flushed_index_repeats_nothing() -> None:
    world = World()
    a_crackdown(world)
    world.run()
    world.stores.seen.forget()  # type: ignore[attr-defined]
    world.passes(minutes=20)
    world.says(POST, "Weather", "Sunny.")
    world.fetch.drop("none")
    report = world.run()["poll"]

    assert count(report, "articles") == 1
    assert len(world.told("slack")) == 3


def _fields(subscription: object) -> dict[str, object]:
    return {name: getattr(subscription, name) for name in subscription.__slots__}  # type: ignore[attr-defined]


@pytest.mark.parametrize("minutes", [0, 1, 14])
def test_a_feed_is_left_alone_until_it_is_due(minutes: int) -> None:
    world = World()
    world.run()
    asked = len(world.fetch.asked)
    world.passes(minutes=minutes)
    world.run()

    assert len(world.fetch.asked) == asked
