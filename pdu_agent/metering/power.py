# SPDX-License-Identifier: Apache-2.0
"""Electrical quantities of all channels over one window (IEEE Std 1459 definitions).

Sums run over float32 rows in cache, and what DC adds to a sum is taken off afterwards:
exact to 1e-7 of the larger one, so DC may well be a hundred times the signal. Fundamental
phasors give the signed reactive power and carry the phase trim, which is a delay; the law of a
current transformer and the droop of the converter are made up for in the samples, before anything
is summed (restoring.py, droop.py).
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.calibration import MeterChannels
from pdu_agent.metering.droop import FLAT, Evener, Sinc
from pdu_agent.metering.loads import load, residual_load, without_noise
from pdu_agent.metering.residual import ResidualMeter
from pdu_agent.metering.restoring import Restorer
from pdu_agent.metering.spectra import harmonics, orders_below, thd_percent
from pdu_agent.model.quantities import Electrical, Spectrum

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


@dataclass(frozen=True, slots=True)
class RowSums:
    """What the sums over a window say of each row (voltages first, then currents), before
    noise floor, cutoff and phase trim.

    rms: V or A. power_w: mean product with the row's own voltage, DC removed (of a voltage and
    of a residual current it means nothing). means: DC in codes. phasors: RMS fundamentals in V
    or A, None without mains.
    """

    rms: list[float]
    power_w: list[float]
    means: list[float]
    phasors: list[complex] | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """loads: an Electrical for each current, then for each residual sum. spectra: for each of
    these, None for a residual current; empty when they were not asked for.
    """

    sums: RowSums
    voltage_v: float
    frequency_hz: float | None
    loads: list[Electrical]
    spectra: list[Spectrum | None]


class WindowAnalyser:
    """Measures one window at a time in memory that is allocated once."""

    def __init__(self, channels: MeterChannels, longest_window: int, droop: Sinc = FLAT) -> None:
        """longest_window: most samples that a window can have."""
        self._evener = Evener(droop)
        self._scales = channels.scales
        self._units = [scale.units for scale in self._scales]
        self._voltages = len(channels.voltages)
        self._voltage_present_v = channels.voltage_present_v
        self._voltage_rows = channels.voltage_rows
        # A voltage is multiplied with itself, and a residual current with any: not used.
        self._partners = [*range(self._voltages), *(row or 0 for row in self._voltage_rows)]
        self._late_s = [
            scale.phase_delay_s - self._scales[partner].phase_delay_s
            for scale, partner in zip(self._scales, self._partners, strict=True)
        ]
        self._restorer = Restorer([scale.ct_corner_hz for scale in self._scales])
        self._residuals = _residual_meters(channels, self._evener)
        self._thd: list[float | None] = [None] * len(self._scales)
        stretches = -(-longest_window // _STRETCH)
        self._memory = np.empty(len(self._scales) * stretches * _STRETCH, dtype=np.float32)
        self._work = self._memory.reshape(len(self._scales), -1)
        self._ones = np.ones((stretches * _STRETCH, 1), dtype=np.float32)
        self._roots = np.empty(2, dtype=np.float32)
        # Samples of one stretch, then the first sample of each stretch; as angles per turn.
        positions = np.concatenate((np.arange(_STRETCH), np.arange(stretches) * _STRETCH))
        self._angles = (-math.tau * positions).astype(np.float32)
        self._turning = np.empty(len(positions), dtype=np.complex64)

    def sums(self, samples: NDArray[np.float32], edges: EdgeWeights, rate_hz: float) -> RowSums:
        """RMS, power and DC of each row.

        samples: float32[rows, n] codes, voltages first. rate_hz: true sampling rate.
        """
        self._take(samples, edges, rate_hz)
        return self._sum_up(samples.shape[1], edges)

    def measure(
        self,
        samples: NDArray[np.float32],
        edges: EdgeWeights,
        cycles: int,
        rate_hz: float,
        *,
        with_spectra: bool = False,
    ) -> Analysis:
        """Everything about a window.

        cycles: mains cycles in it; 0 without mains, then there is no frequency, no reactive
        power, no phase trim and no spectrum. THD is that of the newest spectrum. Quality is
        OK throughout; nothing here knows about clipping.
        """
        work = self._take(samples, edges, rate_hz)
        length = _length(samples, edges)
        frame = (0.5 - edges.first, length, cycles)
        residuals = [
            residual_load(each.current_a(work, *frame, rate_hz)) for each in self._residuals
        ]
        spectra: list[Spectrum | None] = []
        if with_spectra and cycles:
            spectra = self._spectra(work, *frame, rate_hz)
        elif not cycles:
            self._thd = [None] * len(self._thd)
        extremes = (
            np.maximum.reduce(work, axis=1).tolist(),
            np.minimum.reduce(work, axis=1).tolist(),
        )
        sums = self._sum_up(samples.shape[1], edges)
        frequency_hz = cycles * rate_hz / length if cycles else None
        if cycles:
            sums = replace(sums, phasors=self._phasors(sums.means, edges, cycles, samples.shape[1]))
        loads = self._loads(sums, frequency_hz, self._peaks(*extremes, sums.means))
        voltage_v = without_noise(sums.rms[0], self._scales[0].noise_floor)
        return Analysis(sums, voltage_v, frequency_hz, loads + residuals, spectra)

    def _loads(
        self, sums: RowSums, frequency_hz: float | None, peaks: list[float]
    ) -> list[Electrical]:
        voltages_v = [
            without_noise(sums.rms[row], self._scales[row].noise_floor)
            for row in range(self._voltages)
        ]
        loads = []
        for row, voltage_row in enumerate(self._voltage_rows, self._voltages):
            scale = self._scales[row]
            if voltage_row is None:
                current_a = without_noise(sums.rms[row], scale.noise_floor)
                loads.append(residual_load(current_a if current_a > scale.cutoff_a else 0.0))
                continue
            voltage_v = voltages_v[voltage_row]
            power_w, reactive_var = self._in_phase(sums, row, voltage_row, frequency_hz)
            loads.append(
                load(
                    scale,
                    voltage_v,
                    frequency_hz,
                    sums.rms[row],
                    power_w,
                    reactive_var,
                    peaks[row],
                    self._thd[voltage_row] if voltage_v > self._voltage_present_v else None,
                    self._thd[row],
                )
            )
        return loads

    def _in_phase(
        self, sums: RowSums, row: int, voltage_row: int, frequency_hz: float | None
    ) -> tuple[float, float | None]:
        """Watts, and var of the fundamental, with the phase trim of a current applied."""
        power_w = sums.power_w[row]
        if sums.phasors is None or frequency_hz is None:
            return power_w, None
        measured = sums.phasors[voltage_row] * sums.phasors[row].conjugate()
        late_s = self._late_s[row]
        if not late_s:
            return power_w, measured.imag
        true = measured * cmath.rect(1.0, -math.tau * frequency_hz * late_s)
        return power_w + true.real - measured.real, true.imag

    def _spectra(
        self,
        work: NDArray[np.float32],
        start: float,
        length: float,
        cycles: int,
        rate_hz: float,
    ) -> list[Spectrum | None]:
        """One per point; THD of every row is kept."""
        units = np.abs(np.array(self._units))[:, None]
        waves_hz = orders_below(length / cycles) * (cycles * rate_hz / length)
        magnitudes = np.abs(harmonics(work, start, length, cycles)) * units
        magnitudes /= self._evener.magnitude(waves_hz, rate_hz)
        rows = []
        for row, scale in enumerate(self._scales):
            idle = max(scale.cutoff_a, scale.noise_floor)
            least = self._voltage_present_v if row < self._voltages else idle
            self._thd[row] = thd_percent(magnitudes[row], least, scale.noise_floor, length)
            # Of a channel without a fundamental the harmonics are nothing but noise.
            absent = self._thd[row] is None and row >= self._voltages
            rows.append((0.0,) * magnitudes.shape[1] if absent else tuple(magnitudes[row].tolist()))
        return [
            *(
                None if voltage_row is None else Spectrum(rows[voltage_row], rows[row])
                for row, voltage_row in enumerate(self._voltage_rows, self._voltages)
            ),
            *(None for _ in self._residuals),
        ]

    def _take(
        self, samples: NDArray[np.float32], edges: EdgeWeights, rate_hz: float
    ) -> NDArray[np.float32]:
        """A copy in the work space, droop and CT law undone, zeros behind it."""
        count = samples.shape[1]
        rows = len(samples)
        padded = -(-count // _STRETCH) * _STRETCH
        self._work = self._memory[: rows * padded].reshape(rows, padded)
        self._work[:, count:] = 0
        work: NDArray[np.float32] = self._work[:, :count]
        work[...] = samples
        self._evener.even(work, rate_hz)
        if not self._restorer.idle:
            totals = samples.sum(axis=1, dtype=np.float64)
            totals -= (1 - edges.first) * samples[:, 0] + (1 - edges.last) * samples[:, -1]
            self._restorer.restore(work, totals / _length(samples, edges), rate_hz)
        return work

    def _sum_up(self, count: int, edges: EdgeWeights) -> RowSums:
        """Of the samples in the work space; leaves them there with their weights."""
        work = self._work[:, :count]
        length = _length(work, edges)
        # Both factors of a square carry the root of the edge weight.
        self._roots[0], self._roots[1] = math.sqrt(edges.first), math.sqrt(edges.last)
        first_and_last = work[:, :: count - 1]
        first_and_last *= self._roots
        squares = _row_sums(work, work[:, :, None])
        partner = work[0] if self._voltages == 1 else work[self._partners]
        products = _row_sums(work, partner[..., None])
        # From here on the rows are summed singly, with the whole edge weight.
        first_and_last *= self._roots
        means = [total / length for total in _row_sums(work, self._ones[:count])]
        rms = [
            abs(unit) * math.sqrt(max(0.0, square / length - mean * mean))
            for unit, square, mean in zip(self._units, squares, means, strict=True)
        ]
        power_w = [
            self._units[partner] * unit * (product / length - means[partner] * mean)
            for unit, product, mean, partner in zip(
                self._units, products, means, self._partners, strict=True
            )
        ]
        return RowSums(rms, power_w, means)

    def _phasors(
        self, means: list[float], edges: EdgeWeights, cycles: int, count: int
    ) -> list[complex]:
        """RMS fundamentals of each row, in V or A."""
        length = count - 2 + edges.first + edges.last
        dc = edges.turning_sum(cycles / length, count)
        return [
            unit * math.sqrt(2) / length * (total - mean * dc)
            for unit, total, mean in zip(
                self._units, self._fundamentals(cycles / length), means, strict=True
            )
        ]

    def _peaks(self, highest: list[float], lowest: list[float], means: list[float]) -> list[float]:
        """Largest deviation from the mean of each row, in V or A."""
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


def _residual_meters(channels: MeterChannels, evener: Evener) -> list[ResidualMeter]:
    row_of = {channel: row for row, channel in enumerate(channels.rows)}
    rows = [[row_of[channel] for channel in each.channels] for each in channels.residuals]
    return [
        ResidualMeter(residual, places, [channels.scales[row] for row in places], evener)
        for residual, places in zip(channels.residuals, rows, strict=True)
    ]
