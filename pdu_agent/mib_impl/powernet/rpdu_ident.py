# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDUIdent: what the unit is, and its totals.

What is not known here is left out: date of manufacture, orientation, layout of the outlets.
"""

from __future__ import annotations

from collections.abc import Sequence

from pdu_agent.mib_impl.powernet.phases import phases
from pdu_agent.mib_impl.powernet.rpdu2_totals import active_w, apparent_va, power_factor
from pdu_agent.mib_impl.powernet.words import firmware
from pdu_agent.mib_impl.schema import ObjectType, Scalars, whole
from pdu_agent.mib_impl.syntax import DisplayString, Integer32
from pdu_agent.model.commands import (
    ConfigureDevice,
    ConfigureInlet,
    DeviceSetting,
    InletSetting,
)
from pdu_agent.model.snapshot import Snapshot

TEXT = DisplayString(0, 255)
COUNT = Integer32(0)
NOT_KNOWN = -1
"""Recorded from units that do not have what an INTEGER of rPDUIdent tells."""


def phase_rating_a(snapshot: Snapshot) -> float | None:
    """The largest of the phases', None where no phase has a rating."""
    ratings = [phase.rated_current_a for phase in phases(snapshot)]
    return max((rating for rating in ratings if rating is not None), default=None)


def bank_rating_a(snapshot: Snapshot) -> float:
    """The largest of the branches', 0 without branches (recorded)."""
    return max((branch.rated_current_a for branch in snapshot.branches), default=0)


def _nominal_voltage_v(snapshot: Snapshot) -> float | None:
    return next((phase.inlet.nominal_voltage_v for phase in phases(snapshot)), None)


def _sets_nominal_voltage(snapshot: Snapshot, voltage_v: float) -> Sequence[ConfigureInlet]:
    return [
        ConfigureInlet(inlet, InletSetting.NOMINAL_VOLTAGE_V, voltage_v)
        for inlet in dict.fromkeys(phase.inlet.index for phase in phases(snapshot))
    ]


IDENT: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 12, 1),
    source=whole,
    objects=(
        ObjectType(
            1,
            "rPDUIdentName",
            TEXT,
            lambda snapshot: snapshot.device.name,
            to_command=lambda _, name: ConfigureDevice(DeviceSetting.NAME, name),
        ),
        ObjectType(2, "rPDUIdentHardwareRev", TEXT, lambda s: s.device.hardware_revision),
        ObjectType(3, "rPDUIdentFirmwareRev", TEXT, firmware),
        ObjectType(5, "rPDUIdentModelNumber", TEXT, lambda s: s.device.model),
        ObjectType(6, "rPDUIdentSerialNumber", TEXT, lambda s: s.device.serial_number),
        ObjectType(
            7, "rPDUIdentDeviceRating", COUNT, phase_rating_a, units="amperes", absent=NOT_KNOWN
        ),
        ObjectType(8, "rPDUIdentDeviceNumOutlets", COUNT, lambda s: len(s.outlets)),
        ObjectType(9, "rPDUIdentDeviceNumPhases", COUNT, lambda s: len(phases(s))),
        ObjectType(10, "rPDUIdentDeviceNumBreakers", COUNT, lambda s: len(s.branches)),
        ObjectType(11, "rPDUIdentDeviceBreakerRating", COUNT, bank_rating_a, units="amperes"),
        ObjectType(
            15,
            "rPDUIdentDeviceLinetoLineVoltage",
            Integer32(0, 440),
            _nominal_voltage_v,
            units="volts",
            to_command=_sets_nominal_voltage,
            absent=NOT_KNOWN,
        ),
        ObjectType(
            16, "rPDUIdentDevicePowerWatts", COUNT, active_w, units="watts", absent=NOT_KNOWN
        ),
        ObjectType(
            17,
            "rPDUIdentDevicePowerFactor",
            Integer32(0, 1000, scale=1000),
            power_factor,
            absent=NOT_KNOWN,
        ),
        ObjectType(
            18, "rPDUIdentDevicePowerVA", COUNT, apparent_va, units="volt-amperes", absent=NOT_KNOWN
        ),
    ),
)
