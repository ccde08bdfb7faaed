# SPDX-License-Identifier: Apache-2.0
"""The simulated parts of the family: registers after reset, which bits can be written, rates.

From TI SBAS705B and SBAS561, by register; nothing is shared with the drivers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

CLOCK_S = 1 / 2_048_000
ID, CONFIG1, CONFIG2, CONFIG3, FAULT, CH1SET = range(6)
FAULT_STATP, FAULT_STATN, GPIO = 0x12, 0x13, 0x14
_RESERVED = bytes(5)
_GPIO_INPUTS = 0x0F


@dataclass(frozen=True)
class SimPart:
    """config: CONFIG1 to CONFIG3 after reset, and which of their bits keep what is written.
    rates: CONFIG1's low bits -> (samples/s, bits, settling in clocks); None: one for all.
    """

    identity: int
    channels: int
    config: tuple[int, int, int]
    writable: tuple[int, int, int]
    gains: dict[int, int]
    rates: dict[int | None, tuple[int, int, int]]
    nulls_offsets: bool

    @cached_property
    def reset_values(self) -> bytes:
        head = bytes([self.identity, *self.config, 0x00])
        return head + b"\x10" * 8 + _RESERVED + bytes([0, 0, _GPIO_INPUTS])

    @cached_property
    def masks(self) -> dict[int, int]:
        """Register -> bits that keep what is written; the others stay as after reset."""
        masks = dict(zip((CONFIG1, CONFIG2, CONFIG3), self.writable, strict=True))
        masks |= {FAULT: 0xE0, GPIO: 0xFF}
        return masks | dict.fromkeys(range(CH1SET, CH1SET + self.channels), 0xF7)

    def rate(self, config1: int) -> tuple[int, int, int]:
        """A code that is not used keeps the slowest rate."""
        code = None if None in self.rates else config1 & 0x07
        return self.rates.get(code) or self.rates[6]


E08 = SimPart(
    identity=0xD2,
    channels=8,
    config=(0x01, 0x60, 0x40),
    writable=(0x20, 0x17, 0xAC),
    gains={1: 1, 2: 2, 5: 8},
    rates={None: (8000, 16, 1160)},
    nulls_offsets=False,
)


def ads131(identity: int, config: tuple[int, int, int] = (0x91, 0xE0, 0x40)) -> SimPart:
    """ADS131E08 by its ID: 0xD2, six channels 0xD1, four 0xD0; all others have eight."""
    return SimPart(
        identity=identity,
        channels={0x10: 4, 0x11: 6}.get(identity & 0x1F, 8),
        config=config,
        writable=(0x67, 0x17, 0xAC),
        gains={1: 1, 2: 2, 4: 4, 5: 8, 6: 12},
        rates={
            0: (64000, 16, 152),
            1: (32000, 16, 296),
            2: (16000, 24, 584),
            3: (8000, 24, 1160),
            4: (4000, 24, 2312),
            5: (2000, 24, 4616),
            6: (1000, 24, 9224),
        },
        nulls_offsets=True,
    )


ADS131E08S_CONFIG = (0x94, 0xE0, 0xE0)
