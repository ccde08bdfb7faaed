# SPDX-License-Identifier: Apache-2.0
"""A simulated BME280 or BMP280: registers, a measurement that takes its time, calibration.

What it measures is made into codes by the data sheet's formulas with whole numbers, backwards;
the driver uses those with floating point.
"""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.hw.sim.sensor_faults import Air

T1, T2, T3 = 27504, 26435, -1000
P = (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
H1, H2, H3, H4, H5, H6 = 75, 370, 0, 313, 50, 30
MEASURING_S = 0.0093
_TWENTY_BITS = (1 << 20) - 1
_POWER_ON_DATA = bytes.fromhex("8000008000008000")


class SimBme280:
    """A chip with registers. now_s: the time that a measurement needs passes there.

    has_humidity: False for a BMP280.
    """

    def __init__(self, air: Air, now_s: Callable[[], float], *, has_humidity: bool = True) -> None:
        self.air = air
        self.faults = air.faults
        self._now_s = now_s
        self._has_humidity = has_humidity
        self.power_on()

    def power_on(self) -> None:
        """As after a loss of power."""
        self._memory = bytearray(256)
        self._ready_s = 0.0
        self._memory[0xD0] = 0x60 if self._has_humidity else 0x58
        self._memory[0xF7:0xFF] = _POWER_ON_DATA
        shorts = [T1, T2, T3, *P]
        self._memory[0x88:0xA0] = b"".join((n & 0xFFFF).to_bytes(2, "little") for n in shorts)
        if self._has_humidity:
            self._memory[0xA1] = H1
            self._memory[0xE1:0xE8] = bytes(
                [H2 & 255, H2 >> 8, H3, H4 >> 4, (H5 & 15) << 4 | H4 & 15, H5 >> 4, H6]
            )

    def read(self, register: int, length: int) -> bytes:
        self.faults.acknowledge()
        busy = self.faults.busy or self._now_s() < self._ready_s
        self._memory[0xF3] = 8 if busy else 0
        return self.faults.spoil(bytes(self._memory[register : register + length]))

    def write(self, register: int, data: bytes) -> None:
        self.faults.acknowledge()
        if register == 0xE0 and data[0] == 0xB6:
            self.power_on()
        if register in (0xF2, 0xF4, 0xF5):
            self._memory[register] = data[0]
        if register == 0xF4 and data[0] & 3 in (1, 2):
            self._memory[0xF4] &= 0xFC  # asleep again afterwards
            self._ready_s = self._now_s() + MEASURING_S
            self._measure(self._memory[0xF2] & 7, data[0] >> 5, data[0] >> 2 & 7)

    def _measure(self, wet: int, warm: int, pressed: int) -> None:
        """wet, warm, pressed: oversampling of each; 0 is not measured."""
        celsius, percent, hectopascals = self.air.sample()
        t_code = _lowest(lambda code: _celsius(code) >= celsius, _TWENTY_BITS)
        fine = _fine(t_code)
        p_code = _lowest(lambda code: _hectopascals(fine, code) <= hectopascals, _TWENTY_BITS)
        h_code = _lowest(lambda code: _percent(fine, code) >= percent, 65535)
        codes = (p_code if pressed else 1 << 19) << 44 | (t_code if warm else 1 << 19) << 20
        data = bytearray(codes.to_bytes(8, "big"))
        data[6:8] = (h_code if wet and self._has_humidity else 1 << 15).to_bytes(2, "big")
        self._memory[0xF7:0xFF] = data


def _lowest(reached: Callable[[int], bool], highest: int) -> int:
    low, high = 0, highest
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return low


def _fine(code: int) -> int:
    straight = (((code >> 3) - (T1 << 1)) * T2) >> 11
    step = (code >> 4) - T1
    return straight + ((((step * step) >> 12) * T3) >> 14)


def _celsius(code: int) -> float:
    return (_fine(code) * 5 + 128 >> 8) / 100


def _hectopascals(fine: int, code: int) -> float:
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = P
    x = fine - 128000
    y = x * x * p6 + ((x * p5) << 17) + (p4 << 35)
    x = ((x * x * p3) >> 8) + ((x * p2) << 12)
    x = (((1 << 47) + x) * p1) >> 33
    p = (((1048576 - code) << 31) - y) * 3125 // x
    p = ((p + ((p9 * (p >> 13) * (p >> 13)) >> 25) + ((p8 * p) >> 19)) >> 8) + (p7 << 4)
    return p / 25600


def _percent(fine: int, code: int) -> float:
    x = fine - 76800
    gain = (((x * H6 >> 10) * ((x * H3 >> 11) + 32768)) >> 10) + 2097152
    h = (((code << 14) - (H4 << 20) - H5 * x + 16384) >> 15) * ((gain * H2 + 8192) >> 14)
    h -= (((h >> 15) * (h >> 15)) >> 7) * H1 >> 4
    return max(0, min(419430400, h)) / 4194304
