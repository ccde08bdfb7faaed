# SPDX-License-Identifier: Apache-2.0
"""ADS1015 and ADS1115 at register level: volts at four pins in, codes out, at the chip's pace.

A conversion is the mean of the input over its own length. Until it ends, CONVERSION has the
result before it and the top bit of CONFIG is 0. In continuous mode one follows the other.
The comparator is not modelled; its thresholds are plain registers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pdu_agent.model.clock import Clock

Pins = Callable[[NDArray[np.float64]], NDArray[np.floating]]
"""Times in monotonic seconds, ascending -> [4, times] volts at the pins against ground."""

_CONFIG_RESET = 0x8583
_LOW_RESET, _HIGH_RESET = 0x8000, 0x7FFF
_PAIRS = ((0, 1), (0, 3), (1, 3), (2, 3), (0, None), (1, None), (2, None), (3, None))
_FULL_SCALE_V = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)
_RATES_16 = (8, 16, 32, 64, 128, 250, 475, 860)
_RATES_12 = (128, 250, 490, 920, 1600, 2400, 3300, 3300)
_POINTS = (np.arange(8) + 0.5) / 8  # of a conversion, at which its input is looked at
_WAKE_UP_S = 25e-6


class SimAds1x15:
    """bits: 16 of an ADS1115, 12 of an ADS1015. ppm: error of the oscillator, up to 10 %.

    hung: conversions do not end any more.
    """

    def __init__(
        self, pins: Pins, clock: Clock, *, bits: int = 16, ppm: float = 0.0, seed: int = 0
    ) -> None:
        self.hung = False
        self._pins = pins
        self._clock = clock
        self._bits = bits
        self._clock_ratio = 1 + ppm * 1e-6
        self._rng = np.random.default_rng(seed)
        self.power_loss()

    def power_loss(self) -> None:
        """All registers at their power-on defaults: one conversion at a time, none going on."""
        self._config = _CONFIG_RESET & 0x7FFF
        self._thresholds = {2: _LOW_RESET, 3: _HIGH_RESET}
        self._result = 0
        self._begun_s: float | None = None

    def read(self, register: int, length: int) -> bytes:
        self._go_on()
        if register == 0:
            word = self._result & 0xFFFF
        elif register == 1:
            word = self._config | (0x8000 if self._begun_s is None else 0)
        else:
            word = self._thresholds.get(register, 0)
        return word.to_bytes(2, "big")[:length]

    def write(self, register: int, data: bytes) -> None:
        if len(data) < 2:
            return
        self._go_on()
        word = data[0] << 8 | data[1]
        if register in self._thresholds:
            self._thresholds[register] = word
        elif register == 1:
            self._config = word & 0x7FFF
            if not self._is_single_shot or word & 0x8000:
                self._begun_s = self._clock.monotonic_s() + _WAKE_UP_S

    @property
    def _is_single_shot(self) -> bool:
        return bool(self._config & 0x0100)

    @property
    def _length_s(self) -> float:
        rates = _RATES_16 if self._bits == 16 else _RATES_12
        return 1 / (rates[self._config >> 5 & 0x7] * self._clock_ratio)

    def _go_on(self) -> None:
        """Finish what has ended by now; of continuous conversions the newest one counts."""
        if self._begun_s is None or self.hung:
            return
        ended = int((self._clock.monotonic_s() - self._begun_s) / self._length_s)
        if ended < 1:
            return
        self._result = self._convert(self._begun_s + (ended - 1) * self._length_s)
        self._begun_s = None if self._is_single_shot else self._begun_s + ended * self._length_s

    def _convert(self, begin_s: float) -> int:
        pins = self._pins(begin_s + _POINTS * self._length_s)
        positive, negative = _PAIRS[self._config >> 12 & 0x7]
        volts = pins[positive] - (0.0 if negative is None else pins[negative])
        full_scale_v = _FULL_SCALE_V[self._config >> 9 & 0x7]
        end = 1 << (self._bits - 1)
        noise = self._rng.normal(0.0, 0.3)
        code = int(np.rint(float(np.mean(volts)) / full_scale_v * end + noise))
        return max(-end, min(end - 1, code)) << (16 - self._bits)
