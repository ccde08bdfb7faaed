# SPDX-License-Identifier: Apache-2.0
"""The rows that tell what is measured somewhere: at a cord, line, phase, branch or outlet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pdu_agent.mib_impl.sentry4.names import LAST_CORD, cord_index, line_index, part_index
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import Branch, Inlet, Meter, MeterStatus, Outlet, Snapshot, Threshold

Thresholds = Mapping[Quantity, Threshold]

NO_THRESHOLDS: Thresholds = {}
_NO_VALUES = Electrical()
_INTERRUPTED = 0.05
"""EN 50160: a supply below 5 % of its reference voltage is interrupted."""


@dataclass(frozen=True, slots=True)
class Point:
    """A metering point. inlet: what feeds it, None if that is not known."""

    target: Target
    meter: Meter
    inlet: Inlet | None
    thresholds: Thresholds

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
    """The lines, and the phases."""
    for point in _inlet_points(snapshot):
        yield line_index(point.target.index), point


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
