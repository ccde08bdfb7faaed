# SPDX-License-Identifier: Apache-2.0
"""Microchip's EMC2101 fan controller on I2C, used as a plain PWM output with a tacho input.

Registers as in the data sheet DS20006703 (chapter 6). The chip has no checksum: its two
identity registers are looked at each time, and what is written is read back.

Tried with a register-level simulator only.
"""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import ChipNotFound, HardwareError, ReadbackMismatch
from pdu_agent.model.settings import setting

ADDRESS = 0x4C
_CONFIG, _TACH_LOW, _TACH_HIGH = 0x03, 0x46, 0x47
_FAN_CONFIG, _FAN_SETTING, _PWM_FREQUENCY = 0x4A, 0x4C, 0x4D
_PRODUCT, _MANUFACTURER = 0xFD, 0xFE
_PRODUCTS, _MICROCHIP = (0x16, 0x28), 0x5D

_ALT_TACH = 0x04  # the pin is the tacho's, not an alert
_DAC = 0x10  # the output is a voltage; 0: PWM
_PROGRAM = 0x20  # the setting is ours, not the chip's own table's
_INVERT = 0x10
_FINEST_PWM = 0x1F
"""Register 0x4D: a period of 62 steps, so that settings up to 63 have their full range.
UNCONFIRMED."""
_FULL = 63
_STANDING = 0xFFFF
_RPM_COUNTS = 5_400_000
_FASTEST_RPM = 30_000
"""A count that means more than this is noise on the tacho's line."""


@dataclass(frozen=True, slots=True)
class Emc2101Settings:
    """Its one fan; the address is fixed."""

    bus: str = setting(max_length=255, doc="/dev/i2c-N")
    tacho: bool = setting(True, doc="false: the fan has no tacho")
    inverted: bool = setting(False, doc="true: a low output is full speed")

    @property
    def address(self) -> int:
        """As of other I2C devices, for whoever looks for two at one address."""
        return ADDRESS


class Emc2101Fan:
    """A Fan. Every duty is written with the whole set-up: the chip may have lost its power."""

    def __init__(self, bus: SmBus, settings: Emc2101Settings) -> None:
        self._bus = bus
        self._settings = settings
        self._closed = False

    @classmethod
    def connect(cls, site: Site, settings: Emc2101Settings) -> Emc2101Fan:
        return cls(site.connections.i2c(settings.bus), settings)

    def set_duty(self, percent: float) -> None:
        """Raises ChipNotFound for another chip, ReadbackMismatch when it did not take it, and
        HardwareError as the bus gives it.
        """
        try:
            self._set(round(percent / 100 * _FULL))
        except OSError as exc:
            raise self._error("set the duty", exc) from exc

    def read_rpm(self) -> float | None:
        """Raises HardwareError as `set_duty`, and for a count that cannot be."""
        if not self._settings.tacho:
            return None
        try:
            self._identify()
            # The low byte first: reading it holds the high one.
            low = self._bus.read_byte_data(ADDRESS, _TACH_LOW)
            count = self._bus.read_byte_data(ADDRESS, _TACH_HIGH) << 8 | low
        except OSError as exc:
            raise self._error("read the tacho", exc) from exc
        if count == _STANDING:
            return 0.0
        if count * _FASTEST_RPM < _RPM_COUNTS:
            raise HardwareError("emc2101", "read the tacho", f"a count of {count} cannot be")
        return _RPM_COUNTS / count

    def close(self) -> None:
        """Full speed. Raises HardwareError when that cannot be told."""
        if not self._closed:
            self.set_duty(100)
            self._bus.close()
            self._closed = True

    def _set(self, duty: int) -> None:
        self._identify()
        config = self._bus.read_byte_data(ADDRESS, _CONFIG)
        self._put(_CONFIG, (config | _ALT_TACH) & ~_DAC)
        self._put(_FAN_CONFIG, _PROGRAM | (_INVERT if self._settings.inverted else 0))
        self._put(_PWM_FREQUENCY, _FINEST_PWM)
        self._put(_FAN_SETTING, duty)

    def _put(self, register: int, value: int) -> None:
        self._bus.write_byte_data(ADDRESS, register, value)
        shown = self._bus.read_byte_data(ADDRESS, register)
        if shown != value:
            raise ReadbackMismatch(
                "emc2101", f"write 0x{register:02x}", f"it shows 0x{shown:02x}, not 0x{value:02x}"
            )

    def _identify(self) -> None:
        product = self._bus.read_byte_data(ADDRESS, _PRODUCT)
        manufacturer = self._bus.read_byte_data(ADDRESS, _MANUFACTURER)
        if product not in _PRODUCTS or manufacturer != _MICROCHIP:
            raise ChipNotFound(
                "emc2101",
                f"look at 0x{ADDRESS:02x}",
                f"its ids are 0x{product:02x} and 0x{manufacturer:02x}, not an EMC2101's",
            )

    def _error(self, operation: str, exc: OSError) -> HardwareError:
        return bus_error("emc2101", f"{operation} at 0x{ADDRESS:02x}", exc)
