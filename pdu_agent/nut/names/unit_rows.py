# SPDX-License-Identifier: Apache-2.0
"""The unit as a whole: device.*, ups.*, driver.*, outlet.count and the like."""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.core.outage.supplies import Supply, supplies_of
from pdu_agent.core.settings import DeviceSettings
from pdu_agent.model.commands import Command, ConfigureDevice, DeviceSetting
from pdu_agent.model.snapshot import SensorStatus, Severity, Snapshot
from pdu_agent.model.ups import UpsFlag
from pdu_agent.nut.names.row import MAX_VALUE_OCTETS, Row, Table, Write, octets, shown

MANUFACTURER = "OpenPDU"
NAMES_VERSION = "RFC 9271, NUT 2.8"
"""Which names these are: driver.version.data."""
UPTIME_STEP_S = 60
"""device.uptime counts in such steps, so that a unit at rest has nothing to tell."""


def status(snapshot: Snapshot) -> str:
    """ups.status: what the UPSes that feed the unit say, in the order in which NUT's drivers do.

    On battery as soon as one inlet is: whoever watches the unit must not learn it last.
    """
    supplies = supplies_of(snapshot.upses).values()
    on_battery = [supply for supply in supplies if supply.is_on_battery]
    words = ["ALARM"] if alarm_text(snapshot) else []
    words.append(UpsFlag.ON_BATTERY.value if on_battery else UpsFlag.ON_LINE.value)
    if any(_all_say(supply, UpsFlag.LOW_BATTERY) for supply in on_battery):
        words.append(UpsFlag.LOW_BATTERY.value)
    if any(_all_say(supply, UpsFlag.FORCED_SHUTDOWN) for supply in supplies):
        words.append(UpsFlag.FORCED_SHUTDOWN.value)
    return " ".join(words)


def alarm_text(snapshot: Snapshot) -> str | None:
    """ups.alarm: the critical ones that stand, each in brackets, as many as there is room for."""
    text = ""
    for alarm in snapshot.alarms:
        if alarm.severity is Severity.CRITICAL:
            told = shown(f"{alarm.subject}: {alarm.text}") or alarm.kind
            entry = f"[{told[: MAX_VALUE_OCTETS - 2]}]"
            if text and len(text) + len(entry) + 1 > MAX_VALUE_OCTETS:
                break
            text = f"{text} {entry}".lstrip()
    return text or None


def _all_say(supply: Supply, flag: UpsFlag) -> bool:
    """Several UPSes of one inlet are redundant: it is as well off as the best of them."""
    return all(flag in ups.flags for ups in supply.reachable or supply.upses)


def _configures(setting: DeviceSetting, name: str) -> Write[Snapshot]:
    def command(_: Snapshot, text: str) -> Command:
        return ConfigureDevice(setting, text)

    return Write(command, max_octets=octets(DeviceSettings, name), may_be_empty=True)


def _any_sensor(snapshot: Snapshot) -> str | None:
    if not snapshot.sensors:
        return None
    return (
        "yes" if any(each.status is not SensorStatus.ABSENT for each in snapshot.sensors) else "no"
    )


def _uptime(snapshot: Snapshot) -> str:
    return str(int(snapshot.uptime_s) // UPTIME_STEP_S * UPTIME_STEP_S)


def _switchable(snapshot: Snapshot) -> str:
    return "yes" if any(outlet.switched for outlet in snapshot.outlets) else "no"


def _of_device(read: Callable[[Snapshot], str]) -> Callable[[Snapshot], str | None]:
    return lambda snapshot: shown(read(snapshot))


_MODEL = _of_device(lambda snapshot: snapshot.device.model)
_SERIAL = _of_device(lambda snapshot: snapshot.device.serial_number)
_VERSION = _of_device(lambda snapshot: snapshot.device.software_version)

COUNT: Table[Snapshot] = Table(
    "",
    lambda snapshot: (("", snapshot),),
    (Row("outlet.count", lambda snapshot: str(len(snapshot.outlets)), "outlets of the unit"),),
    needs=lambda _: (),
)
"""Clients look at no outlet without it, so that whoever may read one outlet has it too."""

UNIT: Table[Snapshot] = Table(
    "",
    lambda snapshot: (("", snapshot),),
    (
        Row("device.type", lambda _: "pdu", "always pdu"),
        Row("device.mfr", lambda _: MANUFACTURER, "manufacturer"),
        Row("device.model", _MODEL, "model on the case"),
        Row("device.serial", _SERIAL, "serial number on the case"),
        Row(
            "device.description",
            _of_device(lambda snapshot: snapshot.device.name),
            "name of the unit",
            write=_configures(DeviceSetting.NAME, "name"),
        ),
        Row(
            "device.contact",
            _of_device(lambda snapshot: snapshot.device.contact),
            "who is responsible",
            write=_configures(DeviceSetting.CONTACT, "contact"),
        ),
        Row(
            "device.location",
            _of_device(lambda snapshot: snapshot.device.location),
            "where it stands",
            write=_configures(DeviceSetting.LOCATION, "location"),
        ),
        Row("device.uptime", _uptime, "since the agent started, in whole minutes", "s"),
        Row("ups.status", status, "OL, or OB LB FSD as the feeding UPSes say; ALARM"),
        Row("ups.alarm", alarm_text, "critical alarms that stand"),
        Row("ups.mfr", lambda _: MANUFACTURER, "as device.mfr, for older clients"),
        Row("ups.model", _MODEL, "as device.model, for older clients"),
        Row("ups.serial", _SERIAL, "as device.serial, for older clients"),
        Row("ups.firmware", _VERSION, "version of the agent"),
        Row("outlet.switchable", _switchable, "whether any outlet has a relay"),
        Row(
            "outlet.group.count",
            lambda snapshot: str(len(snapshot.groups)),
            "groups of outlets",
        ),
        Row(
            "ambient.count",
            lambda snapshot: str(len(snapshot.sensors)) if snapshot.sensors else None,
            "sensors",
        ),
        Row("ambient.present", _any_sensor, "no while none of the sensors is there"),
    ),
)
