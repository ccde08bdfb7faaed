# SPDX-License-Identifier: Apache-2.0
"""Settings that a face may change while the agent runs, checked by their declarations.

A change is an Override: it holds as long as the configuration file still has the value it
replaced. Whoever edits the file afterwards means it, so then the file wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import Any, TypeVar

from pdu_agent.core.settings import (
    BranchSettings,
    CoreSettings,
    DeviceSettings,
    InletSettings,
    OutletSettings,
    SensorSettings,
)
from pdu_agent.core.switching.draws import Feeds
from pdu_agent.core.watching.limits import Limits, RowKey, keys_of, limits_of_unit
from pdu_agent.model.commands import Limit, NotificationClass, Target, TargetKind
from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.record import GroupRecord, Override

AnySection = (
    DeviceSettings | InletSettings | BranchSettings | OutletSettings | SensorSettings | Limits
)
Section = TypeVar(
    "Section",
    DeviceSettings,
    InletSettings,
    BranchSettings,
    OutletSettings,
    SensorSettings,
    Limits,
)

_ON, _OFF = "on", "off"
_BETWEEN_LIMITS = ", "


def path_of(section: AnySection, name: str) -> str:
    """The key of a setting in the record, such as "outlet 3 name"."""
    match section:
        case DeviceSettings():
            return f"device {name}"
        case InletSettings():
            return f"inlet {section.number} {name}"
        case BranchSettings():
            return f"branch {section.number} {name}"
        case OutletSettings():
            return f"outlet {section.number} {name}"
        case SensorSettings():
            return f"sensor {section.number} {name}"
        case Limits():
            return f"threshold {section.target} {section.quantity.value} {name}"


def with_overrides(section: Section, overrides: Mapping[str, Override]) -> Section:
    """The section as it stands now: the file's values, or what replaced them."""
    changes: dict[str, Any] = {}
    path = path_of(section, "")  # once: a command for 64 outlets asks for all their settings
    for field in fields(section) if overrides else ():
        override = overrides.get(path + field.name)
        if override is not None:
            base = getattr(section, field.name)
            if override.base == _stored(base):
                changes[field.name] = _restored(base, override.value)
    return replace(section, **changes) if changes else section


def override_for(section: AnySection, name: str, value: object) -> Override:
    """The override that sets `name` of the file's section to `value`.

    Raises InvalidValue naming the setting, the value and what was expected.
    """
    base = getattr(section, name)
    metadata = {field.name: field.metadata for field in fields(section)}[name]
    what = path_of(section, name)
    if isinstance(base, Enum):
        return Override(_checked_choice(what, value, type(base)).value, base.value)
    if isinstance(base, frozenset):
        return Override(_stored_limits(_checked_limits(what, value)), _stored_limits(base))
    if isinstance(base, str):
        return Override(checked_text(what, value, metadata["max_length"]), base)
    number = _checked_number(what, value, metadata["minimum"], metadata["maximum"])
    if isinstance(base, int):
        if number != int(number):
            raise InvalidValue(f"{what}: {value!r} is not a whole number")
        number = int(number)
    return Override(number, base)


def path_of_class(notification_class: NotificationClass) -> str:
    return f"notifications {notification_class.value}"


def override_for_class(enabled: bool) -> Override:
    """Of a class of notifications: all are on until somebody switches them off."""
    return Override(_ON if enabled else _OFF, _ON)


def _stored(value: object) -> object:
    """The form that the record keeps: a number or text."""
    if isinstance(value, frozenset):
        return _stored_limits(value)
    return value.value if isinstance(value, Enum) else value


def _restored(base: object, stored: str | float) -> object:
    if isinstance(base, frozenset):
        return frozenset(Limit(word) for word in str(stored).split(_BETWEEN_LIMITS) if word)
    return type(base)(stored)  # type: ignore[call-arg]


def _stored_limits(limits: frozenset[Limit]) -> str:
    return _BETWEEN_LIMITS.join(limit.value for limit in Limit if limit in limits)


