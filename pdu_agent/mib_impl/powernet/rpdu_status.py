# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDUPowerSupply and rPDUStatus: what is in order and what is overloaded."""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.mib_impl.powernet.phases import Phase, phases
from pdu_agent.mib_impl.powernet.rpdu_ident import COUNT
from pdu_agent.mib_impl.powernet.rpdu_load import LOAD_STATE, NUMBER
from pdu_agent.mib_impl.powernet.watched import (
    Watched,
    metered_outlets,
    watched_banks,
    watched_outlets,
    watched_phases,
)
from pdu_agent.mib_impl.powernet.words import Load
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.syntax import Enumerated
from pdu_agent.model.snapshot import Branch, Outlet, Snapshot

BANK_STATE = Enumerated(
    (1, "bankLoadNormal", Load.NORMAL),
    (2, "bankLoadLow", Load.LOW),
    (3, "bankLoadNearOverload", Load.NEAR_OVERLOAD),
    (4, "bankLoadOverload", Load.OVERLOAD),
)

OUTLET_STATE = Enumerated(
    (1, "outletLoadNormal", Load.NORMAL),
    (2, "outletLoadLow", Load.LOW),
    (3, "outletLoadNearOverload", Load.NEAR_OVERLOAD),
    (4, "outletLoadOverload", Load.OVERLOAD),
)

_OK, _NOT_PRESENT = "ok", "not present"

# There is one supply, that of the board which answers; so it is in order.
POWER_SUPPLY: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 12, 4, 1),
    source=whole,
    objects=(
        ObjectType(
            1, "rPDUPowerSupply1Status", Enumerated((1, "powerSupplyOneOk", _OK)), lambda _: _OK
        ),
        ObjectType(
            2,
            "rPDUPowerSupply2Status",
            Enumerated((3, "powerSupplyTwoNotPresent", _NOT_PRESENT)),
            lambda _: _NOT_PRESENT,
        ),
        ObjectType(
            3,
            "rPDUPowerSupplyAlarm",
            Enumerated((1, "allAvailablePowerSuppliesOK", _OK)),
            lambda _: _OK,
        ),
    ),
)


def _size(number: int, name: str, count: Callable[[Snapshot], int]) -> ObjectType[Snapshot]:
    return ObjectType(number, name, COUNT, count)


SIZES: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 12, 5),
    source=whole,
    objects=(
        _size(1, "rPDUStatusBankTableSize", lambda snapshot: len(snapshot.branches)),
        _size(3, "rPDUStatusPhaseTableSize", lambda snapshot: len(phases(snapshot))),
        _size(5, "rPDUStatusOutletTableSize", lambda snapshot: len(metered_outlets(snapshot))),
    ),
)

BANKS: Table[Watched[Branch]] = Table(
    suffix=(1, 1, 12, 5, 2),
    name="rPDUStatusBankTable",
    index=("rPDUStatusBankIndex",),
    rows=watched_banks,
    objects=(
        ObjectType(1, "rPDUStatusBankIndex", NUMBER, lambda row: row.part.index),
        ObjectType(2, "rPDUStatusBankNumber", NUMBER, lambda row: row.part.index),
        ObjectType(3, "rPDUStatusBankState", BANK_STATE, lambda row: row.load),
    ),
)

PHASES: Table[Watched[Phase]] = Table(
    suffix=(1, 1, 12, 5, 4),
    name="rPDUStatusPhaseTable",
    index=("rPDUStatusPhaseIndex",),
    rows=watched_phases,
    objects=(
        ObjectType(1, "rPDUStatusPhaseIndex", NUMBER, lambda row: row.part.index),
        ObjectType(2, "rPDUStatusPhaseNumber", NUMBER, lambda row: row.part.index),
        ObjectType(3, "rPDUStatusPhaseState", LOAD_STATE, lambda row: row.load),
    ),
)

OUTLETS: Table[Watched[Outlet]] = Table(
    suffix=(1, 1, 12, 5, 6),
    name="rPDUStatusOutletTable",
    index=("rPDUStatusOutletIndex",),
    rows=watched_outlets,
    outlet=lambda row: row.part.index,
    objects=(
        ObjectType(1, "rPDUStatusOutletIndex", NUMBER, lambda row: row.part.index),
        ObjectType(2, "rPDUStatusOutletNumber", NUMBER, lambda row: row.part.index),
        ObjectType(3, "rPDUStatusOutletState", OUTLET_STATE, lambda row: row.load),
    ),
)

RPDU_STATUS = (POWER_SUPPLY, SIZES, BANKS, PHASES, OUTLETS)
