"""Dates: the two spellings that are read here give what feedparser gives, which reads all others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from feedparser.datetimes import _parse_date
from hypothesis import given
from hypothesis import strategies as st

from alerts.feeds import dates

MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0))  # noqa: DTZ001
ZONES = ["GMT", "UTC", "UT", "Z", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "+0000", "-0330", "+0545"]


@given(MOMENTS, st.sampled_from(ZONES), st.booleans())
def test_a_date_as_in_mail(at: datetime, zone: str, day: bool) -> None:
    written = format_datetime(at.replace(tzinfo=UTC)).replace("+0000", zone)
    written = written if day else written.partition(", ")[2]
    assert dates._common(written) == dates.from_stamp(_parse_date(written)) == dates.read(written)


@given(MOMENTS, st.integers(-840, 840), st.booleans())
def test_a_date_as_in_atom(at: datetime, minutes: int, fraction: bool) -> None:
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    written = f"{at:%Y-%m-%dT%H:%M:%S}{'.123456' if fraction else ''}{offset}"
    assert dates._common(written) == dates.from_stamp(_parse_date(written)) == dates.read(written)


@given(st.text(max_size=120))
def test_any_text_is_a_date_or_none(said: str) -> None:
    found = dates.read(said)
    assert found is None or found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("why", "said", "at"),
    [
        ("nothing", "  ", None),
        ("a day that is not there", "Wed, 31 Feb 2026 08:00:00 GMT", None),
        ("a month that is none", "Wed, 01 Foo 2026 08:00:00 GMT", None),
        ("a zone that nobody here knows", "Wed, 01 Jul 2026 08:00:00 XYZ", datetime(2026, 7, 1, 8, tzinfo=UTC)),
        ("a leap second", "2026-12-31T23:59:60Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("the year 0", "0000-01-01T00:00:00Z", None),
        ("beyond all calendars", "9999-12-31T23:59:59-14:00", None),
    ],
)
def test_a_date_that_is_odd(why: str, said: str, at: datetime | None) -> None:
    assert dates.read(said) == at, why
