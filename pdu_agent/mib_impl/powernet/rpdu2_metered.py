# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2OutletMetered: the outlets that are measured, by their numbers.

Its limits are called currents and are watts, as the MIB's own words and recorded devices
have it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.mib_impl.powernet.limits import limit
from pdu_agent.mib_impl.powernet.rpdu2_columns import (
    LOAD_STATE,
    NUMBER,
    PHASE_LAYOUT,
    RPDU2_ARC,
    TENTHS,
    TEXT,
    date,
    named,
    size,
    tenths_kwh,
)
from pdu_agent.mib_impl.powernet.rpdu2_outlet import sets_name
from pdu_agent.mib_impl.powernet.watched import metered_outlets
from pdu_agent.mib_impl.powernet.words import load_of, measured, phase_of, watches
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Command, Limit, Quantity, Target, TargetKind
from pdu_agent.model.snapshot import Meter, Outlet, Snapshot, Threshold


@dataclass(frozen=True, slots=True)
class Metered:
    """watch: the threshold for the outlet's power. nominal_v: of the inlet that feeds it."""

    outlet: Outlet
    meter: Meter
    watch: Threshold | None
    nominal_v: float | None

    @property
    def rated_w(self) -> float | None:
        amperes = self.meter.rated_current_a
        return None if amperes is None or self.nominal_v is None else amperes * self.nominal_v


def _rows(snapshot: Snapshot) -> list[tuple[Oid, Metered]]:
    found = watches(snapshot)
    nominal_v = {inlet.index: inlet.nominal_voltage_v for inlet in snapshot.inlets}
    rows: list[tuple[Oid, Metered]] = []
    for outlet in snapshot.outlets:
        if outlet.meter is not None:
            target = Target(TargetKind.OUTLET, outlet.index)
            watch = found.get((target, Quantity.ACTIVE_POWER))
            row = Metered(outlet, outlet.meter, watch, nominal_v.get(outlet.inlet))
            rows.append(((outlet.index,), row))
    return rows


def _number(row: Metered) -> int:
    return row.outlet.index


def _name(row: Metered) -> str:
    return row.outlet.name


def _sets_name(row: Metered, text: str) -> Command:
    return sets_name(row.outlet, text)


def _watch(row: Metered) -> Threshold | None:
    return row.watch


def _power_limit(number: int, name: str, which: Limit) -> ObjectType[Metered]:
    name = f"rPDU2OutletMeteredConfig{name}"
    return limit(number, name, _watch, which, "watts", absent=-1)


METERED_SIZE = size((9,), 3, "rPDU2OutletMeteredTableSize", lambda s: len(metered_outlets(s)))

METERED_CONFIG: Table[Metered] = Table(
    suffix=(*RPDU2_ARC, 9, 4, 1),
    name="rPDU2OutletMeteredConfigTable",
    index=("rPDU2OutletMeteredConfigIndex",),
    rows=_rows,
    outlet=_number,
    objects=(
        *named("rPDU2OutletMeteredConfig", _number, _name, _sets_name),
        _power_limit(5, "LowLoadCurrentThreshold", Limit.LOW_WARNING),
        _power_limit(6, "NearOverloadCurrentThreshold", Limit.HIGH_WARNING),
        _power_limit(7, "OverloadCurrentThreshold", Limit.HIGH_CRITICAL),
    ),
)

METERED_PROPERTIES: Table[Metered] = Table(
    suffix=(*RPDU2_ARC, 9, 4, 2),
    name="rPDU2OutletMeteredPropertiesTable",
    index=("rPDU2OutletMeteredPropertiesIndex",),
    rows=_rows,
    outlet=_number,
    objects=(
        *named("rPDU2OutletMeteredProperties", _number, _name),
        ObjectType(
            5,
            "rPDU2OutletMeteredPropertiesLayout",
            PHASE_LAYOUT,
            lambda row: phase_of(row.outlet),
            absent=-1,
        ),
        ObjectType(
            6,
            "rPDU2OutletMeteredPropertiesPowerRating",
            NUMBER,
            lambda row: row.rated_w,
            units="watts",
            absent=-1,
        ),
        ObjectType(
            7,
            "rPDU2OutletMeteredPropertiesBank",
            NUMBER,
            lambda row: row.outlet.branch,
            absent=0,
        ),
    ),
)

METERED_STATUS: Table[Metered] = Table(
    suffix=(*RPDU2_ARC, 9, 4, 3),
    name="rPDU2OutletMeteredStatusTable",
    index=("rPDU2OutletMeteredStatusIndex",),
    rows=_rows,
    outlet=_number,
    objects=(
        *named("rPDU2OutletMeteredStatus", _number, _name),
        ObjectType(5, "rPDU2OutletMeteredStatusState", LOAD_STATE, lambda row: load_of(row.watch)),
        ObjectType(
            6,
            "rPDU2OutletMeteredStatusCurrent",
            TENTHS,
            lambda row: measured(row.meter).current_a,
            units="tenths of an ampere",
            absent=-1,
        ),
        ObjectType(
            7,
            "rPDU2OutletMeteredStatusPower",
            NUMBER,
            lambda row: measured(row.meter).active_power_w,
            units="watts",
            absent=-1,
        ),
        ObjectType(
            8,
            "rPDU2OutletMeteredStatusPeakPower",
            NUMBER,
            lambda row: row.meter.peak_power_w,
            units="watts",
            absent=-1,
        ),
        date(9, "rPDU2OutletMeteredStatusPeakPowerTimestamp", lambda row: row.meter.peak_wall_s),
        date(
            10,
            "rPDU2OutletMeteredStatusPeakPowerStartTime",
            lambda row: row.meter.peak_power_since_wall_s,
        ),
        ObjectType(
            11,
            "rPDU2OutletMeteredStatusEnergy",
            NUMBER,
            lambda row: tenths_kwh(row.meter.user_energy_mj),
            units="tenths of a kilowatt-hour",
        ),
        ObjectType(
            12, "rPDU2OutletMeteredStatusReceptacleType", TEXT, lambda row: row.outlet.receptacle
        ),
    ),
)
