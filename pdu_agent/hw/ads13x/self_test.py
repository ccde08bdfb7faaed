# SPDX-License-Identifier: Apache-2.0
"""What the chip's own test signal and its shorted inputs say about each channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.10  # of the test signal; the data sheet gives it to 2 %, with noise on top
TOLERANCE_COUNTS = 1.0
MOST_OFFSET = 0.01  # of full scale, at a shorted input
MOST_NOISE = 0.002  # RMS, of full scale, at a shorted input


def square_faults(counts: NDArray[np.int32], expected_counts: float) -> dict[int, str]:
    """0-based channel -> what is wrong, of those whose test signal is off.

    counts: int32[channels, samples] of one period at least. expected_counts: from zero to
    either level.
    """
    faults = {}
    allowed = TOLERANCE * expected_counts + TOLERANCE_COUNTS
    for channel, found in enumerate(_half_swings(counts)):
        if abs(found - expected_counts) > allowed:
            faults[channel] = (
                f"self-test: the test signal is {found:.1f} codes, expected {expected_counts:.1f}"
            )
    return faults


def shorted_faults(
    counts: NDArray[np.int32], full_scale: int
) -> tuple[dict[int, str], tuple[float, ...]]:
    """(channel -> what is wrong, offset of every channel in codes) at shorted inputs."""
    offsets = counts.mean(axis=1)
    noises = counts.std(axis=1)
    faults = {}
    for channel, (offset, noise) in enumerate(zip(offsets, noises, strict=True)):
        if abs(offset) > MOST_OFFSET * full_scale or noise > MOST_NOISE * full_scale:
            faults[channel] = (
                f"self-test: shorted, it shows {offset:.1f} codes with a noise of {noise:.1f}"
            )
    return faults, tuple(float(offset) for offset in offsets)


def _half_swings(counts: NDArray[np.int32]) -> list[float]:
    """Half the distance of the two levels of a square wave, by channel."""
    swings = []
    for row in counts:
        high = row > row.mean()
        if not high.any() or high.all():
            swings.append(0.0)
        else:
            swings.append(float(row[high].mean() - row[~high].mean()) / 2)
    return swings
