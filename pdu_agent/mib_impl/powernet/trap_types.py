# SPDX-License-Identifier: Apache-2.0
"""The traps of PowerNet-MIB that are sent, and the objects that occur in traps only.

What is sent once in the name of each generation, and what is not sent: docs/mibs.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pdu_agent.mib_impl.powernet.words import Load
from pdu_agent.mib_impl.schema import NotificationType, ObjectType, Scalars, whole
from pdu_agent.mib_impl.syntax import DisplayString, Integer32, Utf8
from pdu_agent.model.commands import NotificationClass
from pdu_agent.model.snapshot import Fault, Snapshot, ThresholdState

CARRIED: Scalars[Snapshot] = Scalars(
    suffix=(2, 3),
    source=whole,
    objects=(
        ObjectType(1, "mtrapargsInteger", Integer32()),
        ObjectType(3, "mtrapargsString", Utf8()),
        ObjectType(6, "mtrapargsInteger02", Integer32()),
        ObjectType(7, "mtrapargsInteger03", Integer32()),
        ObjectType(10, "mtrapargsString02", Utf8()),
        ObjectType(11, "mtrapargsString03", Utf8()),
        ObjectType(16, "mtrapargsString04", DisplayString()),
        ObjectType(18, "mtrapargsInteger04", Integer32()),
    ),
)

_TEXT = "mtrapargsString"
_UNIT = ("rPDUIdentSerialNumber", "rPDUIdentName")
_OUTLET = (*_UNIT, "rPDUOutletControlIndex", "rPDUOutletControlOutletName", _TEXT)
_PHASE_LOAD = (*_UNIT, "rPDULoadStatusPhaseNumber", _TEXT)
_BANK_LOAD = (*_UNIT, "rPDULoadStatusBankNumber", "rPDULoadStatusPhaseNumber", _TEXT)
_OUTLET_LOAD = (*_UNIT, "rPDUOutletStatusIndex", _TEXT)
_SENSOR = (
    "mtrapargsString02",
    "mtrapargsString03",
    "mtrapargsInteger04",
    "mtrapargsInteger",
    "mtrapargsString04",
    _TEXT,
)


_CONDITION = (
    "mtrapargsString02",
    "mtrapargsString03",
    "mtrapargsInteger",
    "mtrapargsInteger02",
    "mtrapargsInteger03",
    _TEXT,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """What is sent when something begins, and when it is over."""

    raised: NotificationType
    cleared: NotificationType


def _spdu(number: int, name: str) -> NotificationType:
    """Real units send the outlet's number and a text in the general objects (recorded)."""
    return NotificationType(
        number,
        name,
        NotificationClass.OUTLET,
        ("sPDUOutletControlIndex",),
        more=("mtrapargsInteger", _TEXT),
    )


def _pair(
    number: int,
    name: str,
    objects: tuple[str, ...],
    kind: NotificationClass = NotificationClass.THRESHOLD,
) -> Pair:
    """A violation and, with the next number, its end."""
    return Pair(
        NotificationType(number, name, kind, objects),
        NotificationType(number + 1, f"{name}Cleared", kind, objects),
    )


OUTLET_ON = _spdu(41, "outletOn")
OUTLET_OFF = _spdu(42, "outletOff")
OUTLET_REBOOT = _spdu(43, "outletReboot")

RPDU_OUTLET_ON = NotificationType(268, "rPDUOutletOn", NotificationClass.OUTLET, _OUTLET)
RPDU_OUTLET_OFF = NotificationType(269, "rPDUOutletOff", NotificationClass.OUTLET, _OUTLET)

COMMUNICATION_ESTABLISHED = NotificationType(
    266, "rPDUCommunicationEstablished", NotificationClass.HARDWARE, (*_UNIT, _TEXT)
)
COMMUNICATION_LOST = NotificationType(
    267, "rPDUCommunicationLost", NotificationClass.HARDWARE, (*_UNIT, _TEXT)
)

DEVICE_CONFIG_CHANGE = NotificationType(
    270, "rPDUDeviceConfigChange", NotificationClass.CONFIGURATION, (*_UNIT, _TEXT)
)
OUTLET_CONFIG_CHANGE = NotificationType(
    271, "rPDUOutletConfigChange", NotificationClass.CONFIGURATION, _OUTLET
)
PHASE_CONFIG_CHANGE = NotificationType(
    282,
    "rPDUPhaseConfigChange",
    NotificationClass.CONFIGURATION,
    (*_UNIT, "rPDULoadPhaseConfigIndex", _TEXT),
)
CANCEL_PENDING = NotificationType(
    283, "rPDUCancelPendingCommand", NotificationClass.COMMAND, _OUTLET
)

