# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduNotifications: what is sent, and the objects that only occur there.

Number 8 is kept free.
"""

from __future__ import annotations

from pdu_agent.mib_impl.conventions import RowPointer
from pdu_agent.mib_impl.openpdu.words import QUANTITY
from pdu_agent.mib_impl.schema import NotificationType, ObjectType, Scalars
from pdu_agent.mib_impl.syntax import Integer32, Utf8
from pdu_agent.model.commands import NotificationClass

CARRIED: Scalars[None] = Scalars(
    suffix=(12,),
    source=lambda _: None,
    objects=(
        ObjectType(1, "opduNotifySource", RowPointer()),
        ObjectType(2, "opduNotifyQuantity", QUANTITY),
        ObjectType(3, "opduNotifyValue", Integer32()),
        ObjectType(4, "opduNotifyLimit", Integer32()),
        ObjectType(5, "opduNotifyText", Utf8()),
        ObjectType(6, "opduNotifyUser", Utf8()),
    ),
)

_CROSSING = (
    "opduNotifySource",
    "opduNotifyQuantity",
    "opduNotifyValue",
    "opduNotifyLimit",
    "opduThresholdState",
)
_FAULT = ("opduNotifySource", "opduAlarmSeverity", "opduNotifyText")

_PLAN = ("opduPlanName", "opduPlanOutcome")
_RULE = ("opduRuleName", "opduRuleOutcome")
_SHED = ("opduCapName", "opduOutletName", "opduNotifyText")
_STOP = ("opduOutletName", "opduNotifyText")

OUTLET_STATE_CHANGE = NotificationType(
    1,
    "opduOutletStateChange",
    NotificationClass.OUTLET,
    ("opduOutletName", "opduOutletState", "opduOutletLastReason"),
)
OUTLET_COMMAND_FAILED = NotificationType(
    2,
    "opduOutletCommandFailed",
    NotificationClass.COMMAND,
    ("opduOutletName", "opduOutletState", "opduNotifyText"),
)
THRESHOLD_RAISED = NotificationType(
    3, "opduThresholdRaised", NotificationClass.THRESHOLD, _CROSSING
)
THRESHOLD_CLEARED = NotificationType(
    4, "opduThresholdCleared", NotificationClass.THRESHOLD, _CROSSING
)
SENSOR_STATUS_CHANGE = NotificationType(
    5,
    "opduSensorStatusChange",
    NotificationClass.SENSOR,
    ("opduSensorName", "opduSensorStatus"),
)
HARDWARE_FAULT = NotificationType(6, "opduHardwareFault", NotificationClass.HARDWARE, _FAULT)
HARDWARE_FAULT_CLEARED = NotificationType(
    7, "opduHardwareFaultCleared", NotificationClass.HARDWARE, _FAULT
)
PLAN_RAN = NotificationType(9, "opduPlanRan", NotificationClass.AUTOMATION, _PLAN)
OUTLET_SHED = NotificationType(10, "opduOutletShed", NotificationClass.PROTECTION, _SHED)
OUTLET_RESTORED = NotificationType(11, "opduOutletRestored", NotificationClass.PROTECTION, _SHED)
CONFIG_CHANGED = NotificationType(
    12, "opduConfigChanged", NotificationClass.CONFIGURATION, ("opduNotifyUser",)
)
AGENT_STARTING = NotificationType(
    13,
    "opduAgentStarting",
    NotificationClass.START,
    ("opduSysSoftwareVersion", "opduNotifyText"),
)

PLAN_SKIPPED = NotificationType(14, "opduPlanSkipped", NotificationClass.COMMAND, _PLAN)
OUTLET_TRIPPED = NotificationType(
    15,
    "opduOutletTripped",
    NotificationClass.PROTECTION,
    ("opduOutletName", "opduOutletTrip", "opduOutletTripRetries", "opduOutletTripCurrent"),
)
RULE_FIRED = NotificationType(16, "opduRuleFired", NotificationClass.AUTOMATION, _RULE)
RULE_ENDED = NotificationType(17, "opduRuleEnded", NotificationClass.AUTOMATION, _RULE)
HOOK_FAILED = NotificationType(
    18, "opduHookFailed", NotificationClass.COMMAND, ("opduNotifySource", "opduNotifyText")
)
STOP_ENDED = NotificationType(19, "opduStopEnded", NotificationClass.AUTOMATION, _STOP)
STOP_ABORTED = NotificationType(20, "opduStopAborted", NotificationClass.COMMAND, _STOP)
SETTINGS_RELOADED = NotificationType(21, "opduSettingsReloaded", NotificationClass.CONFIGURATION)
RELOAD_FAILED = NotificationType(
    22, "opduReloadFailed", NotificationClass.CONFIGURATION, ("opduNotifyText",)
)
UPS_CHANGED = NotificationType(
    23,
    "opduUpsChanged",
    NotificationClass.UPS,
    ("opduUpsName", "opduUpsFlags", "opduUpsReachable", "opduNotifyText"),
)

NOTIFICATIONS = (
    OUTLET_STATE_CHANGE,
    OUTLET_COMMAND_FAILED,
    THRESHOLD_RAISED,
    THRESHOLD_CLEARED,
    SENSOR_STATUS_CHANGE,
    HARDWARE_FAULT,
    HARDWARE_FAULT_CLEARED,
    CONFIG_CHANGED,
    AGENT_STARTING,
    PLAN_RAN,
    PLAN_SKIPPED,
    RULE_FIRED,
    RULE_ENDED,
    OUTLET_SHED,
    OUTLET_RESTORED,
    OUTLET_TRIPPED,
    HOOK_FAILED,
    STOP_ENDED,
    STOP_ABORTED,
    SETTINGS_RELOADED,
    RELOAD_FAILED,
    UPS_CHANGED,
)
