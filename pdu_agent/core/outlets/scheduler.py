# SPDX-License-Identifier: Apache-2.0
"""Which queued relays may move now: inrush gaps, rest for each relay, a budget of coils.

Rests count from the board's answer, not from the order: a bus thread that was late once must
not let the next relay follow too soon. Gaps count from the relay's movement, but for one that
was on time: there they count from slot to slot, or else the small delays of 64 outlets would
add up. A coil counts from the order on and until its interval after the movement. Where a
board cannot tell when that was, it is the answer.

Orders may be given a little before their time, which goes with them: a bus's thread keeps it
better than a loop with other work, and what the loop is late by would add up too.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pdu_agent.core.outlets.outlet import CLOSE_STEPS, QUEUED_STEPS, OutletMachine
from pdu_agent.core.settings import MIN_ACTUATION_GAP_S
from pdu_agent.model.size import MAX_OUTLETS

ON_TIME_S = 0.01
ON_TIME_SHARE = 0.1
"""A relay is on time when it moves within ON_TIME_S of its slot, and within this share of the
gap. No gap is shorter by more than that."""


@dataclass(frozen=True, slots=True)
class _InFlight:
    """An order without an answer. at_s: not to be carried out before."""

    is_closing: bool
    at_s: float


class RelayScheduler:
    """Hands out slots, the oldest order first. Opening needs the relay's own rest and a coil
    of the budget; closing also the gap.

    `interval_s()` is the least time between two closings of the whole unit; while one is
    under way no other begins. A relay that moved rests MIN_ACTUATION_GAP_S, so chatter
    cannot wear it out. At most coil_budget relays move, opening or closing, in any
    coil_interval_s seconds; with a budget of MAX_OUTLETS that is no limit.

    lead_s: how long before its time a slot may be granted.
    """

    def __init__(
        self,
        interval_s: Callable[[], float],
        coil_budget: int = MAX_OUTLETS,
        coil_interval_s: float = 0.0,
        lead_s: float = 0.0,
    ) -> None:
        self._interval_s = interval_s
        self._coil_budget = coil_budget
        self._coil_interval_s = coil_interval_s
        self._lead_s = lead_s
        self._coils_s: list[float] = []  # the last movements, in order of time
        self._last_close_s = -math.inf
        self._moved_s: dict[int, float] = {}
        self._in_flight: dict[int, _InFlight] = {}

    def grant(self, machines: Mapping[int, OutletMachine], now_s: float) -> list[int]:
        """The outlets whose relays move now, in order; they count as in flight afterwards.

        `at_s` tells when exactly.
        """
        granted: list[int] = []
        for outlet in self._queue(machines):
            coil_due_s = self._coil_due_s()
            if coil_due_s - self._lead_s > now_s:
                break
            closing = machines[outlet].step in CLOSE_STEPS
            due_s = max(coil_due_s, self._due_s(outlet, closing))
            if due_s - self._lead_s > now_s or (closing and self._must_wait()):
                continue
            at_s = max(now_s, due_s)
            if closing:
                slot_s = self._last_close_s + self._interval_s()
                self._last_close_s = slot_s if self._is_on_time(slot_s, at_s) else at_s
            self._in_flight[outlet] = _InFlight(closing, at_s)
            granted.append(outlet)
        return granted

    def at_s(self, outlet: int) -> float:
        """The time of the slot that this outlet was granted."""
        return self._in_flight[outlet].at_s

    def rest(self, outlet: int, now_s: float) -> None:
        """The relay may have moved until now, for all that this process knows."""
        self._moved_s[outlet] = now_s

    def done(self, outlet: int, now_s: float, moved_s: float | None = None) -> None:
        """The board has answered for this outlet, or is lost; harmless when none was asked.

        moved_s: when the relay had been told to move, if that is known.
        """
        order = self._in_flight.pop(outlet, None)
        if order is None:
            return
        self._moved_s[outlet] = now_s
        coil_s = now_s if moved_s is None else moved_s
        insort(self._coils_s, coil_s)
        del self._coils_s[: -self._coil_budget]
        if order.is_closing and not self._is_on_time(self._last_close_s, coil_s):
            self._last_close_s = coil_s

    def next_due_s(self, machines: Mapping[int, OutletMachine]) -> float | None:
        """When `grant` will next have something to give; None when nothing waits, or only
        for an answer of the board.
        """
        waiting = [
            (outlet, machines[outlet].step in CLOSE_STEPS) for outlet in self._queue(machines)
        ]
        due_s = min(
            (
                self._due_s(outlet, closing)
                for outlet, closing in waiting
                if not (closing and self._must_wait())
            ),
            default=math.inf,
        )
        due_s = max(due_s, self._coil_due_s())
        return None if due_s == math.inf else due_s - self._lead_s

    def is_waiting(self, machines: Mapping[int, OutletMachine]) -> bool:
        """Is a relay queued that has not been granted its slot?"""
        return bool(self._queue(machines))

    def due_s(self, outlet: int, machine: OutletMachine) -> float | None:
        """When this outlet may move as far as is known now, None when it is not queued."""
        if machine.step not in QUEUED_STEPS:
            return None
        due_s = self._due_s(outlet, machine.step in CLOSE_STEPS)
        coil_due_s = self._coil_due_s()
        return due_s if coil_due_s == math.inf else max(due_s, coil_due_s)

    def _queue(self, machines: Mapping[int, OutletMachine]) -> list[int]:
        waiting = [
            n for n, m in machines.items() if m.step in QUEUED_STEPS and n not in self._in_flight
        ]
        return sorted(waiting, key=lambda n: (machines[n].queued_s, n))

    def _is_on_time(self, slot_s: float, now_s: float) -> bool:
        return now_s - slot_s <= min(ON_TIME_S, ON_TIME_SHARE * self._interval_s())

    def _must_wait(self) -> bool:
        return self._interval_s() > 0 and any(
            order.is_closing for order in self._in_flight.values()
        )

    def _due_s(self, outlet: int, closing: bool) -> float:
        due_s = self._moved_s.get(outlet, -math.inf) + MIN_ACTUATION_GAP_S
        if closing:
            due_s = max(due_s, self._last_close_s + self._interval_s())
        return due_s

    def _coil_due_s(self) -> float:
        """When the next coil may be switched; infinity while only an answer can free one."""
        free = self._coil_budget - len(self._in_flight)
        if free <= 0:
            return math.inf
        if len(self._coils_s) < free:
            return -math.inf
        return self._coils_s[-free] + self._coil_interval_s
