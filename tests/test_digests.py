"""What is due to whom: slots over every zone and both DST changes, and the order in which news is told."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import config, digests
from alerts.model import SEVERITIES, Development, Hit, Rule, Score, Silence, Strength
from tests import newsroom
from tests.newsroom import (
    CHINA,
    CRACKDOWN,
    IRAN,
    KOREAN,
    NIGHT,
    PORTS,
    RULES,
    SLOT,
    STORIES,
    TARIFFS,
    article,
    development,
    story,
    subscription,
)
from tests.shop import CHANNELS

ZONES = sorted(available_timezones() - {"localtime", "Factory"})


def at(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=UTC)


# ── slots ────────────────────────────────────────────────────────────────────────────────────────────────────────────

WARSAW = "Europe/Warsaw"
SLOTS = [
    ("after the hour it is today's", WARSAW, "07:30", "2026-07-01T08:00", "2026-07-01T05:30"),
    ("at the very instant it is due", WARSAW, "07:30", "2026-07-01T05:30", "2026-07-01T05:30"),
    ("a second before, it is still yesterday's", WARSAW, "07:30", "2026-07-01T05:29:59", "2026-06-30T05:30"),
    ("in winter the same time is an hour later in UTC", WARSAW, "07:30", "2026-01-15T08:00", "2026-01-15T06:30"),
    ("what spring skips is the first instant after the gap", WARSAW, "02:30", "2026-03-29T09:00", "2026-03-29T01:00"),
    ("and it is not there before the gap ends", WARSAW, "02:30", "2026-03-29T00:59:59", "2026-03-28T01:30"),
    ("the first time skipped is the end of the gap", WARSAW, "02:00", "2026-03-29T09:00", "2026-03-29T01:00"),
    ("what autumn shows twice is the first of the two", WARSAW, "02:30", "2026-10-25T09:00", "2026-10-25T00:30"),
    ("and it is not served again at the second", WARSAW, "02:30", "2026-10-25T01:45", "2026-10-25T00:30"),
    ("a gap of half an hour", "Australia/Lord_Howe", "02:15", "2026-10-04T12:00", "2026-10-03T15:30"),
    ("a gap at midnight", "Africa/Cairo", "00:30", "2026-04-24T12:00", "2026-04-23T22:00"),
    ("a clock set back over midnight", "America/St_Johns", "00:00", "2010-11-07T02:45", "2010-11-07T02:30"),
    ("a day that was left out ends at once", "Pacific/Apia", "07:30", "2011-12-30T12:00", "2011-12-30T10:00"),
    ("west of the date line, the day before", "Pacific/Pago_Pago", "23:00", "2026-07-01T05:00", "2026-06-30T10:00"),
    ("east of it, the day after", "Pacific/Kiritimati", "07:00", "2026-07-01T18:00", "2026-07-01T17:00"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "zone", "wall", "now", "slot"), SLOTS, ids=[case[0] for case in SLOTS])
def test_the_last_slot(why: str, zone: str, wall: str, now: str, slot: str) -> None:
    s = subscription(cron=digests.cron("*", time.fromisoformat(wall)), zone=zone)
    assert digests.last_slot(s, at(now)) == at(slot)


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """The days between 1970 and 2037 on which the zone's offset changes."""
    days = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(0, 68 * 365, 5)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    return tuple(days[i] for i in range(len(days) - 1) if offsets[i] != offsets[i + 1])


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, time, datetime]:
    """A zone, a wall-clock time and a moment near one of the zone's changes, or any moment if it has none."""
    zone = draw(st.sampled_from(ZONES))
    near = draw(st.sampled_from(changes(zone) or (datetime(2026, 7, 1, tzinfo=UTC),)))
    return (
        zone,
        draw(st.times().map(lambda t: t.replace(second=0, microsecond=0))),
        near + timedelta(seconds=draw(st.integers(-2 * 86_400, 7 * 86_400))),
    )


