# SPDX-License-Identifier: Apache-2.0
"""The waveform around a switch-on, cut out of the timeline once all of it is there.

A relay's contact closes some milliseconds after its coil is driven, and the host's clock is
good to some frames only. So the moment is looked for in the current itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.calibration import MeterChannels
from pdu_agent.metering.droop import FLAT, Evener, Sinc
from pdu_agent.metering.restoring import Restorer
from pdu_agent.model.inrush import CYCLES_AFTER, CYCLES_BEFORE

SEARCH_S = 0.1
MAX_PENDING = 64
"""Every outlet of a converter, switched on several times within a second."""
_CLEAR_OF_NOISE = 2.0  # times the largest deviation before the switch-on


@dataclass(frozen=True, slots=True)
class Waveform:
    """What one current did around a switch-on, calibrated.

    index: of the current. t_mono_s: of the first sample. As many volts as amperes, from
    CYCLES_BEFORE cycles before the rise on. clipped: the converter hit its limit in one of its
    blocks, so the true peak is larger.
    """

    index: int
    t_mono_s: float
    rate_hz: float
    voltage_v: tuple[float, ...]
    current_a: tuple[float, ...]
    clipped: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """A request: position is that of its moment, in samples from the stream's first one."""

    index: int
    position: int
    cycle: int

    @property
    def first(self) -> int:
        """The oldest sample that may be needed."""
        return self.position - CYCLES_BEFORE * self.cycle

    def end(self, rate_hz: float) -> int:
        """Behind the newest sample that may be needed."""
        return self.position + math.ceil(SEARCH_S * rate_hz) + CYCLES_AFTER * self.cycle


class WaveformCutter:
    """Cuts the waveform of one current and its voltage out of the samples."""

    def __init__(self, channels: MeterChannels, rate_hz: float, droop: Sinc = FLAT) -> None:
        self._channels = channels
        self._rate_hz = rate_hz
        self._evener = Evener(droop)
        self._restorer = Restorer([scale.ct_corner_hz for scale in channels.scales])

    def cut(
        self, samples: NDArray[np.float32], request: Pending
    ) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
        """(first sample, volts, amperes).

        samples: float32[rows, n] codes from request.first to request.end. The DC of the
        current is what it is before the rise, that of the voltage its mean.
        """
        row = len(self._channels.voltages) + request.index
        voltage_row = self._channels.voltage_rows[request.index] or 0
        before = CYCLES_BEFORE * request.cycle
        means = samples.mean(axis=1, dtype=np.float64)
        means[row] = samples[row, :before].mean(dtype=np.float64)
        rise = self._rise(samples[row] - means[row], before)
        first = rise - before
        restored = samples.copy()
        self._evener.even(restored, self._rate_hz)
        self._restorer.restore(restored, means, self._rate_hz)
        late = round(self._late_s(row, voltage_row) * self._rate_hz)
        count = before + CYCLES_AFTER * request.cycle
        amperes = self._calibrated(restored, means, row, first + late, count)
        return first, self._calibrated(restored, means, voltage_row, first, count), amperes

    def _rise(self, current: NDArray[np.float64], before: int) -> int:
        """The first sample that is clear of what was there before; the moment itself without."""
        search = np.abs(current[before : before + math.ceil(SEARCH_S * self._rate_hz)])
        clear = search > _CLEAR_OF_NOISE * max(1.0, np.abs(current[:before]).max())
        return before + (int(clear.argmax()) if clear.any() else 0)

    def _late_s(self, row: int, voltage_row: int) -> float:
        scales = self._channels.scales
        return scales[row].phase_delay_s - scales[voltage_row].phase_delay_s

    def _calibrated(
        self,
        samples: NDArray[np.float32],
        means: NDArray[np.float64],
        row: int,
        first: int,
        count: int,
    ) -> tuple[float, ...]:
        """A delay of whole samples may reach past the ends, which are then held."""
        places = np.clip(np.arange(first, first + count), 0, samples.shape[1] - 1)
        values = (samples[row, places] - means[row]) * self._channels.scales[row].units
        return tuple(values.tolist())
