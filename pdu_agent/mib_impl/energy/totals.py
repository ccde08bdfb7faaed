# SPDX-License-Identifier: Apache-2.0
"""ENERGY-OBJECT-MIB (RFC 7460): one running total of energy for everything that is metered.

eoEnergyTable is not indexed by the energy object but by eoEnergyParametersIndex alone, so
that index is the entPhysicalIndex of the object too. The total is the register that never
restarts; its collection began before the agent did, which sysUpTime can only say as 0.

Energy that flows back is not counted, so eoEnergyProvided and eoEnergyStored are absent;
what concerns intervals is absent with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.mib_impl.conventions import RowAction, RowStatus, StorageType
from pdu_agent.mib_impl.energy.words import (
    ACCURACY,
    ACCURACY_UNKNOWN,
    UNIT_MULTIPLIER,
    UNITS,
    metered,
)
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import (
    Enumerated,
    Integer32,
    Oid,
    TimeStamp,
    TimeTicks,
    Unsigned32,
)
from pdu_agent.model.quantities import watt_hours
from pdu_agent.model.snapshot import Meter, Snapshot

_MODE = Enumerated((3, "total", "total"))
_BEFORE_THE_AGENT = 0


@dataclass(frozen=True, slots=True)
class Total:
    """outlet: whose rights count; None for the unit's."""

    meter: Meter
    outlet: int | None


def _parameters(snapshot: Snapshot) -> Iterator[tuple[Oid, Total]]:
    for entity, meter in metered(snapshot):
        yield (entity.index, entity.index), Total(meter, entity.outlet)


def _totals(snapshot: Snapshot) -> Iterator[tuple[Oid, Total]]:
    for entity, meter in metered(snapshot):
        yield (entity.index, _BEFORE_THE_AGENT), Total(meter, entity.outlet)


PARAMETERS: Table[Total] = Table(
    suffix=(1, 4),
    name="eoEnergyParametersTable",
    index=("entPhysicalIndex", "eoEnergyParametersIndex"),
    rows=_parameters,
    outlet=lambda total: total.outlet,
    objects=(
        ObjectType(2, "eoEnergyParametersIndex", Integer32(1)),
        # Mode total has one interval, without a length.
        ObjectType(4, "eoEnergyParametersIntervalNumber", Unsigned32(), lambda _: 1),
        ObjectType(5, "eoEnergyParametersIntervalMode", _MODE, lambda _: "total"),
        ObjectType(8, "eoEnergyParametersStorageType", StorageType(), lambda _: "readOnly"),
        ObjectType(9, "eoEnergyParametersStatus", RowStatus(), lambda _: RowAction.KEEP),
    ),
)

TOTALS: Table[Total] = Table(
    suffix=(1, 5),
    name="eoEnergyTable",
    index=("eoEnergyParametersIndex", "eoEnergyCollectionStartTime"),
    rows=_totals,
    outlet=lambda total: total.outlet,
    objects=(
        ObjectType(1, "eoEnergyCollectionStartTime", TimeTicks(), units="hundredths of a second"),
        ObjectType(
            2,
            "eoEnergyConsumed",
            Unsigned32(),
            lambda total: watt_hours(total.meter.energy_mj),
            units="Watt-hours",
        ),
        ObjectType(5, "eoEnergyUnitMultiplier", UNIT_MULTIPLIER, lambda _: UNITS),
        ObjectType(
            6,
            "eoEnergyAccuracy",
            ACCURACY,
            lambda _: ACCURACY_UNKNOWN,
            units="hundredths of percent",
        ),
        ObjectType(
            9,
            "eoEnergyDiscontinuityTime",
            TimeStamp(),
            lambda total: total.meter.discontinuity_s,
        ),
    ),
)
