# SPDX-License-Identifier: Apache-2.0
"""From an event to the notifications that tell of it, ready to be sent in any SNMP version.

How they are sent, and to whom, is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pdu_agent.mib_impl.openpdu import openpdu_module
from pdu_agent.mib_impl.openpdu.notifications import AUTHENTICATION_FAILURE, STANDARD, TELLING, Told
from pdu_agent.mib_impl.syntax import Oid, Syntax, Value
from pdu_agent.model.commands import NotificationClass
from pdu_agent.model.events import Event
from pdu_agent.model.snapshot import Snapshot

SNMP_TRAPS: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 5)
"""snmpTraps of SNMPv2-MIB (RFC 3418)."""


@dataclass(frozen=True, slots=True)
class Notification:
    """oid: the value of snmpTrapOID.0. varbinds: those that come after sysUpTime.0 and
    snmpTrapOID.0. uptime_s: sysUpTime when it was made.
    """

    oid: Oid
    varbinds: tuple[tuple[Oid, Value], ...]
    notification_class: NotificationClass
    uptime_s: float


@dataclass(slots=True)
class NotificationCounters:
    """What became of notifications, counted for each target by who delivers them.

    sent: traps that were sent and informs that were acknowledged. acknowledged: the informs
    among these. lost: given up, as an inform that was never acknowledged. dropped: never
    tried, because too many were waiting.
    """

    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    dropped: int = 0


class Notifications:
    """arc: openpduMIB. uptime_s: seconds since the agent started, live."""

    def __init__(self, arc: Oid, uptime_s: Callable[[], float]) -> None:
        self._arc = arc
        self._uptime_s = uptime_s
        self._objects = _objects_by_name(arc)

    def of(self, event: Event, snapshot: Snapshot) -> tuple[Notification, ...]:
        """What to send, in this order: nothing for an event that is not told of, or whose
        class is off. snapshot: one that already shows the event.
        """
        told = TELLING[type(event)](event, snapshot, self._arc)
        return tuple(
            self._notification(each)
            for each in told
            if each.type.notification_class in snapshot.notifying
        )

    def authentication_failure(self, snapshot: Snapshot) -> tuple[Notification, ...]:
        """For a message whose sender is not who it claims to be; nothing if that is off."""
        if NotificationClass.AUTHENTICATION not in snapshot.notifying:
            return ()
        return (self._notification(Told(AUTHENTICATION_FAILURE)),)

    def _notification(self, told: Told) -> Notification:
        branch = SNMP_TRAPS if told.type in STANDARD else (*self._arc, 0)
        varbinds = []
        for name, (index, plain) in zip(told.type.objects, told.values, strict=True):
            oid, syntax = self._objects[name]
            varbinds.append((oid + index, syntax.encode(plain)))
        return Notification(
            (*branch, told.type.number),
            tuple(varbinds),
            told.type.notification_class,
            self._uptime_s(),
        )


def _objects_by_name(arc: Oid) -> dict[str, tuple[Oid, Syntax]]:
    module = openpdu_module(arc)
    carried = () if module.carried is None else (module.carried,)
    return {
        declared.name: ((*module.arc, *group.base, declared.number), declared.syntax)
        for group in (*module.groups, *carried)
        for declared in group.objects
    }
