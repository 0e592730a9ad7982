"""How a channel does after each answer, when it is tried again, and when the operator is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import channels, render
from alerts.model import ChannelState, Notice, Receipt, Way
from tests.test_render_webhook import SCHEMA, faults

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

OK, BUSY, LOGIN, GONE = (
    ("delivered", ""),
    ("deferred", ""),
    ("deferred", "login"),
    ("deferred", "gone"),
)
BAD_MESSAGE, BAD_RECIPIENT, GREYLISTED = ("refused", "message"), ("refused", "recipient"), ("deferred", "recipient")


def receipt(answer: tuple[str, str], at: datetime, retry_after: datetime | None = None) -> Receipt:
    return Receipt("alert:1", 1, answer[0], f"said {answer}", at, retry_after, answer[1])  # type: ignore[arg-type]


def walk(answers: Sequence[tuple[str, str]], gap: timedelta = MINUTE) -> list[ChannelState]:
    """The state after each answer, one every so often."""
    states = [ChannelState("slack")]
    for n, answer in enumerate(answers):
        states.append(channels.after(states[-1], receipt(answer, NOW + n * gap)))
    return states[1:]


@pytest.mark.parametrize(
    ("why", "answers", "healths"),
    [
        ("it takes what it is given", [OK, OK], ["healthy", "healthy"]),
        ("it is busy, then not", [BUSY, BUSY, OK], ["failing", "failing", "healthy"]),
        ("it does not let us in, then does", [OK, LOGIN, LOGIN, OK], ["healthy", "paused", "paused", "healthy"]),
        ("a login that fails and then no answer", [LOGIN, BUSY], ["paused", "failing"]),
        ("its address is gone", [OK, GONE], ["healthy", "disabled"]),
        ("what is disabled stays so whatever else goes wrong", [GONE, BUSY, LOGIN], ["disabled"] * 3),
        ("a bad message says nothing of it", [OK, BAD_MESSAGE], ["healthy", "healthy"]),
        ("a bad recipient says nothing of it", [BUSY, BAD_RECIPIENT, GREYLISTED], ["failing"] * 3),
    ],
)
def test_how_a_channel_does(why: str, answers: list[tuple[str, str]], healths: list[str]) -> None:
    assert [state.health for state in walk(answers)] == healths, why


def test_five_days_without_a_success_disable_it_and_one_success_in_between_does_not() -> None:
    assert [state.health for state in walk([BUSY] * 6, DAY)] == ["failing"] * 5 + ["disabled"]
    assert [state.health for state in walk([BUSY, BUSY, BUSY, OK, BUSY, BUSY, BUSY], DAY)][-1] == "failing"


def test_three_attempts_go_wrong_before_it_is_left_alone() -> None:
    states = walk([BUSY] * 3, gap=timedelta(seconds=1))
    assert [channels.is_open(state, NOW + timedelta(seconds=n)) for n, state in enumerate(states)] == [
        True,
        True,
        False,
    ]
    assert channels.is_open(states[-1], NOW + timedelta(seconds=8))


def test_it_rests_for_a_thirtieth_of_the_time_that_it_has_failed_and_half_an_hour_at_most() -> None:
    for gap, rest in ((30 * MINUTE, 2 * MINUTE), (5 * HOUR, 20 * MINUTE), (20 * HOUR, 30 * MINUTE)):
        last = walk([BUSY] * 3, gap)[-1]
        assert last.next_probe == NOW + 2 * gap + rest


def test_a_login_that_fails_is_not_tried_again_for_five_minutes() -> None:
    (state,) = walk([LOGIN])
    assert not channels.is_open(state, NOW + 5 * MINUTE - timedelta(seconds=1))
    assert channels.is_open(state, NOW + 5 * MINUTE)


@given(st.integers(1, 20), st.integers(1, 86_400), st.sampled_from([BUSY, LOGIN]))
def test_nothing_is_sent_before_it_will_hear_us_again(failures: int, seconds: int, answer: tuple[str, str]) -> None:
    asked = NOW + timedelta(seconds=seconds)
    state = replace(ChannelState("slack"), failures=failures, bad_since=NOW - HOUR, health="failing")
    after = channels.after(state, receipt(answer, NOW, asked))
    assert not channels.is_open(after, asked - timedelta(seconds=1))
    assert channels.is_open(after, asked + channels.LONGEST_REST)


def test_a_year_is_not_waited_for() -> None:
    after = channels.after(ChannelState("slack"), receipt(BUSY, NOW, NOW + 365 * DAY))
    assert after.next_probe == NOW + DAY


def test_only_the_operator_opens_what_is_disabled() -> None:
    (state,) = walk([GONE])
    assert not channels.is_open(state, NOW + 365 * DAY)
    opened = channels.resumed(state, NOW + HOUR)
    assert channels.is_open(opened, NOW + HOUR)
    assert channels.after(opened, receipt(OK, NOW + HOUR)).health == "healthy"
    assert channels.after(opened, receipt(BUSY, NOW + 6 * DAY)).health == "failing"


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────────


def told(answers: Sequence[tuple[str, str]], gap: timedelta = MINUTE) -> list[str]:
    """What the operator is told, when the notice is read after each answer."""
    state, titles = ChannelState("slack"), []
    for n, answer in enumerate(answers):
        state = channels.after(state, receipt(answer, NOW + n * gap))
        if notice := channels.notice(state):
            titles.append(notice.title.removeprefix('Channel "slack" is '))
            state = replace(state, told=state.health)
    return titles


@pytest.mark.parametrize(
    ("why", "answers", "titles"),
    [
        ("nothing is wrong", [OK, OK], []),
        ("a bad hour is no news", [BUSY] * 10 + [OK], []),
        ("paused, and well again, each once", [OK, LOGIN, LOGIN, LOGIN, OK, OK], ["paused", "well again"]),
        ("gone", [GONE, GONE], ["disabled"]),
    ],
)
def test_the_operator_is_told_once_and_once_of_the_recovery(
    why: str, answers: list[tuple[str, str]], titles: list[str]
) -> None:
    assert told(answers) == titles, why


def test_five_bad_days_are_told_once() -> None:
    assert told([BUSY] * 9, DAY) == ["disabled"]


def test_a_notice_that_is_made_twice_is_one() -> None:
    (state,) = walk([LOGIN])
    assert channels.notice(state) == channels.notice(channels.after(state, receipt(LOGIN, NOW + HOUR)))


def test_a_notice_says_why_and_what_to_do() -> None:
    notice = channels.notice(walk([OK, GONE])[-1])
    assert notice is not None
    assert "said ('deferred', 'gone')" in notice.text
    assert "alerts deliveries resume slack" in notice.text
    assert "2026-07-01 08:00 UTC" in notice.text


def test_after_a_resume_that_does_not_help_the_operator_is_told_again() -> None:
    state = replace(walk([GONE])[0], told="disabled")
    assert channels.notice(channels.resumed(state, NOW + HOUR)) is None
    again = channels.after(channels.resumed(state, NOW + HOUR), receipt(GONE, NOW + HOUR))
    assert channels.notice(again) is not None


def test_the_operator_is_told_by_another_channel_and_rather_by_one_that_is_well() -> None:
    mail, slack, hook = Way("mail", "mail", ("a@example.org",)), Way("slack", "slack"), Way("hook", "webhook")
    ill = {"mail": ChannelState("mail", "paused")}
    assert channels.way_past("slack", [slack, mail], {}) == mail
    assert channels.way_past("slack", [mail, hook], ill) == hook
    assert channels.way_past("slack", [mail], ill) == mail
    assert channels.way_past("slack", [slack], {}) is None


NOTICE = Notice("k", 'Channel "slack" is paused', "First <!channel> line: 403 *no*\nSecond line")


def test_a_notice_is_a_message_of_each_kind() -> None:
    mail, slack, hook = (render.notice(kind, NOTICE) for kind in ("mail", "slack", "webhook"))  # type: ignore[arg-type]
    assert (mail.subject, mail.text) == ('[Tocsin] Channel "slack" is paused', NOTICE.text + "\n")
    block = json.loads(slack.body)["blocks"][0]["elements"][0]["elements"][0]
    assert block == {"type": "text", "text": NOTICE.text}
    assert faults(json.loads(hook.body), SCHEMA) == []
