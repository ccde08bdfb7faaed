# SPDX-License-Identifier: Apache-2.0
"""Residual current as the sum of an inlet's conductors.

Some milliamperes are looked for beneath tens of amperes, so the sum is made of harmonic
phasors: each conductor's own delay and null are exact for every order, and the noise of the
channels, which by far exceeds the residual current, falls between the harmonics. What it adds
beneath them is told from what is there half an order beside them, and taken off. Above the 40th
harmonic (2 kHz at 50 Hz) nothing is seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.calibration import ChannelScale, ResidualSum
from pdu_agent.metering.droop import Evener, Hertz
from pdu_agent.metering.spectra import harmonics, orders_below

_BESIDE = 0.5
_CYCLES_FOR_NOISE = 5  # with fewer the Hann weight still sees the harmonics half an order beside


class ResidualMeter:
    """One sum of conductors, window by window."""

    def __init__(
        self,
        residual: ResidualSum,
        rows: Sequence[int],
        scales: Sequence[ChannelScale],
        evener: Evener,
    ) -> None:
        """rows: where the conductors are in a window; scales: theirs, in the same order. evener:
        what has evened the windows.
        """
        self._evener = evener
        self._rows = list(rows)
        self._units = np.array([scale.units for scale in scales])
        self._delays_s = np.array([scale.phase_delay_s for scale in scales])
        none = (0.0,) * len(rows)
        self._gains = 1 - np.array(residual.null_gains or none)
        self._corners_hz = np.array(residual.null_corners_hz or none)
        self._floor_a = math.hypot(*(scale.noise_floor for scale in scales))

    def current_a(
        self,
        work: NDArray[np.float32],
        start: float,
        length: float,
        cycles: int,
        rate_hz: float,
    ) -> float:
        """RMS amperes of a window: float32[all rows, n] codes, CT law applied; start, length
        and cycles as of `harmonics`. Without mains (cycles 0) the plain sum less the
        channels' noise floors.
        """
        conductors = work[self._rows]
        if not cycles:
            weights = (self._units * self._gains).astype(np.float32)
            return math.sqrt(max(0.0, float(np.var(weights @ conductors)) - self._floor_a**2))
        hz = orders_below(length / cycles) * (cycles * rate_hz / length)
        factors = self._factors(hz) / self._evener.magnitude(hz, rate_hz)
        power = _power(factors, harmonics(conductors, start, length, cycles))
        if cycles >= _CYCLES_FOR_NOISE:
            power -= _power(factors, harmonics(conductors, start, length, cycles, _BESIDE))
        return math.sqrt(max(0.0, power))

    def _factors(self, hz: Hertz) -> NDArray[np.complex128]:
        """complex128[conductors, orders]: unit, null and delay of each conductor."""
        nulls = self._gains[:, None] - 1j * self._corners_hz[:, None] / hz
        turns = np.exp(2j * np.pi * self._delays_s[:, None] * hz)
        factors: NDArray[np.complex128] = self._units[:, None] * nulls * turns
        return factors


def _power(factors: NDArray[np.complex128], phasors: NDArray[np.complex64]) -> float:
    """Square of the sum's RMS."""
    total = (factors * phasors).sum(axis=0)
    return float(np.sum(total.real**2 + total.imag**2))
