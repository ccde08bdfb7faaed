# SPDX-License-Identifier: Apache-2.0
"""The filter around sensors: ranges, and jumps that have to be seen twice."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.hw.dropped_sample import DroppedSample
from pdu_agent.hw.plausible import PlausibleSensor
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.snapshot import SensorKind


class Listed:
    def __init__(self, values: list[float]) -> None:
        self._values = iter(values)

    def read(self) -> float:
        return next(self._values)


def passed(kind: SensorKind, values: list[float]) -> list[float | str]:
    """What comes through: values, "drop" or "fault"."""
    sensor, found = PlausibleSensor(Listed(values), kind), []
    for _ in values:
        try:
            found.append(sensor.read())
        except DroppedSample:
            found.append("drop")
        except HardwareError:
            found.append("fault")
    return found


TEMPERATURE, HUMIDITY = SensorKind.TEMPERATURE, SensorKind.HUMIDITY


@pytest.mark.parametrize(
    ("kind", "values", "through"),
    [
        (TEMPERATURE, [20, 30, 20], [20, 30, 20]),
        (TEMPERATURE, [20, 31, 20], [20, "drop", 20]),
        (TEMPERATURE, [20, 31, 33, 33], [20, "drop", 33, 33]),
        (TEMPERATURE, [20, 60, 90, 20], [20, "drop", "drop", 20]),
        (TEMPERATURE, [20, -5, 20, -5, -5], [20, "drop", 20, "drop", -5]),
        (TEMPERATURE, [20, 300, 20], [20, "fault", 20]),
        (TEMPERATURE, [20, 60, 300, 60], [20, "drop", "fault", "drop"]),
        (HUMIDITY, [50, 70, 91, 91], [50, 70, "drop", 91]),
        (HUMIDITY, [50, 101, -1, 3302.7, 50], [50, "fault", "fault", "fault", 50]),
        (SensorKind.PRESSURE, [1000, 900, 1100], [1000, 900, 1100]),
        (SensorKind.AIRFLOW, [0, 1e6], [0, 1e6]),
    ],
)
def test_what_comes_through(
    kind: SensorKind, values: list[float], through: list[float | str]
) -> None:
    assert passed(kind, values) == through


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_fault_from_the_start(value: float) -> None:
    assert passed(TEMPERATURE, [value, 20]) == ["fault", 20]


@given(st.lists(st.floats(-100, 200), min_size=1))
def test_no_value_is_far_from_the_sample_before_and_from_the_last_value(
    values: list[float],
) -> None:
    found = passed(TEMPERATURE, values)
    last = values[0]
    for position, value in enumerate(found):
        if isinstance(value, float):
            before = values[max(0, position - 1)]
            assert abs(value - last) <= 10 or abs(value - before) <= 10
            last = value
