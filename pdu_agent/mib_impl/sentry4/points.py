# SPDX-License-Identifier: Apache-2.0
"""The rows that tell what is measured somewhere: at a cord, line, phase, branch or outlet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pdu_agent.mib_impl.sentry4.names import (
    LAST_CORD,
    ONLY_LINE,
    cord_index,
    line_index,
    part_index,
)
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import (
    NO_FAULTS,
    Branch,
    Faults,
    Inlet,
    Line,
    Meter,
    MeterStatus,
    Outlet,
    Snapshot,
    Threshold,
)

Thresholds = Mapping[Quantity, Threshold]

NO_THRESHOLDS: Thresholds = {}
LINE_NUMBERS = {"l1": 1, "l2": 2, "l3": 3}
_NO_VALUES = Electrical()
_INTERRUPTED = 0.05
"""EN 50160: a supply below 5 % of its reference voltage is interrupted."""


@dataclass(frozen=True, slots=True)
class Point:
    """A metering point. inlet: what feeds it, None if that is not known. line: its number on the
    cord, for a line. faults: of a branch.
    """

    target: Target
    meter: Meter
    inlet: Inlet | None
    thresholds: Thresholds
    line: int = ONLY_LINE
    faults: Faults = NO_FAULTS

    @property
    def electrical(self) -> Electrical:
        """Values that are current; what a silent meter said last is no reading any more."""
        return self.meter.electrical if self.meter.status is MeterStatus.OK else _NO_VALUES

    @property
    def is_live(self) -> bool | None:
        """Whether there is a supply; None where nobody measures a voltage."""
        voltage_v = self.electrical.voltage_v
        if voltage_v is None or self.inlet is None:
            return None
        return voltage_v >= _INTERRUPTED * self.inlet.nominal_voltage_v


def inlets_of(snapshot: Snapshot) -> dict[int, Inlet]:
    """Those that are input cords here."""
    return {inlet.index: inlet for inlet in snapshot.inlets if inlet.index <= LAST_CORD}


def branches_of(snapshot: Snapshot) -> list[Branch]:
    return [branch for branch in snapshot.branches if branch.inlet <= LAST_CORD]


def outlets_of(snapshot: Snapshot) -> list[Outlet]:
    return [outlet for outlet in snapshot.outlets if outlet.inlet <= LAST_CORD]


def thresholds_of(snapshot: Snapshot, kind: TargetKind) -> dict[int, dict[Quantity, Threshold]]:
    """By the number of the target, and then by the quantity."""
    found: dict[int, dict[Quantity, Threshold]] = {}
    for threshold in snapshot.thresholds:
        if threshold.target.kind is kind:
            found.setdefault(threshold.target.index, {})[threshold.quantity] = threshold
    return found


def cords(snapshot: Snapshot) -> Iterator[tuple[Oid, Point]]:
    for point in _inlet_points(snapshot):
        yield cord_index(point.target.index), point


def lines(snapshot: Snapshot) -> Iterator[tuple[Oid, Point]]:
    """The lines, and the phases: those of the inlet, or the one of an inlet without lines."""
    limits = thresholds_of(snapshot, TargetKind.LINE)
    for point in _inlet_points(snapshot):
        cord = point.target.index
        own = lines_of(cord, snapshot)
        if not own:
            yield line_index(cord), point
        for number, line in own.items():
            if line.meter is not None:
                target, found = Target(TargetKind.LINE, line.index), limits.get(line.index)
                yield (
                    line_index(cord, number),
                    Point(target, line.meter, point.inlet, found or NO_THRESHOLDS, number),
                )


def line_places(target: Target, snapshot: Snapshot) -> Iterator[tuple[int, int]]:
    """Cord and number of the line as which the target is shown, if it is as one."""
    for (_, cord, number), point in lines(snapshot):
        if point.target == target:
            yield cord, number


def line_number(wired: Branch | Outlet, inlet: Inlet | None) -> int:
    """Of the line that feeds it, or of the first of two."""
    if inlet is None or inlet.line_count == 1:
        return ONLY_LINE
    return LINE_NUMBERS.get(wired.line[:2], ONLY_LINE)


def lines_of(inlet: int, snapshot: Snapshot) -> dict[int, Line]:
    """By their numbers, 1 to 3."""
    found = {LINE_NUMBERS[line.line]: line for line in snapshot.lines if line.inlet == inlet}
    return dict(sorted(found.items()))


def _inlet_points(snapshot: Snapshot) -> Iterator[Point]:
    limits = thresholds_of(snapshot, TargetKind.INLET)
    for number, inlet in inlets_of(snapshot).items():
        target = Target(TargetKind.INLET, number)
        yield Point(target, inlet.meter, inlet, limits.get(number, NO_THRESHOLDS))


def metered_branches(snapshot: Snapshot) -> Iterator[tuple[Oid, Point]]:
    limits = thresholds_of(snapshot, TargetKind.BRANCH)
    inlets = inlets_of(snapshot)
    for branch in branches_of(snapshot):
        if branch.meter is not None:
            yield (
                part_index(branch.inlet, branch.index),
                Point(
                    Target(TargetKind.BRANCH, branch.index),
                    branch.meter,
                    inlets.get(branch.inlet),
                    limits.get(branch.index, NO_THRESHOLDS),
                    faults=branch.faults,
                ),
            )


def metered_outlets(snapshot: Snapshot) -> Iterator[tuple[Oid, Point]]:
    limits = thresholds_of(snapshot, TargetKind.OUTLET)
    inlets = inlets_of(snapshot)
    for outlet in outlets_of(snapshot):
        if outlet.meter is not None:
            yield (
                part_index(outlet.inlet, outlet.index),
                Point(
                    Target(TargetKind.OUTLET, outlet.index),
                    outlet.meter,
                    inlets.get(outlet.inlet),
                    limits.get(outlet.index, NO_THRESHOLDS),
                ),
            )
