# SPDX-License-Identifier: Apache-2.0
"""Aosong's AHT20 on I2C: temperature and humidity in 20 bits each, with a checksum.

Status bits, commands and formulas as in the AHT20's data sheet (chapter 5): bit 7 of the
status is set while it measures, bit 3 once it is calibrated.

Tried with a byte-level simulator only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pdu_agent.hw.crc8 import crc8
from pdu_agent.hw.dropped_sample import DroppedSample
from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.hw.plausible import require_possible
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import BusTimeout, HardwareError
from pdu_agent.model.settings import setting
from pdu_agent.model.snapshot import SensorKind

ADDRESS = 0x38
_BUSY = 0x80
_CALIBRATED = 0x08
_INITIALISE = b"\xbe\x08\x00"
_MEASURE = b"\xac\x33\x00"
_INITIALISING_S = 0.010
_MEASURING_S = 0.080
_LOOKS = 4
_PAUSE_S = 0.020
"""Between two looks at a measurement that takes longer than it should."""
_ANSWER_BYTES = 7
_FULL_SCALE = 1 << 20


@dataclass(frozen=True, slots=True)
class Aht20Settings:
    """An AHT20 or AHT21; the address is fixed."""

    kinds: ClassVar = (SensorKind.TEMPERATURE, SensorKind.HUMIDITY)

    bus: str = setting(max_length=255, doc="/dev/i2c-N")
    interval_s: float = setting(5.0, minimum=2, maximum=600, doc="how often to read it")

    @property
    def address(self) -> int:
        """As of other I2C devices, for whoever looks for two at one address."""
        return ADDRESS


class Aht20Sensor:
    """A SensorSource on one of the two values; each reading is a measurement of its own."""

    ranges: ClassVar = {SensorKind.TEMPERATURE: (-40.0, 85.0)}

    def __init__(self, bus: SmBus, kind: SensorKind, sleep: Callable[[float], None]) -> None:
        self._bus = bus
        self._kind = kind
        self._sleep = sleep

    @classmethod
    def connect(cls, site: Site, settings: Aht20Settings, kind: SensorKind) -> Aht20Sensor:
        return cls(site.connections.i2c(settings.bus), kind, site.sleep)

    def read(self) -> float:
        """Celsius or percent. Raises HardwareError: BusTimeout when it stays busy,
        DroppedSample for a wrong checksum; also for humidity beside an impossible temperature.
        """
        try:
            answer = self._measured()
        except OSError as exc:
            raise bus_error("aht20", f"measure at 0x{ADDRESS:02x}", exc) from exc
        if crc8(answer[:-1]) != answer[-1]:
            raise DroppedSample("aht20", "read", f"wrong checksum in {answer.hex()}")
        if not answer[0] & _CALIBRATED:
            raise HardwareError("aht20", "read", "it is not calibrated; power it off and on")
        bits = int.from_bytes(answer[1:6], "big")
        celsius = (bits & _FULL_SCALE - 1) * 200 / _FULL_SCALE - 50
        if self._kind is SensorKind.TEMPERATURE:
            return celsius
        # What measures an impossible temperature knows nothing of humidity either.
        require_possible(SensorKind.TEMPERATURE, celsius, self.ranges[SensorKind.TEMPERATURE])
        return (bits >> 20) * 100 / _FULL_SCALE

    def _measured(self) -> bytes:
        if not self._bus.exchange(ADDRESS, b"", 1)[0] & _CALIBRATED:
            self._bus.exchange(ADDRESS, _INITIALISE, 0)
            self._sleep(_INITIALISING_S)
        self._bus.exchange(ADDRESS, _MEASURE, 0)
        self._sleep(_MEASURING_S)
        for _ in range(_LOOKS):
            answer = self._bus.exchange(ADDRESS, b"", _ANSWER_BYTES)
            if not answer[0] & _BUSY:
                return answer
            self._sleep(_PAUSE_S)
        raise BusTimeout("aht20", "measure", "it stays busy; power it off and on")
