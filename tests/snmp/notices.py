# SPDX-License-Identifier: Apache-2.0
"""Notifications made by hand, with one varbind of each kind that OPENPDU-MIB uses."""

from __future__ import annotations

from pdu_agent.mib_impl.notifications import Notification
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.model.commands import NotificationClass

ARC = (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 6738)
OUTLET_STATE_CHANGE = (*ARC, 0, 1)
NAME = (*ARC, 1, 3, 1, 1, 2)
STATE = (*ARC, 1, 3, 1, 1, 7)
COLD_START = (1, 3, 6, 1, 6, 3, 1, 1, 5, 1)
SYS_UP_TIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)
SNMP_TRAP_OID = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)


def notice(
    number: int = 3,
    oid: Oid = OUTLET_STATE_CHANGE,
    varbinds: tuple[tuple[Oid, Value], ...] | None = None,
) -> Notification:
    """outletStateChange of an outlet, 12.34 s after the start."""
    if varbinds is None:
        varbinds = (
            ((*NAME, number), Value(Tag.OCTET_STRING, f"Outlet {number}".encode())),
            ((*STATE, number), Value(Tag.INTEGER, 2)),
        )
    return Notification(oid, varbinds, NotificationClass.OUTLET, 12.34, "OPENPDU-MIB")
