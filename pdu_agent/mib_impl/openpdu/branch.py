# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduBranchTable and opduBranchMeterTable: fuses and breakers, and their meters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pdu_agent.mib_impl.openpdu.metering import (
    crest_object,
    measured_objects,
    peak_details,
    peak_objects,
    quality_objects,
    status_object,
)
from pdu_agent.mib_impl.openpdu.words import (
    BRANCH_NUMBER,
    FAULTS,
    INLET_NUMBER,
    LINE,
    OVERLOAD_RESTRICTION,
    RATED_CURRENT,
    fault_labels,
)
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Oid, Utf8
from pdu_agent.model.commands import BranchSetting, ConfigureBranch, Target, TargetKind
from pdu_agent.model.snapshot import Branch, Meter, Snapshot


@dataclass(frozen=True, slots=True)
class MeteredBranch:
    number: int
    meter: Meter


def _configures(setting: BranchSetting) -> Callable[[Branch, Any], ConfigureBranch]:
    return lambda branch, value: ConfigureBranch(branch.index, setting, value)


def _meter(row: MeteredBranch) -> Meter:
    return row.meter


def _target(row: MeteredBranch) -> Target:
    return Target(TargetKind.BRANCH, row.number)


def _metered(snapshot: Snapshot) -> Iterator[tuple[Oid, MeteredBranch]]:
    for branch in snapshot.branches:
        if branch.meter is not None:
            yield (branch.index,), MeteredBranch(branch.index, branch.meter)


BRANCHES: Table[Branch] = Table(
    suffix=(2, 3),
    name="opduBranchTable",
    index=("opduBranchIndex",),
    rows=lambda snapshot: (((branch.index,), branch) for branch in snapshot.branches),
    objects=(
        ObjectType(1, "opduBranchIndex", BRANCH_NUMBER),
        ObjectType(
            2,
            "opduBranchName",
            Utf8(0, 32),
            lambda branch: branch.name,
            to_command=_configures(BranchSetting.NAME),
        ),
        ObjectType(3, "opduBranchInlet", INLET_NUMBER, lambda branch: branch.inlet),
        ObjectType(4, "opduBranchLine", LINE, lambda branch: branch.line),
        ObjectType(
            5,
            "opduBranchRatedCurrent",
            RATED_CURRENT,
            lambda branch: branch.rated_current_a,
            units="milliamperes",
            to_command=_configures(BranchSetting.RATED_CURRENT_A),
        ),
        ObjectType(
            6,
            "opduBranchOverloadRestriction",
            OVERLOAD_RESTRICTION,
            lambda branch: branch.overload_restriction,
            to_command=_configures(BranchSetting.OVERLOAD_RESTRICTION),
        ),
        ObjectType(7, "opduBranchFaults", FAULTS, lambda branch: fault_labels(branch.faults)),
    ),
)

BRANCH_METERS: Table[MeteredBranch] = Table(
    suffix=(2, 4),
    name="opduBranchMeterTable",
    index=("opduBranchIndex",),
    rows=_metered,
    objects=(
        *measured_objects("opduBranch", 1, _meter),
        status_object(13, "opduBranchMeterStatus", _meter),
        *peak_objects("opduBranch", 14, _meter, _target),
        crest_object(18, "opduBranchCrestFactor", _meter),
        *peak_details("opduBranch", 19, _meter),
        *quality_objects("opduBranch", 23, _meter),
    ),
)
