# SPDX-License-Identifier: Apache-2.0
"""Textual conventions of OPENPDU-MIB: its own numbers for the words of the model."""

from __future__ import annotations

from pdu_agent.mib_impl.syntax import Enumerated, Special, Unsigned32
from pdu_agent.model.commands import Action, Reset
from pdu_agent.model.snapshot import ChangeReason, MeterStatus, OutletState

INLET_NUMBER = Unsigned32(1, 8)
OUTLET_NUMBER = Unsigned32(1, 255)

SWITCH_COMMAND = Enumerated(
    (1, "on", Action.ON),
    (2, "off", Action.OFF),
    (3, "reboot", Action.REBOOT),
    (4, "delayedOn", Action.ON_DELAYED),
    (5, "delayedOff", Action.OFF_DELAYED),
    (6, "delayedReboot", Action.REBOOT_DELAYED),
    (7, "cancel", Action.CANCEL),
    (8, "none", Special.NONE),
)

SWITCH_STATE = Enumerated(
    (1, "on", OutletState.ON),
    (2, "off", OutletState.OFF),
    (3, "onPending", OutletState.ON_PENDING),
    (4, "offPending", OutletState.OFF_PENDING),
    (5, "rebooting", OutletState.REBOOTING),
    (6, "fault", OutletState.FAULT),
    (7, "unknown", OutletState.UNKNOWN),
)

CHANGE_REASON = Enumerated(
    (1, "unknown", ChangeReason.UNKNOWN),
    (2, "powerUp", ChangeReason.POWER_UP),
    (3, "snmp", ChangeReason.SNMP),
    (4, "web", ChangeReason.WEB),
    (5, "schedule", ChangeReason.SCHEDULE),
    (6, "loadShedding", ChangeReason.LOAD_SHEDDING),
    (7, "threshold", ChangeReason.THRESHOLD),
    (8, "nut", ChangeReason.NUT),
    (9, "local", ChangeReason.LOCAL),
    (10, "other", ChangeReason.OTHER),
)

METERING_STATUS = Enumerated(
    (1, "ok", MeterStatus.OK),
    (2, "stale", MeterStatus.STALE),
    (3, "fault", MeterStatus.FAULT),
)

RESET_ACTION = Enumerated(
    (1, "none", Special.NONE),
    (2, "energy", Reset.ENERGY),
    (3, "peak", Reset.PEAK),
    (4, "all", Reset.ALL),
)
