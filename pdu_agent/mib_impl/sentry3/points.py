# SPDX-License-Identifier: Apache-2.0
"""Infeeds, outlets and branches as rows: where they stand in the tables, and what they are called.

The unit is tower 1, "A". Its infeeds are numbered 1 to 4, "AA" to "AD": what hangs on a fifth
has no place in the MIB. An inlet is an infeed of its own number. Where lines are told apart, an
infeed is a line of an inlet, or an inlet that has none, and they are counted in order. An
outlet keeps its number on the unit; branches are counted on each infeed, up to the 4 that
there can be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.snapshot import Branch, Inlet, Line, Meter, Outlet, Snapshot, Threshold

TOWER = 1
TOWER_ID = "A"
INFEEDS = 4
BRANCHES = 4
LETTERS = "ABCD"
_WHOLE = ""
"""In place of a line: an inlet that has none."""


@dataclass(frozen=True, slots=True)
class InfeedRow:
    """line: of the inlet, None for the inlet as a whole. current: the threshold of its current.
    outlets: how many there are on it.
    """

    number: int
    inlet: Inlet
    line: Line | None
    current: Threshold | None
    outlets: int
    branches_metered: bool

    @property
    def meter(self) -> Meter | None:
        return self.inlet.meter if self.line is None else self.line.meter

    @property
    def name(self) -> str:
        return self.inlet.name if self.line is None else self.line.name

    @property
    def rated_current_a(self) -> float | None:
        return self.inlet.meter.rated_current_a if self.line is None else self.line.rated_current_a

    @property
    def va_capacity(self) -> float | None:
        rated_a = self.rated_current_a
        return None if rated_a is None else rated_a * self.inlet.nominal_voltage_v

    @property
    def id(self) -> str:
        return infeed_id(self.number)


@dataclass(frozen=True, slots=True)
class OutletRow:
    """infeed: its number. current: the threshold of its current, None without a meter."""

    outlet: Outlet
    infeed: int
    current: Threshold | None

    @property
    def meter(self) -> Meter | None:
        return self.outlet.meter

    @property
    def id(self) -> str:
        return f"{infeed_id(self.infeed)}{self.outlet.index}"


@dataclass(frozen=True, slots=True)
class BranchRow:
    """infeed: its number. number: on it, 1 to BRANCHES."""

    branch: Branch
    infeed: int
    number: int
    current: Threshold | None

    @property
    def meter(self) -> Meter | None:
        return self.branch.meter

    @property
    def id(self) -> str:
        return f"{infeed_id(self.infeed)}{self.number}"


def infeed_id(number: int) -> str:
    """number: 1 to INFEEDS."""
    return f"{TOWER_ID}{LETTERS[number - 1]}"


class Infeeds:
    """Which infeed is what, and what hangs on it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._lines: dict[int, dict[str, Line]] = {}
        for line in sorted(snapshot.lines, key=lambda line: line.line):
            self._lines.setdefault(line.inlet, {})[line.line] = line
        inlets = {inlet.index for inlet in snapshot.inlets}
        inlets |= {wired.inlet for wired in snapshot.outlets}
        inlets |= {wired.inlet for wired in snapshot.branches}
        self._numbers: dict[tuple[int, str], int] = {}
        for inlet in sorted(inlets):
            for name in self._lines.get(inlet, (_WHOLE,)):
                number = len(self._numbers) + 1 if self._lines else inlet
                if number <= INFEEDS:
                    self._numbers[inlet, name] = number

    def of(self, wired: Outlet | Branch) -> int | None:
        """The number of the infeed that it hangs on: the first of two lines, and the first of
        all where its line is not known. None where the infeed has no place in the MIB.
        """
        lines = self._lines.get(wired.inlet)
        line = _WHOLE
        if lines is not None:
            line = wired.line[:2] if wired.line[:2] in lines else next(iter(lines))
        return self._numbers.get((wired.inlet, line))

    def each(self, snapshot: Snapshot) -> Iterator[tuple[int, Inlet, Line | None]]:
        inlets = {inlet.index: inlet for inlet in snapshot.inlets}
        for (inlet, line), number in self._numbers.items():
            if inlet in inlets:
                yield number, inlets[inlet], self._lines.get(inlet, {}).get(line)


def infeeds(snapshot: Snapshot) -> Iterator[tuple[Oid, InfeedRow]]:
    currents, places = _currents(snapshot), Infeeds(snapshot)
    metered = {places.of(branch) for branch in snapshot.branches if branch.meter is not None}
    on = Counter(places.of(outlet) for outlet in snapshot.outlets)
    for number, inlet, line in places.each(snapshot):
        target = Target(TargetKind.INLET, inlet.index)
        if line is not None:
            target = Target(TargetKind.LINE, line.index)
        current = currents.get(target)
        row = InfeedRow(number, inlet, line, current, on[number], number in metered)
        yield (TOWER, number), row


def outlets(snapshot: Snapshot) -> Iterator[tuple[Oid, OutletRow]]:
    currents, places = _currents(snapshot), Infeeds(snapshot)
    for outlet in snapshot.outlets:
        infeed = places.of(outlet)
        if infeed is not None:
            current = currents.get(Target(TargetKind.OUTLET, outlet.index))
            yield (TOWER, infeed, outlet.index), OutletRow(outlet, infeed, current)


def branches(snapshot: Snapshot) -> Iterator[tuple[Oid, BranchRow]]:
    currents, places = _currents(snapshot), Infeeds(snapshot)
    counts: Counter[int] = Counter()
    for branch in sorted(snapshot.branches, key=lambda branch: branch.index):
        infeed = places.of(branch)
        if infeed is not None and counts[infeed] < BRANCHES:
            counts[infeed] += 1
            number = counts[infeed]
            current = currents.get(Target(TargetKind.BRANCH, branch.index))
            yield (TOWER, infeed, number), BranchRow(branch, infeed, number, current)


def _currents(snapshot: Snapshot) -> Mapping[Target, Threshold]:
    return {
        threshold.target: threshold
        for threshold in snapshot.thresholds
        if threshold.quantity is Quantity.CURRENT
    }