SENSOR_CONNECTED = NotificationType(517, "apcEnvSensorConnected", NotificationClass.SENSOR, _SENSOR)
SENSOR_DISCONNECTED = NotificationType(
    518, "apcEnvSensorDisconnected", NotificationClass.SENSOR, _SENSOR
)

BANK_LOADS: Mapping[Load, Pair] = {
    Load.LOW: _pair(222, "rPDUBankPhaseLowLoad", _BANK_LOAD),
    Load.NEAR_OVERLOAD: _pair(224, "rPDUBankPhaseNearOverload", _BANK_LOAD),
    Load.OVERLOAD: _pair(226, "rPDUBankPhaseOverload", _BANK_LOAD),
}
PHASE_LOADS: Mapping[Load, Pair] = {
    Load.LOW: _pair(272, "rPDULowLoad", _PHASE_LOAD),
    Load.NEAR_OVERLOAD: _pair(274, "rPDUNearOverload", _PHASE_LOAD),
    Load.OVERLOAD: _pair(276, "rPDUOverload", _PHASE_LOAD),
}
OUTLET_LOADS: Mapping[Load, Pair] = {
    Load.LOW: _pair(630, "rPDUOutletLowLoad", _OUTLET_LOAD),
    Load.NEAR_OVERLOAD: _pair(632, "rPDUOutletNearOverload", _OUTLET_LOAD),
    Load.OVERLOAD: _pair(634, "rPDUOutletOverload", _OUTLET_LOAD),
}
TEMPERATURES: Mapping[ThresholdState, Pair] = {
    ThresholdState.HIGH_CRITICAL: _pair(519, "apcEnvMaxTempThresholdViolation", _SENSOR),
    ThresholdState.HIGH_WARNING: _pair(521, "apcEnvHighTempThresholdViolation", _SENSOR),
    ThresholdState.LOW_WARNING: _pair(523, "apcEnvLowTempThresholdViolation", _SENSOR),
    ThresholdState.LOW_CRITICAL: _pair(525, "apcEnvMinTempThresholdViolation", _SENSOR),
}
HUMIDITIES: Mapping[ThresholdState, Pair] = {
    ThresholdState.HIGH_CRITICAL: _pair(535, "apcEnvMaxHumidityThresholdViolation", _SENSOR),
    ThresholdState.HIGH_WARNING: _pair(537, "apcEnvHighHumidityThresholdViolation", _SENSOR),
    ThresholdState.LOW_WARNING: _pair(539, "apcEnvLowHumidityThresholdViolation", _SENSOR),
    ThresholdState.LOW_CRITICAL: _pair(541, "apcEnvMinHumidityThresholdViolation", _SENSOR),
}

CRITICAL_CONDITION = _pair(750, "rpduCriticalCondition", _CONDITION, NotificationClass.HARDWARE)
ERROR_NUMBERS: Mapping[Fault, int] = {Fault.WELDED: 1, Fault.FUSE: 2, Fault.RELAY: 3}
"""The vendor's numbers are not known; these are the agent's own."""

NOTIFICATIONS = (
    OUTLET_ON,
    OUTLET_OFF,
    OUTLET_REBOOT,
    RPDU_OUTLET_ON,
    RPDU_OUTLET_OFF,
    COMMUNICATION_ESTABLISHED,
    COMMUNICATION_LOST,
    DEVICE_CONFIG_CHANGE,
    OUTLET_CONFIG_CHANGE,
    PHASE_CONFIG_CHANGE,
    CANCEL_PENDING,
    SENSOR_CONNECTED,
    SENSOR_DISCONNECTED,
    CRITICAL_CONDITION.raised,
    CRITICAL_CONDITION.cleared,
    *(
        kind
        for pairs in (BANK_LOADS, PHASE_LOADS, OUTLET_LOADS, TEMPERATURES, HUMIDITIES)
        for pair in pairs.values()
        for kind in (pair.raised, pair.cleared)
    ),
)
