# SPDX-License-Identifier: Apache-2.0
"""One-cycle Fourier phasors of the mains voltage: the phase that gaps and windows go by.

A reference of exactly one turn per `cycle` samples is blind to DC, and to harmonics as
far as `cycle` fits the mains. Where it does not fit, phases hold for the middle of the
segment, and a small image term remains that differences of neighbours cancel.
"""

from __future__ import annotations

import cmath
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LOWEST_MAINS_HZ = 45.0
HIGHEST_MAINS_HZ = 65.0
FULL_TURN = 2 * math.pi
_CENTRING_PASSES = 4


@lru_cache(maxsize=64)
def _reference(cycle: int) -> NDArray[np.float32]:
    """float32[cycle, 2]: cosine and minus sine of one turn, scaled to read peak values."""
    angles = FULL_TURN / cycle * np.arange(cycle)
    reference = np.stack((np.cos(angles), -np.sin(angles)), axis=1) * (2 / cycle)
    return reference.astype(np.float32)


def cycle_phasors(samples: NDArray[np.float32], cycle: int) -> list[complex]:
    """Fundamental of each stretch of `cycle` samples; |phasor| is the peak in codes.

    samples: contiguous float32[k x cycle]. The phase is that of a cosine at the first
    sample of each stretch.
    """
    pairs: NDArray[np.float32] = samples.reshape(-1, cycle) @ _reference(cycle)
    phasors: list[complex] = pairs.ravel().view(np.complex64).tolist()
    return phasors


def turns_between(earlier: complex, later: complex) -> float:
    """Phase advance in turns, -0.5..0.5; whole turns are the caller's to know."""
    return cmath.phase(later * earlier.conjugate()) / FULL_TURN


def rising_crossing(samples: NDArray[np.float32], near: float, period: float) -> float | None:
    """Position (samples, fractional) where the fundamental rises through zero.

    near: a first guess, good to a quarter of `period` (samples per cycle). None when the
    cycle centred there is not within `samples`. A fundamental that puts the crossing
    further away than a quarter is not believed: `near` is returned.
    """
    guess = near
    for _ in range(_CENTRING_PASSES):
        crossing = _centred_crossing(samples, guess, period)
        if crossing is None:
            return None
        if abs(crossing - near) > period / 4:
            return near
        # The image term vanishes as the crossing comes to lie in the middle.
        if abs(crossing - guess) < 0.5:
            return crossing
        guess = crossing
    return guess


def _centred_crossing(samples: NDArray[np.float32], near: float, period: float) -> float | None:
    cycle = round(period)
    first = round(near - (cycle - 1) / 2)
    if first < 0 or first + cycle > len(samples):
        return None
    phasor = cycle_phasors(samples[first : first + cycle], cycle)[0]
    middle = (cycle - 1) / 2
    # Phase of the sine at the middle of the cycle, where it is exact for any true period.
    turns = cmath.phase(phasor * 1j) / FULL_TURN + middle / cycle
    turns -= round(turns)
    return first + middle - turns * period
