# SPDX-License-Identifier: Apache-2.0
"""Harmonics of a window of whole mains cycles.

The window ends between two samples, so the sums run at the exact multiples of the measured
frequency and not at the bins of the sampling rate, under a Hann weight that lies over the
window's true span: it is 0 at both ends, which makes the broken end samples harmless, and its
zeros fall on every harmonic but the one looked for. A fixed DFT is wrong by points of THD as
soon as the mains is 0.1 Hz off.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pdu_agent.model.quantities import HARMONICS

HANN_NOISE = 1.5
"""Equivalent noise bandwidth of the Hann weight, in bins."""

_STRETCH = 64  # samples per stretch of the two-stage sum
_ORDERS = np.arange(1, HARMONICS + 1)


def orders_below(samples_per_cycle: float) -> NDArray[np.int64]:
    """1 to HARMONICS, or as far as so many samples a cycle tell the orders apart."""
    return _ORDERS[samples_per_cycle / 2 > _ORDERS]


def harmonics(
    rows: NDArray[np.float32], start: float, length: float, cycles: int, beside: float = 0.0
) -> NDArray[np.complex64]:
    """complex64[rows, orders]: RMS phasors, in the unit of the samples, of `orders_below`.

    rows: float32[rows, n]. start: where the window begins, in samples from the first one
    (-0.5..0.5). length: of the window in samples. cycles: in the window, 3 or more. beside: look
    so many orders above each harmonic.
    """
    count = rows.shape[1]
    stretches = -(-count // _STRETCH)
    weights = 1 - np.cos(math.tau / length * (np.arange(count) - start))
    weighted = np.zeros((len(rows), stretches * _STRETCH), dtype=np.float32)
    np.multiply(
        rows - rows.mean(axis=1, keepdims=True), weights.astype(np.float32), weighted[:, :count]
    )
    # Within each stretch of samples, then over the stretches: some 90 exponentials per order
    # instead of one per sample.
    turn = -1j * math.tau * cycles / length * (orders_below(length / cycles) + beside)
    within = np.exp(np.arange(_STRETCH)[:, None] * turn).astype(np.complex64)
    across = np.exp((np.arange(stretches)[:, None] * _STRETCH - start) * turn)
    # A stack of small products: a single large one would be handed to threads.
    partial = np.matmul(weighted.reshape(-1, stretches, _STRETCH), within.view(np.float32))
    sums = (partial.view(np.complex64) * across.astype(np.complex64)).sum(axis=1)
    phasors: NDArray[np.complex64] = sums * np.float32(math.sqrt(2) / length)
    return phasors


def thd_percent(
    magnitudes: NDArray[np.float64], least: float, noise: float, length: float
) -> float | None:
    """Harmonics 2 and up over the fundamental; None when that is not above `least`.

    magnitudes: float64[orders], in the unit of `least` and of `noise`, the channel's noise
    floor, whose share beneath the harmonics of a window of `length` samples is taken off.
    """
    fundamental = float(magnitudes[0])
    if fundamental <= least:
        return None
    beneath = noise**2 * 2 * HANN_NOISE / length * (len(magnitudes) - 1)
    return 100.0 * math.sqrt(max(0.0, float(np.sum(magnitudes[1:] ** 2)) - beneath)) / fundamental
