# SPDX-License-Identifier: Apache-2.0
"""Contradictions in `rules` and `hosts`, and with what they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.rule_circles import circles
from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.tree import Problems
from pdu_agent.app.config.watch_check import Watchable
from pdu_agent.core.rules.settings import (
    ActionSettings,
    RuleSettings,
    TriggerKind,
    TriggerSettings,
)
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.snapshot import SensorKind

Complaint = tuple[str, str]
_PHASES = ("then", "otherwise", "on_missing.then")
_CONTACTS = {
    SensorKind.CONTACT: ("closed", "open"),
    SensorKind.WATER: ("wet", "dry"),
    SensorKind.AIRFLOW: ("closed", "open"),
}


def rule_check(checker: Checker, problems: Problems) -> None:
    """Report them; works on whatever `checker` could read."""
    check = _RuleCheck(checker)
    rules = checker.found("rules#")
    for path, text in (*_twice(checker), *check.references(), *_keeps(rules, check)):
        problems.error(checker.place(path), f"{path}: {text}")
    for circle in circles(rules, check.unit):
        names = " and ".join(
            f"{rule.name} ({checker.place(path)})" for path, rule in rules if rule in circle.rules
        )
        path = next(path for path, rule in rules if rule in circle.rules)
        tell = problems.error if circle.is_certain else problems.warn
        tell(checker.place(path), f"{path}: a circle of rules: {circle.text}: {names}")


def _twice(checker: Checker) -> Iterator[Complaint]:
    for section in ("rules", "hosts"):
        first: dict[str, str] = {}
        for path, name in checker.found(f"{section}#.name"):
            if name in first:
                place = checker.place(first[name])
                yield path, f"{name!r} is given to two entries; the first is at {place}"
            first.setdefault(name, path)


class _RuleCheck:
    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._watchable = Watchable(checker)
        self.unit = self._watchable.unit
        self._outlets = {outlet.number: outlet for outlet in self.unit.outlets}
        self._outlet_numbers = {number for _, number in checker.found("outlets#.number")}
        self._groups = {group.number: group for group in self.unit.groups}
        self._sensors = {sensor.number: sensor for sensor in self.unit.sensors}
        self._hosts = [name for _, name in checker.found("hosts#.name")]
        self._hooks = [name for _, name in checker.found("hooks#.name")]

    def references(self) -> Iterator[Complaint]:
        for path, trigger in self._checker.found("rules#.when"):
            yield from self._trigger(path, trigger)
        for phase in _PHASES:
            for path, action in self._checker.found(f"rules#.{phase}#"):
                yield from self._action(path, action)

    def switched(self, action: ActionSettings) -> tuple[int, ...]:
        if action.group is None:
            return action.outlets if action.switch else ()
        group = self._groups.get(action.group)
        return group.outlets if group is not None else ()

    def _trigger(self, path: str, trigger: TriggerSettings) -> Iterator[Complaint]:
        match trigger.kind:
            case TriggerKind.VALUE:
                yield from self._value(path, trigger)
            case TriggerKind.STATE | TriggerKind.LOW_DRAW:
                yield from self._outlet(f"{path}.outlet", trigger.outlet)
                if trigger.kind is TriggerKind.LOW_DRAW and trigger.outlet in self._outlet_numbers:
                    target = Target(TargetKind.OUTLET, trigger.outlet or 0)
                    text = self._watchable.misfit(target, Quantity.ACTIVE_POWER)
                    yield from [(f"{path}.outlet", text)] if text else []
            case TriggerKind.CONTACT:
                yield from self._contact(path, trigger)
            case TriggerKind.HOST:
                if trigger.host not in self._hosts:
                    hint = nearest(trigger.host, self._hosts)
                    yield f"{path}.host", f"no host in `hosts` is called {trigger.host!r}{hint}"
            case TriggerKind.UPS:
                pass  # ups_check looks at these

    def _value(self, path: str, trigger: TriggerSettings) -> Iterator[Complaint]:
        target = trigger.target
        if target is None:
            return
        sensor = self._sensors.get(target.index) if target.kind is TargetKind.SENSOR else None
        quantity = trigger.quantity
        if sensor is not None and quantity is None:
            if sensor.kind in _CONTACTS:
                yield f"{path}.target", f"{target} is a contact; give it as sensor and contact"
            return
        text = self._watchable.misfit(target, quantity or Quantity.TEMPERATURE)
        if text:
            is_known = not text.startswith("there is no") and quantity is not None
            yield f"{path}.quantity" if is_known else f"{path}.target", text

    def _contact(self, path: str, trigger: TriggerSettings) -> Iterator[Complaint]:
        sensor = self._sensors.get(trigger.sensor or 0)
        if sensor is None:
            yield f"{path}.sensor", f"there is no sensor {trigger.sensor}"
            return
        words = _CONTACTS.get(sensor.kind, ())
        if trigger.contact not in words:
            expected = f"expected {' or '.join(words)}" if words else "it is no contact"
            yield (
                f"{path}.contact",
                f"sensor {sensor.number} gives {sensor.kind.value}, never {trigger.contact}; "
                f"{expected}",
            )

    def _outlet(self, path: str, number: int | None) -> Iterator[Complaint]:
        if number is not None and number not in self._outlet_numbers:
            yield path, f"there is no outlet {number}{self._exist(self._outlet_numbers)}"

    def _action(self, path: str, action: ActionSettings) -> Iterator[Complaint]:
        for position, number in enumerate(action.outlets):
            where = f"{path}.outlets[{position}]"
            yield from self._outlet(where, number)
            outlet = self._outlets.get(number)
            if outlet is not None and outlet.relay is None:
                yield where, f"outlet {number} is metered only: it has no relay"
            if number in action.outlets[:position]:
                yield where, f"outlet {number} is named twice"
        if action.group is not None and action.group not in self._groups:
            yield f"{path}.group", f"there is no group {action.group}{self._exist(self._groups)}"
        if action.hook and action.hook not in self._hooks:
            hint = nearest(action.hook, self._hooks)
            yield f"{path}.hook", f"no hook in `hooks` is called {action.hook!r}{hint}"

    @staticmethod
    def _exist(numbers: Any) -> str:
        return f"; there are {', '.join(map(str, sorted(numbers)))}" if numbers else ""


def _keeps(rules: list[tuple[str, RuleSettings]], check: _RuleCheck) -> Iterator[Complaint]:
    """Two rules that keep one outlet, one on and the other off: none of them could."""
    first: dict[tuple[int, str], tuple[str, RuleSettings]] = {}
    for path, rule in rules:
        if not rule.keep:
            continue
        for position, action in enumerate(rule.then):
            for number in check.switched(action):
                other = first.get((number, "on" if action.switch == "off" else "off"))
                if other is not None:
                    yield (
                        f"{path}.then[{position}]",
                        f"outlet {number} is kept {action.switch} here, and the other way by rule "
                        f"{other[1].name} ({other[0]})",
                    )
                first.setdefault((number, action.switch), (path, rule))
