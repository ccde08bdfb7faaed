# SPDX-License-Identifier: Apache-2.0
"""Demand: the sliding mean of active power, in a memory that does not grow with the window."""

from __future__ import annotations

import math
from dataclasses import dataclass

SUBINTERVALS = 60
"""The window moves on by this fraction of itself."""
FULL = 0.9
"""A peak is taken of windows that were measured to this part at least: the mean of the first
second after a start is no demand.
"""


@dataclass(frozen=True, slots=True)
class _Part:
    """What was measured in one sub-interval. number: of the sub-interval since time 0."""

    number: int
    energy_j: float
    measured_s: float


@dataclass(frozen=True, slots=True)
class DemandWindow:
    """One point's last window_s. Time without readings counts neither way: the mean is over
    what was measured.

    past_*: sums over `past`, which are finished; `part` is the one that goes on.
    """

    window_s: float
    past: tuple[_Part, ...] = ()
    past_j: float = 0.0
    past_s: float = 0.0
    part: _Part = _Part(0, 0.0, 0.0)

    def add(self, energy_j: float, span_s: float, t_mono_s: float) -> DemandWindow:
        """The window after a span that ended at t_mono_s (monotonic) with energy_j in it."""
        number = math.floor(t_mono_s / (self.window_s / SUBINTERVALS))
        part = self.part
        if number == part.number:
            part = _Part(number, part.energy_j + energy_j, part.measured_s + span_s)
            return DemandWindow(self.window_s, self.past, self.past_j, self.past_s, part)
        past = tuple(
            each
            for each in (*self.past, part)
            if each.number > number - SUBINTERVALS and each.measured_s > 0
        )
        return DemandWindow(
            self.window_s,
            past,
            math.fsum(each.energy_j for each in past),
            math.fsum(each.measured_s for each in past),
            _Part(number, energy_j, span_s),
        )

    @property
    def mean_w(self) -> float | None:
        """As of the newest span; None until something was measured."""
        measured_s = self.past_s + self.part.measured_s
        return (self.past_j + self.part.energy_j) / measured_s if measured_s > 0 else None

    @property
    def is_full(self) -> bool:
        """Was enough of it measured for its mean to count as a peak?"""
        return self.past_s + self.part.measured_s >= FULL * self.window_s
