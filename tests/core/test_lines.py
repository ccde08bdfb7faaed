# SPDX-License-Identifier: Apache-2.0
"""Phase lines: an inlet that is their sum, their imbalance; and residual currents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.settings import LineSettings, ThresholdSettings
from pdu_agent.model.commands import (
    Limit,
    Quantity,
    Reset,
    ResetMeter,
    SetLimit,
    Target,
    TargetKind,
)
from pdu_agent.model.events import ReadingLost, ReadingRestored
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import Measurement
from pdu_agent.model.snapshot import Inlet, MeterStatus, Severity
from tests.core.bench import INLET, Workbench

LINES = tuple(LineSettings(n, line=f"l{n}", rated_current_a=16.0) for n in (1, 2, 3))
POINTS = tuple(Target(TargetKind.LINE, n) for n in (1, 2, 3))
RESIDUAL = Target(TargetKind.RESIDUAL, 1)


def three_phase(*thresholds: ThresholdSettings, outlets: int = 0) -> Workbench:
    names = tuple(str(point) for point in POINTS)
    return Workbench(outlets, lines=LINES, also_metered=names, thresholds=thresholds)


def one_line(
    number: int, current_a: float, energy_mj: float = 0.0, mvars: float = 0.0
) -> Measurement:
    watts = 230.0 * current_a * 0.9
    electrical = Electrical(
        voltage_v=229.0 + number,
        current_a=current_a,
        active_power_w=watts,
        apparent_power_va=230.0 * current_a,
        reactive_power_var=watts / 10,
        frequency_hz=50.0,
        quality=Quality.OK,
    )
    return Measurement(POINTS[number - 1], electrical, energy_mj, mvars)


def inlet(bench: Workbench) -> Inlet:
    (found,) = bench.core.snapshot.inlets
    return found


def test_the_inlet_is_the_sum_of_its_lines() -> None:
    bench = three_phase()
    bench.measure(one_line(1, 10.0), one_line(2, 6.0), one_line(3, 8.0))
    row = inlet(bench)
    values = row.meter.electrical
    assert row.line_count == 3
    assert values.active_power_w == pytest.approx(230 * 24 * 0.9)
    assert values.apparent_power_va == pytest.approx(230 * 24)
    assert values.reactive_power_var == pytest.approx(230 * 24 * 0.09)
    assert values.power_factor == pytest.approx(0.9)
    assert values.voltage_v == pytest.approx(231.0)
    assert (values.current_a, values.frequency_hz) == (10.0, 50.0)
    assert (values.quality, row.meter.status) == (Quality.OK, MeterStatus.OK)
    assert [(line.index, line.line, line.inlet) for line in bench.core.snapshot.lines] == [
        (1, "l1", 1),
        (2, "l2", 1),
        (3, "l3", 1),
    ]


def test_its_imbalance_is_the_largest_deviation_from_the_mean() -> None:
    bench = three_phase()
    bench.measure(one_line(1, 10.0), one_line(2, 6.0), one_line(3, 8.0))
    assert inlet(bench).imbalance_percent == pytest.approx(25.0)
    bench.measure(one_line(1, 0.0), one_line(2, 0.0), one_line(3, 0.0))
    assert inlet(bench).imbalance_percent == 0.0


def test_an_imbalance_beyond_its_limit_is_an_alarm() -> None:
    bench = three_phase(ThresholdSettings(INLET, Quantity.IMBALANCE, high_warning=20.0))
    bench.measure(one_line(1, 10.0), one_line(2, 6.0), one_line(3, 8.0))
    (alarm,) = bench.alarms("threshold")
    assert alarm.text == "25 % is at or above high warning 20 %"
    bench.measure(one_line(1, 8.0), one_line(2, 8.0), one_line(3, 8.0))
    assert bench.alarms("threshold") == []


def test_before_every_line_was_heard_there_is_no_total() -> None:
    bench = three_phase()
    bench.measure(one_line(1, 10.0), one_line(2, 6.0))
    assert inlet(bench).meter.electrical.active_power_w is None
    assert inlet(bench).imbalance_percent is None


def test_a_silent_line_makes_the_inlet_stale_and_never_too_small() -> None:
    bench = three_phase()
    bench.measure(one_line(1, 10.0), one_line(2, 6.0), one_line(3, 8.0))
    whole_w = inlet(bench).meter.electrical.active_power_w
    for _ in range(10):
        bench.measure(one_line(1, 10.0, 100.0), one_line(2, 6.0, 10.0))
        bench.run(0.2)
    meter = inlet(bench).meter
    assert (meter.status, meter.electrical.quality) == (MeterStatus.STALE, Quality.STALE)
    assert meter.electrical.active_power_w == whole_w
    assert inlet(bench).imbalance_percent is None
    lost = [event.target for event in bench.heard.drain() if isinstance(event, ReadingLost)]
    assert lost == [POINTS[2], INLET]
    for _ in range(120):
        bench.measure(one_line(1, 10.0), one_line(2, 6.0))
        bench.run(0.5)
    gone = inlet(bench).meter
    assert (gone.status, gone.electrical.active_power_w) == (MeterStatus.FAULT, None)
    bench.measure(one_line(3, 8.0, 5.0))
    bench.measure(one_line(1, 10.0), one_line(2, 6.0))
    assert inlet(bench).meter.status is MeterStatus.OK
    back = [event.target for event in bench.heard.drain() if isinstance(event, ReadingRestored)]
    assert back == [POINTS[2], INLET]
    bench.run(1.1)
    assert inlet(bench).meter.energy_mj == 10 * 110 + 5


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.floats(0, 1e7), st.floats(-1e6, 1e6)),
        max_size=40,
    )
)
def test_its_registers_are_the_sum_of_the_lines_whatever_the_order(
    pieces: list[tuple[int, float, float]],
) -> None:
    bench = three_phase()
    for number, energy_mj, mvars in pieces:
        bench.measure(one_line(number, 1.0, energy_mj, mvars))
        bench.run(0.3)
    bench.run(1.1)
    lines = [line.meter for line in bench.core.snapshot.lines if line.meter]
    total = inlet(bench).meter
    assert total.energy_mj == sum(line.energy_mj for line in lines)
    if pieces:
        assert total.inductive_mvars == sum(line.inductive_mvars or 0 for line in lines)
        assert total.capacitive_mvars == sum(line.capacitive_mvars or 0 for line in lines)


def test_its_registers_survive_a_restart() -> None:
    bench = three_phase()
    bench.measure(one_line(1, 1.0, 700.0, 30.0), one_line(2, 1.0, 50.0), one_line(3, 1.0))
    record = bench.core.final_record()
    names = tuple(str(point) for point in POINTS)
    again = Workbench(0, lines=LINES, also_metered=names, record=record)
    again.measure(one_line(2, 1.0, 1.0))
    again.run(1.1)
    assert inlet(again).meter.energy_mj == 751
    assert inlet(again).meter.inductive_mvars == 30


def test_a_metered_inlet_is_not_its_lines_but_has_their_imbalance() -> None:
    names = tuple(str(point) for point in POINTS)
    bench = Workbench(0, lines=LINES, also_metered=("inlet 1", *names))
    bench.measure(one_line(1, 10.0, 5.0), one_line(2, 6.0, 5.0), one_line(3, 8.0, 5.0))
    assert inlet(bench).meter.electrical.active_power_w is None
    bench.read(INLET, 7.0, active_power_w=5000.0)
    bench.run(0.4)
    assert inlet(bench).imbalance_percent == pytest.approx(25.0)
    bench.run(1.1)
    assert inlet(bench).meter.energy_mj == 7


def test_lines_without_a_meter_are_shown_without_one() -> None:
    bench = Workbench(0, lines=LINES)
    assert [line.meter for line in bench.core.snapshot.lines] == [None] * 3
    keys = {(str(row.target), row.quantity) for row in bench.core.snapshot.thresholds}
    assert ("inlet 1", Quantity.IMBALANCE) not in keys


# residual current


def residual(bench: Workbench, current_a: float) -> None:
    bench.measure(
        Measurement(RESIDUAL, Electrical(current_a=current_a, quality=Quality.OK), None),
        Measurement(INLET, Electrical(current_a=3.0, quality=Quality.OK), 0.0),
    )


def guarded() -> Workbench:
    limits = ThresholdSettings(
        INLET, Quantity.RESIDUAL_CURRENT, high_warning=0.006, high_critical=0.030
    )
    return Workbench(0, also_metered=("inlet 1", "residual 1"), thresholds=(limits,))


def test_a_residual_current_warns_at_6_and_is_critical_at_30_milliamperes() -> None:
    bench = guarded()
    found = []
    for current_a in (0.0, 0.005, 0.006, 0.0299, 0.030, 0.0):
        residual(bench, current_a)
        found.append([alarm.severity for alarm in bench.alarms("threshold")])
    warning, critical = [Severity.WARNING], [Severity.CRITICAL]
    assert found == [[], [], warning, warning, critical, []]


def test_a_residual_current_is_shown_with_the_inlet_and_goes_stale() -> None:
    bench = guarded()
    residual(bench, 0.004)
    shown = inlet(bench).residual
    assert shown is not None
    assert (shown.electrical.current_a, shown.status) == (0.004, MeterStatus.OK)
    assert (shown.demand, shown.rated_current_a) == (None, None)
    row = bench.threshold(Quantity.RESIDUAL_CURRENT)
    assert (row.target, row.value) == (INLET, 0.004)
    bench.run(2)
    shown = inlet(bench).residual
    assert shown is not None
    assert shown.status is MeterStatus.STALE
    assert bench.threshold(Quantity.RESIDUAL_CURRENT).value is None


def test_its_limits_can_be_changed_and_its_peak_forgotten() -> None:
    bench = guarded()
    residual(bench, 0.020)
    bench.submit(SetLimit(INLET, Quantity.RESIDUAL_CURRENT, Limit.HIGH_CRITICAL, 0.018))
    (alarm,) = bench.alarms("threshold")
    assert alarm.severity is Severity.CRITICAL
    bench.run(1.1)
    bench.submit(ResetMeter(RESIDUAL, Reset.PEAK))
    bench.run(1.1)
    shown = inlet(bench).residual
    assert shown is not None
    assert shown.peak_current_a is None
