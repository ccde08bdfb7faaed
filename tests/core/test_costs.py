# SPDX-License-Identifier: Apache-2.0
"""What energy costs: sums worked out by hand, and what has to hold of any sums."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.costs.bill import Account
from pdu_agent.core.costs.hour_prices import HourPrices
from pdu_agent.core.costs.money import CURRENCIES, Price, parse_price, rounded
from pdu_agent.core.costs.prices import NO_PRICES, Prices
from pdu_agent.core.costs.series import NO_PRICE, PriceSeries
from pdu_agent.core.costs.settings import PriceList, PriceSettings
from pdu_agent.core.costs.spans import Step, edges, month_span
from pdu_agent.core.metered.tariffs import ClockTime, TariffPlan, TariffSettings, Weekday
from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.history import EnergyRow, PointHours
from pdu_agent.model.terms import Target, TargetKind

BERLIN = ZoneInfo("Europe/Berlin")
OUTLET = Target(TargetKind.OUTLET, 1)
KWH = 3_600_000_000
WORKDAYS = (Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI)


def two_rates(**more: Price) -> Prices:
    bands = {"day": Price(320_000), "night": Price(210_000)}
    return Prices(PriceList(PriceSettings(currency="EUR", bands=bands, **more)), "night")


def by_time(times_s: Sequence[int], micros: Sequence[int], is_linear: bool) -> Prices:
    series = PriceSeries(times_s, micros, is_linear)
    return Prices(PriceList(PriceSettings(currency="EUR", file="x"), series, "spot.csv"), "all")


def row(start_s: int, energy_mj: int, tariff: str = "day", complete: bool = True) -> EnergyRow:
    return EnergyRow(start_s, OUTLET, tariff, energy_mj, complete)


def account(prices: Prices, *rows: EnergyRow, idle_w: float | None = None) -> Account:
    """Of one point; several rows of an hour and tariff are added up."""
    made = Account(prices, idle_w)
    if rows:
        point = columns(rows)
        made.add([point], HourPrices(prices, point))
    return made


def columns(rows: Sequence[EnergyRow], count: int = 24) -> PointHours:
    """From 1970-01-01 on."""
    used: dict[str, list[int]] = {each.tariff: [0] * count for each in rows}
    known, complete = [False] * count, [False] * count
    for each in rows:
        hour = each.start_wall_s // 3600
        used[each.tariff][hour] += each.energy_mj
        known[hour] = True
        complete[hour] = complete[hour] or each.complete
    return PointHours(OUTLET, 0, used, known, complete)


def test_a_week_at_two_rates() -> None:
    """1 kW for a week of 167 hours (daylight saving begins on its Sunday).

    Day: 5 workdays of 16 h, 80 kWh at 0.32 = 25.60. Night: 87 kWh at 0.21 = 18.27. 43.87 in all.
    """
    day = TariffSettings("day", ClockTime(6 * 60), ClockTime(22 * 60), WORKDAYS)
    plan = TariffPlan((day,), "night", BERLIN)
    hours = edges(date(2026, 3, 23), date(2026, 3, 30), Step.HOUR, BERLIN)
    assert len(hours) - 1 == 167
    tariffs = [plan.at_end_of(each + 3600) for each in hours[:-1]]
    used = {name: [KWH * (name == each) for each in tariffs] for name in ("day", "night")}
    all_of_it = [True] * len(tariffs)
    point = PointHours(OUTLET, hours[0], used, all_of_it, all_of_it)
    found = Account(two_rates())
    found.add([point], HourPrices(two_rates(), point))
    assert found.tariffs == {"day": 80 * KWH, "night": 87 * KWH}
    assert found.cost == Fraction("43.87")
    assert rounded(found.cost, 2) == 43.87


def test_a_price_that_steps_within_the_hour_counts_by_its_minutes() -> None:
    """0.10 for 15 min and 0.30 for 45 min: 0.25 on average; 2 kWh cost 0.50."""
    prices = by_time([0, 900, 3600], [100_000, 300_000, 0], is_linear=False)
    assert account(prices, row(0, 2 * KWH)).cost == Fraction(1, 2)


def test_a_straight_line_between_prices_is_integrated_over_the_hour() -> None:
    """From 0.10 at 00:00 to 0.20 at 00:30, then down to 0.05 at 01:30.

    First half: 0.15 on average. Second half: from 0.20 to 0.125, 0.1625 on average. Hour: 0.15625.
    """
    prices = by_time([0, 1800, 5400], [100_000, 200_000, 50_000], is_linear=True)
    assert account(prices, row(0, 4 * KWH)).cost == 4 * Fraction("0.15625")


def test_a_line_that_divides_into_no_whole_micros_stays_exact() -> None:
    prices = by_time([0, 7200], [0, 1], is_linear=True)
    assert prices.micros("all", 0, 3600) == Fraction(1, 4)
    assert account(prices, row(0, 1)).cost == Fraction(1, 4) / (KWH * 1_000_000)


def test_the_last_step_lasts_as_long_as_the_one_before_it_and_a_line_ends() -> None:
    step, line = (by_time([0, 3600], [1, 2], is_linear=each) for each in (False, True))
    assert step.micros("all", 3600, 7200) == 2
    assert step.micros("all", 3600, 7201) is None
    assert line.micros("all", 3600, 7200) is None


def test_prices_may_be_negative() -> None:
    prices = by_time([0, 3600], [-20_000, 0], is_linear=False)
    assert account(prices, row(0, KWH)).cost == Fraction("-0.02")
    assert rounded(Fraction("-0.005"), 2) == -0.01
    assert str(rounded(Fraction("-0.001"), 2)) == "0.0"


def test_a_missing_price_is_missing_and_said_and_never_nothing() -> None:
    prices = by_time([0, 3600, 7200], [100_000, NO_PRICE, 100_000], is_linear=False)
    found = account(prices, row(0, KWH), row(3600, KWH))
    assert found.cost is None
    assert (found.priced, found.unpriced_mj) == (Fraction("0.1"), KWH)
    assert list(found.reasons) == ["spot.csv has no price for some of 1970-01-01 (UTC)"]


def test_a_tariff_without_a_price_is_named() -> None:
    found = account(two_rates(), row(0, KWH, "noon"))
    assert found.cost is None
    assert list(found.reasons) == ["`prices` has no price for tariff noon"]


def test_without_prices_nothing_has_a_cost() -> None:
    found = account(Prices(PriceList(), "standard"), row(0, KWH), row(3600, 0))
    assert found.cost is None
    assert list(found.reasons) == [NO_PRICES]
    assert Account(two_rates()).cost is None  # nothing is known


def test_energy_in_no_tariff_has_the_price_of_the_usual_one() -> None:
    assert account(two_rates(), row(0, KWH, "")).cost == Fraction("0.21")


def test_hours_that_lack_something_are_counted() -> None:
    found = account(two_rates(), row(0, 1), row(0, 1, "night"), row(3600, 1, complete=False))
    assert (found.seen, found.incomplete) == (2, 1)


def test_the_idle_part_is_that_of_hours_at_no_more_than_the_idle_draw() -> None:
    parts = row(0, 50 * KWH // 1000), row(0, 50 * KWH // 1000, "night")
    made = account(two_rates(), *parts, row(3600, KWH), idle_w=100.0)
    assert made.idle_mj == KWH // 10
    assert made.idle_cost == Fraction("0.05") * Fraction("0.53")


rows_of_one = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 10 * KWH), st.sampled_from(["day", "night"])).map(
        lambda each: row(each[0] * 3600, each[1], each[2])
    ),
    max_size=30,
)
price_points = st.lists(st.integers(-500_000, 900_000), min_size=2, max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows_of_one, min_size=1, max_size=8), price_points, st.booleans())
def test_the_costs_of_the_outlets_add_up_to_that_of_their_sum(
    outlets: list[list[EnergyRow]], points: list[int], is_linear: bool
) -> None:
    """Exactly before rounding; after it within half a minor unit for each, and one for the sum."""
    times_s = [-7 + 3000 * place for place in range(len(points) - 1)] + [22 * 3600 + 90_000]
    prices = by_time(times_s, points, is_linear)
    single = [account(prices, *rows) for rows in outlets]
    together = account(prices, *(each for rows in outlets for each in rows))
    assert sum((each.priced for each in single), Fraction(0)) == together.priced
    shown = sum(rounded(each.priced, 2) for each in single)
    assert abs(shown - rounded(together.priced, 2)) <= 0.005 * (len(outlets) + 1) + 1e-9


@settings(max_examples=60, deadline=None)
@given(rows_of_one, st.integers(0, 21))
def test_a_span_costs_what_its_parts_cost(rows: list[EnergyRow], cut: int) -> None:
    prices = two_rates()
    before = account(prices, *(each for each in rows if each.start_wall_s < cut * 3600))
    behind = account(prices, *(each for each in rows if each.start_wall_s >= cut * 3600))
    whole = account(prices, *rows)
    assert before.priced + behind.priced == whole.priced
    assert before.energy_mj + behind.energy_mj == whole.energy_mj


@settings(max_examples=60, deadline=None)
@given(price_points, st.booleans(), st.integers(1, 9999), st.integers(1, 9999))
def test_the_mean_of_a_span_is_that_of_its_parts(
    points: list[int], is_linear: bool, first: int, second: int
) -> None:
    series = PriceSeries([1000 * place for place in range(len(points))], points, is_linear)
    end_s = min(first + second, series.end_s)
    middle_s = min(first, end_s - 1)
    if middle_s < 1:
        return
    whole, left, right = (
        series.mean(*span) for span in ((0, end_s), (0, middle_s), (middle_s, end_s))
    )
    assert whole is not None
    assert left is not None
    assert right is not None
    assert whole * end_s == left * middle_s + right * (end_s - middle_s)


@given(st.integers(-(10**9), 10**9))
def test_a_price_reads_back_as_it_is_written(micros: int) -> None:
    assert parse_price(str(Price(micros))) == Price(micros)


def test_days_of_23_and_25_hours_and_a_month_with_one() -> None:
    def hours(first: date, end: date) -> int:
        return len(edges(first, end, Step.HOUR, BERLIN)) - 1

    assert hours(date(2026, 3, 29), date(2026, 3, 30)) == 23
    assert hours(date(2026, 10, 25), date(2026, 10, 26)) == 25
    assert hours(*month_span("2026-03")) == 31 * 24 - 1
    spans = edges(*month_span("2026-03"), Step.DAY, BERLIN)
    assert len(spans) == 32
    assert {second - first for first, second in pairwise(spans)} == {
        23 * 3600,
        24 * 3600,
    }
    assert spans[0] == datetime(2026, 2, 28, 23, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("text", ["2026-13", "2026-3", "march", "2026-03-01", "202٦-03"])
def test_a_month_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="expected one such as 2026-03"):
        month_span(text)


def test_yen_have_no_decimals_and_dinars_three() -> None:
    assert [CURRENCIES[code] for code in ("JPY", "EUR", "KWD")] == [0, 2, 3]
    assert rounded(Fraction("1234.5"), 0) == 1235