def _checked_limits(what: str, value: object) -> frozenset[Limit]:
    if not isinstance(value, frozenset) or not all(isinstance(item, Limit) for item in value):
        raise InvalidValue(f"{what}: {value!r} is no set of limits")
    return value


def _checked_choice(what: str, value: object, choices: type[Enum]) -> Enum:
    if not isinstance(value, choices):
        raise InvalidValue(
            f"{what}: {value!r} is not one of {', '.join(each.value for each in choices)}"
        )
    return value


def checked_text(what: str, value: object, max_length: int) -> str:
    """`value` if it is printable text of at most max_length octets of UTF-8.

    Raises InvalidValue that begins with `what`.
    """
    if not isinstance(value, str):
        raise InvalidValue(f"{what}: {value!r} is not text")
    if not value.isprintable():  # a lone surrogate is not: such text could not be encoded
        raise InvalidValue(f"{what}: {value!r} has control characters")
    if len(value.encode("utf-8")) > max_length:
        raise InvalidValue(f"{what}: longer than {max_length} octets")
    return value


def _checked_number(what: str, value: object, minimum: float, maximum: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"{what}: {value!r} is not a number")
    if not minimum <= value <= maximum:
        raise InvalidValue(f"{what}: {value} is outside {minimum} to {maximum}")
    return value


class Sections:
    """The sections as the configuration file has them, by number; overrides refer to them."""

    def __init__(self, settings: CoreSettings) -> None:
        self.load(settings)

    def load(self, settings: CoreSettings) -> None:
        """Take what the file says now, for everybody who has this object."""
        self.device = settings.device
        self.inlets = {inlet.number: inlet for inlet in settings.inlets}
        self.lines = {line.number: line for line in settings.lines}
        self.branches = {branch.number: branch for branch in settings.branches}
        self.outlets = {outlet.number: outlet for outlet in settings.outlets}
        self.sensors = {sensor.number: sensor for sensor in settings.sensors}
        self.hooks = settings.hooks
        self.caps = settings.caps
        self.feeds = Feeds.of(settings)
        self.groups = {group.number: group for group in settings.groups}
        self.limits = limits_of_unit(settings)

    def limits_with(self, groups: Mapping[int, GroupRecord]) -> dict[RowKey, Limits]:
        """The file's, and rows without limits for the groups that were made at run time."""
        keys = (key for number in groups for key in keys_of(Target(TargetKind.GROUP, number)))
        return {**self.limits, **{key: Limits(*key) for key in keys}}

    def without_disorder(self, overrides: Mapping[str, Override]) -> dict[str, Override]:
        """The overrides less those of thresholds that the file, edited since, contradicts."""
        dropped = {
            path_of(limits, field.name)
            for limits in self.limits.values()
            if with_overrides(limits, overrides).disorder()
            for field in fields(limits)
        }
        return {path: override for path, override in overrides.items() if path not in dropped}


class LiveSettings:
    """All sections as they stand now; `renew` after the overrides changed."""

    def __init__(
        self,
        sections: Sections,
        overrides: Mapping[str, Override],
        groups: Mapping[int, GroupRecord],
    ) -> None:
        self._sections = sections
        self.renew(overrides, groups)

    def renew(self, overrides: Mapping[str, Override], groups: Mapping[int, GroupRecord]) -> None:
        """groups: those made at run time."""
        file = self.sections = self._sections
        self.hooks = file.hooks
        self.device = with_overrides(file.device, overrides)
        self.inlets = {n: with_overrides(inlet, overrides) for n, inlet in file.inlets.items()}
        self.branches = {n: with_overrides(b, overrides) for n, b in file.branches.items()}
        self.outlets = {n: with_overrides(o, overrides) for n, o in file.outlets.items()}
        self.sensors = {n: with_overrides(s, overrides) for n, s in file.sensors.items()}
        self.limits: dict[RowKey, Limits] = {
            key: with_overrides(limits, overrides)
            for key, limits in file.limits_with(groups).items()
        }
        self.notifying = frozenset(
            each
            for each in NotificationClass
            if (override := overrides.get(path_of_class(each))) is None or override.value == _ON
        )
