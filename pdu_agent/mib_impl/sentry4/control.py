# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB st4Outlets: the state of an outlet, how it came about, and switching it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.sentry4.names import part_index
from pdu_agent.mib_impl.sentry4.outlet import OUTLET_INDEX
from pdu_agent.mib_impl.sentry4.points import outlets_of
from pdu_agent.mib_impl.sentry4.words import (
    DEVICE_STATE,
    DEVICE_STATUS,
    Status,
    fault_status,
    state_of,
)
from pdu_agent.mib_impl.syntax import Enumerated, Oid, Special
from pdu_agent.model.commands import Action, Lock, SwitchOutlet
from pdu_agent.model.snapshot import ChangeReason, Outlet, OutletState, Snapshot


class Control(Enum):
    """st4OutletControlState, as far as it occurs here."""

    NOT_SET = "notSet"
    FIXED_ON = "fixedOn"
    IDLE_OFF = "idleOff"
    IDLE_ON = "idleOn"
    WAKE_OFF = "wakeOff"
    WAKE_ON = "wakeOn"
    PEND_ON = "pendOn"
    PEND_OFF = "pendOff"
    OFF = "off"
    ON = "on"
    REBOOT = "reboot"
    LOCKED_OFF = "lockedOff"
    LOCKED_ON = "lockedOn"
    EVENT_OFF = "eventOff"
    EVENT_ON = "eventOn"
    EVENT_REBOOT = "eventReboot"
    SHUTDOWN = "shutdown"
    EVENT_SHUTDOWN = "eventShutdown"


CONTROL_STATE = Enumerated(
    (0, "notSet", Control.NOT_SET),
    (1, "fixedOn", Control.FIXED_ON),
    (2, "idleOff", Control.IDLE_OFF),
    (3, "idleOn", Control.IDLE_ON),
    (4, "wakeOff", Control.WAKE_OFF),
    (5, "wakeOn", Control.WAKE_ON),
    (8, "pendOn", Control.PEND_ON),
    (9, "pendOff", Control.PEND_OFF),
    (10, "off", Control.OFF),
    (11, "on", Control.ON),
    (12, "reboot", Control.REBOOT),
    (13, "shutdown", Control.SHUTDOWN),
    (14, "lockedOff", Control.LOCKED_OFF),
    (15, "lockedOn", Control.LOCKED_ON),
    (16, "eventOff", Control.EVENT_OFF),
    (17, "eventOn", Control.EVENT_ON),
    (18, "eventReboot", Control.EVENT_REBOOT),
    (19, "eventShutdown", Control.EVENT_SHUTDOWN),
)

# Without queueOn(4), queueOff(5) and queueReboot(6): the core keeps no queue that a manager
# fills and commits, so they are wrongValue.
CONTROL_ACTION = Enumerated(
    (0, "none", Special.NONE),
    (1, "on", Action.ON),
    (2, "off", Action.OFF),
    (3, "reboot", Action.REBOOT),
)

_EVENTS = (
    ChangeReason.LOAD_SHEDDING,
    ChangeReason.THRESHOLD,
    ChangeReason.RULE,
    ChangeReason.OVERCURRENT,
    ChangeReason.OUTAGE,
)
_IDLE = (Control.IDLE_OFF, Control.IDLE_ON)
_AWAKE = (Control.WAKE_OFF, Control.WAKE_ON)
_SIDES = {
    ChangeReason.UNKNOWN: _IDLE,
    ChangeReason.POWER_UP: _AWAKE,
    **dict.fromkeys(_EVENTS, (Control.EVENT_OFF, Control.EVENT_ON)),
}
_COMMANDED = (Control.OFF, Control.ON)
_LOCKED = (Control.LOCKED_OFF, Control.LOCKED_ON)

_STATUS = {
    OutletState.FAULT: Status.PWR_ERROR,
    OutletState.UNKNOWN: Status.NO_COMM,
}


def control_state(outlet: Outlet) -> Control:
    """What is under way; if nothing is, who left the outlet as it is.

    On or off is always that of st4OutletState, so a locked outlet that its relay betrayed
    shows what it is.
    """
    if not outlet.switched:
        return Control.FIXED_ON
    by_event = outlet.last_reason in _EVENTS
    if outlet.is_shutting_down:
        return Control.EVENT_SHUTDOWN if by_event else Control.SHUTDOWN
    match outlet.state:
        case OutletState.ON_PENDING:
            return Control.PEND_ON
        case OutletState.OFF_PENDING:
            return Control.PEND_OFF
        case OutletState.REBOOTING:
            return Control.EVENT_REBOOT if by_event else Control.REBOOT
    if outlet.is_on is None:
        return Control.NOT_SET
    if outlet.lock is not Lock.UNLOCKED:
        return _LOCKED[outlet.is_on]
    sides = _SIDES.get(outlet.last_reason, _COMMANDED)
    if outlet.is_ordered and sides in (_IDLE, _AWAKE):
        sides = _COMMANDED  # by a command that found nothing to do
    return sides[outlet.is_on]


def outlet_status(outlet: Outlet) -> Status:
    """PWR_ERROR: the relay is not where it was sent; NO_COMM: its board does not answer."""
    return _STATUS.get(outlet.state) or fault_status(outlet.faults)


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Outlet]]:
    for outlet in outlets_of(snapshot):
        yield part_index(outlet.inlet, outlet.index), outlet


OUTLET_STATES: Table[Outlet] = Table(
    suffix=(8, 3),
    name="st4OutletMonitorTable",
    index=OUTLET_INDEX,
    rows=_rows,
    outlet=lambda outlet: outlet.index,
    objects=(
        ObjectType(1, "st4OutletState", DEVICE_STATE, lambda outlet: state_of(outlet.is_on)),
        ObjectType(2, "st4OutletStatus", DEVICE_STATUS, outlet_status),
    ),
)

OUTLET_CONTROL: Table[Outlet] = Table(
    suffix=(8, 5),
    name="st4OutletControlTable",
    index=OUTLET_INDEX,
    rows=_rows,
    outlet=lambda outlet: outlet.index,
    objects=(
        ObjectType(1, "st4OutletControlState", CONTROL_STATE, control_state),
        ObjectType(
            2,
            "st4OutletControlAction",
            CONTROL_ACTION,
            lambda _: Special.NONE,
            to_command=lambda outlet, action: SwitchOutlet(outlet.index, action),
            needs=Rights.SWITCH,
        ),
    ),
)

CONTROL_GROUPS = (OUTLET_STATES, OUTLET_CONTROL)
