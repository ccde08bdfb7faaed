# SPDX-License-Identifier: Apache-2.0
"""What somebody who may not read everything is shown of a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.snapshot import Health, Snapshot


def visible(snapshot: Snapshot, grant: Grant) -> Snapshot:
    """The snapshot without what the grant does not let its holder read; itself where that is all.

    A group, plan, rule, alarm or event is shown only to who may read every outlet that it is
    about; what is about the unit, to who may read the unit. The device's name is for everybody.
    """
    if grant.reads_everything:
        return snapshot
    unit = grant.allows(Rights.READ)

    def all_read(outlets: Collection[int]) -> bool:
        return _reads_all(grant, outlets)

    members = members_of(snapshot)

    def about(target: Target | None) -> bool:
        return may_read(grant, target, members)

    return replace(
        snapshot,
        outlets=tuple(row for row in snapshot.outlets if all_read((row.index,))),
        groups=tuple(row for row in snapshot.groups if all_read(row.members)),
        plans=tuple(row for row in snapshot.plans if all_read(row.outlets)),
        rules=tuple(row for row in snapshot.rules if all_read(row.outlets)),
        thresholds=tuple(row for row in snapshot.thresholds if about(row.target)),
        alarms=tuple(row for row in snapshot.alarms if about(row.target)),
        events=tuple(row for row in snapshot.events if about(row.target)),
        inlets=snapshot.inlets if unit else (),
        lines=snapshot.lines if unit else (),
        branches=snapshot.branches if unit else (),
        sensors=snapshot.sensors if unit else (),
        fans=snapshot.fans if unit else (),
        upses=snapshot.upses if unit else (),
        outages=snapshot.outages if unit else (),
        caps=snapshot.caps if unit else (),
        hooks=snapshot.hooks if unit else (),
        host=snapshot.host if unit else None,
        health=snapshot.health if unit else Health(),
    )


Sight = tuple[Rights, Rights, frozenset[tuple[int, Rights]]] | None
"""Equal for all who are shown the same; None for those who are shown everything."""


def sight_of(grant: Grant) -> Sight:
    if grant.reads_everything:
        return None
    return grant.unit, grant.others, frozenset(grant.outlets.items())


Members = Mapping[int, Collection[int]]
"""Group -> its outlets."""


def members_of(snapshot: Snapshot) -> Members:
    return {group.index: group.members for group in snapshot.groups}


def may_read(grant: Grant, target: Target | None, members: Members) -> bool:
    """Whether the holder is shown what is about that; None is the unit."""
    if target is not None and target.kind is TargetKind.OUTLET:
        return grant.allows(Rights.READ, target.index)
    if target is not None and target.kind is TargetKind.GROUP:
        return _reads_all(grant, members.get(target.index, ()))
    return grant.allows(Rights.READ)


def _reads_all(grant: Grant, outlets: Collection[int]) -> bool:
    return bool(outlets) and all(grant.allows(Rights.READ, number) for number in outlets)
