# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2DeviceStatusTable and rPDU2Group: what the unit as a whole takes."""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.access.grant import EVERY_OUTLET
from pdu_agent.mib_impl.powernet import rpdu2_totals as totals
from pdu_agent.mib_impl.powernet.rpdu2_columns import (
    ALONE,
    HUNDREDTHS,
    LOAD_STATE,
    NUMBER,
    PENDING,
    RPDU2_ARC,
    date,
    reset,
    tens,
    unit_leading,
    unit_row,
)
from pdu_agent.mib_impl.powernet.words import load_of
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.syntax import Enumerated
from pdu_agent.model.commands import Reset, ResetMeters, TargetKind
from pdu_agent.model.snapshot import Meter, Snapshot

_LOAD_NOT_SUPPORTED = 5
_HUNDREDTHS_KW = "hundredths of a kilowatt"
_TENTHS_KWH = "tenths of a kilowatt-hour"


def _only(part: Callable[[Meter], float | None]) -> Callable[[Snapshot], float | None]:
    """What the meter of the only inlet tells."""

    def of(snapshot: Snapshot) -> float | None:
        meter = totals.only_meter(snapshot)
        return None if meter is None else part(meter)

    return of


# There is one supply, and an agent that answers has power.
SUPPLY = Enumerated((1, "normal", True), (3, "notInstalled", False))
SUPPLY_ALARM = Enumerated((1, "normal", True))
PORT_SHARING = Enumerated((1, "notNPS", True))

DEVICE_STATUS: Table[Snapshot] = Table(
    suffix=(*RPDU2_ARC, 4, 3),
    name="rPDU2DeviceStatusTable",
    index=("rPDU2DeviceStatusIndex",),
    rows=unit_row,
    objects=(
        *unit_leading("rPDU2DeviceStatus"),
        ObjectType(
            4,
            "rPDU2DeviceStatusLoadState",
            LOAD_STATE,
            lambda s: load_of(totals.power_watch(s)),
            absent=_LOAD_NOT_SUPPORTED,
        ),
        ObjectType(
            5,
            "rPDU2DeviceStatusPower",
            NUMBER,
            lambda s: tens(totals.active_w(s)),
            units=_HUNDREDTHS_KW,
            absent=-1,
        ),
        ObjectType(
            6,
            "rPDU2DeviceStatusPeakPower",
            NUMBER,
            _only(lambda meter: tens(meter.peak_power_w)),
            units=_HUNDREDTHS_KW,
            absent=-1,
        ),
        date(7, "rPDU2DeviceStatusPeakPowerTimestamp", _only(lambda m: m.peak_wall_s)),
        date(8, "rPDU2DeviceStatusPeakPowerStartTime", _only(lambda m: m.peak_power_since_wall_s)),
        ObjectType(
            9,
            "rPDU2DeviceStatusEnergy",
            NUMBER,
            totals.energy_tenths_kwh,
            units=_TENTHS_KWH,
        ),
        date(10, "rPDU2DeviceStatusEnergyStartTime", totals.energy_since_s),
        ObjectType(12, "rPDU2DeviceStatusPowerSupplyAlarm", SUPPLY_ALARM, lambda _: True),
        ObjectType(13, "rPDU2DeviceStatusPowerSupply1Status", SUPPLY, lambda _: True),
        ObjectType(14, "rPDU2DeviceStatusPowerSupply2Status", SUPPLY, lambda _: False),
        ObjectType(
            16,
            "rPDU2DeviceStatusApparentPower",
            NUMBER,
            lambda s: tens(totals.apparent_va(s)),
            units="hundredths of a kilovolt-ampere",
            absent=-1,
        ),
        ObjectType(
            17,
            "rPDU2DeviceStatusPowerFactor",
            HUNDREDTHS,
            totals.power_factor,
            units="hundredths",
            absent=-1,
        ),
        ObjectType(18, "rPDU2DeviceStatusNPSType", PORT_SHARING, lambda _: True),
    ),
)

# They tell of all outlets at once, so they ask for other rights than the rest of their table.
DEVICE_OF_ALL_OUTLETS: Table[Snapshot] = Table(
    suffix=DEVICE_STATUS.suffix,
    name=DEVICE_STATUS.name,
    index=DEVICE_STATUS.index,
    rows=unit_row,
    outlet=lambda _: EVERY_OUTLET,
    objects=(
        ObjectType(
            11,
            "rPDU2DeviceStatusCommandPending",
            PENDING,
            lambda s: any(outlet.pending is not None for outlet in s.outlets),
        ),
        date(15, "rPDU2DeviceStatusOutletsEnergyStartTime", totals.outlets_energy_since_s),
    ),
)

GROUP: Scalars[Snapshot] = Scalars(
    suffix=(*RPDU2_ARC, 11),
    source=whole,
    objects=(
        ObjectType(1, "rPDU2GroupNumberOfDevices", NUMBER, lambda _: ALONE),
        ObjectType(
            2,
            "rPDU2GroupTotalPower",
            NUMBER,
            lambda s: tens(totals.active_w(s)),
            units=_HUNDREDTHS_KW,
            absent=-1,
        ),
        ObjectType(
            3,
            "rPDU2GroupTotalEnergy",
            NUMBER,
            totals.energy_tenths_kwh,
            units=_TENTHS_KWH,
        ),
        reset(
            4,
            "rPDU2GroupEnergyReset",
            lambda _: ResetMeters(TargetKind.INLET, Reset.ENERGY),
        ),
    ),
)
