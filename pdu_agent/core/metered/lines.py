# SPDX-License-Identifier: Apache-2.0
"""Phase lines: the inlet that is their sum, and how unevenly they are loaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pdu_agent.core.metered.ledger import Increase, Ledger
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.record import MeterRecord


class LineSums:
    """Keeps the inlets with metered lines up to date; those that no meter feeds are their sum.

    What a line measures is added to its inlet's registers at once, so that nothing is lost or
    counted twice while another line is silent. The values of the inlet are renewed only while
    all its lines are fresh: a sum of some would look like a whole that is too small.
    """

    def __init__(self, state: CoreState, settings: CoreSettings) -> None:
        self._state = state
        self._lines = settings.metered_lines()
        self._summed = settings.summed_inlets()
        self._inlet_of = {line: inlet for inlet, lines in self._lines.items() for line in lines}

    def book(self, line: Target, before: MeterRecord, after: MeterRecord, tariff: str) -> None:
        """The line's registers grew; its inlet's grow along where they are the lines' sum."""
        inlet = self._inlet_of.get(line)
        if inlet in self._summed:
            target = Target(TargetKind.INLET, inlet)
            ledger = self._state.ledgers[target]
            increase = Increase.between(before, after)
            self._state.ledgers[target] = ledger.increased(increase, tariff)

    def inlets_of(self, points: Iterable[Target]) -> list[Target]:
        """The inlets with a line among these points."""
        numbers = {self._inlet_of.get(point) for point in points}
        return [Target(TargetKind.INLET, number) for number in self._lines if number in numbers]

    def renew(self, inlet: Target, t_mono_s: float, wall_s: float) -> Ledger | None:
        """The inlet's ledger after its lines have changed, put into the state.

        None for an inlet without a ledger.
        """
        ledger = self._state.ledgers.get(inlet)
        if ledger is None:
            return None
        lines = [self._state.ledgers[line] for line in self._lines[inlet.index]]
        fresh = all(line.is_fresh for line in lines)
        if inlet.index in self._summed:
            ledger = _sum(ledger, lines, t_mono_s, wall_s) if fresh else _partial(ledger, lines)
        percent = imbalance_percent(lines) if fresh else None
        ledger = replace(ledger, imbalance_percent=percent)
        self._state.ledgers[inlet] = ledger
        return ledger


def _sum(inlet: Ledger, lines: Sequence[Ledger], t_mono_s: float, wall_s: float) -> Ledger:
    demand_w = _added([line.demand_w for line in lines])
    is_full = all(line.window is not None and line.window.is_full for line in lines)
    return inlet.computed(summed(lines), t_mono_s, wall_s, demand_w, is_full)


def _partial(inlet: Ledger, lines: Sequence[Ledger]) -> Ledger:
    """Old at least since one line is; at start none is, but not all have been heard of."""
    if any(line.is_absent for line in lines):
        return inlet.gone_absent()
    return inlet.gone_stale() if any(line.stale for line in lines) else inlet


def summed(lines: Sequence[Ledger]) -> Electrical:
    """Lines as one point: powers are added, the voltage (line to neutral) is the mean, and the
    current that of the line which carries most, since that is what a fuse blows by.
    """
    each = [line.electrical for line in lines]
    voltage_v = _added([values.voltage_v for values in each])
    currents_a = [values.current_a for values in each if values.current_a is not None]
    active_w = _added([values.active_power_w for values in each])
    apparent_va = _added([values.apparent_power_va for values in each])
    clipped = any(values.quality is Quality.CLIPPED for values in each)
    return Electrical(
        voltage_v=voltage_v / len(each) if voltage_v is not None else None,
        current_a=max(currents_a) if len(currents_a) == len(each) else None,
        active_power_w=active_w,
        apparent_power_va=apparent_va,
        reactive_power_var=_added([values.reactive_power_var for values in each]),
        power_factor=_power_factor(active_w, apparent_va),
        frequency_hz=next((v.frequency_hz for v in each if v.frequency_hz is not None), None),
        quality=Quality.CLIPPED if clipped else Quality.OK,
    )


def imbalance_percent(lines: Sequence[Ledger]) -> float | None:
    """Largest deviation of a line's current from their mean, in % of the mean; 0 without load.

    None for fewer than two lines, or where a current is not known.
    """
    currents_a = [line.electrical.current_a for line in lines]
    total_a = _added(currents_a)
    if total_a is None or len(lines) < 2:
        return None
    mean_a = total_a / len(lines)
    if mean_a <= 0:
        return 0.0
    return max(abs(a - mean_a) for a in currents_a if a is not None) / mean_a * 100


def _added(values: Sequence[float | None]) -> float | None:
    """The sum; None where one is missing."""
    present = [value for value in values if value is not None]
    return sum(present) if present and len(present) == len(values) else None


def _power_factor(active_w: float | None, apparent_va: float | None) -> float | None:
    if active_w is None or apparent_va is None:
        return None
    return max(-1.0, min(1.0, active_w / apparent_va)) if apparent_va > 0 else 0.0
