# SPDX-License-Identifier: Apache-2.0
"""A bill added up in columns is the one that is added up hour by hour, to the last millijoule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.costs.bill import Account
from pdu_agent.core.costs.hour_prices import HourPrices
from pdu_agent.core.costs.money import MICROS, MJ_PER_KWH, Price
from pdu_agent.core.costs.prices import Prices
from pdu_agent.core.costs.series import NO_PRICE, PriceSeries
from pdu_agent.core.costs.settings import PriceList, PriceSettings
from pdu_agent.core.costs.spans import Step, edges
from pdu_agent.model.history import PointHours
from pdu_agent.model.terms import Target, TargetKind

ROME = ZoneInfo("Europe/Rome")
TARIFFS = ("", "day", "night", "unpriced")
DAYS = {"25 hours": date(2026, 10, 25), "23 hours": date(2026, 3, 29), "24 hours": date(2026, 5, 2)}

Hour = tuple[dict[str, int], bool] | None
"""Millijoules by tariff, and whether all of it was seen; None: nothing is known."""

HOUR = st.none() | st.tuples(
    st.dictionaries(st.sampled_from(TARIFFS), st.integers(0, 10**11), min_size=1),
    st.booleans(),
)


@dataclass
class PlainBill:
    """Hour by hour, with fractions."""

    energy_mj: int = 0
    unpriced_mj: int = 0
    idle_mj: int = 0
    priced: Fraction = Fraction(0)
    idle: Fraction = Fraction(0)
    tariffs: dict[str, int] = field(default_factory=dict)

    def add(self, hour: dict[str, int], at_s: int, prices: Prices, idle_w: float | None) -> None:
        is_idle = idle_w is not None and sum(hour.values()) <= idle_w * 3_600_000
        for tariff, used_mj in hour.items():
            self.energy_mj += used_mj
            if used_mj:
                self.tariffs[tariff] = self.tariffs.get(tariff, 0) + used_mj
            price = prices.micros(tariff, at_s, at_s + 3600)
            amount = Fraction(used_mj, MJ_PER_KWH * MICROS) * (price or 0)
            self.unpriced_mj += used_mj if price is None else 0
            self.priced += amount
            if is_idle:
                self.idle_mj += used_mj
                self.idle += amount


def point(number: int, begin_s: int, hours: Sequence[Hour]) -> PointHours:
    return PointHours(
        Target(TargetKind.OUTLET, number),
        begin_s,
        {name: [each[0].get(name, 0) if each else 0 for each in hours] for name in TARIFFS},
        [each is not None for each in hours],
        [each is not None and each[1] for each in hours],
    )


@st.composite
def prices_around(draw: st.DrawFn, begin_s: int) -> Prices:
    """By tariff, one of which has none; or by time: negative ones, gaps, odd steps, a late begin
    or an early end.
    """
    if draw(st.booleans()):
        bands = {"day": Price(320_000), "night": Price(-10_001)}
        else_ = draw(st.none() | st.just(Price(7)))
        listed = PriceSettings(currency="EUR", bands=bands, per_kwh=else_)
        return Prices(PriceList(listed), "night")
    steps = draw(st.lists(st.sampled_from([900, 1800, 3600, 977]), min_size=1, max_size=40))
    times_s = [begin_s + draw(st.sampled_from([-3600, -1800, 0, 5400]))]
    for step in steps:
        times_s.append(times_s[-1] + step)
    price = st.integers(-500_000, 900_000) | st.just(NO_PRICE)
    micros = draw(st.lists(price, min_size=len(times_s), max_size=len(times_s)))
    series = PriceSeries(times_s, micros, is_linear=draw(st.booleans()))
    return Prices(PriceList(PriceSettings(currency="EUR", file="x"), series, "spot.csv"), "all")


@pytest.mark.parametrize("name", DAYS)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_columns_cost_what_their_hours_cost_one_by_one(name: str, data: st.DataObject) -> None:
    day = DAYS[name]
    hours_s = edges(day, day.replace(day=day.day + 1), Step.HOUR, ROME)[:-1]
    assert len(hours_s) == int(name.split()[0])
    prices = data.draw(prices_around(hours_s[0]))
    one = st.lists(HOUR, min_size=len(hours_s), max_size=len(hours_s))
    outlets = data.draw(st.lists(one, min_size=1, max_size=3))
    idle_w = data.draw(st.none() | st.floats(0, 40_000))
    points = [point(place, hours_s[0], hours) for place, hours in enumerate(outlets, start=1)]
    together, sums = Account(prices, points=len(outlets)), PlainBill()
    cut_s = hours_s[data.draw(st.integers(1, len(hours_s) - 1))]
    for low_s, high_s in ((hours_s[0], cut_s), (cut_s, hours_s[-1] + 3600)):
        part = [each.part(low_s, high_s) for each in points]
        together.add(part, HourPrices(prices, part[0]))
    for hours, one_point in zip(outlets, points, strict=True):
        account, plain = Account(prices, idle_w), PlainBill()
        account.add([one_point], HourPrices(prices, one_point))
        for at_s, hour in zip(hours_s, hours, strict=True):
            if hour is not None:
                plain.add(hour[0], at_s, prices, idle_w)
                sums.add(hour[0], at_s, prices, None)
        _compare(account, plain)
        assert account.seen == sum(hour is not None for hour in hours)
        assert account.incomplete == sum(hour is not None and not hour[1] for hour in hours)
        if account.cost is not None and idle_w is not None:
            assert (account.idle_mj, account.idle_cost) == (plain.idle_mj, plain.idle)
    _compare(together, sums)
    known = [[hour for hour in hours if hour] for hours in zip(*outlets, strict=True)]
    whole = [sum(each[1] for each in hours) == len(outlets) for hours in known]
    assert together.seen == sum(map(bool, known))
    assert together.incomplete == sum(bool(k) and not w for k, w in zip(known, whole, strict=True))


def _compare(account: Account, plain: PlainBill) -> None:
    assert account.energy_mj == plain.energy_mj
    assert account.unpriced_mj == plain.unpriced_mj
    assert account.priced == plain.priced
    assert account.tariffs == plain.tariffs
    is_known = account.seen and not plain.unpriced_mj
    assert account.cost == (plain.priced if is_known else None)
    assert bool(account.reasons) == bool(plain.unpriced_mj)


def test_of_a_day_ahead_market_the_hours_without_a_price_make_the_sum_unknown() -> None:
    """A negative hour is a cost like another; an hour without a price is none, and never 0."""
    begin_s = edges(DAYS["24 hours"], date(2026, 5, 3), Step.HOUR, ROME)[0]
    micros = [-50_000, 100_000, NO_PRICE, 0, 0]
    times_s = range(begin_s, begin_s + 5 * 3600, 3600)
    series = PriceSeries(times_s, micros, is_linear=False)
    settings_ = PriceSettings(currency="EUR", file="x")
    prices = Prices(PriceList(settings_, series, "spot.csv"), "all")

    def account(hours: int) -> Account:
        used: list[Hour] = [({"": MJ_PER_KWH}, True)] * hours
        one = point(1, begin_s, used)
        found = Account(prices)
        found.add([one], HourPrices(prices, one))
        return found

    assert account(1).cost == Fraction("-0.05")
    assert account(2).cost == Fraction("0.05")
    found = account(4)
    assert (found.cost, found.unpriced_mj) == (None, MJ_PER_KWH)
    assert found.priced == Fraction("0.05")
    assert list(found.reasons) == ["spot.csv has no price for some of 2026-05-02 (UTC)"]
