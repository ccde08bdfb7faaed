# SPDX-License-Identifier: Apache-2.0
"""What PowerNet-MIB tells of accepted commands: changed settings, and cancelled commands."""

from __future__ import annotations

from collections.abc import Iterator

from pdu_agent.mib_impl.powernet import trap_types as types
from pdu_agent.mib_impl.powernet.trap_values import (
    ALL_OUTLETS,
    outlet_name,
    outlet_told,
    unit_told,
)
from pdu_agent.mib_impl.powernet.words import PHASES
from pdu_agent.mib_impl.schema import Told
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureThreshold,
    SetLimit,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
    change_settings,
)
from pdu_agent.model.events import CommandAccepted
from pdu_agent.model.snapshot import Snapshot


def command_accepted(event: CommandAccepted, snapshot: Snapshot) -> Iterator[Told]:
    """One trap for each outlet and phase that is changed or has something cancelled, and one
    for the unit if anything else of it is changed.
    """
    by = f"by {event.actor}"
    cancelled = {
        number: None for command in event.commands for number in _cancelled(command, snapshot)
    }
    for number in cancelled:
        text = f"{_outlet_text(number, snapshot)}: pending command cancelled {by}"
        yield outlet_told(types.CANCEL_PENDING, snapshot, number, text)
    changed = dict.fromkeys(map(_changed, filter(_changes, event.commands)))
    for target in changed:
        yield _config_change(target, snapshot, by)


def _config_change(target: Target | None, snapshot: Snapshot, by: str) -> Told:
    if target is None:
        text = f"settings of the unit changed {by}"
        return unit_told(types.DEVICE_CONFIG_CHANGE, snapshot, text)
    if target.kind is TargetKind.OUTLET:
        text = f"{_outlet_text(target.index, snapshot)}: settings changed {by}"
        return outlet_told(types.OUTLET_CONFIG_CHANGE, snapshot, target.index, text)
    text = f"settings of phase {target.index} changed {by}"
    return unit_told(types.PHASE_CONFIG_CHANGE, snapshot, target.index, text)


def _outlet_text(number: int, snapshot: Snapshot) -> str:
    if number == ALL_OUTLETS:
        return "all outlets"
    return f"outlet {number} ({outlet_name(number, snapshot)})"


def _cancelled(command: Command, snapshot: Snapshot) -> tuple[int, ...]:
    """The outlets whose pending command it cancels."""
    match command:
        case SwitchOutlet(action=Action.CANCEL):
            return (command.outlet,)
        case SwitchAll(action=Action.CANCEL):
            return (ALL_OUTLETS,)
        case SwitchGroup(action=Action.CANCEL):
            members = (group.members for group in snapshot.groups if group.index == command.group)
            return next(members, ())
        case _:
            return ()


def _changes(command: Command) -> bool:
    return change_settings((command,))


def _changed(command: Command) -> Target | None:
    """The outlet or phase whose settings it changes; None for the unit as a whole."""
    match command:
        case ConfigureOutlet():
            return Target(TargetKind.OUTLET, command.outlet)
        case ConfigureInlet():
            target = Target(TargetKind.INLET, command.inlet)
        case ConfigureThreshold() | SetLimit():
            target = command.target
        case _:
            return None
    phase = target.kind is TargetKind.INLET and target.index <= PHASES
    return target if phase or target.kind is TargetKind.OUTLET else None
