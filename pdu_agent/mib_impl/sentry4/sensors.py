# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB's sensors: temperature, humidity, water and contact closure.

Each kind counts its own from 1, and the tables end early: of two temperature and humidity
sensors, one for water and four contacts the rest has no row here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.sentry.values import degrees_per_kelvin, in_celsius, in_scale
from pdu_agent.mib_impl.sentry4.limits import hysteresis_object, limit_objects
from pdu_agent.mib_impl.sentry4.names import UNIT, sensor_id
from pdu_agent.mib_impl.sentry4.points import NO_THRESHOLDS, Thresholds, thresholds_of
from pdu_agent.mib_impl.sentry4.words import (
    DEVICE_STATUS,
    OF_CROSSING,
    TEMPERATURE_SCALE,
    Status,
)
from pdu_agent.mib_impl.syntax import DisplayString, Integer32, Oid
from pdu_agent.model.commands import (
    ConfigureDevice,
    ConfigureSensor,
    DeviceSetting,
    Quantity,
    SensorSetting,
    Target,
    TargetKind,
    TemperatureScale,
)
from pdu_agent.model.snapshot import Sensor, SensorKind, SensorStatus, Snapshot

LAST_OF_KIND: Mapping[SensorKind, int] = {
    SensorKind.TEMPERATURE: 2,
    SensorKind.HUMIDITY: 2,
    SensorKind.WATER: 1,
    SensorKind.CONTACT: 4,
}
_TRUE_OR_FALSE = (SensorKind.WATER, SensorKind.CONTACT)
_QUANTITY_OF = {
    SensorKind.TEMPERATURE: Quantity.TEMPERATURE,
    SensorKind.HUMIDITY: Quantity.HUMIDITY,
}
NO_TEMPERATURE: Final = -410
NO_HUMIDITY: Final = -1


@dataclass(frozen=True, slots=True)
class Probe:
    """A sensor, with its number among those of its kind and the scale of all temperatures."""

    sensor: Sensor
    number: int
    scale: TemperatureScale
    thresholds: Thresholds

    @property
    def target(self) -> Target:
        return Target(TargetKind.SENSOR, self.sensor.index)

    @property
    def value(self) -> float | None:
        """None unless it is current; temperatures are in the scale."""
        if self.sensor.status is not SensorStatus.OK or self.sensor.value is None:
            return None
        return self.shown(self.sensor.value)

    @property
    def status(self) -> Status:
        sensor = self.sensor
        if sensor.status is not SensorStatus.OK:
            return sensor_status(sensor.status, sensor.sample_wall_s)
        if sensor.kind in _TRUE_OR_FALSE:
            return Status.ALARM if sensor.value else Status.NORMAL
        threshold = self.thresholds.get(_QUANTITY_OF[sensor.kind])
        return Status.NORMAL if threshold is None else OF_CROSSING[threshold.state]

    def shown(self, value: float) -> float:
        """A value of this sensor, or a limit for it, as this MIB shows it."""
        is_temperature = self.sensor.kind is SensorKind.TEMPERATURE
        return in_scale(value, self.scale) if is_temperature else value


def sensor_status(status: SensorStatus, sample_wall_s: float | None) -> Status:
    """Of a sensor as such, whatever its value is. sample_wall_s: None if it never had one."""
    if status is SensorStatus.STALE:
        return Status.READING if sample_wall_s is None else Status.LOST
    return {
        SensorStatus.OK: Status.NORMAL,
        SensorStatus.FAULT: Status.READ_ERROR,
        SensorStatus.ABSENT: Status.NOT_FOUND,
    }[status]


def sensors_of(snapshot: Snapshot, kind: SensorKind) -> list[Sensor]:
    """Those of the kind that have a row, in order."""
    found = sorted((s for s in snapshot.sensors if s.kind is kind), key=lambda s: s.index)
    return found[: LAST_OF_KIND[kind]]


def probes(snapshot: Snapshot, kind: SensorKind) -> Iterator[tuple[Oid, Probe]]:
    limits = thresholds_of(snapshot, TargetKind.SENSOR)
    for number, sensor in enumerate(sensors_of(snapshot, kind), 1):
        thresholds = limits.get(sensor.index, NO_THRESHOLDS)
        yield (
            (UNIT, number),
            Probe(sensor, number, snapshot.device.temperature_scale, thresholds),
        )


def _rows(kind: SensorKind) -> Callable[[Snapshot], Iterator[tuple[Oid, Probe]]]:
    return lambda snapshot: probes(snapshot, kind)


