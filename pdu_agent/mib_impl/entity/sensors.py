# SPDX-License-Identifier: Apache-2.0
"""ENTITY-SENSOR-MIB (RFC 3433): the newest value of everything that is measured.

It is the table that monitoring without knowledge of any vendor reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.mib_impl.entity.entities import Entity, entities
from pdu_agent.mib_impl.entity.measures import (
    DATA_SCALE,
    DATA_TYPE,
    FORM_OF_SENSOR,
    OVERFLOW,
    Form,
    Measure,
)
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Enumerated, Integer32, Oid, TimeStamp, Unsigned32, Utf8
from pdu_agent.model.snapshot import Meter, MeterStatus, Sensor, SensorStatus, Snapshot

_STATUS = Enumerated(
    (1, "ok", "ok"), (2, "unavailable", "unavailable"), (3, "nonoperational", "nonoperational")
)

# Zero says so (RFC 3433): values come when the source sends them, at its own pace.
_EVENT_DRIVEN_MS = 0


@dataclass(frozen=True, slots=True)
class SensorRow:
    """value: the newest in SI units, also when it is old; None while there never was one.

    status: of _STATUS. obtained_s: sysUpTime of the value in seconds, None without one.
    """

    entity: Entity
    form: Form
    value: float | None
    status: str
    obtained_s: float | None


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, SensorRow]]:
    for entity in entities(snapshot):
        row = None
        if isinstance(entity.thing, Sensor):
            row = _of_sensor(entity, entity.thing, snapshot)
        elif entity.measure is not None and entity.meter is not None:
            row = _of_meter(entity, entity.measure, entity.meter, snapshot)
        if row is not None:
            yield (entity.index,), row


def _of_sensor(entity: Entity, sensor: Sensor, snapshot: Snapshot) -> SensorRow:
    status = "unavailable"
    if sensor.status is SensorStatus.FAULT:
        status = "nonoperational"
    elif sensor.status is SensorStatus.OK and sensor.value is not None:
        status = "ok"
    obtained_s = _uptime_at(sensor.sample_wall_s, snapshot)
    return SensorRow(entity, FORM_OF_SENSOR[sensor.kind], sensor.value, status, obtained_s)


def _of_meter(entity: Entity, measure: Measure, meter: Meter, snapshot: Snapshot) -> SensorRow:
    value = measure.value(meter)
    is_fresh = meter.status is MeterStatus.OK and value is not None
    obtained_s = _uptime_at(meter.sample_wall_s, snapshot)
    return SensorRow(entity, measure.form, value, "ok" if is_fresh else "unavailable", obtained_s)


def _uptime_at(wall_s: float | None, snapshot: Snapshot) -> float | None:
    """The uptime at a time of day; of an old value it is off by what the clock was set since."""
    if wall_s is None:
        return None
    return min(snapshot.uptime_s, snapshot.uptime_s - (snapshot.t_wall_s - wall_s))


def _value(row: SensorRow) -> float | None:
    return None if row.value is None else row.form.scaled(row.value)


SENSORS: Table[SensorRow] = Table(
    suffix=(1, 1),
    name="entPhySensorTable",
    index=("entPhysicalIndex",),
    rows=_rows,
    outlet=lambda row: row.entity.outlet,
    objects=(
        ObjectType(1, "entPhySensorType", DATA_TYPE, lambda row: row.form.data_type),
        ObjectType(2, "entPhySensorScale", DATA_SCALE, lambda row: row.form.exponent),
        ObjectType(3, "entPhySensorPrecision", Integer32(-8, 9), lambda row: row.form.decimals),
        ObjectType(4, "entPhySensorValue", Integer32(-OVERFLOW, OVERFLOW), _value),
        ObjectType(5, "entPhySensorOperStatus", _STATUS, lambda row: row.status),
        ObjectType(6, "entPhySensorUnitsDisplay", Utf8(0, 255), lambda row: row.form.units),
        ObjectType(7, "entPhySensorValueTimeStamp", TimeStamp(), lambda row: row.obtained_s),
        ObjectType(
            8,
            "entPhySensorValueUpdateRate",
            Unsigned32(),
            lambda _: _EVENT_DRIVEN_MS,
            units="milliseconds",
        ),
    ),
)
