# SPDX-License-Identifier: Apache-2.0
"""Demand: the sliding mean of the active power, its peak, and what a gap does to it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.metered.demand import SUBINTERVALS, DemandWindow
from pdu_agent.core.settings import DeviceSettings, ThresholdSettings
from pdu_agent.model.commands import Quantity, Reset, ResetMeter, Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import Measurement
from pdu_agent.model.snapshot import Demand
from tests.core.bench import INLET, Workbench

QUARTER = DeviceSettings(demand_window_s=900.0)


def draw(bench: Workbench, seconds: float, power_w: float, span_s: float = 1.0) -> None:
    for _ in range(round(seconds / span_s)):
        bench.run(span_s)
        electrical = Electrical(active_power_w=power_w, quality=Quality.OK)
        bench.measure(Measurement(INLET, electrical, power_w * span_s * 1000), span_s=span_s)


def demand(bench: Workbench) -> Demand:
    found = bench.core.snapshot.inlets[0].meter.demand
    assert found is not None
    return found


def test_a_quarter_of_an_hour_against_the_hand_computed_value() -> None:
    bench = Workbench(0, device=QUARTER, stale_after_s=60)
    assert demand(bench).power_w is None
    draw(bench, 600, 100.0)
    draw(bench, 300, 400.0)
    # 600 s x 100 W + 300 s x 400 W = 180 kJ in 900 s
    assert demand(bench).power_w == pytest.approx(200.0, rel=0.02)
    draw(bench, 900, 400.0)
    assert demand(bench).power_w == pytest.approx(400.0)


def test_its_peak_has_a_time_and_is_reset_with_the_others() -> None:
    bench = Workbench(0, device=QUARTER, stale_after_s=60)
    draw(bench, 10, 9000.0)
    assert demand(bench).peak_w is None  # the mean of ten seconds is no demand
    draw(bench, 900, 500.0)
    draw(bench, 900, 100.0)
    top_w = demand(bench).peak_w
    assert top_w is not None
    assert 500 <= top_w < 620
    assert demand(bench).peak_wall_s is not None
    record = bench.core.final_record()
    again = Workbench(0, device=QUARTER, record=record)
    assert demand(again).peak_w == top_w
    again.submit(ResetMeter(INLET, Reset.PEAK))
    again.run(1.1)
    assert demand(again).peak_w is None
    assert demand(again).peak_since_wall_s is not None


def test_a_gap_counts_neither_way() -> None:
    bench = Workbench(0, device=QUARTER, stale_after_s=60)
    draw(bench, 300, 300.0)
    bench.run(300)
    draw(bench, 300, 500.0)
    assert demand(bench).power_w == pytest.approx(400.0, rel=0.02)
    bench.run(3600)
    draw(bench, 1, 50.0)
    assert demand(bench).power_w == 50.0


def test_a_demand_beyond_its_limit_is_an_alarm() -> None:
    limits = ThresholdSettings(INLET, Quantity.DEMAND, high_warning=200.0)
    device = DeviceSettings(demand_window_s=60.0)
    bench = Workbench(0, device=device, thresholds=(limits,), stale_after_s=60)
    draw(bench, 60, 100.0)
    draw(bench, 10, 500.0)
    assert bench.alarms("threshold") == []
    draw(bench, 10, 500.0)
    (alarm,) = bench.alarms("threshold")
    assert alarm.subject == "inlet 1 demand"


def test_the_mean_of_the_first_moments_passes_no_limit() -> None:
    limits = ThresholdSettings(INLET, Quantity.DEMAND, high_warning=200.0, low_warning=50.0)
    device = DeviceSettings(demand_window_s=60.0)
    bench = Workbench(0, device=device, thresholds=(limits,), stale_after_s=60)
    draw(bench, 1, 900.0)  # inrush of all that has just been switched on
    draw(bench, 4, 20.0)
    draw(bench, 60, 100.0)
    assert bench.alarms("threshold") == []


def test_outlets_have_one_too() -> None:
    bench = Workbench(1)
    bench.read(Target(TargetKind.OUTLET, 1), 20_000.0, active_power_w=100.0)
    meter = bench.outlet(1).meter
    assert meter is not None
    assert meter.demand is not None
    assert meter.demand.power_w == pytest.approx(100.0)


SPANS = st.lists(
    st.tuples(st.floats(0, 1e4), st.floats(0.1, 30), st.sampled_from((0.0, 0.0, 100.0, 2000.0))),
    max_size=300,
)


@given(SPANS)
def test_it_is_the_mean_of_what_the_window_covers_in_bounded_memory(
    spans: list[tuple[float, float, float]],
) -> None:
    window, now_s = DemandWindow(900.0), 5000.0
    taken: list[tuple[int, float, float]] = []
    step_s = 900.0 / SUBINTERVALS
    for power_w, span_s, gap_s in spans:
        now_s += gap_s + span_s
        window = window.add(power_w * span_s, span_s, now_s)
        number = math.floor(now_s / step_s)
        taken.append((number, power_w * span_s, span_s))
        inside = [row for row in taken if row[0] > number - SUBINTERVALS]
        mean_w = sum(row[1] for row in inside) / sum(row[2] for row in inside)
        assert window.mean_w == pytest.approx(mean_w, rel=1e-6, abs=1e-9)
        assert len(window.past) < SUBINTERVALS
