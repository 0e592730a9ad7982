"""The language of subscriptions.yaml: which rules, when, and what is said of a mistake."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts import config
from alerts.model import Subscription
from tests.shop import CHANNELS

RULES = """
rules:
  - {id: iran, title: Iran, any: [iran], severity: flash, tags: [mideast]}
  - {id: sanctions, title: Sanctions, any: [sanction*], severity: urgent, tags: [trade, Mideast]}
  - {id: sanctions-ru, title: Russia, any: [rosneft], tags: [trade]}
  - {id: tariffs, title: Tariffs, any: [tariff*], tags: [trade]}
"""


def read(written: str) -> tuple[Subscription | None, list[str]]:
    """What a subscription becomes, and what is said against it, without its place."""
    row = f"subscriptions:\n  - {{id: s, channel: slack, zone: Europe/Warsaw, {written}}}\n"
    files = [
        config.File("config/channels.yaml", CHANNELS.encode()),
        config.File("config/rules/all.yaml", RULES.encode()),
        config.File("config/subscriptions.yaml", row.encode()),
    ]
    made, problems = config.check(files)
    said = [p.message.removeprefix('subscription "s", ') for p in problems if p.path.endswith("subscriptions.yaml")]
    return next(iter(made.subscriptions), None), said


NAMED = [
    ("ids, in the order in which they are written", "[tariffs, iran]", "tariffs iran"),
    ("a tag, whatever its case", '["tag:mideast"]', "iran sanctions"),
    ("a pattern", '["sanction*"]', "sanctions sanctions-ru"),
    ("each rule once, where it is named first", '[tariffs, "tag:trade", "*"]', "tariffs sanctions sanctions-ru iran"),
    ("all", "all", "iran sanctions sanctions-ru tariffs"),
]


@pytest.mark.parametrize(("why", "rules", "wanted"), NAMED, ids=[case[0] for case in NAMED])
def test_rules_are_named_by_id_tag_and_pattern(why: str, rules: str, wanted: str) -> None:
    made, said = read(f"rules: {rules}, when: instant")
    assert said == []
    assert made is not None
    assert " ".join(made.rules) == wanted


def test_what_is_not_urgent_enough_is_left_out_and_not_forgotten() -> None:
    made, said = read('rules: ["tag:trade", iran], when: instant, min_severity: urgent')
    assert said == []
    assert made is not None
    assert (made.rules, made.milder) == (("sanctions", "iran"), ("sanctions-ru", "tariffs"))


WHEN = [
    ("instant", ""),
    ("hourly", "0 * * * *"),
    ("daily at 07:30", "30 7 * * *"),
    ("weekdays at 07:30", "30 7 * * 1-5"),
    ("weekly on monday at 07:30", "30 7 * * 1"),
    ("weekly on Sunday at 18:00", "0 18 * * 7"),
    ("cron 0 8 * * 5L", "0 8 * * 5L"),
    ('"cron: */20  9-17 * * MON-FRI"', "*/20 9-17 * * MON-FRI"),
]


@pytest.mark.parametrize(("written", "cron"), WHEN)
def test_every_cadence_is_a_cron(written: str, cron: str) -> None:
    made, said = read(f"rules: all, when: {written}")
    assert said == []
    assert made is not None
    assert made.cron == cron


FINISHED = [
    ("a digest waits for one story", "when: hourly", {"min_stories": 1, "max_stories": 50}),
    ("or for more", "when: hourly, min_items: 5, max_items: 9", {"min_stories": 5, "max_stories": 9}),
    ("or for none", "when: hourly, empty: send", {"min_stories": 0}),
    ("`skip` is what it does anyway", "when: hourly, empty: skip", {"min_stories": 1}),
]


@pytest.mark.parametrize(("why", "written", "wanted"), FINISHED, ids=[case[0] for case in FINISHED])
def test_how_much_a_digest_holds(why: str, written: str, wanted: dict[str, int]) -> None:
    made, said = read(f"rules: all, {written}")
    assert said == []
    assert {name: getattr(made, name) for name in wanted} == wanted


def test_what_is_told_at_once_may_wait_and_be_held() -> None:
    made, said = read(
        "rules: all, when: instant, group_wait: 5m, repeat: 4h, continue: false, "
        'inhibit: [tariffs while iran, "tag:trade while sanctions"]'
    )
    assert said == []
    assert made is not None
    assert (made.group_wait, made.repeat, made.stops) == (timedelta(minutes=5), timedelta(hours=4), True)
    assert made.inhibitions == (
        ("tariffs", "iran"),
        ("sanctions-ru", "sanctions"),
        ("tariffs", "sanctions"),
    )


MISTAKES = [
    ("rules: all, when: instant, inhibit: [tariffs during iran]", "inhibit 1: must be two rules with `while` between"),
    ("rules: all, when: instant, inhibit: [tarifs while iran]", 'there is no rule "tarifs"; did you mean "tariffs"?'),
    ("rules: [iran], when: instant, inhibit: [tariffs while iran]", '"tariffs" is none of the rules that this'),
    ("rules: all, when: hourly, inhibit: [tariffs while iran]", "inhibit: is for what is told at once"),
    ("rules: all, when: hourly, group_wait: 5m", "group_wait: is for what is told at once"),
    ("rules: all, when: hourly, continue: false", "continue: is for what is told at once"),
    ("rules: all, when: instant, group_wait: 2h", "group_wait: 2h is out of bounds; it must be at most 1h"),
    ("rules: all, when: instant, repeat: 5m", "repeat: 5m is out of bounds; it must be from 15m to 7d"),
    ('rules: ["tag:trad"], when: instant', 'rules 1: no rule has the tag "trad"; did you mean "tag:trade"?'),
    ('rules: ["tag:sport"], when: instant', 'rules 1: no rule has the tag "sport"; the tags are mideast, trade'),
    ('rules: ["tarrif*"], when: instant', 'rules 1: no id of a rule is like "tarrif"; the nearest is "tariffs"'),
    ("rules: [tarifs], when: instant", 'rules 1: there is no rule "tarifs"; did you mean "tariffs"?'),
    ("rules: [tariffs], when: instant, min_severity: flash", "as urgent as that; the most urgent is routine"),
    ("rules: all, when: weekly on mondag at 07:30", 'when: "mondag" is no day of the week; did you mean "monday"?'),
    ("rules: all, when: weekly at 07:30", "or `cron 30 7 * * 1-5`"),
    ("rules: all, when: cron 30 7 * *", "when: has not the five fields of cron"),
    ("rules: all, when: cron 30 25 * * *", "when: is no cron expression: bad hour"),
    ("rules: all, when: cron 0 0 30 2 *", "bad day-of-month"),
    ("rules: all, when: {cron: 30 7 * * *}", "write `when: cron 30 7 * * 1-5`, in one line"),
    ("rules: all, when: instant, quiet: 22-7", 'quiet: "22-7" are no hours'),
    ("rules: all, when: instant, quiet: 22:00-22:00", "quiet: begin and end at the same time"),
    ("rules: all, when: daily at 03:00, quiet: 22:00-07:00", "quiet: all times of its `when` are in these hours"),
    ("rules: all, when: instant, min_items: 3", "min_items: only a digest counts stories"),
    ("rules: all, when: instant, empty: send", "empty: only a digest counts stories"),
    ("rules: all, when: hourly, empty: send, min_items: 3", "min_items: a digest that is sent when it is empty waits"),
    ("rules: all, when: hourly, max_stories: 3", '"max_stories" is no key here'),
]  # fmt: skip


@pytest.mark.parametrize(("written", "wanted"), MISTAKES, ids=[case[1][:50] for case in MISTAKES])
def test_a_mistake_is_told_in_plain_words(written: str, wanted: str) -> None:
    _, said = read(written)
    assert len(said) == 1, said
    assert wanted in said[0]


def test_quiet_hours_need_a_clock() -> None:
    _, said = read("rules: all, when: instant, quiet: 22:00-07:00, zone: ''")
    assert len(said) == 1
