# SPDX-License-Identifier: Apache-2.0
"""Proof of each movement of a relay: read-back, and what was drawn before and after it.

A window counts when it began SETTLED_S after the movement. A current that came or went tells at
once; that none came is known after WAIT_S, since a load may take its time to start. A movement
without a verdict from the meter keeps the one it had at once: a meter that is silent, or whose
window comes LATEST_S later, proves nothing about it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.state import CoreState, OutletLive
from pdu_agent.core.watching.proof import FUSE, HELD_S, SETTLED_S, WELDED
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Actor, Quantity, Target, TargetKind
from pdu_agent.model.readings import Reading
from pdu_agent.model.snapshot import ChangeReason
from pdu_agent.model.switch_proof import SwitchProof, Verdict

WAIT_S = 2 * HELD_S
"""For a load that starts late, and until a welded relay or an open fuse is certain."""
LATEST_S = 60.0
"""A window that ends later than this after the movement says nothing about it any more."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """In A and W; None: not known."""

    current_a: float | None = None
    power_w: float | None = None


_UNKNOWN = _Drawn()


class SwitchProofs:
    """Keeps OutletLive.proof, told by the boards what moves and by the meters what is drawn."""

    def __init__(
        self,
        state: CoreState,
        settings: LiveSettings,
        clock: Clock,
        told: Callable[[int, SwitchProof, Actor | None, ChangeReason], None],
    ) -> None:
        """told: hears of each movement once, when nothing will better its proof any more, and who
        ordered it.
        """
        self._told = told
        self._ordered_by: dict[int, tuple[Actor | None, ChangeReason]] = {}
        self._state = state
        self._settings = settings
        self._clock = clock
        self._settled: dict[int, _Drawn] = {}
        """The newest window with the contact as it is now."""
        self._before: dict[int, _Drawn] = {}
        self._open_s: dict[int, float | None] = {}
        """Movements that a meter may still judge: begin of their first settled window."""

    def ordered(self, number: int) -> None:
        """The relay is about to move: what is drawn now is what was drawn before."""
        self._close(number)
        live = self._state.outlets[number]
        self._ordered_by[number] = live.actor, live.reason
        ledger = self._state.ledgers.get(Target(TargetKind.OUTLET, number))
        is_fresh = ledger is not None and ledger.is_fresh
        self._before[number] = self._settled.get(number, _UNKNOWN) if is_fresh else _UNKNOWN

    def finished(
        self, number: int, wanted: bool, read_back: bool | None, moved_s: float | None
    ) -> None:
        """The board has answered. moved_s (monotonic): as RelayResult has it."""
        drawn = self._before.pop(number, _UNKNOWN)
        now_s, contradicts = self._clock.monotonic_s(), read_back is (not wanted)
        ledger = self._state.ledgers.get(Target(TargetKind.OUTLET, number))
        is_metered = ledger is not None and ledger.current_value(Quantity.CURRENT) is not None
        verdict = Verdict.COMMANDED_ONLY
        if contradicts:
            verdict = Verdict.CONTRADICTED
        elif read_back is wanted and not is_metered:
            verdict = Verdict.VERIFIED
        proof = SwitchProof(
            closed=wanted,
            verdict=verdict,
            read_back=read_back,
            moved_wall_s=self._clock.wall_s() - (now_s - moved_s if moved_s is not None else 0.0),
            current_before_a=drawn.current_a,
            power_before_w=drawn.power_w,
        )
        self._put(number, proof)
        self._open_s[number] = None
        if contradicts or not is_metered:
            self._close(number)

    def tick(self, now_s: float) -> None:
        """Give up what no meter will tell about any more."""
        for number in [n for n in self._open_s if now_s > self._latest_s(n)]:
            self._close(number)

    def next_due_s(self) -> float:
        """When (monotonic) `tick` has something to give up; infinity for never."""
        return min(map(self._latest_s, self._open_s), default=math.inf)

    def _latest_s(self, number: int) -> float:
        return self._state.outlets[number].contact_s + LATEST_S

    def _close(self, number: int) -> None:
        proof = self._state.outlets[number].proof
        if number in self._open_s and proof is not None:
            del self._open_s[number]
            self._told(number, proof, *self._ordered_by[number])

    def look(self, reading: Reading) -> None:
        """Judge the movements of the outlets that the reading has measured; after `Proof`."""
        begin_s = reading.t_mono_s - reading.span_s
        for measurement in reading.measurements:
            target = measurement.target
            if target.kind is not TargetKind.OUTLET or target not in self._state.ledgers:
                continue
            number, live = target.index, self._state.outlets[target.index]
            if live.machine.contact is None or begin_s < live.contact_s + SETTLED_S:
                self._settled.pop(number, None)
                continue
            ledger = self._state.ledgers[target]
            values, drawn = ledger.electrical, _UNKNOWN
            if ledger.is_fresh:
                drawn = _Drawn(values.current_a, values.active_power_w)
            self._settled[number] = drawn
            if number in self._open_s and live.proof is not None and drawn.current_a is not None:
                self._judge(number, live, live.proof, drawn, reading)

    def _judge(
        self, number: int, live: OutletLive, proof: SwitchProof, drawn: _Drawn, reading: Reading
    ) -> None:
        if reading.t_mono_s > self._latest_s(number) or live.machine.contact is not proof.closed:
            self._close(number)
            return
        since_s = self._open_s[number]
        if since_s is None:
            since_s = self._open_s[number] = reading.t_mono_s - reading.span_s
        verdict = self._verdict(number, proof, drawn)
        proof = replace(proof, current_after_a=drawn.current_a, power_after_w=drawn.power_w)
        self._put(number, replace(proof, verdict=verdict or Verdict.COMMANDED_ONLY))
        if verdict is not None or reading.t_mono_s - since_s >= WAIT_S:
            self._close(number)

    def _verdict(self, number: int, proof: SwitchProof, drawn: _Drawn) -> Verdict | None:
        """None while the current tells nothing: nothing drawn, or a weld is not yet certain."""
        limit_a = self._settings.device.weld_current_a
        flowed = (proof.current_before_a or 0.0) >= limit_a
        flows = (drawn.current_a or 0.0) >= limit_a
        if flows is proof.closed and (flows or flowed):
            return Verdict.VERIFIED
        return Verdict.CONTRADICTED if self._is_faulty(number, proof.closed) else None

    def _is_faulty(self, number: int, closed: bool) -> bool:
        alarms = self._state.alarms
        if not closed:
            return (WELDED, f"outlet {number}") in alarms
        branch = self._settings.outlets[number].branch
        return (FUSE, f"outlet {number}") in alarms or (FUSE, f"branch {branch}") in alarms

    def _put(self, number: int, proof: SwitchProof) -> None:
        live = self._state.outlets[number]
        self._state.outlets[number] = replace(live, proof=proof)
