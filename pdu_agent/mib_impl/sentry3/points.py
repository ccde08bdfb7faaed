# SPDX-License-Identifier: Apache-2.0
"""Infeeds, outlets and branches as rows: where they stand in the tables, and what they are called.

The unit is tower 1, "A". Its inlets are infeeds 1 to 4, "AA" to "AD": what hangs on a fifth
has no place in the MIB. An outlet keeps its number on the unit; branches are counted on
each infeed, up to the 4 that there can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.snapshot import Branch, Inlet, Meter, Outlet, Snapshot, Threshold

TOWER = 1
TOWER_ID = "A"
INFEEDS = 4
BRANCHES = 4
LETTERS = "ABCD"


@dataclass(frozen=True, slots=True)
class InfeedRow:
    """current: the threshold of its current. outlets: how many there are on it."""

    inlet: Inlet
    current: Threshold | None
    outlets: int
    branches_metered: bool

    @property
    def meter(self) -> Meter:
        return self.inlet.meter

    @property
    def id(self) -> str:
        return infeed_id(self.inlet.index)


@dataclass(frozen=True, slots=True)
class OutletRow:
    """current: the threshold of its current, None without a meter."""

    outlet: Outlet
    current: Threshold | None

    @property
    def meter(self) -> Meter | None:
        return self.outlet.meter

    @property
    def id(self) -> str:
        return f"{infeed_id(self.outlet.inlet)}{self.outlet.index}"


@dataclass(frozen=True, slots=True)
class BranchRow:
    """number: on its infeed, 1 to BRANCHES."""

    branch: Branch
    number: int
    current: Threshold | None

    @property
    def meter(self) -> Meter | None:
        return self.branch.meter

    @property
    def id(self) -> str:
        return f"{infeed_id(self.branch.inlet)}{self.number}"


def infeed_id(inlet: int) -> str:
    """inlet: 1 to INFEEDS."""
    return f"{TOWER_ID}{LETTERS[inlet - 1]}"


def infeeds(snapshot: Snapshot) -> Iterator[tuple[Oid, InfeedRow]]:
    currents = _currents(snapshot)
    metered = {branch.inlet for branch in snapshot.branches if branch.meter is not None}
    on = [outlet.inlet for outlet in snapshot.outlets]
    for inlet in snapshot.inlets:
        number = inlet.index
        if number <= INFEEDS:
            current = currents.get(Target(TargetKind.INLET, number))
            row = InfeedRow(inlet, current, on.count(number), number in metered)
            yield (TOWER, number), row


def outlets(snapshot: Snapshot) -> Iterator[tuple[Oid, OutletRow]]:
    currents = _currents(snapshot)
    for outlet in snapshot.outlets:
        if outlet.inlet <= INFEEDS:
            current = currents.get(Target(TargetKind.OUTLET, outlet.index))
            yield (TOWER, outlet.inlet, outlet.index), OutletRow(outlet, current)


def branches(snapshot: Snapshot) -> Iterator[tuple[Oid, BranchRow]]:
    currents = _currents(snapshot)
    counts = dict.fromkeys(range(1, INFEEDS + 1), 0)
    for branch in sorted(snapshot.branches, key=lambda branch: branch.index):
        number = counts.get(branch.inlet, BRANCHES) + 1
        if number <= BRANCHES:
            counts[branch.inlet] = number
            current = currents.get(Target(TargetKind.BRANCH, branch.index))
            yield (TOWER, branch.inlet, number), BranchRow(branch, number, current)


def _currents(snapshot: Snapshot) -> Mapping[Target, Threshold]:
    return {
        threshold.target: threshold
        for threshold in snapshot.thresholds
        if threshold.quantity is Quantity.CURRENT
    }
