# SPDX-License-Identifier: Apache-2.0
"""Textual conventions of Sentry4-MIB: how it names states, and what they come from here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from pdu_agent.mib_impl.syntax import Enumerated
from pdu_agent.model.commands import TemperatureScale
from pdu_agent.model.snapshot import Fault, Faults, Meter, MeterStatus, Threshold, ThresholdState


class State(Enum):
    """DeviceState; a member's value is its label."""

    UNKNOWN = "unknown"
    ON = "on"
    OFF = "off"


class Status(Enum):
    """DeviceStatus, as far as it occurs here; a member's value is its label."""

    NORMAL = "normal"
    DISABLED = "disabled"
    READING = "reading"
    NOT_FOUND = "notFound"
    LOST = "lost"
    READ_ERROR = "readError"
    NO_COMM = "noComm"
    PWR_ERROR = "pwrError"
    FUSE_BLOWN = "fuseBlown"
    LOW_ALARM = "lowAlarm"
    LOW_WARNING = "lowWarning"
    HIGH_WARNING = "highWarning"
    HIGH_ALARM = "highAlarm"
    ALARM = "alarm"


DEVICE_STATE = Enumerated(
    (0, "unknown", State.UNKNOWN),
    (1, "on", State.ON),
    (2, "off", State.OFF),
)

DEVICE_STATUS = Enumerated(
    (0, "normal", Status.NORMAL),
    (1, "disabled", Status.DISABLED),
    (5, "reading", Status.READING),
    (7, "notFound", Status.NOT_FOUND),
    (8, "lost", Status.LOST),
    (9, "readError", Status.READ_ERROR),
    (10, "noComm", Status.NO_COMM),
    (11, "pwrError", Status.PWR_ERROR),
    (13, "fuseBlown", Status.FUSE_BLOWN),
    (14, "lowAlarm", Status.LOW_ALARM),
    (15, "lowWarning", Status.LOW_WARNING),
    (16, "highWarning", Status.HIGH_WARNING),
    (17, "highAlarm", Status.HIGH_ALARM),
    (18, "alarm", Status.ALARM),
)

TEMPERATURE_SCALE = Enumerated(
    (0, "celsius", TemperatureScale.CELSIUS),
    (1, "fahrenheit", TemperatureScale.FAHRENHEIT),
)

OF_CROSSING: Mapping[ThresholdState, Status] = {
    ThresholdState.NORMAL: Status.NORMAL,
    ThresholdState.LOW_CRITICAL: Status.LOW_ALARM,
    ThresholdState.LOW_WARNING: Status.LOW_WARNING,
    ThresholdState.HIGH_WARNING: Status.HIGH_WARNING,
    ThresholdState.HIGH_CRITICAL: Status.HIGH_ALARM,
    ThresholdState.UNKNOWN: Status.NORMAL,
}
"""UNKNOWN goes with a meter or sensor without a value; its own status comes first then."""


OF_FAULT: Mapping[Fault, Status] = {
    Fault.BOARD: Status.NO_COMM,
    Fault.RELAY: Status.PWR_ERROR,
    Fault.WELDED: Status.PWR_ERROR,
    Fault.FUSE: Status.FUSE_BLOWN,
}
"""What comes first is shown where there are several. The MIB would tell a breaker from a fuse,
but nobody here knows which it is.
"""


def fault_status(faults: Faults) -> Status:
    return next((OF_FAULT[fault] for fault in OF_FAULT if fault in faults), Status.NORMAL)


def state_of(is_on: bool | None) -> State:
    """None: nobody knows."""
    if is_on is None:
        return State.UNKNOWN
    return State.ON if is_on else State.OFF


def meter_status(meter: Meter) -> Status:
    """Of a metering point as such, whatever its values are."""
    if meter.status is MeterStatus.OK:
        return Status.NORMAL
    if meter.status is MeterStatus.STALE and meter.sample_wall_s is None:
        return Status.READING
    return silent_status(meter)


def silent_status(meter: Meter) -> Status:
    """Of a metering point that gives no values any more, or never gave one."""
    return Status.NOT_FOUND if meter.sample_wall_s is None else Status.LOST


def value_status(meter: Meter, value: float | None, threshold: Threshold | None) -> Status:
    """Of one quantity: the meter's own, then that of the value and its limits.

    DISABLED is what this meter never measures.
    """
    if meter.status is not MeterStatus.OK:
        return meter_status(meter)
    if value is None:
        return Status.DISABLED
    return Status.NORMAL if threshold is None else OF_CROSSING[threshold.state]
