# SPDX-License-Identifier: Apache-2.0
"""Commands in words, for the event log: who did what to what, short enough for one line."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import assert_never

from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    AdvanceConfigLock,
    Command,
    ConfigureBranch,
    ConfigureCap,
    ConfigureDevice,
    ConfigureGroup,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureOutlets,
    ConfigureSensor,
    ConfigureThreshold,
    ConfigureThresholds,
    CreateGroup,
    EnableNotifications,
    EnablePlan,
    EnableRule,
    HoldOutlet,
    Limit,
    ReleaseOutlet,
    RemoveGroup,
    ResetMeter,
    ResetMeters,
    ResetTrip,
    ResetWear,
    RunPlan,
    SetCountdown,
    SetLimit,
    SetLock,
    SetMember,
    StopUntilMains,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
)

MAX_TEXT = 160
"""Characters of a line; beyond it the rest of a batch is counted, not spelled out."""

_Value = str | float | Enum | frozenset[Limit]


def described(commands: Sequence[Command]) -> str:
    """What a batch asks for."""
    parts: list[str] = []
    length = 0
    for command in commands:
        part = _described(command)
        length += len(part) + 2
        if parts and length > MAX_TEXT:
            return ", ".join(parts) + f" and {len(commands) - len(parts)} more"
        parts.append(part)
    return ", ".join(parts)


def target_of(commands: Sequence[Command]) -> Target | None:
    """The one thing that all of the commands are about; None when there are several."""
    targets = {_target(command) for command in commands}
    return targets.pop() if len(targets) == 1 else None


def _described(command: Command) -> str:
    match command:
        case SwitchOutlet():
            how = _how(command.delay_s, command.forced)
            return f"outlet {command.outlet} {command.action.value}{how}"
        case SwitchAll():
            return f"all outlets {command.action.value}{_how(command.delay_s, command.forced)}"
        case SwitchGroup():
            how = _how(command.delay_s, command.forced) + _without(command.without)
            return f"group {command.group} {command.action.value}{how}"
        case StopUntilMains():
            return f"{command.target} off until mains is there{_how(command.delay_s, False)}"
        case SetLock():
            return f"outlet {command.outlet} {command.lock.value}"
        case ResetMeter():
            return f"{command.target} reset {command.what.value}"
        case ResetMeters():
            return f"every {command.kind.value} reset {command.what.value}"
        case SetLimit():
            shown = f" = {_shown(command.value)}" if command.value is not None else " not watched"
            return f"{command.target} {command.quantity.value} {command.limit.value}{shown}"
        case AcknowledgeAlarm():
            seen = "acknowledged" if command.acknowledged else "not acknowledged any more"
            return f"alarm {command.alarm} {seen}"
        case SetMember():
            verb = "gets" if command.member else "loses"
            return f"group {command.group} {verb} outlet {command.outlet}"
        case CreateGroup():
            return f"group {command.group} created"
        case RemoveGroup():
            return f"group {command.group} removed"
        case EnableNotifications():
            switched = "on" if command.enabled else "off"
            return f"{command.notification_class.value} notifications {switched}"
        case AdvanceConfigLock():
            return "configuration lock advanced"
        case HoldOutlet():
            wanted = "on" if command.hold.wants_on else "off"
            return f"outlet {command.outlet} held {wanted} by {command.hold.source}"
        case ReleaseOutlet():
            return f"outlet {command.outlet} released by {command.source}"
        case ResetWear():
            return f"outlet {command.outlet} relay replaced, wear reset"
        case ResetTrip():
            return f"outlet {command.outlet} trip reset"
        case SetCountdown():
            if command.after_s is None:
                return f"outlet {command.outlet} countdown ended"
            return f"outlet {command.outlet} {command.action.value} in {command.after_s:g} s"
        case EnablePlan():
            return f"plan {command.plan} {'enabled' if command.enabled else 'disabled'}"
        case RunPlan():
            return f"plan {command.plan} run now"
        case EnableRule():
            return f"rule {command.rule} {'enabled' if command.enabled else 'disabled'}"
        case _:
            return f"{_subject(command)} {command.setting.value} = {_shown(command.value)}"


def _without(outlets: Sequence[int]) -> str:
    return f" without outlet {', '.join(map(str, outlets))}" if outlets else ""


def _how(delay_s: float | None, forced: bool) -> str:
    delay = f" in {delay_s:g} s" if delay_s is not None else ""
    return delay + (" forced" if forced else "")


def _subject(
    command: ConfigureOutlet
    | ConfigureOutlets
    | ConfigureInlet
    | ConfigureBranch
    | ConfigureDevice
    | ConfigureSensor
    | ConfigureGroup
    | ConfigureThreshold
    | ConfigureThresholds
    | ConfigureCap,
) -> str:
    match command:
        case ConfigureDevice():
            return "device"
        case ConfigureGroup():
            return f"group {command.group}"
        case ConfigureThreshold():
            return f"{command.target} {command.quantity.value}"
        case ConfigureCap():
            return f"cap {command.cap}"
        case ConfigureThresholds():
            return f"every {command.kind.value} {command.quantity.value}"
        case ConfigureOutlets():
            return "all outlets"
        case ConfigureOutlet() | ConfigureInlet() | ConfigureBranch() | ConfigureSensor():
            return str(_target(command))
        case _:
            assert_never(command)


def _shown(value: _Value) -> str:
    if isinstance(value, frozenset):
        return " + ".join(limit.value for limit in Limit if limit in value) or "none"
    if isinstance(value, Enum):
        return str(value.value)
    return f"{value:g}" if isinstance(value, int | float) else value[:MAX_TEXT]


def _target(command: Command) -> Target | None:
    match command:
        case (
            SwitchOutlet()
            | SetLock()
            | ConfigureOutlet()
            | HoldOutlet()
            | ReleaseOutlet()
            | ResetTrip()
            | ResetWear()
            | SetCountdown()
        ):
            return Target(TargetKind.OUTLET, command.outlet)
        case ConfigureInlet():
            return Target(TargetKind.INLET, command.inlet)
        case ConfigureBranch():
            return Target(TargetKind.BRANCH, command.branch)
        case ConfigureSensor():
            return Target(TargetKind.SENSOR, command.sensor)
        case ResetMeter() | ConfigureThreshold() | SetLimit() | StopUntilMains():
            return command.target
        case _:
            return None