@given(moments(), st.integers(0, 3 * 86_400))
def test_a_slot_is_past_recent_and_never_goes_back(moment: tuple[str, time, datetime], later: int) -> None:
    zone, wall, now = moment
    s = subscription(cron=digests.cron("*", wall), zone=zone)
    slot, next_slot = digests.last_slot(s, now), digests.last_slot(s, now + timedelta(seconds=later))
    assert slot.utcoffset() == timedelta(0)
    assert slot <= now
    assert slot <= next_slot
    # A clock that is set back by more than an hour makes the day longer by as much; the longest since 1970 is 3 h.
    assert now - slot <= timedelta(hours=27)
    if later == 0:
        assert slot == next_slot


@given(moments())
def test_every_local_day_has_one_slot_and_it_shows_the_time_unless_the_clock_skipped_it(
    moment: tuple[str, time, datetime],
) -> None:
    zone, wall, now = moment
    s = subscription(cron=digests.cron("*", wall), zone=zone)
    local = digests.last_slot(s, now).astimezone(ZoneInfo(zone))
    if local.timetz().replace(tzinfo=None, fold=0) == wall:
        assert local.fold == 0
        return
    # The clock never showed it: a second before the slot it stood before the time asked for, now it stands after.
    before = (local.astimezone(UTC) - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    assert before.utcoffset() != local.utcoffset()
    assert (before.replace(tzinfo=None) < datetime.combine(local.date(), wall) <= local.replace(tzinfo=None)) or (
        before.date() < local.date() - timedelta(days=1)
    )


def test_a_subscription_without_a_time_has_no_slot() -> None:
    with pytest.raises(ValueError, match='subscription "anna" has no time'):
        digests.last_slot(subscription(cron=""), SLOT)


def test_walking_through_a_year_serves_one_slot_a_day() -> None:
    s = subscription(cron="30 2 * * *", zone="Europe/Warsaw")
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    slots = {digests.last_slot(s, start + timedelta(minutes=30 * n)) for n in range(365 * 48)}
    local = sorted(slot.astimezone(ZoneInfo(s.zone)).date() for slot in slots)
    assert local == [date(2026, 1, 1) + timedelta(days=n) for n in range(366)]


CADENCES = [
    ("every hour of the wall", "0 * * * *", "2026-03-29T02:00", "00:00 01:00 02:00"),
    ("in autumn an hour that is shown twice is two hours", "0 * * * *", "2026-10-25T02:00", "23:00 00:00 01:00 02:00"),
    ("half past, in the second of the two", "30 * * * *", "2026-10-25T01:10", "23:30 00:30"),
    ("weekdays: on Sunday it is still Friday's", "30 7 * * 1-5", "2026-07-05T12:00", "05:30"),
    ("a step over the gap", "0 */3 * * *", "2026-03-29T02:00", "23:00 01:00"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "cron", "now", "wanted"), CADENCES, ids=[case[0] for case in CADENCES])
def test_the_slots_of_a_cadence(why: str, cron: str, now: str, wanted: str) -> None:
    s = subscription(cron=cron, zone=WARSAW)
    found = [digests.last_slot(s, at(now))]
    for _ in wanted.split()[1:]:
        found.insert(0, digests.last_slot(s, found[0] - timedelta(seconds=1)))
    assert " ".join(f"{slot:%H:%M}" for slot in found) == wanted


CRONS = st.sampled_from(
    [
        "0 * * * *",
        "*/15 * * * *",
        "30 7 * * *",
        "30 2 * * 1-5",
        "0 0 * * 1",
        "15,45 1-4 * * *",
        "0 2 1 * *",
        "0 8 * * 5L",
    ]
)


@given(moments(), CRONS)
def test_walking_back_and_walking_on_meet_the_same_slots(moment: tuple[str, time, datetime], cron: str) -> None:
    zone, _, now = moment
    s = subscription(cron=cron, zone=zone)
    walked = [digests.last_slot(s, now)]
    while len(walked) < 8:
        walked.append(digests.next_slot(s, walked[-1]))
    assert walked == sorted(set(walked))
    assert walked[0] <= now < walked[1]
    for before, slot in pairwise(walked):
        assert digests.last_slot(s, slot) == slot
        assert digests.last_slot(s, slot - timedelta(seconds=1)) == before


@given(moments(), st.times(), st.times())
def test_quiet_hours_always_end_and_are_over_at_their_end(
    moment: tuple[str, time, datetime], begin: time, end: time
) -> None:
    zone, _, now = moment
    begin, end = begin.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
    s = subscription(quiet=(begin, end), zone=zone)
    until = digests.quiet_until(s, now)
    if until is None:
        return
    assert now < until <= now + timedelta(hours=49)
    assert begin == end or digests.quiet_until(s, until) is None


QUIET = [
    ("in the night", "2026-07-01T21:00", "2026-07-02T05:00"),
    ("from its very beginning", "2026-07-01T20:00", "2026-07-02T05:00"),
    ("not before it", "2026-07-01T19:59:59", None),
    ("not at its very end", "2026-07-02T05:00", None),
    ("in the night in which the clock is set on", "2026-03-28T22:30", "2026-03-29T05:00"),
]


@pytest.mark.parametrize(("why", "now", "until"), QUIET, ids=[case[0] for case in QUIET])
def test_quiet_hours(why: str, now: str, until: str | None) -> None:
    s = subscription(quiet=(time(22), time(7)), zone=WARSAW)
    assert digests.quiet_until(s, at(now)) == (until and at(until))


# ── why not ──

SINCE, UNTIL = SLOT - timedelta(hours=1), SLOT + timedelta(hours=1)
SILENCE = Silence("x", "anna", "known", SINCE, UNTIL, story="s1")
KEEPER = subscription(id="first", rules=("tariffs",), cron="", stops=True)
TOLD_TARIFFS = replace(STORIES["s1"], members=(replace(STORIES["s1"].members[0], told=("tariffs",)),))
WHY_NOT = [
    ("none of its rules", {"rules": ("chips",)}, {}, "it asks for none of the rules that are met (iran, tariffs)"),
    ("not urgent enough", {"rules": ("chips",), "milder": ("iran",), "min_severity": "flash"}, {},
     "it asks for what is flash (min_severity), and iran is less urgent"),
    ("too weak", {"strength": "about"}, {}, "it asks for what is about its rules (strength: about), and this is a mention"),
    ("held by a rule met here", {"rules": ("iran",), "inhibitions": (("iran", "iran"),)}, {}, ""),
    ("held by a rule told before", {"rules": ("iran",), "inhibitions": (("iran", "tariffs"),)}, {"story": TOLD_TARIFFS},
     "held: iran is not told while tariffs is told of the same story"),
    ("not held before it is told", {"rules": ("iran",), "inhibitions": (("iran", "tariffs"),)}, {"story": STORIES["s1"]},
     ""),
    ("kept by one above", {}, {"before": [KEEPER]}, 'kept by the subscription "first", which stands above it'),
    ("not kept by one that goes on", {}, {"before": [replace(KEEPER, stops=False)]}, ""),
    ("not kept by one that does not take it", {}, {"before": [replace(KEEPER, rules=("chips",))]}, ""),
    ("a digest is not kept", {"cron": "0 * * * *"}, {"before": [KEEPER]}, ""),
    ("silenced", {}, {"silences": [SILENCE]}, "silenced until 2026-07-01 06:30 UTC by anna: known"),
    ("silenced when it developed, and no more", {}, {"silences": [replace(SILENCE, until=SLOT - timedelta(minutes=1))]},
     "silenced until"),
    ("silenced only after it", {}, {"silences": [replace(SILENCE, begins=SLOT + timedelta(minutes=1))]}, ""),
    ("one rule silenced", {}, {"silences": [replace(SILENCE, rule="iran")]}, ""),
    ("both rules silenced", {}, {"silences": [replace(SILENCE, rule=r) for r in ("iran", "tariffs")]}, "silenced until"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "asked", "around", "reason"), WHY_NOT, ids=[case[0] for case in WHY_NOT])
def test_a_subscription_is_told_or_the_reason_is(why: str, asked: dict, around: dict, reason: str) -> None:
    news = replace(NIGHT[2], made=SLOT - timedelta(minutes=30))
    said = digests.verdict(subscription(**({"cron": ""} | asked)), news, now=SLOT, **around)
    if reason:
        assert str(said).startswith(reason)
    else:
        assert isinstance(said, Development)


def test_what_a_silence_leaves_is_told_under_the_other_rule() -> None:
    silence = replace(SILENCE, rule="tariffs")
    said = digests.verdict(subscription(), NIGHT[2], silences=[silence], now=SLOT)
    assert isinstance(said, Development)
    assert [hit.rule for hit in said.match.hits] == ["iran"]


# ── whether it waits ─────────────────────────────────────────────────────────────────────────────────────────────────

WAITS = [
    ("one story is enough, if nothing is asked", {}, NIGHT[:1], SLOT, ""),
    ("two stories are less than three", {"min_stories": 3}, NIGHT[3:5], SLOT, "2 of 3 stories; told by 2026-07-08"),
    ("three are three", {"min_stories": 3}, NIGHT[3:6], SLOT, ""),
    ("nothing waits for nothing", {"min_stories": 3}, (), SLOT, ""),
    ("after a week it waits no longer", {"min_stories": 3}, NIGHT[3:5], SLOT + timedelta(days=7), ""),
    ("a slot in the quiet hours wakes nobody", {"quiet": (time(7), time(8))}, NIGHT[1:2], SLOT, "quiet hours until"),
    ("but for a flash", {"quiet": (time(7), time(8))}, NIGHT[1:3], SLOT, ""),
    ("an empty one does not either", {"quiet": (time(7), time(8)), "min_stories": 0}, (), SLOT, "quiet hours until"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "asked", "news", "slot", "reason"), WAITS, ids=[case[0] for case in WAITS])
def test_what_waits_for_the_next_slot(why: str, asked: dict, news: tuple, slot: datetime, reason: str) -> None:
    said = digests.waits(subscription(**asked), news, RULES, slot)
    assert said.startswith(reason)
    assert bool(said) == bool(reason)


# ── select ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_select_keeps_what_meets_a_wanted_rule_in_the_order_of_the_log() -> None:
    chosen = digests.select(subscription(rules=("china",)), NIGHT)
    assert [d.article.id for d in chosen] == ["concern", "ports", "chips"]


def test_select_takes_what_meets_several_rules_once() -> None:
    twice = [NIGHT[1], NIGHT[0], NIGHT[1]]
    assert digests.select(subscription(), twice) == (NIGHT[1], NIGHT[0])


def test_select_takes_nothing_for_a_rule_that_nothing_meets() -> None:
    assert digests.select(subscription(rules=("chips",)), NIGHT) == ()


STRENGTHS = [
    ("a mention is enough for who asks for mentions", "mention", {"iran": "mention"}, ["iran"]),
    ("what is about it is too", "mention", {"iran": "about"}, ["iran"]),
    ("a mention is not enough for who asks what is about it", "about", {"iran": "mention"}, []),
    ("what is about it is", "about", {"iran": "about"}, ["iran"]),
    ("one hit that is about it takes no mention with it", "about", {"iran": "about", "tariffs": "mention"}, ["iran"]),
    ("a rule of others is no reason, however strong", "about", {"iran": "mention", "chips": "about"}, []),
    ("and does not come with it", "mention", {"iran": "mention", "chips": "about"}, ["iran"]),
]


@pytest.mark.parametrize(("why", "asked", "hits", "kept"), STRENGTHS, ids=[case[0] for case in STRENGTHS])
def test_select_goes_by_strength(why: str, asked: str, hits: dict[str, Strength], kept: list[str]) -> None:
    made = tuple(Hit(rule, (), strength) for rule, strength in hits.items())
    news = replace(NIGHT[0], match=replace(NIGHT[0].match, hits=made))
    chosen = digests.select(subscription(strength=asked), [news])
    assert [hit.rule for d in chosen for hit in d.match.hits] == kept
    assert [d.key for d in chosen] == [news.key] * bool(kept)


def test_a_mention_does_not_decide_under_which_rule_a_digest_tells_what_is_about_another() -> None:
    made = (Hit("iran", (), "about"), Hit("tariffs", (), "mention"))
    news = replace(NIGHT[0], match=replace(NIGHT[0].match, hits=made))
    for asked, rule in (("about", IRAN), ("mention", TARIFFS)):
        s = subscription(strength=asked)
        assert digests.digest(s, SLOT, digests.select(s, [news]), RULES, STORIES).sections[0].rule == rule


WRITTEN = [
    ("a digest asks for what is about its rules", "when: daily at 07:30, zone: UTC", "about"),
    ("unless it says otherwise", "when: daily at 07:30, zone: UTC, strength: mention", "mention"),
    ("what is told at once asks for mentions too", "when: instant", "mention"),
    ("unless it says otherwise", "when: instant, strength: about", "about"),
]


@pytest.mark.parametrize(("why", "written", "strength"), WRITTEN)
def test_the_strength_that_a_subscription_asks_for(why: str, written: str, strength: str) -> None:
    row = f"subscriptions:\n  - {{id: s, rules: all, channel: slack, {written}}}\n"
    files = [
        config.File("config/channels.yaml", CHANNELS.encode()),
        config.File("config/subscriptions.yaml", row.encode()),
    ]
    (made,) = config.check(files)[0].subscriptions
    assert made.strength == strength


def test_a_strength_that_is_none_is_refused() -> None:
    row = b"subscriptions:\n  - {id: s, rules: all, channel: slack, when: instant, strength: abuot}\n"
    _, problems = config.check([config.File("config/subscriptions.yaml", row)])
    (problem,) = [p for p in problems if "strength" in p.message]
    assert 'strength: "abuot" is not known; it must be about or mention; did you mean "about"?' in problem.message


# ── the order of a digest ────────────────────────────────────────────────────────────────────────────────────────────


def test_sections_follow_severity_then_the_subscribers_order() -> None:
    assert [section.rule.id for section in newsroom.digest().sections] == ["tariffs", "iran", "china"]
    plain = [replace(rule, severity="routine") for rule in RULES]
    digest = digests.digest(subscription(rules=("china", "iran", "tariffs")), SLOT, NIGHT, plain, STORIES)
    assert [section.rule.id for section in digest.sections] == ["china", "iran"]


def test_each_story_is_told_once_and_each_development_too() -> None:
    digest = newsroom.digest()
    told = [told for section in digest.sections for told in section.stories]
    assert sorted(t.story for t in told) == ["s1", "s2", "s3", "s4"]
    assert sorted(d.key for t in told for d in t.developments) == sorted(d.key for d in NIGHT)


def test_a_rule_that_is_not_subscribed_to_makes_no_section() -> None:
    s = subscription(rules=("china",))
    digest = digests.digest(s, SLOT, digests.select(s, NIGHT), RULES, STORIES)
    assert [(section.rule, len(section.stories)) for section in digest.sections] == [(CHINA, 3)]


def test_among_equals_more_outlets_come_first_then_the_newer() -> None:
    one, two, three = (
        article(name, f"Title {name}", hour=hour) for name, hour in (("one", 1), ("two", 2), ("three", 3))
    )
    news = [development(one, "a"), development(two, "b"), development(three, "c")]
    stories = {"a": story("a", one, article("more", "x", "Reuters")), "b": story("b", two), "c": story("c", three)}
    digest = digests.digest(subscription(), SLOT, news, RULES, stories)
    assert [told.story for told in digest.sections[0].stories] == ["a", "c", "b"]


def test_what_is_shown_of_a_story_is_what_ranks_it() -> None:
    told = {t.story: t for section in newsroom.digest().sections for t in section.stories}
    assert told["s1"].score == Score("flash", 5, KOREAN.when), "five wrote of it themselves, one copied it"
    assert told["s3"].score == Score("urgent", 2, PORTS.when)
    assert [rule.id for rule in told["s3"].rules] == ["iran", "china"]
    assert digests.alert(subscription(cron=""), [NIGHT[0]], RULES, None).told.score == Score(
        "urgent", 1, CRACKDOWN.when
    )


@given(
    st.lists(st.tuples(st.sampled_from(RULES), st.integers(1, 3), st.sampled_from([1.0, 2.0])), min_size=1, max_size=8)
)
def test_no_story_stands_above_one_whose_score_is_shown_as_higher(made: list[tuple[Rule, int, float]]) -> None:
    news = [
        development(article(f"a{n}-{o}", "Title", f"Outlet {o}", hour), f"s{n}", (rule.id,))
        for n, (rule, outlets, hour) in enumerate(made)
        for o in range(outlets)
    ]
    digest = digests.digest(subscription(), SLOT, news, RULES, {})
    scores = [told.score for section in digest.sections for told in section.stories]
    shown = [(SEVERITIES.index(s.severity), -s.outlets, -s.newest.timestamp()) for s in scores if s]
    assert len(shown) == len(made)
    assert shown == sorted(shown)


def test_copies_do_not_make_a_story_weightier() -> None:
    one, two = article("one", "One", hour=1), article("two", "Two", hour=2)
    copies = tuple(article(f"copy{n}", "One", f"Outlet {n}") for n in range(5))
    stories = {"a": story("a", one, copies=copies), "b": story("b", two)}
    digest = digests.digest(subscription(), SLOT, [development(one, "a"), development(two, "b")], RULES, stories)
    assert [told.story for told in digest.sections[0].stories] == ["b", "a"]


def test_what_many_told_days_ago_does_not_come_before_what_more_tell_today() -> None:
    old = [article(f"old{n}", "Old", f"Outlet {n}", hour=-60) for n in range(9)]
    late, one, two = article("late", "Late", hour=3), article("one", "One", hour=1), article("two", "Two", "CNN", 2)
    opinion = replace(story("c", article("column", "Why", "NZZ", 2)).members[0], reason="background")
    stories = {"a": story("a", *old, late), "b": story("b", one, two)}
    stories["a"] = replace(stories["a"], members=(*stories["a"].members, opinion))
    news = [development(late, "a", reason="new facts: x"), development(one, "b")]
    digest = digests.digest(subscription(), SLOT, news, RULES, stories)
    told = digest.sections[0].stories
    assert [(t.story, t.score) for t in told] == [
        ("b", Score("urgent", 2, one.when)),
        ("a", Score("urgent", 1, late.when)),
    ]


def test_outlets_of_one_voice_count_once() -> None:
    one = article("one", "One", hour=1)
    known = story("a", one, article("two", "Two", "CNN", 2))
    known = replace(known, members=tuple(replace(m, voice="polaris") for m in known.members))
    made = digests.digest(subscription(), SLOT, [development(one, "a")], RULES, {"a": known})
    assert made.sections[0].stories[0].score == Score("urgent", 1, one.when)


def test_what_does_not_fit_is_counted_and_is_the_least() -> None:
    digest = newsroom.digest(max_stories=2)
    assert [told.story for section in digest.sections for told in section.stories] == ["s1", "s3"]
    assert digest.more == 2


def test_a_story_that_the_table_has_lost_is_told_from_its_developments() -> None:
    digest = digests.digest(subscription(), SLOT, NIGHT, RULES, {})
    assert digest.sections[0].stories[0].also_in == ()
    assert len(digest.sections[0].stories[0].developments) == 4


def test_a_rule_that_left_the_configuration_is_told_by_its_id() -> None:
    digest = digests.digest(subscription(), SLOT, NIGHT[:1], [], STORIES)
    assert [section.rule for section in digest.sections] == [Rule("iran", "iran")]


@given(st.permutations(NIGHT))
def test_the_order_of_the_log_does_not_change_the_digest(news: list) -> None:
    assert newsroom.digest_of(news, stories=STORIES) == newsroom.digest()


# ── one story ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_developments_are_told_in_the_order_of_time() -> None:
    told = digests.told(NIGHT[2::-1], STORIES["s1"])
    assert [d.article.id for d in told.developments] == ["crackdown", "concern", "tariff"]


def test_also_in_names_outlets_that_are_not_told_each_once_in_the_order_in_which_they_came() -> None:
    assert digests.told(NIGHT[:4], STORIES["s1"]).also_in == ("Korea Herald", "Tehran Times")


def test_an_alert_stands_under_the_weightiest_rule_that_it_meets() -> None:
    alert = digests.alert(subscription(cron=""), [NIGHT[2]], RULES, STORIES["s1"])
    assert (alert.rule, alert.told.developments) == (TARIFFS, (NIGHT[2],))
    assert alert.told.also_in == ("Al Jazeera", "South China Morning Post", "Korea Herald", "연합뉴스", "Tehran Times")
    assert digests.alert(subscription(cron=""), [NIGHT[1]], RULES, None).rule == IRAN
