# SPDX-License-Identifier: Apache-2.0
"""What an outlet does, in the two forms of Sentry3-MIB: outletStatus and outletControlState.

outletStatus is the view from the relay, outletControlState says what was wanted and by whom.
Both show what is pending, so that neither has the old state once a command is accepted.
"""

from __future__ import annotations

from pdu_agent.model.commands import Lock
from pdu_agent.model.snapshot import ChangeReason, Fault, Outlet, OutletState

_STATUS = {
    OutletState.ON: "on",
    OutletState.OFF: "off",
    OutletState.ON_PENDING: "onWait",
    OutletState.OFF_PENDING: "offWait",
    OutletState.REBOOTING: "offWait",
    OutletState.UNKNOWN: "noComm",
}
_FAULTY = {True: "onError", False: "offError", None: "noComm"}

_FUSED = {OutletState.ON: "onFuse", OutletState.OFF: "offFuse"}

_UNDER_WAY = {
    OutletState.ON_PENDING: "pendOn",
    OutletState.OFF_PENDING: "pendOff",
    OutletState.REBOOTING: "reboot",
}
_LOCKED = {True: "lockedOn", False: "lockedOff"}
_COMMANDED = {True: "on", False: "off"}
_IDLE = {True: "idleOn", False: "idleOff"}
_AWAKE = {True: "wakeOn", False: "wakeOff"}
_BY_EVENT = {True: "eventOn", False: "eventOff"}
_BY_REASON = {
    ChangeReason.UNKNOWN: _IDLE,
    ChangeReason.POWER_UP: _AWAKE,
    ChangeReason.LOAD_SHEDDING: _BY_EVENT,
    ChangeReason.THRESHOLD: _BY_EVENT,
    ChangeReason.RULE: _BY_EVENT,
    ChangeReason.OVERCURRENT: _BY_EVENT,
    ChangeReason.OUTAGE: _BY_EVENT,
}
"""Of those that no person or program gave a command for; all others are `_COMMANDED`, and so
is one whose command found nothing to do: labgrid knows no idleOn after an "on".
"""


def outlet_status(outlet: Outlet) -> str:
    """A label of outletStatus. A fault shows what the contact was read back as, a welded relay
    that it is on: outletStatus is what is sensed.
    """
    if outlet.state is OutletState.FAULT:
        return _FAULTY[outlet.relay_closed]
    if outlet.state is OutletState.OFF and Fault.WELDED in outlet.faults:
        return _FAULTY[True]
    if Fault.FUSE in outlet.faults and outlet.state in _FUSED:
        return _FUSED[outlet.state]
    return _STATUS[outlet.state]


def control_state(outlet: Outlet) -> str | None:
    """A label of outletControlState; None while nobody knows whether the outlet is on."""
    by_reason = _BY_REASON.get(outlet.last_reason, _COMMANDED)
    if outlet.is_ordered and by_reason in (_IDLE, _AWAKE):
        by_reason = _COMMANDED
    if outlet.is_shutting_down:
        return "eventShutdown" if by_reason is _BY_EVENT else "shutdown"
    if outlet.state is OutletState.REBOOTING and by_reason is _BY_EVENT:
        return "eventReboot"
    if outlet.state in _UNDER_WAY:
        return _UNDER_WAY[outlet.state]
    if outlet.is_on is None:
        return None
    rests = outlet.state in (OutletState.ON, OutletState.OFF)
    if rests and outlet.lock is not Lock.UNLOCKED:
        return _LOCKED[outlet.is_on]
    return by_reason[outlet.is_on]
