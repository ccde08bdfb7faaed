# SPDX-License-Identifier: Apache-2.0
"""TI ADS130E08 on paper: commands, register map, frame and timing.

Source: TI SBAS705B and SBAS561 (ADS131E0x family) and the published ADS130E08 drivers.
Values marked "unconfirmed" come from the sister parts.
"""

from __future__ import annotations

from enum import IntEnum

CHANNELS = 8
SAMPLE_BITS = 16
FRAME_BYTES = 3 + CHANNELS * SAMPLE_BITS // 8
RATE_HZ = 8000.0  # the only rate of this part (unconfirmed)
CODE_MAX = 0x7FFF
CODE_MIN = -0x8000
STATUS_SYNC = 0xC0  # the upper four bits of the first status byte
CLOCK_PERIOD_S = 1 / 2_048_000
SPI_SPEED_HZ = 4_096_000  # a byte takes as long as the chip needs to decode one (4 clocks)

POWER_UP_S = 0.155
RESET_S = 20e-6
REFERENCE_SETTLE_S = 0.150
SETTLING_S = 1160 * CLOCK_PERIOD_S  # START to the first settled frame


class Command(IntEnum):
    WAKEUP = 0x02
    STANDBY = 0x04
    RESET = 0x06
    START = 0x08
    STOP = 0x0A
    RDATAC = 0x10
    SDATAC = 0x11
    RDATA = 0x12
    RREG = 0x20  # | first register; then count - 1
    WREG = 0x40


class Register(IntEnum):
    ID = 0x00
    CONFIG1 = 0x01
    CONFIG2 = 0x02
    CONFIG3 = 0x03
    FAULT = 0x04
    CH1SET = 0x05
    FAULT_STATP = 0x12
    FAULT_STATN = 0x13
    GPIO = 0x14


REGISTER_COUNT = 0x15

RESET_VALUES = bytes(
    [0xD2, 0x01, 0x60, 0x40, 0x00]  # ID, CONFIG1-3, FAULT; bits of ID but 4 and 3 unconfirmed
    + [0x10] * CHANNELS
    + [0x00] * 5  # reserved
    + [0x00, 0x00, 0x0F]  # FAULT_STATP, FAULT_STATN, GPIO
)

ID_MASK = 0x1F
ID_EIGHT_CHANNELS = 0x12
ID_FOUR_CHANNELS = 0xC0  # seen on parts whose channels 5-8 give no data

CONFIG3_REFERENCE_2V4 = 0xC0
CONFIG3_REFERENCE_4V = 0xE0
CHANNEL_OFF = 0x81  # powered down, input shorted
GAIN_CODES = {1: 1, 2: 2, 8: 5}


def read_registers(first: int, count: int) -> bytes:
    """RREG as clocked out; the answer's byte 2 is the first register."""
    return bytes([Command.RREG | first, count - 1]) + bytes(count)


def write_registers(first: int, values: bytes) -> bytes:
    """WREG as clocked out."""
    return bytes([Command.WREG | first, len(values) - 1]) + values


def volts_per_count(reference_v: float, gain: int) -> float:
    """The weight of one code at the converter's input: 2 * VREF / gain / 2^16."""
    return 2 * reference_v / gain / (1 << SAMPLE_BITS)
