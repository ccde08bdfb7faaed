# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a simulated sensor, whatever its chip."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class SensorFaults:
    """Counts run down with each answer that they spoil.

    nacks: transactions that it does not acknowledge. corrupt: answers with a flipped bit.
    busy: no measurement ever ends. dead: every byte that it gives is this one. stuck: it goes on
    telling what it told last. jumps: measurements that are off by `jump`.
    """

    nacks: int = 0
    corrupt: int = 0
    busy: bool = False
    dead: int | None = None
    stuck: bool = False
    jumps: int = 0
    jump: float = 40.0

    def acknowledge(self) -> None:
        """Raises the OSError of a transaction that nobody acknowledges, if there is one due."""
        if self.nacks:
            self.nacks -= 1
            refuse()

    def spoil(self, answer: bytes) -> bytes:
        """The answer as it arrives."""
        if self.dead is not None:
            return bytes([self.dead]) * len(answer)
        if self.corrupt:
            self.corrupt -= 1
            middle = len(answer) // 2
            return answer[:middle] + bytes([answer[middle] ^ 0x10]) + answer[middle + 1 :]
        return answer


@dataclass(slots=True)
class Air:
    """What is to be measured, through the faults of who measures it."""

    celsius: Callable[[], float]
    percent: Callable[[], float] = lambda: 50.0
    hectopascals: Callable[[], float] = lambda: 1013.25
    faults: SensorFaults = field(default_factory=SensorFaults)
    _told: tuple[float, float, float] | None = None

    def sample(self) -> tuple[float, float, float]:
        """Celsius, percent, hectopascals of one measurement."""
        if self.faults.stuck and self._told is not None:
            return self._told
        off = 0.0
        if self.faults.jumps:
            self.faults.jumps -= 1
            off = self.faults.jump
        self._told = (self.celsius() + off, self.percent() + off, self.hectopascals())
        return self._told


def refuse() -> None:
    """Raises the OSError of a missing acknowledge."""
    raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))


def remainder(data: bytes, polynomial: int = 0x131, preset: int = 0xFF) -> int:
    """CRC-8 by long division: what is left of the message, once eight zeros follow it."""
    bits = int.from_bytes(data, "big") ^ preset << 8 * (len(data) - 1)
    length = 8 * len(data)
    bits <<= 8
    for place in range(length - 1, -1, -1):
        if bits >> place + 8 & 1:
            bits ^= polynomial << place
    return bits
