# SPDX-License-Identifier: Apache-2.0
"""Energy from the pulse counter of a CSE7766. No I/O.

One pulse comes with each power cycle, which lasts power_cycle microseconds at power_coefficient
/ power_cycle watts: so a pulse stands for power_coefficient microjoules, whatever the load.
"""

from __future__ import annotations

from dataclasses import dataclass

MODULUS = 1 << 16
MICROJOULES_PER_MILLIJOULE = 1000
MAX_POWER_MARGIN = 1.2
TOLERANCE_S = 1.0
"""A frame may wait that long in a buffer while the host is busy."""


@dataclass(slots=True)
class PulseEnergy:
    """max_power_w: the most that the chip's shunt carries. trim: of the board's power.

    was_reset: the last `advance` found a counter that cannot have come to where it is.
    """

    max_power_w: float
    trim: float = 1.0
    was_reset: bool = False
    _last: tuple[float, int, int] | None = None
    _remainder_uj: float = 0.0

    def advance(self, now_s: float, pulses: int, coefficient: int) -> int | None:
        """Millijoules since the last call; None for the first, after a reset of the chip, and
        after a gap in which the counter may have wrapped unseen. now_s: monotonic seconds.
        coefficient: of power; another one is another chip.
        """
        last, self._last = self._last, (now_s, pulses, coefficient)
        self.was_reset = False
        if last is None:
            return None
        last_s, last_pulses, last_coefficient = last
        pulse_uj = coefficient * self.trim
        most_uj = self.max_power_w * MAX_POWER_MARGIN * (now_s - last_s + TOLERANCE_S) * 1e6
        counted = (pulses - last_pulses) % MODULUS
        fits = coefficient == last_coefficient and (counted - 1) * pulse_uj <= most_uj
        if not fits or most_uj >= MODULUS * pulse_uj:
            self.was_reset = not fits
            self._remainder_uj = 0.0
            return None
        energy_uj = counted * pulse_uj + self._remainder_uj
        energy_mj = int(energy_uj // MICROJOULES_PER_MILLIJOULE)
        self._remainder_uj = energy_uj - energy_mj * MICROJOULES_PER_MILLIJOULE
        return energy_mj
