# SPDX-License-Identifier: Apache-2.0
"""Electrical quantities of all channels over one window (IEEE Std 1459 definitions).

Sums run over float32 rows in cache; DC is taken out first, so what is summed is small
and nothing cancels afterwards. Fundamental phasors give the signed reactive power and
carry the phase trim: a transformer's delay is known at the fundamental only.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.model.quantities import Electrical, Quality

_STRETCH = 50  # samples per stretch of the two-stage Fourier sum


@dataclass(frozen=True, slots=True)
class EdgeWeights:
    """How much of a window's first and last sample belongs to it, 0..1."""

    first: float
    last: float


class WindowAnalyser:
    """Measures one window at a time in memory that is allocated once."""

    def __init__(self, channels: MeterChannels, longest_window: int) -> None:
        """longest_window: most samples that a window can have."""
        self._scales = channels.scales
        self._units = [scale.units for scale in self._scales]
        voltage_late_s = self._scales[0].phase_delay_s
        self._late_s = [scale.phase_delay_s - voltage_late_s for scale in self._scales]
        stretches = -(-longest_window // _STRETCH)
        self._work = np.zeros((len(self._scales), stretches * _STRETCH), dtype=np.float32)
        self._by_stretch = self._work.reshape(-1, _STRETCH)
        # Samples of one stretch, then the first sample of each stretch.
        self._positions = np.concatenate((np.arange(_STRETCH), np.arange(stretches) * _STRETCH))
        self._weights = np.empty(self._work.shape[1], dtype=np.float32)
        self._root_weights = np.empty(2, dtype=np.float32)
        self._filled = 0

    def rms_and_power(
        self, samples: NDArray[np.float32], edges: EdgeWeights
    ) -> tuple[list[float], list[float]]:
        """RMS of each row, and its mean product with row 0, DC removed.

        samples: float32[rows, n] codes, voltage first. In V or A, and W (row 0: V squared).
        No noise floor, cutoff or phase trim yet.
        """
        work, length = self._load(samples, edges)
        # Both factors of a square carry the root of the edge weight.
        roots = self._root_weights
        roots[0], roots[1] = math.sqrt(edges.first), math.sqrt(edges.last)
        first_and_last = work[:, :: work.shape[1] - 1]
        first_and_last *= roots
        squares = _row_sums(work, work[:, :, None])
        products = _row_sums(work, work[0, :, None])
        # From here on the rows are summed singly, with the whole edge weight.
        first_and_last *= roots
        units = self._units
        rms = [
            abs(unit) * math.sqrt(square / length)
            for unit, square in zip(units, squares, strict=True)
        ]
        power = [
            units[0] * unit * product / length
            for unit, product in zip(units, products, strict=True)
        ]
        return rms, power

    def measure(
        self, samples: NDArray[np.float32], edges: EdgeWeights, cycles: int, rate_hz: float
    ) -> tuple[float, float | None, list[Electrical]]:
        """(voltage_v, frequency_hz, one Electrical per current) of a window.

        cycles: mains cycles in it; 0 without mains, then there is no frequency, no
        reactive power and no phase trim. rate_hz: true sampling rate. Quality is OK
        throughout; nothing here knows about clipping.
        """
        rms, power = self.rms_and_power(samples, edges)
        voltage_v = _without_noise(rms[0], self._scales[0].noise_floor)
        peaks = self._peaks()
        reactive: list[float] | None = None
        frequency_hz: float | None = None
        if cycles:
            length = samples.shape[1] - 2 + edges.first + edges.last
            frequency_hz = cycles * rate_hz / length
            power, reactive = self._with_fundamental(power, cycles / length, length, frequency_hz)
        loads = [
            _load(
                self._scales[row],
                voltage_v,
                frequency_hz,
                rms[row],
                power[row],
                reactive[row] if reactive else None,
                peaks[row],
            )
            for row in range(1, len(rms))
        ]
        return voltage_v, frequency_hz, loads

    def _load(
        self, samples: NDArray[np.float32], edges: EdgeWeights
    ) -> tuple[NDArray[np.float32], float]:
        """Copy the window into the work space without its mean; (rows, length)."""
        count = samples.shape[1]
        length = count - 2 + edges.first + edges.last
        weights = self._weights[:count]
        weights[0], weights[-1] = edges.first / length, edges.last / length
        weights[1:-1] = 1 / length
        means = np.matmul(samples[:, None, :], weights[:, None])
        work = self._work[:, :count]
        np.subtract(samples, means[:, 0], out=work)
        if count < self._filled:
            self._work[:, count : self._filled] = 0
        self._filled = count
        return work, length

    def _peaks(self) -> list[float]:
        """Largest deviation from the mean of each row that is loaded, in V or A."""
        work = self._work[:, : self._filled]
        highest = np.maximum.reduce(work, axis=1).tolist()
        lowest = np.minimum.reduce(work, axis=1).tolist()
        return [
            abs(unit) * max(high, -low)
            for unit, high, low in zip(self._units, highest, lowest, strict=True)
        ]

    def _with_fundamental(
        self, power: list[float], turns_per_sample: float, length: float, frequency_hz: float
    ) -> tuple[list[float], list[float]]:
        """(active power with the phase trim applied, signed reactive power) of each row."""
        phasors = self._fundamentals(turns_per_sample)
        voltage = phasors[0] * (2 / length**2 * self._units[0])
        trimmed = list(power)
        reactive = [0.0]
        for row in range(1, len(power)):
            measured = voltage * (phasors[row] * self._units[row]).conjugate()
            true = measured
            late_s = self._late_s[row]
            if late_s:
                true = measured * cmath.rect(1.0, -math.tau * frequency_hz * late_s)
                trimmed[row] += true.real - measured.real
            reactive.append(true.imag)
        return trimmed, reactive

    def _fundamentals(self, turns_per_sample: float) -> list[complex]:
        """Fourier sum of each row at one frequency.

        In two stages, so that some 90 exponentials do for the whole window: within each
        stretch of samples, then over the stretches.
        """
        rotation = np.exp(-1j * math.tau * turns_per_sample * self._positions)
        turning = rotation.astype(np.complex64)
        within = turning[:_STRETCH].view(np.float32).reshape(_STRETCH, 2)
        partial = (self._by_stretch @ within).view(np.complex64)
        by_row = partial.reshape(len(self._work), -1)
        phasors: list[complex] = (by_row @ turning[_STRETCH:]).tolist()
        return phasors


def _row_sums(rows: NDArray[np.float32], factors: NDArray[np.float32]) -> list[float]:
    """Sum over each row of its product with a column of `factors`.

    A stack of (1 x n)(n x 1) products takes half the time of einsum and rounds less. A plain
    matrix product would be handed to BLAS threads, which burn a second core to gain nothing.
    """
    sums: list[float] = np.matmul(rows[:, None, :], factors).ravel().tolist()
    return sums


def _without_noise(rms: float, floor: float) -> float:
    """RMS without the idle channel's own noise, which adds in quadrature."""
    return math.sqrt(max(0.0, rms * rms - floor * floor))


def _load(
    scale: ChannelScale,
    voltage_v: float,
    frequency_hz: float | None,
    rms_a: float,
    power_w: float,
    reactive_var: float | None,
    peak_a: float,
) -> Electrical:
    """What is published of a current: zeros below the cutoffs, no crest factor of noise."""
    current_a = _without_noise(rms_a, scale.noise_floor)
    if current_a <= scale.cutoff_a:
        return Electrical(voltage_v, 0.0, 0.0, 0.0, 0.0, 0.0, frequency_hz, None, Quality.OK)
    apparent_va = voltage_v * current_a
    if abs(power_w) < scale.cutoff_w:
        power_w = 0.0
    power_factor = max(-1.0, min(1.0, power_w / apparent_va)) if apparent_va else 0.0
    return Electrical(
        voltage_v,
        current_a,
        power_w,
        apparent_va,
        reactive_var,
        power_factor,
        frequency_hz,
        peak_a / rms_a,
        Quality.OK,
    )
