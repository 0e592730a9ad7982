"""What is held back, and what becomes of it: quiet hours, groups, repeats, inhibition, continue, silences."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from alerts.app import LINE, Stores
from alerts.model import Silence, Subscription, Way
from tests.line.test_crash_anywhere import Countdown, Died, Mortal
from tests.line.world import CONCERN, CRACKDOWN, DESK, HOOK, MORNING, RULES, TARIFF, WIRE, World, a_config, count

CUT_OFF = "Iran cuts internet as forces fire on protesters"
CHINA = "China voices concern over Iran crackdown, offers no tangible support"
TARIFFS = "US announces 25% tariff on countries that transact with Iran"
FREED = "Tehran metro opens a new line to the airport"


def a_world(*subscriptions: Subscription, flash: str = "") -> World:
    """A world at 05:00 UTC with these subscriptions; ``flash`` is the rule of that severity, if there is one."""
    config = a_config(subscriptions=subscriptions)
    rules = tuple(replace(rule, severity="flash") if rule.id == flash else rule for rule in RULES)
    return World(replace(config, rules=rules))


def later(world: World, title: str = "", text: str = "", **time_: float) -> list[str]:
    """Let time pass, let the wire say something, run; what the desk was told by then, without the severity."""
    world.passes(**time_)
    if title:
        world.says(WIRE, title, text)
    world.run()
    return [d.message.subject.partition("] ")[2].rpartition(" — ")[0] for d in world.told("slack")]


NIGHT = replace(DESK, quiet=(time(22), time(7)), zone="UTC")


# ── quiet hours ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_comes_in_the_quiet_hours_is_told_when_they_end_and_once() -> None:
    world = a_world(NIGHT)
    assert later(world, CUT_OFF, CRACKDOWN) == []
    assert later(world, minutes=119) == []
    assert later(world, minutes=1) == [CUT_OFF]
    assert later(world, hours=1) == [CUT_OFF]


def test_a_flash_is_told_in_the_quiet_hours() -> None:
    world = a_world(NIGHT, flash="iran")
    assert later(world, CUT_OFF, CRACKDOWN) == [CUT_OFF]


def test_what_is_new_in_a_story_that_waits_joins_it() -> None:
    world = a_world(NIGHT)
    later(world, CUT_OFF, CRACKDOWN)
    later(world, CHINA, CONCERN, minutes=20)
    (told,) = later(world, hours=2)
    (delivery,) = world.told("slack")
    assert told in {CUT_OFF, CHINA}
    assert CUT_OFF in delivery.message.body
    assert CHINA in delivery.message.body
    assert len(delivery.tells) == 2


def test_a_digest_leaves_its_quiet_slots_out_and_tells_all_at_the_next() -> None:
    hourly = replace(MORNING, cron="0 * * * *", zone="UTC", quiet=(time(22), time(7)))
    world = a_world(hourly)
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    world.run()
    for hour, told in ((6, 0), (7, 1), (8, 1)):
        world.until(hour, 1)
        world.run()
        assert len(world.told("mail")) == told
    assert world.told("mail")[0].id.startswith("digest:morning:20260701T0700")


# ── how much a digest holds ──────────────────────────────────────────────────────────────────────────────────────────


def test_few_stories_wait_for_more_and_a_week_at_most() -> None:
    world = a_world(replace(MORNING, min_stories=2))
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    world.run()
    for day in range(7):
        world.until(6, 31, days=bool(day))
        reports = world.run()
        assert count(reports["compose"], "waiting") == 1
    assert world.told("mail") == []
    world.until(6, 31, days=1)
    world.run()
    (digest,) = world.told("mail")
    assert CUT_OFF in digest.message.text


def test_a_second_story_brings_the_first_with_it() -> None:
    world = a_world(replace(MORNING, min_stories=2))
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    world.run()
    world.until(6, 31)
    world.run()
    world.says(WIRE, FREED, "The metro of Tehran has a new line.")
    world.until(6, 31, days=1)
    world.run()
    (digest,) = world.told("mail")
    assert CUT_OFF in digest.message.text
    assert FREED in digest.message.text


def test_an_empty_digest_comes_if_it_is_asked_for() -> None:
    world = a_world(replace(MORNING, min_stories=0))
    for day in range(2):
        world.until(6, 31, days=day)
        world.run()
        world.run()
    assert [d.message.subject for d in world.told("mail")] == ["Morning digest: nothing new"] * 2


def test_an_hour_that_the_clock_shows_twice_has_two_digests() -> None:
    world = a_world(replace(MORNING, cron="0 * * * *", min_stories=0))
    world.now = datetime.fromisoformat("2026-10-25T00:01:00+00:00")
    for _ in range(2):
        world.run()
        world.passes(hours=1)
    ids = [d.id.rpartition(":")[0] for d in world.told("mail")]
    assert ids == ["digest:morning:20261025T0100", "digest:morning:20261025T0100+0000"]


# ── groups and repeats ───────────────────────────────────────────────────────────────────────────────────────────────

GROUPED = replace(DESK, group_wait=timedelta(minutes=25))


def test_a_story_waits_for_more_of_it_and_what_comes_later_waits_anew() -> None:
    world = a_world(GROUPED)
    assert later(world, CUT_OFF, CRACKDOWN) == []
    assert later(world, CHINA, CONCERN, minutes=20) == []
    assert len(later(world, minutes=5)) == 1
    assert len(world.told("slack")[0].tells) == 2
    assert len(later(world, TARIFFS, TARIFF, minutes=30)) == 1
    assert later(world, minutes=25)[1:] == [TARIFFS]


REPEATED = replace(DESK, repeat=timedelta(hours=1))


def test_a_flash_is_told_again_as_long_as_somebody_reports_on_it() -> None:
    world = a_world(REPEATED, flash="iran")
    assert later(world, CUT_OFF, CRACKDOWN) == [CUT_OFF]
    later(world, "Iran cuts the internet as forces fire on protesters", CRACKDOWN + " They fled.", minutes=30)
    told = len(world.told("slack"))
    assert len(later(world, minutes=29)) == told
    assert len(later(world, minutes=61)) == told + 1
    assert ":again-1" in world.told("slack")[-1].id
    assert "told before at" in world.told("slack")[-1].message.body
    assert len(later(world, hours=2)) == told + 1, "nobody has reported on it since"
    assert world.stores.waiting.get("desk").groups == ()


def test_what_is_no_flash_is_not_told_again() -> None:
    world = a_world(REPEATED)
    later(world, CUT_OFF, CRACKDOWN)
    assert len(later(world, CHINA, CONCERN, minutes=70)) == 2
    assert len(later(world, hours=3)) == 2


# ── what holds what ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_is_held_while_another_is_told_of_the_same_story() -> None:
    both = replace(HOOK, inhibitions=(("tariffs", "iran"),))
    for subscription, told in ((HOOK, 2), (both, 1)):
        world = a_world(subscription)
        world.says(WIRE, CUT_OFF, CRACKDOWN)
        world.run()
        world.passes(minutes=20)
        world.says(
            WIRE, "Washington tariff takes effect after forces opened fire on protesters in Isfahan", TARIFF_ALONE
        )
        reports = world.run()
        assert len(world.told("webhook")) == told
        assert count(reports["compose"], "held") == 2 - told


TARIFF_ALONE = (
    "Security forces opened fire on protesters in Isfahan; the White House said a 25% tariff takes effect at once."
)


def test_continue_false_keeps_what_it_takes_from_those_below_it() -> None:
    world = a_world(replace(DESK, stops=True), HOOK, MORNING)
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    world.says(WIRE, "Rice duties rise in March", "The ministry raised the duties on rice.")
    world.run(digest_now=True)
    assert len(world.told("slack")) == 1
    assert ["Rice" in d.message.body for d in world.told("webhook")] == [True]
    assert CUT_OFF in world.told("mail")[0].message.text


# ── silences ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def silence(world: World, hours: float = 2, **covers: str) -> Silence:
    """A silence from now on."""
    made = Silence("s1", "anna", "known", world.now, world.now + timedelta(hours=hours), **covers)
    world.stores.silences.put({made.id: made}, at=world.now)
    return made


COVERS = [
    ("a rule", {"rule": "iran"}, 0),
    ("another rule", {"rule": "tariffs"}, 1),
    ("the outlet, in any case", {"outlet": "polaris wire"}, 0),
    ("another outlet", {"outlet": "Harbour Post"}, 1),
    ("the subscription", {"subscription": "desk"}, 0),
    ("another subscription", {"subscription": "hook"}, 1),
    ("both of two", {"rule": "iran", "outlet": "Polaris Wire"}, 0),
    ("one of two", {"rule": "iran", "outlet": "Harbour Post"}, 1),
]


@pytest.mark.parametrize(("why", "covers", "told"), COVERS, ids=[case[0] for case in COVERS])
def test_a_silence_covers_what_meets_all_that_it_names(why: str, covers: dict[str, str], told: int) -> None:
    world = a_world(DESK)
    silence(world, **covers)
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    reports = world.run()
    assert len(world.told("slack")) == told
    assert count(reports["compose"], "silenced") == 1 - told


def test_the_end_of_a_silence_is_said_to_the_operator_once() -> None:
    world = World(replace(a_config(subscriptions=[DESK]), operator=(Way("mail", "mail", ("ops@example.org",)),)))
    made = silence(world, hours=20, rule="iran")
    for hours in (0, 18, 1.5, 0.3, 0.3):
        world.passes(hours=hours)
        lines = world.run()["compose"].lines
        assert bool(lines) == (hours == 1.5)
    (notice,) = world.told("mail")
    assert (notice.subscription, notice.recipient) == ("operator", "ops@example.org")
    assert notice.message.subject == f"[Tocsin] The silence of rule iran ends at {made.until:%Y-%m-%d %H:%M} UTC"
    assert "anna: known" in notice.message.text


def test_a_run_that_dies_after_the_notice_tells_it_no_second_time() -> None:
    world = World(replace(a_config(subscriptions=[DESK]), operator=(Way("mail", "mail", ("ops@example.org",)),)))
    made = silence(world, hours=0.1, rule="iran")
    world.passes(minutes=5.8)
    world.run()
    world.stores.silences.put({made.id: made}, at=world.now)  # as if it had died before it could keep that it was said
    world.run()
    assert len(world.told("mail")) == 1


def test_what_a_silence_held_is_told_never_and_what_comes_after_it_is() -> None:
    world = a_world(DESK)
    silence(world, rule="iran")
    assert later(world, CUT_OFF, CRACKDOWN) == []
    assert later(world, hours=3) == []
    assert later(world, FREED, "The metro of Tehran has a new line.", minutes=20) == [FREED]


def test_a_story_is_silenced_by_its_id_and_the_digest_says_how_much_was_held() -> None:
    world = a_world(MORNING)
    world.says(WIRE, CUT_OFF, CRACKDOWN)
    world.says(WIRE, FREED, "The metro of Tehran has a new line.")
    world.run()
    (story,) = (s.id for s in world.stores.stories.values() if s.members[0].title == CUT_OFF)
    silence(world, story=story)
    world.until(6, 31)
    world.run()
    (digest,) = world.told("mail")
    assert CUT_OFF not in digest.message.text
    assert "1 development held back by silences" in digest.message.text
    assert "1 development held back by silences" in digest.message.html


def test_the_end_of_a_silence_is_announced_once() -> None:
    world = a_world(DESK)
    made = silence(world, rule="iran", hours=20)
    lines = []
    for _ in range(24):
        world.passes(hours=1)
        lines += world.run()["compose"].lines
    assert lines == [f"silence s1 ends at {made.until:%Y-%m-%d %H:%M} UTC (anna: known)"]


# ── whoever dies ─────────────────────────────────────────────────────────────────────────────────────────────────────

PACED = [("quiet hours", NIGHT), ("a group", GROUPED), ("a repeat", REPEATED)]


@pytest.mark.parametrize(("why", "subscription"), PACED, ids=[case[0] for case in PACED])
def test_a_death_after_any_call_of_compose_loses_nothing_and_tells_nothing_twice(
    why: str, subscription: Subscription
) -> None:
    """What a group holds is told once, whichever call is the last of a run, and whatever came in between."""

    def begun() -> World:
        world = a_world(subscription, flash="iran" if subscription.repeat else "")
        later(world, CUT_OFF, CRACKDOWN)
        world.says(WIRE, CHINA, CONCERN)
        for stage in LINE[:3]:
            world.app.run(stage)
        world.passes(hours=2, minutes=5)
        return world

    def compose(world: World, countdown: Countdown) -> None:
        whole: Any = world.app
        stores = Stores(**{f.name: Mortal(getattr(whole.stores, f.name), f.name, countdown) for f in fields(Stores)})
        replace(whole, stores=stores).run("compose")

    whole = Countdown(0)
    compose(begun(), whole)
    for n in range(1, len(whole.calls)):
        world = begun()
        with pytest.raises(Died):
            compose(world, Countdown(n))
        later(world, TARIFFS, TARIFF, minutes=15)
        later(world, minutes=30)
        ids = [d.id for d in world.told("slack")]
        told = [key for d in world.told("slack") if ":again-" not in d.id for key in d.tells]
        assert len(ids) == len(set(ids)), whole.calls[n - 1]
        assert sorted(told) == sorted(d.key for d in world.stores.developments.read("the test").values)
