# SPDX-License-Identifier: Apache-2.0
"""The notifications of Sentry3-MIB that events of this unit lead to.

In each the fourth object is the status that it is about, and the last two say the same in
words, and whether that is an error.
"""

from __future__ import annotations

from pdu_agent.mib_impl.schema import NotificationType
from pdu_agent.model.commands import NotificationClass

STATUS = 3
"""Where the status stands among the objects."""


def _event(
    number: int, name: str, notification_class: NotificationClass, *objects: str
) -> NotificationType:
    framed = ("systemLocation", *objects, "eventStatusText", "eventStatusCondition")
    return NotificationType(number, name, notification_class, framed)


TOWER_STATUS = _event(
    1, "towerStatusEvent", NotificationClass.HARDWARE, "towerID", "towerName", "towerStatus"
)
INFEED_STATUS = _event(
    2, "infeedStatusEvent", NotificationClass.HARDWARE, "infeedID", "infeedName", "infeedStatus"
)
INFEED_LOAD = _event(
    3,
    "infeedLoadEvent",
    NotificationClass.THRESHOLD,
    "infeedID",
    "infeedName",
    "infeedLoadStatus",
    "infeedLoadValue",
    "infeedLoadHighThresh",
)
OUTLET_STATUS = _event(
    4, "outletStatusEvent", NotificationClass.HARDWARE, "outletID", "outletName", "outletStatus"
)
OUTLET_LOAD = _event(
    5,
    "outletLoadEvent",
    NotificationClass.THRESHOLD,
    "outletID",
    "outletName",
    "outletLoadStatus",
    "outletLoadValue",
    "outletLoadLowThresh",
    "outletLoadHighThresh",
)
OUTLET_CHANGE = _event(
    6,
    "outletChangeEvent",
    NotificationClass.OUTLET,
    "outletID",
    "outletName",
    "outletStatus",
    "outletControlState",
)
WATER = _event(
    8,
    "envMonWaterSensorEvent",
    NotificationClass.SENSOR,
    "envMonID",
    "envMonWaterSensorName",
    "envMonWaterSensorStatus",
)
PROBE_STATUS = _event(
    10,
    "tempHumidSensorStatusEvent",
    NotificationClass.SENSOR,
    "tempHumidSensorID",
    "tempHumidSensorName",
    "tempHumidSensorStatus",
)
TEMPERATURE = _event(
    11,
    "tempHumidSensorTempEvent",
    NotificationClass.THRESHOLD,
    "tempHumidSensorID",
    "tempHumidSensorName",
    "tempHumidSensorTempStatus",
    "tempHumidSensorTempValue",
    "tempHumidSensorTempLowThresh",
    "tempHumidSensorTempHighThresh",
    "tempHumidSensorTempScale",
)
HUMIDITY = _event(
    12,
    "tempHumidSensorHumidEvent",
    NotificationClass.THRESHOLD,
    "tempHumidSensorID",
    "tempHumidSensorName",
    "tempHumidSensorHumidStatus",
    "tempHumidSensorHumidValue",
    "tempHumidSensorHumidLowThresh",
    "tempHumidSensorHumidHighThresh",
)
CONTACT = _event(
    13,
    "contactClosureEvent",
    NotificationClass.SENSOR,
    "contactClosureID",
    "contactClosureName",
    "contactClosureStatus",
)
BRANCH_STATUS = _event(
    14, "branchStatusEvent", NotificationClass.HARDWARE, "branchID", "branchName", "branchStatus"
)
BRANCH_LOAD = _event(
    15,
    "branchLoadEvent",
    NotificationClass.THRESHOLD,
    "branchID",
    "branchName",
    "branchLoadStatus",
    "branchLoadValue",
    "branchLoadHighThresh",
)

NOTIFICATIONS = (
    TOWER_STATUS,
    INFEED_STATUS,
    INFEED_LOAD,
    OUTLET_STATUS,
    OUTLET_LOAD,
    OUTLET_CHANGE,
    WATER,
    PROBE_STATUS,
    TEMPERATURE,
    HUMIDITY,
    CONTACT,
    BRANCH_STATUS,
    BRANCH_LOAD,
)
