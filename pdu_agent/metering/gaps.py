# SPDX-License-Identifier: Apache-2.0
"""How many samples are missing between two blocks, told by the phase of the mains.

The converter's own grid never stops, so a true gap is a whole number of samples. The
driver guesses it from host time, a few samples off; the voltage's phase on either side
knows it to a hundredth of a sample, but only within one cycle. Together they are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.phasors import (
    HIGHEST_MAINS_HZ,
    LOWEST_MAINS_HZ,
    cycle_phasors,
    turns_between,
)

_REFINEMENTS = 4
_STEADINESS = 0.8  # weakest over strongest cycle: mains that comes or goes has no phase
_PERIOD_AGREEMENT = 0.02  # a slower change of frequency than 16 Hz/s; a phase jump is more


@dataclass(frozen=True, slots=True)
class Gap:
    """missing: samples lost at a boundary (>= 0).

    period: samples per mains cycle around it, None where there is no mains to go by.
    """

    missing: int
    period: float | None


class GapFinder:
    """Judges the boundaries of one converter, one after the other."""

    def __init__(self, rate_hz: float, nominal_hz: float, least_peak: float) -> None:
        """least_peak: codes; a weaker fundamental counts as no voltage."""
        self._least_peak = least_peak
        self._shortest = rate_hz / HIGHEST_MAINS_HZ * 0.9
        self._longest = rate_hz / LOWEST_MAINS_HZ * 1.1
        self._guess = rate_hz / nominal_hz
        self._period: float | None = None

    def find(self, voltage: NDArray[np.float32], boundary: int, estimate: int) -> Gap:
        """The gap before sample `boundary`.

        voltage: float32[samples] with the two blocks put together as if nothing were
        missing. estimate: the driver's guess (>= 0), believed where the phase cannot
        tell: less than a cycle on one side, a jump of phase, frequency or amplitude, or
        a disagreement of more than a quarter cycle.
        """
        for _ in range(_REFINEMENTS):
            cycle = round(self._guess)
            before = min(boundary // cycle, 2)
            after = min((len(voltage) - boundary) // cycle, 2)
            if not (before and after):
                break
            stretch = voltage[boundary - before * cycle : boundary + after * cycle]
            phasors = cycle_phasors(stretch, cycle)
            peaks = list(map(abs, phasors))
            if max(peaks) < self._least_peak:
                self._period = None
                break
            periods = self._local_periods(phasors, before, cycle)
            if not periods:
                periods = _overlapping_periods(voltage, boundary, cycle)
            if not periods:
                break
            period = (periods[0] + periods[-1]) / 2
            self._guess = min(max(period, self._shortest), self._longest)
            # As long as the cycle does not fit, the image term upsets phases and peaks.
            if abs(period - cycle) < 1:
                steady = min(peaks) > _STEADINESS * max(peaks)
                if not steady or abs(periods[0] - periods[-1]) > _PERIOD_AGREEMENT * period:
                    break
                self._period = period
                turns = turns_between(phasors[before - 1], phasors[before])
                return Gap(_nearest(period * (1 + turns) - cycle, period, estimate), period)
        return Gap(estimate, self._period)

    def _local_periods(self, phasors: list[complex], before: int, cycle: int) -> list[float]:
        """Samples per cycle on either side, as far as there are two cycles to compare."""
        periods = []
        if before == 2:
            periods.append(cycle / (1 + turns_between(phasors[0], phasors[1])))
        if len(phasors) - before == 2:
            periods.append(cycle / (1 + turns_between(phasors[-2], phasors[-1])))
        if not periods and self._period is not None:
            periods.append(self._period)
        return periods


def _overlapping_periods(voltage: NDArray[np.float32], boundary: int, cycle: int) -> list[float]:
    """Samples per cycle on either side, from the first and the last cycle of less than two.

    Less exact than cycles side by side: only for the first short blocks.
    """
    periods = []
    for side in (
        voltage[max(0, boundary - 2 * cycle) : boundary],
        voltage[boundary : boundary + 2 * cycle],
    ):
        apart = len(side) - cycle
        if apart < cycle / 4:
            continue
        ends = *cycle_phasors(side[:cycle], cycle), *cycle_phasors(side[apart:], cycle)
        turns = turns_between(*ends)
        turns += round(apart / cycle - turns)
        if turns > 0:
            periods.append(apart / turns)
    return periods


def _nearest(across: float, period: float, estimate: int) -> int:
    """Whole samples, `across` plus any number of periods, that are near the estimate."""
    missing = across + period * round((estimate - across) / period)
    if abs(missing - estimate) > period / 4:
        return estimate
    return max(0, round(missing))
