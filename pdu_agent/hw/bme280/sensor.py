# SPDX-License-Identifier: Apache-2.0
"""The chip on I2C: one forced measurement for each reading (BST-BME280-DS002, chapter 5).

It has no checksum. Everything is read twice instead: what was measured stays in its
registers until the next measurement, so that a difference is the cable's.

Tried with a register-level simulator only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pdu_agent.hw.bme280 import compensation
from pdu_agent.hw.bme280.compensation import Calibration
from pdu_agent.hw.dropped_sample import DroppedSample
from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.hw.plausible import require_possible
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError
from pdu_agent.model.settings import setting
from pdu_agent.model.snapshot import SensorKind

_ID, _CTRL_HUM, _STATUS, _CTRL_MEAS, _DATA = 0xD0, 0xF2, 0xF3, 0xF4, 0xF7
_BME280, _BMP280 = 0x60, 0x58
_HUMIDITY_ONCE = 0x01
_ONCE_FORCED = 0x25  # temperature and pressure without oversampling, mode "forced"
_MEASURING = 0x08
_MEASURING_S = 0.010  # at most 9.3 ms (appendix B)
_LOOKS = 4
_SKIPPED, _HUMIDITY_SKIPPED = 0x80000, 0x8000
"""What stands in the registers before the first measurement, and for what was not measured. Each
alone may be measured as well: the first is 26 C in some chips, the second a usual humidity."""


@dataclass(frozen=True, slots=True)
class Bme280Settings:
    """A BME280 or, without humidity, a BMP280."""

    kinds: ClassVar = (SensorKind.TEMPERATURE, SensorKind.HUMIDITY, SensorKind.PRESSURE)

    bus: str = setting(max_length=255, doc="/dev/i2c-N")
    address: int = setting(0x76, minimum=0x76, maximum=0x77, doc="I2C address, 0x77: SDO high")
    interval_s: float = setting(5.0, minimum=1, maximum=600, doc="how often to read it")


class Bme280Sensor:
    """A SensorSource on one of its values; each reading is a measurement of its own."""

    ranges: ClassVar = {
        SensorKind.TEMPERATURE: (-40.0, 85.0),
        SensorKind.PRESSURE: (300.0, 1100.0),
    }

    def __init__(
        self,
        bus: SmBus,
        settings: Bme280Settings,
        kind: SensorKind,
        sleep: Callable[[float], None],
    ) -> None:
        self._bus = bus
        self._address = settings.address
        self._kind = kind
        self._sleep = sleep
        self._chip: Calibration | None = None

    @classmethod
    def connect(cls, site: Site, settings: Bme280Settings, kind: SensorKind) -> Bme280Sensor:
        return cls(site.connections.i2c(settings.bus), settings, kind, site.sleep)

    def read(self) -> float:
        """Celsius, percent or hectopascals. Raises HardwareError: ChipNotFound for another
        chip, BusTimeout when it stays busy, DroppedSample when two looks differ.
        """
        try:
            chip = self._chip = self._known()
            t_code, p_code, h_code = self._measured()
            t_fine = compensation.fine_temperature(chip, t_code)
            celsius = compensation.celsius(t_fine)
            if self._kind is SensorKind.TEMPERATURE:
                return celsius
            # The other two are computed with the temperature.
            require_possible(SensorKind.TEMPERATURE, celsius, self.ranges[SensorKind.TEMPERATURE])
            if self._kind is SensorKind.PRESSURE:
                return compensation.hectopascals(chip, t_fine, p_code)
            return compensation.percent(chip, t_fine, h_code)
        except OSError as exc:
            self._chip = None  # it may be another one when it is back
            raise bus_error("bme280", f"measure at 0x{self._address:02x}", exc) from exc
        except ValueError as exc:
            self._chip = None
            raise HardwareError("bme280", "read", f"impossible calibration: {exc}") from exc
        except HardwareError:
            self._chip = None
            raise

    def _known(self) -> Calibration:
        """The chip's calibration, once it was seen to be the right kind of chip."""
        identity = self._bus.read_byte_data(self._address, _ID)
        if identity not in (_BME280, _BMP280):
            raise ChipNotFound(
                "bme280",
                f"look at 0x{self._address:02x}",
                f"its id is 0x{identity:02x}; expected 0x{_BME280:02x} or 0x{_BMP280:02x}",
            )
        if identity == _BMP280 and self._kind is SensorKind.HUMIDITY:
            raise ChipNotFound("bme280", "read", "this is a BMP280, which has no humidity")
        if self._chip is not None:
            return self._chip
        first = self._twice(*compensation.FIRST_BLOCK)
        second = self._twice(*compensation.SECOND_BLOCK) if identity == _BME280 else b""
        return compensation.calibration(first, second)

    def _measured(self) -> tuple[int, int, int]:
        """The codes of temperature, pressure and humidity."""
        self._bus.write_byte_data(self._address, _CTRL_HUM, _HUMIDITY_ONCE)
        self._bus.write_byte_data(self._address, _CTRL_MEAS, _ONCE_FORCED)
        for _ in range(_LOOKS):
            self._sleep(_MEASURING_S)
            if not self._bus.read_byte_data(self._address, _STATUS) & _MEASURING:
                break
        else:
            raise BusTimeout("bme280", "measure", "it stays busy; power it off and on")
        data = self._twice(_DATA, 8)
        p_code = int.from_bytes(data[0:3], "big") >> 4
        t_code = int.from_bytes(data[3:6], "big") >> 4
        h_code = int.from_bytes(data[6:8], "big")
        if t_code == p_code == _SKIPPED or self._has_skipped_humidity(h_code):
            raise HardwareError("bme280", "read", "it has not measured; power it off and on")
        return t_code, p_code, h_code

    def _has_skipped_humidity(self, code: int) -> bool:
        """The code of a skipped one is also that of a humidity; what the chip was told decides."""
        if self._kind is not SensorKind.HUMIDITY or code != _HUMIDITY_SKIPPED:
            return False
        return self._bus.read_byte_data(self._address, _CTRL_HUM) != _HUMIDITY_ONCE

    def _twice(self, register: int, length: int) -> bytes:
        looks = [
            bytes(self._bus.read_i2c_block_data(self._address, register, length)) for _ in range(2)
        ]
        if looks[0] != looks[1]:
            raise DroppedSample(
                "bme280", "read", f"0x{register:02x} gave {looks[0].hex()}, then {looks[1].hex()}"
            )
        return looks[0]
