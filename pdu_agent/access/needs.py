# SPDX-License-Identifier: Apache-2.0
"""Which rights a command needs, and where: asked before any face submits one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.commands import (
    Command,
    ConfigureOutlet,
    ConfigureThreshold,
    ResetMeter,
    SetLock,
    SetMember,
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


def needs(command: Command, snapshot: Snapshot) -> Iterator[Need]:
    """Everything that has to be allowed before `command` may be submitted.

    What moves several outlets needs the right on each of them, besides that on the unit.
    """
    match command:
        case SwitchOutlet():
            yield Rights.SWITCH, command.outlet
        case SwitchAll():
            yield Rights.SWITCH, None
            for outlet in snapshot.outlets:
                yield Rights.SWITCH, outlet.index
        case SwitchGroup():
            yield Rights.SWITCH, None
            for member in _members(command.group, snapshot):
                yield Rights.SWITCH, member
        case SetLock() | ConfigureOutlet():
            yield Rights.WRITE, command.outlet
        case ConfigureThreshold() | ResetMeter():
            yield Rights.WRITE, outlet_of(command.target)
        case SetMember():
            yield Rights.WRITE, None
            yield Rights.WRITE, command.outlet
        case _:
            yield Rights.WRITE, None


def require(grant: Grant, commands: Sequence[Command], snapshot: Snapshot) -> None:
    """Raises NotPermitted, with the position of the first command that is not allowed."""
    for position, command in enumerate(commands):
        for needed, outlet in needs(command, snapshot):
            if not grant.allows(needed, outlet):
                where = "the unit" if outlet is None else f"outlet {outlet}"
                raise NotPermitted(f"{needed.value} is not granted on {where}", position)


def outlet_of(target: Target | None) -> int | None:
    """The outlet whose rights count for the target; None for the unit's."""
    return target.index if target is not None and target.kind is TargetKind.OUTLET else None


def _members(group: int, snapshot: Snapshot) -> tuple[int, ...]:
    for candidate in snapshot.groups:
        if candidate.index == group:
            return candidate.members
    return ()
