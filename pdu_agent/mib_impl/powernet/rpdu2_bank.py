# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2Bank and rPDU2AdvBank: one row per branch of the unit."""

from __future__ import annotations

from pdu_agent.mib_impl.powernet.rpdu2_circuit import (
    load_and_current,
    numbered,
    peak_current,
    settings,
)
from pdu_agent.mib_impl.powernet.rpdu2_columns import (
    NUMBER,
    PHASE_LAYOUT,
    RPDU2_ARC,
    leading,
    size,
)
from pdu_agent.mib_impl.powernet.watched import Watched, watched_banks
from pdu_agent.mib_impl.powernet.words import phase_of
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.snapshot import Branch, Snapshot

BANK_SIZE = size((), 7, "rPDU2BankTableSize", lambda s: len(s.branches))

BANK_CONFIG: Table[Watched[Branch]] = Table(
    suffix=(*RPDU2_ARC, 8, 1),
    name="rPDU2BankConfigTable",
    index=("rPDU2BankConfigIndex",),
    rows=watched_banks,
    objects=settings("rPDU2BankConfig", "BankPeakCurrentReset", tenths=False),
)


def _branches(snapshot: Snapshot) -> list[tuple[Oid, Branch]]:
    return [((branch.index,), branch) for branch in snapshot.branches]


BANK_PROPERTIES: Table[Branch] = Table(
    suffix=(*RPDU2_ARC, 8, 2),
    name="rPDU2BankPropertiesTable",
    index=("rPDU2BankPropertiesIndex",),
    rows=_branches,
    objects=(
        *leading("rPDU2BankProperties", lambda branch: branch.index),
        ObjectType(3, "rPDU2BankPropertiesNumber", NUMBER, lambda branch: branch.index),
        ObjectType(
            4,
            "rPDU2BankPropertiesPhaseLayout",
            PHASE_LAYOUT,
            phase_of,
            absent=-1,
        ),
        ObjectType(
            5,
            "rPDU2BankPropertiesBreakerRating",
            NUMBER,
            lambda branch: branch.rated_current_a,
            units="amperes",
        ),
    ),
)

BANK_STATUS: Table[Watched[Branch]] = Table(
    suffix=(*RPDU2_ARC, 8, 3),
    name="rPDU2BankStatusTable",
    index=("rPDU2BankStatusIndex",),
    rows=watched_banks,
    objects=(
        *numbered("rPDU2BankStatus"),
        *load_and_current("rPDU2BankStatus"),
        *peak_current("rPDU2BankStatus", 6),
    ),
)

ADV_BANK_CONFIG: Table[Watched[Branch]] = Table(
    suffix=(*RPDU2_ARC, 14, 1),
    name="rPDU2AdvBankConfigTable",
    index=("rPDU2AdvBankConfigIndex",),
    rows=watched_banks,
    objects=settings("rPDU2AdvBankConfig", "BankPeakCurrentReset", tenths=True),
)
