# SPDX-License-Identifier: Apache-2.0
"""The sensors of the unit dealt out to environmental monitors, as Sentry3-MIB has them.

A monitor has 2 probes, each for temperature and humidity, 4 contacts and one water sensor.
The model's sensors stand alone: the k-th one for temperature and the k-th one for humidity
make probe k. There are as many monitors as that takes, up to the 4 that there can be; what
is left over has no place in the MIB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from pdu_agent.mib_impl.sentry3.points import LETTERS
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import TargetKind, TemperatureScale
from pdu_agent.model.snapshot import Sensor, SensorKind, SensorStatus, Snapshot, Threshold

MONITORS = 4
PROBES = 2
CONTACTS = 4


@dataclass(frozen=True, slots=True)
class Watched:
    """One sensor, with the threshold of its value where there is one."""

    sensor: Sensor
    threshold: Threshold | None


@dataclass(frozen=True, slots=True)
class Probe:
    """One or both of its halves are there. number: 1 to PROBES, on its monitor."""

    monitor: int
    number: int
    temperature: Watched | None
    humidity: Watched | None
    scale: TemperatureScale

    @property
    def halves(self) -> tuple[Watched, ...]:
        return tuple(half for half in (self.temperature, self.humidity) if half is not None)

    @property
    def sensor(self) -> Sensor:
        """Which speaks for the probe as such: the one for temperature, if it is there."""
        return self.halves[0].sensor

    @property
    def id(self) -> str:
        return f"{LETTERS[self.monitor - 1]}{self.number}"


@dataclass(frozen=True, slots=True)
class Contact:
    monitor: int
    number: int
    sensor: Sensor

    @property
    def id(self) -> str:
        return f"{LETTERS[self.monitor - 1]}{self.number}"


@dataclass(frozen=True, slots=True)
class Monitor:
    number: int
    water: Sensor | None
    probes: tuple[Probe, ...]
    contacts: tuple[Contact, ...]

    @property
    def id(self) -> str:
        return LETTERS[self.number - 1]

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        halves = [half.sensor for probe in self.probes for half in probe.halves]
        water = () if self.water is None else (self.water,)
        return (*halves, *(contact.sensor for contact in self.contacts), *water)


def is_silent(sensor: Sensor) -> bool:
    """Whether it stopped giving values, or never gave any when they were due."""
    return sensor.status is not SensorStatus.OK and not is_awaited(sensor)


def is_awaited(sensor: Sensor) -> bool:
    """Whether it has just begun, and its first value is not due yet."""
    return sensor.status is SensorStatus.STALE and sensor.value is None


def monitors(snapshot: Snapshot) -> tuple[Monitor, ...]:
    probes, contacts = _probes(snapshot), _contacts(snapshot)
    water = _of_kind(snapshot, SensorKind.WATER)
    numbers = {probe.monitor for probe in probes} | {contact.monitor for contact in contacts}
    count = max(len(water), *numbers, 0)
    return tuple(
        Monitor(
            number,
            water[number - 1] if number <= len(water) else None,
            tuple(probe for probe in probes if probe.monitor == number),
            tuple(contact for contact in contacts if contact.monitor == number),
        )
        for number in range(1, min(count, MONITORS) + 1)
    )


def monitor_rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Monitor]]:
    for monitor in monitors(snapshot):
        yield (monitor.number,), monitor


def probe_rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Probe]]:
    for monitor in monitors(snapshot):
        for probe in monitor.probes:
            yield (probe.monitor, probe.number), probe


def contact_rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Contact]]:
    for monitor in monitors(snapshot):
        for contact in monitor.contacts:
            yield (contact.monitor, contact.number), contact


def _probes(snapshot: Snapshot) -> list[Probe]:
    thresholds = {
        threshold.target.index: threshold
        for threshold in snapshot.thresholds
        if threshold.target.kind is TargetKind.SENSOR
    }
    warm, damp = (
        [Watched(sensor, thresholds.get(sensor.index)) for sensor in _of_kind(snapshot, kind)]
        for kind in (SensorKind.TEMPERATURE, SensorKind.HUMIDITY)
    )
    scale = snapshot.device.temperature_scale
    return [
        Probe(*_place(number, PROBES), temperature, humidity, scale)
        for number, (temperature, humidity) in enumerate(zip_longest(warm, damp))
    ]


def _contacts(snapshot: Snapshot) -> list[Contact]:
    found = _of_kind(snapshot, SensorKind.CONTACT)
    return [Contact(*_place(number, CONTACTS), sensor) for number, sensor in enumerate(found)]


def _of_kind(snapshot: Snapshot, kind: SensorKind) -> list[Sensor]:
    found = [sensor for sensor in snapshot.sensors if sensor.kind is kind]
    return sorted(found, key=lambda sensor: sensor.index)


def _place(number: int, each: int) -> tuple[int, int]:
    """The monitor, and the place on it, of the one with this number from 0."""
    return number // each + 1, number % each + 1
