# SPDX-License-Identifier: Apache-2.0
"""The varbinds of PowerNet-MIB's traps.

Every object in a trap is named as instance 0, a column too: recorded from real units.
"""

from __future__ import annotations

from typing import Any, Final

from pdu_agent.mib_impl.powernet.rpdu2_probe import probe_name, probes
from pdu_agent.mib_impl.schema import NotificationType, Told
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.snapshot import Snapshot

_INSTANCE: Oid = (0,)

ALL_OUTLETS: Final = 0
"""In place of an outlet's number."""
NO_SECOND_DEVICE: Final = 0
"""A sensor is on the unit itself."""


def told(kind: NotificationType, *values: Any) -> Told:
    return Told(kind, tuple((_INSTANCE, value) for value in values))


def unit_told(kind: NotificationType, snapshot: Snapshot, *values: Any) -> Told:
    """values: those after the serial number and the name of the unit."""
    return told(kind, snapshot.device.serial_number, snapshot.device.name, *values)


def outlet_told(kind: NotificationType, snapshot: Snapshot, number: int, text: str) -> Told:
    """number: ALL_OUTLETS goes with the name of the unit."""
    return unit_told(kind, snapshot, number, outlet_name(number, snapshot), text)


def outlet_name(number: int, snapshot: Snapshot) -> str:
    names = {outlet.index: outlet.name for outlet in snapshot.outlets}
    return names.get(number, snapshot.device.name)


def sensor_told(kind: NotificationType, snapshot: Snapshot, number: int, text: str) -> Told:
    """number: of the sensor. The trap has that of its probe, where it is part of one."""
    return unit_told(kind, snapshot, NO_SECOND_DEVICE, *_shown_sensor(number, snapshot), text)


def is_second_half(number: int, snapshot: Snapshot) -> bool:
    """Whether the sensor is the humidity of a probe that measures temperature too."""
    return any(
        number in (half.sensor.index for half in probe.halves[1:]) for probe in probes(snapshot)
    )


def _shown_sensor(number: int, snapshot: Snapshot) -> tuple[int, str]:
    for probe in probes(snapshot):
        if number in (half.sensor.index for half in probe.halves):
            return probe.number, probe_name(probe)
    return number, next(sensor.name for sensor in snapshot.sensors if sensor.index == number)
