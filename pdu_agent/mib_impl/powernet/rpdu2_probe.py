# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2SensorTempHumidity: which sensors of the unit make up a probe.

A row of APC's is a probe that measures temperature, or temperature and humidity; the unit
has a sensor for each of the two. A temperature sensor and a humidity sensor with the same
serial number are one probe; any other sensor of these kinds is a probe by itself. Probes
are numbered from 1 in the order of their first sensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.mib_impl.powernet.words import Watches, watches
from pdu_agent.mib_impl.syntax import Enumerated, Oid
from pdu_agent.model.commands import ConfigureSensor, Quantity, SensorSetting, Target, TargetKind
from pdu_agent.model.snapshot import Sensor, SensorKind, SensorStatus, Snapshot, Threshold


@dataclass(frozen=True, slots=True)
class Half:
    """One of the two sensors of a probe, with the threshold for its value."""

    sensor: Sensor
    watch: Threshold | None

    @property
    def target(self) -> Target:
        return Target(TargetKind.SENSOR, self.sensor.index)

    @property
    def reading(self) -> float | None:
        return current_value(self.sensor)


@dataclass(frozen=True, slots=True)
class Probe:
    """Without either half it is the place for a probe that is not there."""

    number: int
    temperature: Half | None = None
    humidity: Half | None = None

    @property
    def halves(self) -> tuple[Half, ...]:
        return tuple(half for half in (self.temperature, self.humidity) if half is not None)

    @property
    def status(self) -> SensorStatus:
        """OK, FAULT or ABSENT: one that gives only a half of its values is a fault, because
        tools pass over what is absent.
        """
        found = {half.sensor.status for half in self.halves}
        if found <= {SensorStatus.ABSENT}:
            return SensorStatus.ABSENT
        return SensorStatus.OK if found == {SensorStatus.OK} else SensorStatus.FAULT


COMM_STATUS = Enumerated(
    (1, "notInstalled", SensorStatus.ABSENT),
    (2, "commsOK", SensorStatus.OK),
    (3, "commsLost", SensorStatus.FAULT),
)

_QUANTITIES = {
    SensorKind.TEMPERATURE: Quantity.TEMPERATURE,
    SensorKind.HUMIDITY: Quantity.HUMIDITY,
}


def current_value(sensor: Sensor) -> float | None:
    """None while the newest one is old: no object here could say so of a value."""
    return sensor.value if sensor.status is SensorStatus.OK else None


def probes(snapshot: Snapshot) -> list[Probe]:
    pairs = _pairs([sensor for sensor in snapshot.sensors if sensor.kind in _QUANTITIES])
    found = watches(snapshot)
    return [
        Probe(
            number,
            _half(pair.get(SensorKind.TEMPERATURE), found),
            _half(pair.get(SensorKind.HUMIDITY), found),
        )
        for number, pair in enumerate(pairs, start=1)
    ]


def probe_rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Probe]]:
    for probe in probes(snapshot):
        yield (probe.number,), probe


def probe_places(snapshot: Snapshot) -> list[tuple[Oid, Probe]]:
    """As `probe_rows`, and without any probe the place for one, as real units show it."""
    return list(probe_rows(snapshot)) or [((1,), Probe(1))]


def probe_name(probe: Probe) -> str:
    """The name of its first sensor; empty without one."""
    return next((half.sensor.name for half in probe.halves), "")


def sets_probe_name(probe: Probe, text: str) -> ConfigureSensor:
    """Of its first sensor; every row of `probe_rows` has one."""
    return ConfigureSensor(probe.halves[0].sensor.index, SensorSetting.NAME, text)


def probe_number(probe: Probe) -> int:
    return probe.number


def _pairs(sensors: list[Sensor]) -> list[dict[SensorKind, Sensor]]:
    pairs: list[dict[SensorKind, Sensor]] = []
    waiting: dict[str, dict[SensorKind, Sensor]] = {}
    for sensor in sensors:
        pair = waiting.get(sensor.serial)
        if sensor.serial and pair is not None and sensor.kind not in pair:
            pair[sensor.kind] = sensor
        else:
            pair = waiting[sensor.serial] = {sensor.kind: sensor}
            pairs.append(pair)
    return pairs


def _half(sensor: Sensor | None, found: Watches) -> Half | None:
    if sensor is None:
        return None
    target = Target(TargetKind.SENSOR, sensor.index)
    return Half(sensor, found.get((target, _QUANTITIES[sensor.kind])))
