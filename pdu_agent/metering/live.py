# SPDX-License-Identifier: Apache-2.0
"""The newest two mains cycles of one current and its voltage, calibrated, for somebody who looks.

Droop, the law of the current transformer and the delay between both channels are made up for as
in the powers that are measured; nothing is smoothed, and no noise is taken off.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.calibration import MeterChannels
from pdu_agent.metering.droop import FLAT, Evener, Sinc
from pdu_agent.metering.phasors import rising_crossing
from pdu_agent.metering.restoring import Restorer
from pdu_agent.model.waves import CYCLES, Wave

_MARGIN = 1
"""Cycles on either side: what the corrections need lies there."""
_TAPS = 16
"""Of the sinc that moves a current by a part of a sample, on either side."""
Floats = NDArray[np.float64]
Stretch = tuple[int, int]
"""Positions of its first and last sample."""


@dataclass(frozen=True, slots=True)
class _Cycles:
    """start, end: fractional positions, CYCLES cycles apart; is_mains: at crossings."""

    start: float
    end: float
    is_mains: bool

    @property
    def first(self) -> int:
        """The first sample that has a part in them: sample n covers n-0.5 to n+0.5."""
        return math.floor(self.start + 0.5)

    @property
    def last(self) -> int:
        return math.ceil(self.end - 0.5)

    def touch(self, stretches: Sequence[Stretch]) -> bool:
        return any(start <= self.last and end >= self.first for start, end in stretches)

    def mean(self, values: Floats) -> float:
        """Of the samples first..last, the outer ones as far as they belong to it."""
        total = float(values.sum())
        total -= (0.5 + self.start - self.first) * float(values[0])
        total -= (0.5 + self.last - self.end) * float(values[-1])
        return total / (self.end - self.start)


class LiveCutter:
    """Cuts out of the samples of one timeline."""

    def __init__(
        self, channels: MeterChannels, rate_hz: float, nominal_hz: float, droop: Sinc = FLAT
    ) -> None:
        self._channels = channels
        self._rate_hz = rate_hz
        self._nominal = rate_hz / nominal_hz
        self._evener = Evener(droop)

    def cut(
        self,
        samples: NDArray[np.float32],
        index: int,
        period: float | None,
        repaired: Sequence[Stretch] = (),
    ) -> tuple[float, Stretch, Wave] | None:
        """(position of the crossing, the samples that are shown, the wave at time 0).

        samples: float32[rows, n] codes. period: samples in a cycle, None without mains. repaired:
        what was made up for lost samples; cycles without any come first. None: there are too few
        samples yet.
        """
        rows = [self._channels.voltage_rows[index] or 0, len(self._channels.voltages) + index]
        scales = [self._channels.scales[row] for row in rows]
        cycles = self._best(samples[rows[0]], rows[0], period, repaired)
        if cycles is None:
            return None
        spare = round(_MARGIN * (cycles.end - cycles.start) / CYCLES)
        oldest = cycles.first - spare
        part = samples[rows, oldest : cycles.last + 1 + spare]
        inner = slice(spare, part.shape[1] - spare)
        means = np.array([cycles.mean(row[inner]) for row in part.astype(np.float64)])
        self._evener.even(part, self._rate_hz)
        Restorer([scale.ct_corner_hz for scale in scales]).restore(part, means, self._rate_hz)
        late = (scales[1].phase_delay_s - scales[0].phase_delay_s) * self._rate_hz
        voltage = _calibrated(part[0, inner], scales[0].units, cycles)
        current = _calibrated(_earlier(part[1], late)[inner], scales[1].units, cycles)
        wave = Wave(
            t_mono_s=0.0,
            rate_hz=self._rate_hz,
            first_s=(cycles.first - cycles.start) / self._rate_hz,
            frequency_hz=self._frequency_hz(cycles),
            voltage_v=array("f", voltage.tolist()),
            current_a=array("f", current.tolist()),
            voltage_rms_v=math.sqrt(max(0.0, cycles.mean(voltage * voltage))),
            current_rms_a=math.sqrt(max(0.0, cycles.mean(current * current))),
            repaired=cycles.touch(repaired),
        )
        return cycles.start, (cycles.first, cycles.last), wave

    def _best(
        self,
        voltage: NDArray[np.float32],
        row: int,
        period: float | None,
        repaired: Sequence[Stretch],
    ) -> _Cycles | None:
        """The newest that are whole as measured, else the newest."""
        newest = found = self._cycles(voltage, row, period)
        while found is not None and found.touch(repaired):
            before = min(start for start, end in repaired if end >= found.first)
            rest = voltage[: before + round(_MARGIN * (period or self._nominal))]
            found = self._cycles(rest, row, period)
        return found or newest

    def _cycles(
        self, voltage: NDArray[np.float32], row: int, period: float | None
    ) -> _Cycles | None:
        """The newest that have their margins."""
        length = period or self._nominal
        end = len(voltage) - 1 - _MARGIN * length - _TAPS
        is_mains = period is not None and self._is_present(voltage, row)
        if is_mains:
            crossing = _crossing_before(voltage, end, length)
            if crossing is None:
                return None
            start = rising_crossing(voltage, crossing - CYCLES * length, length)
            cycles = None if start is None else _Cycles(start, crossing, is_mains=True)
        else:
            cycles = _Cycles(end - CYCLES * length, end, is_mains=False)
        if cycles is None or cycles.start - _MARGIN * length - _TAPS < 0:
            return None
        return cycles

    def _is_present(self, voltage: NDArray[np.float32], row: int) -> bool:
        newest = voltage[-math.ceil(self._nominal) :]
        return float(np.ptp(newest)) / 2 >= self._channels.present_counts(row)

    def _frequency_hz(self, cycles: _Cycles) -> float | None:
        return CYCLES * self._rate_hz / (cycles.end - cycles.start) if cycles.is_mains else None


def _calibrated(codes: NDArray[np.float32], units: float, cycles: _Cycles) -> Floats:
    values = codes * np.float64(units)
    values -= cycles.mean(values)
    return values


def _crossing_before(voltage: NDArray[np.float32], end: float, period: float) -> float | None:
    """The last rising crossing up to `end`: one of four places is next to it."""
    for quarter in range(4):
        near = end - quarter * period / 4
        crossing = rising_crossing(voltage, near, period)
        if crossing is not None and crossing != near:
            return (
                crossing if crossing <= end else rising_crossing(voltage, crossing - period, period)
            )
    return None


def _earlier(row: NDArray[np.float32], samples: float) -> NDArray[np.float32]:
    """What arrives so many samples too late (a part of one too), moved to where it belongs.

    Beyond the ends the last value is held.
    """
    whole = math.floor(samples)
    part = samples - whole
    places = np.clip(np.arange(len(row)) + whole, 0, len(row) - 1)
    moved: NDArray[np.float32] = row[places]
    if not part:
        return moved
    taps = np.arange(-_TAPS, _TAPS + 1) + part
    weights = np.sinc(taps) * np.cos(math.pi / 2 * taps / (_TAPS + 1)) ** 2
    weights /= weights.sum()
    padded = np.pad(moved, _TAPS, mode="edge")
    shifted: NDArray[np.float32] = np.convolve(padded, weights, mode="valid").astype(np.float32)
    return shifted
