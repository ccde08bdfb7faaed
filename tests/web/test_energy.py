# SPDX-License-Identifier: Apache-2.0
"""The bill, energy over time and the standby report, as the API answers them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pdu_agent.core.costs.money import Price
from pdu_agent.core.costs.prices import Prices
from pdu_agent.core.costs.series import NO_PRICE, PriceSeries
from pdu_agent.core.costs.settings import PriceList, PriceSettings
from pdu_agent.core.costs.terms import NO_TERMS, CostTerms
from pdu_agent.core.metered.tariffs import TariffPlan
from pdu_agent.model.terms import Target, TargetKind
from tests.web.fake_agent import RunningAgent, running_agent
from tests.web.fake_history import FakeHistory, steady

ROME = ZoneInfo("Europe/Rome")
FLAT = CostTerms(
    Prices(
        PriceList(
            PriceSettings(currency="EUR", per_kwh=Price(300_000), fixed_per_day=Price(500_000))
        ),
        "standard",
    ),
    TariffPlan((), "standard", ROME),
    ROME,
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("energy")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent) -> RunningAgent:
    running.controller.reset()
    running.costs = FLAT
    vars(running.history).update(vars(FakeHistory()))
    return running


def get(agent: RunningAgent, path: str) -> Any:
    answer = agent.local("GET", f"/api/v1/{path}")
    assert answer.status == 200, answer.body
    return answer.json


def test_the_bill_of_march_has_743_hours_and_every_metered_outlet(agent: RunningAgent) -> None:
    """40 W for 743 h: 29.72 kWh at 0.30 are 8.916. Inlet: 74.3 kWh, 22.29; 31 days at 0.50."""
    bill = get(agent, "cost?month=2026-03")
    assert bill["hours"] == 743
    first = bill["outlets"][0]
    assert (first["energy_wh"], first["cost"], first["share_percent"]) == (29_720, 8.92, 50.0)
    assert bill["sum"]["energy_wh"] == 59_440
    assert bill["inlets"]["energy_wh"] == 74_300
    assert bill["difference"]["energy_wh"] == 14_860
    assert bill["difference"]["percent"] == 20.0
    assert bill["fixed"] == {"days": 31, "cost": 15.5}
    assert bill["total_cost"] == 37.79
    assert bill["price_source"] == "configuration: 0.3 EUR/kWh"
    assert (bill["first_day"], bill["last_day"]) == ("2026-03-01", "2026-03-31")


def test_without_prices_there_is_energy_and_no_cost_and_why(agent: RunningAgent) -> None:
    agent.costs = NO_TERMS
    bill = get(agent, "cost?day=2026-03-05")
    assert bill["outlets"][0]["cost"] is None
    assert bill["outlets"][0]["why_no_cost"] == ["no prices are configured (`prices`)"]
    assert bill["outlets"][0]["energy_wh"] == 960
    assert bill["total_cost"] is None


def test_hours_that_are_missing_or_seen_in_part_are_counted(agent: RunningAgent) -> None:
    begin_s = datetime(2026, 3, 5, 10, tzinfo=ROME).timestamp()

    def draw(target: Target, at_s: int) -> float | None:
        return None if begin_s <= at_s < begin_s + 2.5 * 3600 else steady(target, at_s)

    agent.history.draw = draw
    line = get(agent, "cost?day=2026-03-05")["outlets"][0]
    assert (line["missing_hours"], line["incomplete_hours"]) == (2, 1)
    assert line["energy_wh"] == 40 * 24 - 100


def test_the_standby_part_is_what_was_used_in_idle_hours(agent: RunningAgent) -> None:
    """5 W for 16 of 24 hours, 100 W for the rest: 80 of 880 Wh a day."""

    def draw(target: Target, at_s: int) -> float | None:
        is_busy = 8 <= datetime.fromtimestamp(at_s, ROME).hour < 16
        return (100.0 if is_busy else 5.0) if target.index == 1 else None

    agent.history.draw = draw
    line = get(agent, "cost?from=2026-02-02&to=2026-02-04")["outlets"][0]
    assert line["energy_wh"] == 3 * 880
    assert line["standby"] == {"idle_w": 5.0, "energy_wh": 3 * 80, "cost": 0.07}


def test_energy_by_hour_day_and_month_adds_up(agent: RunningAgent) -> None:
    sums = []
    for step, query in (("day", "month=2026-03"), ("month", "month=2026-03")):
        rows = get(agent, f"energy/history?target=outlet:1&step={step}&{query}")["periods"]
        sums.append(sum(row["energy_wh"] for row in rows))
        assert all(row["is_complete"] for row in rows)
    assert sums == [29_720, 29_720]
    hours = get(agent, "energy/history?target=outlet:1&step=hour&day=2026-03-29")["periods"]
    assert len(hours) == 23
    assert hours[0]["start"] == "2026-03-28T23:00:00.000Z"
    assert hours[0]["cost"] == 0.012


def test_a_group_is_its_members_and_the_unit_its_inlets(agent: RunningAgent) -> None:
    (group,) = get(agent, "energy/history?target=group:1&day=2026-03-05")["periods"]
    assert group["energy_wh"] == 2 * 960
    (unit,) = get(agent, "energy/history?day=2026-03-05")["periods"]
    assert unit["energy_wh"] == 2400


def test_what_is_not_known_is_null_and_not_0(agent: RunningAgent) -> None:
    agent.history.draw = lambda target, at_s: None
    (day,) = get(agent, "energy/history?target=outlet:1&day=2026-03-05")["periods"]
    assert (day["energy_wh"], day["cost"], day["missing_hours"]) == (None, None, 24)
    bill = get(agent, "cost?day=2026-03-05")
    assert bill["outlets"][0]["energy_wh"] is None
    assert bill["difference"] is None


def market(agent: RunningAgent, *micros: int) -> None:
    """A price for each hour of 2026-03-05 from 00:00 on; what is not given has none."""
    begin_s = int(datetime(2026, 3, 5, tzinfo=ROME).timestamp())
    listed = [*micros, *[NO_PRICE] * (25 - len(micros))]
    series = PriceSeries(range(begin_s, begin_s + 25 * 3600, 3600), listed, is_linear=False)
    prices = PriceList(PriceSettings(currency="EUR", file="x"), series, "spot.csv")
    agent.costs = CostTerms(Prices(prices, "standard"), TariffPlan((), "standard", ROME), ROME)


def test_a_day_whose_prices_are_below_zero_costs_less_than_nothing(agent: RunningAgent) -> None:
    """40 W for 24 h at -0.50: 0.96 kWh cost -0.48."""
    market(agent, *[-500_000] * 24)
    assert get(agent, "cost?day=2026-03-05")["outlets"][0]["cost"] == -0.48


def test_hours_without_a_price_cost_what_nobody_knows_and_not_0(agent: RunningAgent) -> None:
    market(agent, *[100_000] * 20)
    bill = get(agent, "cost?day=2026-03-05")
    assert bill["total_cost"] is None
    line = bill["outlets"][0]
    assert (line["cost"], line["unpriced_wh"], line["energy_wh"]) == (None, 160, 960)
    assert line["why_no_cost"] == ["spot.csv has no price for some of 2026-03-05 (UTC)"]
    hours = get(agent, "energy/history?target=outlet:1&step=hour&day=2026-03-05")["periods"]
    assert [row["cost"] for row in hours] == [0.004] * 20 + [None] * 4


def test_a_renamed_outlet_keeps_its_energy(agent: RunningAgent) -> None:
    before = get(agent, "cost?day=2026-03-05")["outlets"][0]
    snapshot = agent.controller.snapshot
    outlets = tuple(replace(row, name=f"new {row.index}") for row in snapshot.outlets)
    agent.controller._snapshot = replace(snapshot, outlets=outlets)
    assert get(agent, "cost?day=2026-03-05")["outlets"][0] == {**before, "name": "new 1"}


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("cost?month=2026-13", 422, "month: '2026-13' is none"),
        ("cost?day=2026-02-30", 422, "day: '2026-02-30' is no day"),
        ("cost?day=9999-12-31", 422, "day: '9999-12-31' is no day"),
        ("cost?month=2026-03&day=2026-03-01", 422, "expected one of month, day, and from"),
        ("cost?to=2026-03-01", 422, "expected one of month"),
        ("cost?from=2026-03-05&to=2026-03-01", 422, "is before from"),
        ("cost?from=2020-03-05&to=2026-03-01", 422, "more than 400 days"),
        ("cost?year=2026", 422, "unknown key 'year'"),
        ("energy/history?target=outlet:9", 404, "no outlet 9 that is metered"),
        ("energy/history?target=plug:1", 422, "target: 'plug:1'"),
        ("energy/history?step=week", 422, "expected one of hour, day, month"),
        ("energy/history?step=hour&from=2026-01-01&to=2026-06-01", 422, "rows; expected 800"),
    ],
)
def test_what_makes_no_sense_is_refused(
    agent: RunningAgent, path: str, status: int, text: str
) -> None:
    answer = agent.local("GET", f"/api/v1/{path}")
    assert answer.status == status
    assert text in answer.json["detail"]


def test_a_history_that_does_not_answer_is_said(agent: RunningAgent) -> None:
    agent.history.trouble = "the card is full"
    for path in ("cost", "energy/history", "standby"):
        answer = agent.local("GET", f"/api/v1/{path}")
        assert answer.status == 503
        assert "the card is full" in answer.json["detail"]


def test_standby_tells_the_draw_its_cost_and_a_plan(agent: RunningAgent) -> None:
    def draw(target: Target, at_s: int) -> float | None:
        moment = datetime.fromtimestamp(at_s, ROME)
        if target != Target(TargetKind.OUTLET, 1):
            return None
        return 90.0 if moment.weekday() < 5 and 8 <= moment.hour < 18 else 6.0

    agent.history.draw = draw
    first, second, *_ = get(agent, "standby")["outlets"]
    assert first["idle"]["idle_w"] == 6.0
    assert first["idle"]["yearly_kwh"] == pytest.approx(36.9, abs=0.5)
    assert first["idle"]["yearly_cost"] == pytest.approx(11.1, abs=0.2)
    assert "  - name: standby-1-off-18\n    outlets: [1]\n    action: off" in first["idle"]["plan"]
    assert second["idle"] is None
    assert "too little data" in second["why_none"]
