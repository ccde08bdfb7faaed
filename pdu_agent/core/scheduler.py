# SPDX-License-Identifier: Apache-2.0
"""Which queued relays may move now: inrush gaps between outlets, rest for each relay."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from pdu_agent.core.outlet import CLOSE_STEPS, QUEUED_STEPS, OutletMachine
from pdu_agent.core.settings import MIN_ACTUATION_GAP_S


class RelayScheduler:
    """Hands out slots. Opening needs only the relay's own rest; closing also the gap.

    `interval_s()` is the least time between two closings of the whole unit. A relay that
    moved rests MIN_ACTUATION_GAP_S, so chatter cannot wear it out.
    """

    def __init__(self, interval_s: Callable[[], float]) -> None:
        self._interval_s = interval_s
        self._last_close_s = -math.inf
        self._moved_s: dict[int, float] = {}
        self._in_flight: set[int] = set()

    def grant(self, machines: Mapping[int, OutletMachine], now_s: float) -> list[int]:
        """The outlets whose relays move now, in order; they count as in flight afterwards."""
        granted: list[int] = []
        for outlet in self._queue(machines):
            machine = machines[outlet]
            if self._due_s(outlet, machine) > now_s:
                continue
            if machine.step in CLOSE_STEPS:
                self._last_close_s = now_s
            self._moved_s[outlet] = now_s
            self._in_flight.add(outlet)
            granted.append(outlet)
        return granted

    def done(self, outlet: int) -> None:
        """The board has answered for this outlet (or is lost)."""
        self._in_flight.discard(outlet)

    def next_due_s(self, machines: Mapping[int, OutletMachine]) -> float | None:
        """When `grant` will next have something to give, None when nothing waits."""
        return min((self._due_s(n, machines[n]) for n in self._queue(machines)), default=None)

    def due_s(self, outlet: int, machine: OutletMachine) -> float | None:
        """When this outlet may move as far as is known now, None when it is not queued."""
        return self._due_s(outlet, machine) if machine.step in QUEUED_STEPS else None

    def _queue(self, machines: Mapping[int, OutletMachine]) -> list[int]:
        waiting = [
            n for n, m in machines.items() if m.step in QUEUED_STEPS and n not in self._in_flight
        ]
        return sorted(waiting, key=lambda n: (machines[n].queued_s, n))

    def _due_s(self, outlet: int, machine: OutletMachine) -> float:
        due_s = self._moved_s.get(outlet, -math.inf) + MIN_ACTUATION_GAP_S
        if machine.step in CLOSE_STEPS:
            due_s = max(due_s, self._last_close_s + self._interval_s())
        return due_s
