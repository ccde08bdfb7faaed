# SPDX-License-Identifier: Apache-2.0
"""What PowerNet-MIB calls a phase: a line of the inlet, or an inlet of a unit without lines."""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.mib_impl.powernet.words import LINE_NUMBERS, PHASES
from pdu_agent.model.commands import OverloadRestriction, Target, TargetKind
from pdu_agent.model.snapshot import Inlet, Meter, Snapshot


@dataclass(frozen=True, slots=True)
class Phase:
    """index: 1 to PHASES. target: what is measured, and has the limits. meter: None where
    nothing measures it. inlet: whose settings apply.
    """

    index: int
    target: Target
    meter: Meter | None
    rated_current_a: float | None
    inlet: Inlet

    @property
    def overload_restriction(self) -> OverloadRestriction:
        return self.inlet.overload_restriction


def phases(snapshot: Snapshot) -> tuple[Phase, ...]:
    """By their numbers. The MIB has room for the lines of one inlet: the first that has some."""
    if not snapshot.lines:
        return tuple(_of_inlet(inlet) for inlet in snapshot.inlets if inlet.index <= PHASES)
    first = min(line.inlet for line in snapshot.lines)
    inlet = next((each for each in snapshot.inlets if each.index == first), None)
    if inlet is None:
        return ()
    found = [
        Phase(
            LINE_NUMBERS[line.line],
            Target(TargetKind.LINE, line.index),
            line.meter,
            line.rated_current_a,
            inlet,
        )
        for line in snapshot.lines
        if line.inlet == first
    ]
    return tuple(sorted(found, key=lambda phase: phase.index))


def _of_inlet(inlet: Inlet) -> Phase:
    target = Target(TargetKind.INLET, inlet.index)
    return Phase(inlet.index, target, inlet.meter, inlet.meter.rated_current_a, inlet)


def number_of(target: Target, snapshot: Snapshot) -> int | None:
    """The phase that an inlet or a line is shown as, None if as none."""
    if not snapshot.lines:
        return target.index
    found = (phase.index for phase in phases(snapshot) if phase.target == target)
    return next(found, None)
