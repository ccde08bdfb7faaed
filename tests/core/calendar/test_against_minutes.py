# SPDX-License-Identifier: Apache-2.0
"""The calendar is due when a walk through every minute of the year says so."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.calendar import WhenSettings
from pdu_agent.core.calendar.settings import SunEvent, Twilight
from pdu_agent.core.metered.tariffs import ClockTime, Weekday
from tests.core.calendar.any_when import any_when
from tests.core.calendar.comparing import HEIGHTS_DEG, compare, compare_sun

YEAR = 2026
ZONES = ("Europe/Rome", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo", "America/Nuuk")
"""Two that change by an hour or half of it, none, and two that change at midnight."""
_EVERY_HALF_HOUR = tuple(ClockTime(minute) for minute in range(0, 1440, 30))
FIXED = (
    WhenSettings(at=(ClockTime(7 * 60), ClockTime(22 * 60 + 30))),
    WhenSettings(at=_EVERY_HALF_HOUR),
    WhenSettings(at=(ClockTime(150),), days=(Weekday.SUN,)),
    WhenSettings(cron="*/20 * * * *"),
    WhenSettings(cron="*/5 8-17 * * mon-fri"),
    WhenSettings(cron="30 2 * * *"),
    WhenSettings(cron="0,15,30,45 0-3,23 * * *"),
    WhenSettings(cron="*/10 2 * * *"),
    WhenSettings(cron="30 */2 * * *"),
    WhenSettings(cron="0 12 13 * fri"),
    WhenSettings(cron="0 12 */2 * sun"),
    WhenSettings(cron="59 23 29 feb,mar sat-sun"),
)


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_known_calendars_is_due_as_the_clock_shows(zone: str) -> None:
    for when in FIXED:
        count, differences = compare(when, zone, YEAR)
        assert differences == []
        assert count > 0


@given(
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(("at", "cron", "once", "presence")),
    zone=st.sampled_from(ZONES),
)
@settings(max_examples=40, deadline=None)
def test_any_calendar_is_due_as_the_clock_shows(seed: int, kind: str, zone: str) -> None:
    assert compare(any_when(Random(seed), YEAR, kind), zone, YEAR)[1] == []


@pytest.mark.parametrize("zone", ["Europe/Rome", "Australia/Lord_Howe", "Arctic/Longyearbyen"])
@pytest.mark.parametrize(("event", "twilight"), HEIGHTS_DEG)
def test_the_sun_of_a_year_is_where_the_almanac_has_it(
    zone: str, event: SunEvent, twilight: Twilight
) -> None:
    count, unmatched = compare_sun(zone, YEAR, event, twilight)
    assert unmatched == []
    assert count > 100
