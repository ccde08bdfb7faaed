# SPDX-License-Identifier: Apache-2.0
"""The checksum of Sensirion's and Aosong's sensors: polynomial 0x31, begun at 0xFF."""

from __future__ import annotations

_POLYNOMIAL = 0x31
_BEGIN = 0xFF


def crc8(data: bytes) -> int:
    """0 to 255; of BE EF it is 92 (Sensirion, data sheet SHT3x-DIS, 4.12)."""
    crc = _BEGIN
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ _POLYNOMIAL) & 0xFF if crc & 0x80 else crc << 1
    return crc
