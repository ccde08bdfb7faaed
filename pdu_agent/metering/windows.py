# SPDX-License-Identifier: Apache-2.0
"""Where one window ends and the next begins: whole mains cycles, nothing left between.

A comparator on millisecond means, with a least spacing, counts the cycles; the phase of the
fundamental in the cycle around the last one puts the cut between two samples. Without
mains, windows have a fixed length, until a crossing lets them fall into step again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.phasors import HIGHEST_MAINS_HZ, LOWEST_MAINS_HZ, rising_crossing

WINDOW_S = 0.2  # 10 cycles of 50 Hz, 12 of 60 Hz (IEC 61000-4-30)
_COMPARATOR_STEP_S = 0.001
_START_OF_TIMELINE = -0.5  # sample n stands for n-0.5..n+0.5


@dataclass(frozen=True, slots=True)
class Cut:
    """A window from `start` to `end`, in samples; sample n covers n-0.5 to n+0.5.

    cycles: whole mains cycles in it, 0 for a window without mains.
    """

    start: float
    end: float
    cycles: int


class _Mode(Enum):
    ACQUIRING = auto()  # a new timeline: nothing is measured before the first crossing
    LOCKED = auto()
    FREE = auto()  # no mains


class WindowCutter:
    """Cuts one timeline. Positions are the timeline's own (see `dropped`).

    cycles: mains cycles in a full window. longest_window: most samples one can have.
    start: where the next window begins.
    """

    def __init__(
        self, rate_hz: float, nominal_hz: float, least_peak: float, offset_counts: float
    ) -> None:
        """least_peak: codes; a weaker sine counts as no mains."""
        self.cycles = round(nominal_hz * WINDOW_S)
        self._step = max(1, round(rate_hz * _COMPARATOR_STEP_S))
        self._mean = np.full(self._step, 1 / self._step, dtype=np.float32)
        self.refer_to(least_peak, offset_counts)
        self._shortest = rate_hz / HIGHEST_MAINS_HZ * 0.85
        self._longest = rate_hz / LOWEST_MAINS_HZ * 1.2
        self._free_length = rate_hz * WINDOW_S
        self.longest_window = int((self.cycles + 1) * self._longest) + 2
        self._mode = _Mode.ACQUIRING
        self._period = rate_hz / nominal_hz
        self.start = _START_OF_TIMELINE

    @property
    def locked(self) -> bool:
        """Windows are in step with the mains."""
        return self._mode is _Mode.LOCKED

    @property
    def period(self) -> float | None:
        """Samples in a mains cycle; None while windows are not in step."""
        return self._period if self.locked else None

    def refer_to(self, least_peak: float, offset_counts: float) -> None:
        """From now on `voltage` is another channel; for a cutter that is not locked."""
        # Half the weakest peak: noise does not reach it, and a rise that comes back within
        # the same cycle is too early to count. Where exactly it lies does not matter.
        self._threshold = np.float32(offset_counts + least_peak / 2)

    def dropped(self, count: int) -> None:
        """The timeline forgot its first `count` samples."""
        self.start -= count

    def next_cut(self, voltage: NDArray[np.float32]) -> Cut | None:
        """The next window that is complete, or None until there are more samples.

        voltage: float32[samples], the timeline from its first kept sample on. The same
        samples give the same cuts, however many of them are there at each call.
        """
        if self._mode is _Mode.ACQUIRING:
            self._acquire(voltage)
        if self._mode is _Mode.LOCKED:
            return self._locked_cut(voltage)
        # Enough for a crossing near the end of a free window to show that it is regular.
        if len(voltage) - self.start < self._free_length + 3 * self._longest:
            return None
        self._mode = _Mode.FREE
        return self._free_cut(voltage)

    def last_cut(self, voltage: NDArray[np.float32]) -> Cut | None:
        """What can still be measured of a timeline that ends here; whole cycles if mains."""
        if self._mode is _Mode.FREE:
            end = len(voltage) - 0.5
            return Cut(self.start, end, 0) if end - self.start >= self._shortest else None
        if self._mode is _Mode.LOCKED:
            for cycles, rise in reversed(list(enumerate(self._regular_rises(voltage), 1))):
                crossing = self._refine(voltage, rise, cycles)
                if crossing is not None:
                    return Cut(self.start, crossing, cycles)
        return None

    def _locked_cut(self, voltage: NDArray[np.float32]) -> Cut | None:
        if len(voltage) < self.start + (self.cycles + 1) * self._period:
            return None
        crossings = self._regular_rises(voltage)
        cycles = len(crossings)
        if cycles < self.cycles:
            last = crossings[-1] if crossings else self.start
            if len(voltage) - last <= self._longest + self._step:
                return None
            # The next crossing never came, so the cycle around the last one may be broken.
            self._mode = _Mode.FREE
            cycles -= 1
            if cycles < 1:
                return self.next_cut(voltage)
        end = self._refine(voltage, crossings[cycles - 1], cycles)
        if end is None:
            return None  # the cycle around it is not complete yet
        cut = Cut(self.start, end, cycles)
        self._period = (end - self.start) / cycles
        self.start = end
        return cut

    def _acquire(self, voltage: NDArray[np.float32]) -> None:
        """Lock to the first regular crossing, if it comes early enough."""
        for crossing, period in self._regular_crossings(voltage):
            if crossing - self.start > self._free_length:
                return
            if self._lock(voltage, crossing, period):
                return

    def _free_cut(self, voltage: NDArray[np.float32]) -> Cut:
        start = self.start
        limit = start + self._free_length
        for crossing, period in self._regular_crossings(voltage):
            # Not so early that the window becomes too short to mean much.
            early = crossing < start + self._free_length / 2
            if not early and crossing <= limit and self._lock(voltage, crossing, period):
                return Cut(start, self.start, 0)
        self.start = limit
        return Cut(start, limit, 0)

    def _lock(self, voltage: NDArray[np.float32], crossing: int, period: int) -> bool:
        """Start in step at a coarse crossing; False when too little is known around it."""
        exact = rising_crossing(voltage, crossing, period)
        following = rising_crossing(voltage, crossing + period, period)
        if exact is None or following is None:
            return False
        # With the true period the crossing is exact from the first window on.
        self._period = min(max(following - exact, self._shortest), self._longest)
        self.start = rising_crossing(voltage, exact, self._period) or exact
        self._mode = _Mode.LOCKED
        return True

    def _refine(self, voltage: NDArray[np.float32], rise: int, cycles: int) -> float | None:
        """The exact crossing at a coarse rise, `cycles` after the start of the window."""
        expected = self.start + cycles * self._period
        if abs(rise - expected) < self._period / 4:
            return rising_crossing(voltage, expected, self._period)
        return rising_crossing(voltage, rise, (rise - self.start) / cycles)

    def _regular_crossings(self, voltage: NDArray[np.float32]) -> list[tuple[int, int]]:
        """(crossing, period before it) wherever the period is a plausible one."""
        return [
            (rise, rise - before)
            for before, rise in pairwise(self._rises(voltage))
            if self._shortest <= rise - before <= self._longest
        ]

    def _regular_rises(self, voltage: NDArray[np.float32]) -> list[int]:
        """Rises since `start`, each a plausible cycle after the one before.

        A rise that comes too early is a notch or noise and is passed over; the list ends
        where one comes too late. At most one window's worth.
        """
        regular: list[int] = []
        last = self.start
        shortest, longest = self._shortest, self._longest
        for rise in self._rises(voltage):
            if rise - last > longest:
                break  # mains lost
            if rise - last >= shortest:
                regular.append(rise)
                last = rise
        return regular[: self.cycles]

    def _rises(self, voltage: NDArray[np.float32]) -> list[int]:
        """Where the voltage rises through the threshold, good to a step of the comparator."""
        first = max(0, int(self.start))
        end = min(len(voltage), first + self.longest_window)
        count = (end - first) // self._step
        steps = voltage[first : first + count * self._step].reshape(count, self._step)
        high = steps @ self._mean > self._threshold
        rises: list[int] = (high[1:] > high[:-1]).nonzero()[0].tolist()
        return [first + self._step * (rise + 1) for rise in rises]
