# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB notifications about sensors by known answers."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.model.commands import Quantity, TemperatureScale
from pdu_agent.model.events import SensorChanged
from pdu_agent.model.snapshot import SensorStatus, ThresholdState
from tests.mib.sentry4 import HALL, RACK, strip
from tests.mib.sentry4_told import answers, crossing_of, told_as
from tests.mib.unit import WALL_S


def test_a_temperature_is_told_in_its_scale_with_the_scale() -> None:
    snapshot = strip()
    device = replace(snapshot.device, temperature_scale=TemperatureScale.FAHRENHEIT)
    event = crossing_of(HALL, Quantity.TEMPERATURE, ThresholdState.HIGH_WARNING, 35.5)
    assert answers(event, replace(snapshot, device=device)) == [
        told_as(
            20,
            'TempSensorID.1.1="A1"',
            'TempSensorName.1.1="hall"',
            "TempSensorValue.1.1=959",
            "TempSensorStatus.1.1=16",
            "TempSensorScale.0=1",
            text="highWarning",
            error=True,
        )
    ]


def test_a_humidity_is_told_with_its_limit() -> None:
    event = crossing_of(RACK, Quantity.HUMIDITY, ThresholdState.LOW_CRITICAL, 19.4)
    words = ('HumidSensorID.1.1="A1"', 'HumidSensorName.1.1="probe 2"')
    words += ("HumidSensorValue.1.1=19", "HumidSensorStatus.1.1=14")
    assert answers(event) == [told_as(21, *words, text="lowAlarm", error=True)]


def test_sensors_that_are_lost_and_found_are_told() -> None:
    def change(number: int, old: SensorStatus, new: SensorStatus) -> list[str]:
        return answers(SensorChanged(WALL_S, number, old, new))

    ok, stale = SensorStatus.OK, SensorStatus.STALE
    fault, absent = SensorStatus.FAULT, SensorStatus.ABSENT
    hall = ('TempSensorID.1.1="A1"', 'TempSensorName.1.1="hall"')
    assert change(1, ok, stale) == [
        told_as(
            20,
            *hall,
            "TempSensorValue.1.1=-410",
            "TempSensorStatus.1.1=8",
            "TempSensorScale.0=0",
            text="lost",
            error=True,
        )
    ]
    assert change(1, stale, ok) == [
        told_as(
            20,
            *hall,
            "TempSensorValue.1.1=-43",
            "TempSensorStatus.1.1=15",
            "TempSensorScale.0=0",
            text="lowWarning",
            error=True,
        )
    ]
    rack = ('HumidSensorID.1.1="A1"', 'HumidSensorName.1.1="probe 2"')
    words = (*rack, "HumidSensorValue.1.1=-1", "HumidSensorStatus.1.1=9")
    assert change(2, ok, fault) == [told_as(21, *words, text="readError", error=True)]
    words = ('WaterSensorID.1.1="A1"', 'WaterSensorName.1.1="probe 3"', "WaterSensorStatus.1.1=18")
    assert change(3, fault, ok) == [told_as(22, *words, text="alarm", error=True)]
    words = ('CcSensorID.1.2="A2"', 'CcSensorName.1.2="probe 8"', "CcSensorStatus.1.2=7")
    assert change(8, ok, absent) == [told_as(23, *words, text="notFound", error=True)]
