# SPDX-License-Identifier: Apache-2.0
"""INA219, INA226 and INA3221 at register level: true volts and amperes in, codes out.

Lays out its registers by itself, apart from the driver. Bus faults are those of sim/i2c.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

Truth = Callable[[], tuple[float, float]]
"""Volts on the bus, and amperes through the shunt (negative: backwards)."""


class _SimIna(ABC):
    """16-bit registers, high byte first. overrides: register -> content, for a chip that lies."""

    RESET: Mapping[int, int] = MappingProxyType({})
    WRITABLE: tuple[int, ...] = ()

    def __init__(self) -> None:
        self.overrides: dict[int, int] = {}
        self.registers = dict(self.RESET)

    def power_loss(self) -> None:
        """All registers at their power-on defaults."""
        self.registers = dict(self.RESET)

    def read(self, register: int, length: int) -> bytes:
        content = self.overrides.get(register)
        if content is None:
            content = self.measured().get(register, self.registers.get(register, 0))
        return content.to_bytes(2, "big")[:length]

    def write(self, register: int, data: bytes) -> None:
        if register in self.WRITABLE and len(data) >= 2:
            self.registers[register] = data[0] << 8 | data[1]

    @abstractmethod
    def measured(self) -> dict[int, int]:
        """The registers that follow the truth, as they are now."""


class SimIna219(_SimIna):
    """Conversion is done whenever it is asked for."""

    RESET = MappingProxyType({0x00: 0x399F, 0x05: 0x0000})
    WRITABLE = (0x00, 0x05)

    def __init__(self, truth: Truth, shunt_ohm: float = 0.1) -> None:
        super().__init__()
        self._truth = truth
        self._shunt_ohm = shunt_ohm

    def write(self, register: int, data: bytes) -> None:
        super().write(register, data)
        self.registers[0x05] &= 0xFFFE  # its last bit is not there

    def measured(self) -> dict[int, int]:
        volts, amperes = self._truth()
        shunt = _clamped(round(amperes * self._shunt_ohm / 10e-6), 32000)
        bus = min(round(volts / 0.004), 0x1FFF)
        current = shunt * self.registers[0x05] // 4096
        power = abs(current) * bus // 5000
        overflow = abs(current) > 0x7FFF or power > 0xFFFF
        return {
            0x01: shunt & 0xFFFF,
            0x02: bus << 3 | 0b10 | overflow,
            0x03: power & 0xFFFF,
            0x04: current & 0xFFFF,
        }


class SimIna226(_SimIna):
    RESET = MappingProxyType(
        {0x00: 0x4127, 0x05: 0x0000, 0x06: 0x0000, 0x07: 0x0000, 0xFE: 0x5449, 0xFF: 0x2260}
    )
    WRITABLE = (0x00, 0x05, 0x06, 0x07)

    def __init__(self, truth: Truth, shunt_ohm: float = 0.1) -> None:
        super().__init__()
        self._truth = truth
        self._shunt_ohm = shunt_ohm

    def measured(self) -> dict[int, int]:
        volts, amperes = self._truth()
        shunt = _clamped(round(amperes * self._shunt_ohm / 2.5e-6), 0x7FFF)
        bus = min(round(volts / 0.00125), 0x7FFF)
        current = shunt * self.registers[0x05] // 2048
        power = abs(current) * bus // 20000
        overflow = abs(current) > 0x7FFF or power > 0xFFFF
        return {
            0x01: shunt & 0xFFFF,
            0x02: bus,
            0x03: power & 0xFFFF,
            0x04: current & 0xFFFF,
            0x06: self.registers[0x06] & ~0x0004 | overflow << 2,
        }


class SimIna3221(_SimIna):
    """truths, shunts_ohm: of its three channels."""

    RESET = MappingProxyType({0x00: 0x7127, 0xFE: 0x5449, 0xFF: 0x3220})
    WRITABLE = (0x00,)

    def __init__(
        self, truths: Sequence[Truth], shunts_ohm: Sequence[float] = (0.1, 0.1, 0.1)
    ) -> None:
        super().__init__()
        self._truths = tuple(truths)
        self._shunts_ohm = tuple(shunts_ohm)

    def measured(self) -> dict[int, int]:
        words = {}
        for place, (truth, ohm) in enumerate(zip(self._truths, self._shunts_ohm, strict=True)):
            volts, amperes = truth()
            shunt = _clamped(round(amperes * ohm / 40e-6), 4095)
            words[2 * place + 1] = shunt << 3 & 0xFFFF
            words[2 * place + 2] = min(round(volts / 0.008), 4095) << 3
        return words


def _clamped(code: int, limit: int) -> int:
    return max(-limit, min(limit, code))
