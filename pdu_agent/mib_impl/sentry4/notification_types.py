# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB st4Events: what is sent, and with which objects.

Left out are those of which nothing is known here: 6 (balance between lines), 19 (limits of
an outlet's power factor), 24 and 25 (sensors that there are none of).
"""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.mib_impl.schema import NotificationType
from pdu_agent.model.commands import NotificationClass

_FIRST = "st4SystemLocation"
_LAST = ("st4EventStatusText", "st4EventStatusCondition")


def _type(
    number: int, name: str, notification_class: NotificationClass, *objects: str
) -> NotificationType:
    """The objects of all begin and end alike."""
    return NotificationType(number, name, notification_class, (_FIRST, *objects, *_LAST))


def _status(number: int, part: str, label: str = "Label") -> NotificationType:
    """Of a part that is on or off, and works or does not."""
    return _type(
        number,
        f"{part}StatusEvent",
        NotificationClass.HARDWARE,
        f"{part}ID",
        f"{part}{label}",
        f"{part}State",
        f"{part}Status",
    )


def _value(number: int, part: str, quantity: str, label: str = "Label") -> NotificationType:
    """Of a value that passed a limit, or came back."""
    return _type(
        number,
        f"{part}{quantity}Event",
        NotificationClass.THRESHOLD,
        f"{part}ID",
        f"{part}{label}",
        f"{part}{quantity}",
        f"{part}{quantity}Status",
    )


def _sensor(number: int, part: str, event: str, *objects: str) -> NotificationType:
    objects = tuple(part + each for each in ("ID", "Name", *objects))
    return _type(number, part + event, NotificationClass.SENSOR, *objects)


_HARDWARE = NotificationClass.HARDWARE

UNIT_STATUS = _type(1, "st4UnitStatusEvent", _HARDWARE, "st4UnitID", "st4UnitName", "st4UnitStatus")
CORD_STATUS = _status(2, "st4InputCord", "Name")
CORD_ACTIVE_POWER = _value(3, "st4InputCord", "ActivePower", "Name")
CORD_APPARENT_POWER = _value(4, "st4InputCord", "ApparentPower", "Name")
CORD_POWER_FACTOR = _value(5, "st4InputCord", "PowerFactor", "Name")
LINE_STATUS = _status(7, "st4Line")
LINE_CURRENT = _value(8, "st4Line", "Current")
PHASE_STATUS = _status(9, "st4Phase")
PHASE_VOLTAGE = _value(10, "st4Phase", "Voltage")
PHASE_POWER_FACTOR = _value(11, "st4Phase", "PowerFactor")
OCP_STATUS = _type(12, "st4OcpStatusEvent", _HARDWARE, "st4OcpID", "st4OcpLabel", "st4OcpStatus")
BRANCH_STATUS = _status(13, "st4Branch")
BRANCH_CURRENT = _value(14, "st4Branch", "Current")

_OUTLET = (
    "st4OutletID",
    "st4OutletName",
    "st4OutletState",
    "st4OutletStatus",
    "st4OutletControlState",
)
OUTLET_STATUS = _type(15, "st4OutletStatusEvent", _HARDWARE, *_OUTLET)
OUTLET_CHANGE = _type(16, "st4OutletStateChangeEvent", NotificationClass.OUTLET, *_OUTLET)
OUTLET_CURRENT = _value(17, "st4Outlet", "Current", "Name")
OUTLET_ACTIVE_POWER = _value(18, "st4Outlet", "ActivePower", "Name")

TEMPERATURE = _sensor(20, "st4TempSensor", "Event", "Value", "Status", "Scale")
HUMIDITY = _sensor(21, "st4HumidSensor", "Event", "Value", "Status")
WATER = _sensor(22, "st4WaterSensor", "StatusEvent", "Status")
CONTACT = _sensor(23, "st4CcSensor", "StatusEvent", "Status")

# The same notifications, when it is a limit that was passed: another class switches them.
TEMPERATURE_CROSSED = replace(TEMPERATURE, notification_class=NotificationClass.THRESHOLD)
HUMIDITY_CROSSED = replace(HUMIDITY, notification_class=NotificationClass.THRESHOLD)

NOTIFICATIONS = (
    UNIT_STATUS,
    CORD_STATUS,
    CORD_ACTIVE_POWER,
    CORD_APPARENT_POWER,
    CORD_POWER_FACTOR,
    LINE_STATUS,
    LINE_CURRENT,
    PHASE_STATUS,
    PHASE_VOLTAGE,
    PHASE_POWER_FACTOR,
    OCP_STATUS,
    BRANCH_STATUS,
    BRANCH_CURRENT,
    OUTLET_STATUS,
    OUTLET_CHANGE,
    OUTLET_CURRENT,
    OUTLET_ACTIVE_POWER,
    TEMPERATURE,
    HUMIDITY,
    WATER,
    CONTACT,
)
