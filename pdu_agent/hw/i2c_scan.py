# SPDX-License-Identifier: Apache-2.0
"""Which addresses of an I2C bus answer, and what they probably are.

Nothing is written where a port expander may be: a PCF8574 takes any byte for its outputs, and
relays may hang on them. There a single byte is read, which moves nothing on any chip. Elsewhere
a chip is asked for its identity.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pdu_agent.hw.crc8 import crc8
from pdu_agent.hw.i2c import SmBus, bus_error

FIRST_ADDRESS, LAST_ADDRESS = 0x08, 0x77  # the others are reserved by the I2C specification
EXPANDERS = "MCP23008, MCP23017 or PCF8574"


@dataclass(frozen=True, slots=True)
class Answer:
    """What answers at an address: parts that it may be, the likeliest first.

    drivers: names of the drivers that serve it, empty when none does. claimed_by: the kernel's
    driver that has it, "" for none; then it was not asked.
    """

    address: int
    parts: tuple[str, ...]
    drivers: tuple[str, ...]
    claimed_by: str = ""


Ask = Callable[[SmBus, int], bool]


def scan(bus: SmBus, claimed: Mapping[int, str]) -> Iterator[Answer]:
    """claimed: addresses that belong to a driver of the kernel, with its name.

    Raises BusTimeout for a bus that is stuck: to ask on would take a second for each address.
    """
    for address in range(FIRST_ADDRESS, LAST_ADDRESS + 1):
        if address in claimed:
            yield Answer(address, (claimed[address],), (), claimed[address])
        elif _answers(bus, address):
            yield _identify(bus, address)


def _answers(bus: SmBus, address: int) -> bool:
    try:
        bus.read_byte(address)
    except OSError as exc:
        if exc.errno == errno.ETIMEDOUT:
            raise bus_error("i2c", f"ask 0x{address:02X}", exc) from exc
        # A Sensirion sensor that has measured nothing does not acknowledge a read.
        return address in _SENSIRION and _is_sht3x(bus, address)
    return True


def _identify(bus: SmBus, address: int) -> Answer:
    if address in _EXPANDER_ADDRESSES:
        drivers = ("mcp23008", "mcp23017", "pcf8574")
        return Answer(address, (EXPANDERS,), drivers if address < 0x38 else drivers[2:])
    for part, driver, addresses, ask in _KNOWN:
        if address in addresses and ask(bus, address):
            return Answer(address, (part,), (driver,))
    return _by_address(address)


def _by_address(address: int) -> Answer:
    usual = [(part, driver) for part, driver, addresses in _USUAL if address in addresses]
    drivers = tuple(driver for _, driver in usual if driver)
    return Answer(address, tuple(part for part, _ in usual), drivers)


def _register(bus: SmBus, address: int, register: int, length: int) -> int | None:
    try:
        return int.from_bytes(bus.read_i2c_block_data(address, register, length), "big")
    except OSError:
        return None


def _has(register: int, length: int, *values: int) -> Ask:
    return lambda bus, address: _register(bus, address, register, length) in values


def _is_sht3x(bus: SmBus, address: int) -> bool:
    """Its status comes with a checksum, which nothing else gives by chance."""
    try:
        answer = bus.exchange(address, b"\xf3\x2d", 3)
    except OSError:
        return False
    return len(answer) == 3 and crc8(answer[:2]) == answer[2]


_EXPANDER_ADDRESSES = frozenset(range(0x20, 0x28)) | frozenset(range(0x39, 0x3C)) | {0x3E, 0x3F}
_SENSIRION = frozenset({0x44, 0x45})

_KNOWN: tuple[tuple[str, str, range | frozenset[int], Ask], ...] = (
    ("INA3221", "ina3221", range(0x40, 0x44), _has(0xFF, 2, 0x3220)),
    ("INA226", "ina226", range(0x40, 0x50), _has(0xFF, 2, 0x2260)),
    ("SHT3x", "sht3x", _SENSIRION, _is_sht3x),
    ("EMC2101", "emc2101", range(0x4C, 0x4D), _has(0xFD, 1, 0x16, 0x28)),
    ("ADS1115", "ads1115", range(0x48, 0x4C), _has(0x01, 2, 0x8583, 0x0583)),
    ("INA219", "ina219", range(0x40, 0x50), _has(0x00, 2, 0x399F)),
    ("BME280", "bme280", range(0x76, 0x78), _has(0xD0, 1, 0x60)),
    ("BMP280", "bme280", range(0x76, 0x78), _has(0xD0, 1, 0x58)),
)
"""Identities by the data sheets' register values; INA219 and ADS1115 are told by what their
configuration is after power-on.
"""

_USUAL: tuple[tuple[str, str, range | frozenset[int]], ...] = (
    ("AHT20", "aht20", range(0x38, 0x39)),
    ("PCF8574A", "pcf8574", range(0x38, 0x39)),
    ("SSD1306 or SH1106 display", "ssd1306", range(0x3C, 0x3E)),
    ("SHT4x", "sht4x", _SENSIRION),
    ("INA219 or INA226", "ina219", range(0x40, 0x50)),
    ("real-time clock", "", range(0x68, 0x69)),
    ("EEPROM", "", range(0x50, 0x58)),
    ("TCA9548A multiplexer", "", range(0x70, 0x78)),
)
