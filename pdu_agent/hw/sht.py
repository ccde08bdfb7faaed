# SPDX-License-Identifier: Apache-2.0
"""Sensirion's SHT3x and SHT4x on I2C: temperature and humidity, each word with its checksum.

Commands, times and formulas as in Sensirion's data sheets SHT3x-DIS (chapter 4) and SHT4x
(chapter 4). Both are asked for one measurement at high repeatability and answer, once it is
over, with T T CRC H H CRC; until then they do not acknowledge.

Tried with a byte-level simulator only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

from pdu_agent.hw.crc8 import crc8
from pdu_agent.hw.dropped_sample import DroppedSample
from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.hw.plausible import require_possible
from pdu_agent.hw.site import Site
from pdu_agent.model.settings import setting
from pdu_agent.model.snapshot import SensorKind

_FULL_SCALE = 0xFFFF
_WORDS = (0, 3)
"""Where temperature and humidity begin in the answer."""
_ANSWER_BYTES = 6
_BEGINNING_AGAIN_S = 0.002  # 1 ms at most
_KINDS = (SensorKind.TEMPERATURE, SensorKind.HUMIDITY)


@dataclass(frozen=True, slots=True)
class Sht3xSettings:
    """An SHT30, SHT31 or SHT35."""

    kinds: ClassVar = _KINDS

    bus: str = setting(max_length=255, doc="/dev/i2c-N")
    address: int = setting(0x44, minimum=0x44, maximum=0x45, doc="I2C address, 0x45: ADDR high")
    interval_s: float = setting(5.0, minimum=1, maximum=600, doc="how often to read it")


@dataclass(frozen=True, slots=True)
class Sht4xSettings:
    """An SHT40, SHT41 or SHT45; the last letters of its name tell the address."""

    kinds: ClassVar = _KINDS

    bus: str = setting(max_length=255, doc="/dev/i2c-N")
    address: int = setting(0x44, minimum=0x44, maximum=0x46, doc="I2C address")
    interval_s: float = setting(5.0, minimum=1, maximum=600, doc="how often to read it")


class _Sht:
    """A SensorSource on one of the two values; each reading is a measurement of its own."""

    driver: ClassVar[str]
    measure: ClassVar[bytes]
    begin_again: ClassVar[bytes]
    """Ends whatever somebody else has set it to do."""
    measuring_s: ClassVar[float]
    humidity_scale: ClassVar[tuple[float, float]]
    ranges: ClassVar = {SensorKind.TEMPERATURE: (-40.0, 125.0)}

    def __init__(
        self,
        bus: SmBus,
        settings: Sht3xSettings | Sht4xSettings,
        kind: SensorKind,
        sleep: Callable[[float], None],
    ) -> None:
        self._bus = bus
        self._address = settings.address
        self._kind = kind
        self._sleep = sleep
        self._has_failed = False

    @classmethod
    def connect(cls, site: Site, settings: Sht3xSettings | Sht4xSettings, kind: SensorKind) -> Self:
        return cls(site.connections.i2c(settings.bus), settings, kind, site.sleep)

    def read(self) -> float:
        """Celsius or percent. Raises HardwareError, also for humidity beside an impossible
        temperature; DroppedSample for a wrong checksum.
        """
        try:
            answer = self._measured()
        except OSError as exc:
            self._has_failed = True
            raise bus_error(self.driver, f"measure at 0x{self._address:02x}", exc) from exc
        words = [answer[at : at + 3] for at in _WORDS]
        if any(crc8(word[:2]) != word[2] for word in words):
            raise DroppedSample(self.driver, "read", f"wrong checksum in {answer.hex()}")
        warm, wet = (int.from_bytes(word[:2], "big") / _FULL_SCALE for word in words)
        celsius = -45 + 175 * warm
        if self._kind is SensorKind.TEMPERATURE:
            return celsius
        # What measures an impossible temperature knows nothing of humidity either.
        require_possible(SensorKind.TEMPERATURE, celsius, self.ranges[SensorKind.TEMPERATURE])
        low, high = self.humidity_scale
        return min(100.0, max(0.0, low + (high - low) * wet))

    def _measured(self) -> bytes:
        if self._has_failed:
            self._free()
        self._bus.exchange(self._address, self.measure, 0)
        self._sleep(self.measuring_s)
        answer = self._bus.exchange(self._address, b"", _ANSWER_BYTES)
        self._has_failed = False
        return answer

    def _free(self) -> None:
        """An SHT3x that another program left measuring by itself takes no other command."""
        try:
            self._bus.exchange(self._address, self.begin_again, 0)
        except TimeoutError:
            raise  # the bus is stuck; the measurement would only take as long again
        except OSError:
            return  # it may refuse that and yet measure
        self._sleep(_BEGINNING_AGAIN_S)


class Sht3xSensor(_Sht):
    """An SHT3x; without clock stretching, so that the bus stays free for others meanwhile."""

    driver = "sht3x"
    measure = b"\x24\x00"
    begin_again = b"\x30\x93"
    measuring_s = 0.016  # at most 15.5 ms
    humidity_scale = (0.0, 100.0)


class Sht4xSensor(_Sht):
    """An SHT4x, whose scale goes beyond both ends of what humidity can be."""

    driver = "sht4x"
    measure = b"\xfd"
    begin_again = b"\x94"
    measuring_s = 0.010  # at most 8.3 ms
    humidity_scale = (-6.0, 119.0)
