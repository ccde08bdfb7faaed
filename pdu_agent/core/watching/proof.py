# SPDX-License-Identifier: Apache-2.0
"""Relays and fuses against what is measured: off but current flows, on but no voltage; a phase
of an inlet that is missing is a fuse too.

Either has to be seen in windows that follow each other for HELD_S, and only windows count that
began SETTLED_S after the relay had moved: a contact that bounces, an arc or a window with both
states in it accuses nobody. What is stale proves nothing either; an alarm then stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.readings import Reading
from pdu_agent.model.snapshot import Fault, Severity

WELDED = Fault.WELDED.value
FUSE = Fault.FUSE.value
HELD_S = 1.9
"""Ten windows of 0.2 s, which are a little shorter while the mains is above 50 Hz."""
SETTLED_S = 0.5
"""With HELD_S, a window that has just begun and its way to here it has to stay below 3 s."""
GAP_S = 1.0
"""Windows further apart than this do not follow each other."""
DEAD_PART = 0.2
LIVE_PART = 0.5
"""Of the nominal voltage: below the one nothing arrives, above the other the inlet has mains."""
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """Windows without a break that showed the fault: begin of the first, end of the newest."""

    from_s: float
    until_s: float


class Proof:
    """Looks at each reading; raises the alarms `welded` and `fuse`, and clears them."""

    def __init__(
        self,
        state: CoreState,
        settings: LiveSettings,
        alarms: AlarmBook,
        file: CoreSettings,
    ) -> None:
        self._state = state
        self._direct_points = file.direct_points
        self._inlet_of = {Target(TargetKind.LINE, each.number): each.inlet for each in file.lines}
        self._line_of = {(each.inlet, each.line): each.number for each in file.lines}
        self._settings = settings
        self._alarms = alarms
        self._suspicions: dict[tuple[str, Target], _Suspicion] = {}
        self._raised: set[tuple[str, Target]] = set()
        self._fed_v: dict[int, float | None] = {}
        """Of this reading: each inlet's highest voltage."""

    def look(self, reading: Reading) -> None:
        """Judge the lines, branches and outlets that the reading has measured, in this order:
        a dead line explains its dead branches, and either their dead outlets.
        """
        self._fed_v.clear()
        points = [measurement.target for measurement in reading.measurements]
        points = [point for point in points if point in self._state.ledgers]
        for target in points:
            if inlet := self._inlet_of.get(target):
                self._judge(FUSE, target, self._is_dead(target, inlet), reading)
        for target in points:
            if target.kind is TargetKind.BRANCH:
                self._look_at_branch(target, reading)
        for target in points:
            if target.kind is TargetKind.OUTLET:
                self._look_at_outlet(target, reading)

    def _look_at_branch(self, target: Target, reading: Reading) -> None:
        settings = self._settings.branches[target.index]
        dead = self._is_dead(target, settings.inlet)
        if dead and self._is_line_blown(settings.inlet, settings.line):
            dead = False
        self._judge(FUSE, target, dead, reading)

    def _look_at_outlet(self, target: Target, reading: Reading) -> None:
        live = self._state.outlets[target.index]
        closed, begin_s = live.machine.contact, reading.t_mono_s - reading.span_s
        if closed is None or begin_s < live.contact_s + SETTLED_S:
            self._forget(target)
            return
        settings = self._settings.outlets[target.index]
        self._judge(WELDED, target, self._flows(target) if not closed else False, reading)
        dead = self._is_dead(target, settings.inlet) if closed else False
        if dead and (
            self._is_blown(TargetKind.BRANCH, settings.branch)
            or self._is_line_blown(settings.inlet, settings.line)
        ):
            dead = False
        self._judge(FUSE, target, dead, reading)

    def _flows(self, target: Target) -> bool | None:
        current_a = self._state.ledgers[target].current_value(Quantity.CURRENT)
        return None if current_a is None else current_a >= self._settings.device.weld_current_a

    def _is_dead(self, target: Target, inlet: int) -> bool | None:
        """Does nothing arrive though the inlet has mains? None while that is not known."""
        if inlet not in self._fed_v:
            self._fed_v[inlet] = self._highest_v(inlet)
        fed_v = self._fed_v[inlet]
        voltage_v = self._voltage_v(target)
        if voltage_v is None or fed_v is None or target in self._direct_points:
            return None
        nominal_v = self._settings.inlets[inlet].nominal_voltage_v
        return voltage_v < DEAD_PART * nominal_v and fed_v > LIVE_PART * nominal_v

    def _highest_v(self, inlet: int) -> float | None:
        """Of the inlet and its lines: the mean of these is low while one of them is dead."""
        points = [line for line, its_inlet in self._inlet_of.items() if its_inlet == inlet]
        found = [self._voltage_v(point) for point in (Target(TargetKind.INLET, inlet), *points)]
        return max((each for each in found if each is not None), default=None)

    def _voltage_v(self, target: Target) -> float | None:
        ledger = self._state.ledgers.get(target)
        return ledger.electrical.voltage_v if ledger is not None and ledger.is_fresh else None

    def _is_line_blown(self, inlet: int, phase: str) -> bool:
        return self._is_blown(TargetKind.LINE, self._line_of.get((inlet, phase)))

    def _is_blown(self, kind: TargetKind, number: int | None) -> bool:
        return number is not None and (FUSE, Target(kind, number)) in self._suspicions

    def _judge(self, kind: str, target: Target, faulty: bool | None, reading: Reading) -> None:
        key = kind, target
        if not faulty:
            self._suspicions.pop(key, None)
            if faulty is False and key in self._raised:
                self._raised.discard(key)
                self._alarms.clear(kind, str(target))
            return
        begin_s, end_s = reading.t_mono_s - reading.span_s, reading.t_mono_s
        before = self._suspicions.get(key)
        follows = before is not None and begin_s <= before.until_s + GAP_S
        from_s = before.from_s if before is not None and follows else begin_s
        self._suspicions[key] = _Suspicion(from_s, end_s)
        if end_s - from_s >= HELD_S - _ROUNDING_S:
            self._raised.add(key)
            self._alarms.set(kind, str(target), Severity.CRITICAL, self._text(kind, target), target)

    def _text(self, kind: str, target: Target) -> str:
        ledger = self._state.ledgers[target]
        if kind == WELDED:
            current_a = ledger.current_value(Quantity.CURRENT)
            return f"the relay is open, but {current_a:.3g} A flow: it may be welded"
        voltage_v = ledger.current_value(Quantity.VOLTAGE)
        what = "the relay is closed" if target.kind is TargetKind.OUTLET else "its inlet has mains"
        return f"{what}, but only {voltage_v:.3g} V arrive: a fuse or breaker may be open"

    def _forget(self, target: Target) -> None:
        for kind in (WELDED, FUSE):
            self._suspicions.pop((kind, target), None)
