# SPDX-License-Identifier: Apache-2.0
"""A calendar that contradicts itself, or can never be, is told so when it is read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from pdu_agent.core.calendar import Calendar, WhenSettings
from pdu_agent.core.calendar.settings import (
    DateSpan,
    PresenceSettings,
    SunEvent,
    Twilight,
)
from pdu_agent.core.metered.tariffs import ClockTime, Weekday
from pdu_agent.core.settings import DeviceSettings
from pdu_agent.model.errors import ConfigError

SEVEN = ClockTime(420)
DAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "nothing says when; expected one of at, cron, once, sun, presence"),
        ({"at": (SEVEN,), "cron": "@daily"}, "at and cron are given; expected one of"),
        ({"at": (SEVEN,), "days": ()}, "days: is empty, so it is never due"),
        ({"at": (SEVEN, SEVEN)}, "at: a time is given twice"),
        ({"at": (ClockTime(1440),)}, "at: 24:00 is the next day's"),
        ({"cron": "61 * * * *"}, "cron: minute: '61' is not from 0 to 59"),
        ({"at": (SEVEN,), "every_weeks": 2}, "every_weeks: counts from from_date, which is"),
        (
            {"at": (SEVEN,), "from_date": DAY, "until_date": date(2026, 4, 30)},
            "until_date: 2026-04-30 is before from_date, 2026-05-01",
        ),
        (
            {"at": (SEVEN,), "from_date": DAY, "until_date": DAY, "days": (Weekday.MON,)},
            "from_date: no day until 2026-05-01 is left by days, every_weeks and except",
        ),
        ({"at": (SEVEN,), "offset_s": 60}, "offset_s: counts from the sun; expected `sun`"),
        ({"sun": SunEvent.NOON, "twilight": Twilight.NAUTICAL}, "twilight: belongs to `sun: dawn`"),
        (
            {"at": (SEVEN, ClockTime(430)), "random_s": 301},
            "random_s: 301 could change the order of two times that are 600 s apart; expected at"
            " most 300",
        ),
        ({"at": (ClockTime(0), ClockTime(1439)), "random_s": 31}, "that are 60 s apart"),
        ({"cron": "*/5 * * * *", "random_s": 151}, "that are 300 s apart; expected at most 150"),
        (
            {"once": datetime(2026, 12, 24, 18), "days": (Weekday.MON,)},
            "once: has its date; expected no days, every_weeks, dates or except",
        ),
        ({"once": datetime(2026, 12, 24, 18), "excluded": (DateSpan(DAY, DAY),)}, "once: has its"),
    ],
)
def test_a_contradiction_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        WhenSettings(**given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"least": 4}, "least: 4 exceeds most, 3"),
        ({"least_on_s": 60, "most_on_s": 30}, "least_on_s: 60 exceeds most_on_s, 30"),
        ({"until": ClockTime(18 * 60)}, "from: 18:00 begins no window"),
        ({"begin": ClockTime(1440)}, "from: 24:00 begins no window"),
        (
            {"until": ClockTime(18 * 60 + 30)},
            "most: 3 times on take 2400 s with least_on_s and least_off_s; from 18:00 until 18:30"
            " there are 1800 s",
        ),
        (
            {"until": ClockTime(17 * 60 + 59)},
            "until: 17:59 leaves less than least_off_s until 18:00 comes again",
        ),
    ],
)
def test_presence_that_does_not_fit_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PresenceSettings(**{"begin": ClockTime(18 * 60), "until": ClockTime(23 * 60)} | given)
    assert message in str(caught.value)


def test_presence_has_its_own_chance() -> None:
    presence = PresenceSettings(begin=ClockTime(0), until=ClockTime(600))
    with pytest.raises(ConfigError, match="random_s: does not go with `presence`"):
        WhenSettings(presence=presence, random_s=1)


def test_a_span_of_dates_does_not_end_first() -> None:
    with pytest.raises(ConfigError, match=r"2026-05-01\.\.2026-04-01 ends before it begins"):
        DateSpan(DAY, date(2026, 4, 1))


def test_the_sun_needs_a_place() -> None:
    when = WhenSettings(sun=SunEvent.SUNSET)
    with pytest.raises(ConfigError, match="sun: sunset cannot be told without device"):
        Calendar(when, DeviceSettings().place, None, "lights")


def test_half_a_place_is_none() -> None:
    with pytest.raises(ConfigError, match="latitude: is given alone; expected latitude and long"):
        DeviceSettings(latitude=41.9)


def test_random_times_may_just_touch() -> None:
    assert WhenSettings(at=(SEVEN, ClockTime(430)), random_s=300).random_s == 300
