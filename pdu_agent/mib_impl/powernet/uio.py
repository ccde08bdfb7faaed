# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB uio: temperature and humidity, as the universal sensor ports show them.

Each sensor is alone on a port of its own number. A reading of -1 is one that is not valid;
one degree below zero looks the same, as it does on the vendor's units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pdu_agent.mib_impl.powernet.words import fahrenheit, watches
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.syntax import DisplayString, Enumerated, Integer32, Oid
from pdu_agent.model.commands import Limit, Quantity, Target, TargetKind
from pdu_agent.model.snapshot import (
    Sensor,
    SensorKind,
    SensorStatus,
    Snapshot,
    Threshold,
    ThresholdState,
)

NUMBER = Integer32(1)
ONLY_SENSOR: Final = 1
"""Its number on its port."""
INVALID: Final = -1

ALARM_STATUS = Enumerated(
    (1, "uioNormal", "normal"),
    (2, "uioWarning", "warning"),
    (3, "uioCritical", "critical"),
    (4, "sensorStatusNotApplicable", "unknown"),
)

_ALARM_WORDS = {
    ThresholdState.NORMAL: "normal",
    ThresholdState.LOW_WARNING: "warning",
    ThresholdState.HIGH_WARNING: "warning",
    ThresholdState.LOW_CRITICAL: "critical",
    ThresholdState.HIGH_CRITICAL: "critical",
    ThresholdState.UNKNOWN: "unknown",
}

COMM_STATUS = Enumerated(
    (1, "notInstalled", "absent"), (2, "commsOK", "ok"), (3, "commsLost", "lost")
)

_COMM_WORDS = {
    SensorStatus.OK: "ok",
    SensorStatus.STALE: "lost",
    SensorStatus.FAULT: "lost",
    SensorStatus.ABSENT: "absent",
}

QUANTITIES = {
    SensorKind.TEMPERATURE: Quantity.TEMPERATURE,
    SensorKind.HUMIDITY: Quantity.HUMIDITY,
}

# uioSensorStatusViolationStatus: max, high, low and min temperature; of humidity 8 bits up.
_VIOLATIONS = {
    ThresholdState.HIGH_CRITICAL: 0x1,
    ThresholdState.HIGH_WARNING: 0x2,
    ThresholdState.LOW_WARNING: 0x4,
    ThresholdState.LOW_CRITICAL: 0x8,
}
_HUMIDITY_SHIFT = 8
# Whoever is beyond the outer limit is beyond the inner one too, if that is watched.
_INNER = {
    ThresholdState.HIGH_CRITICAL: (Limit.HIGH_WARNING, ThresholdState.HIGH_WARNING),
    ThresholdState.LOW_CRITICAL: (Limit.LOW_WARNING, ThresholdState.LOW_WARNING),
}


@dataclass(frozen=True, slots=True)
class Probe:
    """watch: the threshold for what the sensor measures."""

    sensor: Sensor
    watch: Threshold | None

    def reading(self, kind: SensorKind) -> float | None:
        """None for a value that is old, or of another kind of sensor."""
        sensor = self.sensor
        valid = sensor.kind is kind and sensor.status is SensorStatus.OK
        return sensor.value if valid else None

    @property
    def violations(self) -> int:
        if self.watch is None:
            return 0
        state = self.watch.state
        found = _VIOLATIONS.get(state, 0)
        inner = _INNER.get(state)
        if inner is not None and inner[0] in self.watch.enabled:
            found |= _VIOLATIONS[inner[1]]
        return found << _HUMIDITY_SHIFT if self.sensor.kind is SensorKind.HUMIDITY else found


def _probes(snapshot: Snapshot) -> Iterator[tuple[Oid, Probe]]:
    watched = watches(snapshot)
    for sensor in snapshot.sensors:
        if sensor.kind in QUANTITIES:
            target = Target(TargetKind.SENSOR, sensor.index)
            watch = watched.get((target, QUANTITIES[sensor.kind]))
            yield (sensor.index, ONLY_SENSOR), Probe(sensor, watch)


def _alarm_word(probe: Probe) -> str:
    return "unknown" if probe.watch is None else _ALARM_WORDS[probe.watch.state]


SIZE: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 25, 1),
    source=whole,
    objects=(
        ObjectType(
            1,
            "uioSensorStatusTableSize",
            Integer32(0),
            lambda snapshot: sum(sensor.kind in QUANTITIES for sensor in snapshot.sensors),
        ),
    ),
)

STATUS: Table[Probe] = Table(
    suffix=(1, 1, 25, 1, 2),
    name="uioSensorStatusTable",
    index=("uioSensorStatusPortID", "uioSensorStatusSensorID"),
    rows=_probes,
    objects=(
        ObjectType(1, "uioSensorStatusPortID", NUMBER, lambda probe: probe.sensor.index),
        ObjectType(2, "uioSensorStatusSensorID", NUMBER, lambda _: ONLY_SENSOR),
        ObjectType(
            3, "uioSensorStatusSensorName", DisplayString(), lambda probe: probe.sensor.name
        ),
        ObjectType(
            5,
            "uioSensorStatusTemperatureDegF",
            Integer32(),
            lambda probe: fahrenheit(probe.reading(SensorKind.TEMPERATURE)),
            units="degrees Fahrenheit",
            absent=INVALID,
        ),
        ObjectType(
            6,
            "uioSensorStatusTemperatureDegC",
            Integer32(),
            lambda probe: probe.reading(SensorKind.TEMPERATURE),
            units="degrees Celsius",
            absent=INVALID,
        ),
        ObjectType(
            7,
            "uioSensorStatusHumidity",
            Integer32(0, 100),
            lambda probe: probe.reading(SensorKind.HUMIDITY),
            units="percent",
            absent=INVALID,
        ),
        ObjectType(
            8,
            "uioSensorStatusViolationStatus",
            Integer32(0),
            lambda probe: probe.violations,
        ),
        ObjectType(9, "uioSensorStatusAlarmStatus", ALARM_STATUS, _alarm_word),
        ObjectType(
            10,
            "uioSensorStatusCommStatus",
            COMM_STATUS,
            lambda probe: _COMM_WORDS[probe.sensor.status],
        ),
    ),
)

UIO: tuple[Scalars[Any] | Table[Any], ...] = (SIZE, STATUS)
