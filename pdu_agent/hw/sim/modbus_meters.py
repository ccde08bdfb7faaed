# SPDX-License-Identifier: Apache-2.0
"""The insides of Modbus meters: true quantities in, counters up, registers out.

Where each of them keeps what is written down here by itself, apart from etc/meters.
"""

from __future__ import annotations

import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping

from pdu_agent.model.clock import Clock
from pdu_agent.model.quantities import Electrical

_WS_PER_KWH = 3_600_000.0


class SimEnergyMeter(ABC):
    """Counts what `truth` says since it was made, in the clock's time.

    import_ws, export_ws, import_vars, export_vars: watt seconds and var seconds. Reads from any
    thread. overrides: register -> content, for a meter that lies. reset: all counters to 0.
    """

    def __init__(self, truth: Callable[[], Electrical], clock: Clock) -> None:
        self.overrides: dict[int, int] = {}
        self.written: dict[int, int] = {}
        self.import_ws = self.export_ws = self.import_vars = self.export_vars = 0.0
        self._truth = truth
        self._clock = clock
        self._now_s = clock.monotonic_s()
        self._lock = threading.Lock()

    def read(self, function: int) -> Mapping[int, int]:
        with self._lock:
            self._count()
            if function != self.FUNCTION:
                return {}
            return {**self.registers(self._truth()), **self.written, **self.overrides}

    def write(self, register: int, value: int) -> bool:
        if register not in self.WRITABLE:
            return False
        self.written[register] = value
        return True

    def reset(self) -> None:
        with self._lock:
            self._count()
            self.import_ws = self.export_ws = self.import_vars = self.export_vars = 0.0

    FUNCTION = 3
    WRITABLE: tuple[int, ...] = ()

    @abstractmethod
    def registers(self, now: Electrical) -> dict[int, int]:
        """All registers, 16 bits each by address, at this instant."""

    def _count(self) -> None:
        now_s = self._clock.monotonic_s()
        passed_s, self._now_s = now_s - self._now_s, now_s
        truth = self._truth()
        active_w, reactive_var = truth.active_power_w or 0.0, truth.reactive_power_var or 0.0
        self.import_ws += max(0.0, active_w) * passed_s
        self.export_ws += max(0.0, -active_w) * passed_s
        self.import_vars += max(0.0, reactive_var) * passed_s
        self.export_vars += max(0.0, -reactive_var) * passed_s


class SimOrno515(SimEnergyMeter):
    """Holding registers; long numbers have their high word first. tariff: 1 to 4 counts now."""

    WRITABLE = (0x8120, 0x8121, 0x8122)

    def __init__(self, truth: Callable[[], Electrical], clock: Clock) -> None:
        super().__init__(truth, clock)
        self.tariff = 1

    def registers(self, now: Electrical) -> dict[int, int]:
        words = _placed(0x0130, [round(100 * (now.frequency_hz or 0))])
        words |= _placed(0x0131, [round(100 * (now.voltage_v or 0))])
        words |= _long(0x0139, round(1000 * (now.current_a or 0)))
        words |= _long(0x0140, round(now.active_power_w or 0))
        words |= _long(0x0148, round(now.reactive_power_var or 0))
        words |= _long(0x0150, round(now.apparent_power_va or 0))
        words |= _placed(0x0158, [round(1000 * (now.power_factor or 0)) & 0xFFFF])
        active = int(100 * (self.import_ws + self.export_ws) / _WS_PER_KWH)
        reactive = int(100 * (self.import_vars + self.export_vars) / _WS_PER_KWH)
        for total, first in ((active, 0xA000), (reactive, 0xA01E)):
            words |= _long(first, total % 100_000_000)
            for tariff in range(1, 5):
                words |= _long(first + 2 * tariff, total if tariff == self.tariff else 0)
        return words


class SimOrno504(SimEnergyMeter):
    """Eleven holding registers; power has no sign, long numbers have their high word first."""

    def registers(self, now: Electrical) -> dict[int, int]:
        shown = [
            10 * (now.voltage_v or 0),
            10 * (now.current_a or 0),
            10 * (now.frequency_hz or 0),
            now.active_power_w or 0,
            now.reactive_power_var or 0,
            now.apparent_power_va or 0,
            1000 * (now.power_factor or 0),
        ]
        words = _placed(0, [round(abs(value)) for value in shown])
        words |= _long(7, int(1000 * (self.import_ws + self.export_ws) / _WS_PER_KWH))
        return words | _long(9, int(1000 * (self.import_vars + self.export_vars) / _WS_PER_KWH))


class SimSdm120(SimEnergyMeter):
    """Input registers, each number a float in two of them."""

    FUNCTION = 4

    def registers(self, now: Electrical) -> dict[int, int]:
        shown = {
            0x0000: now.voltage_v,
            0x0006: now.current_a,
            0x000C: now.active_power_w,
            0x0012: now.apparent_power_va,
            0x0018: now.reactive_power_var,
            0x001E: now.power_factor,
            0x0046: now.frequency_hz,
            0x0048: _hundredths(self.import_ws),
            0x004A: _hundredths(self.export_ws),
            0x004C: _hundredths(self.import_vars),
            0x004E: _hundredths(self.export_vars),
        }
        words: dict[int, int] = {}
        for register, value in shown.items():
            words |= _placed(register, struct.unpack(">HH", struct.pack(">f", value or 0.0)))
        return words


class SimPzem004t(SimEnergyMeter):
    """Ten input registers; long numbers have their low word first. alarm_w: its threshold."""

    FUNCTION = 4

    def __init__(self, truth: Callable[[], Electrical], clock: Clock) -> None:
        super().__init__(truth, clock)
        self.alarm_w = 23_000.0

    def registers(self, now: Electrical) -> dict[int, int]:
        power_w = now.active_power_w or 0.0
        milliamperes, deciwatts = round(1000 * (now.current_a or 0)), round(10 * power_w)
        watt_hours = int(self.import_ws / 3600)
        return _placed(
            0,
            [
                round(10 * (now.voltage_v or 0)),
                milliamperes & 0xFFFF,
                milliamperes >> 16,
                deciwatts & 0xFFFF,
                deciwatts >> 16,
                watt_hours & 0xFFFF,
                watt_hours >> 16,
                round(10 * (now.frequency_hz or 0)),
                round(100 * (now.power_factor or 0)),
                0xFFFF if power_w > self.alarm_w else 0,
            ],
        )


def _placed(first: int, words: Iterable[int]) -> dict[int, int]:
    return dict(enumerate(words, first))


def _long(first: int, number: int) -> dict[int, int]:
    return {first: number >> 16 & 0xFFFF, first + 1: number & 0xFFFF}


def _hundredths(watt_seconds: float) -> float:
    return int(100 * watt_seconds / _WS_PER_KWH) / 100
