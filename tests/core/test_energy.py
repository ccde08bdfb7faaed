# SPDX-License-Identifier: Apache-2.0
"""Energy, peaks and freshness as the core keeps them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.keeper import SAVE_INTERVAL_S
from pdu_agent.model.commands import Reset, ResetMeter, Target, TargetKind
from pdu_agent.model.errors import UnknownTarget
from pdu_agent.model.events import ReadingLost, ReadingRestored
from pdu_agent.model.quantities import (
    Electrical,
    Quality,
    milliwatt_hours,
    round_half_away,
    scaled,
    watt_hours,
)
from pdu_agent.model.readings import Measurement, Reading
from pdu_agent.model.snapshot import Meter, MeterStatus
from tests.core.bench import OPS, Workbench
from tests.core.test_startup import restarted

POINT = Target(TargetKind.OUTLET, 1)


def feed(bench: Workbench, energy_mj: float | None, power_w: float | None = 100.0) -> None:
    electrical = Electrical(voltage_v=230.0, active_power_w=power_w, quality=Quality.OK)
    reading = Reading(
        "adc", 1, bench.clock.monotonic_s(), 0.2, (Measurement(POINT, electrical, energy_mj),)
    )
    bench.core.on_reading(reading)


def meter(bench: Workbench) -> Meter:
    found = bench.outlet(1).meter
    assert found is not None
    return found


def counted(bench: Workbench) -> Meter:
    """The meter after the next save: counters are shown once they cannot be lost any more."""
    bench.run(SAVE_INTERVAL_S)
    return meter(bench)


@given(st.lists(st.floats(0, 1e9), max_size=50))
def test_energy_is_exact_whatever_the_pieces(pieces_mj: list[float]) -> None:
    bench = Workbench(outlets=1)
    for piece_mj in pieces_mj:
        feed(bench, piece_mj)
    exact_mj = math.fsum(pieces_mj)
    assert abs(counted(bench).energy_mj - exact_mj) <= 1 + 1e-6 * len(pieces_mj)


def test_one_millijoule_fractions_add_up() -> None:
    bench = Workbench(outlets=1)
    for _ in range(1000):
        feed(bench, 0.125)
    assert counted(bench).energy_mj == 125


@pytest.mark.parametrize("bad_mj", [None, -5e6, math.nan, math.inf, -math.inf])
def test_energy_never_goes_back_and_never_becomes_nonsense(bad_mj: float | None) -> None:
    bench = Workbench(outlets=1)
    feed(bench, 1000.0)
    feed(bench, bad_mj)
    assert counted(bench).energy_mj == 1000


def test_energy_survives_a_kill_with_what_was_saved_within_a_second() -> None:
    bench = Workbench(outlets=1)
    for _ in range(20):
        feed(bench, 20_000.0)
        bench.run(0.2)
    again = restarted(bench, outlets=1)
    assert meter(again).energy_mj >= 400_000 - 5 * 20_000
    assert meter(again).discontinuity_s == 0


def test_a_kill_takes_back_no_count_that_was_ever_shown() -> None:
    bench = Workbench(outlets=1)
    highest_mj = 0
    for _ in range(17):
        feed(bench, 20_000.0)
        bench.run(0.2)
        highest_mj = max(highest_mj, meter(bench).energy_mj)
    assert highest_mj >= 17 * 20_000 - 5 * 20_000
    assert meter(restarted(bench, outlets=1)).energy_mj >= highest_mj


def test_counters_are_shown_though_nothing_can_be_saved() -> None:
    bench = Workbench(outlets=1)
    bench.save_fails = True
    feed(bench, 1000.0)
    assert counted(bench).energy_mj == 1000


def test_resetting_the_user_meter_leaves_the_total() -> None:
    bench = Workbench(outlets=1)
    feed(bench, 5000.0, 80.0)
    bench.core.submit_all([ResetMeter(POINT, Reset.ALL)], OPS)
    assert (meter(bench).energy_mj, meter(bench).user_energy_mj) == (5000, 0)
    assert meter(bench).peak_power_w is None
    feed(bench, 7.0, 60.0)
    assert counted(bench).user_energy_mj == 7
    assert meter(bench).peak_power_w == 60.0
    with pytest.raises(UnknownTarget, match="outlet 2 has no meter"):
        bench.core.submit_all([ResetMeter(Target(TargetKind.OUTLET, 2), Reset.ALL)], OPS)


def test_peak_keeps_the_largest_and_its_time() -> None:
    bench = Workbench(outlets=1)
    feed(bench, 1.0, 50.0)
    bench.run(10)
    feed(bench, 1.0, 90.0)
    peak_wall_s = bench.clock.wall_s()
    bench.run(10)
    feed(bench, 1.0, 70.0)
    assert (counted(bench).peak_power_w, meter(bench).peak_wall_s) == (90.0, peak_wall_s)


def test_a_silent_source_goes_stale_keeps_its_values_and_comes_back() -> None:
    bench = Workbench(outlets=1)
    assert meter(bench).electrical.quality is Quality.ABSENT
    feed(bench, 1.0)
    assert meter(bench).status is MeterStatus.OK
    bench.run(3)
    assert meter(bench).status is MeterStatus.STALE
    assert meter(bench).electrical.quality is Quality.STALE
    assert meter(bench).electrical.active_power_w == 100.0
    assert POINT in [e.target for e in bench.events(ReadingLost)]
    feed(bench, 1.0)
    assert meter(bench).status is MeterStatus.OK
    assert [e.target for e in bench.events(ReadingRestored)] == [POINT]


def test_a_source_is_found_silent_in_time_and_not_with_the_next_save() -> None:
    bench = Workbench(outlets=1)
    feed(bench, 1.0)
    bench.run(0.59)
    assert meter(bench).status is MeterStatus.OK
    bench.run(0.02)
    assert meter(bench).status is MeterStatus.STALE


def test_a_source_that_stays_silent_has_no_values_in_the_end_but_its_energy() -> None:
    bench = Workbench(outlets=1)
    feed(bench, 1.0)
    bench.run(58)
    assert meter(bench).electrical.quality is Quality.STALE
    energy_mj = meter(bench).energy_mj
    bench.run(4)
    shown = meter(bench)
    assert (shown.status, shown.electrical) == (MeterStatus.FAULT, Electrical())
    assert shown.demand is None or shown.demand.power_w is None
    assert (shown.energy_mj, energy_mj > 0) == (energy_mj, True)
    bench.run(600)
    assert [e.target for e in bench.events(ReadingLost)].count(POINT) == 1
    feed(bench, 1.0)
    assert meter(bench).status is MeterStatus.OK


def test_a_source_that_never_reported_is_a_fault_without_values() -> None:
    bench = Workbench(outlets=1)
    bench.run(3)
    assert meter(bench).status is MeterStatus.FAULT
    assert meter(bench).electrical.voltage_v is None


def test_a_clock_jump_changes_no_energy_and_no_deadline() -> None:
    bench = Workbench(outlets=1)
    feed(bench, 1000.0)
    bench.clock.jump_wall(-30 * 365 * 86400)
    feed(bench, 1000.0)
    bench.clock.jump_wall(60 * 365 * 86400)
    feed(bench, 1000.0)
    assert meter(bench).status is MeterStatus.OK
    assert counted(bench).energy_mj == 3000


def test_exported_energy_is_rounded_down() -> None:
    assert watt_hours(3_599_999) == 0
    assert watt_hours(3_600_000) == 1
    assert milliwatt_hours(3_599) == 0
    assert milliwatt_hours(7_200) == 2


def test_rounding_is_half_away_from_zero_once_and_clamped() -> None:
    assert [round_half_away(v) for v in (0.5, 1.5, -0.5, 2.4)] == [1, 2, -1, 2]
    assert scaled(230.0005, 1000, 0, 2**31 - 1) == 230001
    assert scaled(1e12, 1000, 0, 2**31 - 1) == 2**31 - 1
