# SPDX-License-Identifier: Apache-2.0
"""APC's PowerNet-MIB: three generations of rack power units, all shown from one state."""

from __future__ import annotations

from pdu_agent.mib_impl.powernet.rpdu2 import RPDU2
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.snapshot import Snapshot

POWERNET: Oid = (1, 3, 6, 1, 4, 1, 318)


def powernet_module() -> MibModule:
    return MibModule(
        name="PowerNet-MIB",
        about="APC rack power distribution units",
        identity=POWERNET,
        arc=POWERNET,
        groups=(*RPDU2,),
        notification_arc=(*POWERNET, 0),
    )


def card_description(snapshot: Snapshot) -> str:
    """sysDescr in the form of APC's management cards."""
    return "APC Web/SNMP Management Card"
