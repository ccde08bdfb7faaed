# SPDX-License-Identifier: Apache-2.0
"""A simulated AHT20: not calibrated after power-on, busy for 80 ms, then seven bytes."""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.hw.sim.sensor_faults import Air, refuse, remainder

MEASURING_S = 0.075


class SimAht20:
    """A chip without registers. now_s: the time that a measurement needs passes there."""

    def __init__(self, air: Air, now_s: Callable[[], float]) -> None:
        self.air = air
        self.faults = air.faults
        self._now_s = now_s
        self._calibrated = False
        self._ready_s = 0.0
        self._values = bytes(5)

    def exchange(self, data: bytes, length: int) -> bytes:
        """Raises OSError for commands that it does not know."""
        self.faults.acknowledge()
        match data:
            case b"\xbe\x08\x00":
                self._calibrated = True
            case b"\xba":
                self._calibrated = False
            case b"\xac\x33\x00":
                self._measure()
            case b"":
                pass
            case _:
                refuse()
        return self.faults.spoil(self._told()[:length]) if length else b""

    def _measure(self) -> None:
        self._ready_s = self._now_s() + MEASURING_S
        celsius, percent, _ = self.air.sample()
        wet = f"{_twenty_bits(percent / 100):020b}"
        warm = f"{_twenty_bits((celsius + 50) / 200):020b}"
        self._values = int(wet + warm, 2).to_bytes(5, "big")

    def _told(self) -> bytes:
        busy = self.faults.busy or self._now_s() < self._ready_s
        status = 0x10 + 0x80 * busy + 0x08 * self._calibrated
        told = bytes([status]) + self._values
        return told + bytes([remainder(told)])


def _twenty_bits(share: float) -> int:
    return max(0, min((1 << 20) - 1, round(share * (1 << 20))))
