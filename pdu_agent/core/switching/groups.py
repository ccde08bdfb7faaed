# SPDX-License-Identifier: Apache-2.0
"""Groups of outlets: those of the configuration file, and those made at run time.

A configured group is what the file says; at run time it can be switched, not changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pdu_agent.core.live_settings import Sections, checked_text
from pdu_agent.core.settings import MAX_GROUPS
from pdu_agent.core.state import CoreState
from pdu_agent.model.commands import ConfigureGroup, CreateGroup, RemoveGroup, SetMember
from pdu_agent.model.errors import InvalidValue, NotNow, TableFull, UnknownTarget
from pdu_agent.model.record import GroupRecord
from pdu_agent.model.size import LAST_GROUP
from pdu_agent.model.snapshot import Group, GroupState, Outlet, OutletState

_MAX_NAME_OCTETS = 32
_RESTING = {OutletState.ON: GroupState.ON, OutletState.OFF: GroupState.OFF}
_NOT_KNOWN = frozenset({OutletState.UNKNOWN, OutletState.FAULT})


def initial_groups(
    recorded: Mapping[int, GroupRecord], sections: Sections
) -> dict[int, GroupRecord]:
    """The recorded groups whose numbers the file has not taken, less outlets that are gone."""
    return {
        number: replace(group, members=tuple(n for n in group.members if n in sections.outlets))
        for number, group in recorded.items()
        if number not in sections.groups
    }


def members_of(number: int, sections: Sections, state: CoreState) -> tuple[int, ...]:
    """The outlets of a group in rising order. Raises UnknownTarget."""
    if number in sections.groups:
        return tuple(sorted(set(sections.groups[number].outlets)))
    return _made(number, state).members


def sequence_of(number: int, sections: Sections, state: CoreState) -> tuple[tuple[int, ...], float]:
    """The outlets in the order of switching on, and the seconds between them; 0: no matter.

    Raises UnknownTarget.
    """
    settings = sections.groups.get(number)
    if settings is None or not settings.gap_s:
        return members_of(number, sections, state), 0.0
    return tuple(dict.fromkeys(settings.outlets)), settings.gap_s


class GroupEditor:
    """The group commands of one batch. Every method raises CommandError."""

    def __init__(self, sections: Sections, draft: CoreState) -> None:
        self._sections = sections
        self._draft = draft

    def create(self, command: CreateGroup) -> None:
        number = command.group
        if not 1 <= number <= LAST_GROUP:
            raise InvalidValue(f"group {number} is outside 1 to {LAST_GROUP}")
        if number in self._sections.groups or number in self._draft.groups:
            raise NotNow(f"there is a group {number} already")
        if len(self._sections.groups) + len(self._draft.groups) >= MAX_GROUPS:
            text = f"there are {MAX_GROUPS} groups already: remove one before making another"
            raise TableFull(text)
        self._draft.groups[number] = GroupRecord()

    def remove(self, command: RemoveGroup) -> None:
        self._changeable(command.group)
        del self._draft.groups[command.group]
        limits = f"threshold group {command.group} "
        self._draft.overrides = {
            path: override
            for path, override in self._draft.overrides.items()
            if not path.startswith(limits)
        }

    def configure(self, command: ConfigureGroup) -> None:
        group = self._changeable(command.group)
        what = f"group {command.group} {command.setting.value}"
        name = checked_text(what, command.value, _MAX_NAME_OCTETS)
        self._draft.groups[command.group] = replace(group, name=name)

    def set_member(self, command: SetMember) -> None:
        group = self._changeable(command.group)
        if command.outlet not in self._sections.outlets:
            raise UnknownTarget(f"there is no outlet {command.outlet}")
        members = set(group.members) - {command.outlet}
        if command.member:
            members.add(command.outlet)
        self._draft.groups[command.group] = replace(group, members=tuple(sorted(members)))

    def _changeable(self, number: int) -> GroupRecord:
        if number in self._sections.groups:
            raise NotNow(
                f"group {number} comes from the configuration file: it can be changed only there"
            )
        return _made(number, self._draft)


def _made(number: int, state: CoreState) -> GroupRecord:
    group = state.groups.get(number)
    if group is None:
        raise UnknownTarget(f"there is no group {number}")
    return group


def shown_groups(
    sections: Sections, state: CoreState, outlets: Mapping[int, Outlet]
) -> tuple[Group, ...]:
    """Every group by rising number, as faces see it. outlets: the rows of the same instant."""
    names = {number: group.name for number, group in state.groups.items()}
    names |= {number: group.name for number, group in sections.groups.items()}
    return tuple(
        _shown(
            number,
            names[number],
            [outlets[member] for member in members_of(number, sections, state)],
            number in sections.groups,
        )
        for number in sorted(names)
    )


def _shown(number: int, name: str, members: list[Outlet], configured: bool) -> Group:
    meters = [member.meter for member in members if member.meter is not None]
    powers_w = [
        meter.electrical.active_power_w
        for meter in meters
        if meter.electrical.active_power_w is not None
    ]
    return Group(
        index=number,
        name=name or f"Group {number}",
        members=tuple(member.index for member in members),
        configured=configured,
        state=_state({member.state for member in members}),
        active_power_w=sum(powers_w) if powers_w else None,
        user_energy_mj=sum(meter.user_energy_mj for meter in meters),
    )


def _state(states: set[OutletState]) -> GroupState:
    if states <= _NOT_KNOWN:
        return GroupState.UNKNOWN
    if len(states) == 1:
        return _RESTING.get(next(iter(states)), GroupState.MIXED)
    return GroupState.MIXED
