# SPDX-License-Identifier: Apache-2.0
"""Peaks of power, current and sensors: their values, their times, and since when they count."""

from __future__ import annotations

import math

import pytest

from pdu_agent.core.settings import SensorSettings
from pdu_agent.model.commands import Reset, ResetMeter, Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import Measurement, Reading
from pdu_agent.model.record import MeterRecord, Record, SensorRecord
from pdu_agent.model.snapshot import Meter, Sensor
from pdu_agent.store.plain_record import from_plain, to_plain
from tests.core.bench import INLET, Workbench

SENSOR = Target(TargetKind.SENSOR, 1)


def meter(bench: Workbench) -> Meter:
    """The inlet's meter once its counters are saved, which is when faces see them."""
    bench.run(1.1)
    return bench.core.snapshot.inlets[0].meter


def sensor(bench: Workbench) -> Sensor:
    return bench.core.snapshot.sensors[0]


def test_power_and_current_have_their_largest_values_at_different_times() -> None:
    bench = Workbench(outlets=1)
    bench.read(active_power_w=900.0, current_a=4.0)
    at_900_w = bench.clock.wall_s()
    bench.run(10)
    bench.read(active_power_w=500.0, current_a=6.5)
    at_6_5_a = bench.clock.wall_s()
    bench.run(10)
    bench.read(active_power_w=900.0, current_a=6.5)
    shown = meter(bench)
    assert (shown.peak_power_w, shown.peak_wall_s) == (900.0, at_900_w)
    assert (shown.peak_current_a, shown.peak_current_wall_s) == (6.5, at_6_5_a)


def test_a_new_point_counts_its_peaks_from_its_first_start() -> None:
    bench = Workbench(outlets=1)
    began = bench.clock.wall_s()
    bench.run(60)
    later = Workbench(outlets=1, record=bench.core.final_record(), clock=bench.clock)
    shown = meter(later)
    assert (shown.peak_power_since_wall_s, shown.peak_current_since_wall_s) == (began, began)
    assert (shown.peak_power_w, shown.peak_current_a) == (None, None)


@pytest.mark.parametrize(
    ("what", "power", "current", "energy"),
    [
        (Reset.PEAK_POWER, True, False, False),
        (Reset.PEAK_CURRENT, False, True, False),
        (Reset.PEAK, True, True, False),
        (Reset.ENERGY, False, False, True),
        (Reset.ALL, True, True, True),
    ],
)
def test_a_reset_forgets_what_it_names(
    what: Reset, power: bool, current: bool, energy: bool
) -> None:
    bench = Workbench(outlets=1)
    began = bench.clock.wall_s()
    bench.read(energy_mj=7000.0, active_power_w=900.0, current_a=4.0)
    bench.run(60)
    reset = bench.clock.wall_s()
    bench.submit(ResetMeter(INLET, what))
    shown = meter(bench)
    assert shown.peak_power_w == (None if power else 900.0)
    assert shown.peak_wall_s == (None if power else began)
    assert shown.peak_power_since_wall_s == (reset if power else began)
    assert shown.peak_current_a == (None if current else 4.0)
    assert shown.peak_current_wall_s == (None if current else began)
    assert shown.peak_current_since_wall_s == (reset if current else began)
    assert shown.user_energy_mj == (0 if energy else 7000)
    assert shown.user_since_wall_s == (reset if energy else began)


def test_a_clipped_value_is_no_peak() -> None:
    bench = Workbench(outlets=1)
    values = Electrical(current_a=40.0, active_power_w=9000.0, quality=Quality.CLIPPED)
    reading = Reading("meter", 1, bench.clock.monotonic_s(), 0.2, (Measurement(INLET, values, 1),))
    bench.core.on_reading(reading)
    assert (meter(bench).peak_power_w, meter(bench).peak_current_a) == (None, None)


def test_what_is_no_number_is_no_peak_and_hides_none_to_come() -> None:
    bench = Workbench(outlets=1)
    for current_a in (math.nan, math.inf, 3.0):
        bench.read(current_a=current_a, active_power_w=current_a)
    bench.run(1.1)
    meter = bench.core.snapshot.inlets[0].meter
    assert (meter.peak_current_a, meter.peak_power_w) == (3.0, 3.0)


def test_peaks_survive_a_restart() -> None:
    bench = Workbench(outlets=1)
    bench.read(active_power_w=900.0, current_a=4.0)
    saved = from_plain(to_plain(bench.core.final_record()))
    before = meter(bench)
    bench.run(100)
    after = meter(Workbench(outlets=1, record=saved, clock=bench.clock))
    assert (after.peak_current_a, after.peak_current_wall_s) == (4.0, before.peak_current_wall_s)
    assert after.peak_current_since_wall_s == before.peak_current_since_wall_s


def test_a_record_from_before_there_were_peaks_of_current_says_nothing_of_them() -> None:
    plain = to_plain(
        Record(engine_id=b"x", meters={"inlet 1": MeterRecord()}, sensors={1: SensorRecord()})
    )
    plain["meters"]["inlet 1"] = {
        "energy_mj": 5,
        "remainder_mj": 0.5,
        "user_zero_mj": 2,
        "user_since_wall_s": 9.0,
        "peak_power_w": 80.0,
        "peak_wall_s": 10.0,
    }
    plain["sensors"]["1"] = {"minimum": 3.0, "maximum": 30.0}
    record = from_plain(plain)
    bench = Workbench(outlets=1, sensors=(SensorSettings(1),), record=record)
    shown = meter(bench)
    assert (shown.peak_power_w, shown.peak_wall_s) == (80.0, 10.0)
    assert (shown.peak_power_since_wall_s, shown.peak_current_since_wall_s) == (None, None)
    assert (sensor(bench).maximum, sensor(bench).maximum_wall_s) == (30.0, None)


def test_the_highest_value_of_a_sensor_has_a_time() -> None:
    bench = Workbench(outlets=1, sensors=(SensorSettings(1),))
    began = bench.clock.wall_s()
    bench.sense(1, 20.0)
    bench.run(10)
    bench.sense(1, 25.0)
    at_25 = bench.clock.wall_s()
    bench.run(10)
    bench.sense(1, 25.0)
    bench.sense(1, 18.0)
    row = sensor(bench)
    assert (row.minimum, row.maximum, row.maximum_wall_s) == (18.0, 25.0, at_25)
    assert row.extremes_since_wall_s == began


def test_the_extremes_of_a_sensor_start_again_with_its_present_value() -> None:
    bench = Workbench(outlets=1, sensors=(SensorSettings(1),))
    bench.sense(1, 25.0)
    bench.sense(1, 18.0)
    bench.run(10)
    reset = bench.clock.wall_s()
    bench.submit(ResetMeter(SENSOR, Reset.ALL))
    row = sensor(bench)
    assert (row.minimum, row.maximum) == (18.0, 18.0)
    assert (row.maximum_wall_s, row.extremes_since_wall_s) == (reset, reset)


def test_the_extremes_of_a_silent_sensor_start_again_with_nothing() -> None:
    bench = Workbench(outlets=1, sensors=(SensorSettings(1),))
    bench.sense(1, 25.0)
    bench.sense(1, None, "chip gone")
    bench.submit(ResetMeter(SENSOR, Reset.ALL))
    row = sensor(bench)
    assert (row.minimum, row.maximum, row.maximum_wall_s) == (None, None, None)
