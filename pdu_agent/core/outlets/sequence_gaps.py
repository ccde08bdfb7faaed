# SPDX-License-Identifier: Apache-2.0
"""Which gap between two switch-ons keeps the sum of inrush currents below a limit.

An outlet that was switched on counts with the peak of its inrush as long as that lasts, and with
the peak of its current afterwards. The limit is what a breaker lets pass at once: IEC 60898-1
(table 7) has type B not trip at 3 times its rating and type C not at 5 times; those are RMS.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NOT_TRIPPED: Mapping[str, float] = {"B": 3.0, "C": 5.0}
"""Type of breaker -> times its rated current."""
STEP_S = 0.05
"""Gaps are proposed in these steps."""
_CREST = math.sqrt(2)


@dataclass(frozen=True, slots=True)
class Starter:
    """An outlet's largest measured inrush, as model.control.RelayWear has it."""

    outlet: int
    peak_a: float
    lasted_s: float
    then_a: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """order: in which to switch on. interval_s: between two of them; None where no gap is enough.
    worst_a: the largest sum of peaks that comes of it.
    """

    order: tuple[int, ...]
    interval_s: float | None
    worst_a: float


def limit_of(rated_current_a: float, breaker: str) -> float:
    """Peak amperes that a breaker of this type and rating lets pass at once."""
    return rated_current_a * NOT_TRIPPED[breaker] * _CREST


def worst_a(order: Sequence[Starter], interval_s: float) -> float:
    """The largest sum of peaks when they are switched on in this order."""
    sums = [0.0]
    for place, latest in enumerate(order):
        total = latest.peak_a
        for steps, earlier in enumerate(reversed(order[:place]), start=1):
            rushes = steps * interval_s < earlier.lasted_s - 1e-9
            total += earlier.peak_a if rushes else _CREST * earlier.then_a
        sums.append(total)
    return max(sums)


def propose(starters: Sequence[Starter], limit_a: float) -> Proposal:
    """The least gap in the order of the outlets' numbers; where none is enough, in the order that
    needs the least: whose inrush exceeds its later current most goes first.
    """
    by_number = sorted(starters, key=lambda each: each.outlet)
    by_excess = sorted(starters, key=lambda each: _CREST * each.then_a - each.peak_a)
    longest_s = max((each.lasted_s for each in starters), default=0.0)
    steps = math.ceil(round(longest_s / STEP_S, 6))
    for order in (by_number, by_excess):
        for step in range(steps + 1):
            interval_s = round(step * STEP_S, 3)
            sum_a = worst_a(order, interval_s)
            if sum_a <= limit_a:
                return Proposal(tuple(each.outlet for each in order), interval_s, sum_a)
    numbers = tuple(each.outlet for each in by_excess)
    return Proposal(numbers, None, worst_a(by_excess, steps * STEP_S))
