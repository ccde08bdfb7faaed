# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduSensorTable: sensors of the surroundings."""

from __future__ import annotations

from pdu_agent.mib_impl.schema import ObjectType, Table, or_never
from pdu_agent.mib_impl.syntax import (
    DateAndTime,
    Enumerated,
    Integer32,
    Special,
    Unsigned32,
    Utf8,
)
from pdu_agent.model.commands import (
    ConfigureSensor,
    Reset,
    ResetMeter,
    SensorSetting,
    Target,
    TargetKind,
)
from pdu_agent.model.snapshot import Sensor, SensorKind, SensorStatus

KIND = Enumerated(
    (1, "temperature", SensorKind.TEMPERATURE),
    (2, "humidity", SensorKind.HUMIDITY),
    (3, "contact", SensorKind.CONTACT),
    (4, "water", SensorKind.WATER),
    (5, "airflow", SensorKind.AIRFLOW),
    (6, "other", SensorKind.OTHER),
    (7, "pressure", SensorKind.PRESSURE),
)

STATUS = Enumerated(
    (1, "ok", SensorStatus.OK),
    (2, "stale", SensorStatus.STALE),
    (3, "fault", SensorStatus.FAULT),
    (4, "absent", SensorStatus.ABSENT),
)

RESET = Enumerated((1, "none", Special.NONE), (2, "extremes", Reset.ALL))

_YES_OR_NO = (SensorKind.CONTACT, SensorKind.WATER)
_TENTHS = "tenths of a unit"


def _tenths(sensor: Sensor, value: float | None) -> float | None:
    """What is sent depends on the row here, so the scale cannot stand in the syntax."""
    if value is None or sensor.kind in _YES_OR_NO:
        return value
    return value * 10


SENSORS: Table[Sensor] = Table(
    suffix=(5, 1),
    name="opduSensorTable",
    index=("opduSensorIndex",),
    rows=lambda snapshot: (((sensor.index,), sensor) for sensor in snapshot.sensors),
    objects=(
        ObjectType(1, "opduSensorIndex", Unsigned32(1, 255)),
        ObjectType(
            2,
            "opduSensorName",
            Utf8(0, 32),
            lambda sensor: sensor.name,
            to_command=lambda sensor, text: ConfigureSensor(sensor.index, SensorSetting.NAME, text),
        ),
        ObjectType(3, "opduSensorType", KIND, lambda sensor: sensor.kind),
        ObjectType(
            4,
            "opduSensorValue",
            Integer32(),
            lambda sensor: _tenths(sensor, sensor.value),
            units=_TENTHS,
        ),
        ObjectType(5, "opduSensorStatus", STATUS, lambda sensor: sensor.status),
        ObjectType(
            6, "opduSensorSampleTime", DateAndTime(), lambda sensor: or_never(sensor.sample_wall_s)
        ),
        ObjectType(7, "opduSensorSerial", Utf8(0, 32), lambda sensor: sensor.serial),
        ObjectType(
            8,
            "opduSensorMinValue",
            Integer32(),
            lambda sensor: _tenths(sensor, sensor.minimum),
            units=_TENTHS,
        ),
        ObjectType(
            9,
            "opduSensorMaxValue",
            Integer32(),
            lambda sensor: _tenths(sensor, sensor.maximum),
            units=_TENTHS,
        ),
        ObjectType(
            10,
            "opduSensorReset",
            RESET,
            lambda _: Special.NONE,
            to_command=lambda sensor, what: ResetMeter(
                Target(TargetKind.SENSOR, sensor.index), what
            ),
        ),
        ObjectType(
            11, "opduSensorMaxTime", DateAndTime(), lambda sensor: or_never(sensor.maximum_wall_s)
        ),
        ObjectType(
            12,
            "opduSensorSince",
            DateAndTime(),
            lambda sensor: or_never(sensor.extremes_since_wall_s),
        ),
    ),
)
