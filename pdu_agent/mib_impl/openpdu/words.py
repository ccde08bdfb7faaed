# SPDX-License-Identifier: Apache-2.0
"""Textual conventions of OPENPDU-MIB: its own numbers for the words of the model."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from pdu_agent.mib_impl.syntax import Bits, Enumerated, Special, Unsigned32
from pdu_agent.model.commands import (
    Action,
    OverloadRestriction,
    Quantity,
    Reset,
    TargetKind,
)
from pdu_agent.model.control import TripState
from pdu_agent.model.quantities import Quality
from pdu_agent.model.snapshot import (
    ChangeReason,
    Fault,
    MeterStatus,
    OutletState,
    Severity,
    ThresholdState,
    Verdict,
)

INLET_NUMBER = Unsigned32(1, 8)
BRANCH_NUMBER = Unsigned32(1, 255)
LINE_NUMBER = Unsigned32(1, 255)
OUTLET_NUMBER = Unsigned32(1, 255)
GROUP_NUMBER = Unsigned32(1, 255)
ENTRY_NUMBER = Unsigned32(1, 65_535)
RATED_CURRENT = Unsigned32(100, 1_000_000, scale=1000)

LINE = Enumerated(
    (1, "l1", "l1"),
    (2, "l2", "l2"),
    (3, "l3", "l3"),
    (4, "l1l2", "l1l2"),
    (5, "l2l3", "l2l3"),
    (6, "l3l1", "l3l1"),
    (7, "unknown", "unknown"),
)


class Forced(Enum):
    """Commands that wait for nothing."""

    OFF = Action.OFF
    REBOOT = Action.REBOOT


SWITCH_COMMAND = Enumerated(
    (1, "on", Action.ON),
    (2, "off", Action.OFF),
    (3, "reboot", Action.REBOOT),
    (4, "delayedOn", Action.ON_DELAYED),
    (5, "delayedOff", Action.OFF_DELAYED),
    (6, "delayedReboot", Action.REBOOT_DELAYED),
    (7, "cancel", Action.CANCEL),
    (8, "none", Special.NONE),
    (9, "offNow", Forced.OFF),
    (10, "rebootNow", Forced.REBOOT),
)


def action_of(wanted: Action | Forced) -> Action:
    """What a SET of SWITCH_COMMAND asks for, forced or not."""
    return wanted.value if isinstance(wanted, Forced) else wanted


def number_list(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))


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
    (11, "rule", ChangeReason.RULE),
    (12, "overcurrent", ChangeReason.OVERCURRENT),
    (13, "outage", ChangeReason.OUTAGE),
)

METERING_STATUS = Enumerated(
    (1, "ok", MeterStatus.OK),
    (2, "stale", MeterStatus.STALE),
    (3, "fault", MeterStatus.FAULT),
    (4, "clipped", Quality.CLIPPED),
)

RESET_ACTION = Enumerated(
    (1, "none", Special.NONE),
    (2, "energy", Reset.ENERGY),
    (3, "peak", Reset.PEAK),
    (4, "all", Reset.ALL),
    (5, "peakPower", Reset.PEAK_POWER),
    (6, "peakCurrent", Reset.PEAK_CURRENT),
)

OVERLOAD_RESTRICTION = Enumerated(
    (1, "none", OverloadRestriction.NONE),
    (2, "nearOverload", OverloadRestriction.NEAR_OVERLOAD),
    (3, "overload", OverloadRestriction.OVERLOAD),
)

TARGET_KIND = Enumerated(
    (1, "inlet", TargetKind.INLET),
    (2, "branch", TargetKind.BRANCH),
    (3, "outlet", TargetKind.OUTLET),
    (4, "sensor", TargetKind.SENSOR),
    (5, "group", TargetKind.GROUP),
    (6, "unit", TargetKind.UNIT),
    (7, "line", TargetKind.LINE),
    (8, "residual", TargetKind.RESIDUAL),
    (9, "fan", TargetKind.FAN),
    (10, "ups", TargetKind.UPS),
)

QUANTITY = Enumerated(
    (1, "voltage", Quantity.VOLTAGE),
    (2, "rmsCurrent", Quantity.CURRENT),
    (3, "activePower", Quantity.ACTIVE_POWER),
    (4, "apparentPower", Quantity.APPARENT_POWER),
    (5, "powerFactor", Quantity.POWER_FACTOR),
    (6, "frequency", Quantity.FREQUENCY),
    (7, "energy", Quantity.ENERGY),
    (8, "temperature", Quantity.TEMPERATURE),
    (9, "humidity", Quantity.HUMIDITY),
    (10, "residualCurrent", Quantity.RESIDUAL_CURRENT),
    (11, "imbalance", Quantity.IMBALANCE),
    (12, "demand", Quantity.DEMAND),
    (13, "pressure", Quantity.PRESSURE),
)

_SCALES = {
    Quantity.ENERGY: 1,
    Quantity.TEMPERATURE: 10,
    Quantity.HUMIDITY: 10,
    Quantity.IMBALANCE: 10,
    Quantity.PRESSURE: 10,
}


def scale_of(quantity: Quantity) -> int:
    """What a value of the model is multiplied with where its row or its message tells the unit."""
    return _SCALES.get(quantity, 1000)


LIMIT_STATE = Enumerated(
    (1, "normal", ThresholdState.NORMAL),
    (2, "lowCritical", ThresholdState.LOW_CRITICAL),
    (3, "lowWarning", ThresholdState.LOW_WARNING),
    (4, "highWarning", ThresholdState.HIGH_WARNING),
    (5, "highCritical", ThresholdState.HIGH_CRITICAL),
    (6, "unknown", ThresholdState.UNKNOWN),
)

SEVERITY = Enumerated(
    (1, "info", Severity.INFO),
    (2, "warning", Severity.WARNING),
    (3, "critical", Severity.CRITICAL),
)

VERDICT = Enumerated(
    (1, "verified", Verdict.VERIFIED),
    (2, "commandedOnly", Verdict.COMMANDED_ONLY),
    (3, "contradicted", Verdict.CONTRADICTED),
)
ON_OFF = Enumerated((1, "on", True), (2, "off", False))

TRIP_STATE = Enumerated(
    (1, "none", TripState.NONE),
    (2, "retrying", TripState.RETRYING),
    (3, "latched", TripState.LATCHED),
)

FAULTS = Bits("welded", "openFuse", "relay", "board")
_FAULT_LABELS = {
    Fault.WELDED: "welded",
    Fault.FUSE: "openFuse",
    Fault.RELAY: "relay",
    Fault.BOARD: "board",
}


def fault_labels(faults: Iterable[Fault]) -> set[str]:
    """Labels of FAULTS."""
    return {_FAULT_LABELS[fault] for fault in faults}
