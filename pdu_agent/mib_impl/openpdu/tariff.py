# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduTariffTable and opduOwnTariffTable: what was used while which tariff applied, as
the agent counts it and as the meters count it themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.access.needs import outlet_of
from pdu_agent.mib_impl.openpdu.metering import millivar_hours
from pdu_agent.mib_impl.openpdu.words import TARGET_KIND
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Counter64, Oid, Unsigned32, Utf8
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.quantities import milliwatt_hours
from pdu_agent.model.snapshot import Meter, OwnTariff, Snapshot, TariffRegister


@dataclass(frozen=True, slots=True)
class Booked:
    """One register of one metering point."""

    target: Target
    register: TariffRegister


def _registers(target: Target, meter: Meter | None) -> Iterator[tuple[Oid, Booked]]:
    if meter is not None:
        for number, register in enumerate(meter.tariffs, start=1):
            index = TARGET_KIND.number_of(target.kind), target.index, number
            yield index, Booked(target, register)


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Booked]]:
    for inlet in snapshot.inlets:
        yield from _registers(Target(TargetKind.INLET, inlet.index), inlet.meter)
    for outlet in snapshot.outlets:
        yield from _registers(Target(TargetKind.OUTLET, outlet.index), outlet.meter)


TARIFFS: Table[Booked] = Table(
    suffix=(2, 7),
    name="opduTariffTable",
    index=("opduTariffTargetKind", "opduTariffTargetIndex", "opduTariffIndex"),
    rows=_rows,
    outlet=lambda row: outlet_of(row.target),
    objects=(
        ObjectType(1, "opduTariffTargetKind", TARGET_KIND),
        ObjectType(2, "opduTariffTargetIndex", Unsigned32(1, 65_535)),
        ObjectType(3, "opduTariffIndex", Unsigned32(1, 255)),
        ObjectType(4, "opduTariffName", Utf8(0, 32), lambda row: row.register.tariff),
        ObjectType(
            5,
            "opduTariffEnergy",
            Counter64(),
            lambda row: milliwatt_hours(row.register.energy_mj),
            units="milliwatt-hours",
        ),
        ObjectType(
            6,
            "opduTariffInductiveEnergy",
            Counter64(),
            lambda row: millivar_hours(row.register.inductive_mvars),
            units="millivar-hours",
        ),
        ObjectType(
            7,
            "opduTariffCapacitiveEnergy",
            Counter64(),
            lambda row: millivar_hours(row.register.capacitive_mvars),
            units="millivar-hours",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class OwnRegister:
    """One tariff of the meter at a metering point."""

    target: Target
    tariff: OwnTariff


def _own_rows(snapshot: Snapshot) -> Iterator[tuple[Oid, OwnRegister]]:
    kinds = (
        (TargetKind.INLET, snapshot.inlets),
        (TargetKind.LINE, snapshot.lines),
        (TargetKind.BRANCH, snapshot.branches),
        (TargetKind.OUTLET, snapshot.outlets),
    )
    for kind, rows in kinds:
        for row in rows:
            for tariff in row.meter.own_tariffs if row.meter is not None else ():
                index = TARGET_KIND.number_of(kind), row.index, tariff.number
                yield index, OwnRegister(Target(kind, row.index), tariff)


def _milliwatt_hours(row: OwnRegister) -> int | None:
    energy_mj = row.tariff.energy_mj
    return None if energy_mj is None else milliwatt_hours(energy_mj)


OWN_TARIFFS: Table[OwnRegister] = Table(
    suffix=(2, 8),
    name="opduOwnTariffTable",
    index=("opduOwnTariffTargetKind", "opduOwnTariffTargetIndex", "opduOwnTariffNumber"),
    rows=_own_rows,
    outlet=lambda row: outlet_of(row.target),
    objects=(
        ObjectType(1, "opduOwnTariffTargetKind", TARGET_KIND),
        ObjectType(2, "opduOwnTariffTargetIndex", Unsigned32(1, 65_535)),
        ObjectType(3, "opduOwnTariffNumber", Unsigned32(1, 255)),
        ObjectType(
            4, "opduOwnTariffEnergy", Counter64(), _milliwatt_hours, units="milliwatt-hours"
        ),
        ObjectType(
            5,
            "opduOwnTariffReactiveEnergy",
            Counter64(),
            lambda row: millivar_hours(row.tariff.reactive_mvars),
            units="millivar-hours",
        ),
    ),
)
