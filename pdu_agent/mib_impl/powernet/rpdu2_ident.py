# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2IdentTable: what the unit is."""

from __future__ import annotations

from pdu_agent.mib_impl.powernet.rpdu2_columns import (
    ALONE,
    RPDU2_ARC,
    TEXT,
    size,
    unit_leading,
    unit_row,
)
from pdu_agent.mib_impl.powernet.words import firmware
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.model.snapshot import Snapshot

IDENT_SIZE = size((), 1, "rPDU2IdentTableSize", lambda _: ALONE)

IDENT: Table[Snapshot] = Table(
    suffix=(*RPDU2_ARC, 2),
    name="rPDU2IdentTable",
    index=("rPDU2IdentIndex",),
    rows=unit_row,
    objects=(
        *unit_leading("rPDU2Ident"),
        ObjectType(4, "rPDU2IdentLocation", TEXT, lambda s: s.device.location),
        ObjectType(5, "rPDU2IdentHardwareRev", TEXT, lambda s: s.device.hardware_revision),
        ObjectType(6, "rPDU2IdentFirmwareRev", TEXT, firmware),
        ObjectType(8, "rPDU2IdentModelNumber", TEXT, lambda s: s.device.model),
        ObjectType(9, "rPDU2IdentSerialNumber", TEXT, lambda s: s.device.serial_number),
        ObjectType(10, "rPDU2IdentContact", TEXT, lambda s: s.device.contact),
    ),
)
