# SPDX-License-Identifier: Apache-2.0
"""Standby: the idle draw, its hours, and the schedule that is proposed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pdu_agent.app.config.load import check_file
from pdu_agent.core.costs.money import Price
from pdu_agent.core.costs.prices import Prices
from pdu_agent.core.costs.settings import PriceList, PriceSettings
from pdu_agent.core.costs.standby import (
    QUARTER_S,
    WEEK_HOURS,
    Idle,
    Unknown,
    idle_of,
    plan_lines,
    weekly_cost,
    windows,
)
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.core.metered.tariffs import ClockTime, TariffPlan, TariffSettings

ROME = ZoneInfo("Europe/Rome")
MONDAY = datetime(2026, 2, 2, tzinfo=ROME)
START_S = int(MONDAY.timestamp())


Watts = NDArray[np.float64]


def watts(values: Iterable[float | None]) -> Watts:
    return np.array([math.nan if value is None else value for value in values])


def quarters(weeks: float, draw: Callable[[datetime], float | None]) -> Watts:
    count = int(weeks * WEEK_HOURS * 4)
    return watts(draw(MONDAY + timedelta(seconds=QUARTER_S * each)) for each in range(count))


def office(moment: datetime) -> float:
    """Works on workdays from 8 to 18; 6 W otherwise."""
    is_work = moment.weekday() < 5 and 8 <= moment.hour < 18
    return 120.0 if is_work else 6.0


def found(averages: Watts) -> Idle:
    idle = idle_of(averages, START_S, ROME)
    assert isinstance(idle, Idle)
    return idle


def test_an_office_idles_at_six_watts_for_118_hours_a_week() -> None:
    """6 W x 118/168 x 8766 h = 36.94 kWh a year."""
    idle = found(quarters(3, office))
    assert idle.idle_w == 6.0
    assert idle.idle_hours == 3 * 118
    assert len(idle.off_hours) == 118
    assert idle.kwh_a_year == pytest.approx(36.94, abs=0.01)
    cost = weekly_cost(idle, dict.fromkeys(range(WEEK_HOURS), 0.3), idle.off_hours)
    assert cost == pytest.approx(36.94 * 0.3, abs=0.01)


def test_the_schedule_of_an_office_is_five_nights_with_the_weekend_as_one() -> None:
    idle = found(quarters(3, office))
    assert plan_lines(3, idle.off_hours) == [
        "- name: standby-3-off-18",
        "  outlets: [3]",
        "  action: off",
        "  at: [18:00]",
        "  days: [mon, tue, wed, thu, fri]",
        "- name: standby-3-on-08",
        "  outlets: [3]",
        "  action: on",
        "  at: [08:00]",
        "  days: [mon, tue, wed, thu, fri]",
    ]


@given(st.sets(st.integers(0, WEEK_HOURS - 1)))
def test_windows_hold_only_the_hours_given_and_none_of_two_hours_is_left_out(
    hours: set[int],
) -> None:
    spans = windows(sorted(hours))
    covered = {hour % WEEK_HOURS for begin, end in spans for hour in range(begin, end)}
    assert covered <= hours
    if len(hours) < WEEK_HOURS:
        for hour in hours - covered:
            assert (hour + 1) % WEEK_HOURS not in hours
            assert (hour - 1) % WEEK_HOURS not in hours


@pytest.mark.parametrize("hours", [range(18, 32), range(160, 167), [*range(6), *range(30, 40)]])
def test_the_checker_takes_what_is_proposed(tmp_path: Path, hours: list[int]) -> None:
    text = "schema: 1\nrelays: [{name: main, driver: mcp23008, bus: sim}]\n"
    text += "outlets: [{number: 3, relay: main.0}]\nplans:\n"
    (tmp_path / "c.yaml").write_text(
        text + "".join(f"  {line}\n" for line in plan_lines(3, list(hours))), encoding="utf-8"
    )
    told = [str(each) for each in check_file(tmp_path / "c.yaml", {})]
    assert not [text for text in told if "snmp" not in text]


def test_a_busy_week_among_few_takes_its_hours_from_the_schedule() -> None:
    def draw(moment: datetime) -> float:
        is_late = moment.date() == date(2026, 2, 3) and moment.hour == 20
        return 120.0 if is_late else office(moment)

    assert 24 + 20 not in found(quarters(4, draw)).off_hours
    assert 24 + 20 in found(quarters(12, draw)).off_hours


def test_a_few_wrong_values_do_not_change_the_idle_draw() -> None:
    averages = quarters(3, office)
    for place in range(0, 100, 10):
        averages[place] = 0.4
    assert found(averages).idle_w == 6.0


def test_gaps_are_not_idle_and_not_off() -> None:
    averages = quarters(3, lambda moment: None if moment.weekday() > 4 else office(moment))
    idle = found(averages)
    assert idle.seen_hours == 3 * 120
    assert idle.idle_hours == 3 * 70
    assert all(hour < 5 * 24 for hour in idle.off_hours)


def test_an_outlet_that_is_switched_off_does_not_idle_then() -> None:
    averages = quarters(3, lambda moment: 0.0 if moment.weekday() > 4 else office(moment))
    idle = found(averages)
    assert idle.idle_w == 6.0
    assert idle.idle_hours == 3 * 70


@pytest.mark.parametrize(
    ("weeks", "draw", "reason"),
    [
        (0.2, office, "too little data: 1.4 days are known, 2 are needed"),
        (3, lambda _: 40.0, "it draws 40.0 W all of the time"),
        (3, lambda _: 0.0, "it was off, or drew nothing"),
        (3, lambda _: None, "too little data: 0.0 days"),
    ],
)
def test_it_says_why_there_is_no_idle_draw(
    weeks: float, draw: Callable[[datetime], float | None], reason: str
) -> None:
    unknown = idle_of(quarters(weeks, draw), START_S, ROME)
    assert isinstance(unknown, Unknown)
    assert reason in unknown.reason


def test_one_week_is_too_little_for_a_schedule() -> None:
    assert found(quarters(1, office)).off_hours == ()


def test_the_week_in_which_daylight_saving_begins_has_a_price_for_each_hour() -> None:
    settings = PriceSettings(currency="EUR", bands={"day": Price(300_000), "night": Price(200_000)})
    night = TariffSettings("night", ClockTime(22 * 60), ClockTime(6 * 60))
    plan = TariffPlan((night,), "day", ROME)
    terms = CostTerms(Prices(PriceList(settings), "day"), plan, ROME)
    prices = terms.week_prices(datetime(2026, 4, 1, 12, tzinfo=ROME).timestamp())
    assert prices is not None
    assert sorted(prices) == list(range(WEEK_HOURS))
    assert [prices[hour] for hour in (6 * 24 + 2, 6 * 24 + 12, 22)] == [0.2, 0.3, 0.2]


def test_hours_are_those_of_local_time_when_daylight_saving_begins() -> None:
    monday = datetime(2026, 3, 16, tzinfo=ROME)
    start_s = int(monday.timestamp())
    local = [
        datetime.fromtimestamp(start_s + QUARTER_S * each, ROME)
        for each in range(3 * WEEK_HOURS * 4)
    ]
    idle = idle_of(watts(map(office, local)), start_s, ROME)
    assert isinstance(idle, Idle)
    assert len(idle.off_hours) == 118
