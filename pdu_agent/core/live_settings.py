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
    CoreSettings,
    DeviceSettings,
    InletSettings,
    OutletSettings,
)
from pdu_agent.model.commands import PowerUp
from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.record import Override

Section = TypeVar("Section", DeviceSettings, InletSettings, OutletSettings)


def path_of(section: DeviceSettings | InletSettings | OutletSettings, name: str) -> str:
    """The key of a setting in the record, such as "outlet 3 name"."""
    if isinstance(section, DeviceSettings):
        return f"device {name}"
    kind = "inlet" if isinstance(section, InletSettings) else "outlet"
    return f"{kind} {section.number} {name}"


def with_overrides(section: Section, overrides: Mapping[str, Override]) -> Section:
    """The section as it stands now: the file's values, or what replaced them."""
    changes: dict[str, Any] = {}
    for field in fields(section):
        base = getattr(section, field.name)
        override = overrides.get(path_of(section, field.name))
        if override is not None and override.base == _plain(base):
            changes[field.name] = type(base)(override.value)
    return replace(section, **changes) if changes else section


def override_for(
    section: DeviceSettings | InletSettings | OutletSettings, name: str, value: object
) -> Override:
    """The override that sets `name` of the file's section to `value`.

    Raises InvalidValue naming the setting, the value and what was expected.
    """
    base = getattr(section, name)
    metadata = _metadata(type(section))[name]
    what = path_of(section, name)
    if isinstance(base, PowerUp):
        if not isinstance(value, PowerUp):
            raise InvalidValue(f"{what}: {value!r} is not one of on, off, last")
        return Override(value.value, base.value)
    if isinstance(base, str):
        return Override(_checked_text(what, value, metadata["max_length"]), base)
    number = _checked_number(what, value, metadata["minimum"], metadata["maximum"])
    if isinstance(base, int):
        if number != int(number):
            raise InvalidValue(f"{what}: {value!r} is not a whole number")
        number = int(number)
    return Override(number, base)


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def _metadata(section: type[DeviceSettings | InletSettings | OutletSettings]) -> dict[str, Any]:
    return {field.name: field.metadata for field in fields(section)}


def _checked_text(what: str, value: object, max_length: int) -> str:
    if not isinstance(value, str):
        raise InvalidValue(f"{what}: {value!r} is not text")
    if len(value.encode("utf-8")) > max_length:
        raise InvalidValue(f"{what}: longer than {max_length} octets")
    if not value.isprintable():
        raise InvalidValue(f"{what}: {value!r} has control characters")
    return value


def _checked_number(what: str, value: object, minimum: float, maximum: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"{what}: {value!r} is not a number")
    if not minimum <= value <= maximum:
        raise InvalidValue(f"{what}: {value} is outside {minimum} to {maximum}")
    return value


class LiveSettings:
    """All sections as they stand now; `renew` after the overrides changed."""

    def __init__(self, settings: CoreSettings, overrides: Mapping[str, Override]) -> None:
        self._settings = settings
        self.renew(overrides)

    def renew(self, overrides: Mapping[str, Override]) -> None:
        self.device = with_overrides(self._settings.device, overrides)
        self.inlets = tuple(with_overrides(i, overrides) for i in self._settings.inlets)
        self.outlets = {o.number: with_overrides(o, overrides) for o in self._settings.outlets}
