# SPDX-License-Identifier: Apache-2.0
"""What an outlet's current did when it was switched on, as faces show it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass

CYCLES_BEFORE = 2
CYCLES_AFTER = 8
LEAST_RMS_A = 0.01
"""Below, what flows at last is next to the noise, and a ratio to it says nothing."""
SETTLED = 1.2
"""A cycle with no more than this times the current of the last two is no inrush any more."""


@dataclass(frozen=True, slots=True)
class SwitchOn:
    """CYCLES_BEFORE mains cycles before the current rose and CYCLES_AFTER behind.

    t_wall_s: when it rose. voltage_v, current_a: as many samples each, floats of 32 bits,
    rate_hz of them a second. clipped: the converter hit its limit, the true peak is larger.
    """

    outlet: int
    t_wall_s: float
    rate_hz: float
    voltage_v: array[float]
    current_a: array[float]
    clipped: bool = False

    @property
    def first_s(self) -> float:
        """Time of the first sample; the current rises at 0."""
        return -CYCLES_BEFORE * self._cycle / self.rate_hz

    @property
    def peak_a(self) -> float:
        """Largest current of either sign."""
        return max(map(abs, self.current_a))

    @property
    def rms_by_cycle_a(self) -> tuple[float, ...]:
        """Of each cycle, those before the rise first."""
        cycle = self._cycle
        count = CYCLES_BEFORE + CYCLES_AFTER
        return tuple(_rms(self.current_a[n * cycle : (n + 1) * cycle]) for n in range(count))

    @property
    def peak_over_rms(self) -> float | None:
        """Peak over the RMS of the last two cycles; None when next to nothing flows then."""
        rms_a = self.then_a
        return self.peak_a / rms_a if rms_a >= LEAST_RMS_A else None

    @property
    def then_a(self) -> float:
        """RMS of the last two cycles."""
        return _rms(self.current_a[-2 * self._cycle :])

    @property
    def lasted_s(self) -> float:
        """From the rise to the end of the last cycle that is above SETTLED; a cycle at least."""
        limit_a = max(LEAST_RMS_A, SETTLED * self.then_a)
        cycles = self.rms_by_cycle_a[CYCLES_BEFORE:]
        last = max((place for place, rms_a in enumerate(cycles) if rms_a > limit_a), default=0)
        return (last + 1) * self._cycle / self.rate_hz

    @property
    def _cycle(self) -> int:
        return len(self.current_a) // (CYCLES_BEFORE + CYCLES_AFTER)


NewestSwitchOn = Callable[[int], SwitchOn | None]
"""Outlet number -> its newest switch-on that was measured, None when there is none."""


def _rms(values: array[float]) -> float:
    return math.sqrt(sum(value * value for value in values) / len(values))
