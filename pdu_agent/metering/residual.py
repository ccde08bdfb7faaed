# SPDX-License-Identifier: Apache-2.0
"""Residual current as the sum of an inlet's conductors.

Some milliamperes are looked for beneath tens of amperes, so the sum is made of harmonic
phasors: each conductor's own delay and null are exact for every order, and the noise of the
channels, which by far exceeds the residual current, falls between the harmonics. Its share
beneath them is told from the rest of the sum and taken off. Above the 40th harmonic (2 kHz at
50 Hz) nothing is seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.calibration import ChannelScale, ResidualSum
from pdu_agent.metering.spectra import HANN_NOISE, harmonics
from pdu_agent.model.quantities import HARMONICS

_ORDERS = np.arange(1, HARMONICS + 1)


class ResidualMeter:
    """One sum of conductors, window by window."""

    def __init__(
        self, residual: ResidualSum, rows: Sequence[int], scales: Sequence[ChannelScale]
    ) -> None:
        """rows: where the conductors are in a window; scales: theirs, in the same order."""
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
        weights = self._units * self._gains
        total = float(np.var(weights.astype(np.float32) @ conductors))
        if not cycles:
            return math.sqrt(max(0.0, total - self._floor_a**2))
        phasors = harmonics(conductors, start, length, cycles)
        plain = _power(weights @ phasors)
        noise_share = 2 * HANN_NOISE * HARMONICS / length
        noise = max(0.0, total - plain) / (1 - noise_share)
        factors = self._units[:, None] * self._factors(cycles * rate_hz / length)
        nulled = _power((phasors * factors).sum(axis=0))
        return math.sqrt(max(0.0, nulled - noise_share * noise))

    def _factors(self, frequency_hz: float) -> NDArray[np.complex128]:
        """complex128[conductors, HARMONICS]: null and delay of each conductor."""
        hz = frequency_hz * _ORDERS
        nulls = self._gains[:, None] - 1j * self._corners_hz[:, None] / hz
        factors: NDArray[np.complex128] = nulls * np.exp(2j * np.pi * self._delays_s[:, None] * hz)
        return factors


def _power(phasors: NDArray[np.complex128]) -> float:
    return float(np.sum(phasors.real**2 + phasors.imag**2))
