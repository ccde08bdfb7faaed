# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduGroupTable and opduGroupMemberTable: outlets that are switched together."""

from __future__ import annotations

from collections.abc import Iterator

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.conventions import RowAction, RowStatus, StorageType
from pdu_agent.mib_impl.openpdu.words import (
    GROUP_NUMBER,
    SWITCH_COMMAND,
    Forced,
    action_of,
)
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Enumerated, Integer32, Oid, Special, Unsigned32, Utf8
from pdu_agent.model.commands import (
    ConfigureGroup,
    CreateGroup,
    GroupSetting,
    RemoveGroup,
    SetMember,
    SwitchGroup,
)
from pdu_agent.model.quantities import watt_hours
from pdu_agent.model.snapshot import Group, GroupState, Snapshot

STATE = Enumerated(
    (1, "on", GroupState.ON),
    (2, "off", GroupState.OFF),
    (3, "mixed", GroupState.MIXED),
    (4, "unknown", GroupState.UNKNOWN),
)

Member = tuple[int, int]
"""A group and an outlet in it."""


def _is_group(number: int) -> bool:
    return GROUP_NUMBER.minimum <= number <= GROUP_NUMBER.maximum


def _new_group(index: Oid, _: Snapshot) -> Group | None:
    if len(index) != 1 or not _is_group(index[0]):
        return None
    return Group(index[0], "", (), False, GroupState.UNKNOWN, None, 0)


def _create_or_remove(group: Group, action: RowAction) -> CreateGroup | RemoveGroup:
    return CreateGroup(group.index) if action is RowAction.CREATE else RemoveGroup(group.index)


def _members(snapshot: Snapshot) -> Iterator[tuple[Oid, Member]]:
    for group in snapshot.groups:
        for outlet in group.members:
            yield (group.index, outlet), (group.index, outlet)


def _new_member(index: Oid, snapshot: Snapshot) -> Member | None:
    """Whether the group is there is left to the core: the same SET may create it."""
    if len(index) != 2 or not _is_group(index[0]):
        return None
    group, outlet = index
    return (group, outlet) if any(row.index == outlet for row in snapshot.outlets) else None


GROUPS: Table[Group] = Table(
    suffix=(6, 1),
    name="opduGroupTable",
    index=("opduGroupIndex",),
    rows=lambda snapshot: (((group.index,), group) for group in snapshot.groups),
    draft=_new_group,
    objects=(
        ObjectType(1, "opduGroupIndex", GROUP_NUMBER),
        ObjectType(
            2,
            "opduGroupName",
            Utf8(0, 32),
            lambda group: group.name,
            to_command=lambda group, text: ConfigureGroup(group.index, GroupSetting.NAME, text),
        ),
        ObjectType(3, "opduGroupState", STATE, lambda group: group.state),
        ObjectType(
            4,
            "opduGroupCommand",
            SWITCH_COMMAND,
            lambda _: Special.NONE,
            to_command=lambda group, wanted: SwitchGroup(
                group.index, action_of(wanted), forced=isinstance(wanted, Forced)
            ),
            needs=Rights.SWITCH,
        ),
        ObjectType(
            5,
            "opduGroupPower",
            Integer32(scale=1000),
            lambda group: group.active_power_w,
            units="milliwatts",
        ),
        ObjectType(
            6,
            "opduGroupEnergy",
            Unsigned32(),
            lambda group: watt_hours(group.user_energy_mj),
            units="watt-hours",
        ),
        ObjectType(
            7,
            "opduGroupStorageType",
            StorageType(),
            lambda group: "readOnly" if group.configured else "nonVolatile",
        ),
        ObjectType(
            8,
            "opduGroupRowStatus",
            RowStatus(),
            lambda _: RowAction.KEEP,
            to_command=_create_or_remove,
        ),
    ),
)

MEMBERS: Table[Member] = Table(
    suffix=(6, 2),
    name="opduGroupMemberTable",
    index=("opduGroupIndex", "opduOutletIndex"),
    rows=_members,
    draft=_new_member,
    outlet=lambda member: member[1],
    objects=(
        ObjectType(
            1,
            "opduGroupMemberRowStatus",
            RowStatus(),
            lambda _: RowAction.KEEP,
            to_command=lambda member, action: SetMember(*member, action is RowAction.CREATE),
        ),
    ),
)
