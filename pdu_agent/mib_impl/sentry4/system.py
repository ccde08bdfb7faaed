# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB st4System, st4Units and st4EventInformation: the unit, alone in its system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.sentry.settings import location_object
from pdu_agent.mib_impl.sentry4.names import UNIT, UNIT_ID
from pdu_agent.mib_impl.sentry4.points import inlets_of
from pdu_agent.mib_impl.sentry4.sensors import sensors_of
from pdu_agent.mib_impl.sentry4.words import DEVICE_STATUS, Status
from pdu_agent.mib_impl.syntax import Bits, DisplayString, Enumerated, Integer32
from pdu_agent.model.commands import ConfigureDevice, DeviceSetting
from pdu_agent.model.snapshot import SensorKind, Snapshot

_THREE_LINES = 3

UNIT_TYPE = Enumerated((0, "primary", "primary"))
UNIT_CAPABILITIES = Bits("dc", "phase3", "wye", "delta")
EVENT_CONDITION = Enumerated((0, "nonError", False), (1, "error", True))


def unit_status(snapshot: Snapshot) -> Status:
    """ALARM while something is wrong with the unit itself, such as a relay board or a source."""
    return Status.ALARM if any(a.target is None for a in snapshot.alarms) else Status.NORMAL


def _uptime(snapshot: Snapshot) -> str:
    minutes, seconds = divmod(int(snapshot.uptime_s), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} hours {minutes} minutes {seconds} seconds"


def _capabilities(snapshot: Snapshot) -> set[str]:
    most = max((inlet.line_count for inlet in snapshot.inlets), default=1)
    return {"phase3"} if most >= _THREE_LINES else set()


def _configures(setting: DeviceSetting) -> Callable[[Snapshot, Any], ConfigureDevice]:
    return lambda _, value: ConfigureDevice(setting, value)


def _sensor_count(number: int, name: str, most: int, kind: SensorKind) -> ObjectType[Snapshot]:
    return ObjectType(number, name, Integer32(0, most), lambda s: len(sensors_of(s, kind)))


SYSTEM: Scalars[Snapshot] = Scalars(
    suffix=(1, 1),
    source=whole,
    objects=(
        ObjectType(1, "st4SystemProductName", DisplayString(0, 63), lambda s: s.device.model),
        location_object(2, "st4SystemLocation", 80),
        ObjectType(
            3,
            "st4SystemFirmwareVersion",
            DisplayString(0, 63),
            lambda s: s.device.software_version,
        ),
        ObjectType(8, "st4SystemUptime", DisplayString(0, 48), _uptime),
        ObjectType(21, "st4SystemUnitCount", Integer32(0, 8), lambda _: 1),
    ),
)

UNITS: Table[Snapshot] = Table(
    suffix=(2, 2),
    name="st4UnitConfigTable",
    index=("st4UnitIndex",),
    rows=lambda snapshot: [((UNIT,), snapshot)],
    objects=(
        ObjectType(1, "st4UnitIndex", Integer32(1, 6)),
        ObjectType(2, "st4UnitID", DisplayString(1, 1), lambda _: UNIT_ID),
        ObjectType(
            3,
            "st4UnitName",
            DisplayString(0, 32),
            lambda s: s.device.name,
            to_command=_configures(DeviceSetting.NAME),
        ),
        ObjectType(4, "st4UnitProductSN", DisplayString(0, 32), lambda s: s.device.serial_number),
        ObjectType(5, "st4UnitModel", DisplayString(0, 32), lambda s: s.device.model),
        ObjectType(
            6,
            "st4UnitAssetTag",
            DisplayString(0, 32),
            lambda s: s.device.asset_tag,
            to_command=_configures(DeviceSetting.ASSET_TAG),
        ),
        ObjectType(7, "st4UnitType", UNIT_TYPE, lambda _: "primary"),
        ObjectType(8, "st4UnitCapabilities", UNIT_CAPABILITIES, _capabilities),
        ObjectType(30, "st4UnitInputCordCount", Integer32(0, 4), lambda s: len(inlets_of(s))),
        _sensor_count(31, "st4UnitTempSensorCount", 2, SensorKind.TEMPERATURE),
        _sensor_count(32, "st4UnitHumidSensorCount", 2, SensorKind.HUMIDITY),
        _sensor_count(33, "st4UnitWaterSensorCount", 1, SensorKind.WATER),
        _sensor_count(34, "st4UnitCcSensorCount", 4, SensorKind.CONTACT),
        ObjectType(35, "st4UnitAdcSensorCount", Integer32(0, 1), lambda _: 0),
        ObjectType(36, "st4UnitFanSensorCount", Integer32(0, 4), lambda _: 0),
    ),
)

UNIT_MONITOR: Table[Snapshot] = Table(
    suffix=(2, 3),
    name="st4UnitMonitorTable",
    index=("st4UnitIndex",),
    rows=lambda snapshot: [((UNIT,), snapshot)],
    objects=(ObjectType(1, "st4UnitStatus", DEVICE_STATUS, unit_status),),
)

# Both have a meaning in notifications only; the MIB text says what a GET finds.
EVENT_INFORMATION: Scalars[Snapshot] = Scalars(
    suffix=(99,),
    source=whole,
    objects=(
        ObjectType(1, "st4EventStatusText", DisplayString(0, 20), lambda _: ""),
        ObjectType(2, "st4EventStatusCondition", EVENT_CONDITION, lambda _: False),
    ),
)
