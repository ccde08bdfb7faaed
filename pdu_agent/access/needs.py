# SPDX-License-Identifier: Apache-2.0
"""Which rights a command needs, and where: asked before any face submits one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from pdu_agent.access.grant import Grant, Rights
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
from pdu_agent.model.errors import NotPermitted
from pdu_agent.model.snapshot import Snapshot

Need = tuple[Rights, int | None]
"""Rights, and the outlet where they are needed; None for the unit as a whole."""


def needs(command: Command, snapshot: Snapshot, batch: Sequence[Command] = ()) -> Iterator[Need]:
    """Everything that has to be allowed before `command` may be submitted.

    What reaches several outlets needs the right on each of them, besides that on the unit.
    batch: the commands that are submitted together with it; one of them may put an outlet
    into the very group that another one switches.
    """
    match command:
        case SwitchOutlet() | SetCountdown():
            yield Rights.SWITCH, command.outlet
        case SwitchAll():
            yield from _on_all(Rights.SWITCH, (outlet.index for outlet in snapshot.outlets))
        case SwitchGroup():
            yield from _on_all(Rights.SWITCH, _members(command.group, snapshot, batch))
        case StopUntilMains():
            if command.target.kind is TargetKind.GROUP:
                members = _members(command.target.index, snapshot, batch)
                yield from _on_all(Rights.SWITCH, members)
            else:
                yield Rights.SWITCH, outlet_of(command.target)
        case RemoveGroup():
            yield from _on_all(Rights.WRITE, _members(command.group, snapshot, batch))
        case SetMember():
            yield from _on_all(Rights.WRITE, (command.outlet,))
        case SetLock() | ConfigureOutlet() | ResetTrip() | ResetWear():
            yield Rights.WRITE, command.outlet
        case HoldOutlet() | ReleaseOutlet():
            yield Rights.WRITE, command.outlet
        case ConfigureOutlets():
            yield from _on_all(Rights.WRITE, (outlet.index for outlet in snapshot.outlets))
        case ConfigureThreshold() | SetLimit() | ResetMeter():
            yield Rights.WRITE, outlet_of(command.target)
        case ConfigureThresholds() | ResetMeters():
            outlets = snapshot.outlets if command.kind is TargetKind.OUTLET else ()
            yield from _on_all(Rights.WRITE, (outlet.index for outlet in outlets))
        case AcknowledgeAlarm():
            yield Rights.WRITE, outlet_of(_subject(command.alarm, snapshot))
        case (
            ConfigureInlet()
            | ConfigureBranch()
            | ConfigureDevice()
            | ConfigureSensor()
            | ConfigureGroup()
            | CreateGroup()
            | EnableNotifications()
            | AdvanceConfigLock()
        ):
            yield Rights.WRITE, None
        case EnablePlan():
            yield from _on_all(Rights.WRITE, _planned(command.plan, snapshot))
        case RunPlan():
            yield from _on_all(Rights.SWITCH, _planned(command.plan, snapshot))
        case EnableRule():
            rules = (row.outlets for row in snapshot.rules if row.name == command.rule)
            yield from _on_all(Rights.WRITE, next(rules, ()))
        case ConfigureCap():
            caps = (row.target for row in snapshot.caps if row.number == command.cap)
            yield from _on_all(Rights.WRITE, _fed_by(next(caps, None), snapshot))
        case _:
            assert_never(command)


def require(grant: Grant, commands: Sequence[Command], snapshot: Snapshot) -> None:
    """Raises NotPermitted, with the position of the first command that is not allowed."""
    for position, command in enumerate(commands):
        for needed, outlet in needs(command, snapshot, commands):
            if not grant.allows(needed, outlet):
                where = "the unit" if outlet is None else f"outlet {outlet}"
                raise NotPermitted(f"{needed.value} is not granted on {where}", position)


def outlet_of(target: Target | None) -> int | None:
    """The outlet whose rights count for the target; None for the unit's."""
    return target.index if target is not None and target.kind is TargetKind.OUTLET else None


def _on_all(rights: Rights, outlets: Iterable[int]) -> Iterator[Need]:
    yield rights, None
    for outlet in outlets:
        yield rights, outlet


def _members(group: int, snapshot: Snapshot, batch: Sequence[Command]) -> list[int]:
    """Members before the batch, and those that join in it, wherever in it that is."""
    present = [row.members for row in snapshot.groups if row.index == group]
    joining = [
        command.outlet
        for command in batch
        if isinstance(command, SetMember) and command.group == group and command.member
    ]
    return sorted({*joining, *(outlet for members in present for outlet in members)})


def _planned(plan: str, snapshot: Snapshot) -> tuple[int, ...]:
    return next((row.outlets for row in snapshot.plans if row.name == plan), ())


def _fed_by(feeder: Target | None, snapshot: Snapshot) -> Iterator[int]:
    """The outlets that a cap of the feeder may shed; of a line, all of its inlet: which line feeds
    an outlet need not be configured.
    """
    if feeder is None:
        return
    inlets = [feeder.index] if feeder.kind is TargetKind.INLET else []
    inlets += [
        row.inlet
        for row in snapshot.lines
        if feeder.kind is TargetKind.LINE and row.index == feeder.index
    ]
    for outlet in snapshot.outlets:
        is_behind = feeder.kind is TargetKind.BRANCH and outlet.branch == feeder.index
        if feeder.kind is TargetKind.UNIT or is_behind or outlet.inlet in inlets:
            yield outlet.index


def _subject(alarm: int, snapshot: Snapshot) -> Target | None:
    """What the alarm is about; None for the unit, and for an alarm that is not there."""
    return next((row.target for row in snapshot.alarms if row.id == alarm), None)
