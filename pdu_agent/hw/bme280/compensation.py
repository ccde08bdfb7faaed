# SPDX-License-Identifier: Apache-2.0
"""From a BME280's codes to values, by the calibration that each chip holds.

Layout and formulas as in Bosch's data sheet BST-BME280-DS002, chapter 4.2.2 and 8.1 (the
ones with floating point).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

FIRST_BLOCK = (0x88, 26)
"""Register and length: temperature and pressure, a spare byte, H1."""
SECOND_BLOCK = (0xE1, 7)
"""H2 to H6, which only a BME280 has."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """t[0] is T1 of the data sheet, and so on; h is empty without humidity."""

    t: tuple[int, ...]
    p: tuple[int, ...]
    h: tuple[int, ...] = ()


def calibration(first: bytes, second: bytes = b"") -> Calibration:
    """first, second: the two blocks as read. Raises ValueError for what no chip holds: erased
    or dead memory.
    """
    t, p = struct.unpack("<Hhh", first[:6]), struct.unpack("<Hhhhhhhhh", first[6:24])
    if {t[0], p[0]} & {0, 0xFFFF}:
        raise ValueError(f"T1 = {t[0]}, P1 = {p[0]}")
    if not second:
        return Calibration(t, p)
    if second[:2] in (b"\x00\x00", b"\xff\xff"):
        raise ValueError(f"H2 = {struct.unpack('<h', second[:2])[0]}")
    (h2,), h3, (h6,) = struct.unpack("<h", second[:2]), second[2], struct.unpack("<b", second[6:])
    # H4 and H5 have 12 bits each and share the byte in the middle.
    h4 = _signed(second[3] << 4 | second[4] & 0x0F)
    h5 = _signed(second[5] << 4 | second[4] >> 4)
    return Calibration(t, p, (first[25], h2, h3, h4, h5, h6))


def _signed(bits: int) -> int:
    return bits - (1 << 12) if bits & 1 << 11 else bits


def fine_temperature(chip: Calibration, code: int) -> float:
    """The data sheet's t_fine, which the other two need: 5120 times the Celsius."""
    t1, t2, t3 = chip.t
    linear = (code / 16384 - t1 / 1024) * t2
    bent = (code / 131072 - t1 / 8192) ** 2 * t3
    return linear + bent


def celsius(t_fine: float) -> float:
    return t_fine / 5120


def hectopascals(chip: Calibration, t_fine: float, code: int) -> float:
    """Raises ValueError where the calibration makes it infinite."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = chip.p
    offset = t_fine / 2 - 64000
    bend = offset * offset * p6 / 32768 + offset * p5 * 2
    bend = bend / 4 + p4 * 65536
    slope = (p3 * offset * offset / 524288 + p2 * offset) / 524288
    slope = (1 + slope / 32768) * p1
    if slope == 0:
        raise ValueError("the calibration gives no pressure")
    pascals = (1048576 - code - bend / 4096) * 6250 / slope
    correction = p9 * pascals * pascals / 2147483648 + pascals * p8 / 32768 + p7
    return (pascals + correction / 16) / 100


def percent(chip: Calibration, t_fine: float, code: int) -> float:
    """Relative humidity, 0 to 100."""
    h1, h2, h3, h4, h5, h6 = chip.h
    warm = t_fine - 76800
    value = code - (h4 * 64 + h5 / 16384 * warm)
    value *= h2 / 65536 * (1 + h6 / 67108864 * warm * (1 + h3 / 67108864 * warm))
    value *= 1 - h1 * value / 524288
    return min(100.0, max(0.0, value))
