# SPDX-License-Identifier: Apache-2.0
"""The chips on paper: registers, inputs, ranges, rates (TI SBAS444 and SBAS473)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

CONVERSION = 0x00
CONFIG = 0x01

READY = 0x8000
"""Read from CONFIG: no conversion is going on; written: make one."""
CONFIG_KEPT = 0x7FFF
"""Bits that read as they were written."""
SINGLE_SHOT = 0x0100
NO_COMPARATOR = 0x0003

OSCILLATOR_SHARE = 0.10
"""By which a conversion may last longer or shorter than its rate says."""
WAKE_UP_S = 50e-6

INPUTS: Mapping[str, int] = MappingProxyType(
    {"0-1": 0, "0-3": 1, "1-3": 2, "2-3": 3, "0": 4, "1": 5, "2": 6, "3": 7}
)
"""Pins, of a difference or against ground -> code in CONFIG."""
_RANGES = {6.144: 0, 4.096: 1, 2.048: 2, 1.024: 3, 0.512: 4, 0.256: 5}


@dataclass(frozen=True, slots=True)
class Part:
    """rates: conversions a second -> code. ends: the lowest and highest code."""

    name: str
    rates: Mapping[int, int]
    ends: tuple[int, int]


ADS1115 = Part("ads1115", MappingProxyType({475: 6, 860: 7}), (-0x8000, 0x7FFF))
ADS1015 = Part("ads1015", MappingProxyType({920: 3, 1600: 4, 2400: 5, 3300: 6}), (-0x8000, 0x7FF0))
"""Its codes of 12 bits are in the upper bits. Slower rates than these are of no use for mains."""


def config(part: Part, pins: str, range_v: float, rate_sps: int) -> int:
    """What makes one conversion of these pins when it is written to CONFIG."""
    return (
        READY
        | INPUTS[pins] << 12
        | _RANGES[range_v] << 9
        | SINGLE_SHOT
        | part.rates[rate_sps] << 5
        | NO_COMPARATOR
    )


def signed(word: int) -> int:
    return word - 0x10000 if word & 0x8000 else word


def volts(code: int, range_v: float) -> float:
    """code: as read from CONVERSION, of 16 bits."""
    return code * range_v / 0x8000


def longest_conversion_s(rate_sps: int) -> float:
    """Until the result is there for certain."""
    return WAKE_UP_S + (1 + OSCILLATOR_SHARE) / rate_sps


def smoothing(mains_hz: float, rate_sps: int) -> float:
    """What is left of the mains' amplitude: a conversion is a mean over its own length.

    A first-order filter is unconfirmed; 0.994 at 860 conversions a second and 50 Hz.
    """
    x = math.pi * mains_hz / rate_sps
    return math.sin(x) / x
