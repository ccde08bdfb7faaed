# SPDX-License-Identifier: Apache-2.0
"""From an event to the notifications that tell of it, ready to be sent in any SNMP version.

How they are sent, and to whom, is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pdu_agent.mib_impl.schema import MibModule, ObjectType, Told
from pdu_agent.mib_impl.snmpv2 import AUTHENTICATION_FAILURE, SNMP_TRAPS
from pdu_agent.mib_impl.syntax import Oid, Value
from pdu_agent.model.commands import NotificationClass
from pdu_agent.model.events import Event
from pdu_agent.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Notification:
    """oid: the value of snmpTrapOID.0. varbinds: those that come after sysUpTime.0 and
    snmpTrapOID.0. uptime_s: sysUpTime when it was made. module: the name of its MIB module.
    """

    oid: Oid
    varbinds: tuple[tuple[Oid, Value], ...]
    notification_class: NotificationClass
    uptime_s: float
    module: str


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
    """modules: those that have something to tell. uptime_s: seconds since the agent started,
    live.
    """

    def __init__(self, modules: Sequence[MibModule], uptime_s: Callable[[], float]) -> None:
        self._uptime_s = uptime_s
        self._tellers = [(module, _objects(module)) for module in modules if module.telling]

    def of(self, event: Event, snapshot: Snapshot) -> tuple[Notification, ...]:
        """What to send, in this order: nothing for an event that is not told of, or whose
        class is off. snapshot: one that already shows the event.
        """
        found: list[Notification] = []
        for module, objects in self._tellers:
            tell = module.telling.get(type(event))
            found += [
                self._notification(told, module, objects)
                for told in (() if tell is None else tell(event, snapshot))
                if told.type.notification_class in snapshot.notifying
            ]
        return tuple(found)

    def authentication_failure(self, snapshot: Snapshot) -> tuple[Notification, ...]:
        """For a message whose sender is not who it claims to be; nothing if that is off."""
        if NotificationClass.AUTHENTICATION not in snapshot.notifying:
            return ()
        oid = (*SNMP_TRAPS, AUTHENTICATION_FAILURE.number)
        kind = AUTHENTICATION_FAILURE.notification_class
        return (Notification(oid, (), kind, self._uptime_s(), "SNMPv2-MIB"),)

    def _notification(self, told: Told, module: MibModule, objects: _Objects) -> Notification:
        varbinds = []
        names = told.type.objects + told.type.more
        for name, (index, plain) in zip(names, told.values, strict=True):
            oid, declared = objects[name]
            value = declared.encode(plain)
            if value is not None:
                varbinds.append((oid + index, value))
        return Notification(
            (*module.notification_arc, told.type.number),
            tuple(varbinds),
            told.type.notification_class,
            self._uptime_s(),
            module.name,
        )


_Objects = Mapping[str, tuple[Oid, ObjectType[Any]]]


def _objects(module: MibModule) -> _Objects:
    carried = () if module.carried is None else (module.carried,)
    return {
        declared.name: ((*module.arc, *group.base, declared.number), declared)
        for group in (*module.groups, *carried)
        for declared in group.objects
    }
