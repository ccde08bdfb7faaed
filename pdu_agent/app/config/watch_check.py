# SPDX-License-Identifier: Apache-2.0
"""Contradictions in `groups`, `sensors` and `thresholds`, and with what they refer to."""

from __future__ import annotations

from typing import Any

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems
from pdu_agent.core.settings import (
    CoreSettings,
    DeviceSettings,
    InletSettings,
)
from pdu_agent.core.watching.limits import limits_from, limits_of_unit
from pdu_agent.model.commands import Quantity, Target, TargetKind


def watch_check(checker: Checker, problems: Problems) -> None:
    """Report them; works on whatever `checker` could read."""
    for path, text in (*_groups(checker), *_sensors(checker), *_thresholds(checker)):
        problems.error(checker.place(path), f"{path}: {text}")


def _groups(checker: Checker) -> list[tuple[str, str]]:
    outlets = {number for _, number in checker.found("outlets#.number")}
    found = []
    for path, group in checker.found("groups#"):
        for position, outlet in enumerate(group.outlets):
            where = f"{path}.outlets[{position}]"
            if outlet not in outlets:
                found.append((where, f"there is no outlet {outlet}"))
            elif outlet in group.outlets[:position]:
                found.append((where, f"outlet {outlet} is named twice"))
    return found


def _sensors(checker: Checker) -> list[tuple[str, str]]:
    found = []
    for path, sensor in checker.found("sensors#"):
        interval_s = getattr(sensor.options, "interval_s", 0.0)
        kinds = getattr(sensor.options, "kinds", None)
        if sensor.stale_after_s <= interval_s:
            text = f"{sensor.stale_after_s:g} does not exceed interval_s, {interval_s:g}"
            found.append((f"{path}.stale_after_s", text))
        if kinds is not None and sensor.kind not in kinds:
            known = ", ".join(kind.value for kind in kinds)
            text = f"driver {sensor.driver} gives no {sensor.kind.value}; expected one of {known}"
            found.append((f"{path}.kind", text))
    return found


def _thresholds(checker: Checker) -> list[tuple[str, str]]:
    watchable = Watchable(checker)
    first: dict[tuple[Target, Quantity], str] = {}
    found = []
    for path, entry in checker.found("thresholds#"):
        key = entry.target, entry.quantity
        text = watchable.misfit(*key) or limits_from(entry).disorder()
        if key in first:
            place = checker.place(first[key])
            text = f"{entry.target} {entry.quantity.value} comes twice; the first is at {place}"
        if text:
            found.append((path, text))
        first.setdefault(key, path)
    return found


def _unit(checker: Checker) -> CoreSettings:
    """As much of the unit as decides what can be watched."""

    def entries(pattern: str) -> tuple[Any, ...]:
        return tuple(value for _, value in checker.found(pattern))

    points = {*entries("meters#.currents#.feeds"), *entries("meters#.channels.[^.]+")}
    points |= {Target(TargetKind.RESIDUAL, n) for n in entries("meters#.residuals#.inlet")}
    return CoreSettings(
        DeviceSettings(),
        entries("inlets#") or (InletSettings(),),
        entries("outlets#"),
        {str(target): 0.0 for target in points},
        sensors=entries("sensors#"),
        branches=entries("branches#"),
        lines=entries("lines#"),
        groups=entries("groups#"),
    )


class Watchable:
    """What of the unit has values that can be watched, as far as the file could be read."""

    def __init__(self, checker: Checker) -> None:
        self.unit = _unit(checker)
        self._known: dict[Target, list[Quantity]] = {}
        for target, quantity in limits_of_unit(self.unit):
            self._known.setdefault(target, []).append(quantity)
        self._sensors = {number for _, number in checker.found("sensors#.number")}
        self._groups = {number for _, number in checker.found("groups#.number")}

    def misfit(self, target: Target, quantity: Quantity) -> str:
        """Why this quantity of this target cannot be watched; empty when it can."""
        known = self._known.get(target, [])
        if quantity in known:
            return ""
        if target.kind is TargetKind.SENSOR and target.index not in self._sensors:
            return f"there is no {target}"
        if target.kind is TargetKind.RESIDUAL:
            return f"give the target as inlet {target.index}, quantity residual current"
        if target.kind is TargetKind.GROUP and not known:
            missing = target.index not in self._groups
            return f"there is no {target}" if missing else f"no outlet of {target} is metered"
        if target.kind is TargetKind.UNIT and not known:
            return "the whole unit is unit 1, and watched when a meter feeds every inlet"
        if target.kind is not TargetKind.SENSOR and not known:
            return f"nothing in `meters` feeds {target}"
        words = ", ".join(quantity.value for quantity in known) or "none"
        return f"{target} has no {quantity.value} to watch; it has {words}"
