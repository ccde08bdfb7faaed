# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB branchTable: the fuses and breakers behind an infeed."""

from __future__ import annotations

from collections.abc import Set

from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.sentry.settings import limit_object
from pdu_agent.mib_impl.sentry3.measured import (
    AMPERES,
    derived_status,
    load_status,
    value_object,
)
from pdu_agent.mib_impl.sentry3.points import BranchRow, branches
from pdu_agent.mib_impl.sentry3.words import BRANCH_CAPABILITIES, LINE_STATUS, LOAD_STATUS
from pdu_agent.mib_impl.syntax import DisplayString, Integer32
from pdu_agent.model.commands import BranchSetting, ConfigureBranch, Limit
from pdu_agent.model.snapshot import Fault


def _capabilities(row: BranchRow) -> Set[str]:
    return {"loadSense"} if row.meter is not None else set()


def branch_status(row: BranchRow) -> str:
    """Nobody switches it: but for its fuse and its meter it is on."""
    status = derived_status(row.meter)
    return "onFuse" if status == "on" and Fault.FUSE in row.branch.faults else status


BRANCHES: Table[BranchRow] = Table(
    suffix=(2, 7),
    name="branchTable",
    index=("towerIndex", "infeedIndex", "branchIndex"),
    rows=branches,
    objects=(
        ObjectType(1, "branchIndex", Integer32(0, 4)),
        ObjectType(2, "branchID", DisplayString(3, 3), lambda row: row.id),
        ObjectType(
            3,
            "branchName",
            DisplayString(0, 24),
            lambda row: row.branch.name,
            to_command=lambda row, text: ConfigureBranch(
                row.branch.index, BranchSetting.NAME, text
            ),
        ),
        ObjectType(4, "branchCapabilities", BRANCH_CAPABILITIES, _capabilities),
        ObjectType(5, "branchStatus", LINE_STATUS, branch_status),
        ObjectType(
            6, "branchLoadStatus", LOAD_STATUS, lambda row: load_status(row.meter, row.current)
        ),
        value_object(
            7, "branchLoadValue", Integer32(0, 4000, scale=100), AMPERES, lambda e: e.current_a
        ),
        limit_object(
            8,
            "branchLoadHighThresh",
            Integer32(0, 40),
            "Amps",
            Limit.HIGH_WARNING,
            lambda row: row.current,
        ),
        ObjectType(
            9,
            "branchCapacity",
            Integer32(0, 40),
            lambda row: row.branch.rated_current_a,
            units="Amps",
        ),
    ),
)
