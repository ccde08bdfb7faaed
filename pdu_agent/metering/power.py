# SPDX-License-Identifier: Apache-2.0
"""Electrical quantities of all channels over one window (IEEE Std 1459 definitions).

Sums run over float32 rows in cache, and what DC adds to a sum is taken off afterwards:
exact to 1e-7 of the larger one, so DC may well be a hundred times the signal. Fundamental
phasors give the signed reactive power and carry the phase trim: the delay of a current
transformer is known at the fundamental only.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.model.quantities import Electrical, Quality

_STRETCH = 64  # samples per stretch of the two-stage Fourier sum


@dataclass(frozen=True, slots=True)
class EdgeWeights:
    """How much of a window's first and last sample belongs to it, 0..1."""

    first: float
    last: float

    def turning_sum(self, turns_per_sample: float, count: int) -> complex:
        """Weighted sum of exp(-2 pi i turns n), n = 0..count-1: what a DC of 1 looks like."""
        step = cmath.rect(1.0, -math.tau * turns_per_sample)
        last = cmath.rect(1.0, -math.tau * turns_per_sample * (count - 1))
        return (1 - last * step) / (1 - step) - (1 - self.first) - (1 - self.last) * last


class WindowAnalyser:
    """Measures one window at a time in memory that is allocated once."""

    def __init__(self, channels: MeterChannels, longest_window: int) -> None:
        """longest_window: most samples that a window can have."""
        self._scales = channels.scales
        self._units = [scale.units for scale in self._scales]
        voltage_late_s = self._scales[0].phase_delay_s
        self._late_s = [scale.phase_delay_s - voltage_late_s for scale in self._scales]
        stretches = -(-longest_window // _STRETCH)
        self._memory = np.empty(len(self._scales) * stretches * _STRETCH, dtype=np.float32)
        self._work = self._memory.reshape(len(self._scales), -1)
        self._ones = np.ones((stretches * _STRETCH, 1), dtype=np.float32)
        self._roots = np.empty(2, dtype=np.float32)
        # Samples of one stretch, then the first sample of each stretch; as angles per turn.
        positions = np.concatenate((np.arange(_STRETCH), np.arange(stretches) * _STRETCH))
        self._angles = (-math.tau * positions).astype(np.float32)
        self._turning = np.empty(len(positions), dtype=np.complex64)

    def rms_and_power(
        self, samples: NDArray[np.float32], edges: EdgeWeights
    ) -> tuple[list[float], list[float]]:
        """RMS of each row, and its mean product with row 0, DC removed.

        samples: float32[rows, n] codes, voltage first. In V or A, and W (row 0: V squared).
        No noise floor, cutoff or phase trim yet.
        """
        rms, power, _ = self._sum_up(samples, edges)
        return rms, power

    def measure(
        self, samples: NDArray[np.float32], edges: EdgeWeights, cycles: int, rate_hz: float
    ) -> tuple[float, float | None, list[Electrical]]:
        """(voltage_v, frequency_hz, one Electrical per current) of a window.

        cycles: mains cycles in it; 0 without mains, then there is no frequency, no
        reactive power and no phase trim. rate_hz: true sampling rate. Quality is OK
        throughout; nothing here knows about clipping.
        """
        rms, power, means = self._sum_up(samples, edges)
        frequency_hz: float | None = None
        reactive: list[float | None] = [None] * len(rms)
        if cycles:
            length = _length(samples, edges)
            frequency_hz = cycles * rate_hz / length
            dc = edges.turning_sum(cycles / length, samples.shape[1])
            fundamentals = self._fundamentals(cycles / length)
            voltage = self._units[0] * 2 / length**2 * (fundamentals[0] - means[0] * dc)
            for row in range(1, len(rms)):
                current = self._units[row] * (fundamentals[row] - means[row] * dc)
                measured = voltage * current.conjugate()
                reactive[row] = measured.imag
                late_s = self._late_s[row]
                if late_s:
                    true = measured * cmath.rect(1.0, -math.tau * frequency_hz * late_s)
                    power[row] += true.real - measured.real
                    reactive[row] = true.imag
        peaks = self._peaks(samples, means)
        voltage_v = _without_noise(rms[0], self._scales[0].noise_floor)
        loads = [
            _load(self._scales[row], voltage_v, frequency_hz, rms[row], power[row], var, peaks[row])
            for row, var in enumerate(reactive)
            if row
        ]
        return voltage_v, frequency_hz, loads

    def _sum_up(
        self, samples: NDArray[np.float32], edges: EdgeWeights
    ) -> tuple[list[float], list[float], list[float]]:
        """(rms, power, mean in codes) of each row.

        Leaves the samples in the work space with their weights, zeros behind them.
        """
        count = samples.shape[1]
        length = _length(samples, edges)
        rows = len(samples)
        padded = -(-count // _STRETCH) * _STRETCH
        self._work = self._memory[: rows * padded].reshape(rows, padded)
        self._work[:, count:] = 0
        work = self._work[:, :count]
        work[...] = samples
        # Both factors of a square carry the root of the edge weight.
        self._roots[0], self._roots[1] = math.sqrt(edges.first), math.sqrt(edges.last)
        first_and_last = work[:, :: count - 1]
        first_and_last *= self._roots
        squares = _row_sums(work, work[:, :, None])
        products = _row_sums(work, work[0, :, None])
        # From here on the rows are summed singly, with the whole edge weight.
        first_and_last *= self._roots
        means = [total / length for total in _row_sums(work, self._ones[:count])]
        rms = [
            abs(unit) * math.sqrt(max(0.0, square / length - mean * mean))
            for unit, square, mean in zip(self._units, squares, means, strict=True)
        ]
        voltage_unit, voltage_mean = self._units[0], means[0]
        power = [
            voltage_unit * unit * (product / length - voltage_mean * mean)
            for unit, product, mean in zip(self._units, products, means, strict=True)
        ]
        return rms, power, means

    def _peaks(self, samples: NDArray[np.float32], means: list[float]) -> list[float]:
        """Largest deviation from the mean of each row, in V or A."""
        highest = np.maximum.reduce(samples, axis=1).tolist()
        lowest = np.minimum.reduce(samples, axis=1).tolist()
        return [
            abs(unit) * max(high - mean, mean - low)
            for unit, high, low, mean in zip(self._units, highest, lowest, means, strict=True)
        ]

    def _fundamentals(self, turns_per_sample: float) -> list[complex]:
        """Fourier sum of each row of the work space at one frequency.

        In two stages, so that some 90 exponentials do for the whole window: within each
        stretch of samples, then over the stretches.
        """
        rows, padded = self._work.shape
        used = _STRETCH + padded // _STRETCH
        angles = self._angles[:used] * np.float32(turns_per_sample)
        turning = self._turning[:used]
        np.cos(angles, out=turning.real)
        np.sin(angles, out=turning.imag)
        within = turning[:_STRETCH].view(np.float32).reshape(_STRETCH, 2)
        partial = (self._work.reshape(-1, _STRETCH) @ within).view(np.complex64)
        by_row = partial.reshape(rows, -1)
        sums: list[complex] = (by_row @ turning[_STRETCH:]).tolist()
        return sums


def _length(samples: NDArray[np.float32], edges: EdgeWeights) -> float:
    """Of a window, in samples."""
    count: int = samples.shape[1]
    return count - 2 + edges.first + edges.last


def _row_sums(rows: NDArray[np.float32], factors: NDArray[np.float32]) -> list[float]:
    """Sum over each row of its product with a column of `factors`.

    A stack of (1 x n)(n x 1) products takes half the time of einsum and rounds less. A plain
    matrix product would be handed to BLAS threads, which burn a second core to gain nothing.
    """
    sums: list[float] = np.matmul(rows[:, None, :], factors).ravel().tolist()
    return sums


def _without_noise(rms: float, floor: float) -> float:
    """RMS without the idle channel's own noise, which adds in quadrature."""
    return math.sqrt(rms * rms - floor * floor) if rms > floor else 0.0


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
    # Less noise is taken off the power than off its factors: near the floor it can be larger.
    power_factor = power_w / max(apparent_va, abs(power_w)) if power_w else 0.0
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
