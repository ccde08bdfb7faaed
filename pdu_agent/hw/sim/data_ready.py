# SPDX-License-Identifier: Apache-2.0
"""The data-ready pin of a simulated converter on a GPIO line, in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pdu_agent.hw.gpio import Edge, LineSettings, LineState
from pdu_agent.hw.sim.ads13x import SimAds13x
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import ChipNotFound, HardwareError

KERNEL_EVENTS = 16
"""Edges that the kernel keeps for a line; of more, the oldest are gone."""


class SimDataReadyChip:
    """A GpioChip whose `line` is the pin; it rises half a period after it fell.

    missed: how many of the next falling edges the kernel does not see. cut: the wire is off.
    """

    line_count = 54

    def __init__(
        self, converter: SimAds13x, clock: Clock, sleep: Callable[[float], None], line: int = 0
    ) -> None:
        self.missed = 0
        self.cut = False
        self._converter = converter
        self._clock = clock
        self._sleep = sleep
        self._line = line
        self._seen_s = clock.monotonic_s()

    def look(self, lines: Iterable[int]) -> dict[int, LineState]:
        return dict.fromkeys(lines, LineState(output=False, consumer=""))

    def request(self, lines: Mapping[int, LineSettings], consumer: str) -> SimDataReadyChip:
        if list(lines) != [self._line]:
            raise ChipNotFound("simulated gpio", f"request for {consumer}", f"lines {list(lines)}")
        if not lines[self._line].active_low or not lines[self._line].edges:
            raise HardwareError("simulated gpio", "request", "data-ready is low active, by edges")
        self._seen_s = self._clock.monotonic_s()
        return self

    def read(self) -> dict[int, bool]:
        raise HardwareError("simulated gpio", "read", "this line is told by its edges only")

    def write(self, _values: Mapping[int, bool]) -> None:
        raise HardwareError("simulated gpio", "write", "the converter drives this line")

    def drive(self, _values: Mapping[int, bool]) -> None:
        raise HardwareError("simulated gpio", "drive", "the converter drives this line")

    def wait_edges(self, timeout_s: float) -> list[Edge]:
        """Falling ones, each with the rise before it, as the read of a frame makes it."""
        end_s = self._clock.monotonic_s() + timeout_s
        while True:
            edges = self._new_edges()
            now_s = self._clock.monotonic_s()
            if edges or now_s >= end_s:
                return edges
            self._sleep(min(self._converter.period_s / 4, end_s - now_s))

    def _new_edges(self) -> list[Edge]:
        now_s = self._clock.monotonic_s()
        falls_s = self._converter.ready_times_s(self._seen_s, now_s)
        self._seen_s = now_s
        if self.cut:
            return []
        missed = min(self.missed, len(falls_s))
        self.missed -= missed
        half_s = self._converter.period_s / 2
        edges = [
            edge
            for fall_s in falls_s[missed:]
            for edge in (
                Edge(self._line, active=False, t_mono_s=fall_s - half_s),
                Edge(self._line, active=True, t_mono_s=fall_s),
            )
        ]
        return edges[-KERNEL_EVENTS:]

    def close(self) -> None:
        """The wire stays; it can be requested again after it."""
