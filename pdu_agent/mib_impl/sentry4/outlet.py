# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB st4Outlets: settings, measured values and limits of the outlets.

What is measured is only served for outlets that have a meter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.sentry.settings import reboot_delay_object, sequence_interval_object
from pdu_agent.mib_impl.sentry4.branch import PART_ID
from pdu_agent.mib_impl.sentry4.cord import power_capacity_va
from pdu_agent.mib_impl.sentry4.limits import hysteresis_object, limit_objects
from pdu_agent.mib_impl.sentry4.measured import (
    AMPS,
    HUNDREDTH_AMPS,
    HUNDREDTHS,
    POWER_FACTOR,
    TENTH_AMPS,
    TENTH_VOLTS,
    VOLT_AMPS,
    VOLTAGE,
    WATTS,
    crest_factor_object,
    current_utilized_object,
    energy_object,
    reactance_object,
    value_object,
    value_status_object,
)
from pdu_agent.mib_impl.sentry4.names import line_id, part_id, part_index
from pdu_agent.mib_impl.sentry4.points import (
    Point,
    inlets_of,
    line_number,
    metered_outlets,
    outlets_of,
)
from pdu_agent.mib_impl.syntax import Bits, DisplayString, Enumerated, Integer32, Oid
from pdu_agent.model.commands import (
    ConfigureOutlet,
    OutletSetting,
    PowerUp,
    Quantity,
    TargetKind,
)
from pdu_agent.model.quantities import MILLIJOULES_PER_WATT_HOUR
from pdu_agent.model.snapshot import Inlet, Outlet, Snapshot

OUTLET_INDEX = ("st4UnitIndex", "st4InputCordIndex", "st4OutletIndex")

# pops is the vendor's name for a meter at the outlet.
CAPABILITIES = Bits("switched", "pops")

WAKEUP_STATE = Enumerated(
    (0, "on", PowerUp.ON),
    (1, "off", PowerUp.OFF),
    (2, "last", PowerUp.LAST),
)
_POWER = Integer32(0, 10_000)


@dataclass(frozen=True, slots=True)
class Fed:
    """An outlet, and what feeds it: None if that inlet has no meter."""

    outlet: Outlet
    inlet: Inlet | None

    @property
    def rated_current_a(self) -> float | None:
        return self.outlet.rated_current_a

    @property
    def branch_id(self) -> str | None:
        branch = self.outlet.branch
        return None if branch is None else part_id(self.outlet.inlet, branch)


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Fed]]:
    inlets = inlets_of(snapshot)
    for outlet in outlets_of(snapshot):
        yield part_index(outlet.inlet, outlet.index), Fed(outlet, inlets.get(outlet.inlet))


def _capabilities(row: Fed) -> set[str]:
    able = {"switched": row.outlet.switched, "pops": row.outlet.meter is not None}
    return {label for label, present in able.items() if present}


def _configures(setting: OutletSetting) -> Callable[[Fed, Any], ConfigureOutlet]:
    return lambda row, value: ConfigureOutlet(row.outlet.index, setting, value)


OUTLET_COMMON: Scalars[Snapshot] = Scalars(
    suffix=(8, 1),
    source=whole,
    every_outlet=True,
    objects=(
        hysteresis_object(
            1,
            "st4OutletCurrentHysteresis",
            TargetKind.OUTLET,
            Quantity.CURRENT,
            Integer32(0, 100, scale=10),
            TENTH_AMPS,
        ),
        hysteresis_object(
            2,
            "st4OutletActivePowerHysteresis",
            TargetKind.OUTLET,
            Quantity.ACTIVE_POWER,
            Integer32(0, 1000),
            WATTS,
        ),
        reboot_delay_object(11, "st4OutletRebootDelay"),
    ),
)

OUTLET_SEQUENCE: Scalars[Snapshot] = Scalars(
    suffix=(8, 1),
    source=whole,
    objects=(sequence_interval_object(10, "st4OutletSequenceInterval"),),
)

