# SPDX-License-Identifier: Apache-2.0
"""The notifications of Sentry3-MIB about sensors by known answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.model.commands import Quantity, TemperatureScale
from pdu_agent.model.events import AlarmRaised, SensorChanged
from pdu_agent.model.snapshot import SensorStatus
from tests.mib.sentry3_told import HIGH, LOW, crossed, sent, with_ends
from tests.mib.sentry3_unit import DAMP_2, SENSORS, WARM_1, strip
from tests.mib.unit import WALL_S


@pytest.mark.parametrize("scale", TemperatureScale)
def test_temperatures_are_told_in_the_scale_of_the_unit(scale: TemperatureScale) -> None:
    at = strip()
    at = replace(at, device=replace(at.device, temperature_scale=scale))
    fahrenheit = scale is TemperatureScale.FAHRENHEIT
    varbinds: list[tuple[str, object]] = [
        ("2.5.1.2.1.1", b"A1"),
        ("2.5.1.3.1.1", b"temperature 1"),
        ("2.5.1.5.1.1", 4),
        ("2.5.1.6.1.1", 968 if fahrenheit else 360),
        ("2.5.1.7.1.1", 50 if fahrenheit else 10),
        ("2.5.1.8.1.1", 95 if fahrenheit else 35),
        ("2.5.1.13.1.1", int(fahrenheit)),
    ]
    alarm = crossed(WARM_1, Quantity.TEMPERATURE, HIGH, 36.0)
    assert sent(AlarmRaised(WALL_S, alarm), at) == [(11, with_ends(varbinds, b"tempHigh", 1))]


def test_humidity_is_told_with_its_limits() -> None:
    varbinds: list[tuple[str, object]] = [
        ("2.5.1.2.1.1", b"A1"),
        ("2.5.1.3.1.1", b"temperature 1"),
        ("2.5.1.9.1.1", 3),
        ("2.5.1.10.1.1", 18),
        ("2.5.1.11.1.1", 20),
        ("2.5.1.12.1.1", 100),
    ]
    alarm = crossed(DAMP_2, Quantity.HUMIDITY, LOW, 18.2)
    assert sent(AlarmRaised(WALL_S, alarm)) == [(12, with_ends(varbinds, b"humidLow", 1))]


@pytest.mark.parametrize(
    ("old", "new", "value", "status", "text", "condition"),
    [
        (SensorStatus.OK, SensorStatus.STALE, 20.0, 2, b"lost", 1),
        (SensorStatus.OK, SensorStatus.FAULT, None, 2, b"lost", 1),
        (SensorStatus.STALE, SensorStatus.OK, 20.0, 0, b"found", 0),
        (SensorStatus.FAULT, SensorStatus.OK, 20.0, 0, b"found", 0),
        (SensorStatus.STALE, SensorStatus.ABSENT, None, 1, b"notFound", 0),
    ],
)
def test_a_probe_that_falls_silent_or_speaks_again_is_told(
    old: SensorStatus,
    new: SensorStatus,
    value: float | None,
    status: int,
    text: bytes,
    condition: int,
) -> None:
    at = replace(strip(), sensors=(replace(SENSORS[0], value=value, status=new),))
    varbinds: list[tuple[str, object]] = [
        ("2.5.1.2.1.1", b"A1"),
        ("2.5.1.3.1.1", b"temperature 1"),
        ("2.5.1.4.1.1", status),
    ]
    found = sent(SensorChanged(WALL_S, 1, old, new), at)
    assert found == [(10, with_ends(varbinds, text, condition))]


def test_a_probe_is_not_lost_with_its_humidity() -> None:
    at = replace(strip(), sensors=(SENSORS[0], replace(SENSORS[1], status=SensorStatus.FAULT)))
    assert sent(SensorChanged(WALL_S, 2, SensorStatus.OK, SensorStatus.FAULT), at) == []


@pytest.mark.parametrize(
    ("new", "status", "text", "condition"),
    [(SensorStatus.STALE, 2, b"noComm", 1), (SensorStatus.OK, 1, b"alarm", 1)],
)
def test_contacts_and_water_sensors_that_fall_silent_or_speak_again_are_told(
    new: SensorStatus, status: int, text: bytes, condition: int
) -> None:
    wet = tuple(replace(row, value=1.0) for row in SENSORS)
    at = replace(strip(), sensors=wet)
    old = SensorStatus.OK if new is SensorStatus.STALE else SensorStatus.STALE
    contact: list[tuple[str, object]] = [
        ("2.6.1.2.1.1", b"A1"),
        ("2.6.1.3.1.1", b"contact 4"),
        ("2.6.1.4.1.1", status),
    ]
    water: list[tuple[str, object]] = [
        ("2.4.1.2.1", b"A"),
        ("2.4.1.5.1", b"water 5"),
        ("2.4.1.6.1", status),
    ]
    assert sent(SensorChanged(WALL_S, 4, old, new), at) == [
        (13, with_ends(contact, text, condition))
    ]
    assert sent(SensorChanged(WALL_S, 5, old, new), at) == [(8, with_ends(water, text, condition))]
