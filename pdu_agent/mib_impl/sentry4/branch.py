# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB st4OverCurrentProtectors and st4Branches: a fuse or breaker, and what is behind it.

Each branch of the unit is both, with the same number. What is measured there is only served
for branches that have a meter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.sentry4.limits import hysteresis_object, limit_objects
from pdu_agent.mib_impl.sentry4.measured import (
    AMPS,
    HUNDREDTH_AMPS,
    TENTH_AMPS,
    current_utilized_object,
    state_object,
    status_object,
    value_object,
    value_status_object,
)
from pdu_agent.mib_impl.sentry4.names import branch_label, line_id, part_id, part_index
from pdu_agent.mib_impl.sentry4.points import (
    Point,
    branches_of,
    inlets_of,
    line_number,
    metered_branches,
    outlets_of,
)
from pdu_agent.mib_impl.syntax import DisplayString, Integer32, Oid
from pdu_agent.model.commands import BranchSetting, ConfigureBranch, Quantity, TargetKind
from pdu_agent.model.snapshot import Branch, Snapshot

PART_ID = DisplayString(3, 4)
_LABEL = DisplayString(0, 32)
_CAPACITY = Integer32(0, 125)
_OCP_INDEX = ("st4UnitIndex", "st4InputCordIndex", "st4OcpIndex")
_BRANCH_INDEX = ("st4UnitIndex", "st4InputCordIndex", "st4BranchIndex")


@dataclass(frozen=True, slots=True)
class Protected:
    """A branch, how many outlets it feeds, and the number of its line."""

    branch: Branch
    outlets: int
    line: int


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Protected]]:
    outlets = Counter(outlet.branch for outlet in outlets_of(snapshot))
    inlets = inlets_of(snapshot)
    for branch in branches_of(snapshot):
        line = line_number(branch, inlets.get(branch.inlet))
        row = Protected(branch, outlets[branch.index], line)
        yield part_index(branch.inlet, branch.index), row


def _id(row: Protected) -> str:
    return part_id(row.branch.inlet, row.branch.index)


def _label(row: Protected) -> str:
    return branch_label(row.branch.inlet, row.branch.index)


OCPS: Table[Protected] = Table(
    suffix=(6, 2),
    name="st4OcpConfigTable",
    index=_OCP_INDEX,
    rows=_rows,
    objects=(
        ObjectType(1, "st4OcpIndex", Integer32(1, 64)),
        ObjectType(2, "st4OcpID", PART_ID, _id),
        ObjectType(4, "st4OcpLabel", _LABEL, _label),
        ObjectType(
            7,
            "st4OcpCurrentCapacity",
            _CAPACITY,
            lambda row: row.branch.rated_current_a,
            units=AMPS,
            to_command=lambda row, amperes: ConfigureBranch(
                row.branch.index, BranchSetting.RATED_CURRENT_A, amperes
            ),
        ),
        ObjectType(20, "st4OcpBranchCount", Integer32(0, 12), lambda _: 1),
        ObjectType(21, "st4OcpOutletCount", Integer32(0, 128), lambda row: row.outlets),
    ),
)

OCP_MONITOR: Table[Point] = Table(
    suffix=(6, 3),
    name="st4OcpMonitorTable",
    index=_OCP_INDEX,
    rows=metered_branches,
    objects=(status_object(1, "st4OcpStatus"),),
)

BRANCH_COMMON: Scalars[Snapshot] = Scalars(
    suffix=(7, 1),
    source=whole,
    objects=(
        hysteresis_object(
            1,
            "st4BranchCurrentHysteresis",
            TargetKind.BRANCH,
            Quantity.CURRENT,
            Integer32(0, 100, scale=10),
            TENTH_AMPS,
        ),
    ),
)

BRANCHES: Table[Protected] = Table(
    suffix=(7, 2),
    name="st4BranchConfigTable",
    index=_BRANCH_INDEX,
    rows=_rows,
    objects=(
        ObjectType(1, "st4BranchIndex", Integer32(1, 64)),
        ObjectType(2, "st4BranchID", PART_ID, _id),
        ObjectType(4, "st4BranchLabel", _LABEL, _label),
        ObjectType(
            6,
            "st4BranchCurrentCapacity",
            _CAPACITY,
            lambda row: row.branch.rated_current_a,
            units=AMPS,
        ),
        ObjectType(
            20,
            "st4BranchPhaseID",
            DisplayString(3, 3),
            lambda row: line_id(row.branch.inlet, row.line),
        ),
        ObjectType(21, "st4BranchOcpID", PART_ID, _id),
        ObjectType(30, "st4BranchOutletCount", Integer32(0, 128), lambda row: row.outlets),
    ),
)

BRANCH_MONITOR: Table[Point] = Table(
    suffix=(7, 3),
    name="st4BranchMonitorTable",
    index=_BRANCH_INDEX,
    rows=metered_branches,
    objects=(
        state_object(1, "st4BranchState"),
        status_object(2, "st4BranchStatus"),
        value_object(
            3,
            "st4BranchCurrent",
            Quantity.CURRENT,
            Integer32(0, 12_500, scale=100),
            HUNDREDTH_AMPS,
        ),
        value_status_object(4, "st4BranchCurrentStatus", Quantity.CURRENT),
        current_utilized_object(5, "st4BranchCurrentUtilized"),
    ),
)

BRANCH_EVENTS: Table[Point] = Table(
    suffix=(7, 4),
    name="st4BranchEventConfigTable",
    index=_BRANCH_INDEX,
    rows=metered_branches,
    objects=limit_objects(
        "st4BranchCurrent", 2, Quantity.CURRENT, Integer32(0, 1250, scale=10), TENTH_AMPS
    ),
)

BRANCH_GROUPS = (
    OCPS,
    OCP_MONITOR,
    BRANCH_COMMON,
    BRANCHES,
    BRANCH_MONITOR,
    BRANCH_EVENTS,
)