OUTLETS: Table[Fed] = Table(
    suffix=(8, 2),
    name="st4OutletConfigTable",
    index=OUTLET_INDEX,
    rows=_rows,
    outlet=lambda row: row.outlet.index,
    objects=(
        ObjectType(1, "st4OutletIndex", Integer32(1, 128)),
        ObjectType(
            2,
            "st4OutletID",
            DisplayString(3, 5),
            lambda row: part_id(row.outlet.inlet, row.outlet.index),
        ),
        ObjectType(
            3,
            "st4OutletName",
            DisplayString(0, 32),
            lambda row: row.outlet.name,
            to_command=_configures(OutletSetting.NAME),
        ),
        ObjectType(5, "st4OutletCapabilities", CAPABILITIES, _capabilities),
        ObjectType(
            6, "st4OutletSocketType", DisplayString(0, 32), lambda row: row.outlet.receptacle
        ),
        ObjectType(
            7,
            "st4OutletCurrentCapacity",
            Integer32(0, 125),
            lambda row: row.rated_current_a,
            units=AMPS,
        ),
        ObjectType(
            8,
            "st4OutletPowerCapacity",
            _POWER,
            lambda row: power_capacity_va(row.rated_current_a, row.inlet),
            units=VOLT_AMPS,
        ),
        ObjectType(
            20,
            "st4OutletWakeupState",
            WAKEUP_STATE,
            lambda row: row.outlet.power_up,
            to_command=_configures(OutletSetting.POWER_UP),
        ),
        ObjectType(
            30,
            "st4OutletPhaseID",
            DisplayString(3, 3),
            lambda row: line_id(row.outlet.inlet, line_number(row.outlet, row.inlet)),
        ),
        ObjectType(31, "st4OutletOcpID", PART_ID, lambda row: row.branch_id),
        ObjectType(32, "st4OutletBranchID", PART_ID, lambda row: row.branch_id),
    ),
)

OUTLET_METERS: Table[Point] = Table(
    suffix=(8, 3),
    name="st4OutletMonitorTable",
    index=OUTLET_INDEX,
    rows=metered_outlets,
    outlet=lambda point: point.target.index,
    objects=(
        value_object(
            3,
            "st4OutletCurrent",
            Quantity.CURRENT,
            Integer32(0, 12_500, scale=100),
            HUNDREDTH_AMPS,
        ),
        value_status_object(4, "st4OutletCurrentStatus", Quantity.CURRENT),
        current_utilized_object(5, "st4OutletCurrentUtilized"),
        value_object(6, "st4OutletVoltage", Quantity.VOLTAGE, VOLTAGE, TENTH_VOLTS),
        value_object(7, "st4OutletActivePower", Quantity.ACTIVE_POWER, _POWER, WATTS),
        value_status_object(8, "st4OutletActivePowerStatus", Quantity.ACTIVE_POWER),
        value_object(9, "st4OutletApparentPower", Quantity.APPARENT_POWER, _POWER, VOLT_AMPS),
        value_object(10, "st4OutletPowerFactor", Quantity.POWER_FACTOR, POWER_FACTOR, HUNDREDTHS),
        value_status_object(11, "st4OutletPowerFactorStatus", Quantity.POWER_FACTOR),
        crest_factor_object(12, "st4OutletCurrentCrestFactor"),
        reactance_object(13, "st4OutletReactance"),
        energy_object(14, "st4OutletEnergy", MILLIJOULES_PER_WATT_HOUR, "Watt-Hours"),
    ),
)

OUTLET_EVENTS: Table[Point] = Table(
    suffix=(8, 4),
    name="st4OutletEventConfigTable",
    index=OUTLET_INDEX,
    rows=metered_outlets,
    outlet=lambda point: point.target.index,
    objects=(
        *limit_objects(
            "st4OutletCurrent", 2, Quantity.CURRENT, Integer32(0, 1250, scale=10), TENTH_AMPS
        ),
        *limit_objects("st4OutletActivePower", 6, Quantity.ACTIVE_POWER, _POWER, WATTS),
    ),
)

OUTLET_GROUPS = (OUTLET_COMMON, OUTLET_SEQUENCE, OUTLETS, OUTLET_METERS, OUTLET_EVENTS)
