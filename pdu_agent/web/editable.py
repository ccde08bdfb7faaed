# SPDX-License-Identifier: Apache-2.0
"""What can be set of each kind of thing, as JSON, and the commands that set it.

The ranges are the core's matter: what it refuses is named in its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pdu_agent.model.commands import (
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureDevice,
    ConfigureGroup,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureSensor,
    ConfigureThreshold,
    DeviceSetting,
    EnableNotifications,
    GroupSetting,
    InletSetting,
    Limit,
    NotificationClass,
    OutletSetting,
    OverloadRestriction,
    PowerUp,
    Quantity,
    SensorSetting,
    SetLimit,
    SetMember,
    TemperatureScale,
    ThresholdSetting,
)
from pdu_agent.model.errors import InvalidValue, UnknownTarget
from pdu_agent.model.snapshot import (
    Branch,
    Device,
    Group,
    Inlet,
    Outlet,
    Sensor,
    Snapshot,
    Threshold,
)
from pdu_agent.web.orders import group_number, group_row, outlet_number, outlet_row
from pdu_agent.web.plain import Plain, number

Path = Mapping[str, str]
"""The variable parts of a path."""


@dataclass(frozen=True, slots=True)
class Editable:
    """find: the row that a path means, raises UnknownTarget. settings: all that can be set of it.
    commands: what sets one of them, raises InvalidValue. path: below /api/v1.
    """

    path: str
    find: Callable[[Snapshot, Path], Any]
    settings: Callable[[Any], Plain]
    commands: Callable[[Any, str, Any], Sequence[Command]]


_CHOICES: Mapping[str, type[Enum]] = {
    "power_up": PowerUp,
    "overload_restriction": OverloadRestriction,
    "temperature_scale": TemperatureScale,
}


def _choice(key: str, value: object) -> Any:
    """The member of the enumeration that a word stands for. Raises InvalidValue."""
    choices = _CHOICES.get(key)
    if choices is None:
        return value
    for each in choices:
        if each.value == value:
            return each
    expected = ", ".join(str(each.value) for each in choices)
    raise InvalidValue(f"{key}: expected one of {expected}")


def _numbered(rows: Sequence[Any], kind: str, path: Path) -> Any:
    for row in rows:
        if str(row.index) == path["n"]:
            return row
    raise UnknownTarget(f"there is no {kind} {path['n'][:20]!r}")


# -- outlets ------------------------------------------------------------------------------


def _outlet(row: Outlet) -> Plain:
    plain = {
        setting.value: getattr(
            row.hooks if hasattr(row.hooks, setting.value) else row, setting.value
        )
        for setting in OutletSetting
    }
    return {**plain, "power_up": row.power_up.value, "pulse_s": number(row.pulse_s)}


def _of_outlet(row: Outlet, key: str, value: Any) -> Sequence[Command]:
    return [ConfigureOutlet(row.index, OutletSetting(key), _choice(key, value))]


# -- the unit, inlets, branches, sensors ----------------------------------------------------


def _device(row: Device) -> Plain:
    plain = {setting.value: getattr(row, setting.value) for setting in DeviceSetting}
    return {**plain, "temperature_scale": row.temperature_scale.value}


def _of_device(_row: Device, key: str, value: Any) -> Sequence[Command]:
    return [ConfigureDevice(DeviceSetting(key), _choice(key, value))]


def _inlet(row: Inlet) -> Plain:
    return {
        "name": row.name,
        "rated_current_a": number(row.meter.rated_current_a),
        "nominal_voltage_v": number(row.nominal_voltage_v),
        "overload_restriction": row.overload_restriction.value,
    }


def _of_inlet(row: Inlet, key: str, value: Any) -> Sequence[Command]:
    return [ConfigureInlet(row.index, InletSetting(key), _choice(key, value))]


def _branch(row: Branch) -> Plain:
    return {
        "name": row.name,
        "rated_current_a": number(row.rated_current_a),
        "overload_restriction": row.overload_restriction.value,
    }


def _of_branch(row: Branch, key: str, value: Any) -> Sequence[Command]:
    return [ConfigureBranch(row.index, BranchSetting(key), _choice(key, value))]


def _sensor(row: Sensor) -> Plain:
    return {"name": row.name}


def _of_sensor(row: Sensor, key: str, value: Any) -> Sequence[Command]:
    return [ConfigureSensor(row.index, SensorSetting(key), value)]


# -- groups -------------------------------------------------------------------------------


def group_settings(row: Group) -> Plain:
    return {"name": row.name, "outlets": list(row.members)}


def of_group(row: Group, key: str, value: Any) -> Sequence[Command]:
    if key == "name":
        return [ConfigureGroup(row.index, GroupSetting.NAME, value)]
    wanted, present = _members(value), set(row.members)
    return [
        *(SetMember(row.index, outlet, True) for outlet in wanted if outlet not in present),
        *(SetMember(row.index, outlet, False) for outlet in row.members if outlet not in wanted),
    ]


def _members(value: object) -> list[int]:
    """Raises InvalidValue."""
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        raise InvalidValue("outlets: expected a list of outlet numbers")
    return list(dict.fromkeys(value))


# -- thresholds ---------------------------------------------------------------------------

_LIMITS = {limit.name.lower(): limit for limit in Limit}


def _find_threshold(snapshot: Snapshot, path: Path) -> Threshold:
    for row in snapshot.thresholds:
        words = (row.target.kind.value, str(row.target.index), quantity_word(row.quantity))
        if words == (path["kind"], path["n"], path["quantity"]):
            return row
    thing = f"{path['kind'][:20]} {path['n'][:20]}"
    raise UnknownTarget(f"{thing} has no threshold for {path['quantity'][:30]}")


def quantity_word(quantity: Quantity) -> str:
    """As it stands in a path."""
    return quantity.value.replace(" ", "_")


def _threshold(row: Threshold) -> Plain:
    limits = {
        key: number(getattr(row, key)) if limit in row.enabled else None
        for key, limit in _LIMITS.items()
    }
    return {**limits, "hysteresis": number(row.hysteresis), "delay_s": number(row.delay_s)}


def _of_threshold(row: Threshold, key: str, value: Any) -> Sequence[Command]:
    if key in _LIMITS:
        return [SetLimit(row.target, row.quantity, _LIMITS[key], value)]
    return [ConfigureThreshold(row.target, row.quantity, ThresholdSetting(key), value)]


# -- notifications --------------------------------------------------------------------------


def _notifications(row: frozenset[NotificationClass]) -> Plain:
    return {each.value: each in row for each in NotificationClass}


def _of_notifications(
    _row: frozenset[NotificationClass], key: str, value: Any
) -> Sequence[Command]:
    if not isinstance(value, bool):
        raise InvalidValue(f"{key}: expected true or false")
    return [EnableNotifications(NotificationClass(key), value)]


EDITABLES = (
    Editable("device", lambda snapshot, _: snapshot.device, _device, _of_device),
    Editable(
        "outlets/{n}",
        lambda snapshot, path: outlet_row(snapshot, outlet_number(path["n"])),
        _outlet,
        _of_outlet,
    ),
    Editable(
        "inlets/{n}",
        lambda snapshot, path: _numbered(snapshot.inlets, "inlet", path),
        _inlet,
        _of_inlet,
    ),
    Editable(
        "branches/{n}",
        lambda snapshot, path: _numbered(snapshot.branches, "branch", path),
        _branch,
        _of_branch,
    ),
    Editable(
        "sensors/{n}",
        lambda snapshot, path: _numbered(snapshot.sensors, "sensor", path),
        _sensor,
        _of_sensor,
    ),
    Editable(
        "groups/{n}",
        lambda snapshot, path: group_row(snapshot, group_number(path["n"])),
        group_settings,
        of_group,
    ),
    Editable("thresholds/{kind}/{n}/{quantity}", _find_threshold, _threshold, _of_threshold),
    Editable(
        "notifications",
        lambda snapshot, _: snapshot.notifying,
        _notifications,
        _of_notifications,
    ),
)
