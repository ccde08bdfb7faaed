# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB towerTable: the unit as a whole, which is one tower."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set

from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.sentry.values import part_of
from pdu_agent.mib_impl.sentry3.measured import (
    NOT_AVAILABLE,
    POWER_FACTOR,
    TENTH_PERCENT,
    present,
)
from pdu_agent.mib_impl.sentry3.points import TOWER, TOWER_ID, infeeds
from pdu_agent.mib_impl.sentry3.words import TOWER_CAPABILITIES, TOWER_STATUS
from pdu_agent.mib_impl.syntax import DisplayString, Integer32
from pdu_agent.model.commands import ConfigureDevice, DeviceSetting
from pdu_agent.model.quantities import MILLIJOULES_PER_KILOWATT_HOUR, Electrical
from pdu_agent.model.snapshot import Alarm, Inlet, Snapshot

STATUS_OF_ALARM = {"board": "noComm", "meter": "noComm", "store": "nvmFail"}
"""By the kind of an alarm about the unit itself; the worse first."""


def tower_status(alarms: Iterable[Alarm]) -> str:
    kinds = {alarm.kind for alarm in alarms}
    found = (status for kind, status in STATUS_OF_ALARM.items() if kind in kinds)
    return next(found, "normal")


def total_power_w(snapshot: Snapshot) -> float | None:
    return _total(snapshot, lambda electrical: electrical.active_power_w)


def _total_apparent_va(snapshot: Snapshot) -> float | None:
    return _total(snapshot, lambda electrical: electrical.apparent_power_va)


def _total(snapshot: Snapshot, field: Callable[[Electrical], float | None]) -> float | None:
    """Over all inlets; None as long as one of them does not tell."""
    electricals = [present(inlet.meter) for inlet in snapshot.inlets]
    values = [None if each is None else field(each) for each in electricals]
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _power_factor(snapshot: Snapshot) -> float | None:
    """Of all inlets together; 0 without load, as in the model."""
    power_w, apparent_va = total_power_w(snapshot), _total_apparent_va(snapshot)
    if power_w is None or apparent_va is None:
        return None
    return power_w / apparent_va if apparent_va else 0.0


def va_capacity(inlet: Inlet) -> float | None:
    rated_a = inlet.meter.rated_current_a
    return None if rated_a is None else inlet.line_count * rated_a * inlet.nominal_voltage_v


def _va_capacity(snapshot: Snapshot) -> float | None:
    known = [va for inlet in snapshot.inlets if (va := va_capacity(inlet)) is not None]
    return sum(known) if known and len(known) == len(snapshot.inlets) else None


def _energy_kwh(snapshot: Snapshot) -> int:
    energy_mj = sum(inlet.meter.user_energy_mj for inlet in snapshot.inlets)
    return energy_mj // MILLIJOULES_PER_KILOWATT_HOUR


def _frequency_hz(snapshot: Snapshot) -> float | None:
    electricals = [present(inlet.meter) for inlet in snapshot.inlets]
    found = [each.frequency_hz for each in electricals if each is not None]
    return next((hz for hz in found if hz is not None), None)


def _capabilities(snapshot: Snapshot) -> Set[str]:
    three_phase = any(inlet.line_count == 3 for inlet in snapshot.inlets)
    return {"threePhase"} if three_phase else set()


TOWERS: Table[Snapshot] = Table(
    suffix=(2, 1),
    name="towerTable",
    index=("towerIndex",),
    rows=lambda snapshot: (((TOWER,), snapshot),),
    objects=(
        ObjectType(1, "towerIndex", Integer32(0, 4)),
        ObjectType(2, "towerID", DisplayString(1, 1), lambda _: TOWER_ID),
        ObjectType(
            3,
            "towerName",
            DisplayString(0, 24),
            lambda snapshot: snapshot.device.name,
            to_command=lambda _, text: ConfigureDevice(DeviceSetting.NAME, text),
        ),
        ObjectType(4, "towerStatus", TOWER_STATUS, lambda snapshot: tower_status(snapshot.alarms)),
        ObjectType(
            5,
            "towerInfeedCount",
            Integer32(0, 4),
            lambda snapshot: sum(1 for _ in infeeds(snapshot)),
        ),
        ObjectType(
            6,
            "towerProductSN",
            DisplayString(0, 16),
            lambda snapshot: snapshot.device.serial_number,
        ),
        ObjectType(
            7, "towerModelNumber", DisplayString(0, 24), lambda snapshot: snapshot.device.model
        ),
        ObjectType(8, "towerCapabilities", TOWER_CAPABILITIES, _capabilities),
        ObjectType(
            9,
            "towerVACapacity",
            Integer32(0, 50_000),
            _va_capacity,
            units="Volt-Amps",
            absent=NOT_AVAILABLE,
        ),
        ObjectType(
            10,
            "towerVACapacityUsed",
            TENTH_PERCENT,
            lambda snapshot: part_of(_total_apparent_va(snapshot), _va_capacity(snapshot)),
            units="tenth percentage",
            absent=NOT_AVAILABLE,
        ),
        ObjectType(
            11,
            "towerActivePower",
            Integer32(0, 50_000),
            total_power_w,
            units="Watts",
            absent=NOT_AVAILABLE,
        ),
        ObjectType(
            12,
            "towerApparentPower",
            Integer32(0, 50_000),
            _total_apparent_va,
            units="Volt-Amps",
            absent=NOT_AVAILABLE,
        ),
        ObjectType(
            13,
            "towerPowerFactor",
            POWER_FACTOR,
            _power_factor,
            units="hundredths",
            absent=NOT_AVAILABLE,
        ),
        ObjectType(14, "towerEnergy", Integer32(0), _energy_kwh, units="Kilowatt-Hours"),
        ObjectType(
            15,
            "towerLineFrequency",
            Integer32(0, 60),
            _frequency_hz,
            units="Hertz",
            absent=NOT_AVAILABLE,
        ),
    ),
)
