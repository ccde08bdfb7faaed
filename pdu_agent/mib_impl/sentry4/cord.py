# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB st4InputCords: one for each inlet.

What tells of the balance between lines is not served.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.sentry.values import part_of
from pdu_agent.mib_impl.sentry4.limits import LOW_SIDE, hysteresis_object, limit_objects
from pdu_agent.mib_impl.sentry4.measured import (
    AMPS,
    HUNDREDTHS,
    NO_VALUE,
    POWER_FACTOR,
    TENTH_KWH_MJ,
    TENTH_PERCENT,
    TENTH_VOLTS,
    VOLT_AMPS,
    VOLTAGE,
    WATTS,
    energy_object,
    state_object,
    status_object,
    value_object,
    value_status_object,
)
from pdu_agent.mib_impl.sentry4.names import cord_id, cord_index
from pdu_agent.mib_impl.sentry4.points import Point, branches_of, cords, inlets_of, outlets_of
from pdu_agent.mib_impl.syntax import DisplayString, Integer32, Oid
from pdu_agent.model.commands import ConfigureInlet, InletSetting, Quantity, TargetKind
from pdu_agent.model.snapshot import Inlet, Snapshot

_POWER = Integer32(0, 50_000)
_INDEX = ("st4UnitIndex", "st4InputCordIndex")


@dataclass(frozen=True, slots=True)
class Cord:
    """An inlet, and how much hangs on it."""

    inlet: Inlet
    branches: int
    outlets: int


def cord_rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Cord]]:
    branches = Counter(branch.inlet for branch in branches_of(snapshot))
    outlets = Counter(outlet.inlet for outlet in outlets_of(snapshot))
    for number, inlet in inlets_of(snapshot).items():
        yield cord_index(number), Cord(inlet, branches[number], outlets[number])


def power_capacity_va(rated_current_a: float | None, inlet: Inlet | None) -> float | None:
    """What may be drawn at the nominal voltage; None where one of the two is not known."""
    if rated_current_a is None or inlet is None:
        return None
    return rated_current_a * inlet.nominal_voltage_v


def cord_capacity_va(inlet: Inlet) -> float | None:
    """As much for each of its lines."""
    each_va = power_capacity_va(inlet.meter.rated_current_a, inlet)
    return None if each_va is None else each_va * inlet.line_count


def _capacity_va(point: Point) -> float | None:
    return None if point.inlet is None else cord_capacity_va(point.inlet)


def _line_count(cord: Cord) -> int:
    return cord.inlet.line_count


def _configures(setting: InletSetting) -> Callable[[Cord, Any], ConfigureInlet]:
    return lambda cord, value: ConfigureInlet(cord.inlet.index, setting, value)


CORD_COMMON: Scalars[Snapshot] = Scalars(
    suffix=(3, 1),
    source=whole,
    objects=(
        hysteresis_object(
            1,
            "st4InputCordActivePowerHysteresis",
            TargetKind.INLET,
            Quantity.ACTIVE_POWER,
            Integer32(0, 1000),
            WATTS,
        ),
        hysteresis_object(
            2,
            "st4InputCordApparentPowerHysteresis",
            TargetKind.INLET,
            Quantity.APPARENT_POWER,
            Integer32(0, 1000),
            VOLT_AMPS,
        ),
        hysteresis_object(
            3,
            "st4InputCordPowerFactorHysteresis",
            TargetKind.INLET,
            Quantity.POWER_FACTOR,
            Integer32(0, 20, scale=100),
            HUNDREDTHS,
        ),
    ),
)

