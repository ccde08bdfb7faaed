# SPDX-License-Identifier: Apache-2.0
"""APC's PowerNet-MIB: three generations of rack power units, all shown from one state.

The tree of APC's UPSes (1.1.1 below the arc) is not here but in powernet_ups: tools look there
first, and take whatever has it for a UPS.
"""

from __future__ import annotations

from pdu_agent.mib_impl.powernet.rpdu2 import RPDU2
from pdu_agent.mib_impl.powernet.rpdu_ident import IDENT
from pdu_agent.mib_impl.powernet.rpdu_load import RPDU_LOAD
from pdu_agent.mib_impl.powernet.rpdu_outlet import RPDU_OUTLET
from pdu_agent.mib_impl.powernet.rpdu_outlet_config import RPDU_OUTLET_CONFIG
from pdu_agent.mib_impl.powernet.rpdu_status import RPDU_STATUS
from pdu_agent.mib_impl.powernet.spdu import SPDU
from pdu_agent.mib_impl.powernet.trap_types import CARRIED, NOTIFICATIONS
from pdu_agent.mib_impl.powernet.traps import TELLING
from pdu_agent.mib_impl.powernet.uio import UIO
from pdu_agent.mib_impl.powernet.words import firmware
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
        groups=(
            *SPDU,
            IDENT,
            *RPDU_LOAD,
            *RPDU_OUTLET,
            *RPDU_OUTLET_CONFIG,
            *RPDU_STATUS,
            *UIO,
            *RPDU2,
        ),
        notification_arc=(*POWERNET, 0),
        notifications=NOTIFICATIONS,
        carried=CARRIED,
        telling=TELLING,
    )


def card_description(snapshot: Snapshot) -> str:
    """sysDescr in the form of APC's management cards, of which tools read the version behind
    PF and AF1, the model behind MN and the serial number behind SN.

    The agent is boot monitor, operating system and application in one.
    """
    device, version = snapshot.device, firmware(snapshot)
    return (
        f"APC Web/SNMP Management Card (MB:{version} PF:{version} PN:openpdu AF1:{version} "
        f"AN1:rpdu2g MN:{device.model} HR:{device.hardware_revision} SN: {device.serial_number})"
    )
