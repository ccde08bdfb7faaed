# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB's environmental monitors: probes, contacts and water sensors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.model.commands import TemperatureScale
from pdu_agent.model.snapshot import SensorKind, SensorStatus, ThresholdState
from tests.mib.sentry3_unit import SENSORS, THRESHOLDS, Sentry3Bench, sensor, strip


def test_all_temperatures_are_in_the_scale_of_the_unit() -> None:
    at = strip()
    device = replace(at.device, temperature_scale=TemperatureScale.FAHRENHEIT)
    reads = Sentry3Bench(replace(at, device=device)).reads()
    columns = [reads[f"2.5.1.{column}.1.1"] for column in (6, 7, 8, 10, 13, 14)]
    assert columns == [742, 50, 95, 52, 1, 4]
    assert reads["2.5.1.13.1.2"] == 1
    # A limit that is not watched has no scale.
    assert (reads["2.5.1.7.1.2"], reads["2.5.1.8.1.2"]) == (0, 254)


def test_a_temperature_below_zero_reads_zero_and_not_as_missing() -> None:
    cold = replace(SENSORS[0], value=-4.25)
    bench = Sentry3Bench(replace(strip(), sensors=(cold,)))
    assert bench.content("2.5.1.6.1.1") == 0


@pytest.mark.parametrize(
    ("status", "value", "probe", "temperature"),
    [
        (SensorStatus.OK, 20.0, 0, 0),
        (SensorStatus.STALE, None, 0, 2),
        (SensorStatus.STALE, 20.0, 2, 6),
        (SensorStatus.FAULT, None, 2, 5),
        (SensorStatus.ABSENT, None, 1, 1),
    ],
)
def test_a_sensor_without_value_says_why(
    status: SensorStatus, value: float | None, probe: int, temperature: int
) -> None:
    alone = replace(SENSORS[0], status=status, value=value)
    reads = Sentry3Bench(replace(strip(), sensors=(alone,))).reads()
    assert (reads["2.5.1.4.1.1"], reads["2.5.1.5.1.1"]) == (probe, temperature)
    assert reads["2.5.1.6.1.1"] == (200 if status is SensorStatus.OK else -1)
    assert reads["2.4.1.4.1"] == (0 if probe == 0 else 1)
    # The other half was never there.
    assert (reads["2.5.1.9.1.1"], reads["2.5.1.10.1.1"]) == (1, -1)
    assert "2.5.1.11.1.1" not in reads


@pytest.mark.parametrize(
    ("state", "temperature", "humidity"),
    [
        (ThresholdState.NORMAL, 0, 0),
        (ThresholdState.LOW_WARNING, 3, 3),
        (ThresholdState.LOW_CRITICAL, 3, 3),
        (ThresholdState.HIGH_WARNING, 4, 4),
        (ThresholdState.HIGH_CRITICAL, 4, 4),
    ],
)
def test_a_probe_shows_the_states_of_both_of_its_thresholds(
    state: ThresholdState, temperature: int, humidity: int
) -> None:
    passed = tuple(replace(row, state=state) for row in THRESHOLDS)
    reads = Sentry3Bench(replace(strip(), thresholds=passed)).reads()
    assert (reads["2.5.1.5.1.1"], reads["2.5.1.9.1.1"]) == (temperature, humidity)


@pytest.mark.parametrize(("dead", "expected"), [(0, [2, 5, 3]), (1, [0, 0, 5])])
def test_a_probe_is_there_as_long_as_its_temperature_is(dead: int, expected: list[int]) -> None:
    sensors = list(SENSORS[:2])
    sensors[dead] = replace(sensors[dead], status=SensorStatus.FAULT, value=None)
    reads = Sentry3Bench(replace(strip(), sensors=tuple(sensors))).reads()
    assert [reads[f"2.5.1.{column}.1.1"] for column in (4, 5, 9)] == expected


@pytest.mark.parametrize(
    ("value", "status", "expected"),
    [
        (0.0, SensorStatus.OK, 0),
        (1.0, SensorStatus.OK, 1),
        (1.0, SensorStatus.STALE, 2),
        (None, SensorStatus.ABSENT, 2),
    ],
)
def test_contacts_and_water_are_normal_in_alarm_or_out_of_reach(
    value: float | None, status: SensorStatus, expected: int
) -> None:
    both = tuple(replace(row, value=value, status=status) for row in SENSORS[3:])
    reads = Sentry3Bench(replace(strip(), sensors=both)).reads()
    assert (reads["2.4.1.6.1"], reads["2.6.1.4.1.1"]) == (expected, expected)


def test_monitors_fill_up_in_turn() -> None:
    kinds = [SensorKind.TEMPERATURE] * 3 + [SensorKind.CONTACT] * 5 + [SensorKind.WATER] * 2
    sensors = tuple(sensor(number, kind) for number, kind in enumerate(kinds, start=1))
    reads = Sentry3Bench(replace(strip(), sensors=sensors)).reads()
    assert [reads[f"2.4.1.2.{n}"] for n in (1, 2)] == [b"A", b"B"]
    assert [reads[f"2.4.1.12.{n}"] for n in (1, 2)] == [2, 1]
    assert [reads[f"2.4.1.13.{n}"] for n in (1, 2)] == [4, 1]
    assert [reads[f"2.4.1.5.{n}"] for n in (1, 2)] == [b"water 9", b"water 10"]
    assert (reads["2.5.1.2.2.1"], reads["2.6.1.2.2.1"]) == (b"B1", b"B1")