CORDS: Table[Cord] = Table(
    suffix=(3, 2),
    name="st4InputCordConfigTable",
    index=_INDEX,
    rows=cord_rows,
    objects=(
        ObjectType(1, "st4InputCordIndex", Integer32(1, 4)),
        ObjectType(
            2, "st4InputCordID", DisplayString(2, 2), lambda cord: cord_id(cord.inlet.index)
        ),
        ObjectType(
            3,
            "st4InputCordName",
            DisplayString(0, 32),
            lambda cord: cord.inlet.name,
            to_command=_configures(InletSetting.NAME),
        ),
        ObjectType(
            7,
            "st4InputCordNominalVoltage",
            VOLTAGE,
            lambda cord: cord.inlet.nominal_voltage_v,
            units=TENTH_VOLTS,
            to_command=_configures(InletSetting.NOMINAL_VOLTAGE_V),
        ),
        ObjectType(
            10,
            "st4InputCordCurrentCapacity",
            Integer32(0, 600),
            lambda cord: cord.inlet.meter.rated_current_a,
            units=AMPS,
            to_command=_configures(InletSetting.RATED_CURRENT_A),
        ),
        ObjectType(
            12,
            "st4InputCordPowerCapacity",
            _POWER,
            lambda cord: cord_capacity_va(cord.inlet),
            units=VOLT_AMPS,
        ),
        ObjectType(20, "st4InputCordLineCount", Integer32(0, 4), _line_count),
        ObjectType(21, "st4InputCordPhaseCount", Integer32(0, 6), _line_count),
        ObjectType(22, "st4InputCordOcpCount", Integer32(0, 12), lambda cord: cord.branches),
        ObjectType(23, "st4InputCordBranchCount", Integer32(0, 12), lambda cord: cord.branches),
        ObjectType(24, "st4InputCordOutletCount", Integer32(0, 128), lambda cord: cord.outlets),
    ),
)

CORD_MONITOR: Table[Point] = Table(
    suffix=(3, 3),
    name="st4InputCordMonitorTable",
    index=_INDEX,
    rows=cords,
    objects=(
        state_object(1, "st4InputCordState"),
        status_object(2, "st4InputCordStatus"),
        value_object(3, "st4InputCordActivePower", Quantity.ACTIVE_POWER, _POWER, WATTS),
        value_status_object(4, "st4InputCordActivePowerStatus", Quantity.ACTIVE_POWER),
        value_object(5, "st4InputCordApparentPower", Quantity.APPARENT_POWER, _POWER, VOLT_AMPS),
        value_status_object(6, "st4InputCordApparentPowerStatus", Quantity.APPARENT_POWER),
        ObjectType(
            7,
            "st4InputCordPowerUtilized",
            TENTH_PERCENT,
            lambda point: part_of(point.electrical.apparent_power_va, _capacity_va(point)),
            units="tenth percent",
            absent=NO_VALUE,
        ),
        value_object(8, "st4InputCordPowerFactor", Quantity.POWER_FACTOR, POWER_FACTOR, HUNDREDTHS),
        value_status_object(9, "st4InputCordPowerFactorStatus", Quantity.POWER_FACTOR),
        energy_object(10, "st4InputCordEnergy", TENTH_KWH_MJ, "tenth Kilowatt-Hours"),
        value_object(
            11,
            "st4InputCordFrequency",
            Quantity.FREQUENCY,
            Integer32(0, 1000, scale=10),
            "tenth Hertz",
        ),
    ),
)

CORD_EVENTS: Table[Point] = Table(
    suffix=(3, 4),
    name="st4InputCordEventConfigTable",
    index=_INDEX,
    rows=cords,
    objects=(
        *limit_objects("st4InputCordActivePower", 2, Quantity.ACTIVE_POWER, _POWER, WATTS),
        *limit_objects("st4InputCordApparentPower", 6, Quantity.APPARENT_POWER, _POWER, VOLT_AMPS),
        *limit_objects(
            "st4InputCordPowerFactor",
            10,
            Quantity.POWER_FACTOR,
            POWER_FACTOR,
            HUNDREDTHS,
            LOW_SIDE,
        ),
    ),
)

CORD_GROUPS = (CORD_COMMON, CORDS, CORD_MONITOR, CORD_EVENTS)