def _config(suffix: Oid, word: str, kind: SensorKind) -> Table[Probe]:
    """Index, ID and name are alike for all kinds."""
    return Table(
        suffix=suffix,
        name=f"st4{word}SensorConfigTable",
        index=("st4UnitIndex", f"st4{word}SensorIndex"),
        rows=_rows(kind),
        objects=(
            ObjectType(1, f"st4{word}SensorIndex", Integer32(0, LAST_OF_KIND[kind])),
            ObjectType(
                2,
                f"st4{word}SensorID",
                DisplayString(2, 2),
                lambda probe: sensor_id(probe.number),
            ),
            ObjectType(
                3,
                f"st4{word}SensorName",
                DisplayString(0, 32),
                lambda probe: probe.sensor.name,
                to_command=lambda probe, text: ConfigureSensor(
                    probe.sensor.index, SensorSetting.NAME, text
                ),
            ),
        ),
    )


def _monitor(suffix: Oid, word: str, kind: SensorKind, *objects: ObjectType[Probe]) -> Table[Probe]:
    return Table(
        suffix=suffix,
        name=f"st4{word}SensorMonitorTable",
        index=("st4UnitIndex", f"st4{word}SensorIndex"),
        rows=_rows(kind),
        objects=objects,
    )


def _status(number: int, name: str) -> ObjectType[Probe]:
    return ObjectType(number, name, DEVICE_STATUS, lambda probe: probe.status)


TEMPERATURE_COMMON: Scalars[Snapshot] = Scalars(
    suffix=(9, 1),
    source=whole,
    objects=(
        hysteresis_object(
            1,
            "st4TempSensorHysteresis",
            TargetKind.SENSOR,
            Quantity.TEMPERATURE,
            Integer32(0, 54),
            "degrees",
            per_unit=lambda s: degrees_per_kelvin(s.device.temperature_scale),
        ),
        ObjectType(
            10,
            "st4TempSensorScale",
            TEMPERATURE_SCALE,
            lambda s: s.device.temperature_scale,
            to_command=lambda _, scale: ConfigureDevice(DeviceSetting.TEMPERATURE_SCALE, scale),
        ),
    ),
)

TEMPERATURE_MONITOR = _monitor(
    (9, 3),
    "Temp",
    SensorKind.TEMPERATURE,
    ObjectType(
        1,
        "st4TempSensorValue",
        Integer32(-400, 2540, scale=10),
        lambda probe: probe.value,
        units="tenth degrees",
        absent=NO_TEMPERATURE,
    ),
    _status(2, "st4TempSensorStatus"),
)

TEMPERATURE_EVENTS: Table[Probe] = Table(
    suffix=(9, 4),
    name="st4TempSensorEventConfigTable",
    index=("st4UnitIndex", "st4TempSensorIndex"),
    rows=_rows(SensorKind.TEMPERATURE),
    objects=limit_objects(
        "st4TempSensor",
        2,
        Quantity.TEMPERATURE,
        Integer32(-40, 253),
        "degrees",
        shown=lambda probe, celsius: probe.shown(celsius),
        meant=lambda probe, degrees: in_celsius(degrees, probe.scale),
    ),
)

HUMIDITY_COMMON: Scalars[Snapshot] = Scalars(
    suffix=(10, 1),
    source=whole,
    objects=(
        hysteresis_object(
            1,
            "st4HumidSensorHysteresis",
            TargetKind.SENSOR,
            Quantity.HUMIDITY,
            Integer32(0, 20),
            "percentage relative humidity",
        ),
    ),
)

HUMIDITY_MONITOR = _monitor(
    (10, 3),
    "Humid",
    SensorKind.HUMIDITY,
    ObjectType(
        1,
        "st4HumidSensorValue",
        Integer32(0, 100),
        lambda probe: probe.value,
        units="percentage relative humidity",
        absent=NO_HUMIDITY,
    ),
    _status(2, "st4HumidSensorStatus"),
)

HUMIDITY_EVENTS: Table[Probe] = Table(
    suffix=(10, 4),
    name="st4HumidSensorEventConfigTable",
    index=("st4UnitIndex", "st4HumidSensorIndex"),
    rows=_rows(SensorKind.HUMIDITY),
    objects=limit_objects(
        "st4HumidSensor",
        2,
        Quantity.HUMIDITY,
        Integer32(0, 100),
        "percentage relative humidity",
    ),
)

SENSOR_GROUPS = (
    TEMPERATURE_COMMON,
    _config((9, 2), "Temp", SensorKind.TEMPERATURE),
    TEMPERATURE_MONITOR,
    TEMPERATURE_EVENTS,
    HUMIDITY_COMMON,
    _config((10, 2), "Humid", SensorKind.HUMIDITY),
    HUMIDITY_MONITOR,
    HUMIDITY_EVENTS,
    _config((11, 2), "Water", SensorKind.WATER),
    _monitor((11, 3), "Water", SensorKind.WATER, _status(1, "st4WaterSensorStatus")),
    _config((12, 2), "Cc", SensorKind.CONTACT),
    _monitor((12, 3), "Cc", SensorKind.CONTACT, _status(1, "st4CcSensorStatus")),
)
