# SPDX-License-Identifier: Apache-2.0
"""The parts on paper: commands, register map, rates, gains and timing.

Source: TI SBAS705B and SBAS561 (ADS131E0x) and the published ADS130E08 drivers.
Values marked "unconfirmed" come from the sister parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

CHANNELS = 8
"""Of the largest part of the family; of all drivers, whatever part is found."""
CLOCK_PERIOD_S = 1 / 2_048_000
FILTER_ORDER = 3
"""Of the sinc filter that every rate is decimated by."""
STATUS_SYNC = 0xC0  # the upper four bits of the first status byte

POWER_UP_S = 0.155
RESET_S = 20e-6
REFERENCE_SETTLE_S = 0.150  # unconfirmed
OFFSET_CALIBRATION_S = 0.153
TEST_SIGNAL_PER_REFERENCE = 2 / 2400
"""Volts of the doubled test signal, from zero to either level, per volt of the reference."""


class Command(IntEnum):
    WAKEUP = 0x02
    STANDBY = 0x04
    RESET = 0x06
    START = 0x08
    STOP = 0x0A
    RDATAC = 0x10
    SDATAC = 0x11
    RDATA = 0x12
    OFFSETCAL = 0x1A
    RREG = 0x20  # | first register; then count - 1
    WREG = 0x40


class Register(IntEnum):
    ID = 0x00
    CONFIG1 = 0x01
    CONFIG2 = 0x02
    CONFIG3 = 0x03
    FAULT = 0x04
    CH1SET = 0x05


class Input(IntEnum):
    """What a channel's multiplexer connects; bits 2:0 of CHnSET."""

    NORMAL = 0
    SHORTED = 1
    TEST_SIGNAL = 5


ID_HALF_DEAD = 0xC0  # seen on eight-channel parts whose channels 5-8 give no data
_CHANNELS_BY_ID = {0x10: 4, 0x11: 6, 0x12: 8}  # by bits 4:0; bit 5 is a revision

CONFIG2_TEST_SIGNAL = 0x15  # internal, doubled, fCLK / 2^20: a square of 0.512 s
TEST_PERIOD_S = (1 << 20) * CLOCK_PERIOD_S
CONFIG3_REFERENCE_ON = 0xC0
CONFIG3_REFERENCE_4V = 0x20
CHANNEL_OFF = 0x81  # powered down, input shorted


@dataclass(frozen=True, slots=True)
class Rate:
    """code: in CONFIG1. bits: of a sample. settling_clocks: START to the first settled frame."""

    code: int
    bits: int
    settling_clocks: int

    @property
    def settling_s(self) -> float:
        return self.settling_clocks * CLOCK_PERIOD_S


@dataclass(frozen=True, slots=True)
class Part:
    """rates: by samples a second. gains: the code in CHnSET of each. config1: without a rate."""

    name: str
    rates: Mapping[int, Rate]
    gains: Mapping[int, int]
    config1: int
    config2: int


ADS130E08 = Part(
    "ads130e08",
    rates=MappingProxyType({8000: Rate(0, 16, 1160)}),  # the only rate (unconfirmed)
    gains=MappingProxyType({1: 1, 2: 2, 8: 5}),
    config1=0x01,
    config2=0x60,
)
ADS131E08 = Part(
    "ads131e08",
    rates=MappingProxyType(
        {
            1000: Rate(6, 24, 9224),
            2000: Rate(5, 24, 4616),
            4000: Rate(4, 24, 2312),
            8000: Rate(3, 24, 1160),
            16000: Rate(2, 24, 584),
            32000: Rate(1, 16, 296),
            64000: Rate(0, 16, 152),
        }
    ),
    gains=MappingProxyType({1: 1, 2: 2, 4: 4, 8: 5, 12: 6}),
    config1=0x90,
    config2=0xE0,
)


def channels_of(identity: int) -> int | None:
    """How many channels a part has that reads so in ID; None for an unknown one."""
    return _CHANNELS_BY_ID.get(identity & 0x1F)


def read_registers(first: int, count: int) -> bytes:
    """RREG as clocked out; the answer's byte 2 is the first register."""
    return bytes([Command.RREG | first, count - 1]) + bytes(count)


def write_registers(first: int, values: bytes) -> bytes:
    """WREG as clocked out."""
    return bytes([Command.WREG | first, len(values) - 1]) + values


def volts_per_count(reference_v: float, gain: int, bits: int) -> float:
    """The weight of one code at the converter's input: 2 * VREF / gain / 2^bits."""
    return 2 * reference_v / gain / (1 << bits)
