# SPDX-License-Identifier: Apache-2.0
"""The simulated mains: voltage and frequency that drift, harmonics, noise.

Every signal is Re(sum over h of c_h * z^h) with z = exp(i * 2 pi * turns), so that a
voltage or current is a row of complex amplitudes c_h, a block of samples one matrix
product, and RMS and power have closed forms. Everything is a function of time alone:
samples agree whoever asks, in whatever portions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.noise import POOL_SIZE, noise_pool

ORDERS = (1, 3, 5, 7, 9, 11)
TYPICAL_HARMONICS = {3: 0.015, 5: -0.02, 7: 0.008}

_NOISE_RATE_HZ = 8000.0
_SLOW_S, _SLOWER_S, _SAG_S = 31.0, 97.0, 173.0  # periods of the drifts

Phasors = NDArray[np.complex128]
"""complex128[len(ORDERS)]: peak amplitudes of the harmonics."""


class Mains:
    """voltage_v: RMS of the fundamental at rest. harmonics: order -> share of the
    fundamental; positive shares peak with it. drift_hz, drift_share: largest departure of
    frequency and voltage. noise_share: RMS noise as a share of voltage_v.
    """

    def __init__(
        self,
        voltage_v: float = 230.0,
        frequency_hz: float = 50.0,
        *,
        harmonics: Mapping[int, float] = TYPICAL_HARMONICS,
        drift_hz: float = 0.03,
        drift_share: float = 0.01,
        noise_share: float = 0.0002,
        seed: int = 0,
    ) -> None:
        self.nominal_v = voltage_v
        self.phasors = harmonic_phasors(complex(0, -voltage_v * math.sqrt(2)), harmonics)
        self._frequency_hz = frequency_hz
        self._swings = ((drift_hz * 0.6, _SLOWER_S), (drift_hz * 0.4, _SLOW_S))
        self._drift_share = drift_share
        self._row = matrix_row(self.phasors)
        self._noise = noise_pool(seed) * np.float32(noise_share * voltage_v)

    def turns(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mains cycles since time 0: the integral of the frequency."""
        turns = self._frequency_hz * times_s
        for swing_hz, period_s in self._swings:
            if swing_hz:
                turns -= np.cos(times_s * (math.tau / period_s)) * (swing_hz * period_s / math.tau)
        return turns

    def frequency_hz(self, t_s: float) -> float:
        return self._frequency_hz + sum(
            swing_hz * math.sin(math.tau * t_s / period_s) for swing_hz, period_s in self._swings
        )

    def level(self, t_s: float) -> float:
        """The voltage as a multiple of the nominal one; 1 without drift."""
        return 1 + self._drift_share * math.sin(math.tau * t_s / _SAG_S)

    def basis(self, times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        """float32[2 * len(ORDERS), times]: what a `matrix_row` is multiplied with."""
        angle = (self.turns(times_s) % 1.0 * math.tau).astype(np.float32)
        turn = np.exp(1j * angle)
        square = turn * turn
        basis = np.empty((2 * len(ORDERS), len(times_s)), np.float32)
        order = 1
        for place, wanted in enumerate(ORDERS):
            while order < wanted:
                turn *= square
                order += 2
            basis[2 * place] = turn.real
            basis[2 * place + 1] = turn.imag
        if self._drift_share:
            sag = np.sin((times_s * (math.tau / _SAG_S)).astype(np.float32))
            basis *= 1 + np.float32(self._drift_share) * sag
        return basis

    def voltage(
        self, times_s: NDArray[np.float64], basis: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """float32[times] volts; basis: of the same times."""
        places = (times_s * _NOISE_RATE_HZ).astype(np.int64) % POOL_SIZE
        voltage: NDArray[np.float32] = self._row @ basis
        voltage += self._noise[places]
        return voltage


def harmonic_phasors(fundamental: complex, shares: Mapping[int, float]) -> Phasors:
    """Amplitudes of a wave whose harmonics all peak with its fundamental (negative shares:
    dip there). Raises ValueError for an order that is not modelled.
    """
    unknown = set(shares) - set(ORDERS)
    if unknown:
        raise ValueError(f"harmonic orders {sorted(unknown)}, expected some of {ORDERS}")
    direction = fundamental / abs(fundamental) if fundamental else 1
    return np.array(
        [
            abs(fundamental) * (1.0 if order == 1 else shares.get(order, 0.0)) * direction**order
            for order in ORDERS
        ],
        np.complex128,
    )


def matrix_row(phasors: Phasors) -> NDArray[np.float32]:
    """The factors of `Mains.basis` rows: Re(c z) = Re c * Re z - Im c * Im z."""
    row = np.empty(2 * len(ORDERS), np.float32)
    row[0::2] = phasors.real
    row[1::2] = -phasors.imag
    return row


def rms(phasors: Phasors) -> float:
    return math.sqrt(float(np.sum(np.abs(phasors) ** 2)) / 2)


def active_power(voltage: Phasors, current: Phasors) -> float:
    """Watts: each order adds the product of the RMS values times the cosine between them."""
    return float(np.sum((voltage * current.conj()).real)) / 2
