# SPDX-License-Identifier: Apache-2.0
"""OIDs as values of OPENPDU-MIB: which row something is about, and what kind of thing it is."""

from __future__ import annotations

from typing import Any

from pdu_agent.mib_impl.openpdu import notification_types as types
from pdu_agent.mib_impl.openpdu.branch import BRANCHES
from pdu_agent.mib_impl.openpdu.fan import FANS
from pdu_agent.mib_impl.openpdu.group import GROUPS
from pdu_agent.mib_impl.openpdu.inlet import INLETS
from pdu_agent.mib_impl.openpdu.line import LINES
from pdu_agent.mib_impl.openpdu.outlet import OUTLETS
from pdu_agent.mib_impl.openpdu.sensor import SENSORS
from pdu_agent.mib_impl.openpdu.ups import UPSES
from pdu_agent.mib_impl.schema import Access, NotificationType, Table
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.snapshot import Alarm, EventKind

WHOLE_UNIT: Oid = (0, 0)
"""zeroDotZero: it is about no row."""

COMMAND_ACCEPTED: Oid = (1, 8, 5, 1)
"""opduEventCommandAccepted below openpduMIB: of that there is no notification."""

_TABLES: dict[TargetKind, Table[Any]] = {
    TargetKind.INLET: INLETS,
    TargetKind.BRANCH: BRANCHES,
    TargetKind.OUTLET: OUTLETS,
    TargetKind.SENSOR: SENSORS,
    TargetKind.LINE: LINES,
    TargetKind.RESIDUAL: INLETS,
    TargetKind.FAN: FANS,
    TargetKind.GROUP: GROUPS,
    TargetKind.UPS: UPSES,
}

_NOTIFICATION_OF = {
    EventKind.OUTLET_STATE: types.OUTLET_STATE_CHANGE,
    EventKind.COMMAND_FAILED: types.OUTLET_COMMAND_FAILED,
    EventKind.THRESHOLD_RAISED: types.THRESHOLD_RAISED,
    EventKind.THRESHOLD_CLEARED: types.THRESHOLD_CLEARED,
    EventKind.SENSOR_STATUS: types.SENSOR_STATUS_CHANGE,
    EventKind.HARDWARE_FAULT: types.HARDWARE_FAULT,
    EventKind.HARDWARE_CLEARED: types.HARDWARE_FAULT_CLEARED,
    EventKind.CONFIGURATION: types.CONFIG_CHANGED,
    EventKind.STARTED: types.AGENT_STARTING,
    EventKind.PLAN_RAN: types.PLAN_RAN,
    EventKind.PLAN_SKIPPED: types.PLAN_SKIPPED,
    EventKind.RULE_FIRED: types.RULE_FIRED,
    EventKind.RULE_ENDED: types.RULE_ENDED,
    EventKind.SHED: types.OUTLET_SHED,
    EventKind.RESTORED: types.OUTLET_RESTORED,
    EventKind.TRIPPED: types.OUTLET_TRIPPED,
    EventKind.HOOK_FAILED: types.HOOK_FAILED,
    EventKind.STOP_ENDED: types.STOP_ENDED,
    EventKind.STOP_ABORTED: types.STOP_ABORTED,
    EventKind.RELOADED: types.SETTINGS_RELOADED,
    EventKind.RELOAD_FAILED: types.RELOAD_FAILED,
    EventKind.UPS_CHANGED: types.UPS_CHANGED,
}


def _first_object(table: Table[Any]) -> Oid:
    number = next(o.number for o in table.objects if o.access is not Access.NOT_ACCESSIBLE)
    return (1, *table.base, number)


_FIRST = {kind: _first_object(table) for kind, table in _TABLES.items()}


def source_of(target: Target | None, arc: Oid) -> Oid:
    """A RowPointer. arc: openpduMIB."""
    if target is None or target.kind is TargetKind.UNIT:
        return WHOLE_UNIT
    return (*arc, *_FIRST[target.kind], target.index)


def notification_suffix(kind: NotificationType) -> Oid:
    """Below openpduMIB."""
    return 0, kind.number


def alarm_kind(alarm: Alarm) -> Oid:
    """Below openpduMIB: the notification that told of the alarm."""
    kind = types.HARDWARE_FAULT
    if alarm.crossing is not None:
        kind = types.THRESHOLD_RAISED
    elif is_of_sensor(alarm):
        kind = types.SENSOR_STATUS_CHANGE
    elif is_of_ups(alarm):
        kind = types.UPS_CHANGED
    return notification_suffix(kind)


def is_of_sensor(alarm: Alarm) -> bool:
    """Whether it stands because a sensor gives no values."""
    target = alarm.target
    return alarm.crossing is None and target is not None and target.kind is TargetKind.SENSOR


def is_of_ups(alarm: Alarm) -> bool:
    return alarm.target is not None and alarm.target.kind is TargetKind.UPS


def event_kind(kind: EventKind) -> Oid:
    """Below openpduMIB: the notification that tells of such an event, if there is one."""
    if kind is EventKind.COMMAND_ACCEPTED:
        return COMMAND_ACCEPTED
    return notification_suffix(_NOTIFICATION_OF[kind])
